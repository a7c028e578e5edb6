//! The ledger: a FIFO of what was sent and is not yet answered. A reply belongs to the front of it. That is the only rule
//! by which replies are matched; RFC 2920 §3.1 forbids every other ("matching on the basis of either the error code value
//! or associated text"). Nothing here looks at a reply.

use std::collections::VecDeque;

use super::outcome::Ticket;
use crate::wire::Verb;

/// What a reply will be an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Nothing was sent: the server speaks first.
    Greeting,
    /// EHLO, HELO or LHLO.
    Hello(Verb),
    StartTls,
    /// AUTH, or the response to a challenge.
    Auth,
    /// The line that gives AUTH up.
    AuthGivenUp,
    /// RSET in front of a transaction.
    Reset,
    Mail,
    /// The RCPT for the message's recipient of that index.
    Rcpt(u32),
    Data,
    /// Content and its final dot.
    Content,
    /// BDAT LAST and its chunk.
    Chunk,
    /// BDAT with a chunk of so many octets that is not the last.
    Part(u32),
    /// RSET in the middle of a transaction whose chunks come to nothing.
    Clear,
    /// A raw command.
    Command(Ticket, Verb),
    /// A command of the streaming probe.
    Probe(Probe),
}

/// The four commands of the streaming probe, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    Mail,
    Rcpt,
    Chunk,
    Reset,
}

impl Sent {
    /// The command as the caller knows it.
    pub(super) const fn verb(self) -> Verb {
        match self {
            Self::Greeting => Verb::Greeting,
            Self::Hello(verb) | Self::Command(_, verb) => verb,
            Self::StartTls => Verb::Starttls,
            Self::Auth | Self::AuthGivenUp => Verb::Auth,
            Self::Reset | Self::Clear | Self::Probe(Probe::Reset) => Verb::Rset,
            Self::Mail | Self::Probe(Probe::Mail) => Verb::Mail,
            Self::Rcpt(_) | Self::Probe(Probe::Rcpt) => Verb::Rcpt,
            Self::Data => Verb::Data,
            Self::Content => Verb::Content,
            Self::Chunk | Self::Part(_) | Self::Probe(Probe::Chunk) => Verb::Bdat,
        }
    }

    /// Whether nothing may be sent behind it until it is answered (RFC 2920 §3.1). The end of content is not among them:
    /// what may follow it is the scheduler's business.
    pub(super) const fn ends_group(self) -> bool {
        matches!(
            self,
            Self::Greeting
                | Self::Hello(_)
                | Self::StartTls
                | Self::Auth
                | Self::AuthGivenUp
                | Self::Data
                | Self::Command(..)
        )
    }

    /// Whether it belongs to the transaction at the front of the flight.
    pub(super) const fn of_transaction(self) -> bool {
        matches!(
            self,
            Self::Mail
                | Self::Rcpt(_)
                | Self::Data
                | Self::Content
                | Self::Chunk
                | Self::Part(_)
                | Self::Clear
        )
    }
}

/// One line of the ledger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) sent: Sent,
    /// The position in the output behind the command. A reply that comes before it has left is no reply to it.
    pub(super) end: u64,
    /// How many round trips deep it is: see `stats`.
    pub(super) depth: u32,
    /// Nothing may be sent until it is answered.
    pub(super) holds: bool,
}

/// What was sent and is not yet answered, oldest first.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: VecDeque<Entry>,
    /// Invariant: the number of entries that hold.
    group_ends: usize,
}

impl Ledger {
    pub(super) fn push(&mut self, entry: Entry) {
        self.group_ends += usize::from(entry.holds);
        self.entries.push_back(entry);
    }

    /// Whose reply comes next.
    pub(super) fn front(&self) -> Option<Entry> {
        self.entries.front().copied()
    }

    /// The front has its reply.
    pub(super) fn pop(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.group_ends -= usize::from(entry.holds);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether a command is unanswered behind which nothing may be sent.
    pub(super) const fn group_ended(&self) -> bool {
        self.group_ends > 0
    }

    /// Forgets the commands that end behind `position`: they never left. Hands over the raw ones, oldest first: each is
    /// somebody's ticket, and has no other place.
    pub(super) fn forget_behind(&mut self, position: u64) -> VecDeque<Ticket> {
        let mut raw = VecDeque::new();
        while self.entries.back().is_some_and(|entry| entry.end > position) {
            if let Some(entry) = self.entries.pop_back() {
                self.group_ends -= usize::from(entry.holds);
                if let Sent::Command(ticket, _) = entry.sent {
                    raw.push_front(ticket);
                }
            }
        }
        raw
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.group_ends = 0;
    }

    pub(super) fn shrink(&mut self) {
        self.entries.shrink_to(16);
    }
}

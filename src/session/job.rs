//! What was asked for, and what is known of it: a [`Job`] is a message with a verdict on each recipient, and becomes an outcome
//! exactly once. Nothing here sends, and no verdict is reached here but "not reached": replies are judged in `transaction`.

use super::message::Message;
use super::outcome::{Outcome, Reason, RecipientOutcome, Status, Ticket};
use crate::wire::{ExtensionSet, Reply, ReplyRef};

/// So many octets of replies to its recipients are kept of a message. Of those behind them only the beginning is: else a server
/// that is verbose enough could make us hold as much as a reply may have, for each recipient.
const REPLIES: usize = 256 * 1024;
/// The beginning: as long as a reply's line may be (RFC 5321 §4.5.3.1.5).
const BEGINNING: usize = 512;

/// What is known of one recipient so far.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    Open,
    /// RCPT was accepted; the content decides.
    Accepted(Reply),
    /// 452 or 552 behind an acceptance: too many for one transaction (RFC 5321 §4.5.3.1.10).
    Later(Reply),
    Settled(Status, Option<Reply>),
}

impl Verdict {
    /// What was accepted as yet is settled, by the reply to the content or with that to its RCPT.
    pub(super) fn settle(&mut self, status: Status, why: Option<&Reply>) {
        if let Self::Accepted(_) = self
            && let Self::Accepted(rcpt) = core::mem::replace(self, Self::Open)
        {
            *self = Self::Settled(status, Some(why.cloned().unwrap_or(rcpt)));
        }
    }
}

/// A message, and what is known of it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) ticket: Ticket,
    pub(super) message: Message,
    pub(super) verdicts: Vec<Verdict>,
    /// The recipients still to be tried; `None` is all of them.
    pub(super) todo: Option<Vec<u32>>,
    /// What decides the outcome of the whole where the recipients don't.
    pub(super) decided: Option<Status>,
    pub(super) reply: Option<Reply>,
    pub(super) reason: Option<Reason>,
    /// What it asked for and the server did not offer.
    pub(super) left_out: ExtensionSet,
    /// How many lines of XFORWARD have gone in front of it.
    pub(super) forwarded: usize,
    /// Octets of replies to its recipients.
    kept: usize,
    /// Of a streamed content some was asked for.
    pub(super) drawn: bool,
    /// What becomes of it is decided, and the wire only has to be cleared: it never goes again.
    pub(super) over: bool,
}

impl Job {
    pub(super) fn new(ticket: Ticket, message: Message) -> Self {
        let verdicts = vec![Verdict::Open; message.recipients.len()];
        Self {
            ticket,
            message,
            verdicts,
            todo: None,
            decided: None,
            reply: None,
            reason: None,
            left_out: ExtensionSet::EMPTY,
            forwarded: 0,
            kept: 0,
            drawn: false,
            over: false,
        }
    }

    /// Whether nothing of it was ever sent.
    pub(super) const fn is_untouched(&self) -> bool {
        self.todo.is_none() && self.forwarded == 0
    }

    /// As much of a recipient's reply as is kept.
    pub(super) fn excerpt<'a>(&mut self, reply: ReplyRef<'a>) -> ReplyRef<'a> {
        self.kept = self.kept.saturating_add(reply.text().len());
        if self.kept > REPLIES { reply.head(BEGINNING) } else { reply }
    }

    /// Nobody is to get it.
    pub(super) fn give_up(&mut self, reason: Reason) {
        self.over = true;
        self.reason = Some(reason);
    }

    /// Whether it can't go again, because its content was drawn from a source that can't begin again.
    pub(super) fn is_spent(&self) -> bool {
        self.drawn && self.message.stream.is_some_and(|stream| !stream.rewindable)
    }

    /// How many recipients are still to be tried.
    pub(super) fn remaining(&self) -> usize {
        self.todo.as_ref().map_or(self.verdicts.len(), Vec::len)
    }

    /// The index of the `nth` recipient still to be tried.
    pub(super) fn recipient(&self, nth: usize) -> Option<u32> {
        match &self.todo {
            Some(todo) => todo.get(nth).copied(),
            None => u32::try_from(nth).ok().filter(|_| nth < self.verdicts.len()),
        }
    }

    /// Every recipient that is open gets `status`.
    pub(super) fn settle(mut self, status: Status, reason: Option<Reason>) -> Outcome {
        for verdict in &mut self.verdicts {
            match verdict {
                Verdict::Open => *verdict = Verdict::Settled(status, None),
                Verdict::Accepted(reply) | Verdict::Later(reply) => {
                    *verdict = Verdict::Settled(status, Some(reply.clone()));
                }
                Verdict::Settled(..) => {}
            }
        }
        self.reason = reason.or(self.reason);
        self.into_outcome()
    }

    /// Refused here, before a byte of it left.
    pub(super) fn refuse(self, reason: Reason) -> Outcome {
        self.settle(Status::Refused, Some(reason))
    }

    pub(super) fn into_outcome(self) -> Outcome {
        let Self { ticket, message, verdicts, decided, reply, reason, left_out, .. } = self;
        let recipients: Vec<_> = message
            .recipients
            .into_iter()
            .zip(verdicts)
            .map(|(recipient, verdict)| {
                let (status, reply) = match verdict {
                    Verdict::Settled(status, reply) => (status, reply),
                    // Not reached: `settle` and `Transaction::close` leave none open. If it were, this is the truth.
                    Verdict::Open => (Status::NotSent, None),
                    Verdict::Accepted(reply) | Verdict::Later(reply) => (Status::NotSent, Some(reply)),
                };
                RecipientOutcome { address: recipient.address, status, reply }
            })
            .collect();
        let status = decided.unwrap_or_else(|| sum(&recipients));
        let reply = reply.or_else(|| match status {
            Status::Refused | Status::NotSent => recipients.iter().rev().find_map(|r| r.reply.clone()),
            Status::Delivered | Status::Partial | Status::InDoubt => None,
        });
        Outcome { ticket, status, reply, recipients, reason, left_out, command: false }
    }
}

/// The status of the whole: what must not be overlooked comes first.
fn sum(recipients: &[RecipientOutcome]) -> Status {
    let any = |status| recipients.iter().any(|recipient| recipient.status == status);
    if any(Status::InDoubt) {
        Status::InDoubt
    } else if any(Status::Delivered) {
        if any(Status::Refused) || any(Status::NotSent) { Status::Partial } else { Status::Delivered }
    } else if any(Status::NotSent) {
        Status::NotSent
    } else {
        Status::Refused
    }
}

/// Keeps replies. Most of a server's replies to one kind of command are the same words: those are kept once.
#[derive(Debug, Default)]
pub(super) struct Keeper(Option<Reply>);

impl Keeper {
    pub(super) fn keep(&mut self, reply: ReplyRef<'_>) -> Reply {
        match &self.0 {
            Some(last) if last.code() == reply.code() && last.text() == reply.text() => last.clone(),
            _ => self.0.insert(reply.to_owned()).clone(),
        }
    }
}

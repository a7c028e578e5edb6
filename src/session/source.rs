//! A content that is given while it is being sent. The session can't draw it: it asks ([`Event::WantContent`]) when
//! somebody is to get it and little is waiting to be written, and the driver answers each asking with one piece, with the
//! end, or with the failure of the source.
//!
//! 1. Nothing is asked for before a recipient is accepted and the content may go: behind 354, or, by BDAT, when every RCPT
//!    is answered. So a source is never drawn for nobody, and a trial never costs one.
//! 2. The last byte that commits us, that of the final dot or of the LAST chunk, is queued only at the source's own end. A
//!    source that fails before has sent nothing to anybody: behind 354 the only way out is to leave the connection; between
//!    chunks RSET is enough (RFC 3030 §2).
//! 3. Chunks follow each other unanswered only where refused chunks are known to be swallowed (rule 4 of `scheduler`);
//!    elsewhere each waits for the reply to the one before. Under LMTP the LAST chunk always does: how many replies it has
//!    behind a refused one, nobody says.
//! 4. A refused chunk ends it: no further chunk, RSET (RFC 3030 §2). The replies to those on their way are the
//!    transaction's still; so is the reply to that RSET, with which it leaves the wire.
//! 5. A source that was drawn from can't go again unless it can be rewound; then its message comes back as not sent.

use core::time::Duration;
use std::collections::VecDeque;

use bytes::Bytes;

use super::event::Event;
use super::ledger::Sent;
use super::options::Level;
use super::outcome::{Reason, Status, Ticket};
use super::scheduler::{Cursor, Step};
use super::stats::Wait;
use super::streamed::Streamed;
use super::transaction::{Transaction, Via};
use super::{Item, Session, Stage};
use crate::wire::{Canonical, Class, Lines, ReplyRef, command};

/// As long as so much is there and not written, nothing is asked for. It bounds what is held of a content of any length.
const ENOUGH: u64 = 256 * 1024;
/// So many chunks may be unanswered.
const UNANSWERED: usize = 512;

/// The content that is being sent: that of the last transaction begun.
#[derive(Debug)]
pub(super) struct Source {
    ticket: Ticket,
    declared: Streamed,
    lines: Lines,
    /// For BDAT: what is canonical and in no chunk yet.
    gathered: VecDeque<Bytes>,
    gathered_len: u64,
    /// The driver owes an answer.
    asked: bool,
    /// The first piece must be the first of all once more.
    rewind: bool,
    /// There is no more.
    ended: bool,
    /// Since when nothing has gone on but waiting.
    pub(super) since: Duration,
}

impl Source {
    fn gather(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.gathered_len = self.gathered_len.saturating_add(bytes.len() as u64);
            self.gathered.push_back(bytes);
        }
    }

    /// The next chunk: how long, and whether it is the last. What comes last is kept until it is known to, so that the last
    /// chunk is empty only if all is.
    fn chunk(&self, size: u32) -> Option<(u32, bool)> {
        match u32::try_from(self.gathered_len) {
            Ok(left) if self.ended && left <= size => Some((left, true)),
            _ => (self.gathered_len > u64::from(size)).then_some((size, false)),
        }
    }

    /// Takes so many octets off the front.
    fn gathered(&mut self, octets: u32) -> Option<Bytes> {
        let front = self.gathered.front_mut()?;
        let piece = front.split_to(front.len().min(usize::try_from(octets).unwrap_or(usize::MAX)));
        if front.is_empty() {
            self.gathered.pop_front();
        }
        self.gathered_len = self.gathered_len.saturating_sub(piece.len() as u64);
        Some(piece)
    }
}

impl Session {
    /// Whose content is wanted now, for a driver that would rather ask than be told by [`Event::WantContent`]. It may be
    /// given once it was told.
    pub fn wants_content(&self) -> Option<Ticket> {
        let source = self.source.as_deref()?;
        let waiting = self.output.pending().saturating_add(source.gathered_len);
        (self.stage == Stage::Ready && !source.ended && waiting < ENOUGH).then_some(source.ticket)
    }

    /// Answers [`Event::WantContent`] with the next piece: any number of octets, cut anywhere. It is not copied, unless
    /// there are line ends to be mended in it.
    ///
    /// False: it isn't asked for (any more), and nothing was taken.
    pub fn content(&mut self, now: Duration, ticket: Ticket, piece: Bytes) -> bool {
        let Some(source) =
            self.source.as_deref_mut().filter(|source| source.ticket == ticket && source.asked)
        else {
            return false;
        };
        source.asked = false;
        source.since = now;
        let piece = match source.lines.take(piece) {
            Ok(piece) => piece,
            Err(error) => {
                self.stop(Reason::SourceFailed(error.to_string().into()));
                return true;
            }
        };
        if let Some(why) = self.unfit(&piece) {
            self.stop(why);
            return true;
        }
        let by_data = self.by_data();
        let Some(source) = self.source.as_deref_mut() else { return true };
        let Canonical { line_end, content } = piece;
        let before = Bytes::from_static(if line_end { b"\r\n" } else { b"" });
        if by_data {
            self.output.content(before);
            self.output.piece(&content);
        } else {
            source.gather(before);
            source.gather(content.bytes().clone());
        }
        true
    }

    /// Answers [`Event::WantContent`]: there is no more. Only now is anything sent that ends the content.
    ///
    /// False: it isn't asked for (any more).
    pub fn content_end(&mut self, now: Duration, ticket: Ticket) -> bool {
        let Some(source) =
            self.source.as_deref_mut().filter(|source| source.ticket == ticket && source.asked)
        else {
            return false;
        };
        source.asked = false;
        source.since = now;
        let taken = source.lines.taken();
        if let Some(length) = source.declared.length.filter(|&length| length != taken) {
            self.stop(Reason::SourceFailed(format!("it gave {taken} octets and not {length}").into()));
            return true;
        }
        let end = match source.lines.finish() {
            Ok(owed) => Bytes::from_static(if owed { b"\r\n" } else { b"" }),
            Err(error) => {
                self.stop(Reason::SourceFailed(error.to_string().into()));
                return true;
            }
        };
        if let Some(why) = self.over_limit() {
            self.stop(why);
            return true;
        }
        if !self.by_data() {
            if let Some(source) = self.source.as_deref_mut() {
                source.ended = true;
                source.gather(end);
            }
            return true;
        }
        self.output.content(end);
        self.output.lone_dot();
        let commit = self.output.queued();
        if let Some(last) = self.flight.back_mut() {
            last.commit = Some(commit);
        }
        self.source = None;
        self.cursor = Cursor::Between;
        true
    }

    /// The source of a streamed content has failed; `why` is for people to read. It may be said at any time, asked or not:
    /// as long as not all of the content was given, nobody gets any of it, and the outcome is `NotSent`.
    ///
    /// False: too late, or no such ticket.
    pub fn content_failed(&mut self, ticket: Ticket, why: &str) -> bool {
        let reason = Reason::SourceFailed(why.into());
        if let Some(source) = self.source.as_deref().filter(|source| source.ticket == ticket) {
            let open = !source.ended;
            if open {
                self.stop(reason);
            }
            return open;
        }
        let queued = self.queue.iter().position(
            |item| matches!(item, Item::Message(job) if job.ticket == ticket && job.message.stream.is_some()),
        );
        if let Some(Item::Message(job)) = queued.and_then(|at| self.queue.remove(at)) {
            if job.forwarded > 0 {
                // What XFORWARD has said already would be taken for the next message's.
                self.needs_rset = true;
                self.last_ended_well = false;
            }
            self.finish(job.settle(Status::NotSent, Some(reason)));
            return true;
        }
        // Begun, and the content's turn has not come.
        let begun = self.flight.iter_mut().find(|t| t.job.ticket == ticket && t.job.message.stream.is_some());
        let Some(transaction) = begun.filter(|t| t.commit.is_none() && !t.job.over) else { return false };
        transaction.job.give_up(reason);
        true
    }

    /// Somebody is to get the content of the last transaction begun: from here on it is asked for.
    pub(super) fn open_source(&mut self, transaction: &Transaction) {
        self.cursor = Cursor::Stream;
        let message = &transaction.job.message;
        let Some(mut declared) = message.stream.filter(|_| !transaction.job.over) else { return };
        declared.seven_bit = message.is_seven_bit();
        self.source = Some(Box::new(Source {
            ticket: transaction.job.ticket,
            declared,
            lines: Lines::new(declared.ends),
            gathered: VecDeque::new(),
            gathered_len: 0,
            asked: false,
            rewind: transaction.job.drawn,
            ended: false,
            // The reply that allowed it has just come.
            since: self.timer.front_since,
        }));
    }

    /// Asks for the next piece, when it is wanted and was not asked for yet.
    pub(super) fn ask(&mut self) -> Option<Event> {
        let ticket = self.wants_content()?;
        let source = self.source.as_deref_mut().filter(|source| !source.asked)?;
        source.asked = true;
        let rewind = core::mem::take(&mut source.rewind);
        if let Some(last) = self.flight.back_mut() {
            last.job.drawn = true;
        }
        Some(Event::WantContent { ticket, rewind })
    }

    /// The cursor stands in a streamed content: by DATA everything is done when a piece comes, by BDAT there are chunks to
    /// make of it.
    pub(super) fn stream(&mut self) -> Step {
        if self.flight.is_empty() {
            self.cursor = Cursor::Between;
            return Step::Went;
        }
        let unanswered = !self.ledger.is_empty();
        let level = self.ceiling();
        let Some(source) = self.source.as_deref() else {
            if unanswered && level == Level::Lockstep {
                return Step::Must(Wait::Lockstep);
            }
            self.send(Sent::Clear, command::rset);
            self.cursor = Cursor::Between;
            return Step::Went;
        };
        let Some((size, last)) = source.chunk(self.options.chunk_size.max(1)) else { return Step::Idle };
        if unanswered && (level < Level::Streaming || last && self.options.lmtp) {
            return Step::Must(Wait::Content);
        }
        if unanswered && (self.ledger.len() >= UNANSWERED || self.is_heavy(u64::from(size))) {
            return Step::Must(Wait::Window);
        }
        self.send(if last { Sent::Chunk } else { Sent::Part(size) }, |out| {
            command::bdat(out, u64::from(size), last);
        });
        let mut left = size;
        while let Some(piece) = self.source.as_deref_mut().filter(|_| left > 0).and_then(|s| s.gathered(left))
        {
            left = left.saturating_sub(u32::try_from(piece.len()).unwrap_or(u32::MAX));
            self.output.content(piece);
        }
        if last {
            let commit = self.output.queued();
            if let Some(transaction) = self.flight.back_mut() {
                transaction.commit = Some(commit);
            }
            self.source = None;
            self.needs_rset = true;
            self.cursor = Cursor::Between;
        }
        Step::Went
    }

    /// Nobody may get it: neither the final dot nor the LAST chunk will ever be sent.
    pub(super) fn stop(&mut self, reason: Reason) {
        self.source = None;
        let by_data = self.by_data();
        let Some(last) = self.flight.back_mut() else { return };
        last.job.give_up(reason);
        if by_data {
            self.abandon();
        }
    }

    /// A chunk that is not the last was answered.
    pub(super) fn on_part(&mut self, transaction: &mut Transaction, reply: ReplyRef<'_>) {
        if reply.class() == Class::Positive {
            return;
        }
        self.last_ended_well = false;
        transaction.on_part_refused(&reply.to_owned());
        // The transaction was taken out of the flight; if the cursor stands in it, none is left.
        if self.cursor == Cursor::Stream && self.flight.is_empty() {
            transaction.job.over = true;
            self.source = None;
        }
    }

    /// When the source has kept us waiting for too long.
    pub(super) fn source_deadline(&self) -> Option<Duration> {
        self.wants_content()?;
        let since = self.source.as_deref()?.since;
        Some(since.saturating_add(self.options.timeouts.source))
    }

    /// The time for that has come.
    pub(super) fn source_stalled(&mut self) {
        let limit = self.options.timeouts.source.as_secs();
        self.stop(Reason::SourceFailed(format!("it gave nothing for {limit} seconds").into()));
    }

    /// Whether content of the transaction at the front of the flight is still being given.
    pub(super) fn front_is_open(&self) -> bool {
        self.cursor == Cursor::Stream && self.flight.len() == 1
    }

    /// Whether the content being sent goes behind a 354.
    fn by_data(&self) -> bool {
        self.flight.back().is_some_and(|last| last.via == Via::Data)
    }

    /// What the source has given and the server would not take, or the caller said it would not give.
    fn unfit(&self, piece: &Canonical) -> Option<Reason> {
        let source = self.source.as_deref()?;
        let taken = source.lines.taken();
        if let Some(length) = source.declared.length.filter(|&length| taken > length) {
            return Some(Reason::SourceFailed(format!("it gave more than {length} octets").into()));
        }
        if let Some(why) = self.over_limit() {
            return Some(why);
        }
        if !piece.content.eight_bit() || source.declared.is_binary() {
            return None;
        }
        if source.declared.seven_bit {
            return Some(Reason::SourceFailed("8-bit data, and it was to be 7-bit".into()));
        }
        (!self.offer.eight_bit_mime && !self.options.eight_bit_anyway).then_some(Reason::NeedsEightBitMime)
    }

    /// More than the server takes (RFC 1870).
    fn over_limit(&self) -> Option<Reason> {
        let size = self.source.as_deref()?.lines.size();
        let limit = self.offer.size.filter(|&limit| limit > 0 && size > limit)?;
        Some(Reason::TooLarge { size, limit })
    }
}

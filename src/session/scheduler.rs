//! When the sender must wait: all of it. Nothing else in the engine decides what may be sent.
//!
//! The argument, rule by rule:
//!
//! 1. EHLO, STARTTLS, AUTH, DATA, QUIT and raw commands end a command group: nothing follows until they are answered (RFC 2920 §3.1).
//!    Behind DATA this is vital, not polite: servers hang up on so much as a RSET there. The ledger counts such commands
//!    ([`Ledger::group_ended`](super::ledger::Ledger::group_ended)); RSET, MAIL and RCPT don't, nor does BDAT, whose length
//!    is known beforehand.
//! 2. Content is sent only after 354, or as a chunk; and only if somebody may get it. 354 without a recipient accepted gets
//!    a lone dot (RFC 2920 §3.1). 354 with a recipient accepted, in a transaction whose sender was refused, gets nothing:
//!    whatever we sent would be delivered under somebody else's name, so that connection is left.
//! 3. What follows an end of content is taken by some servers for garbage. So up to `Group` the final reply is awaited; one
//!    group is risked as a trial, with nothing in it that commits us; then it is `Continuous` or not.
//! 4. Under `Streaming` a refused transaction's chunk must have been swallowed, or content runs as commands. The probe shows
//!    it beforehand with a chunk that harms nobody.
//! 5. A transaction that failed may still be open on the server, and the next recipients would join the old sender. So RSET
//!    goes in front of MAIL wherever the last transaction is not known to have ended: always while streaming, and after
//!    every refusal otherwise. Never in front of the first: some servers don't know it. What is said behind a refused RSET
//!    counts for nothing: see `reset`.
//! 6. Four refusals in a row, and nothing is sent blindly until something is accepted: servers count errors.
//! 7. The window: messages begun and unfinished, and bytes unanswered, are bounded by the caller.
//! 8. Policy `all`, and chunks before they are trusted: content is held until every RCPT is answered.
//! 9. A message that the server said it can't take (SIZE, 8BITMIME, SMTPUTF8) is refused here; none of it is sent. So is one
//!    that asks for what isn't offered and can't be left out: see `extensions`.
//! 10. Content that the caller gives as it goes has rules of its own: `source`.
//! 11. Early: to a server that offered PIPECONNECT last time, EHLO goes out before the greeting, and what that offer allows
//!     goes with it. Trials don't: they need to know where they stand. QUIT doesn't. Nothing is refused here on the strength of
//!     it: what that offer has no room for waits for EHLO's reply, and what stands behind it, too. If another server answers, what
//!     may not stand goes again, and behind the first chunk that it refuses nothing is believed.

use super::event::ReconnectReason;
use super::job::Job;
use super::ledger::Sent;
use super::options::{Chunking, Level, RecipientPolicy};
use super::peer::Verdict;
use super::stats::Wait;
use super::transaction::{Transaction, Via};
use super::{Item, Session, Stage};
use crate::wire::command;

/// As long as so much is queued to be written, nothing is added: what has not begun can still be cancelled.
const ENOUGH: u64 = 256 * 1024;
/// The probe goes out only when so many messages wait behind the one it travels with.
const REPAID: usize = 3;
/// Refused transactions in a row that end blind sending.
const REFUSALS: u32 = 4;

/// Where the send cursor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    /// Between transactions.
    Between,
    /// In the envelope: RCPTs to send, or their replies to wait for, before the content.
    Envelope,
    /// DATA is out.
    Data,
    /// DATA was answered positively.
    Content,
    /// In content that the caller gives as it goes.
    Stream,
}

pub(super) enum Step {
    Went,
    Must(Wait),
    Idle,
}

impl Session {
    /// Queues all that may go now.
    pub(super) fn advance(&mut self) {
        while self.output.pending() < ENOUGH {
            match self.step() {
                Step::Went => {}
                Step::Must(wait) => {
                    if self.round_trips.hold(wait)
                        && let Some(count) = self.stats.waits.get_mut(wait as usize)
                    {
                        *count += 1;
                    }
                    return;
                }
                Step::Idle => return,
            }
        }
    }

    /// The level that the server, the trials and the caller allow.
    pub(super) fn ceiling(&self) -> Level {
        if !self.offer.pipelining {
            return Level::Lockstep;
        }
        let known = |level| self.options.level.is_some_and(|stated| stated >= level);
        let level = if self.chunks() && (known(Level::Streaming) || self.peer.streaming == Verdict::Earned) {
            Level::Streaming
        } else if known(Level::Continuous) || self.peer.continuous == Verdict::Earned {
            Level::Continuous
        } else {
            Level::Group
        };
        let stated = self.options.level.unwrap_or(Level::Streaming);
        level.min(stated).min(self.options.max_level.unwrap_or(Level::Streaming))
    }

    /// Whether a trial of `level` is allowed and undecided.
    fn untried(&self, level: Level, verdict: Verdict) -> bool {
        self.options.level.is_none()
            && verdict == Verdict::Unknown
            && !self.lost.has(level)
            && self.options.max_level.is_none_or(|max| max >= level)
            && self.offer.pipelining
    }

    /// Whether BDAT may be used at all.
    pub(super) fn chunks(&self) -> bool {
        self.offer.chunking && self.options.chunking != Chunking::Never
    }

    /// Whether a message is for all of its recipients or for nobody.
    pub(super) fn for_all(&self) -> bool {
        self.options.recipients == RecipientPolicy::All
    }

    /// Whether whole groups go out without looking at replies (rule 6).
    const fn discouraged(&self) -> bool {
        self.refusals >= REFUSALS
    }

    fn step(&mut self) -> Step {
        match self.stage {
            Stage::Greeting if !self.early && !self.queue.is_empty() => Step::Must(Wait::Greeting),
            Stage::Hello if !self.early && !self.queue.is_empty() => Step::Must(Wait::Ehlo),
            Stage::StartTls if !self.queue.is_empty() => Step::Must(Wait::Tls),
            Stage::Auth if !self.queue.is_empty() => Step::Must(Wait::Auth),
            // Early (rule 10): the greeting and EHLO's reply hold nothing up.
            Stage::Ready | Stage::Greeting | Stage::Hello if self.early || self.stage == Stage::Ready => {
                match self.cursor {
                    Cursor::Between => self.begin(),
                    Cursor::Envelope => self.envelope(),
                    Cursor::Data => {
                        let trial = self.flight.back().is_some_and(|transaction| transaction.trial);
                        Step::Must(if trial { Wait::Trial } else { Wait::Data })
                    }
                    Cursor::Content => self.behind_go_ahead(),
                    Cursor::Stream => self.stream(),
                }
            }
            _ => Step::Idle,
        }
    }

    /// Rules 1, 3, 6, 7 and 9: may another transaction begin, and how?
    fn begin(&mut self) -> Step {
        if self.ledger.group_ended() {
            return Step::Must(Wait::Command);
        }
        if self.spoilt.is_some() {
            return self.go_elsewhere(ReconnectReason::Abandoned, Wait::Refusals);
        }
        let level = self.ceiling();
        if level == Level::Lockstep && !self.ledger.is_empty() {
            return Step::Must(Wait::Lockstep);
        }
        match self.queue.front() {
            None => self.leave(),
            Some(Item::Command(..)) => self.raw(level),
            Some(Item::Message(job)) => {
                if let Some(reason) = self.unsuitable(job) {
                    if self.early {
                        // What it offered last time refuses nothing (rule 11).
                        return Step::Must(Wait::Ehlo);
                    }
                    if let Some(Item::Message(job)) = self.queue.pop_front() {
                        self.queued_bytes = self.queued_bytes.saturating_sub(job.message.content.size());
                        self.finish(job.refuse(reason));
                    }
                    return Step::Went;
                }
                if self.transactions_here >= self.offer.mail_max {
                    return self.go_elsewhere(ReconnectReason::MailMax, Wait::Window);
                }
                if self.offer.domain_max.is_some_and(|most| !self.domains.admits(job, most, self.for_all())) {
                    return self.go_elsewhere(ReconnectReason::DomainMax, Wait::Window);
                }
                if let Some(wait) = self.window(job.message.content.size()) {
                    return Step::Must(wait);
                }
                let (binary, endless) = (job.message.is_binary(), job.message.size().is_none());
                self.begin_message(level, binary, endless)
            }
        }
    }

    /// Nothing more begins on this connection. What is in flight is awaited, and then it goes on over another.
    fn go_elsewhere(&mut self, why: ReconnectReason, wait: Wait) -> Step {
        if !self.flight.is_empty() || !self.ledger.is_empty() {
            return Step::Must(wait);
        }
        self.reconnect(why);
        Step::Idle
    }

    /// `endless`: how long the content is, nobody knows.
    fn begin_message(&mut self, level: Level, binary: bool, endless: bool) -> Step {
        let blind = if self.discouraged() { level.min(Level::Group) } else { level };
        let mut trial = false;
        let behind_dot = self.is_behind_dot();
        if !self.flight.is_empty() {
            if blind <= Level::Group {
                // The trial group must not commit us to anything: it ends with DATA, or holds its chunk back.
                trial = !self.discouraged()
                    && self.flight.len() == 1
                    && !self.flight.back().is_some_and(|last| last.job.over)
                    && level == Level::Group
                    && self.untried(Level::Continuous, self.peer.continuous);
                if !trial {
                    return Step::Must(if self.discouraged() { Wait::Refusals } else { Wait::Content });
                }
            } else if blind == Level::Streaming && behind_dot && !self.trusts_dot() {
                return Step::Must(Wait::Content);
            } else if blind == Level::Continuous && behind_dot {
                // What the record says was earned may have been another server's: the first group of a session is watched as
                // a trial is, which holds nothing up.
                trial = self.flight.len() == 1 && !self.confirmed && self.options.level.is_none();
            }
        }
        if level == Level::Lockstep && core::mem::take(&mut self.needs_rset) {
            self.send(Sent::Reset, command::rset);
            return Step::Went;
        }
        if level == Level::Lockstep && self.forward_alone() {
            return Step::Went;
        }
        if !trial && !self.discouraged() && self.probe_pays(endless) {
            // Its chunk must not reach an older transaction: so it is known how that ended, or that there is none.
            if self.needs_rset && !self.ledger.is_empty() {
                return Step::Must(Wait::Trial);
            }
            if self.last_ended_well {
                self.probe();
            }
        }
        let always = self.options.chunking == Chunking::Always;
        // Before the first chunk of it may go, the probe in front of it is answered.
        let promising = endless && self.probing;
        let via = if self.chunks() && (always || blind == Level::Streaming || binary || promising) {
            Via::Bdat
        } else {
            Via::Data
        };
        let Some(Item::Message(job)) = self.queue.pop_front() else { return Step::Idle };
        self.queued_bytes = self.queued_bytes.saturating_sub(job.message.content.size());
        self.envelope_of(job, via, blind, trial);
        Step::Went
    }

    /// Whether what is sent next stands behind an end of content by DATA.
    fn is_behind_dot(&self) -> bool {
        self.flight.back().is_some_and(|last| last.via == Via::Data)
    }

    /// Whether commands behind an end of content by DATA are known to be read.
    fn trusts_dot(&self) -> bool {
        self.peer.continuous == Verdict::Earned || self.options.level.is_some()
    }

    /// Queues RSET where it is due, MAIL, and as much of the rest as may go blindly.
    fn envelope_of(&mut self, mut job: Box<Job>, via: Via, level: Level, trial: bool) {
        if self.needs_rset || (level == Level::Streaming && self.transactions_here > 0) {
            self.needs_rset = false;
            self.send(Sent::Reset, command::rset);
        }
        if job.message.forward.is_some() {
            self.forward(&mut job);
        }
        let count = match self.offer.domain_max {
            None => job.remaining().min(self.offer.rcpt_max),
            Some(most) => self.domains.choose(&mut job, most, self.offer.rcpt_max),
        };
        let mut transaction = Transaction::new(job, via, count);
        transaction.trial = trial;
        transaction.behind_dot = self.is_behind_dot();
        self.mail(&mut transaction);
        self.transactions_here = self.transactions_here.saturating_add(1);
        let lockstep = level == Level::Lockstep;
        let hold = lockstep
            || self.options.recipients == RecipientPolicy::All
            || (via == Via::Bdat && (level < Level::Streaming || transaction.job.message.stream.is_some()));
        if !lockstep {
            while transaction.named < transaction.count {
                self.rcpt(&mut transaction);
            }
        }
        self.cursor = Cursor::Envelope;
        if !hold {
            self.head_of_content(&mut transaction);
        }
        self.flight.push_back(transaction);
        self.stats.max_in_flight = self.stats.max_in_flight.max(self.flight.len());
    }

    /// Rule 8, and lock-step: the envelope is out in part or in whole; its replies decide.
    fn envelope(&mut self) -> Step {
        let lockstep = self.ceiling() == Level::Lockstep;
        if lockstep && !self.ledger.is_empty() {
            return Step::Must(Wait::Lockstep);
        }
        // The cursor stands in the envelope of the last transaction begun.
        let Some(mut last) = self.flight.pop_back() else {
            self.cursor = Cursor::Between;
            return Step::Went;
        };
        if last.named < last.count && !last.is_condemned() {
            self.rcpt(&mut last);
            self.flight.push_back(last);
            return Step::Went;
        }
        if last.answered < last.named {
            let wait = if last.trial { Wait::Trial } else { Wait::Recipients };
            self.flight.push_back(last);
            return Step::Must(wait);
        }
        let all = self.options.recipients == RecipientPolicy::All;
        if last.may_deliver() && !(all && last.any_refused()) {
            self.head_of_content(&mut last);
            self.flight.push_back(last);
            return Step::Went;
        }
        // Nobody gets it. After a refused MAIL in lock-step there is nothing to reset, as no RCPT was sent; but what XFORWARD
        // said would be taken for the next message's.
        self.needs_rset = last.named > 0 || last.job.forwarded > 0;
        self.last_ended_well = last.left_nothing();
        if all && last.any_refused() && !last.is_condemned() {
            last.on_policy();
        }
        self.cursor = Cursor::Between;
        self.close(last);
        Step::Went
    }

    /// DATA, or the chunk itself.
    fn head_of_content(&mut self, transaction: &mut Transaction) {
        match transaction.via {
            _ if transaction.job.over => self.cursor = Cursor::Stream,
            Via::Data => {
                self.send(Sent::Data, command::data);
                self.cursor = Cursor::Data;
            }
            Via::Bdat if transaction.job.message.stream.is_some() => self.open_source(transaction),
            Via::Bdat => {
                let content = &transaction.job.message.content;
                let size = content.size();
                self.send(Sent::Chunk, |out| command::bdat(out, size, true));
                self.output.chunk(content);
                transaction.commit = Some(self.output.queued());
                // Whether it is refused is not known yet.
                self.needs_rset = true;
                self.cursor = Cursor::Between;
            }
        }
    }

    /// Rule 2: 354 was received.
    fn behind_go_ahead(&mut self) -> Step {
        let Some(mut transaction) = self.flight.pop_back() else {
            self.cursor = Cursor::Between;
            return Step::Went;
        };
        if transaction.accepted > 0 && transaction.is_condemned() {
            self.flight.push_back(transaction);
            self.abandon();
            return Step::Idle;
        }
        if transaction.job.over {
            self.flight.push_back(transaction);
            self.abandon();
            return Step::Idle;
        }
        self.note(Sent::Content);
        // Whatever the reply, an end of content ends the transaction (RFC 5321 §4.1.1.4).
        self.needs_rset = false;
        if transaction.may_deliver() && transaction.job.message.stream.is_some() {
            self.open_source(&transaction);
            self.flight.push_back(transaction);
            return Step::Went;
        }
        if transaction.may_deliver() {
            self.output.data(&transaction.job.message.content);
            transaction.commit = Some(self.output.queued());
        } else {
            self.output.lone_dot();
        }
        self.flight.push_back(transaction);
        self.cursor = Cursor::Between;
        Step::Went
    }

    /// A raw command ends its group, so it may follow anything that may be followed.
    fn raw(&mut self, level: Level) -> Step {
        if !self.flight.is_empty() && (level <= Level::Group || (self.is_behind_dot() && !self.trusts_dot()))
        {
            return Step::Must(Wait::Content);
        }
        if let Some(Item::Command(ticket, line)) = self.queue.pop_front() {
            self.send(Sent::Command(ticket, line.verb()), |out| command::raw(out, &line));
        }
        Step::Went
    }

    /// QUIT goes alone, when everything is answered.
    fn leave(&mut self) -> Step {
        if !self.quit || self.stage != Stage::Ready {
            return Step::Idle;
        }
        if !self.flight.is_empty() || !self.ledger.is_empty() {
            return Step::Must(Wait::Quit);
        }
        let from = self.output.queued();
        self.output.command(command::quit);
        self.trace_sent(from);
        self.stats.commands += 1;
        self.stage = Stage::Quitting;
        Step::Idle
    }

    /// Rule 4: is it worth finding out whether refused chunks are swallowed?
    fn probe_pays(&self, endless: bool) -> bool {
        // It counts as a transaction where those are numbered (MAILMAX).
        let left = self.offer.mail_max.saturating_sub(self.transactions_here) as usize;
        !self.probing
            && !self.early
            && left > REPAID + 1
            && (self.queue.len() > REPAID || endless)
            && self.options.max_in_flight != 1
            && self.chunks()
            && self.untried(Level::Streaming, self.peer.streaming)
    }
}

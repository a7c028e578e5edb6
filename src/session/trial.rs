//! `Continuous` and `Streaming` are earned. A trial risks nothing: what it sends commits us to nothing, and whatever comes
//! of it, its messages go (again) at the level below. Verdicts are kept in the peer record.

use super::event::{DowngradeReason, Event, ReconnectReason};
use super::ledger::{Entry, Probe, Sent};
use super::options::Level;
use super::peer::Verdict;
use super::scheduler::Cursor;
use super::transaction::Transaction;
use super::{Item, Session, Stage};
use crate::wire::{Address, Class, command};

/// What the probe's chunk holds: a command that changes nothing and is refused by every server, so that its reply, if it
/// is executed, can't pass for that to the RSET behind it.
const PROBE_CHUNK: &[u8] = b"RCPT TO:<>\r\n";

/// The trials that a session has lost. It makes no other of that kind, also where the record is of another server by now: two
/// servers behind one name, each with an offer of its own, could otherwise keep it connecting for ever.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lost {
    continuous: bool,
    streaming: bool,
    pub(super) early: bool,
}

impl Lost {
    pub(super) const fn has(self, level: Level) -> bool {
        match level {
            Level::Lockstep | Level::Group => false,
            Level::Continuous => self.continuous,
            Level::Streaming => self.streaming,
        }
    }
}

impl Session {
    /// Queues the probe: a transaction for nobody, whose chunk the server refuses and must swallow.
    pub(super) fn probe(&mut self) {
        self.probing = true;
        self.transactions_here = self.transactions_here.saturating_add(1);
        if core::mem::take(&mut self.needs_rset) {
            self.send(Sent::Reset, command::rset);
        }
        let sender = match self.queue.front() {
            Some(Item::Message(job)) if job.message.sender.is_ascii() => job.message.sender.clone(),
            _ => Address::null(),
        };
        self.send(Sent::Probe(Probe::Mail), |out| command::mail(out, &sender, None, None, false, &[]));
        self.send(Sent::Probe(Probe::Rcpt), |out| command::rcpt(out, &Address::null(), &[]));
        self.send(Sent::Probe(Probe::Chunk), |out| command::bdat(out, PROBE_CHUNK.len() as u64, true));
        // Not part of the command: a server that drains nothing answers before it has all of it.
        self.output.command(|out| out.extend_from_slice(PROBE_CHUNK));
        self.send(Sent::Probe(Probe::Reset), command::rset);
    }

    /// The group behind an end of content was answered in full.
    pub(super) fn on_continuous_earned(&mut self) {
        self.confirmed = true;
        if self.peer.continuous != Verdict::Earned {
            self.peer.continuous = Verdict::Earned;
            self.upgraded(Level::Continuous);
        }
    }

    /// The group behind an end of content was answered 503 throughout: it was not read as it should be, and no
    /// transaction is open. It goes again, on this connection.
    pub(super) fn on_refused_behind_content(&mut self, transaction: Transaction) {
        self.put_back(transaction.undo());
        self.cursor = Cursor::Between;
        self.needs_rset = true;
        self.continuous_failed(DowngradeReason::RefusedBehindContent);
    }

    pub(super) fn on_probe(&mut self, step: Probe, class: Class) {
        let positive = class == Class::Positive;
        if self.stage != Stage::Ready {
            // After a 421 nothing is learnt.
            return;
        }
        match step {
            Probe::Mail => {}
            Probe::Rcpt => self.probe_let_in = positive,
            // Accepted, for a recipient that can't be: nothing was learnt of refused chunks.
            Probe::Chunk if positive => self.streaming_failed(DowngradeReason::ChunkNotSwallowed),
            Probe::Chunk if self.probe_let_in => {
                // Its line would be accepted as well, if it was executed: what follows is anybody's reply.
                self.streaming_failed(DowngradeReason::ChunkNotSwallowed);
                self.reconnect(ReconnectReason::Trial);
            }
            Probe::Chunk => {}
            Probe::Reset => {
                self.probing = false;
                if positive {
                    if self.peer.streaming == Verdict::Unknown {
                        self.peer.streaming = Verdict::Earned;
                        self.upgraded(Level::Streaming);
                    }
                } else {
                    // The chunk's line was executed and this is its reply, or RSET isn't known: out of step, or useless.
                    self.streaming_failed(DowngradeReason::ChunkNotSwallowed);
                    self.reconnect(ReconnectReason::Trial);
                }
            }
        }
    }

    /// The connection ended, or went silent, where `front` was to be answered. True when that was a trial's: then it is
    /// the trial that failed, and its messages go again.
    pub(super) fn trial_failed(&mut self, front: Option<Entry>) -> bool {
        let Some(front) = front else { return false };
        if self.early {
            self.early_refused(false);
            return true;
        }
        if matches!(front.sent, Sent::Probe(_)) {
            self.streaming_failed(DowngradeReason::ProbeUnanswered);
        } else if self.in_trial(front) {
            self.continuous_failed(DowngradeReason::SwallowedBehindContent);
        } else {
            return false;
        }
        self.reconnect(ReconnectReason::Trial);
        true
    }

    /// Whether the reply awaited is that to a trial.
    pub(super) fn in_trial(&self, front: Entry) -> bool {
        matches!(front.sent, Sent::Probe(_))
            || (front.sent.of_transaction() || matches!(front.sent, Sent::Reset | Sent::Forward))
                && self.flight.front().is_some_and(|transaction| transaction.trial)
    }

    /// BDAT was not answered in time: don't stream to this server again.
    pub(super) fn remember_silent_chunk(&mut self) {
        if self.options.level.is_none() {
            self.peer.streaming = Verdict::Failed;
        }
    }

    /// 421. If it's the answer to the probe, the next session with this server must not earn it again.
    pub(super) fn shut_down_in_trial(&mut self, front: Entry) {
        if matches!(front.sent, Sent::Probe(Probe::Rcpt | Probe::Chunk | Probe::Reset)) {
            self.streaming_failed(DowngradeReason::ProbeUnanswered);
        }
    }

    fn continuous_failed(&mut self, why: DowngradeReason) {
        self.lost.continuous = true;
        self.peer.continuous = Verdict::Failed;
        self.downgraded(Level::Continuous, why);
    }

    fn streaming_failed(&mut self, why: DowngradeReason) {
        self.probing = false;
        self.lost.streaming = true;
        if core::mem::replace(&mut self.peer.streaming, Verdict::Failed) != Verdict::Failed {
            self.downgraded(Level::Streaming, why);
        }
    }

    pub(super) fn downgraded(&mut self, from: Level, why: DowngradeReason) {
        self.stats.downgrades = self.stats.downgrades.saturating_add(1);
        let to = self.ceiling();
        self.events.push_back(Event::Downgrade { from, to, why });
    }

    fn upgraded(&mut self, to: Level) {
        self.events.push_back(Event::Upgrade { to });
    }
}

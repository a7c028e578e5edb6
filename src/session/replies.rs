//! Replies in, state forward. Each reply is given to the front of the ledger and nothing else; a reply that the front can't
//! have means that the two sides are out of step, and ends the session (DESIGN 4.5).

use core::time::Duration;

use super::error::{PeerError, SessionError};
use super::event::ReconnectReason;
use super::ledger::{Entry, Sent};
use super::outcome::{Outcome, Reason, Status};
use super::scheduler::Cursor;
use super::transaction::{Closed, Transaction};
use super::{Session, Stage};
use crate::wire::{Class, ExtensionSet, ReplyRef, Verb};

impl Session {
    pub(super) fn on_reply(&mut self, now: Duration, reply: ReplyRef<'_>) {
        self.stats.replies += 1;
        if matches!(reply.class(), Class::Transient | Class::Permanent) {
            self.stats.negative_replies += 1;
        }
        if self.trace.is_some() {
            self.trace_received(reply);
        }
        let Some(entry) = self.ledger.front() else {
            // RFC 5321 §3.8: 421 may come at any time. Anything else unasked means we lost count.
            return self.end(match reply.code() {
                421 => SessionError::ShutDown(reply.to_owned()),
                _ => PeerError::Unsolicited(reply.to_owned()).into(),
            });
        };
        if entry.end > self.may_have_left() {
            return self.on_early(entry, reply);
        }
        if !plausible(entry.sent, reply.class()) && !self.announces_replies(entry, reply) {
            let verb = entry.sent.verb();
            return self.end(PeerError::WrongClass { verb, reply: reply.to_owned() }.into());
        }
        self.round_trips.reply(entry.depth);
        self.stats.round_trips = self.round_trips.spent;
        self.answered = self.answered.max(entry.end);
        self.timer.measure(now, entry.sent);
        self.timer.front_since = now;
        if reply.code() == 421 {
            self.shut_down_in_trial(entry);
            self.shut_down(reply.to_owned(), &entry);
            if self.is_closed() {
                return;
            }
        }
        if !self.on_premature(entry, reply) {
            self.dispatch(entry, reply);
        }
        if self.stage == Stage::Draining {
            self.drain();
        }
        if self.ledger.is_empty() && self.queue.is_empty() {
            self.relax();
        }
    }

    fn dispatch(&mut self, entry: Entry, reply: ReplyRef<'_>) {
        if entry.sent.of_transaction() {
            return self.on_transaction(entry, reply);
        }
        self.ledger.pop();
        match entry.sent {
            Sent::Greeting => self.on_greeting(reply.class(), reply.to_owned()),
            Sent::Hello(verb) => self.on_hello(verb, reply.class(), reply.to_owned()),
            Sent::Auth => self.on_auth(reply),
            Sent::AuthGivenUp => self.on_auth_given_up(reply.to_owned()),
            Sent::StartTls => self.on_starttls(reply.class(), reply.to_owned()),
            Sent::Command(ticket, _) => {
                let status =
                    if reply.class() == Class::Positive { Status::Delivered } else { Status::Refused };
                self.finish(Outcome {
                    ticket,
                    status,
                    reply: Some(reply.to_owned()),
                    recipients: Vec::new(),
                    reason: None,
                    left_out: ExtensionSet::EMPTY,
                    command: true,
                });
            }
            Sent::Reset => {
                // The next transaction may have joined an older one: whoever is accepted by it is accepted for the old
                // sender. Only if the one before ended well is there nothing to be mixed up with.
                if reply.class() != Class::Positive && !self.last_ended_well {
                    self.reset_refused();
                }
            }
            Sent::Forward => self.on_forward(reply.class()),
            Sent::Introduction => self.on_introduction(reply.class(), reply.to_owned()),
            Sent::Probe(step) => self.on_probe(step, reply.class()),
            Sent::Mail
            | Sent::Rcpt(_)
            | Sent::Data
            | Sent::Content
            | Sent::Chunk
            | Sent::Part(_)
            | Sent::Clear => {}
        }
    }

    /// The front of the ledger belongs to the front of the flight: both are in the order in which things were sent, and a
    /// transaction leaves the flight with its last reply.
    fn on_transaction(&mut self, entry: Entry, reply: ReplyRef<'_>) {
        // The usual case: nothing but this transaction is concerned, and it stays where it is.
        if let Some(front) = self.flight.front_mut().filter(|front| !front.trial) {
            match entry.sent {
                Sent::Mail => {
                    front.on_mail(reply);
                    return self.ledger.pop();
                }
                Sent::Rcpt(index) => {
                    front.on_rcpt(index, reply, &mut self.acceptances);
                    return self.ledger.pop();
                }
                _ => {}
            }
        }
        let Some(mut transaction) = self.flight.pop_front() else {
            return self.end(PeerError::Unsolicited(reply.to_owned()).into());
        };
        if transaction.trial && !transaction.after_421 && !matches!(entry.sent, Sent::Content | Sent::Chunk) {
            transaction.all_503 &= reply.code() == 503;
            let envelope_ends = transaction.named == transaction.count
                && transaction.answered + 1 == transaction.count
                && matches!(entry.sent, Sent::Rcpt(_))
                && self.cursor == Cursor::Envelope;
            if entry.sent == Sent::Data || envelope_ends {
                transaction.trial = false;
                if transaction.all_503 {
                    self.ledger.pop();
                    return self.on_refused_behind_content(transaction);
                }
                if transaction.behind_dot {
                    self.on_continuous_earned();
                }
            }
        }
        match entry.sent {
            Sent::Mail => transaction.on_mail(reply),
            Sent::Rcpt(index) => transaction.on_rcpt(index, reply, &mut self.acceptances),
            Sent::Data if reply.class() == Class::Intermediate => {
                if self.options.lmtp && transaction.accepted == 0 {
                    // RFC 2033 §4.2 forbids it, and the number of replies to a lone dot would be anybody's guess.
                    self.flight.push_front(transaction);
                    let verb = Verb::Data;
                    return self.end(PeerError::WrongClass { verb, reply: reply.to_owned() }.into());
                }
                self.cursor = Cursor::Content;
            }
            Sent::Data => {
                transaction.on_data_refused(reply);
                self.needs_rset = true;
                self.last_ended_well = transaction.left_nothing();
                self.cursor = Cursor::Between;
                self.ledger.pop();
                return self.close(transaction);
            }
            Sent::Content | Sent::Chunk => {
                // Under LMTP a chunk of which nobody was to have anything has one reply, like every command.
                let several = self.options.lmtp && transaction.accepted > 0;
                if !transaction.on_final(reply, several, &mut self.finals) {
                    // More replies to the same content: the entry stays (RFC 2033 §4.2).
                    self.flight.push_front(transaction);
                    return;
                }
                self.ledger.pop();
                // One recipient's acceptance is enough to know that it is over; RSET costs nothing where that is all we know.
                self.last_ended_well = transaction.taken || transaction.left_nothing();
                if reply.class() == Class::Positive && self.ledger.is_empty() {
                    self.needs_rset = false;
                }
                let astray = reply.class() != Class::Positive && !several && self.is_unproven(entry);
                self.close(transaction);
                if astray {
                    self.give_up_astray();
                }
                return;
            }
            Sent::Part(_) => self.on_part(&mut transaction, reply),
            Sent::Clear => {
                self.ledger.pop();
                self.last_ended_well = reply.class() == Class::Positive;
                self.clear(transaction);
                if !self.last_ended_well {
                    self.reset_refused();
                }
                return;
            }
            Sent::Greeting
            | Sent::Hello(_)
            | Sent::StartTls
            | Sent::Introduction
            | Sent::Auth
            | Sent::AuthGivenUp
            | Sent::Reset
            | Sent::Forward
            | Sent::Command(..)
            | Sent::Probe(_) => {}
        }
        self.ledger.pop();
        self.flight.push_front(transaction);
    }

    /// A transaction left the wire.
    pub(super) fn close(&mut self, transaction: Transaction) {
        let Some(transaction) = self.set_aside(transaction) else { return };
        match transaction.close() {
            Closed::Done(outcome) => {
                match outcome.status {
                    Status::Delivered | Status::Partial => self.refusals = 0,
                    Status::Refused => self.refusals = self.refusals.saturating_add(1),
                    Status::NotSent | Status::InDoubt => {}
                }
                self.finish(outcome);
            }
            Closed::Again(job) => {
                self.refusals = 0;
                self.put_back(job);
            }
        }
    }

    /// A transaction leaves the wire before its content came to an end.
    pub(super) fn clear(&mut self, transaction: Transaction) {
        if transaction.job.over {
            let outcome = transaction.lost(0, Reason::SourceSpent);
            self.refusals = self.refusals.saturating_add(u32::from(outcome.status == Status::Refused));
            self.finish(outcome);
        } else {
            self.close(transaction);
        }
    }

    /// The server answered content that is still on its way. A refusal is believed: the rest is not sent, so it is certain
    /// that nobody got it; only a chunk has to be sent to its end. An acceptance is not believed.
    fn on_premature(&mut self, entry: Entry, reply: ReplyRef<'_>) -> bool {
        let handed = self.may_have_left();
        let verb = entry.sent.verb();
        if !matches!(entry.sent, Sent::Content | Sent::Chunk | Sent::Part(_)) || self.whole(entry) <= handed {
            return false;
        }
        if matches!(reply.class(), Class::Positive | Class::Intermediate) {
            self.end(PeerError::Early { verb, reply: reply.to_owned() }.into());
            return true;
        }
        if matches!(entry.sent, Sent::Chunk | Sent::Part(_)) || self.stage == Stage::Draining {
            return false;
        }
        if let Some(mut transaction) = self.flight.pop_front() {
            transaction.on_cut_short(reply, self.options.lmtp, &mut self.finals);
            self.ledger.pop();
            self.close(transaction);
            self.reconnect(ReconnectReason::Abandoned);
        }
        true
    }

    /// PRDR: 353 says that a reply for each recipient comes before the one to the whole. Content that has left entirely may be
    /// answered so, once, if PRDR was asked for and somebody is to get it.
    fn announces_replies(&self, entry: Entry, reply: ReplyRef<'_>) -> bool {
        matches!(entry.sent, Sent::Content | Sent::Chunk)
            && reply.class() == Class::Intermediate
            && self.flight.front().is_some_and(Transaction::may_announce)
    }

    /// Whether this chunk was sent on the strength of a record that was another server's. Nobody has seen whether this one swallows
    /// a chunk that it refuses: what comes behind may be replies to lines of it.
    fn is_unproven(&self, entry: Entry) -> bool {
        entry.sent == Sent::Chunk && entry.end <= self.unproven
    }

    fn give_up_astray(&mut self) {
        match self.stage {
            Stage::Ready => self.reconnect(ReconnectReason::Trial),
            Stage::Draining => self.drained(),
            _ => {}
        }
    }

    /// A reply to a command that has not left.
    fn on_early(&mut self, entry: Entry, reply: ReplyRef<'_>) {
        if reply.code() == 421 {
            return self.end(SessionError::ShutDown(reply.to_owned()));
        }
        if !self.trial_failed(Some(entry)) {
            self.end(PeerError::Early { verb: entry.sent.verb(), reply: reply.to_owned() }.into());
        }
    }
}

/// Whether a command can have a reply of this class (RFC 5321 §4.3.2). The code itself is read, never expected.
const fn plausible(sent: Sent, class: Class) -> bool {
    match class {
        Class::Positive => !matches!(sent, Sent::Data | Sent::AuthGivenUp),
        Class::Intermediate => matches!(sent, Sent::Data | Sent::Auth),
        Class::Transient | Class::Permanent => true,
    }
}

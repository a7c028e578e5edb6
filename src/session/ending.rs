//! How a connection ends, and what is then known. Every open ticket gets its outcome here, from one question: had the last
//! byte of its content been handed out?

use core::time::Duration;
use std::sync::Arc;

use super::auth::Login;
use super::error::SessionError;
use super::event::{Event, ReconnectReason};
use super::job::Job;
use super::ledger::{Entry, Sent};
use super::outcome::{Outcome, Reason, Status, Ticket};
use super::scheduler::Cursor;
use super::{Item, Session, Stage};
use crate::wire::{ExtensionSet, Reply, ReplyParser};

impl Session {
    /// The server closed its side. After a QUIT that is as it should be.
    pub fn end_of_input(&mut self, _now: Duration) {
        let waiting_for = self.ledger.front().map(|entry| entry.sent.verb());
        self.connection_over(SessionError::Closed { waiting_for });
    }

    /// The connection failed; `why` is for people to read.
    pub fn connection_lost(&mut self, _now: Duration, why: &str) {
        self.connection_over(SessionError::Lost(why.into()));
    }

    /// There is no connection any more: how bad that is depends on where the session stands.
    pub(super) fn connection_over(&mut self, error: SessionError) {
        match self.stage {
            Stage::Closed => {}
            Stage::Quitting => self.closed(),
            Stage::Draining => self.drained(),
            Stage::StartTls => self.no_tls(error),
            Stage::Unconnected | Stage::Greeting | Stage::Hello | Stage::Auth | Stage::Ready => {
                if !self.trial_failed(self.ledger.front()) {
                    self.end(error);
                }
            }
        }
    }

    /// The session can't go on. What left in whole is in doubt, the rest was not sent.
    pub(super) fn end(&mut self, error: SessionError) {
        if self.stage == Stage::Closed {
            return;
        }
        let error = Arc::new(error);
        let reason = Reason::Ended(Arc::clone(&error));
        let handed = self.may_have_left();
        let after_421 = matches!(*error, SessionError::ShutDown(_));
        for mut transaction in core::mem::take(&mut self.flight) {
            transaction.after_421 |= after_421;
            self.finish(transaction.lost(handed, reason.clone()));
        }
        self.commands_lost(&reason);
        self.queue_lost(&reason);
        self.error = Some(error);
        self.closed();
    }

    /// 421: nothing is sent any more, and nothing that was not read by then will be executed. But a server may say it and
    /// go on, so the replies to what is committed are still taken: they can only make the truth better known.
    pub(super) fn shut_down(&mut self, reply: Reply, front: &Entry) {
        if matches!(self.stage, Stage::Draining | Stage::Closed) {
            return;
        }
        if matches!(
            front.sent,
            Sent::Greeting | Sent::Hello(_) | Sent::StartTls | Sent::Auth | Sent::AuthGivenUp
        ) {
            return self.end(SessionError::ShutDown(reply));
        }
        self.stage = Stage::Draining;
        self.source = None;
        self.output.discard();
        let unsent = self.ledger.forget_behind(self.output.written().max(front.end));
        for transaction in &mut self.flight {
            transaction.after_421 = true;
        }
        let error = Arc::new(SessionError::ShutDown(reply));
        let reason = Reason::Ended(Arc::clone(&error));
        for ticket in unsent {
            self.finish(lost_command(ticket, Status::NotSent, reason.clone()));
        }
        self.queue_lost(&reason);
        self.error = Some(error);
    }

    /// After a 421: is there anything left that a reply could decide?
    pub(super) fn drain(&mut self) {
        let written = self.output.written();
        if self.ledger.is_empty() || !self.flight.iter().any(|transaction| transaction.is_committed(written))
        {
            self.drained();
        }
    }

    /// After a 421: no more replies will come.
    pub(super) fn drained(&mut self) {
        let Some(error) = self.error.clone() else { return self.closed() };
        let reason = Reason::Ended(error);
        for transaction in core::mem::take(&mut self.flight) {
            let outcome = transaction.lost(0, reason.clone());
            self.finish(outcome);
        }
        self.commands_lost(&reason);
        self.closed();
    }

    /// This connection is of no more use; its messages are. Committed ones are in doubt, the others go again.
    pub(super) fn reconnect(&mut self, why: ReconnectReason) {
        let error = Arc::new(SessionError::Closed { waiting_for: None });
        let handed = self.may_have_left();
        let mut again: Vec<Box<Job>> = Vec::new();
        for transaction in core::mem::take(&mut self.flight) {
            if transaction.is_committed(handed) {
                let outcome = transaction.lost(handed, Reason::Ended(Arc::clone(&error)));
                self.finish(outcome);
            } else if transaction.job.over || transaction.job.is_spent() {
                let outcome = transaction.lost(handed, Reason::SourceSpent);
                self.finish(outcome);
            } else {
                again.push(transaction.undo());
            }
        }
        self.commands_lost(&Reason::Ended(error));
        for job in again.into_iter().rev() {
            self.put_back(job);
        }
        if self.quit && self.queue.is_empty() {
            // Nobody makes a connection to say QUIT on it.
            return self.closed();
        }
        self.forget_connection();
        self.stage = Stage::Unconnected;
        self.events.push_back(Event::Reconnect { why });
    }

    /// 354 in a transaction that must not be completed: the way out is to leave before the dot.
    pub(super) fn abandon(&mut self) {
        if let Some(transaction) = self.flight.pop_back() {
            self.clear(transaction);
        }
        self.reconnect(ReconnectReason::Abandoned);
    }

    pub(super) fn closed(&mut self) {
        if self.stage != Stage::Closed {
            self.forget_connection();
            self.queue_lost(&Reason::Quit);
            self.stage = Stage::Closed;
            self.events.push_back(Event::Closed);
        }
    }

    fn forget_connection(&mut self) {
        self.ledger.clear();
        // What was asked for on it is wanted no more.
        self.events.retain(|event| !event.is_request());
        self.output.restart();
        self.parser = ReplyParser::new(self.options.reply_limits);
        self.cursor = Cursor::Between;
        self.held = 0;
        self.source = None;
        self.secure = None;
        self.drained = None;
        self.login = Login::default();
        self.stays_clear = false;
        self.needs_rset = false;
        self.last_ended_well = true;
        self.spoilt = None;
        self.probing = false;
        self.unproven = 0;
        self.transactions_here = 0;
        self.domains.clear();
        self.introduced = false;
        if let Some(Item::Message(job)) = self.queue.front_mut() {
            job.forwarded = 0;
        }
        self.answered = 0;
        self.generation = self.generation.wrapping_add(1);
    }

    /// Raw commands without a reply. Whether the server acted on one that had left is not known.
    fn commands_lost(&mut self, reason: &Reason) {
        let handed = self.may_have_left();
        while let Some(entry) = self.ledger.front() {
            self.ledger.pop();
            if let Sent::Command(ticket, _) = entry.sent {
                let status = if entry.end <= handed { Status::InDoubt } else { Status::NotSent };
                self.finish(lost_command(ticket, status, reason.clone()));
            }
        }
    }

    fn queue_lost(&mut self, reason: &Reason) {
        for item in core::mem::take(&mut self.queue) {
            let outcome = match item {
                Item::Message(job) => job.settle(Status::NotSent, Some(reason.clone())),
                Item::Command(ticket, _) => lost_command(ticket, Status::NotSent, reason.clone()),
            };
            self.finish(outcome);
        }
        self.queued_bytes = 0;
    }
}

pub(super) const fn lost_command(ticket: Ticket, status: Status, reason: Reason) -> Outcome {
    Outcome {
        ticket,
        status,
        reply: None,
        recipients: Vec::new(),
        reason: Some(reason),
        left_out: ExtensionSet::EMPTY,
        command: true,
    }
}

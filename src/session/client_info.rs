//! XCLIENT and XFORWARD (Postfix): on whose behalf the session speaks, and whom a message came from.
//!
//! XCLIENT comes once, behind TLS and before everything else. The server greets anew behind it, so it ends a group and EHLO is
//! said again (Postfix, XCLIENT_README). If it isn't taken the session ends: mail would be judged as ours.
//!
//! XFORWARD goes in front of MAIL, in the same group (XFORWARD_README: it may be pipelined), and behind RSET, which makes Postfix
//! forget it. It is for logs: a refusal of it changes nothing about the message, which by then is on its way. Postfix refuses the
//! whole line for one bad value (501), and has then heard none of it.

use super::error::SessionError;
use super::job::Job;
use super::ledger::Sent;
use super::{Item, Session, Stage};
use crate::wire::{Class, Extension, Reply, Verb, command};

impl Session {
    /// EHLO was answered: is XCLIENT to come next?
    pub(super) const fn introduces(&self) -> bool {
        self.options.xclient.is_some() && !self.introduced
    }

    pub(super) fn introduce(&mut self) {
        let lines = match (&self.options.xclient, &self.capabilities) {
            (Some(client), Some(capabilities)) => {
                let offered = capabilities.params_of(Extension::Xclient);
                offered.map(|offered| client.lines("XCLIENT", offered)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        // A second line would have to wait for the reply to the first, and for EHLO: nobody has so much to say.
        let Some(line) = lines.first() else {
            return self.end(SessionError::NotOffered(Extension::Xclient));
        };
        self.send(Sent::Introduction, |out| command::client_info(out, line));
    }

    pub(super) fn on_introduction(&mut self, class: Class, reply: Reply) {
        if class != Class::Positive {
            return self.end(SessionError::Refused { stage: Verb::Xclient, reply });
        }
        self.introduced = true;
        self.capabilities = None;
        self.stage = Stage::Hello;
        self.hello(self.first_hello());
    }

    /// Queues what is left of the XFORWARD in front of a message.
    pub(super) fn forward(&mut self, job: &mut Job) {
        for line in self.forward_lines(job).iter().skip(job.forwarded) {
            self.send(Sent::Forward, |out| command::client_info(out, line));
            job.forwarded = job.forwarded.saturating_add(1);
        }
    }

    /// In lock-step: queues one line of it for the next message. False: there is none.
    pub(super) fn forward_alone(&mut self) -> bool {
        let Some(Item::Message(job)) = self.queue.front() else { return false };
        let Some(line) = self.forward_lines(job).into_iter().nth(job.forwarded) else { return false };
        self.send(Sent::Forward, |out| command::client_info(out, &line));
        if let Some(Item::Message(job)) = self.queue.front_mut() {
            job.forwarded = job.forwarded.saturating_add(1);
        }
        true
    }

    /// It was sent in front of the transaction whose replies come next, or, in lock-step, of a message that still waits.
    pub(super) fn on_forward(&mut self, class: Class) {
        if class == Class::Positive {
            return;
        }
        let waiting = match self.queue.front_mut() {
            Some(Item::Message(job)) if job.forwarded > 0 => Some(job),
            _ => None,
        };
        let job = self.flight.front_mut().map(|transaction| &mut transaction.job).or(waiting);
        if let Some(job) = job {
            job.left_out.insert(Extension::Xforward);
        }
    }

    fn forward_lines(&self, job: &Job) -> Vec<String> {
        let offered = self.capabilities.as_ref().and_then(|offered| offered.params_of(Extension::Xforward));
        match (&job.message.forward, offered) {
            (Some(client), Some(offered)) => client.lines("XFORWARD", offered),
            _ => Vec::new(),
        }
    }
}

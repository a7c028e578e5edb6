//! From the connection to the first command group: greeting, EHLO (RFC 5321 §3.2) or LHLO (RFC 2033 §4.1), HELO where EHLO
//! isn't known.

use core::time::Duration;

use super::error::SessionError;
use super::event::Event;
use super::ledger::Sent;
use super::{Session, Stage};
use crate::wire::{Capabilities, Class, Reply, Verb, command};

/// What the server offered, as far as the scheduler asks: looked up once, not for every message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) pipelining: bool,
    pub(super) chunking: bool,
    pub(super) binarymime: bool,
    pub(super) eight_bit_mime: bool,
    pub(super) smtputf8: bool,
    /// `Some(0)`: SIZE without a limit.
    pub(super) size: Option<u64>,
    /// Recipients a transaction (RFC 9422).
    pub(super) rcpt_max: usize,
    /// Transactions a connection (RFC 9422).
    pub(super) mail_max: u32,
}

impl Offer {
    fn of(capabilities: &Capabilities) -> Self {
        let limits = capabilities.limits();
        Self {
            pipelining: capabilities.pipelining(),
            chunking: capabilities.chunking(),
            binarymime: capabilities.binarymime(),
            eight_bit_mime: capabilities.eight_bit_mime(),
            smtputf8: capabilities.smtputf8(),
            size: capabilities.size(),
            rcpt_max: limits.rcpt_max.map_or(usize::MAX, |max| max as usize).max(1),
            mail_max: limits.mail_max.unwrap_or(u32::MAX).max(1),
        }
    }
}

impl Default for Offer {
    fn default() -> Self {
        Self::of(&Capabilities::default())
    }
}

impl Session {
    /// A connection is there: the first, or another one after [`Event::Reconnect`].
    pub fn start(&mut self, now: Duration) {
        if self.stage != Stage::Unconnected {
            return;
        }
        self.stage = Stage::Greeting;
        self.stats.connections = self.stats.connections.saturating_add(1);
        self.note(Sent::Greeting);
        self.timer.restart(now);
    }

    pub(super) fn on_greeting(&mut self, class: Class, reply: Reply) {
        match class {
            Class::Positive => {
                self.stage = Stage::Hello;
                self.hello(if self.options.lmtp { Verb::Lhlo } else { Verb::Ehlo });
            }
            _ => self.end(SessionError::Refused { stage: Verb::Greeting, reply }),
        }
    }

    pub(super) fn on_hello(&mut self, verb: Verb, class: Class, reply: Reply) {
        match class {
            Class::Positive => {
                let capabilities = if verb == Verb::Helo {
                    Capabilities::default()
                } else {
                    Capabilities::from_reply(&reply)
                };
                self.offer = Offer::of(&capabilities);
                self.capabilities = Some(capabilities);
                self.stage = Stage::Ready;
                self.events.push_back(Event::Ready);
            }
            // RFC 5321 §3.2: a server that doesn't know EHLO. There is no older form of LHLO.
            Class::Permanent if verb == Verb::Ehlo => self.hello(Verb::Helo),
            _ => self.end(SessionError::Refused { stage: verb, reply }),
        }
    }

    fn hello(&mut self, verb: Verb) {
        let name = self.options.local_name.clone();
        self.send(Sent::Hello(verb), |out| match verb {
            Verb::Helo => command::helo(out, &name),
            Verb::Lhlo => command::lhlo(out, &name),
            _ => command::ehlo(out, &name),
        });
    }
}

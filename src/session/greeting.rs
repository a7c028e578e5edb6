//! From the connection to the first command group: greeting, EHLO (RFC 5321 §3.2) or LHLO (RFC 2033 §4.1), HELO where EHLO
//! isn't known.

use core::time::Duration;

use super::error::SessionError;
use super::event::{DowngradeReason, Event, ReconnectReason};
use super::ledger::Sent;
use super::message::SUBMITTER;
use super::options::StartTls;
use super::peer::{PeerRecord, Verdict};
use super::{Session, Stage};
use crate::wire::{Capabilities, Class, Extension, ExtensionSet, Reply, Verb, command};

/// What the server offered, as far as the scheduler asks: looked up once, not for every message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer {
    pub(super) pipelining: bool,
    pub(super) chunking: bool,
    pub(super) binarymime: bool,
    pub(super) eight_bit_mime: bool,
    pub(super) smtputf8: bool,
    /// All that the library knows of, for messages that ask for something.
    pub(super) extensions: ExtensionSet,
    pub(super) auth: bool,
    /// `Some(0)`: SIZE without a limit.
    pub(super) size: Option<u64>,
    /// Recipients a transaction (RFC 9422).
    pub(super) rcpt_max: usize,
    /// Transactions a connection (RFC 9422).
    pub(super) mail_max: u32,
    /// Recipient domains a connection (RFC 9422).
    pub(super) domain_max: Option<usize>,
}

/// Extensions that early messages may have relied upon, beside those that are fields of [`Offer`].
const ASKED_FOR: [Extension; 8] = [
    Extension::DeliverBy,
    Extension::Dsn,
    Extension::FutureRelease,
    Extension::MtPriority,
    Extension::NoSoliciting,
    Extension::Prdr,
    Extension::RequireTls,
    Extension::Xforward,
];

impl Offer {
    fn of(capabilities: &Capabilities) -> Self {
        let limits = capabilities.limits();
        Self {
            pipelining: capabilities.pipelining(),
            chunking: capabilities.chunking(),
            binarymime: capabilities.binarymime(),
            eight_bit_mime: capabilities.eight_bit_mime(),
            smtputf8: capabilities.smtputf8(),
            extensions: capabilities.extensions(),
            auth: capabilities.has("AUTH"),
            size: capabilities.size(),
            rcpt_max: limits.rcpt_max.map_or(usize::MAX, |max| max as usize).max(1),
            mail_max: limits.mail_max.unwrap_or(u32::MAX).max(1),
            domain_max: limits.rcpt_domain_max.map(|max| max as usize),
        }
    }
}

impl Offer {
    /// Whether what relies on `other` may rely on this.
    fn covers(&self, other: &Self) -> bool {
        let has = |have: bool, had: bool| have || !had;
        has(self.pipelining, other.pipelining)
            && has(self.chunking, other.chunking)
            && has(self.binarymime, other.binarymime)
            && has(self.eight_bit_mime, other.eight_bit_mime)
            && has(self.smtputf8, other.smtputf8)
            && has(self.size.is_some(), other.size.is_some())
            && ASKED_FOR
                .iter()
                .all(|&asked| has(self.extensions.contains(asked), other.extensions.contains(asked)))
            && self.rcpt_max >= other.rcpt_max
            && self.domain_max.unwrap_or(usize::MAX) >= other.domain_max.unwrap_or(usize::MAX)
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
        self.timer.restart(now);
        let assumed = self.early_offer(&self.peer).cloned();
        self.early = assumed.is_some();
        self.note(Sent::Greeting);
        if let Some(assumed) = assumed {
            self.offer = Offer::of(&assumed);
            self.capabilities = Some(assumed);
            self.hello(self.first_hello());
        }
    }

    /// What `start` would assume to be offered, and say everything on the strength of, if this is known of the server.
    pub(crate) fn early_offer<'a>(&self, record: &'a PeerRecord) -> Option<&'a Capabilities> {
        // What would go out early goes out before STARTTLS, in clear, and before AUTH; and what XCLIENT has to change first
        // can't be assumed.
        let early = self.options.early
            && !self.lost.early
            && !self.wants_auth()
            && self.options.xclient.is_none()
            && (self.secure.is_some() || self.options.starttls == StartTls::Never);
        record.early_offer().filter(|_| early)
    }

    /// There was nobody: the connection that the driver took for made was refused by the server's system. Nothing of what was
    /// handed out has reached anybody, and all of it goes again, over another connection.
    pub(crate) fn never_connected(&mut self) {
        if !self.is_detached() {
            self.start_again(true);
        }
    }

    pub(super) fn on_greeting(&mut self, class: Class, reply: Reply) {
        match class {
            Class::Positive => {
                self.stage = Stage::Hello;
                if !self.early {
                    self.hello(self.first_hello());
                }
            }
            // A server that greets with a refusal has executed nothing: perhaps it minded that we spoke first.
            _ if self.early => self.early_refused(true),
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
                let offer = Offer::of(&capabilities);
                let relied_on = core::mem::replace(&mut self.offer, offer);
                self.capabilities = Some(capabilities);
                let relied_on = core::mem::take(&mut self.early).then_some(relied_on);
                self.after_hello();
                if relied_on.is_some_and(|relied_on| !self.may_rely(&relied_on)) {
                    // What was sent may mean something else to this server than it did last time.
                    self.early_refused(false);
                }
            }
            _ if self.early => self.early_refused(false),
            // RFC 5321 §3.2: a server that doesn't know EHLO. There is no older form of LHLO.
            Class::Permanent if verb == Verb::Ehlo => self.hello(Verb::Helo),
            _ => self.end(SessionError::Refused { stage: verb, reply }),
        }
    }

    /// The server has said what it offers: whatever has to be done before the first message is begun here, in order.
    pub(super) fn after_hello(&mut self) {
        if self.wants_tls() {
            return self.begin_tls();
        }
        if self.is_closed() {
            return;
        }
        if self.introduces() {
            return self.introduce();
        }
        if self.wants_auth() {
            return self.begin_auth();
        }
        self.ready();
    }

    /// Whether what was sent early may stand, with what is offered now.
    fn may_rely(&self, assumed: &Offer) -> bool {
        let over = |size: u64| self.offer.size.is_some_and(|limit| limit > 0 && size > limit);
        let handed = self.may_have_left();
        self.offer.covers(assumed)
            && self.flight.iter().all(|transaction| {
                let message = &transaction.job.message;
                // What has left in whole is for the server to judge: it was told the size. The rest must never be sent.
                let fits = transaction.is_committed(handed) || !message.size().is_some_and(over);
                fits && (self.offer.auth || !message.has_param(SUBMITTER))
            })
    }

    /// Messages may go.
    pub(super) fn ready(&mut self) {
        let trusted = self.peer.streaming == Verdict::Earned;
        if core::mem::replace(&mut self.record_is_of_tls, self.secure.is_some()) != self.secure.is_some() {
            // What is remembered is of the server behind the other door.
            self.peer = PeerRecord::default();
        }
        if let Some(offered) = &self.capabilities
            && self.peer.correct(offered)
        {
            self.confirmed = false;
        }
        if trusted && self.peer.streaming != Verdict::Earned && self.options.level.is_none() {
            self.unproven = self.output.queued();
        }
        self.peer.round_trip = Some(self.timer.slowest);
        self.stage = Stage::Ready;
        self.events.push_back(Event::Ready);
    }

    /// The record was wrong: again on another connection, waiting for the greeting. With `nothing_done`, the server is known
    /// to have executed nothing, and even what is committed goes again.
    pub(super) fn early_refused(&mut self, nothing_done: bool) {
        self.early = false;
        self.lost.early = true;
        self.peer.early = Verdict::Failed;
        self.downgraded(self.ceiling(), DowngradeReason::EarlyRefused);
        self.start_again(nothing_done);
    }

    fn start_again(&mut self, nothing_done: bool) {
        self.early = false;
        if nothing_done {
            // As good as never sent, the messages and the raw commands.
            self.output.restart();
        }
        self.capabilities = None;
        self.offer = Offer::default();
        self.reconnect(ReconnectReason::Trial);
    }

    pub(super) const fn first_hello(&self) -> Verb {
        if self.options.lmtp { Verb::Lhlo } else { Verb::Ehlo }
    }

    pub(super) fn hello(&mut self, verb: Verb) {
        let name = self.options.local_name.clone();
        self.send(Sent::Hello(verb), |out| match verb {
            Verb::Helo => command::helo(out, &name),
            Verb::Lhlo => command::lhlo(out, &name),
            _ => command::ehlo(out, &name),
        });
    }
}

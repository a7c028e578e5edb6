//! STARTTLS (RFC 3207): when the connection changes to TLS, and what must not survive the change. No handshake is done here
//! and no TLS library is known: the driver does it, with whatever it likes, when [`Event::StartTls`] says so.
//!
//! 1. STARTTLS goes alone, right behind EHLO, and nothing follows it until TLS is there (RFC 3207 §4).
//! 2. Nothing may have come behind its reply. Whoever sits in between can put replies there that would be read after the
//!    handshake as if they had come encrypted; so a single byte ends the session, and never leads to clear text. The proof
//!    is a [`Drained`], which only the reply parser makes.
//! 3. Everything learnt before is forgotten, and EHLO is said again (RFC 3207 §4.2).
//! 4. Where TLS is required, nothing but TLS will do: no refusal, no silence and no missing offer leads to clear text.

use core::time::Duration;
use std::sync::Arc;

use super::error::{PeerError, SessionError};
use super::event::{Event, ReconnectReason};
use super::greeting::Offer;
use super::ledger::Sent;
use super::options::StartTls;
use super::{Session, Stage};
use crate::wire::{Class, Drained, Reply, ReplyParser, command};

/// What the session is told of the TLS that its connection has. It is asked for nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Secure {
    /// Channel binding: the `tls-exporter` value of RFC 9266, for SCRAM's -PLUS mechanisms. Empty: none.
    pub exporter: Vec<u8>,
    /// The round trips that the handshake cost, for [`Stats::round_trips`](super::Stats::round_trips); 0 if not known.
    pub round_trips: u32,
    /// The server's certificate was not checked: messages that require TLS (RFC 8689 §4.2.1) are not for this connection.
    pub unverified: bool,
}

/// Why there is no TLS. Made by whoever did the handshake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("TLS: {text}")]
pub struct TlsError {
    failure: TlsFailure,
    text: Arc<str>,
}

impl TlsError {
    /// A failure, and what it was in words for people to read.
    pub fn new(failure: TlsFailure, text: impl Into<Arc<str>>) -> Self {
        Self { failure, text: text.into() }
    }

    /// What it was.
    pub const fn failure(&self) -> TlsFailure {
        self.failure
    }

    /// The same in words, without `TLS:` in front.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// In what way TLS failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsFailure {
    /// Anything else.
    Other,
    /// The server's certificate has expired.
    Expired,
    /// It isn't valid yet.
    NotYetValid,
    /// It is for another name.
    WrongName,
    /// It is self-signed, or of an authority that isn't trusted.
    UnknownIssuer,
    /// It was revoked.
    Revoked,
    /// It is none of those pinned.
    NotPinned,
    /// It is invalid in another way.
    Certificate,
    /// The server refused the handshake: no version or cipher in common, no client certificate, an unknown name.
    Refused,
    /// What the server said isn't TLS, or is broken.
    Protocol,
    /// The server hung up in the middle.
    HungUp,
    /// It took too long.
    TimedOut,
}

impl TlsFailure {
    /// Every failure.
    pub const ALL: [Self; 12] = [
        Self::Other,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongName,
        Self::UnknownIssuer,
        Self::Revoked,
        Self::NotPinned,
        Self::Certificate,
        Self::Refused,
        Self::Protocol,
        Self::HungUp,
        Self::TimedOut,
    ];

    /// In one word: `other`, `expired`, `not_yet_valid`, `wrong_name`, `unknown_issuer`, `revoked`, `not_pinned`,
    /// `certificate`, `refused`, `protocol`, `hung_up` or `timed_out`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::WrongName => "wrong_name",
            Self::UnknownIssuer => "unknown_issuer",
            Self::Revoked => "revoked",
            Self::NotPinned => "not_pinned",
            Self::Certificate => "certificate",
            Self::Refused => "refused",
            Self::Protocol => "protocol",
            Self::HungUp => "hung_up",
            Self::TimedOut => "timed_out",
        }
    }
}

impl Session {
    /// The connection is encrypted from here on. Behind [`Event::StartTls`]: the handshake has succeeded, and EHLO follows.
    /// Before [`start`](Self::start), for implicit TLS: it was from the beginning. Elsewhere it means nothing.
    pub fn tls_established(&mut self, now: Duration, secure: Secure) {
        let begins = self.stage == Stage::Unconnected;
        if !begins && self.drained.take().is_none() {
            return;
        }
        self.stats.encrypted = self.stats.encrypted.saturating_add(1);
        self.round_trips.spent = self.round_trips.spent.saturating_add(secure.round_trips);
        self.stats.round_trips = self.round_trips.spent;
        self.secure = Some(secure);
        if begins {
            // What was remembered is of a server that is encrypted from the beginning.
            self.record_is_of_tls |= self.stats.connections == 0;
            return;
        }
        // RFC 3207 §4.2: nothing that was said in clear is believed any longer.
        self.capabilities = None;
        self.offer = Offer::default();
        self.parser = ReplyParser::new(self.options.reply_limits);
        self.stage = Stage::Hello;
        self.timer.front_since = now;
        self.hello(self.first_hello());
    }

    /// There is no TLS, or none any more. Behind [`Event::StartTls`], and for implicit TLS before [`start`](Self::start), the
    /// handshake failed; later what the server said can't be decrypted. The session ends; or, when a handshake failed, with [`StartTls::IfOffered`] and
    /// [`Options::clear_after_failed_tls`](super::Options::clear_after_failed_tls), asks for another connection.
    pub fn tls_failed(&mut self, _now: Duration, why: TlsError) {
        if self.stage == Stage::Unconnected || self.drained.is_some() {
            self.no_tls(SessionError::Tls(why));
        } else if self.secure.is_some() {
            self.connection_over(SessionError::Tls(why));
        }
    }

    /// The connection ended without the `close_notify` that ends TLS: what the server said last may have been cut off by
    /// somebody in between. As [`end_of_input`](Self::end_of_input), with an error of its own.
    pub fn truncated(&mut self, _now: Duration) {
        let waiting_for = self.ledger.front().map(|entry| entry.sent.verb());
        self.connection_over(SessionError::Truncated { waiting_for });
    }

    /// The TLS of this connection; `None` while there is none.
    pub const fn secure(&self) -> Option<&Secure> {
        self.secure.as_ref()
    }

    /// EHLO was answered: does STARTTLS come next? False too when that question has ended the session.
    pub(super) fn wants_tls(&mut self) -> bool {
        if self.secure.is_some() || self.stays_clear {
            return false;
        }
        let offered = self.capabilities.as_ref().is_some_and(crate::wire::Capabilities::starttls);
        match self.options.starttls {
            StartTls::Never => false,
            StartTls::IfOffered if self.tls_given_up || !offered => {
                self.go_on_in_clear();
                false
            }
            StartTls::Required if !offered => {
                self.end(SessionError::StartTlsNotOffered);
                false
            }
            StartTls::IfOffered | StartTls::Required => true,
        }
    }

    pub(super) fn begin_tls(&mut self) {
        self.stage = Stage::StartTls;
        self.send(Sent::StartTls, command::starttls);
    }

    pub(super) fn on_starttls(&mut self, class: Class, reply: Reply) {
        match (class, self.options.starttls) {
            // What comes behind it is looked at by `feed`, which has the rest of the input.
            (Class::Positive, _) => {}
            (_, StartTls::IfOffered) => {
                self.go_on_in_clear();
                self.stage = Stage::Hello;
                self.after_hello();
            }
            _ => self.end(SessionError::StartTlsRefused(reply)),
        }
    }

    /// Whether STARTTLS was answered positively and the handshake isn't done.
    pub(super) fn in_handshake(&self) -> bool {
        self.stage == Stage::StartTls && self.ledger.is_empty()
    }

    /// In the handshake's stage: the driver has its turn, if nothing came behind the reply.
    pub(super) fn hand_over(&mut self, now: Duration, drained: Option<Drained>) {
        match drained {
            None => {
                self.drained = None;
                self.end(PeerError::Injected.into());
            }
            Some(drained) if self.drained.is_none() => {
                self.drained = Some(drained);
                self.timer.front_since = now;
                self.events.push_back(Event::StartTls);
            }
            Some(_) => {}
        }
    }

    /// TLS was begun, or was to be there, and the connection is of no use any more.
    pub(super) fn no_tls(&mut self, error: SessionError) {
        let may = self.options.starttls == StartTls::IfOffered && self.options.clear_after_failed_tls;
        if may && self.stage == Stage::StartTls {
            self.tls_given_up = true;
            self.reconnect(ReconnectReason::TlsFailed);
        } else {
            self.end(error);
        }
    }

    fn go_on_in_clear(&mut self) {
        self.stays_clear = true;
        self.stats.in_clear = self.stats.in_clear.saturating_add(1);
    }
}

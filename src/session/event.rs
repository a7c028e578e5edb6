//! What a session tells its driver. Events come out in the order in which things became known.

use std::sync::Arc;

use super::options::Level;
use super::outcome::{Outcome, Ticket};
use crate::sasl::Challenge;
use crate::wire::Reply;

/// Something became known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The server asks, in an exchange of the caller's: answer with
    /// [`Session::auth_respond`](super::Session::auth_respond) or [`Session::auth_cancel`](super::Session::auth_cancel).
    AuthChallenge(Challenge),
    /// With [`Auth::Caller`](super::Auth::Caller): log in, with [`Session::auth_begin`](super::Session::auth_begin), or give up,
    /// with [`Session::auth_cancel`](super::Session::auth_cancel). The session waits.
    AuthWanted {
        /// The mechanisms that the server offers, separated by spaces.
        mechanisms: Arc<str>,
        /// The mechanism tried before was refused as such (504, 534).
        refused: Option<Reply>,
    },
    /// Nothing more will happen; [`Session::error`](super::Session::error) says why, if not by QUIT.
    Closed,
    /// The server failed a trial: from here on less is pipelined. Nothing was lost or doubled by it.
    Downgrade {
        /// The level tried.
        from: Level,
        /// The level used from here on.
        to: Level,
        /// What happened.
        why: DowngradeReason,
    },
    /// What became of a ticket.
    Outcome(Outcome),
    /// The greeting and EHLO are done, and so are TLS and AUTH if they were to be.
    Ready,
    /// The session needs another connection to the same server: drop this one, connect, call
    /// [`Session::start`](super::Session::start). Or call `end_of_input`, and what is open comes back as not sent.
    Reconnect {
        /// Why.
        why: ReconnectReason,
    },
    /// Do a TLS handshake on the connection, beginning with the next byte of either direction; then call
    /// [`Session::tls_established`](super::Session::tls_established) or
    /// [`Session::tls_failed`](super::Session::tls_failed).
    StartTls,
    /// The server passed a trial: from here on more is pipelined.
    Upgrade {
        /// The level used from here on.
        to: Level,
    },
    /// The next piece of a streamed content is wanted. Answer each of these once, now or later, with
    /// [`Session::content`](super::Session::content), [`content_end`](super::Session::content_end) or
    /// [`content_failed`](super::Session::content_failed).
    WantContent {
        /// Whose.
        ticket: Ticket,
        /// The first piece is wanted, of a source that was drawn from before: rewind it. A piece that is on its way to the
        /// session from before that must not be given any more.
        rewind: bool,
    },
}

impl Event {
    /// It asks for something to be done on the connection, which is pointless when there is none any more.
    pub(super) const fn is_request(&self) -> bool {
        matches!(self, Self::StartTls | Self::AuthWanted { .. } | Self::AuthChallenge(_))
    }
}

/// What a server did in a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DowngradeReason {
    /// What was sent before the greeting, as the server had allowed last time, was not taken.
    EarlyRefused,
    /// A refused chunk was not swallowed but read as commands.
    ChunkNotSwallowed,
    /// A probe was not answered in time, or the connection ended with it.
    ProbeUnanswered,
    /// What followed an end of content was answered 503 throughout.
    RefusedBehindContent,
    /// What followed an end of content was never answered.
    SwallowedBehindContent,
}

impl DowngradeReason {
    /// In words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EarlyRefused => "commands before the greeting were refused",
            Self::ChunkNotSwallowed => "a refused chunk was read as commands",
            Self::ProbeUnanswered => "the probe was not answered",
            Self::RefusedBehindContent => "commands behind an end of content were answered 503",
            Self::SwallowedBehindContent => "commands behind an end of content were lost",
        }
    }
}

/// Why another connection is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReconnectReason {
    /// A transaction that must not be completed is open on this one.
    Abandoned,
    /// As many recipient domains as the server takes on one connection (RCPTDOMAINMAX, RFC 9422).
    DomainMax,
    /// As many messages as the server takes on one connection (MAILMAX, RFC 9422).
    MailMax,
    /// TLS failed on this one, and the caller lets messages go in clear then.
    TlsFailed,
    /// A trial left this one out of step.
    Trial,
}

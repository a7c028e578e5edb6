//! Who is to blame: the caller ([`SubmitError`]), the server ([`PeerError`]), or the connection ([`SessionError`]).
//! A negative reply to a message is not here: it is an outcome.

use std::sync::Arc;

use super::autherror::AuthError;
use super::starttls::TlsError;
use crate::wire::{Extension, LineError, Reply, ReplyError, Verb};

/// The caller's input can't be sent. Nothing of it was queued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The session has ended or QUIT was asked for.
    #[error("the session is closed")]
    Closed,
    /// A raw command that only the session itself may send.
    #[error("{0} is sent by the session itself and can't be given as a raw command")]
    ForbiddenCommand(Verb),
    /// A raw command line that can't be sent.
    #[error("command line: {0}")]
    Line(#[from] LineError),
    /// A parameter of RCPT on MAIL, or one of MAIL on RCPT.
    #[error("parameter {0}: it belongs on the other command")]
    MisplacedParameter(Box<str>),
    /// A message without recipients.
    #[error("no recipient")]
    NoRecipient,
    /// The content of the message is given as it goes, and there is nobody to give it.
    #[error("the message has no content: give it a source")]
    NoSource,
    /// The message has its content already, and was given a source of content.
    #[error("the message has its content already: make it with Message::streamed")]
    NotStreamed,
    /// The empty path is a sender only (RFC 5321 §4.1.1.3).
    #[error("recipient: the empty path can't be a recipient")]
    NullRecipient,
    /// A parameter that was given twice.
    #[error("parameter {0}: given twice")]
    RepeatedParameter(Box<str>),
}

/// The server broke the protocol. No later byte of it is believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// A reply came before the command that it answers had left.
    #[error("a reply came before its command ({verb}) had left: {reply}")]
    Early {
        /// The command at the front of the ledger.
        verb: Verb,
        /// The reply.
        reply: Reply,
    },
    /// More came behind the reply to STARTTLS (RFC 3207 §6).
    #[error("the server sent more behind its reply to STARTTLS, in clear: an attack, or a broken proxy")]
    Injected,
    /// A reply that can't be read.
    #[error("malformed reply: {0}")]
    Malformed(#[from] ReplyError),
    /// A reply with no command outstanding.
    #[error("a reply to no command: {0}")]
    Unsolicited(Reply),
    /// A reply of a class that the command can't have.
    #[error("impossible reply to {verb}: {reply}")]
    WrongClass {
        /// The command.
        verb: Verb,
        /// The reply.
        reply: Reply,
    },
}

/// Why a session ended otherwise than by QUIT.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Nobody was logged in.
    #[error("{0}")]
    Auth(#[from] AuthError),
    /// The server closed the connection.
    #[error("the server closed the connection{}", in_reply_to(*waiting_for))]
    Closed {
        /// The command whose reply was awaited.
        waiting_for: Option<Verb>,
    },
    /// The connection failed.
    #[error("the connection was lost: {0}")]
    Lost(Arc<str>),
    /// The session was to begin with something that the server doesn't offer.
    #[error("the server does not offer {0}")]
    NotOffered(Extension),
    /// The server broke the protocol.
    #[error("{0}")]
    Peer(#[from] PeerError),
    /// The server would not talk to us: a negative greeting, or EHLO and HELO refused.
    #[error("refused at {stage}: {reply}")]
    Refused {
        /// At which step.
        stage: Verb,
        /// What it said.
        reply: Reply,
    },
    /// The server said 421.
    #[error("the server is shutting down: {0}")]
    ShutDown(Reply),
    /// TLS is required, and the server doesn't offer STARTTLS: perhaps somebody in between took it out.
    #[error("TLS is required, and the server does not offer STARTTLS")]
    StartTlsNotOffered,
    /// TLS is required, and the server refused STARTTLS.
    #[error("TLS is required, and the server refused STARTTLS: {0}")]
    StartTlsRefused(Reply),
    /// TLS failed.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// Nothing came in time.
    #[error("timed out{}", in_reply_to(*waiting_for))]
    Timeout {
        /// The command whose reply was awaited; `None` while writing.
        waiting_for: Option<Verb>,
    },
    /// The connection ended without TLS's `close_notify`: somebody in between may have cut off what the server said.
    #[error("the connection was cut off without a TLS close_notify{}", in_reply_to(*waiting_for))]
    Truncated {
        /// The command whose reply was awaited.
        waiting_for: Option<Verb>,
    },
}

impl SessionError {
    /// The reply at the root of it, if one is.
    pub const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Auth(error) => error.reply(),
            Self::Refused { reply, .. }
            | Self::ShutDown(reply)
            | Self::StartTlsRefused(reply)
            | Self::Peer(
                PeerError::Early { reply, .. }
                | PeerError::Unsolicited(reply)
                | PeerError::WrongClass { reply, .. },
            ) => Some(reply),
            Self::Closed { .. }
            | Self::Lost(_)
            | Self::NotOffered(_)
            | Self::Peer(PeerError::Injected | PeerError::Malformed(_))
            | Self::StartTlsNotOffered
            | Self::Tls(_)
            | Self::Timeout { .. }
            | Self::Truncated { .. } => None,
        }
    }
}

fn in_reply_to(verb: Option<Verb>) -> String {
    match verb {
        Some(Verb::Greeting) => " before its greeting".into(),
        Some(verb) => format!(" while the reply to {verb} was awaited"),
        None => String::new(),
    }
}

//! Why a session ended before anybody was logged in, and why a caller's own SASL was not taken. Nothing here has a part of the
//! credentials in it.

use std::sync::Arc;

use crate::sasl::{GssapiError, Mechanism, SaslError};
use crate::wire::{MechanismName, Reply};

/// AUTH (RFC 4954) failed. No message was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The caller's own SASL gave up.
    #[error("authentication was given up{}", said(reply.as_ref()))]
    Cancelled {
        /// What the server said to that, if an exchange had begun.
        reply: Option<Reply>,
    },
    /// All that both sides have would show the password or token to whoever listens, and there is no TLS. Nothing of the
    /// credentials was sent.
    #[error("{mechanism} would send the credentials in clear text, and the connection is not encrypted")]
    ClearText {
        /// The strongest of those mechanisms.
        mechanism: Mechanism,
    },
    /// The exchange couldn't be brought to its end. With [`SaslError::Forged`] or [`SaslError::Unproven`] somebody else answers
    /// than the server that knows the password.
    #[error("{}: {why}{}", named(mechanism.as_ref()), said(reply.as_ref()))]
    Failed {
        /// The mechanism.
        mechanism: Option<MechanismName>,
        /// Why.
        why: SaslError,
        /// What the server said last, if that matters.
        reply: Option<Reply>,
    },
    /// Kerberos gave no login. Without a reply nothing was said of who it is that would log in.
    #[error("GSSAPI: {why}{}", said(reply.as_ref()))]
    Gssapi {
        /// Why.
        why: GssapiError,
        /// What the server said when the exchange was given up.
        reply: Option<Reply>,
    },
    /// No mechanism that the server offers can be used with these credentials. Nothing of them was sent.
    #[error("no usable mechanism: the server offers {offered:?}")]
    NoMechanism {
        /// What it offers.
        offered: Arc<str>,
    },
    /// The server doesn't offer AUTH. Nothing of the credentials was sent.
    #[error("the server does not offer AUTH")]
    NotOffered,
    /// The server said no: a wrong user name, password or token (535), or another reason.
    #[error("{} refused: {reply}{}", named(mechanism.as_ref()), in_words(complaint.as_deref()))]
    Refused {
        /// The mechanism.
        mechanism: Option<MechanismName>,
        /// What it said.
        reply: Reply,
        /// What it said before that in the mechanism's own way: for OAuth, JSON (RFC 7628 §3.2.2).
        complaint: Option<Arc<str>>,
    },
}

impl AuthError {
    /// The reply at the root of it, if one is.
    pub const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Refused { reply, .. } => Some(reply),
            Self::Cancelled { reply } | Self::Failed { reply, .. } | Self::Gssapi { reply, .. } => {
                reply.as_ref()
            }
            Self::ClearText { .. } | Self::NoMechanism { .. } | Self::NotOffered => None,
        }
    }

    /// Whether there was no way to log in at all, so that nothing was said of who it is that would.
    pub const fn is_unsaid(&self) -> bool {
        match self {
            Self::ClearText { .. } | Self::NoMechanism { .. } | Self::NotOffered => true,
            Self::Gssapi { why, reply: None } => !why.is_attack(),
            _ => false,
        }
    }

    /// Whether somebody else seems to answer than the server that knows the password.
    pub const fn is_attack(&self) -> bool {
        match self {
            Self::Failed { why, .. } => {
                matches!(why, SaslError::Forged | SaslError::Unproven | SaslError::Nonce)
            }
            Self::Gssapi { why, .. } => why.is_attack(),
            _ => false,
        }
    }
}

/// A caller's own SASL said something that can't be sent now. Nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SaslCallError {
    /// Not the name of a mechanism.
    #[error("not the name of a SASL mechanism")]
    Mechanism,
    /// No answer is awaited.
    #[error("no SASL answer is awaited")]
    NotAsked,
    /// The response has more than 9216 octets (RFC 4954 §4: 12288 in base64).
    #[error("the response is longer than 9216 octets")]
    TooLong,
}

fn named(mechanism: Option<&MechanismName>) -> &str {
    mechanism.map_or("authentication", MechanismName::as_str)
}

fn said(reply: Option<&Reply>) -> String {
    reply.map_or_else(String::new, |reply| format!(" ({reply})"))
}

fn in_words(complaint: Option<&str>) -> String {
    complaint.map_or_else(String::new, |complaint| format!(" ({complaint})"))
}

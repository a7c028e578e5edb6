//! SASL mechanisms (RFC 4422) as SMTP uses them (RFC 4954), from the client's side: pure state machines. Challenges come in as
//! octets, responses go out as octets; base64, lines and replies are the session's business.
//!
//! What is secret lives in [`Credentials`] and in responses, both of which are overwritten when they are dropped. It must
//! never reach `Debug`, an error or a log. There is no source of randomness here: the nonce comes in, as time does elsewhere.

mod choose;
mod cram;
mod credentials;
mod exchange;
mod gssapi;
pub(crate) mod hash;
mod nonce;
mod oauth;
mod plain;
pub(crate) mod scram;

use core::fmt;
use core::str::FromStr;

use zeroize::Zeroizing;

pub(crate) use self::choose::{Choice, choose};
pub(crate) use self::cram::response as cram_response;
pub use self::credentials::{Credentials, CredentialsError};
pub(crate) use self::exchange::Exchange;
pub(crate) use self::gssapi::{Context, Exchange as GssapiExchange};
pub use self::gssapi::{Gssapi, GssapiError};
pub use self::nonce::{BadNonce, Nonce};

/// Octets that are overwritten when they are dropped.
pub(crate) type Secret = Zeroizing<Vec<u8>>;

/// What the server asks, for a caller's own SASL. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge(Secret);

impl Challenge {
    /// The octets, which were base64 on the wire; perhaps none.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Secret> for Challenge {
    fn from(octets: Secret) -> Self {
        Self(octets)
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge(***)")
    }
}

/// A mechanism that is implemented here. The order is that of preference: see [`Mechanism::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Mechanism {
    /// SCRAM-SHA-256-PLUS (RFC 7677), bound to the TLS connection by `tls-exporter` (RFC 9266).
    ScramSha256Plus,
    /// SCRAM-SHA-1-PLUS (RFC 5802), bound likewise.
    ScramSha1Plus,
    /// SCRAM-SHA-256 (RFC 7677).
    ScramSha256,
    /// SCRAM-SHA-1 (RFC 5802).
    ScramSha1,
    /// CRAM-MD5 (RFC 2195).
    CramMd5,
    /// OAUTHBEARER (RFC 7628).
    OauthBearer,
    /// XOAUTH2, its forerunner.
    Xoauth2,
    /// PLAIN (RFC 4616).
    Plain,
    /// LOGIN, which no RFC describes.
    Login,
    /// EXTERNAL (RFC 4422 appendix A): the server knows already who this is.
    External,
}

impl Mechanism {
    /// All of them, the strongest first: what proves both sides to each other and is bound to its channel, what proves both
    /// sides, what doesn't show the password, what shows it.
    pub const ALL: [Self; 10] = [
        Self::ScramSha256Plus,
        Self::ScramSha1Plus,
        Self::ScramSha256,
        Self::ScramSha1,
        Self::CramMd5,
        Self::OauthBearer,
        Self::Xoauth2,
        Self::Plain,
        Self::Login,
        Self::External,
    ];

    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Self::ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha1 => "SCRAM-SHA-1",
            Self::CramMd5 => "CRAM-MD5",
            Self::OauthBearer => "OAUTHBEARER",
            Self::Xoauth2 => "XOAUTH2",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
            Self::External => "EXTERNAL",
        }
    }

    /// Whether whoever listens on the line learns the password or the token.
    pub const fn is_clear_text(self) -> bool {
        matches!(self, Self::OauthBearer | Self::Xoauth2 | Self::Plain | Self::Login)
    }

    /// Whether it is bound to the TLS connection that it runs over.
    pub const fn is_bound(self) -> bool {
        matches!(self, Self::ScramSha256Plus | Self::ScramSha1Plus)
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Mechanism {
    type Err = UnknownMechanism;

    fn from_str(name: &str) -> Result<Self, UnknownMechanism> {
        Self::ALL
            .into_iter()
            .find(|mechanism| mechanism.as_str().eq_ignore_ascii_case(name))
            .ok_or(UnknownMechanism)
    }
}

/// The name given is not that of a [`Mechanism`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown SASL mechanism")]
pub struct UnknownMechanism;

/// Why a challenge can't be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SaslError {
    /// The server did not prove that it knows the password.
    #[error("the server's proof is wrong: it does not know the password")]
    Forged,
    /// SCRAM's iteration count would make the proof too weak, or take too long.
    #[error("an iteration count of {0} is not acceptable")]
    Iterations(u32),
    /// A challenge that the mechanism doesn't have.
    #[error("the challenge is malformed")]
    Malformed,
    /// The server's nonce doesn't continue ours: this is an old conversation, or somebody else's.
    #[error("the server's nonce does not continue the client's")]
    Nonce,
    /// The driver gave no random octets, and the mechanism needs some.
    #[error("no nonce was given to the session")]
    NoNonce,
    /// The challenge isn't base64.
    #[error("the challenge is not base64")]
    NotBase64,
    /// The mechanism has nothing to say to a further challenge.
    #[error("a challenge more than the mechanism has")]
    Unexpected,
    /// The server says that it is satisfied before the mechanism is: it has not proved itself, or not heard the proof.
    #[error("the server claims success before the exchange is over")]
    Unproven,
    /// User name or password has characters that SCRAM can't take (RFC 4013).
    #[error("the user name or password can't be prepared (RFC 4013)")]
    Unpreparable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_in_any_case() {
        for mechanism in Mechanism::ALL {
            assert_eq!(mechanism.as_str().to_lowercase().parse(), Ok(mechanism));
        }
        assert_eq!("PLAIN2".parse::<Mechanism>(), Err(UnknownMechanism));
    }

    #[test]
    fn the_order_is_the_order_of_preference() {
        let mut sorted = Mechanism::ALL;
        sorted.sort_unstable();
        assert_eq!(sorted, Mechanism::ALL);
        let first_clear = Mechanism::ALL.iter().position(|mechanism| mechanism.is_clear_text()).unwrap();
        assert!(Mechanism::ALL[..first_clear].contains(&Mechanism::CramMd5));
    }
}

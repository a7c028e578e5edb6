//! TLS: the only floor that names the library that does it (rustls). It knows no socket and no clock of its own: a
//! `Channel` turns clear octets into encrypted ones and back, and whoever has the connection carries them.
//!
//! It must never accept a certificate that the policy doesn't, send anything before the handshake is done, or log a key.
//!
//! - What the caller can ask for: `policy`. What becomes of it: `load`, `verify`.
//! - The octets: `channel`. What a failure is called: `failure`.
//! - The other side, for the sink: `identity`.

mod channel;
mod failure;
mod identity;
mod info;
mod load;
mod policy;
mod verify;

#[cfg(test)]
mod tests;

pub use self::identity::{Identity, IdentityError};
pub use self::info::{TlsInfo, TlsVersion};
pub use self::policy::{ClientCertificate, Pem, Pin, Roots, Tls, TlsConfigError, TlsMode};

pub(crate) use self::channel::{Channel, Ended};
pub(crate) use self::identity::Acceptor;
pub(crate) use self::load::Connector;

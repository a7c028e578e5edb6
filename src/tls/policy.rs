//! What a caller can ask for. Plain values; nothing here acts, and no key is shown.

use std::fmt;
use std::path::PathBuf;

use bytes::Bytes;

use super::info::TlsVersion;
use crate::session::StartTls;

/// Whether and how a connection is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TlsMode {
    /// Not at all.
    #[default]
    None,
    /// By STARTTLS where the server offers it. This protects against nobody who can change what is on the wire: he can take
    /// the offer out. The certificate is verified all the same.
    Opportunistic,
    /// By STARTTLS, or nothing is sent.
    Required,
    /// From the first octet (RFC 8314 §3: port 465).
    Implicit,
}

impl TlsMode {
    /// Every mode.
    pub const ALL: [Self; 4] = [Self::None, Self::Opportunistic, Self::Required, Self::Implicit];

    /// `none`, `opportunistic`, `required` or `implicit`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Opportunistic => "opportunistic",
            Self::Required => "required",
            Self::Implicit => "implicit",
        }
    }

    /// The mode of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == name)
    }
}

/// How a connection is encrypted, and who is believed to be the server.
///
/// The default of everything but the mode is the strict one: the platform's authorities, the name connected to, and both
/// must fit.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Tls {
    /// Whether and how.
    pub mode: TlsMode,
    /// Who may have issued the server's certificate.
    pub roots: Roots,
    /// The name that the certificate must have; `None`: the host connected to. A unix socket needs one.
    pub server_name: Option<String>,
    /// Only these certificates or keys, if there are any. With [`Roots::PinsAlone`] that is all that is asked of the
    /// certificate; otherwise both must fit.
    pub pins: Vec<Pin>,
    /// Our own certificate, if the server asks for one.
    pub client_certificate: Option<ClientCertificate>,
    /// Nothing older.
    pub min_version: TlsVersion,
    /// With [`TlsMode::Opportunistic`]: when the handshake fails, send in clear on another connection. Stats say so.
    pub clear_after_failed_tls: bool,
    /// Believe everybody: issuer, name, dates and pins are not looked at. Whoever sits in between can then read and change
    /// everything, passwords too. For tests.
    pub dangerously_accept_any_certificate: bool,
}

impl Tls {
    /// The strict defaults, in this mode.
    pub fn new(mode: TlsMode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// What a session of this mode is told ([`Options::starttls`](crate::session::Options::starttls)).
    pub const fn starttls(&self) -> StartTls {
        match self.mode {
            TlsMode::None | TlsMode::Implicit => StartTls::Never,
            TlsMode::Opportunistic => StartTls::IfOffered,
            TlsMode::Required => StartTls::Required,
        }
    }
}

/// Who may have issued the server's certificate.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Roots {
    /// Whoever the platform trusts. Looked up once in a process.
    #[default]
    Platform,
    /// The certificates in this PEM, and no others.
    Only(Pem),
    /// Anybody: the pins alone decide, and neither name nor dates are looked at. That is what DANE asks for with usage 3
    /// (RFC 7672 §3.1.1). Without a pin nothing fits.
    PinsAlone,
}

/// PEM: where it is, or the thing itself.
#[derive(Clone, PartialEq, Eq)]
pub enum Pem {
    /// In a file, which is read for each connection.
    File(PathBuf),
    /// Here.
    Data(Bytes),
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            // It may be a key.
            Self::Data(data) => write!(f, "Data({} octets)", data.len()),
        }
    }
}

/// A certificate of ours, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Our certificate, and behind it those that lead to the authority.
    pub chain: Pem,
    /// Its private key, PKCS#8, PKCS#1 or SEC1, not encrypted. May be the same file.
    pub key: Pem,
}

/// What the server's certificate, or its public key, must be: the SHA-256 of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pin {
    /// Of the whole certificate as DER (DANE: selector 0, matching type 1).
    Certificate([u8; 32]),
    /// Of its public key, SubjectPublicKeyInfo as DER (DANE: selector 1, matching type 1).
    PublicKey([u8; 32]),
}

/// The policy can't be followed; found before anything is connected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsConfigError {
    /// The authorities' certificates can't be had.
    #[error("certificate authorities: {0}")]
    Roots(String),
    /// Our own certificate or its key can't be used.
    #[error("client certificate: {0}")]
    ClientCertificate(String),
    /// The name that the certificate must have is none, or there is none to go by.
    #[error("server name: {0}")]
    ServerName(String),
    /// Pins were said to be all that counts, and there are none.
    #[error("pins alone are to decide, and there is none")]
    NoPin,
    /// This library was built without anybody to do the cryptography.
    #[error("built without TLS")]
    NoProvider,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

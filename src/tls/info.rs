//! What is known of a connection's TLS, for people and programs to look at.

use rustls::{Connection, HandshakeKind, ProtocolVersion};

/// A version of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// RFC 5246.
    #[default]
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl TlsVersion {
    /// `TLSv1.2` or `TLSv1.3`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

/// What was agreed on in a handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The version.
    pub version: TlsVersion,
    /// The cipher suite's name in the registry of IANA.
    pub cipher: String,
    /// The server's certificate, and behind it what it sent along: DER. Of a resumed session, those of its first
    /// connection.
    pub peer_certificates: Vec<Vec<u8>>,
    /// An earlier session was resumed, which saves work, and under TLS 1.2 a round trip.
    pub resumed: bool,
    /// The round trips that the handshake cost.
    pub round_trips: u32,
}

impl TlsInfo {
    pub(super) fn of(connection: &Connection) -> Option<Self> {
        let version = match connection.protocol_version()? {
            ProtocolVersion::TLSv1_2 => TlsVersion::Tls12,
            _ => TlsVersion::Tls13,
        };
        let cipher = connection.negotiated_cipher_suite()?.suite().as_str().unwrap_or("unknown");
        let kind = connection.handshake_kind()?;
        let resumed = kind == HandshakeKind::Resumed;
        // RFC 8446 §2, §2.1; RFC 5246 §7.3.
        let round_trips = match (version, kind) {
            (TlsVersion::Tls13, HandshakeKind::FullWithHelloRetryRequest) => 2,
            (TlsVersion::Tls13, _) | (TlsVersion::Tls12, HandshakeKind::Resumed) => 1,
            (TlsVersion::Tls12, _) => 2,
        };
        let certificates = connection.peer_certificates().unwrap_or_default();
        Some(Self {
            version,
            // The library has names of its own for those of TLS 1.3.
            cipher: cipher.replacen("TLS13_", "TLS_", 1),
            peer_certificates: certificates.iter().map(|certificate| certificate.to_vec()).collect(),
            resumed,
            round_trips,
        })
    }
}

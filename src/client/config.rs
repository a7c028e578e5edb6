//! Where to connect, and how. Plain values; nothing here acts.

use std::path::PathBuf;

use super::peers::Peers;
use crate::session::Options;
use crate::tls::{self, Tls, TlsConfigError, TlsMode};

/// The server to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A host name or address, and a port.
    Tcp {
        /// Name, IPv4 or IPv6 address (with or without brackets).
        host: String,
        /// Port.
        port: u16,
    },
    /// A unix socket.
    Unix(PathBuf),
}

/// Everything a [`Client`](super::Client) can be told before it connects.
#[derive(Clone, Debug)]
pub struct Config {
    /// The server.
    pub target: Target,
    /// What the session is told.
    pub session: Options,
    /// Whether and how the connection is encrypted. It decides what the session is told of STARTTLS.
    pub tls: Tls,
    /// Make another connection when the session asks for one (see
    /// [`Event::Reconnect`](crate::session::Event::Reconnect)); otherwise what is open then is not sent.
    pub reconnect: bool,
    /// Where to look up what was learnt of the server before, and to remember what is learnt now.
    pub peers: Option<Peers>,
}

impl Config {
    /// The defaults, for a host and port.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self::to(Target::Tcp { host: host.into(), port })
    }

    /// The defaults, for a unix socket.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::to(Target::Unix(path.into()))
    }

    fn to(target: Target) -> Self {
        Self { target, session: Options::default(), tls: Tls::default(), reconnect: true, peers: None }
    }

    /// The session's options, with what TLS makes of them.
    pub(super) fn session_options(&self) -> Options {
        let starttls = self.tls.starttls();
        let clear_after_failed_tls = self.tls.clear_after_failed_tls;
        Options { starttls, clear_after_failed_tls, ..self.session.clone() }
    }

    /// What begins TLS; none where there is to be none.
    pub(super) fn tls_connector(&self) -> Result<Option<tls::Connector>, TlsConfigError> {
        if self.tls.mode == TlsMode::None {
            return Ok(None);
        }
        let host = match &self.target {
            Target::Tcp { host, .. } => Some(host.as_str()),
            Target::Unix(_) => None,
        };
        tls::Connector::new(&self.tls, host).map(Some)
    }
}

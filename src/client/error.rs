//! Why there is no connection. What happens to one that was there is the session's to say.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::session::{SessionError, TlsFailure};
use crate::tls::TlsConfigError;
use crate::wire::Reply;

/// A connection could not be made, or the server would not talk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host has no address.
    #[error("{host}: no address")]
    NoAddress {
        /// The host.
        host: String,
    },
    /// The host name could not be resolved.
    #[error("{host}: {source}")]
    Resolve {
        /// The host.
        host: String,
        /// The resolver's error.
        source: io::Error,
    },
    /// The session ended before it was ready: greeting or EHLO refused, a broken reply, a timeout, a hang-up.
    #[error("{0}")]
    Session(#[from] SessionError),
    /// A socket could not be made or set up.
    #[error("socket: {0}")]
    Socket(io::Error),
    /// What was asked of TLS can't be done. Nothing was connected.
    #[error("TLS: {0}")]
    Tls(#[from] TlsConfigError),
    /// No address answered; the error of the last.
    #[error("{address}: {source}")]
    Tcp {
        /// The last address tried.
        address: SocketAddr,
        /// What it said.
        source: io::Error,
    },
    /// No connection in time.
    #[error("timed out while connecting")]
    TimedOut,
    /// The unix socket could not be connected to.
    #[error("{path}: {source}", path = path.display())]
    Unix {
        /// The path.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
}

impl ConnectError {
    /// The server's reply, where there was one.
    pub const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Session(error) => error.reply(),
            _ => None,
        }
    }

    /// Whether time ran out.
    pub const fn is_timeout(&self) -> bool {
        match self {
            Self::TimedOut | Self::Session(SessionError::Timeout { .. }) => true,
            Self::Session(SessionError::Tls(error)) => matches!(error.failure(), TlsFailure::TimedOut),
            _ => false,
        }
    }

    /// The system's error, where there was one.
    pub const fn io_error(&self) -> Option<&io::Error> {
        match self {
            Self::Resolve { source, .. } | Self::Tcp { source, .. } | Self::Unix { source, .. } => {
                Some(source)
            }
            Self::Socket(source) => Some(source),
            Self::NoAddress { .. } | Self::Session(_) | Self::Tls(_) | Self::TimedOut => None,
        }
    }
}

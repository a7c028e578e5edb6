//! From a host name to a connected socket: all addresses, families in turn, each attempt given a head start before the next
//! joins it (RFC 8305 §4, §5). The name is resolved by the system, and that alone may block.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::config::Target;
use super::error::ConnectError;
use super::socket::{Interest, Socket, wait};

/// The head start of an attempt before the next begins (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Attempts under way.
#[derive(Debug)]
pub(super) struct Connector {
    /// With each whether it is told everything at once, and so may be connected to by the first write.
    waiting: VecDeque<(SocketAddr, bool)>,
    attempts: Vec<(SocketAddr, Socket)>,
    /// When the last attempt began.
    since: Instant,
    /// When it is all over.
    deadline: Instant,
    failed: Option<ConnectError>,
}

impl Connector {
    /// Resolves the name and begins with the first address; or is connected at once.
    pub(super) fn new(
        target: &Target,
        limit: Duration,
        fast: impl Fn(SocketAddr) -> bool,
    ) -> Result<Self, ConnectError> {
        let now = Instant::now();
        let mut this = Self {
            waiting: VecDeque::new(),
            attempts: Vec::new(),
            since: now,
            deadline: now.checked_add(limit).unwrap_or(now + Duration::from_secs(24 * 3600)),
            failed: None,
        };
        match target {
            Target::Tcp { host, port } => {
                this.waiting =
                    resolve(host, *port)?.into_iter().map(|address| (address, fast(address))).collect();
                this.next();
            }
            Target::Unix(path) => {
                let unix = |source| ConnectError::Unix { path: path.clone(), source };
                // An address to keep the list uniform; a unix socket has none.
                let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
                this.attempts.push((nowhere, Socket::unix(path).map_err(unix)?));
            }
        }
        Ok(this)
    }

    /// What came of it so far. `Ok(None)`: nothing yet.
    pub(super) fn poll(&mut self, timeout: Option<Duration>) -> Result<Option<Socket>, ConnectError> {
        if self.attempts.is_empty() {
            return Err(self.failed.take().unwrap_or(ConnectError::TimedOut));
        }
        let timeout = self.timeout().min(timeout.unwrap_or(Duration::MAX));
        let interest = Interest { read: false, write: true };
        let sockets: Vec<_> = self.attempts.iter().map(|(_, socket)| (socket, interest)).collect();
        let ready = wait(&sockets, Some(timeout)).map_err(ConnectError::Socket)?;
        let at = ready.iter().position(|&ready| ready);
        if let Some(at) = at {
            let (address, socket) = self.attempts.remove(at);
            match socket.connected() {
                Ok(()) => return Ok(Some(socket)),
                Err(source) => {
                    self.failed = Some(ConnectError::Tcp { address, source });
                    self.next();
                }
            }
        }
        let now = Instant::now();
        if now >= self.deadline {
            return Err(ConnectError::TimedOut);
        }
        if now.duration_since(self.since) >= HEAD_START {
            self.next();
        }
        if self.attempts.is_empty() {
            return Err(self.failed.take().unwrap_or(ConnectError::TimedOut));
        }
        Ok(None)
    }

    /// How long until the next attempt, or the end.
    pub(super) fn timeout(&self) -> Duration {
        let now = Instant::now();
        let end = self.deadline.saturating_duration_since(now);
        if self.waiting.is_empty() {
            end
        } else {
            end.min((self.since + HEAD_START).saturating_duration_since(now))
        }
    }

    /// The newest attempt's socket, for a caller that waits himself.
    pub(super) fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.attempts.last().map(|(_, socket)| socket.as_fd())
    }

    /// Begins with the next address that can be begun with.
    fn next(&mut self) {
        while let Some((address, fast)) = self.waiting.pop_front() {
            self.since = Instant::now();
            match Socket::tcp(address, fast) {
                Ok(socket) => {
                    self.attempts.push((address, socket));
                    return;
                }
                Err(source) => self.failed = Some(ConnectError::Tcp { address, source }),
            }
        }
    }
}

/// The host's addresses, families in turn, the resolver's first choice first (RFC 8305 §4).
fn resolve(host: &str, port: u16) -> Result<VecDeque<SocketAddr>, ConnectError> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    if bare.is_empty() || bare.bytes().any(|byte| byte <= b' ' || byte == 0x7f) {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "not a host name");
        return Err(ConnectError::Resolve { host: host.escape_default().to_string(), source });
    }
    let found = (bare, port)
        .to_socket_addrs()
        .map_err(|source| ConnectError::Resolve { host: host.to_owned(), source })?;
    let (mut first, mut second) = (VecDeque::new(), VecDeque::new());
    for address in found {
        let same = first.front().is_none_or(|front: &SocketAddr| front.is_ipv4() == address.is_ipv4());
        if same { first.push_back(address) } else { second.push_back(address) }
    }
    let mut all = VecDeque::new();
    while let Some(address) = first.pop_front().or_else(|| second.pop_front()) {
        all.push_back(address);
        all.extend(second.pop_front());
    }
    if all.is_empty() { Err(ConnectError::NoAddress { host: host.to_owned() }) } else { Ok(all) }
}

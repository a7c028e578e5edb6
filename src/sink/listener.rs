//! The listening socket, TCP or unix.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::net::sockopt;

use super::options::SinkOptions;

/// A thousand clients may well connect at once.
const BACKLOG: i32 = 4096;

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

#[derive(Debug)]
pub(super) struct Listener {
    kind: Kind,
    /// The same socket, for the poller.
    pub(super) fd: Arc<OwnedFd>,
    buffers: Option<usize>,
}

impl Listener {
    pub(super) fn bind(options: &SinkOptions) -> io::Result<Self> {
        let (kind, fd) = match &options.unix_path {
            Some(path) => {
                let listener = bind_unix(path)?;
                listener.set_nonblocking(true)?;
                let fd = listener.as_fd().try_clone_to_owned()?;
                (Kind::Unix(listener, path.clone()), fd)
            }
            None => {
                let addresses: Vec<SocketAddr> =
                    (options.host.as_str(), options.port).to_socket_addrs()?.collect();
                let listener = TcpListener::bind(addresses.as_slice())?;
                listener.set_nonblocking(true)?;
                let fd = listener.as_fd().try_clone_to_owned()?;
                (Kind::Tcp(listener), fd)
            }
        };
        rustix::net::listen(&fd, BACKLOG)?;
        if let Some(size) = options.socket_buffers {
            // Accepted sockets inherit it, and the window is agreed on in the handshake.
            sockopt::set_socket_recv_buffer_size(&fd, size)?;
        }
        Ok(Self { kind, fd: Arc::new(fd), buffers: options.socket_buffers })
    }

    /// The address bound to; none for a unix socket.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        match &self.kind {
            Kind::Tcp(listener) => listener.local_addr().ok(),
            Kind::Unix(..) => None,
        }
    }

    /// The next connection, ready for use.
    pub(super) fn accept(&self) -> io::Result<OwnedFd> {
        let fd = match &self.kind {
            Kind::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                OwnedFd::from(stream)
            }
            Kind::Unix(listener, _) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                OwnedFd::from(stream)
            }
        };
        if let Some(size) = self.buffers {
            sockopt::set_socket_recv_buffer_size(&fd, size)?;
            sockopt::set_socket_send_buffer_size(&fd, size)?;
        }
        #[cfg(target_vendor = "apple")]
        sockopt::set_socket_nosigpipe(&fd, true)?;
        Ok(fd)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Kind::Unix(_, path) = &self.kind {
            // Whoever removed it before us did our work.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Binds; a socket file that nobody listens on is in nobody's way.
fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => match UnixStream::connect(path) {
            Err(refused) if refused.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(path)?;
                UnixListener::bind(path)
            }
            _ => Err(error),
        },
        result => result,
    }
}

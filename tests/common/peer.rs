//! The other end of a real connection: a socket that says what the script says, and checks what it hears.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use smtpipe::client::Config;

use super::escape::show;

/// Long enough for the slowest machine; only a hang gets there.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    pub(crate) fn tcp() -> Self {
        Self::Tcp(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
    }

    pub(crate) fn unix() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("smtpipe-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        Self::Unix(UnixListener::bind(&path).unwrap(), path)
    }

    pub(crate) fn config(&self) -> Config {
        match self {
            Self::Tcp(listener) => {
                let address = listener.local_addr().unwrap();
                Config::new(address.ip().to_string(), address.port())
            }
            Self::Unix(_, path) => Config::unix(path),
        }
    }

    fn wait_for_client(&self) {
        let fd = match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener, _) => listener.as_fd(),
        };
        assert!(wait(&mut [PollFd::new(&fd, PollFlags::IN)]), "no client connects");
    }

    /// The bare socket, blocking.
    pub(crate) fn accept_unix(&self) -> UnixStream {
        match self {
            Self::Unix(listener, _) => listener.accept().unwrap().0,
            Self::Tcp(_) => panic!("not a unix socket"),
        }
    }

    pub(crate) fn accept(&self) -> Peer {
        self.wait_for_client();
        match self {
            Self::Tcp(listener) => {
                let stream = listener.accept().unwrap().0;
                stream.set_nodelay(true).unwrap();
                Peer::new(Stream::Tcp(stream))
            }
            Self::Unix(listener, _) => Peer::new(Stream::Unix(listener.accept().unwrap().0)),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// One accepted connection.
#[derive(Debug)]
pub(crate) struct Peer {
    stream: Stream,
    pub(crate) heard: Vec<u8>,
    /// The client has closed its side.
    pub(crate) ended: bool,
}

impl Peer {
    fn new(stream: Stream) -> Self {
        match &stream {
            Stream::Tcp(stream) => stream.set_nonblocking(true).unwrap(),
            Stream::Unix(stream) => stream.set_nonblocking(true).unwrap(),
        }
        Self { stream, heard: Vec::new(), ended: false }
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.stream {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }

    /// Takes what is there.
    pub(crate) fn listen(&mut self) {
        let mut buffer = [0; 64 * 1024];
        loop {
            let result = match &mut self.stream {
                Stream::Tcp(stream) => stream.read(&mut buffer),
                Stream::Unix(stream) => stream.read(&mut buffer),
            };
            match result {
                Ok(0) => {
                    self.ended = true;
                    return;
                }
                Ok(n) => self.heard.extend_from_slice(&buffer[..n]),
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.ended = true;
                    return;
                }
            }
        }
    }

    /// Waits until so much was heard, or the client has gone.
    pub(crate) fn listen_for(&mut self, bytes: usize) {
        while self.heard.len() < bytes && !self.ended {
            assert!(wait(&mut [PollFd::new(&self.as_fd(), PollFlags::IN)]), "the client says nothing more");
            self.listen();
        }
    }

    /// Says it all, if the client is still there.
    pub(crate) fn say(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let result = match &mut self.stream {
                Stream::Tcp(stream) => stream.write(bytes),
                Stream::Unix(stream) => stream.write(bytes),
            };
            match result {
                Ok(n) => bytes = &bytes[n..],
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    assert!(
                        wait(&mut [PollFd::new(&self.as_fd(), PollFlags::OUT)]),
                        "the client reads nothing"
                    );
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Breaks the connection, so that the client's next read fails. (Over a unix socket it just ends.)
    pub(crate) fn reset(self) {
        if let Stream::Tcp(stream) = &self.stream {
            rustix::net::sockopt::set_socket_linger(stream, Some(Duration::ZERO)).unwrap();
        }
    }

    pub(crate) fn compare(&self, expected: &[u8]) {
        assert!(self.heard == expected, "expected\n{}\nbut heard\n{}", show(expected), show(&self.heard));
    }
}

/// False if nothing became ready for a very long time.
pub(crate) fn wait(fds: &mut [PollFd<'_>]) -> bool {
    let limit = Timespec { tv_sec: LONG.as_secs().try_into().unwrap(), tv_nsec: 0 };
    loop {
        match poll(fds, Some(&limit)) {
            Ok(ready) => return ready > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => panic!("{e}"),
        }
    }
}

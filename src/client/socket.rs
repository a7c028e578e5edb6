//! One non-blocking stream socket: the system calls of the client, and nothing of SMTP. No call here blocks but `wait`, and
//! none raises SIGPIPE: a C program that links us may not have it ignored.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketAddrUnix, SocketType, sockopt,
};

// The calls that can fail; in tests they do.
#[cfg(test)]
use super::faults::{connect, poll, recv, sendmsg, set_tcp_nodelay, shutdown, socket, socket_error};
#[cfg(not(test))]
use rustix::{
    event::poll,
    net::sockopt::{set_tcp_nodelay, socket_error},
    net::{connect, recv, sendmsg, shutdown, socket},
};

/// What a socket is waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Until there is something to read.
    pub read: bool,
    /// Until there is room to write.
    pub write: bool,
}

#[derive(Debug)]
pub(super) struct Socket {
    fd: OwnedFd,
    /// The other side, if it is a TCP socket.
    address: Option<SocketAddr>,
}

impl Socket {
    /// Begins to connect. It is connected, or has failed, when it can be written to.
    ///
    /// With `fast`, and if the kernel has a cookie of that server (RFC 7413), it can be written to at once, and only that makes the
    /// connection: the first bytes go with the SYN. Otherwise it connects as ever, and asks for a cookie.
    pub(super) fn tcp(address: SocketAddr, fast: bool) -> io::Result<Self> {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let this = Self { fd: stream(family)?, address: Some(address) };
        // A command group is written in one go; waiting for more to send with it would only cost time.
        set_tcp_nodelay(&this.fd, true)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if fast {
            // A kernel without it connects as ever.
            let _ =
                nix::sys::socket::setsockopt(&this.fd, nix::sys::socket::sockopt::TcpFastOpenConnect, &true);
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let _ = fast;
        begun(connect(&this.fd, &address))?;
        Ok(this)
    }

    /// Connects to a unix socket, which does not take time.
    pub(super) fn unix(path: &Path) -> io::Result<Self> {
        let this = Self { fd: stream(AddressFamily::UNIX)?, address: None };
        begun(connect(&this.fd, &SocketAddrUnix::new(path)?))?;
        Ok(this)
    }

    /// The address connected to; a unix socket has none.
    pub(super) const fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// How connecting ended.
    pub(super) fn connected(&self) -> io::Result<()> {
        socket_error(&self.fd)?.map_err(Into::into)
    }

    /// Reads what is there. `Ok(None)`: nothing now; `Ok(Some(0))`: the other side closed.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            match recv(self.fd.as_fd(), &mut *buffer, RecvFlags::empty()) {
                Ok((n, _)) => return Ok(Some(n)),
                Err(Errno::INTR) => {}
                Err(error) if would_block(error) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes what there is room for. `Ok(None)`: none now.
    pub(super) fn write(&self, slices: &[IoSlice<'_>]) -> io::Result<Option<usize>> {
        loop {
            match sendmsg(self.fd.as_fd(), slices, &mut SendAncillaryBuffer::default(), NO_SIGNAL) {
                Ok(n) => return Ok(Some(n)),
                Err(Errno::INTR) => {}
                // Out of buffers is out of room, for now (ENOBUFS is transient on a connected stream). A connection that was to be
                // made by this very write (`fast`) is in progress if the cookie has been lost meanwhile.
                Err(error) if would_block(error) || matches!(error, Errno::NOBUFS | Errno::INPROGRESS) => {
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Ends the writing side.
    pub(super) fn shut(&self) {
        // The connection is being left: there is nobody to tell of a failure.
        let _ = shutdown(&self.fd, Shutdown::Write);
    }

    /// Asks the kernel to acknowledge at once what comes next. Servers that write each reply by itself with Nagle's
    /// algorithm on wait for it (40 ms a reply); the kernel forgets the wish, so it is renewed before each wait.
    pub(super) fn hurry(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if self.address.is_some() {
            let _ = sockopt::set_tcp_quickack(&self.fd, true);
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Waits for sockets; `None` is for ever. Returns which are ready; none when the time has passed or a signal came.
pub(super) fn wait(sockets: &[(&Socket, Interest)], timeout: Option<Duration>) -> io::Result<Vec<bool>> {
    let mut fds: Vec<_> = sockets
        .iter()
        .map(|(socket, interest)| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, interest.read);
            flags.set(PollFlags::OUT, interest.write);
            PollFd::new(*socket, flags)
        })
        .collect();
    let timeout = timeout.map(|timeout| Timespec::try_from(timeout).unwrap_or(LONG));
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) => Ok(fds.iter().map(|fd| !fd.revents().is_empty()).collect()),
        Err(Errno::INTR) => Ok(vec![false; sockets.len()]),
        Err(error) => Err(error.into()),
    }
}

/// Waits for a socket, and for something else to become readable.
pub(super) fn wait_also(
    socket: &Socket,
    interest: Interest,
    other: Option<BorrowedFd<'_>>,
    timeout: Option<Duration>,
) -> io::Result<()> {
    let Some(other) = other else { return wait(&[(socket, interest)], timeout).map(|_| ()) };
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, interest.read);
    flags.set(PollFlags::OUT, interest.write);
    let mut fds = [PollFd::new(socket, flags), PollFd::new(&other, PollFlags::IN)];
    let timeout = timeout.map(|timeout| Timespec::try_from(timeout).unwrap_or(LONG));
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

const LONG: Timespec = Timespec { tv_sec: i32::MAX as i64, tv_nsec: 0 };

#[cfg(not(target_vendor = "apple"))]
const NO_SIGNAL: SendFlags = SendFlags::NOSIGNAL;
// There SO_NOSIGPIPE is set on the socket instead.
#[cfg(target_vendor = "apple")]
const NO_SIGNAL: SendFlags = SendFlags::empty();

fn stream(family: AddressFamily) -> io::Result<OwnedFd> {
    let fd = socket(family, SocketType::STREAM, None)?;
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    rustix::io::ioctl_fionbio(&fd, true)?;
    #[cfg(target_vendor = "apple")]
    sockopt::set_socket_nosigpipe(&fd, true)?;
    Ok(fd)
}

fn begun(result: rustix::io::Result<()>) -> io::Result<()> {
    match result {
        Ok(()) | Err(Errno::INPROGRESS | Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn would_block(error: Errno) -> bool {
    // The two are one number on most systems and not on all.
    error == Errno::AGAIN || error == Errno::WOULDBLOCK
}

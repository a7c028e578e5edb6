//! The system calls of `socket`, for tests: each does what it does, but for the call that is to fail. The seam is nothing but
//! this module's names in place of rustix's; a product has neither.
#![allow(clippy::expect_used, reason = "a test that can't go on has failed")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, Timespec};
use rustix::io::{Errno, Result};
use rustix::net::addr::SocketAddrArg;
use rustix::net::{AddressFamily, Protocol, RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, SocketType};

/// A system call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Call {
    Socket,
    Nodelay,
    Connect,
    SocketError,
    Poll,
    Recv,
    Sendmsg,
    Shutdown,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Error(Errno),
    /// Only so many bytes are read or written.
    Short(usize),
}

/// From the nth call on (counted from 0), so many times.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) call: Call,
    pub(super) nth: usize,
    pub(super) times: usize,
    pub(super) what: What,
}

/// What happens elsewhere while a call is made.
type Meanwhile = Box<dyn FnMut()>;

#[derive(Debug, Default)]
struct Table {
    fault: Option<Fault>,
    made: BTreeMap<Call, usize>,
}

thread_local! {
    // A client is driven by one thread: its test's.
    static TABLE: RefCell<Table> = RefCell::default();
    static BEHIND_SENDMSG: RefCell<Option<Meanwhile>> = RefCell::default();
}

/// What happens in this thread from now on when something was sent, before the call returns: the server is nearer than that.
pub(super) fn behind_sendmsg(what: Option<Meanwhile>) {
    BEHIND_SENDMSG.set(what);
}

/// What is to go wrong in this thread from now on; counting starts anew.
pub(super) fn arm(fault: Option<Fault>) {
    TABLE.with_borrow_mut(|table| *table = Table { fault, made: BTreeMap::new() });
}

/// How often a call was made in this thread.
pub(super) fn made(call: Call) -> usize {
    TABLE.with_borrow(|table| table.made.get(&call).copied().unwrap_or(0))
}

fn count(call: Call) -> Option<What> {
    TABLE.with_borrow_mut(|table| {
        let made = table.made.entry(call).or_default();
        let nth = *made;
        *made += 1;
        let fault = table.fault.filter(|fault| fault.call == call)?;
        (fault.nth..fault.nth.saturating_add(fault.times)).contains(&nth).then_some(fault.what)
    })
}

fn fail(call: Call) -> Result<()> {
    match count(call) {
        Some(What::Error(error)) => Err(error),
        Some(What::Short(_)) | None => Ok(()),
    }
}

pub(super) fn socket(family: AddressFamily, kind: SocketType, protocol: Option<Protocol>) -> Result<OwnedFd> {
    fail(Call::Socket)?;
    rustix::net::socket(family, kind, protocol)
}

pub(super) fn set_tcp_nodelay(fd: impl AsFd, on: bool) -> Result<()> {
    fail(Call::Nodelay)?;
    rustix::net::sockopt::set_tcp_nodelay(fd, on)
}

pub(super) fn connect(fd: impl AsFd, address: &impl SocketAddrArg) -> Result<()> {
    let fault = fail(Call::Connect);
    if let Err(Errno::INTR | Errno::INPROGRESS) = fault {
        // It goes on all the same.
        let _ = rustix::net::connect(fd, address);
        return fault;
    }
    fault?;
    rustix::net::connect(fd, address)
}

pub(super) fn socket_error(fd: impl AsFd) -> Result<Result<()>> {
    match count(Call::SocketError) {
        Some(What::Error(error)) => Ok(Err(error)),
        Some(What::Short(_)) | None => rustix::net::sockopt::socket_error(fd),
    }
}

pub(super) fn poll(fds: &mut [PollFd<'_>], timeout: Option<&Timespec>) -> Result<usize> {
    fail(Call::Poll)?;
    rustix::event::poll(fds, timeout)
}

pub(super) fn recv(fd: BorrowedFd<'_>, buffer: &mut [u8], flags: RecvFlags) -> Result<(usize, usize)> {
    match count(Call::Recv) {
        Some(What::Error(error)) => Err(error),
        Some(What::Short(n)) => {
            let (short, _) = buffer.split_at_mut(n.min(buffer.len()));
            rustix::net::recv(fd, short, flags)
        }
        None => rustix::net::recv(fd, buffer, flags),
    }
}

pub(super) fn sendmsg(
    fd: BorrowedFd<'_>,
    slices: &[IoSlice<'_>],
    control: &mut SendAncillaryBuffer<'_, '_, '_>,
    flags: SendFlags,
) -> Result<usize> {
    let sent = match count(Call::Sendmsg) {
        Some(What::Error(error)) => Err(error),
        Some(What::Short(mut room)) => {
            let mut short = Vec::new();
            for slice in slices {
                let (part, _) = slice.split_at(slice.len().min(room));
                room -= part.len();
                short.push(IoSlice::new(part));
            }
            rustix::net::sendmsg(fd, &short, control, flags)
        }
        None => rustix::net::sendmsg(fd, slices, control, flags),
    };
    BEHIND_SENDMSG.with_borrow_mut(|what| what.as_mut().map(|what| what()));
    sent
}

pub(super) fn shutdown(fd: impl AsFd, how: Shutdown) -> Result<()> {
    fail(Call::Shutdown)?;
    rustix::net::shutdown(fd, how)
}

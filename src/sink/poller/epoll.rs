//! epoll. A socket that isn't watched for anything is taken out: epoll would report its hang-up for ever.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags};

use super::{Interest, Ready, timespec};

/// Events taken per call. They live on the stack.
const BATCH: usize = 256;

#[derive(Debug)]
pub(in crate::sink) struct Poller {
    epoll: OwnedFd,
}

impl Poller {
    pub(in crate::sink) fn new() -> io::Result<Self> {
        Ok(Self { epoll: epoll::create(CreateFlags::CLOEXEC)? })
    }

    pub(in crate::sink) fn add(&mut self, fd: &Arc<OwnedFd>, key: u64, interest: Interest) -> io::Result<()> {
        if !interest.is_none() {
            epoll::add(&self.epoll, fd, EventData::new_u64(key), flags(interest))?;
        }
        Ok(())
    }

    pub(in crate::sink) fn modify(
        &mut self,
        fd: &Arc<OwnedFd>,
        key: u64,
        from: Interest,
        to: Interest,
    ) -> io::Result<()> {
        match (from.is_none(), to.is_none()) {
            (true, _) => self.add(fd, key, to),
            (false, true) => {
                self.remove(fd, key, from);
                Ok(())
            }
            (false, false) => Ok(epoll::modify(&self.epoll, fd, EventData::new_u64(key), flags(to))?),
        }
    }

    pub(in crate::sink) fn remove(&mut self, fd: &Arc<OwnedFd>, _key: u64, interest: Interest) {
        if !interest.is_none() {
            // Can fail only if it isn't there.
            let _ = epoll::delete(&self.epoll, fd);
        }
    }

    /// Waits until a socket is ready or the time has passed; both and neither are possible.
    pub(in crate::sink) fn wait(
        &mut self,
        ready: &mut Vec<Ready>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        ready.clear();
        let mut zero = None;
        if let Some(timeout) = timeout {
            // epoll counts in milliseconds, and a simulated round trip shouldn't: ppoll waits, epoll tells.
            if !timeout.is_zero() {
                let mut fds = [PollFd::from_borrowed_fd(self.epoll.as_fd(), PollFlags::IN)];
                match rustix::event::poll(&mut fds, Some(&timespec(timeout))) {
                    Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(()),
                    Ok(_) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            zero = Some(timespec(Duration::ZERO));
        }
        let mut events = [const { MaybeUninit::<epoll::Event>::uninit() }; BATCH];
        let events = match epoll::wait(&self.epoll, events.as_mut_slice(), zero.as_ref()) {
            Ok((events, _)) => events,
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        ready.extend(events.iter().map(|event| {
            let flags = event.flags;
            let trouble = flags.intersects(EventFlags::ERR | EventFlags::HUP);
            Ready {
                key: event.data.u64(),
                read: trouble || flags.contains(EventFlags::IN),
                write: trouble || flags.contains(EventFlags::OUT),
            }
        }));
        Ok(())
    }
}

fn flags(interest: Interest) -> EventFlags {
    let mut flags = EventFlags::empty();
    flags.set(EventFlags::IN, interest.read);
    flags.set(EventFlags::OUT, interest.write);
    flags
}

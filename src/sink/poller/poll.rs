//! `poll`, for systems without epoll: the time of a call grows with the number of sockets.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags};

use super::{Interest, Ready, timespec};

#[derive(Debug)]
pub(in crate::sink) struct Poller {
    sockets: BTreeMap<u64, (Arc<OwnedFd>, Interest)>,
}

impl Poller {
    pub(in crate::sink) fn new() -> io::Result<Self> {
        Ok(Self { sockets: BTreeMap::new() })
    }

    pub(in crate::sink) fn add(&mut self, fd: &Arc<OwnedFd>, key: u64, interest: Interest) -> io::Result<()> {
        self.sockets.insert(key, (Arc::clone(fd), interest));
        Ok(())
    }

    pub(in crate::sink) fn modify(
        &mut self,
        fd: &Arc<OwnedFd>,
        key: u64,
        _from: Interest,
        to: Interest,
    ) -> io::Result<()> {
        self.add(fd, key, to)
    }

    pub(in crate::sink) fn remove(&mut self, _fd: &Arc<OwnedFd>, key: u64, _interest: Interest) {
        self.sockets.remove(&key);
    }

    pub(in crate::sink) fn wait(
        &mut self,
        ready: &mut Vec<Ready>,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        ready.clear();
        let watched = || self.sockets.iter().filter(|(_, (_, interest))| !interest.is_none());
        let mut fds: Vec<PollFd<'_>> = watched()
            .map(|(_, (fd, interest))| {
                let mut flags = PollFlags::empty();
                flags.set(PollFlags::IN, interest.read);
                flags.set(PollFlags::OUT, interest.write);
                PollFd::from_borrowed_fd(fd.as_fd(), flags)
            })
            .collect();
        match rustix::event::poll(&mut fds, timeout.map(timespec).as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        ready.extend(fds.iter().zip(watched()).filter(|(fd, _)| !fd.revents().is_empty()).map(
            |(fd, (&key, _))| {
                let flags = fd.revents();
                let trouble = flags.intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL);
                Ready {
                    key,
                    read: trouble || flags.contains(PollFlags::IN),
                    write: trouble || flags.contains(PollFlags::OUT),
                }
            },
        ));
        Ok(())
    }
}

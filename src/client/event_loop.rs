//! The client in an event loop, the caller's or that of the calls that wait: what to wait on, for what, how long, and then to do what
//! can be done. Nothing here waits.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use super::socket::{Interest, Socket};
use super::{Client, Link};

impl Client {
    /// What the caller's event loop has to wait on; `None` when closed. It may be another one after each call that drives
    /// the connection.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.link {
            Link::Connecting(connector) => connector.as_fd(),
            Link::Handshake(_) | Link::Open(_) | Link::Closed => self.socket().map(AsFd::as_fd),
        }
    }

    /// What to wait for.
    pub fn interest(&mut self) -> Interest {
        match &self.link {
            Link::Connecting(_) => Interest { read: false, write: true },
            Link::Handshake(handshake) => handshake.stream.interest(),
            Link::Open(stream) => {
                Interest { read: true, write: stream.wants_write() || self.session.wants_output() }
            }
            Link::Closed => Interest::default(),
        }
    }

    /// How long until [`drive`](Self::drive) must be called even if nothing is ready; zero while there are outcomes to be
    /// collected, so that a loop that looks for them only when woken can't sleep on them, and when the last call came back with
    /// more to do, so that one that is told of changes only (`EPOLLET`) doesn't stop. `None`: as long as you like.
    pub fn timeout(&self) -> Option<Duration> {
        if self.outcomes.is_empty() { self.due() } else { Some(Duration::ZERO) }
    }

    pub(super) fn socket(&self) -> Option<&Socket> {
        match &self.link {
            Link::Handshake(handshake) => Some(&handshake.stream.socket),
            Link::Open(stream) => Some(stream.socket()),
            Link::Connecting(_) | Link::Closed => None,
        }
    }

    /// How long until the connection itself wants attention.
    pub(super) fn due(&self) -> Option<Duration> {
        match &self.link {
            Link::Connecting(connector) => Some(connector.timeout()),
            Link::Handshake(handshake) => Some(handshake.until.saturating_sub(self.now())),
            Link::Open(_) if self.more => Some(Duration::ZERO),
            Link::Open(_) => {
                let session = self.session.deadline().map(|deadline| deadline.saturating_sub(self.now()));
                [session, self.sources.due()].into_iter().flatten().min()
            }
            Link::Closed => None,
        }
    }

    /// Does what can be done without blocking: connects, reads, writes, ends what has waited too long. From a server that answers
    /// faster than we ask it comes back after some megabytes all the same; [`timeout`](Self::timeout) is zero then.
    pub fn drive(&mut self) {
        self.go(Self::exchange);
    }

    /// As [`drive`](Self::drive), but what is answered to what it writes is left for another call: what [`send`](Self::send)
    /// does. A server may be so near that each answer is there before the next look; driving would then keep the caller for as
    /// long as anything is queued, and what he is about to queue could not go along.
    pub fn drive_once(&mut self) {
        self.go(Self::exchange_once);
    }

    fn go(&mut self, exchange: fn(&mut Self) -> bool) {
        let mut drawn = false;
        loop {
            let again = match &self.link {
                // To a server that lets us speak first all is said at once: what is queued next goes with EHLO.
                Link::Connecting(_) => {
                    self.connecting() && !(self.session.is_early() && self.session.unfinished() == 0)
                }
                Link::Handshake(_) => self.handshake(),
                Link::Open(_) => exchange(self),
                Link::Closed => false,
            };
            self.take_events();
            let again = self.answer_gssapi() || again;
            // Once: a fast source must not keep the caller here for as long as it has something.
            let drew = !core::mem::replace(&mut drawn, true) && self.draw();
            if !again && !drew {
                break;
            }
        }
        let now = self.now();
        self.session.handle_timeout(now);
        self.take_events();
    }
}

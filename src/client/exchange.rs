//! The loop that joins session and socket: connect, write, read, hand on what became known, connect anew when asked to.
//! The order within [`Client::drive`] is the driver contract of [`Session`](crate::session::Session); nothing is decided here.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::connect::Connector;
use super::error::ConnectError;
use super::peers::PeerKey;
use super::socket::{Socket, wait_also};
use super::{Client, Link, Target};
use crate::session::{Event, TlsError, TlsFailure};

/// How many slices one system call takes.
const SLICES: usize = 256;
/// How much one system call reads.
const BUFFER: usize = 64 * 1024;
/// How many reports of levels and connections are kept for [`Client::next_report`].
const REPORTS: usize = 64;

impl Client {
    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// Drives until it is done. False: the timeout passed first.
    pub(super) fn drive_until(&mut self, timeout: Option<Duration>, done: impl Fn(&Self) -> bool) -> bool {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            self.drive();
            if done(self) {
                return true;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return false;
            }
            self.wait(left);
        }
    }

    /// Waits until there is something to do, or so long.
    pub(super) fn wait(&mut self, limit: Option<Duration>) {
        let limit = match (limit, self.due()) {
            (Some(limit), Some(own)) => Some(limit.min(own)),
            (limit, own) => limit.or(own),
        };
        let interest = self.interest();
        if let Link::Open(socket) = &self.link {
            socket.hurry();
            // It fails only for want of memory; then there is nothing better to do than to go on.
            let _ = wait_also(socket, interest, self.source_fd(), limit);
        } else if let Link::Connecting(connector) = &mut self.link {
            match connector.poll(limit) {
                Ok(Some(socket)) => self.opened(socket),
                Ok(None) => {}
                Err(error) => self.failed(error),
            }
        }
    }

    /// True: connected, or given up.
    pub(super) fn connecting(&mut self) -> bool {
        let Link::Connecting(connector) = &mut self.link else { return false };
        match connector.poll(Some(Duration::ZERO)) {
            Ok(Some(socket)) => self.opened(socket),
            Ok(None) => return false,
            Err(error) => self.failed(error),
        }
        true
    }

    fn opened(&mut self, socket: Socket) {
        self.recall(&socket);
        self.link = Link::Open(socket);
        let now = self.now();
        self.give_nonce();
        self.session.start(now);
    }

    /// Looks up what was learnt of the server before. After the first connection the session itself knows better.
    fn recall(&mut self, socket: &Socket) {
        let Some(peers) = &self.config.peers else { return };
        let key = key(&self.config.target, socket.address());
        if self.key.is_none()
            && let Some(record) = peers.get(&key)
        {
            self.session.set_peer_record(record);
        }
        self.key = Some(key);
    }

    /// Remembers what was learnt of the server.
    fn remember(&self) {
        if let (Some(peers), Some(key)) = (&self.config.peers, &self.key) {
            peers.put(key.clone(), self.session.peer_record().clone());
        }
    }

    /// The connection broke.
    fn broken(&mut self, error: &std::io::Error) -> bool {
        if error.kind() == std::io::ErrorKind::ConnectionRefused {
            // No connection that was made is refused: this one was to be made by the first write (TCP Fast Open).
            self.session.never_connected();
        } else {
            let now = self.now();
            self.session.connection_lost(now, &error.to_string());
        }
        self.settle()
    }

    fn failed(&mut self, error: ConnectError) {
        self.link = Link::Closed;
        let now = self.now();
        self.session.connection_lost(now, &error.to_string());
        self.connect_error = Some(error);
    }

    /// Writes and reads until neither goes any further. True: the link changed, look again.
    pub(super) fn exchange(&mut self) -> bool {
        let Link::Open(socket) = &self.link else { return false };
        if self.buffer.is_empty() {
            self.buffer = vec![0; BUFFER];
        }
        loop {
            let mut wrote = false;
            if self.session.wants_output() {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let count = self.session.output(&mut slices);
                let result = socket.write(slices.get(..count).unwrap_or_default());
                let now = self.epoch.elapsed();
                match result {
                    Ok(written) => {
                        self.session.sent(now, written.unwrap_or(0));
                        wrote = written.is_some_and(|written| written > 0);
                    }
                    // What the server still had to say may be there to be read: the reason, perhaps.
                    Err(_) => self.session.sent(now, 0),
                }
                if let Err(error) = result {
                    return self.last_words(&error);
                }
            }
            // Deciding what to write may show that it is another connection that is needed (MAILMAX): what this one still
            // has to say, its end for one, is not that one's.
            if self.session.is_detached() {
                return self.settle();
            }
            if self.session.half_close() {
                socket.shut();
                let now = self.epoch.elapsed();
                self.session.end_of_input(now);
                self.link = Link::Closed;
                return true;
            }
            match socket.read(&mut self.buffer) {
                Ok(Some(0)) => {
                    let now = self.epoch.elapsed();
                    self.session.end_of_input(now);
                    return self.settle();
                }
                Ok(Some(n)) => {
                    let now = self.epoch.elapsed();
                    self.session.feed(now, self.buffer.get(..n).unwrap_or_default());
                    if self.session.is_detached() {
                        return self.settle();
                    }
                }
                Ok(None) if !wrote => return false,
                Ok(None) => {}
                Err(error) => return self.broken(&error),
            }
        }
    }

    /// Writing failed. The replies that came before are still in the kernel; they may say why, and to what else.
    fn last_words(&mut self, error: &std::io::Error) -> bool {
        if let Link::Open(socket) = &self.link {
            while let Ok(Some(n @ 1..)) = socket.read(&mut self.buffer) {
                let now = self.epoch.elapsed();
                self.session.feed(now, self.buffer.get(..n).unwrap_or_default());
            }
        }
        self.broken(error)
    }

    /// The session is done with this connection: drops it, and makes another one if asked to.
    fn settle(&mut self) -> bool {
        self.link = Link::Closed;
        self.take_events();
        true
    }

    pub(super) fn take_events(&mut self) {
        while let Some(event) = self.session.next_event() {
            match event {
                Event::Outcome(outcome) => {
                    self.sources.forget(outcome.ticket);
                    self.outcomes.push_back(outcome);
                }
                Event::Closed => {
                    self.asked = None;
                    self.remember();
                    self.link = Link::Closed;
                    self.buffer = Vec::new();
                }
                Event::Ready => self.remember(),
                Event::AuthWanted { .. } | Event::AuthChallenge(_) => self.asked = Some(event),
                Event::StartTls => {
                    let now = self.now();
                    self.session.tls_failed(now, TlsError::new(TlsFailure::Other, "there is none yet"));
                }
                Event::Reconnect { .. } => {
                    self.sources.unwant();
                    self.asked = None;
                    self.remember();
                    self.report(event);
                    self.reconnect();
                }
                Event::WantContent { ticket, rewind } => self.sources.want(ticket, rewind),
                Event::Downgrade { .. } | Event::Upgrade { .. } => {
                    self.remember();
                    self.report(event);
                }
            }
        }
    }

    fn report(&mut self, event: Event) {
        if self.reports.len() == REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back(event);
    }

    fn reconnect(&mut self) {
        let now = self.now();
        if !self.config.reconnect {
            self.link = Link::Closed;
            return self.session.end_of_input(now);
        }
        // Not by the first write: perhaps it was that which failed.
        match Connector::new(&self.config.target, self.config.session.timeouts.connect, |_| false) {
            Ok(connector) => self.link = Link::Connecting(connector),
            Err(error) => self.failed(error),
        }
    }
}

/// Under which name the server at this address of the target is remembered.
pub(super) fn key(target: &Target, address: Option<SocketAddr>) -> PeerKey {
    let (address, name) = match (target, address) {
        (Target::Tcp { host, .. }, Some(address)) => (address.to_string(), host.to_ascii_lowercase()),
        (Target::Tcp { host, port }, None) => (format!("{host}:{port}"), host.to_ascii_lowercase()),
        (Target::Unix(path), _) => (path.to_string_lossy().into_owned(), String::new()),
    };
    PeerKey { address, name, tls: false }
}

//! The loop that joins session and socket: connect, write, read, hand on what became known, connect anew when asked to.
//! The order within [`Client::drive`] is the driver contract of [`Session`](crate::session::Session); nothing is decided here.

use std::io::IoSlice;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::connect::Connector;
use super::error::ConnectError;
use super::peers::PeerKey;
use super::socket::{Socket, wait_also};
use super::transport::{Stream, StreamError, Took};
use super::{Client, Config, Link, Target};
use crate::session::Event;
use crate::tls::TlsMode;

/// How many slices one system call takes.
const SLICES: usize = 256;
/// How much one system call reads.
const BUFFER: usize = 64 * 1024;
/// So many writes and reads, some megabytes, and whoever drives gets his turn, however near the server is.
pub(super) const TURNS: usize = 32;
/// How many reports of levels and connections are kept for [`Client::next_report`].
const REPORTS: usize = 64;

/// What one step came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moved {
    Nothing,
    /// Bytes went or came.
    Some,
    /// There is another link, or none.
    Link,
}

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
        if let Some(socket) = self.socket() {
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
        self.tls = None;
        self.give_nonce();
        if self.config.tls.mode == TlsMode::Implicit {
            return self.begin_handshake(socket, true);
        }
        self.link = Link::Open(Stream::Clear(socket));
        let now = self.now();
        self.session.start(now);
    }

    /// Looks up what was learnt of the server before. Behind another connection to the same, the session itself knows better.
    pub(super) fn recall(&mut self, socket: &Socket) {
        let key = key(&self.config, socket.address());
        let known = || self.config.peers.as_ref()?.get(&key);
        let record = match &self.key {
            // What the caller may have said of the server stands, if nothing is known.
            None => known(),
            Some(last) if *last == key => None,
            // The name has several addresses, and it's another one this time: what was learnt of one server says nothing of another.
            Some(_) => Some(known().unwrap_or_default()),
        };
        if let Some(record) = record {
            self.session.set_peer_record(record);
        }
        self.key = Some(key);
    }

    /// Remembers what was learnt of the server.
    fn remember(&self) {
        // As long as it isn't encrypted, and hasn't gone on in clear, nothing was learnt.
        let settled = self.tls.is_some() || self.session.stats().in_clear > 0;
        if !settled && self.config.tls.mode != TlsMode::None {
            return;
        }
        if let (Some(peers), Some(key)) = (&self.config.peers, &self.key) {
            let key = PeerKey { tls: self.tls.is_some(), ..key.clone() };
            peers.put(key, self.session.peer_record().clone());
        }
    }

    /// The connection broke.
    fn broken(&mut self, error: &std::io::Error) -> Moved {
        if self.session.is_detached() {
            // It has no use for this connection any more; what becomes of it is no news of the next.
        } else if error.kind() == std::io::ErrorKind::ConnectionRefused {
            // No connection that was made is refused: this one was to be made by the first write (TCP Fast Open).
            self.session.never_connected();
        } else {
            let now = self.now();
            self.session.connection_lost(now, &error.to_string());
        }
        self.settle()
    }

    pub(super) fn failed(&mut self, error: ConnectError) {
        self.link = Link::Closed;
        let now = self.now();
        self.session.connection_lost(now, &error.to_string());
        self.connect_error = Some(error);
    }

    /// Writes and reads until neither goes any further, or it was enough for once. True: the link changed, look again.
    pub(super) fn exchange(&mut self) -> bool {
        self.more = false;
        for _ in 0..TURNS {
            let wrote = self.write();
            if wrote == Moved::Link {
                return true;
            }
            match self.read() {
                Moved::Link => return true,
                Moved::Nothing if wrote == Moved::Nothing => return false,
                Moved::Nothing | Moved::Some => {}
            }
        }
        self.more = true;
        false
    }

    /// Reads what is there, and then writes what goes: what is answered to that is for the next call. True: the link changed.
    pub(super) fn exchange_once(&mut self) -> bool {
        self.more = false;
        for step in [Self::read, Self::write] {
            match (0..TURNS).map(|_| step(self)).find(|moved| *moved != Moved::Some) {
                Some(Moved::Link) => return true,
                Some(_) => {}
                None => self.more = true,
            }
        }
        false
    }

    /// One write of what is to be sent.
    fn write(&mut self) -> Moved {
        let Link::Open(stream) = &mut self.link else { return Moved::Nothing };
        let mut moved = Moved::Nothing;
        if self.session.wants_output() || stream.wants_write() {
            let mut slices = [IoSlice::new(&[]); SLICES];
            let count = self.session.output(&mut slices);
            let result = stream.write(slices.get(..count).unwrap_or_default());
            let now = self.epoch.elapsed();
            self.session.sent_holding(now, result.taken, stream.held());
            if result.progress {
                moved = Moved::Some;
            }
            if let Some(error) = result.failed {
                // What the server still had to say may be there to be read: the reason, perhaps.
                return self.last_words(&error);
            }
        }
        // Deciding what to write may show that it is another connection that is needed (MAILMAX): what this one still
        // has to say, its end for one, is not that one's.
        if self.session.is_detached() {
            return self.settle();
        }
        if self.session.half_close() {
            stream.shut();
            let now = self.epoch.elapsed();
            self.session.end_of_input(now);
            self.link = Link::Closed;
            return Moved::Link;
        }
        moved
    }

    /// One read of what is there.
    fn read(&mut self) -> Moved {
        self.make_room();
        let Link::Open(stream) = &mut self.link else { return Moved::Nothing };
        let took = stream.read(&mut self.buffer);
        let now = self.epoch.elapsed();
        match took {
            Ok(Took::Nothing) => return Moved::Nothing,
            Ok(Took::Bytes(n)) => {
                self.session.feed(now, self.buffer.get(..n).unwrap_or_default());
                if !self.session.is_detached() {
                    return Moved::Some;
                }
            }
            Ok(Took::End) => self.session.end_of_input(now),
            Ok(Took::Cut) => self.session.truncated(now),
            Err(StreamError::Tls(error)) => self.session.tls_failed(now, error),
            Err(StreamError::Io(error)) => return self.broken(&error),
        }
        self.settle()
    }

    /// A connection that waits for its first word has no buffer yet.
    fn make_room(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = vec![0; BUFFER];
        }
    }

    /// Writing failed. The replies that came before are still in the kernel; they may say why, and to what else.
    fn last_words(&mut self, error: &std::io::Error) -> Moved {
        self.make_room();
        if let Link::Open(stream) = &mut self.link {
            while !self.session.is_detached()
                && let Ok(Took::Bytes(n)) = stream.read(&mut self.buffer)
            {
                let now = self.epoch.elapsed();
                self.session.feed(now, self.buffer.get(..n).unwrap_or_default());
            }
        }
        self.broken(error)
    }

    /// The session is done with this connection: drops it, and makes another one if asked to.
    fn settle(&mut self) -> Moved {
        self.link = Link::Closed;
        self.take_events();
        Moved::Link
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
                Event::StartTls => self.start_tls(),
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

/// Under which name the server at this address is remembered.
pub(super) fn key(config: &Config, address: Option<SocketAddr>) -> PeerKey {
    let (address, name) = match (&config.target, address) {
        (Target::Tcp { host, .. }, Some(address)) => (address.to_string(), host.to_ascii_lowercase()),
        (Target::Tcp { host, port }, None) => (format!("{host}:{port}"), host.to_ascii_lowercase()),
        (Target::Unix(path), _) => (path.to_string_lossy().into_owned(), String::new()),
    };
    // If TLS is not had in the end the session forgets what it was told.
    PeerKey { address, name, tls: config.tls.mode != TlsMode::None }
}

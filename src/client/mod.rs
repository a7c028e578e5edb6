//! The blocking driver: a [`Session`] with a socket. Full duplex on one non-blocking socket: it reads whenever there is
//! something to read while it writes, so no pair of windows can lock the two sides up (RFC 2920 §3.1). It starts no thread,
//! installs no handler, reads no environment, and raises no SIGPIPE.

mod config;
mod connect;
mod error;
mod peers;
mod send_all;
mod socket;

use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

pub use self::config::{Config, Target};
pub use self::error::ConnectError;
pub use self::peers::{PeerKey, Peers};
pub use self::send_all::{Rejected, SendAll};
pub use self::socket::Interest;

use self::connect::Connector;
use self::socket::{Socket, wait};
use crate::session::{
    Event, Level, Message, Outcome, PeerRecord, Session, SessionError, Stats, SubmitError, Ticket, Trace,
};
use crate::wire::Capabilities;

/// How many slices one system call takes.
const SLICES: usize = 256;
/// How much one system call reads.
const BUFFER: usize = 64 * 1024;
/// How many reports of levels and connections are kept for [`Client::next_report`].
const REPORTS: usize = 64;

/// Where the connection stands.
#[derive(Debug)]
enum Link {
    Connecting(Connector),
    Open(Socket),
    Closed,
}

/// A connection to a server, and the messages on their way over it.
///
/// [`send`](Self::send) queues and returns a ticket; [`collect`](Self::collect) drives the connection and returns outcomes,
/// one for each ticket, whatever happens. One thread at a time may use it; it can be moved between threads.
pub struct Client {
    config: Config,
    session: Session,
    link: Link,
    outcomes: VecDeque<Outcome>,
    reports: VecDeque<Event>,
    buffer: Vec<u8>,
    epoch: Instant,
    connect_error: Option<ConnectError>,
    /// Under which key the server is remembered.
    key: Option<PeerKey>,
}

impl Client {
    /// Connects, and waits until the greeting and EHLO are done.
    ///
    /// # Errors
    ///
    /// No connection, or the server would not talk: [`ConnectError::reply`] has what it said.
    pub fn connect(config: Config) -> Result<Self, ConnectError> {
        let mut this = Self::open(config)?;
        while !this.session.is_ready() {
            this.drive();
            if this.session.is_closed() {
                return Err(match this.connect_error.take() {
                    Some(error) => error,
                    None => this
                        .session
                        .error()
                        .cloned()
                        .unwrap_or(SessionError::Closed { waiting_for: None })
                        .into(),
                });
            }
            if !this.session.is_ready() {
                this.wait(None);
            }
        }
        Ok(this)
    }

    /// Begins to connect and returns at once (but for the name, which the system resolves). The messages sent before it is
    /// connected wait. For a caller with an event loop of his own.
    ///
    /// # Errors
    ///
    /// The host has no address, or no socket can be had.
    pub fn open(config: Config) -> Result<Self, ConnectError> {
        let connector = Connector::new(&config.target, config.session.timeouts.connect)?;
        let session = Session::new(config.session.clone());
        Ok(Self {
            config,
            session,
            link: Link::Connecting(connector),
            outcomes: VecDeque::new(),
            reports: VecDeque::new(),
            buffer: Vec::new(),
            epoch: Instant::now(),
            connect_error: None,
            key: None,
        })
    }

    /// Queues a message and writes what the socket takes. Never blocks.
    ///
    /// # Errors
    ///
    /// The message can't be sent, or the session has ended.
    pub fn send(&mut self, message: Message) -> Result<Ticket, SubmitError> {
        let ticket = self.session.submit(message)?;
        self.drive();
        Ok(ticket)
    }

    /// Queues a message and writes nothing yet: that is done by the next call that drives the connection. For many messages
    /// at once: the fewer system calls, the faster.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn submit(&mut self, message: Message) -> Result<Ticket, SubmitError> {
        self.session.submit(message)
    }

    /// Queues a raw command; see [`Session::command`].
    ///
    /// # Errors
    ///
    /// The line can't be sent, or the session has ended.
    pub fn command(&mut self, line: &str) -> Result<Ticket, SubmitError> {
        let ticket = self.session.command(line)?;
        self.drive();
        Ok(ticket)
    }

    /// Takes back what has not begun; see [`Session::cancel`].
    pub fn cancel(&mut self, ticket: Ticket) -> bool {
        let cancelled = self.session.cancel(ticket);
        self.take_events();
        cancelled
    }

    /// Drives the connection until there is an outcome, and returns it. `None`: the timeout passed (`Some(ZERO)`: nothing is
    /// ready now), or nothing is outstanding. Without a timeout it waits as long as the session does.
    pub fn collect(&mut self, timeout: Option<Duration>) -> Option<Outcome> {
        if self.outcomes.is_empty() {
            self.drive_until(timeout, |this| !this.outcomes.is_empty());
        }
        self.outcomes.pop_front()
    }

    /// The next outcome that is known already. No system call is made.
    pub fn try_collect(&mut self) -> Option<Outcome> {
        self.outcomes.pop_front()
    }

    /// Drives the connection until the outcome of every ticket is known; they stay to be collected. False: the timeout
    /// passed first.
    pub fn flush(&mut self, timeout: Option<Duration>) -> bool {
        self.drive_until(timeout, |_| false);
        self.session.unfinished() == 0
    }

    /// Waits until the outcome of every ticket is known, then sends QUIT and closes; the answer to QUIT isn't waited for.
    /// False: the timeout passed first; the session goes on, and nothing can be queued any more. Outcomes stay to be
    /// collected.
    pub fn quit(&mut self, timeout: Option<Duration>) -> bool {
        self.session.quit();
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            self.drive();
            if self.session.is_closed() {
                return true;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return false;
            }
            self.wait(left);
        }
    }

    /// Sends every message of an iterator and returns the outcomes as they come; draws only as the window opens.
    pub fn send_all<I>(&mut self, messages: I) -> SendAll<'_, I::IntoIter>
    where
        I: IntoIterator<Item = Message>,
    {
        SendAll::new(self, messages.into_iter())
    }

    /// Whether a further message would begin soon.
    pub fn has_room(&self) -> bool {
        self.session.has_room()
    }

    /// What the caller's event loop has to wait on; `None` when closed. It may be another one after each call that drives
    /// the connection.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        match &self.link {
            Link::Connecting(connector) => connector.as_fd(),
            Link::Open(socket) => Some(socket.as_fd()),
            Link::Closed => None,
        }
    }

    /// What to wait for.
    pub fn interest(&mut self) -> Interest {
        match &self.link {
            Link::Connecting(_) => Interest { read: false, write: true },
            Link::Open(_) => Interest { read: true, write: self.session.wants_output() },
            Link::Closed => Interest::default(),
        }
    }

    /// How long until [`drive`](Self::drive) must be called even if nothing is ready. `None`: as long as you like.
    pub fn timeout(&self) -> Option<Duration> {
        match &self.link {
            Link::Connecting(connector) => Some(connector.timeout()),
            Link::Open(_) => self.session.deadline().map(|deadline| deadline.saturating_sub(self.now())),
            Link::Closed => None,
        }
    }

    /// Does all that can be done without blocking: connects, reads, writes, ends what has waited too long.
    pub fn drive(&mut self) {
        loop {
            let again = match &self.link {
                Link::Connecting(_) => self.connecting(),
                Link::Open(_) => self.exchange(),
                Link::Closed => false,
            };
            self.take_events();
            if !again {
                break;
            }
        }
        let now = self.now();
        self.session.handle_timeout(now);
        self.take_events();
    }

    /// What was reported besides outcomes: levels earned and lost, connections made anew. The last few are kept.
    pub fn next_report(&mut self) -> Option<Event> {
        self.reports.pop_front()
    }

    /// How many tickets have an outcome to come or to be collected.
    pub fn outstanding(&self) -> usize {
        self.session.unfinished().saturating_add(self.outcomes.len())
    }

    /// The level used now.
    pub fn level(&self) -> Level {
        self.session.level()
    }

    /// What the server offered; `None` before EHLO was answered.
    pub const fn capabilities(&self) -> Option<&Capabilities> {
        self.session.capabilities()
    }

    /// What was spent and done so far.
    pub const fn stats(&self) -> &Stats {
        self.session.stats()
    }

    /// Why the session ended, if not by QUIT.
    pub fn error(&self) -> Option<&SessionError> {
        self.session.error()
    }

    /// Whether the connection is gone for good.
    pub const fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// What was learnt of the server.
    pub const fn peer_record(&self) -> &PeerRecord {
        self.session.peer_record()
    }

    /// Sets the trace hook; see [`Session::set_trace`].
    pub fn set_trace(&mut self, trace: Option<Trace>) {
        self.session.set_trace(trace);
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn drive_until(&mut self, timeout: Option<Duration>, done: impl Fn(&Self) -> bool) {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            self.drive();
            if done(self) || self.session.unfinished() == 0 {
                return;
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return;
            }
            self.wait(left);
        }
    }

    /// Waits until there is something to do, or so long.
    fn wait(&mut self, limit: Option<Duration>) {
        let limit = match (limit, self.timeout()) {
            (Some(limit), Some(own)) => Some(limit.min(own)),
            (limit, own) => limit.or(own),
        };
        let interest = self.interest();
        if let Link::Open(socket) = &self.link {
            socket.hurry();
            // It fails only for want of memory; then there is nothing better to do than to go on.
            let _ = wait(&[(socket, interest)], limit);
        } else if let Link::Connecting(connector) = &mut self.link {
            match connector.poll(limit) {
                Ok(Some(socket)) => self.opened(socket),
                Ok(None) => {}
                Err(error) => self.failed(error),
            }
        }
    }

    /// True: connected, or given up.
    fn connecting(&mut self) -> bool {
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
        self.session.start(now);
    }

    /// Looks up what was learnt of the server before. After the first connection the session itself knows better.
    fn recall(&mut self, socket: &Socket) {
        let Some(peers) = &self.config.peers else { return };
        let (address, name) = match (&self.config.target, socket.address()) {
            (Target::Tcp { host, .. }, Some(address)) => (address.to_string(), host.to_ascii_lowercase()),
            (Target::Tcp { host, port }, None) => (format!("{host}:{port}"), host.to_ascii_lowercase()),
            (Target::Unix(path), _) => (path.to_string_lossy().into_owned(), String::new()),
        };
        let key = PeerKey { address, name, tls: false };
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

    fn failed(&mut self, error: ConnectError) {
        self.link = Link::Closed;
        let now = self.now();
        self.session.connection_lost(now, &error.to_string());
        self.connect_error = Some(error);
    }

    /// Writes and reads until neither goes any further. True: the link changed, look again.
    fn exchange(&mut self) -> bool {
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
                Err(error) => {
                    let now = self.epoch.elapsed();
                    self.session.connection_lost(now, &error.to_string());
                    return self.settle();
                }
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
        let now = self.now();
        self.session.connection_lost(now, &error.to_string());
        self.settle()
    }

    /// The session is done with this connection: drops it, and makes another one if asked to.
    fn settle(&mut self) -> bool {
        self.link = Link::Closed;
        self.take_events();
        true
    }

    fn take_events(&mut self) {
        while let Some(event) = self.session.next_event() {
            match event {
                Event::Outcome(outcome) => self.outcomes.push_back(outcome),
                Event::Closed => {
                    self.remember();
                    self.link = Link::Closed;
                    self.buffer = Vec::new();
                }
                Event::Ready => self.remember(),
                Event::Reconnect { .. } => {
                    self.remember();
                    self.report(event);
                    self.reconnect();
                }
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
        match Connector::new(&self.config.target, self.config.session.timeouts.connect) {
            Ok(connector) => self.link = Link::Connecting(connector),
            Err(error) => self.failed(error),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("target", &self.config.target)
            .field("session", &self.session)
            .field("outcomes", &self.outcomes.len())
            .finish_non_exhaustive()
    }
}

//! The blocking driver: a [`Session`] with a socket. Full duplex on one non-blocking socket: it reads whenever there is
//! something to read while it writes, so no pair of windows can lock the two sides up (RFC 2920 §3.1). It starts no thread,
//! installs no handler, reads no environment, and raises no SIGPIPE.

#[cfg(test)]
mod again_tests;
mod auth;
mod config;
mod connect;
mod error;
mod event_loop;
mod exchange;
#[cfg(test)]
mod faults;
mod gssapi;
mod handshake;
#[cfg_attr(not(feature = "gssapi"), path = "kerberos_none.rs")]
mod kerberos;
#[cfg(test)]
mod near_tests;
mod peers;
mod send_all;
mod socket;
mod source;
mod stream;
#[cfg(test)]
mod tests;
mod transport;

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

pub use self::auth::fresh_nonce;
pub use self::config::{Config, Target};
pub use self::error::ConnectError;
pub use self::peers::{PeerKey, Peers};
pub use self::send_all::{Outgoing, Rejected, SendAll};
pub use self::socket::Interest;
pub use self::source::{Descriptor, Pieces, Reader, Source};

use self::connect::Connector;
use self::handshake::Handshake;
use self::stream::Sources;
use self::transport::Stream;
use crate::session::{
    Event, Level, Message, Outcome, PeerRecord, Session, SessionError, Stats, SubmitError, Ticket, Trace,
};
use crate::tls::{self, TlsInfo, TlsMode};
use crate::wire::{Capabilities, RawLine};

/// Where the connection stands.
#[derive(Debug)]
enum Link {
    Connecting(Connector),
    Handshake(Box<Handshake>),
    Open(Stream),
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
    sources: Sources,
    /// What a caller's own SASL has to answer.
    asked: Option<Event>,
    login: gssapi::Login,
    buffer: Vec<u8>,
    /// The last call that drove came back with more to do.
    more: bool,
    epoch: Instant,
    connect_error: Option<ConnectError>,
    /// How to begin TLS, where that is wanted.
    tls_connector: Option<tls::Connector>,
    /// The TLS of the connection, or of the last one.
    tls: Option<TlsInfo>,
    /// Under which key the server is remembered.
    key: Option<PeerKey>,
}

impl Client {
    /// Connects, and waits until the greeting and EHLO are done, and AUTH if it is to be; or until a caller's own SASL is asked
    /// for, see [`Client::auth_event`]. Where the peer cache says that the server may be told everything before it greets, it
    /// returns as soon as there is a connection; what the server then minds, the outcomes say.
    ///
    /// # Errors
    ///
    /// No connection, or the server would not talk: [`ConnectError::reply`] has what it said.
    pub fn connect(config: Config) -> Result<Self, ConnectError> {
        let mut this = Self::open(config)?;
        while !this.is_open() && this.asked.is_none() {
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
            if !this.is_open() && this.asked.is_none() {
                this.wait(None);
            }
        }
        Ok(this)
    }

    /// Begins to connect and returns at once (but for the name, which the system resolves, and a Kerberos ticket, which it
    /// fetches). The messages sent before it is connected wait. For a caller with an event loop of his own.
    ///
    /// # Errors
    ///
    /// The host has no address, or no socket can be had; with [`Auth::Gssapi`](crate::session::Auth::Gssapi), no ticket.
    pub fn open(config: Config) -> Result<Self, ConnectError> {
        let tls_connector = config.tls_connector()?;
        let login = gssapi::Login::new(&config)?;
        let session = Session::new(auth::session_options(&config));
        // Whoever is told everything before it greets can be told with the request for the connection.
        let fast = |address| {
            let record = config
                .peers
                .as_ref()
                .filter(|_| config.tls.mode == TlsMode::None)
                .and_then(|peers| peers.get(&exchange::key(&config, Some(address))));
            record.is_some_and(|record| session.early_offer(&record).is_some())
        };
        let connector = Connector::new(&config.target, config.session.timeouts.connect, fast)?;
        Ok(Self {
            config,
            session,
            link: Link::Connecting(connector),
            outcomes: VecDeque::new(),
            reports: VecDeque::new(),
            sources: Sources::default(),
            asked: None,
            login,
            buffer: Vec::new(),
            more: false,
            epoch: Instant::now(),
            connect_error: None,
            tls_connector,
            tls: None,
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
        self.drive_once();
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
        self.drive_once();
        Ok(ticket)
    }

    /// Queues VRFY; see [`Session::vrfy`].
    ///
    /// # Errors
    ///
    /// The argument can't be sent, or the session has ended.
    pub fn vrfy(&mut self, who: &str) -> Result<Ticket, SubmitError> {
        self.command(RawLine::vrfy(who)?.as_str())
    }

    /// Queues EXPN; see [`Session::expn`].
    ///
    /// # Errors
    ///
    /// The argument can't be sent, or the session has ended.
    pub fn expn(&mut self, list: &str) -> Result<Ticket, SubmitError> {
        self.command(RawLine::expn(list)?.as_str())
    }

    /// Queues ETRN; see [`Session::etrn`].
    ///
    /// # Errors
    ///
    /// The argument can't be sent, or the session has ended.
    pub fn etrn(&mut self, node: &str) -> Result<Ticket, SubmitError> {
        self.command(RawLine::etrn(node)?.as_str())
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
            self.drive_until(timeout, |this| !this.outcomes.is_empty() || this.session.unfinished() == 0);
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
        self.drive_until(timeout, |this| this.session.unfinished() == 0)
    }

    /// Waits until the outcome of every ticket is known, then sends QUIT and closes; the answer to QUIT isn't waited for.
    /// False: the timeout passed first; the session goes on, and nothing can be queued any more. Outcomes stay to be
    /// collected.
    pub fn quit(&mut self, timeout: Option<Duration>) -> bool {
        self.session.quit();
        self.drive_until(timeout, Self::is_closed)
    }

    /// Ends the connection at once, without QUIT and without another one. Every open ticket gets its outcome, which stays to
    /// be collected.
    pub fn abort(&mut self) {
        self.config.reconnect = false;
        self.link = Link::Closed;
        let now = self.now();
        self.session.connection_lost(now, "closed by the caller");
        self.take_events();
    }

    /// Why there was no connection, where that is why the session ended. Given once.
    pub const fn take_connect_error(&mut self) -> Option<ConnectError> {
        self.connect_error.take()
    }

    /// Sends every message of an iterator and returns the outcomes as they come; draws only as the window opens. The items are
    /// [`Message`]s, pairs of a [`Message::streamed`] and its [`Source`], or both as [`Outgoing`]. A source is drawn from while
    /// `next` waits, not before a recipient is accepted, and one at a time, in the order of the messages.
    ///
    /// ```no_run
    /// # use smtpipe::{client::{Client, Outgoing, Reader}, session::{Message, Streamed}, wire::Address};
    /// # fn run(client: &mut Client, cover: Message, me: Address, you: Address) -> std::io::Result<()> {
    /// let letter = Message::streamed(me, Streamed::text()).to(you);
    /// let file = Reader::seekable(std::fs::File::open("letter.eml")?)?;
    /// for outcome in client.send_all([Outgoing::from(cover), (letter, file).into()]) {
    ///     println!("{outcome:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn send_all<I>(&mut self, messages: I) -> SendAll<'_, I::IntoIter>
    where
        I: IntoIterator<Item: Into<Outgoing>>,
    {
        SendAll::new(self, messages.into_iter())
    }

    /// Whether a further message would begin soon.
    pub fn has_room(&self) -> bool {
        self.session.has_room()
    }

    /// What was reported besides outcomes: levels earned and lost, connections made anew. The last few are kept.
    pub fn next_report(&mut self) -> Option<Event> {
        self.reports.pop_front()
    }

    /// How many tickets have an outcome to come or to be collected.
    pub fn outstanding(&self) -> usize {
        self.session.unfinished().saturating_add(self.outcomes.len())
    }

    /// The TLS of the connection, or, when that has ended, of the last one; `None`: it is or was in clear.
    pub const fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_ref()
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

    /// Whether messages go out now: the greeting and EHLO are done, or the server is known not to mind being told first.
    pub const fn is_open(&self) -> bool {
        self.session.is_ready() || self.session.is_early()
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

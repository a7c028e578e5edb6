//! The engine: SMTP (RFC 5321), LMTP (RFC 2033), PIPELINING (RFC 2920) and CHUNKING (RFC 3030) from the sender's side, with
//! no socket, clock or thread. It must never block, sleep, read a clock, or believe a byte behind a broken reply.
//!
//! Data flows one way: bytes in → `replies` → ledger and transactions → events out; messages in → `scheduler` → output.
//!
//! - Why a reply can't be given to the wrong command: `ledger`, a FIFO with one way in (`Session::send`) and one way out
//!   (a reply to its front).
//! - Why a message can't be reported delivered that wasn't: `transaction`, where `Delivered` is written once.
//! - When the sender must wait: `scheduler`.
//! - What is known when the connection ends: `ending`.

mod auth;
mod autherror;
mod client_info;
mod domains;
mod driver;
mod ending;
mod error;
mod event;
mod extensions;
mod greeting;
mod job;
mod ledger;
mod message;
mod options;
mod outcome;
mod output;
mod peer;
mod prdr;
mod raw;
mod replies;
mod reset;
mod scheduler;
mod source;
mod starttls;
mod stats;
mod streamed;
mod timer;
mod trace;
mod transaction;
mod trial;
mod window;

#[cfg(test)]
mod tests;

use core::fmt;
use std::collections::VecDeque;
use std::sync::Arc;

pub use self::autherror::{AuthError, SaslCallError};
pub use self::error::{PeerError, SessionError, SubmitError};
pub use self::event::{DowngradeReason, Event, ReconnectReason};
pub use self::message::{Message, Recipient};
pub use self::options::{
    Auth, Chunking, Level, Options, RecipientPolicy, StartTls, Timeouts, UnknownLevel, Utf8Policy,
};
pub use self::outcome::{Outcome, Reason, RecipientOutcome, Status, Ticket};
pub use self::peer::{PeerRecord, Verdict};
pub use self::starttls::{Secure, TlsError, TlsFailure};
pub use self::stats::{Stats, Wait};
pub use self::streamed::Streamed;
pub use self::trace::{Direction, Trace};

use self::auth::Login;
use self::domains::Domains;
use self::greeting::Offer;
use self::job::{Job, Keeper};
use self::ledger::{Entry, Ledger, Sent};
use self::output::Output;
use self::scheduler::Cursor;
use self::source::Source;
use self::stats::RoundTrips;
use self::timer::Timer;
use self::transaction::Transaction;
use self::trial::Lost;
use crate::wire::{Capabilities, Drained, RawLine, ReplyParser};

/// One connection's worth of protocol, and the messages that are to go over it.
///
/// # The contract of every driver
///
/// There are four kinds of methods: operations (`submit`, `command`, `cancel`, `quit`), input (`start`, `feed`,
/// `end_of_input`, `connection_lost`, `handle_timeout`), output (`output` with `sent`, `next_event`, `deadline`) and
/// getters. A driver does this, over and over:
///
/// 1. give what came in: [`feed`](Self::feed) bytes, [`end_of_input`](Self::end_of_input), or the time
///    ([`handle_timeout`](Self::handle_timeout));
/// 2. drain output: [`output`](Self::output) hands out slices, the driver writes what it can, and says how much with
///    [`sent`](Self::sent), even if it was nothing;
/// 3. drain events: [`next_event`](Self::next_event) until it is `None`. Where one was answered
///    ([`Event::WantContent`]), go back to 2;
/// 4. take the [`deadline`](Self::deadline);
/// 5. wait until there is input, or room for output that is left, or the deadline passes.
///
/// On [`Event::Reconnect`] it drops the connection, makes another one to the same server and calls
/// [`start`](Self::start) again. When [`half_close`](Self::half_close) is true it shuts down the writing side and closes.
///
/// On [`Event::StartTls`] it does a TLS handshake on the connection, and from there on gives and takes what is inside; it
/// says how that went with [`tls_established`](Self::tls_established) or [`tls_failed`](Self::tls_failed). For implicit TLS
/// it does so before `start`.
///
/// With [`Credentials`](crate::sasl::Credentials) it gives a fresh nonce ([`set_nonce`](Self::set_nonce)) before each `start`.
/// With [`Auth::Caller`], [`Event::AuthWanted`] and [`Event::AuthChallenge`] are answered by
/// [`auth_begin`](Self::auth_begin), [`auth_respond`](Self::auth_respond) or [`auth_cancel`](Self::auth_cancel).
///
/// Time is a `Duration` since whatever the driver likes, as long as it does not go backwards. No method blocks or fails on
/// input from the peer: what the peer does wrong ends the session, and [`error`](Self::error) says so.
pub struct Session {
    options: Options,
    stage: Stage,
    capabilities: Option<Capabilities>,
    offer: Offer,
    peer: PeerRecord,
    parser: ReplyParser,
    output: Output,
    /// Octets that `output` counts as sent and the driver still has.
    held: u64,
    ledger: Ledger,
    /// What has not begun, in order.
    queue: VecDeque<Item>,
    /// The content octets in `queue`.
    queued_bytes: u64,
    /// What has begun and is not finished, in order. The front of the ledger belongs to the front of this.
    flight: VecDeque<Transaction>,
    cursor: Cursor,
    /// The streamed content that is being sent: that of the last in `flight`.
    source: Option<Box<Source>>,
    /// The last transaction sent may still be open on the server.
    needs_rset: bool,
    /// The last transaction answered left nothing behind: it ended with an acceptance, or opened nothing, or there was none.
    last_ended_well: bool,
    /// RSET was refused here: nothing more is to begin, and so many messages wait in front of the queue to go again.
    spoilt: Option<usize>,
    probing: bool,
    /// The probe's recipient, who can't be, was accepted.
    probe_let_in: bool,
    /// What trials this session has lost.
    lost: Lost,
    /// Up to where chunks were sent on the strength of a record that turned out to be another server's.
    unproven: u64,
    /// Commands behind an end of content were seen to be read, on this connection or an earlier one of this session.
    confirmed: bool,
    /// Commands go out before the greeting and EHLO's reply are in.
    early: bool,
    /// The connection is encrypted.
    secure: Option<Secure>,
    /// STARTTLS was answered, with nothing behind: the driver does the handshake.
    drained: Option<Drained>,
    /// This connection goes on without TLS.
    stays_clear: bool,
    /// TLS failed once, and the caller lets messages go in clear then.
    tls_given_up: bool,
    /// `peer` is of the server as it is when encrypted.
    record_is_of_tls: bool,
    login: Login,
    /// Refused transactions since the last that was accepted.
    refusals: u32,
    /// Transactions begun on this connection.
    transactions_here: u32,
    /// The recipients' domains on this connection, where they are limited.
    domains: Domains,
    /// XCLIENT was accepted on this connection.
    introduced: bool,
    /// The position up to which commands are answered.
    answered: u64,
    /// Counts connections, so that a reply can end the one that it came on.
    generation: u32,
    tickets: u64,
    quit: bool,
    events: VecDeque<Event>,
    error: Option<Arc<SessionError>>,
    /// The last replies to RCPT, and to content: most are the same words.
    acceptances: Keeper,
    finals: Keeper,
    timer: Timer,
    stats: Stats,
    round_trips: RoundTrips,
    trace: Option<TraceHook>,
}

/// Where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No connection, or none any more; waits for `start`.
    Unconnected,
    Greeting,
    Hello,
    /// STARTTLS is sent; behind its reply, the handshake is under way.
    StartTls,
    Auth,
    Ready,
    /// After a 421: nothing is sent; replies to what is committed are taken.
    Draining,
    /// QUIT is queued or sent.
    Quitting,
    Closed,
}

/// What was asked for and has not begun.
#[derive(Debug)]
enum Item {
    /// Boxed, because it is moved from queue to flight and back.
    Message(Box<Job>),
    Command(Ticket, RawLine),
}

impl Session {
    /// A session that waits for its connection.
    pub fn new(mut options: Options) -> Self {
        auth::make_room(&mut options);
        let parser = ReplyParser::new(options.reply_limits);
        let peer = options.peer.clone().unwrap_or_default();
        let record_is_of_tls = options.starttls != StartTls::Never;
        Self {
            options,
            stage: Stage::Unconnected,
            capabilities: None,
            offer: Offer::default(),
            peer,
            parser,
            output: Output::default(),
            held: 0,
            ledger: Ledger::default(),
            queue: VecDeque::new(),
            queued_bytes: 0,
            flight: VecDeque::new(),
            cursor: Cursor::Between,
            source: None,
            needs_rset: false,
            last_ended_well: true,
            spoilt: None,
            probing: false,
            probe_let_in: false,
            lost: Lost::default(),
            unproven: 0,
            confirmed: false,
            early: false,
            secure: None,
            drained: None,
            stays_clear: false,
            tls_given_up: false,
            record_is_of_tls,
            login: Login::default(),
            refusals: 0,
            transactions_here: 0,
            domains: Domains::default(),
            introduced: false,
            answered: 0,
            generation: 0,
            tickets: 0,
            quit: false,
            events: VecDeque::new(),
            error: None,
            acceptances: Keeper::default(),
            finals: Keeper::default(),
            timer: Timer::default(),
            stats: Stats::default(),
            round_trips: RoundTrips::default(),
            trace: None,
        }
    }

    /// Queues a message. There will be exactly one [`Event::Outcome`] for its ticket.
    ///
    /// # Errors
    ///
    /// The message can't be sent whatever the server offers, or the session has ended. What depends on the server's offer
    /// (SIZE, 8BITMIME, SMTPUTF8) is an outcome, `Refused`, with its [`Reason`].
    pub fn submit(&mut self, message: Message) -> Result<Ticket, SubmitError> {
        self.check(&message)?;
        let ticket = self.ticket();
        self.queued_bytes = self.queued_bytes.saturating_add(message.content.size());
        self.queue.push_back(Item::Message(Box::new(Job::new(ticket, message))));
        Ok(ticket)
    }

    /// Takes back what has not begun. True: it had not, and its outcome is `NotSent`.
    pub fn cancel(&mut self, ticket: Ticket) -> bool {
        let at = self.queue.iter().position(|item| match item {
            Item::Message(job) => job.ticket == ticket && job.is_untouched(),
            Item::Command(own, _) => *own == ticket,
        });
        let outcome = match at.and_then(|at| self.queue.remove(at)) {
            Some(Item::Message(job)) => {
                self.queued_bytes = self.queued_bytes.saturating_sub(job.message.content.size());
                job.settle(Status::NotSent, Some(Reason::Cancelled))
            }
            Some(Item::Command(ticket, _)) => {
                ending::lost_command(ticket, Status::NotSent, Reason::Cancelled)
            }
            None => return false,
        };
        self.finish(outcome);
        true
    }

    /// Ends the session with QUIT, once everything queued has its outcome. Nothing can be queued behind it.
    pub fn quit(&mut self) {
        self.quit = true;
        if self.stage == Stage::Unconnected && self.queue.is_empty() {
            self.closed();
        }
    }

    /// What became known, one thing at a time.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front().or_else(|| self.ask())
    }

    /// The level used now: what the server, the trials and the caller allow.
    pub fn level(&self) -> Level {
        self.ceiling()
    }

    /// What the server offered; `None` before EHLO was answered.
    pub const fn capabilities(&self) -> Option<&Capabilities> {
        self.capabilities.as_ref()
    }

    /// What was spent and done so far.
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Why the session ended, if not by QUIT.
    pub fn error(&self) -> Option<&SessionError> {
        self.error.as_deref()
    }

    /// How many tickets have no outcome yet.
    pub fn unfinished(&self) -> usize {
        let commands = self.tickets.saturating_sub(self.finished());
        usize::try_from(commands).unwrap_or(usize::MAX)
    }

    /// Whether nothing more will happen.
    pub const fn is_closed(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    /// Whether the session has no use for its connection any more: it is closed, or waits for another one.
    pub const fn is_detached(&self) -> bool {
        matches!(self.stage, Stage::Closed | Stage::Unconnected)
    }

    /// Whether the greeting and EHLO are done and the session goes on.
    pub const fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready)
    }

    /// Whether messages go out before the greeting and EHLO's reply are in: the peer record says that the server allows it.
    pub const fn is_early(&self) -> bool {
        self.early && matches!(self.stage, Stage::Greeting | Stage::Hello)
    }

    fn check_open(&self) -> Result<(), SubmitError> {
        let open = !self.quit && !matches!(self.stage, Stage::Draining | Stage::Quitting | Stage::Closed);
        if open { Ok(()) } else { Err(SubmitError::Closed) }
    }

    const fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    const fn finished(&self) -> u64 {
        self.stats.messages + self.stats.raw_commands
    }

    /// A ticket has its outcome: the only place where one is given.
    fn finish(&mut self, outcome: Outcome) {
        if outcome.command {
            self.stats.raw_commands += 1;
        } else {
            self.stats.messages += 1;
            self.stats.delivered += u64::from(matches!(outcome.status, Status::Delivered | Status::Partial));
        }
        self.events.push_back(Event::Outcome(outcome));
    }

    /// A message is to go (on) before all that has not begun.
    fn put_back(&mut self, job: Box<Job>) {
        self.queued_bytes = self.queued_bytes.saturating_add(job.message.content.size());
        self.queue.push_front(Item::Message(job));
    }

    /// Queues a command and enters it in the ledger: the only way in.
    fn send(&mut self, sent: Sent, write: impl FnOnce(&mut Vec<u8>)) {
        let from = self.output.queued();
        self.output.command(write);
        self.stats.commands += 1;
        self.trace_sent(from);
        self.note(sent);
    }

    /// Enters in the ledger what will be answered, ending where the output ends.
    fn note(&mut self, sent: Sent) {
        let depth = self.round_trips.send(self.ledger.is_empty());
        let holds = sent.ends_group() && !(self.early && matches!(sent, Sent::Greeting | Sent::Hello(_)));
        self.ledger.push(Entry { sent, end: self.output.queued(), depth, holds });
    }

    /// Nothing is going on: memory is given back.
    fn relax(&mut self) {
        if self.events.len() <= 1 {
            self.output.shrink();
            self.ledger.shrink();
            self.queue.shrink_to(4);
            self.flight.shrink_to(4);
            self.events.shrink_to(4);
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("stage", &self.stage)
            .field("level", &self.ceiling())
            .field("queued", &self.queue.len())
            .field("in_flight", &self.flight.len())
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

struct TraceHook(Trace);

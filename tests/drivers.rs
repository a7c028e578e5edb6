//! The same transcripts through the drivers, over real sockets: once through a caller's own event loop (everything in one
//! thread, so that each step is known to be done before the next), once through the blocking calls, with the server in a
//! thread.
//!
//! Left out are the scripts that need a clock of their own or a kernel that takes no more than it's told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod common;

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use common::build;
use common::fixture::{Drawn, Expect, Fixture, Letter, Step};
use common::peer::{LONG, Listener, Peer, wait};
use rustix::event::{PollFd, PollFlags};
use smtpipe::client::{Client, Config, Source};
use smtpipe::session::{Event, Outcome, SubmitError, Ticket, Timeouts};

fn config(listener: &Listener, fixture: &Fixture) -> Config {
    let mut config = listener.config();
    config.session = build::options(&fixture.options);
    config
}

/// A source that does as the script says.
struct Script {
    letter: Letter,
    at: usize,
}

impl Source for Script {
    fn pull(&mut self) -> io::Result<Option<Bytes>> {
        match self.letter.draw(self.at) {
            Drawn::Piece(piece) => {
                self.at += piece.len();
                Ok(Some(piece.into()))
            }
            Drawn::End => Ok(None),
            Drawn::Failed => Err(io::Error::other("it broke")),
            Drawn::Nothing => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn rewind(&mut self) -> io::Result<()> {
        self.at = 0;
        Ok(())
    }

    fn is_rewindable(&self) -> bool {
        self.letter.stream.as_ref().unwrap().rewind
    }
}

/// The caller's side of a replay.
struct Caller<'a> {
    fixture: &'a Fixture,
    client: Client,
    tickets: BTreeMap<String, Ticket>,
    outcomes: BTreeMap<Ticket, Outcome>,
    events: Vec<String>,
    reconnects: u32,
}

impl<'a> Caller<'a> {
    fn new(fixture: &'a Fixture, client: Client) -> Self {
        Self {
            fixture,
            client,
            tickets: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            events: Vec::new(),
            reconnects: 0,
        }
    }

    fn submit_first(&mut self) {
        for letter in self.fixture.submitted_first() {
            let ticket = self.submit(letter).unwrap();
            self.tickets.insert(letter.name.clone(), ticket);
        }
    }

    fn submit(&mut self, letter: &Letter) -> Result<Ticket, SubmitError> {
        let message = build::message(letter);
        if letter.stream.is_none() {
            return self.client.submit(message);
        }
        self.client.submit_stream(message, Box::new(Script { letter: letter.clone(), at: 0 }))
    }

    /// What the caller does in this step. True if it was the caller's.
    fn operate(&mut self, step: &Step) -> bool {
        match step {
            Step::Submit { message, fails } => {
                let result = self.submit(self.fixture.letter(message));
                self.note(message, result, fails.as_deref());
            }
            Step::Command { ticket, line, fails } => {
                let result = self.client.command(line);
                self.note(ticket, result, fails.as_deref());
            }
            Step::Cancel { ticket, done } => assert_eq!(self.client.cancel(self.tickets[ticket]), *done),
            Step::Quit => {
                self.client.quit(Some(Duration::ZERO));
            }
            _ => return false,
        }
        true
    }

    fn note(&mut self, name: &str, result: Result<Ticket, SubmitError>, fails: Option<&str>) {
        match (result, fails) {
            (Ok(ticket), None) => drop(self.tickets.insert(name.to_owned(), ticket)),
            (Err(e), Some(begins)) => {
                assert!(
                    format!("{e:?}").to_lowercase().starts_with(&begins.to_lowercase()),
                    "{e:?}, not {begins}"
                );
            }
            (result, fails) => panic!("{result:?}, where {fails:?} was expected"),
        }
    }

    fn collect(&mut self) {
        while let Some(outcome) = self.client.try_collect() {
            let second = self.outcomes.insert(outcome.ticket, outcome);
            assert!(second.is_none(), "a second outcome; the first was {second:?}");
        }
        while let Some(report) = self.client.next_report() {
            self.events.push(match report {
                Event::Reconnect { .. } => {
                    self.reconnects += 1;
                    "reconnect".to_owned()
                }
                Event::Upgrade { to } => format!("upgrade {to}"),
                Event::Downgrade { from, to, .. } => format!("downgrade {from} {to}"),
                other => panic!("{other:?}"),
            });
        }
    }

    fn expect(&mut self, expect: &Expect) {
        self.collect();
        match expect {
            Expect::Outcome(verdict) => {
                let outcome = self.tickets.get(&verdict.ticket).and_then(|t| self.outcomes.get(t));
                let outcome = outcome.unwrap_or_else(|| panic!("no outcome yet: {verdict:?}"));
                build::compare(verdict, outcome).unwrap_or_else(|e| panic!("{e}; expected {verdict:?}"));
            }
            Expect::Error(begins) => {
                let error = self.client.error().map_or_else(|| "none".to_owned(), |e| format!("{e:?}"));
                assert!(error.starts_with(begins.as_str()), "error {error}, expected {begins}");
            }
            Expect::Level(level) => assert_eq!(self.client.level().as_str(), level),
            Expect::Event(words) if words == "ready" => assert!(self.client.capabilities().is_some()),
            Expect::Event(words) => {
                let at = self.events.iter().position(|e| e == words);
                self.events
                    .drain(..=at.unwrap_or_else(|| panic!("no event {words} among {:?}", self.events)));
            }
            Expect::Closed(closed) => assert_eq!(self.client.is_closed(), *closed, "closed"),
            // The engine's replay looks at the counters.
            Expect::Stat(..) => {}
        }
    }
}

/// One thread: client and server take turns until the step is done.
struct Loop<'a> {
    caller: Caller<'a>,
    listener: Listener,
    peer: Option<Peer>,
    expected: Vec<u8>,
    said: u64,
    connections: u32,
}

impl Loop<'_> {
    /// Lets both sides work until `done`.
    fn until(&mut self, what: &str, done: impl Fn(&Client, Option<&Peer>) -> bool) {
        loop {
            self.caller.client.drive();
            if let Some(peer) = &mut self.peer {
                peer.listen();
            }
            if done(&self.caller.client, self.peer.as_ref()) {
                return;
            }
            let interest = self.caller.client.interest();
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, interest.read);
            flags.set(PollFlags::OUT, interest.write);
            let (client, peer) = (self.caller.client.as_fd(), self.peer.as_ref().filter(|p| !p.ended));
            let mut fds: Vec<PollFd<'_>> = Vec::new();
            fds.extend(client.as_ref().map(|fd| PollFd::new(fd, flags)));
            let fd = peer.map(Peer::as_fd);
            fds.extend(fd.as_ref().map(|fd| PollFd::new(fd, PollFlags::IN)));
            assert!(!fds.is_empty() && wait(&mut fds), "nothing moves: {what}");
        }
    }

    fn hear(&mut self) {
        let wanted = self.expected.len();
        self.until("the client's bytes", |client, peer| {
            client.is_closed() || peer.is_none_or(|p| p.ended || p.heard.len() >= wanted)
        });
        // All that it wants to say is said: what is there now is the batch.
        if let Some(peer) = &mut self.peer {
            peer.listen();
            peer.compare(&self.expected);
        }
    }

    fn connect(&mut self) {
        self.connections += 1;
        let connections = self.connections;
        self.peer = None;
        self.expected.clear();
        self.until("a connection", |client, _| client.stats().connections >= connections);
        self.peer = Some(self.listener.accept());
    }

    fn step(&mut self, step: &Step) {
        if self.caller.operate(step) {
            return;
        }
        match step {
            Step::Client(bytes) => self.expected.extend_from_slice(bytes),
            Step::Server(bytes) => {
                self.hear();
                self.said += bytes.len() as u64;
                let said = self.said;
                let connections = self.connections;
                if let Some(peer) = &mut self.peer {
                    peer.say(bytes);
                }
                self.until("the server's bytes", |client, _| {
                    client.is_closed()
                        || client.stats().bytes_received >= said
                        || client.stats().connections > connections
                });
            }
            Step::Connect => {
                self.hear();
                self.connect();
            }
            Step::Eof | Step::Reset => {
                self.hear();
                self.caller.collect();
                if self.caller.reconnects >= self.connections {
                    // The script gives up where the client would go on: so does this server.
                    self.connect();
                }
                match (self.peer.take(), step) {
                    (Some(peer), Step::Reset) => peer.reset(),
                    (peer, _) => drop(peer),
                }
                let connections = self.connections;
                self.until("the end", |client, _| {
                    client.is_closed() || client.stats().connections > connections
                });
            }
            Step::Expect(expect) => {
                self.caller.client.drive();
                self.caller.expect(expect);
            }
            other => panic!("not for drivers: {other:?}"),
        }
    }
}

#[test]
fn event_loop() {
    common::for_each_fixture(|fixture| {
        if fixture.for_drivers() {
            let listener = Listener::tcp();
            let client = Client::open(config(&listener, fixture)).unwrap();
            let mut caller = Caller::new(fixture, client);
            caller.submit_first();
            let (peer, expected) = (None, Vec::new());
            let mut play = Loop { caller, listener, peer, expected, said: 0, connections: 0 };
            play.connect();
            fixture.steps.iter().for_each(|step| play.step(step));
            play.hear();
        }
    });
}

/// The server's part of the script, for a thread.
fn serve(listener: &Listener, steps: &[Step]) {
    let mut expected: Vec<u8> = Vec::new();
    let mut peer = Some(listener.accept());
    for step in steps {
        match step {
            Step::Client(bytes) => expected.extend_from_slice(bytes),
            Step::Server(bytes) => {
                if let Some(peer) = &mut peer {
                    peer.listen_for(expected.len());
                    peer.compare(&expected);
                    peer.say(bytes);
                }
            }
            Step::Eof => {
                if let Some(mut peer) = peer.take() {
                    peer.listen_for(expected.len());
                    peer.compare(&expected);
                }
            }
            Step::Connect => {
                if let Some(mut peer) = peer.take() {
                    // It's the client that leaves: if this server did first, that would be another script.
                    peer.listen_for(usize::MAX);
                    peer.compare(&expected);
                }
                expected.clear();
                peer = Some(listener.accept());
            }
            _ => {}
        }
    }
    if let Some(mut peer) = peer {
        peer.listen_for(expected.len());
        peer.compare(&expected);
        // It's for the client to leave: the script doesn't end with the server hanging up.
        peer.listen_for(usize::MAX);
    }
}

/// Whether the caller can do all of his part before the first reply, or at the end.
fn can_block(fixture: &Fixture) -> bool {
    let ready = fixture.steps.iter().position(|s| matches!(s, Step::Server(_))).unwrap_or(0);
    let gives_up = fixture
        .steps
        .windows(2)
        .any(|w| matches!(w, [Step::Expect(Expect::Event(words)), Step::Eof] if words == "reconnect"));
    // `command` writes at once: when the server has hung up on it, the next isn't taken any more.
    let commands = fixture.steps.iter().filter(|s| matches!(s, Step::Command { .. })).count();
    let hasty = commands > 1 && fixture.steps.contains(&Step::Eof);
    // `connect` returns when EHLO is done: then it's too late to speak first.
    fixture.for_drivers()
        && fixture.options.remembers.is_empty()
        && !gives_up
        && !hasty
        && fixture.steps.iter().enumerate().all(|(at, step)| match step {
            Step::Submit { .. } | Step::Command { .. } | Step::Cancel { .. } => at < ready,
            Step::Reset => false,
            _ => true,
        })
}

#[test]
fn blocking_calls() {
    common::for_each_fixture(|fixture| {
        if !can_block(fixture) {
            return;
        }
        let listener = Listener::unix();
        let config = config(&listener, fixture);
        std::thread::scope(|scope| {
            // The listener is the server's: if that fails, nobody waits for it.
            let server = scope.spawn(move || serve(&listener, &fixture.steps));
            match Client::connect(config) {
                Err(error) => {
                    // There is no client, so there are no tickets; the script must have wanted that.
                    let undelivered = fixture.verdicts().all(|v| v.status == "not_sent");
                    assert!(undelivered, "{error}");
                }
                Ok(client) => {
                    let mut caller = Caller::new(fixture, client);
                    caller.submit_first();
                    for step in &fixture.steps {
                        caller.operate(step);
                    }
                    assert!(caller.client.flush(Some(LONG)), "outcomes are missing");
                    if fixture.steps.contains(&Step::Quit) {
                        assert!(caller.client.quit(Some(LONG)));
                    }
                    for step in &fixture.steps {
                        if let Step::Expect(expect @ Expect::Outcome(_)) = step {
                            caller.expect(expect);
                        }
                    }
                    assert_eq!(caller.outcomes.len(), caller.tickets.len());
                    drop(caller);
                }
            }
            server.join().unwrap();
        });
    });
    let played = common::fixture::all().iter().filter(|f| can_block(f)).count();
    assert!(played >= 60, "only {played} transcripts were played");
}

/// Time does pass for a driver: a server that says nothing is given up.
#[test]
fn silence_ends_the_session() {
    let listener = Listener::tcp();
    let mut config = listener.config();
    config.session.timeouts = Timeouts::all(Duration::from_millis(20));
    let mut client = Client::open(config).unwrap();
    let fixture = common::fixture::named("timeout-greeting");
    let ticket = client.submit(build::message(fixture.letter("a"))).unwrap();
    let outcome = client.collect(Some(LONG)).unwrap();
    assert_eq!((outcome.ticket, outcome.status.as_str()), (ticket, "not_sent"));
    assert!(
        matches!(client.error(), Some(smtpipe::session::SessionError::Timeout { .. })),
        "{:?}",
        client.error()
    );
    assert!(client.collect(Some(LONG)).is_none() && client.is_closed());
}

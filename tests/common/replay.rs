//! Plays a fixture's server and caller against a session, in portions of any kind, up to any point.

use super::build;
use super::escape::show;
use super::fixture::{Expect, Fixture, Step};
use super::run::{Run, Take};

/// How the server's bytes arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feed {
    /// As the script's pieces.
    Pieces,
    /// At most so many bytes at a time.
    Portions(usize),
    /// As the script's pieces, the one with this byte of all in it being split in front of it.
    Split(usize),
}

/// Where it all ends, counted over all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// So many bytes of the server arrive.
    Server(usize),
    /// So many bytes of the client leave.
    Client(usize),
}

/// How it ends there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Eof,
    Reset,
    Silence,
}

/// Plays the whole script; panics where the session does otherwise.
pub(crate) fn replay(fixture: &Fixture, feed: Feed, take: Take) -> Run {
    let mut player = Player::new(fixture, feed, take);
    for step in &fixture.steps {
        player.step(step);
    }
    player.compare_output("at the end");
    let Player { run, seen, .. } = player;
    let left: Vec<_> = run.outcomes.values().filter(|o| !seen.contains(&o.ticket)).collect();
    assert!(left.is_empty(), "outcomes that the script doesn't know: {left:?}");
    if run.session.is_closed() || run.session.unfinished() == 0 {
        run.judge().unwrap_or_else(|e| panic!("{e}"));
    }
    run
}

/// Plays up to a point, ends the connection there, and lets the referee judge. Returns what became of it.
pub(crate) fn cut(fixture: &Fixture, at: Cut, end: End) -> Run {
    let mut player = Player::new(fixture, Feed::Pieces, Take::All);
    player.checking = false;
    player.cut = Some(at);
    if let Cut::Client(n) = at {
        player.run.room = Some(n);
    }
    for step in &fixture.steps {
        if player.over() {
            break;
        }
        player.step(step);
    }
    let mut run = player.run;
    for _ in 0..100 {
        if run.session.is_closed() {
            break;
        }
        if run.wants_connection() {
            run.end_of_input();
            continue;
        }
        match end {
            End::Eof => run.end_of_input(),
            End::Reset => run.lose(),
            End::Silence if run.time_out() => {}
            // It's the caller's turn, and there is no time limit to that.
            End::Silence if run.session.auth_cancel().is_ok() => run.drain(),
            // Nothing is awaited: then nothing may be open either.
            End::Silence => break,
        }
    }
    run.judge().unwrap_or_else(|e| panic!("{e}"));
    run
}

struct Player<'a> {
    fixture: &'a Fixture,
    run: Run,
    feed: Feed,
    expected: Vec<u8>,
    seen: Vec<smtpipe::session::Ticket>,
    events_seen: usize,
    checking: bool,
    cut: Option<Cut>,
}

impl<'a> Player<'a> {
    fn new(fixture: &'a Fixture, feed: Feed, take: Take) -> Self {
        let mut run = Run::new(build::options(&fixture.options), &fixture.messages);
        run.take = take;
        run.set_up(&fixture.options);
        for (name, message) in build::first(fixture) {
            run.submit(&name, message).unwrap();
        }
        run.start();
        let (expected, seen) = (Vec::new(), Vec::new());
        Self { fixture, run, feed, expected, seen, events_seen: 0, checking: true, cut: None }
    }

    fn over(&self) -> bool {
        match self.cut {
            Some(Cut::Server(n)) => self.run.fed_in_all >= n,
            Some(Cut::Client(n)) => self.run.sent_in_all >= n,
            None => false,
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Client(bytes) => self.expected.extend_from_slice(bytes),
            Step::Server(bytes) => {
                self.compare_output(&format!("before {}", show(bytes)));
                self.serve(bytes);
            }
            Step::Submit { message, fails } => {
                let result = self.run.submit(message, build::message(self.fixture.letter(message)));
                self.compare_error(result, fails.as_deref());
            }
            Step::Command { ticket, line, fails } => {
                let result = self.run.command(ticket, line);
                self.compare_error(result, fails.as_deref());
            }
            Step::Cancel { ticket, done } => {
                let found = self.run.session.cancel(self.run.tickets[ticket]);
                assert!(found == *done || !self.checking, "cancel {ticket}: {found}");
                self.run.drain();
            }
            Step::Quit => {
                self.run.session.quit();
                self.run.drain();
            }
            Step::Eof => self.run.end_of_input(),
            Step::Reset => self.run.lose(),
            Step::Truncate => self.run.truncate(),
            Step::Tls(fails) => {
                self.compare_output("before the handshake");
                let asked = self.run.handshake(fails.as_deref());
                assert!(asked || !self.checking, "no handshake was asked for");
            }
            Step::Sasl(words) => {
                self.compare_output("before the caller's SASL");
                let result = super::login::answer(&mut self.run.session, words);
                assert!(result.is_ok() || !self.checking, "{result:?}");
                self.run.drain();
            }
            Step::Connect => {
                self.compare_output("before the next connection");
                if self.run.wants_connection() {
                    self.expected.clear();
                    self.run.connect();
                } else {
                    assert!(!self.checking, "no connection was asked for");
                }
            }
            Step::Wait(time) => {
                self.compare_output("before the time passes");
                self.run.wait(*time);
            }
            Step::Take(room) => {
                // A cut in the client's bytes is the transport's last word.
                if !matches!(self.cut, Some(Cut::Client(_))) {
                    self.run.room = *room;
                    self.run.drain();
                }
            }
            Step::Expect(expect) if self.checking => self.expect(expect),
            Step::Expect(_) => {}
        }
    }

    fn serve(&mut self, bytes: &[u8]) {
        let from = self.run.fed_in_all;
        let bytes = match self.cut {
            Some(Cut::Server(n)) => &bytes[..bytes.len().min(n - from)],
            _ => bytes,
        };
        match self.feed {
            Feed::Split(at) if at > from && at < from + bytes.len() => {
                let (head, tail) = bytes.split_at(at - from);
                self.run.feed(head);
                self.run.feed(tail);
            }
            Feed::Pieces | Feed::Split(_) => self.run.feed(bytes),
            Feed::Portions(most) => bytes.chunks(most).for_each(|part| self.run.feed(part)),
        }
    }

    /// All that was to leave without waiting has left, and nothing else.
    fn compare_output(&self, at: &str) {
        if !self.checking
            || self.run.room.is_some()
            || self.fixture.options.wire_may_differ && self.feed != Feed::Pieces
        {
            return;
        }
        let (expected, sent) = (show(&self.expected), show(&self.run.sent));
        assert!(expected == sent, "{at}: expected\n{}\nbut this was sent\n{}", tail(&expected), tail(&sent));
    }

    fn compare_error(&self, result: Result<(), smtpipe::session::SubmitError>, fails: Option<&str>) {
        if !self.checking {
            return;
        }
        match (result, fails) {
            (Ok(()), None) => {}
            (Err(error), Some(begins))
                if format!("{error:?}").to_lowercase().starts_with(&begins.to_lowercase()) => {}
            (result, fails) => panic!("{result:?}, where {fails:?} was expected"),
        }
    }

    fn expect(&mut self, expect: &Expect) {
        let session = &self.run.session;
        match expect {
            Expect::Outcome(verdict) => {
                let outcome = self
                    .run
                    .outcome(&verdict.ticket)
                    .unwrap_or_else(|| panic!("no outcome yet: {verdict:?}"));
                build::compare(verdict, outcome).unwrap_or_else(|e| panic!("{e}; expected {verdict:?}"));
                self.seen.push(outcome.ticket);
            }
            Expect::Error(begins) => {
                let error = session.error().map_or_else(|| "none".to_owned(), |e| format!("{e:?}"));
                assert!(error.starts_with(begins.as_str()), "error {error}, expected {begins}");
            }
            Expect::Level(level) => assert_eq!(session.level().as_str(), level),
            Expect::Event(words) => {
                let rest = &self.run.events[self.events_seen..];
                let at = rest.iter().position(|e| e == words);
                let at = at.unwrap_or_else(|| panic!("no event {words} among {rest:?}"));
                self.events_seen += at + 1;
            }
            Expect::Closed(closed) => assert_eq!(session.is_closed(), *closed, "closed"),
            Expect::Stat(name, value) => {
                let stats = session.stats();
                let found = match name.as_str() {
                    "messages" => stats.messages,
                    "round_trips" => u64::from(stats.round_trips),
                    "downgrades" => u64::from(stats.downgrades),
                    "encrypted" => u64::from(stats.encrypted),
                    "in_clear" => u64::from(stats.in_clear),
                    "connections" => u64::from(stats.connections),
                    "max_in_flight" => stats.max_in_flight as u64,
                    other => panic!("no counter {other}"),
                };
                assert_eq!(found, *value, "{name}");
            }
        }
    }
}

/// The last lines only: what went before is equal.
fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(12)..].join("\n")
}

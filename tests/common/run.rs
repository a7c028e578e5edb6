//! A session without a socket, a clock that goes when it's told to, and a referee who sees every byte.
//!
//! The transport takes output in portions of any size, and stops where it is told to.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::time::Duration;

use smtpipe::sasl::Nonce;
use smtpipe::session::{
    Event, Message, Options, Outcome, Secure, Session, SubmitError, Ticket, TlsError, TlsFailure,
};

use super::fixture::{Drawn, Letter, Settings};
use super::referee::{Referee, features};

/// How the transport takes what is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Take {
    /// As many slices as there are, and all of them.
    All,
    /// At most so many bytes of at most so many slices at a time.
    Portions { bytes: usize, slices: usize },
}

pub(crate) struct Run {
    pub(crate) session: Session,
    pub(crate) now: Duration,
    pub(crate) referee: Referee,
    pub(crate) take: Take,
    /// So many bytes are taken before the transport is full.
    pub(crate) room: Option<usize>,
    /// What left on this connection.
    pub(crate) sent: Vec<u8>,
    /// What left on all connections.
    pub(crate) sent_in_all: usize,
    pub(crate) fed_in_all: usize,
    pub(crate) outcomes: BTreeMap<Ticket, Outcome>,
    /// Events other than outcomes, in words.
    pub(crate) events: Vec<String>,
    pub(crate) tickets: BTreeMap<String, Ticket>,
    /// How much of each streamed content was drawn.
    drawn: BTreeMap<Ticket, usize>,
    letters: Vec<Letter>,
    lmtp: bool,
    /// Each connection is encrypted from the beginning.
    pub(crate) implicit_tls: bool,
    exporter: Vec<u8>,
    nonce: Option<Nonce>,
    /// How many events there were when the last handshake came to its end.
    handshaken: usize,
}

impl Run {
    pub(crate) fn new(options: Options, letters: &[Letter]) -> Self {
        let lmtp = options.lmtp;
        let mut referee = Referee::new(letters, lmtp);
        referee.stated = options.level.is_some();
        let offered = options.peer.as_ref().and_then(|peer| peer.offered.as_ref());
        if let Some(offered) = offered.filter(|offered| offered.pipeconnect()) {
            let words = offered.iter().map(|(keyword, _)| keyword).chain([offered.domain()]);
            referee.allow_early(features(words.map(str::to_owned)));
        }
        Self {
            session: Session::new(options),
            now: Duration::from_secs(1000),
            referee,
            take: Take::All,
            room: None,
            sent: Vec::new(),
            sent_in_all: 0,
            fed_in_all: 0,
            outcomes: BTreeMap::new(),
            events: Vec::new(),
            tickets: BTreeMap::new(),
            drawn: BTreeMap::new(),
            letters: letters.to_vec(),
            lmtp,
            implicit_tls: false,
            exporter: Vec::new(),
            nonce: None,
            handshaken: 0,
        }
    }

    /// What isn't among a session's options.
    pub(crate) fn set_up(&mut self, settings: &Settings) {
        self.implicit_tls = settings.implicit_tls;
        self.exporter = settings.exporter.clone().unwrap_or_default().into_bytes();
        self.nonce = super::login::nonce(settings);
        self.referee.private = settings.implicit_tls || settings.clear_text;
    }

    fn secure(&self, round_trips: u32) -> Secure {
        Secure { exporter: self.exporter.clone(), round_trips, unverified: false }
    }

    pub(crate) fn submit(&mut self, name: &str, message: Message) -> Result<(), SubmitError> {
        let ticket = self.session.submit(message)?;
        self.remember(name, ticket);
        Ok(())
    }

    /// A message that wasn't known from the beginning.
    pub(crate) fn submit_letter(&mut self, letter: &Letter) {
        self.letters.push(letter.clone());
        self.referee.know(letter);
        self.submit(&letter.name, super::build::message(letter)).unwrap();
    }

    pub(crate) fn command(&mut self, name: &str, line: &str) -> Result<(), SubmitError> {
        let ticket = self.session.command(line)?;
        self.remember(name, ticket);
        Ok(())
    }

    fn remember(&mut self, name: &str, ticket: Ticket) {
        assert!(!self.tickets.values().any(|&t| t == ticket), "{ticket} is used twice");
        self.tickets.insert(name.to_owned(), ticket);
        self.drain();
    }

    pub(crate) fn start(&mut self) {
        if self.implicit_tls {
            self.session.tls_established(self.now, self.secure(0));
        }
        if let Some(nonce) = self.nonce.clone() {
            self.session.set_nonce(nonce);
        }
        self.session.start(self.now);
        self.drain();
    }

    /// Another connection.
    pub(crate) fn connect(&mut self) {
        self.sent.clear();
        self.referee.connect();
        self.start();
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.fed_in_all += bytes.len();
        // The referee first: what he has read explains what the session does next.
        self.referee.server(bytes);
        self.session.feed(self.now, bytes);
        self.drain();
    }

    pub(crate) fn end_of_input(&mut self) {
        self.session.end_of_input(self.now);
        self.drain();
    }

    pub(crate) fn lose(&mut self) {
        self.session.connection_lost(self.now, "reset by peer");
        self.drain();
    }

    /// The handshake's end, if the session has asked for one. False if it hasn't.
    pub(crate) fn handshake(&mut self, fails: Option<&str>) -> bool {
        let answered = self.handshaken == self.events.len();
        if answered || self.events.last().is_none_or(|event| event != "starttls") {
            return false;
        }
        self.handshaken = self.events.len();
        match fails {
            None => {
                self.referee.secured();
                self.session.tls_established(self.now, self.secure(1));
            }
            Some(why) => {
                let failure = TlsFailure::ALL.into_iter().find(|failure| failure.as_str() == why);
                let failure = failure.unwrap_or_else(|| panic!("TLS fails {why}"));
                self.session.tls_failed(self.now, TlsError::new(failure, "as the script has it"));
            }
        }
        self.drain();
        true
    }

    pub(crate) fn truncate(&mut self) {
        self.session.truncated(self.now);
        self.drain();
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        for _ in 0..100 {
            match self.session.deadline() {
                Some(deadline) if deadline <= until => self.expire(deadline),
                _ => {
                    self.now = until;
                    return;
                }
            }
        }
        panic!("a hundred deadlines passed, and there is still one");
    }

    fn expire(&mut self, deadline: Duration) {
        self.now = self.now.max(deadline);
        self.session.handle_timeout(self.now);
        self.drain();
        let next = self.session.deadline();
        assert!(next.is_none_or(|d| d > self.now), "the deadline that has passed is still there");
    }

    /// Lets the session run into its deadline. False if it has none.
    pub(crate) fn time_out(&mut self) -> bool {
        let deadline = self.session.deadline();
        deadline.into_iter().for_each(|d| self.expire(d));
        deadline.is_some()
    }

    /// Steps 2 and 3 of the driver's contract.
    pub(crate) fn drain(&mut self) {
        for _ in 0..1_000_000 {
            let progress = self.write();
            let answered = self.collect();
            if !progress && !answered {
                return;
            }
        }
        panic!("output without end");
    }

    /// Writes once; false when there was nothing to write, or no room.
    fn write(&mut self) -> bool {
        let (most_bytes, most_slices) = match self.take {
            Take::All => (usize::MAX, 16),
            Take::Portions { bytes, slices } => (bytes, slices),
        };
        let most_bytes = most_bytes.min(self.room.unwrap_or(usize::MAX));
        let mut slices = [IoSlice::new(&[]); 16];
        let count = self.session.output(&mut slices[..most_slices]);
        let handed: Vec<Vec<u8>> = slices[..count].iter().map(|s| s.to_vec()).collect();
        let mut bytes = handed.concat();
        bytes.truncate(most_bytes);
        self.session.sent(self.now, bytes.len());
        self.room = self.room.map(|room| room - bytes.len());
        let mut left = bytes.as_slice();
        for slice in &handed {
            let (part, rest) = left.split_at(left.len().min(slice.len()));
            self.referee.client(part);
            left = rest;
            // Some servers can't take a command in two parts (DESIGN 4.2).
            let whole = part.len() == slice.len();
            assert!(!whole || !self.referee.inside_a_command(), "a command lies in two slices");
        }
        let handed: usize = handed.iter().map(Vec::len).sum();
        self.sent.extend_from_slice(&bytes);
        self.sent_in_all += bytes.len();
        assert!(handed > 0 || !self.session.wants_output(), "output is wanted and there is none");
        !bytes.is_empty()
    }

    /// True if something was given to the session by it.
    fn collect(&mut self) -> bool {
        let mut answered = false;
        while let Some(event) = self.session.next_event() {
            let words = match event {
                Event::Outcome(outcome) => {
                    assert!(
                        self.tickets.values().any(|&t| t == outcome.ticket),
                        "an outcome for nothing: {outcome:?}"
                    );
                    let second = self.outcomes.insert(outcome.ticket, outcome);
                    assert!(second.is_none(), "a second outcome; the first was {second:?}");
                    continue;
                }
                Event::Ready => "ready".to_owned(),
                Event::Closed => "closed".to_owned(),
                Event::Reconnect { .. } => "reconnect".to_owned(),
                Event::StartTls => "starttls".to_owned(),
                Event::AuthWanted { mechanisms, refused } => {
                    let again = refused.map_or_else(String::new, |reply| format!(" behind {}", reply.code()));
                    format!("auth {mechanisms}{again}")
                }
                Event::AuthChallenge(challenge) => {
                    format!("challenge {}", super::login::shown(challenge.as_bytes()))
                }
                Event::Upgrade { to } => format!("upgrade {to}"),
                Event::Downgrade { from, to, .. } => format!("downgrade {from} {to}"),
                Event::WantContent { ticket, rewind } => {
                    answered |= self.give(ticket, rewind);
                    continue;
                }
                other => panic!("{other:?}"),
            };
            self.events.push(words);
        }
        answered
    }

    /// Answers for the source of a streamed content.
    fn give(&mut self, ticket: Ticket, rewind: bool) -> bool {
        assert!(!self.outcomes.contains_key(&ticket), "content is wanted of what is over");
        assert!(!rewind || self.drawn.contains_key(&ticket), "it was not drawn, and it's to be rewound");
        let at = self.drawn.entry(ticket).or_default();
        if rewind {
            *at = 0;
        }
        let name = self.tickets.iter().find(|(_, t)| **t == ticket).expect("a known ticket").0;
        let letter = self.letters.iter().find(|letter| letter.name == *name).unwrap();
        assert!(!rewind || letter.stream.as_ref().is_some_and(|s| s.rewind), "it can't be rewound");
        match letter.draw(*at) {
            Drawn::Piece(piece) => {
                *at += piece.len();
                assert!(self.session.content(self.now, ticket, piece.into()));
            }
            Drawn::End => assert!(self.session.content_end(self.now, ticket)),
            Drawn::Failed => assert!(self.session.content_failed(ticket, "it broke")),
            Drawn::Nothing => return false,
        }
        true
    }

    /// How much of its content was drawn.
    pub(crate) fn drawn(&self, name: &str) -> usize {
        self.tickets.get(name).and_then(|ticket| self.drawn.get(ticket)).copied().unwrap_or(0)
    }

    /// The session asked for another connection, and has none yet.
    pub(crate) fn wants_connection(&self) -> bool {
        self.events.last().is_some_and(|e| e == "reconnect")
    }

    pub(crate) fn outcome(&self, name: &str) -> Option<&Outcome> {
        self.outcomes.get(self.tickets.get(name)?)
    }

    /// After the end: every ticket has its outcome, and each says what the bytes prove.
    pub(crate) fn judge(&self) -> Result<(), String> {
        for (name, ticket) in &self.tickets {
            let Some(outcome) = self.outcomes.get(ticket) else {
                return Err(format!("{name} has no outcome"));
            };
            let Some(letter) = self.letters.iter().find(|l| l.name == *name) else { continue };
            let reason = outcome.reason.is_some();
            if outcome.recipients.len() != letter.recipients.len() {
                return Err(format!("{name} has outcomes for {} recipients", outcome.recipients.len()));
            }
            for recipient in &outcome.recipients {
                let status = recipient.status.as_str();
                self.referee.judge(letter, recipient.address.as_str(), status, reason)?;
            }
        }
        if self.session.unfinished() > 0 {
            return Err(format!("{} unfinished", self.session.unfinished()));
        }
        Ok(())
    }

    pub(crate) const fn lmtp(&self) -> bool {
        self.lmtp
    }
}

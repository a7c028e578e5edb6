//! The same session twice, side by side: one gets what the server says whole, the other byte by byte. Both do the same.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::time::Duration;

use smtpipe::session::{Event, Options, Secure, Session, Ticket};

use super::script::{Op, Script, broken};
use crate::common::fixture::{Drawn, Letter, Settings};
use crate::common::{build, login};

/// Plays it twice.
pub(super) fn split(script: &Script<'_>) {
    let mut both = [Plain::new(script), Plain::new(script)];
    let mut waiting = script.letters.iter().skip(script.first);
    let mut now = Duration::from_secs(1000);
    for side in &mut both {
        script.letters.iter().take(script.first).for_each(|letter| side.submit(letter));
        side.start(now, &script.settings);
        side.drain(now);
    }
    for op in &script.ops {
        let letter = if matches!(op, Op::Submit) { waiting.next() } else { None };
        if let Op::Wait(seconds) = op {
            now += Duration::from_secs(*seconds);
        }
        let [whole, bytes] = &mut both;
        if let Op::Feed(said) = *op {
            whole.session.feed(now, said.0);
            said.0.chunks(1).for_each(|byte| bytes.session.feed(now, byte));
        }
        for side in &mut both {
            match *op {
                Op::Feed(_) => {}
                Op::Wait(_) => side.session.handle_timeout(now),
                Op::EndOfInput => side.session.end_of_input(now),
                Op::Lost => side.session.connection_lost(now, "reset"),
                Op::Room(room) => side.room = room,
                Op::Submit => letter.into_iter().for_each(|letter| side.submit(letter)),
                Op::Command => drop(side.session.command("NOOP")),
                Op::Cancel(which) => {
                    let _ = side.session.cancel(Ticket::from_number(which as u64 + 1));
                }
                Op::Quit => side.session.quit(),
                Op::Connect if side.wants_connection => {
                    side.wants_connection = false;
                    side.start(now, &script.settings);
                }
                Op::Connect => {}
                Op::Tls(works) => side.handshake(now, works),
                Op::Sasl(words) => {
                    let _ = login::answer(&mut side.session, words);
                }
                Op::Truncate => side.session.truncated(now),
            }
            side.drain(now);
        }
        let [whole, bytes] = &both;
        assert_eq!(whole.events, bytes.events, "{op:?}");
        assert_eq!(whole.sent, bytes.sent, "{op:?}");
        assert_eq!(whole.session.error(), bytes.session.error(), "{op:?}");
    }
    let [whole, bytes] = &both;
    assert_eq!(whole.session.stats(), bytes.session.stats());
}

struct Plain {
    session: Session,
    /// Where the source of each ticket stands.
    sources: BTreeMap<Ticket, (Letter, usize)>,
    room: Option<usize>,
    sent: Vec<u8>,
    events: Vec<Event>,
    wants_connection: bool,
    wants_tls: bool,
}

impl Plain {
    fn new(script: &Script<'_>) -> Self {
        let options: Options = build::options(&script.settings);
        Self {
            session: Session::new(options),
            sources: BTreeMap::new(),
            room: None,
            sent: Vec::new(),
            events: Vec::new(),
            wants_connection: false,
            wants_tls: false,
        }
    }

    fn start(&mut self, now: Duration, settings: &Settings) {
        self.session.set_nonce(login::nonce(settings).expect("a nonce"));
        self.session.start(now);
    }

    fn handshake(&mut self, now: Duration, works: bool) {
        if !std::mem::take(&mut self.wants_tls) {
            return;
        }
        if works {
            self.session.tls_established(now, Secure { round_trips: 1, ..Secure::default() });
        } else {
            self.session.tls_failed(now, broken());
        }
    }

    fn submit(&mut self, letter: &Letter) {
        if let Ok(ticket) = self.session.submit(build::message(letter)) {
            self.sources.insert(ticket, (letter.clone(), 0));
        }
    }

    fn drain(&mut self, now: Duration) {
        loop {
            let mut slices = [IoSlice::new(&[]); 8];
            let count = self.session.output(&mut slices);
            let mut bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.iter().copied()).collect();
            bytes.truncate(self.room.unwrap_or(usize::MAX));
            self.room = self.room.map(|room| room - bytes.len());
            self.session.sent(now, bytes.len());
            while let Some(event) = self.session.next_event() {
                self.wants_connection |= matches!(event, Event::Reconnect { .. });
                // As it is with the referee: asked for by the last event, or not at all.
                self.wants_tls = matches!(event, Event::StartTls);
                if let Event::WantContent { ticket, rewind } = event {
                    self.give(now, ticket, rewind);
                }
                self.events.push(event);
            }
            if bytes.is_empty() && !self.session.wants_output() {
                return;
            }
            if bytes.is_empty() && self.room == Some(0) {
                return;
            }
            self.sent.extend_from_slice(&bytes);
        }
    }
    fn give(&mut self, now: Duration, ticket: Ticket, rewind: bool) {
        let Some((letter, at)) = self.sources.get_mut(&ticket) else { return };
        if rewind {
            *at = 0;
        }
        match letter.draw(*at) {
            Drawn::Piece(piece) => {
                *at += piece.len();
                self.session.content(now, ticket, piece.into());
            }
            Drawn::End => {
                self.session.content_end(now, ticket);
            }
            Drawn::Failed => {
                self.session.content_failed(ticket, "it broke");
            }
            Drawn::Nothing => {}
        }
    }
}

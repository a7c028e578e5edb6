//! The engine against a server that says anything at any time, and a caller and a network that do what they like. Exactly one
//! outcome for each ticket, and one that the bytes prove (`tests/common/referee.rs` sees them all); no command where none may
//! be. And the same with the server's bytes one at a time: the same events, the same bytes sent.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::time::Duration;

use smtpipe::session::{Event, Options, Session, Ticket};

use crate::choices::Choices;
use crate::common::build;
use crate::common::fixture::{Drawn, Letter, Mailbox, Settings, Streaming};
use crate::common::run::{Run, Take};

/// What servers say. The fuzzer has the bytes of an input as well; this is where it need not learn SMTP first.
pub(crate) const SAYINGS: [&[u8]; 32] = [
    b"220 hi\r\n",
    b"250 ok\r\n",
    b"354 go\r\n",
    b"550 5.1.1 no\r\n",
    b"250-hi\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 CHUNKING\r\n",
    b"250-hi\r\n250 PIPELINING\r\n",
    b"250 hi\r\n",
    b"250-hi\r\n250-PIPELINING\r\n250-PIPECONNECT\r\n250-CHUNKING\r\n250 LIMITS RCPTMAX=2 MAILMAX=2\r\n",
    b"250 ok\r\n250 ok\r\n",
    b"250 ok\r\n250 ok\r\n354 go\r\n",
    b"250 ok\r\n250 ok\r\n250 ok\r\n",
    b"250 ok\r\n550 no\r\n503 no\r\n",
    b"550 no\r\n503 no\r\n503 no\r\n",
    b"550 no\r\n250 ok\r\n354 go\r\n",
    b"250 ok\r\n452 4.5.3 too many\r\n354 go\r\n",
    b"503 5.5.1 what\r\n",
    b"503 no\r\n503 no\r\n503 no\r\n",
    b"421 4.3.2 bye\r\n",
    b"450 later\r\n",
    b"552 full\r\n",
    b"251 elsewhere\r\n",
    b"554 no\r\n",
    b"500 what\r\n",
    b"220 once more\r\n",
    b"250-one\r\n250 two\r\n",
    b"250-one\r\n550 two\r\n",
    b"250-more\r\n",
    b"250 ok\n",
    b"25",
    b"0 ok\r\n",
    b"250\0ok\r\n",
    b"334 \r\n",
];

pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let script = Script::read(&mut choices);
    let truth = std::panic::AssertUnwindSafe(|| watched(&script));
    truth();
    split(&script);
}

/// What happens, in order.
#[derive(Debug)]
enum Op<'a> {
    Feed(Said<'a>),
    Wait(u64),
    EndOfInput,
    Lost,
    Room(Option<usize>),
    Submit,
    Command,
    Cancel(usize),
    Quit,
    Connect,
}

/// Bytes that can be read where a failure is shown.
#[derive(Clone, Copy)]
struct Said<'a>(&'a [u8]);

impl std::fmt::Debug for Said<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

#[derive(Debug)]
struct Script<'a> {
    settings: Settings,
    letters: Vec<Letter>,
    /// How many are submitted before the connection is there.
    first: usize,
    /// How it ends if nothing else has ended it.
    end: u8,
    ops: Vec<Op<'a>>,
}

/// How a script's head and operations are written; `seeds.rs` writes them too.
pub(crate) const FEED: u8 = 0;
pub(crate) const SAY: u8 = 1;
pub(crate) const WAIT: u8 = 2;
pub(crate) const END_OF_INPUT: u8 = 3;
pub(crate) const LOST: u8 = 4;
pub(crate) const ROOM: u8 = 5;
pub(crate) const SUBMIT: u8 = 6;
pub(crate) const COMMAND: u8 = 7;
pub(crate) const CANCEL: u8 = 8;
pub(crate) const QUIT: u8 = 9;
pub(crate) const CONNECT: u8 = 10;
pub(crate) const OPS: u8 = 11;

pub(crate) const LEVELS: [Option<&str>; 5] =
    [None, Some("lockstep"), Some("group"), Some("continuous"), Some("streaming")];
pub(crate) const LMTP: u8 = 1;
pub(crate) const ALL: u8 = 2;
pub(crate) const ALWAYS: u8 = 4;
pub(crate) const NEVER: u8 = 8;
pub(crate) const EARLY: u8 = 16;
pub(crate) const NARROW: u8 = 32;

impl<'a> Script<'a> {
    fn read(choices: &mut Choices<'a>) -> Self {
        let level = choices.one_of(&LEVELS);
        let flags = choices.byte();
        let (window, end) = (choices.up_to(4), choices.byte());
        let chunking = match flags & (ALWAYS | NEVER) {
            ALWAYS => Some("always"),
            NEVER => Some("never"),
            _ => None,
        };
        let words = |all: &[&str]| all.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let early = flags & EARLY != 0;
        let settings = Settings {
            level: level.map(str::to_owned),
            lmtp: flags & LMTP != 0,
            window: Some(window),
            unanswered: (flags & NARROW != 0).then_some(100),
            all_recipients: flags & ALL != 0,
            chunking: chunking.map(str::to_owned),
            remembers: if early {
                words(&["PIPELINING", "PIPECONNECT", "CHUNKING", "SIZE"])
            } else {
                Vec::new()
            },
            earned: if early { words(&["continuous", "streaming"]) } else { Vec::new() },
            ..Settings::default()
        };
        let count = 1 + choices.up_to(5);
        let first = choices.up_to(6);
        let letters = (0..count).map(|at| letter(at, choices.byte())).collect();
        let mut ops = Vec::new();
        while !choices.is_empty() && ops.len() < 150 {
            ops.push(match choices.byte() % OPS {
                FEED => {
                    let len = usize::from(choices.byte());
                    Op::Feed(Said(choices.take(len)))
                }
                SAY => Op::Feed(Said(choices.one_of(&SAYINGS))),
                WAIT => Op::Wait(choices.number() as u64),
                END_OF_INPUT => Op::EndOfInput,
                LOST => Op::Lost,
                ROOM => match choices.byte() {
                    255 => Op::Room(None),
                    room => Op::Room(Some(usize::from(room))),
                },
                SUBMIT => Op::Submit,
                COMMAND => Op::Command,
                CANCEL => Op::Cancel(choices.up_to(7)),
                QUIT => Op::Quit,
                _ => Op::Connect,
            });
        }
        Self { settings, letters, first, end, ops }
    }
}

/// Each message has a sender of its own: the referee knows a transaction by it.
fn letter(at: usize, shape: u8) -> Letter {
    let mailbox = |address: String| Mailbox { address, params: Vec::new() };
    let content: &[u8] = match shape >> 2 & 7 {
        0..3 => b"Subject: x\r\n\r\ntext\r\n",
        3 => b".dot\r\n.\r\nno end",
        4 => b"",
        5 => b"eight \xe4\xf6\xfc\r\n",
        6 => b"QUIT\r\nRSET\r\n",
        _ => &[b'x'; 1200],
    };
    Letter {
        name: format!("m{at}"),
        sender: mailbox(format!("s{at}@a.example")),
        recipients: (0..=shape & 3).map(|nth| mailbox(format!("r{at}-{nth}@b.example"))).collect(),
        content: content.to_vec(),
        binary: shape & 0xe0 == 0xe0,
        require: Vec::new(),
        forward: Vec::new(),
        stream: (shape & 0xe0 == 0x60).then(|| Streaming {
            piece: 7,
            rewind: shape & 1 == 0,
            ..Streaming::default()
        }),
    }
}

/// With the referee, who panics at what may not be and knows at the end what is true.
fn watched(script: &Script<'_>) {
    let mut run = Run::new(build::options(&script.settings), &script.letters);
    let (mut waiting, mut commands) = (script.letters.iter(), 0);
    for letter in waiting.by_ref().take(script.first) {
        run.submit(&letter.name, build::message(letter)).expect("it is open");
    }
    run.start();
    for op in &script.ops {
        if cfg!(feature = "talk") {
            let known = run
                .outcomes
                .values()
                .map(|o| (o.ticket.get(), o.status, o.reason.clone()))
                .collect::<Vec<_>>();
            let sent = run.sent.split_at(run.sent.len().saturating_sub(400)).1;
            eprintln!("  {}\n  {:?} {known:?}\n{op:?}", sent.escape_ascii(), run.events);
        }
        match *op {
            Op::Feed(said) => feed(&mut run, said.0),
            Op::Wait(seconds) => run.wait(Duration::from_secs(seconds)),
            Op::EndOfInput => run.end_of_input(),
            Op::Lost => run.lose(),
            Op::Room(room) => {
                run.room = room;
                run.drain();
            }
            Op::Submit => {
                if let Some(letter) = waiting.next() {
                    let _ = run.submit(&letter.name, build::message(letter));
                }
            }
            Op::Command => {
                commands += 1;
                let _ = run.command(&format!("command {commands}"), "NOOP");
            }
            Op::Cancel(which) => {
                if let Some(&ticket) = run.tickets.values().nth(which) {
                    run.session.cancel(ticket);
                }
                run.drain();
            }
            Op::Quit => {
                run.session.quit();
                run.drain();
            }
            Op::Connect if run.wants_connection() => {
                run.events.push("connected".to_owned());
                run.connect();
            }
            Op::Connect => {}
        }
    }
    end(&mut run, script.end);
    assert!(run.session.is_closed(), "it does not end: {:?}", run.session);
    assert_eq!(run.session.deadline(), None);
    run.judge().unwrap_or_else(|why| panic!("{why}\n{:?}\n{script:?}", run.session.error()));
}

/// All of it at once, but the referee hears no more than the session does: nobody hears what is said on a connection that has
/// been dropped, be it in the middle of what was read.
fn feed(run: &mut Run, bytes: &[u8]) {
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if run.session.is_detached() || run.session.half_close() {
            break;
        }
        run.referee.server(line);
        run.session.feed(run.now, line);
    }
    run.drain();
}

fn end(run: &mut Run, way: u8) {
    run.take = Take::All;
    if way & 4 != 0 {
        run.room = None;
        run.drain();
    }
    match way & 3 {
        0 => run.lose(),
        1 => run.end_of_input(),
        _ => {
            // Silence. A session with nothing to wait for has no deadline, and one with anything has.
            for _ in 0..100 {
                if !run.time_out() {
                    break;
                }
            }
            run.end_of_input();
        }
    }
    // Another connection may have been asked for in place of the one that ended; there is none.
    if !run.session.is_closed() {
        run.end_of_input();
    }
}

/// The same session twice, side by side: one gets what the server says whole, the other byte by byte.
fn split(script: &Script<'_>) {
    let mut both = [Plain::new(script), Plain::new(script)];
    let mut waiting = script.letters.iter().skip(script.first);
    let mut now = Duration::from_secs(1000);
    for side in &mut both {
        script.letters.iter().take(script.first).for_each(|letter| side.submit(letter));
        side.session.start(now);
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
                    side.session.start(now);
                }
                Op::Connect => {}
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

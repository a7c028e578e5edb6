//! What an input stands for: settings, messages, and operations in any order.

use smtpipe::session::{TlsError, TlsFailure};

use super::sayings::SAYINGS;
use crate::choices::Choices;
use crate::common::fixture::{Letter, Mailbox, Settings, Streaming};

/// What happens, in order.
#[derive(Debug)]
pub(super) enum Op<'a> {
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
    /// The handshake, if one is asked for, comes to this end.
    Tls(bool),
    /// The caller's own SASL.
    Sasl(&'static [&'static str]),
    /// The connection ends without a close_notify.
    Truncate,
}

/// What a caller's SASL may do, as the transcripts write it.
const SASL: [&[&str]; 6] = [
    &["begin", "X-OWN", "-"],
    &["begin", "X-OWN", "eHg=", "complete"],
    &["begin", "PLAIN", "AHUAcA==", "complete"],
    &["respond", "bWU="],
    &["respond", "=", "complete"],
    &["cancel"],
];

/// How a handshake fails here.
pub(super) fn broken() -> TlsError {
    TlsError::new(TlsFailure::Expired, "as the script has it")
}

/// Bytes that can be read where a failure is shown.
#[derive(Clone, Copy)]
pub(super) struct Said<'a>(pub(super) &'a [u8]);

impl std::fmt::Debug for Said<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

#[derive(Debug)]
pub(super) struct Script<'a> {
    pub(super) settings: Settings,
    pub(super) letters: Vec<Letter>,
    /// How many are submitted before the connection is there.
    pub(super) first: usize,
    /// How it ends if nothing else has ended it.
    pub(super) end: u8,
    pub(super) ops: Vec<Op<'a>>,
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
pub(crate) const TLS: u8 = 11;
pub(crate) const SASL_CALL: u8 = 12;
pub(crate) const TRUNCATE: u8 = 13;
pub(crate) const OPS: u8 = 14;

pub(crate) const LEVELS: [Option<&str>; 5] =
    [None, Some("lockstep"), Some("group"), Some("continuous"), Some("streaming")];
pub(crate) const LMTP: u8 = 1;
pub(crate) const ALL: u8 = 2;
pub(crate) const ALWAYS: u8 = 4;
pub(crate) const NEVER: u8 = 8;
pub(crate) const EARLY: u8 = 16;
pub(crate) const NARROW: u8 = 32;

/// In the byte that says how it ends: TLS, logins and XCLIENT.
pub(crate) const STARTTLS: [Option<&str>; 3] = [None, Some("if-offered"), Some("required")];
pub(crate) const AUTHS: [&[&str]; 4] =
    [&[], &["password", "user", "pencil"], &["caller"], &["token", "user", "abc"]];
pub(crate) const XCLIENT: u8 = 128;

/// The byte that says how it ends, and of STARTTLS and AUTH their places above.
pub(crate) const fn ending(way: u8, starttls: u8, auth: u8) -> u8 {
    way | starttls << 3 | auth << 5
}

impl<'a> Script<'a> {
    pub(super) fn read(choices: &mut Choices<'a>) -> Self {
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
        let starttls = end >> 3 & 3;
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
            starttls: STARTTLS[usize::from(starttls) % 3].map(str::to_owned),
            clear_after_failed_tls: starttls == 3,
            auth: words(AUTHS[usize::from(end >> 5 & 3)]),
            clear_text: true,
            nonce: Some("rOprNGfwEbeRWgbNEkqO".to_owned()),
            xclient: if end & XCLIENT == 0 { Vec::new() } else { words(&["ADDR=192.0.2.7", "LOGIN="]) },
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
                TLS => Op::Tls(choices.byte() != 255),
                SASL_CALL => Op::Sasl(choices.one_of(&SASL)),
                TRUNCATE => Op::Truncate,
                _ => Op::Connect,
            });
        }
        Self { settings, letters, first, end, ops }
    }
}

/// Each message has a sender of its own: the referee knows a transaction by it.
fn letter(at: usize, shape: u8) -> Letter {
    let kind = Kind::of(shape);
    let mailbox = |address: String, params: &[&str]| Mailbox {
        address,
        params: params.iter().map(|&param| param.to_owned()).collect(),
    };
    let content: &[u8] = match shape >> 2 & 7 {
        0..3 => b"Subject: x\r\n\r\ntext\r\n",
        3 => b".dot\r\n.\r\nno end",
        4 => b"",
        5 => b"eight \xe4\xf6\xfc\r\n",
        6 => b"QUIT\r\nRSET\r\n",
        _ => &[b'x'; 1200],
    };
    let domain = if shape & 4 == 0 { "b" } else { "c" };
    let local = if kind == Kind::Utf8 { "r\u{f6}" } else { "r" };
    let (of_mail, of_rcpt): (&[&str], &[&str]) = match kind {
        Kind::Prdr => (&["PRDR"], &[]),
        Kind::Notify => (&["RET=HDRS"], &["NOTIFY=FAILURE"]),
        Kind::Held => (&["HOLDFOR=60", "MT-PRIORITY=3"], &[]),
        Kind::Plain | Kind::Forward | Kind::Stream | Kind::Utf8 | Kind::Binary => (&[], &[]),
    };
    Letter {
        name: format!("m{at}"),
        sender: mailbox(format!("s{at}@a.example"), of_mail),
        recipients: (0..=shape & 3)
            .map(|nth| mailbox(format!("{local}{at}-{nth}@{domain}.example"), of_rcpt))
            .collect(),
        content: content.to_vec(),
        binary: kind == Kind::Binary,
        require: Vec::new(),
        forward: if kind == Kind::Forward { vec!["ADDR=192.0.2.1".to_owned()] } else { Vec::new() },
        stream: (kind == Kind::Stream).then(|| Streaming {
            piece: 7,
            rewind: shape & 1 == 0,
            ..Streaming::default()
        }),
    }
}

/// What a message asks for; the upper three bits of its shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Plain,
    Prdr,
    Forward,
    Stream,
    Notify,
    Held,
    Utf8,
    Binary,
}

impl Kind {
    const ALL: [Self; 8] = [
        Self::Plain,
        Self::Prdr,
        Self::Forward,
        Self::Stream,
        Self::Notify,
        Self::Held,
        Self::Utf8,
        Self::Binary,
    ];

    fn of(shape: u8) -> Self {
        Self::ALL[usize::from(shape >> 5)]
    }

    /// The bits of a shape that stand for it.
    pub(crate) const fn bits(self) -> u8 {
        (self as u8) << 5
    }
}

//! What is sent: a hundred messages of mixed sizes, shapes and fates. The fate of each stands in its addresses and its source
//! (`fate.rs`), so the server needs no list, and a message that arrives under another's sender is noticed.

use bytes::Bytes;
use smtpipe::session::{Message, Streamed};
use smtpipe::wire::{Address, ClientAttribute, ClientInfo, Content, Param};

use super::random::Random;
use super::worlds::RECIPIENTS;

pub(crate) const MESSAGES: usize = 100;

#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) message: Message,
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    /// The content as it has to be stored.
    pub(crate) stored: Vec<u8>,
    /// Index of the first recipient among those of all messages.
    pub(crate) base: usize,
    /// The content is given as it goes.
    pub(crate) given: Option<Given>,
}

/// How a content is given as it goes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Given {
    /// As the source has it.
    pub(crate) raw: Bytes,
    /// So many octets at a time.
    pub(crate) piece: usize,
    /// It can't begin again.
    pub(crate) once: bool,
    /// Its length was told beforehand; and whether rightly.
    pub(crate) length: Option<bool>,
    /// It fails behind so many octets.
    pub(crate) fails: Option<usize>,
    /// It gives no more behind so many.
    pub(crate) stalls: Option<usize>,
    /// It is never ready when it's asked.
    pub(crate) slow: bool,
}

impl Given {
    /// Its end never comes.
    pub(crate) fn breaks(&self) -> bool {
        self.fails.is_some() || self.stalls.is_some() || self.length == Some(false)
    }
}

impl Mail {
    /// Nobody can get more of it than the first transaction has: the source can't begin again.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.given.as_ref().is_some_and(|given| given.once) && self.recipients.len() > RECIPIENTS as usize
    }
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) mails: Vec<Mail>,
    /// Of all messages together.
    pub(crate) recipients: usize,
}

/// The numbers in an address `kind<mail>x<recipient>@…` of a recipient.
pub(crate) fn numbers(address: &str) -> Option<(usize, usize)> {
    let local = address.split('@').next()?;
    let (mail, recipient) =
        local.trim_start_matches(|c: char| c.is_ascii_lowercase() && c != 'x').split_once('x')?;
    Some((mail.parse().ok()?, recipient.parse().ok()?))
}

impl Plan {
    pub(crate) fn new() -> Self {
        let mut random = Random(2197);
        let mut mails = Vec::new();
        let mut base = 0;
        for number in 0..MESSAGES {
            let sender = sender(number);
            let recipients: Vec<String> =
                (0..how_many(number, &mut random)).map(|nth| recipient(number, nth, &mut random)).collect();
            let binary = is_binary(number);
            let raw = if binary { octets(number, &mut random) } else { text(number, &mut random) };
            let mut stored = raw.clone();
            if !binary && !stored.is_empty() && !stored.ends_with(b"\r\n") {
                stored.extend_from_slice(b"\r\n");
            }
            let given = given(number, &raw);
            let from = if sender.is_empty() { Address::null() } else { Address::new(&sender).unwrap() };
            let mut message = match &given {
                Some(given) => Message::streamed(from, declared(given, binary)),
                None if binary => Message::new(from, Content::binary(Bytes::from(raw))),
                None => Message::new(from, Content::new(Bytes::from(raw))),
            };
            if has_prdr(number) {
                message = message.param(Param::new("PRDR", None).unwrap());
            }
            if let Some(address) = origin(number) {
                let client = ClientInfo::new().with(ClientAttribute::Addr, Some(&address)).unwrap();
                message =
                    message.forward(client.with(ClientAttribute::Name, Some("origin.example")).unwrap());
            }
            for recipient in &recipients {
                message = message.to(Address::new(recipient).unwrap());
            }
            let count = recipients.len();
            mails.push(Mail { message, sender, recipients, stored, base, given });
            base += count;
        }
        Self { mails, recipients: base }
    }

    /// Only so many of the messages.
    pub(crate) fn first(mut self, count: usize) -> Self {
        self.mails.truncate(count);
        self.recipients = self.mails.iter().map(|mail| mail.recipients.len()).sum();
        self
    }

    /// The message of this sender.
    pub(crate) fn number_of(&self, sender: &str) -> Option<usize> {
        self.mails.iter().position(|mail| mail.sender == sender)
    }
}

fn sender(number: usize) -> String {
    let kind = match number {
        40 => return String::new(),
        64 => "bad",
        n if n % 10 == 3 => "bad",
        78 => "spam",
        n if n % 16 == 7 => "spam",
        n if n % 25 == 11 || n == 76 => "nodata",
        // Four in a row, and one more: the engine becomes careful (DESIGN 4.2).
        80..=85 => "bad",
        _ => "from",
    };
    format!("{kind}{number}@a.example")
}

fn how_many(number: usize, random: &mut Random) -> usize {
    match number {
        1 => 3,
        // More than the server takes in a transaction.
        20 => 25,
        70 | 74 => 12,
        _ => 1 + random.below(4),
    }
}

fn recipient(number: usize, nth: usize, random: &mut Random) -> String {
    let kind = match (number, nth) {
        (0, 1) | (60, _) => "no",
        (1, 1) => "full",
        (0 | 1, _) => "to",
        // What is to come of a source is to be seen.
        (_, 0) if given_as_it_goes(number) => "to",
        (_, 0) => *["to", "to", "to", "to", "to", "no", "full"].get(random.below(7)).unwrap(),
        _ => *["to", "to", "to", "no", "later", "full"].get(random.below(6)).unwrap(),
    };
    format!("{kind}{number}x{nth}@b.example")
}

/// A reply for each recipient is asked for, of a server that has it.
pub(crate) const fn has_prdr(number: usize) -> bool {
    number % 6 == 1 || number % 8 == 2
}

/// Whom it came from, for XFORWARD.
pub(crate) fn origin(number: usize) -> Option<String> {
    (number % 5 == 2).then(|| format!("192.0.2.{number}"))
}

pub(crate) const fn is_binary(number: usize) -> bool {
    number % 20 == 9 || matches!(number, 46 | 58)
}

/// A field of them. Before and behind it are rows of messages that have all of their content, so that as many as may be are
/// in flight there.
const fn given_as_it_goes(number: usize) -> bool {
    matches!(number, 40..80) && number.is_multiple_of(2)
}

fn given(number: usize, raw: &[u8]) -> Option<Given> {
    if !given_as_it_goes(number) {
        return None;
    }
    let known = Given { length: Some(true), ..Given::default() };
    let once = Given { once: true, ..Given::default() };
    let given = match number {
        52 => Given { once: true, ..known },
        50 => Given { piece: 301, ..Given::default() },
        56 => Given { piece: 301, once: true, ..known },
        46 | 74 => once,
        58 | 66 => Given { slow: true, ..known },
        62 => Given { fails: Some(raw.len() / 2), ..Given::default() },
        68 => Given { fails: Some(0), ..once },
        72 => Given { stalls: Some(raw.len() / 2), ..Given::default() },
        48 => Given { length: Some(false), ..Given::default() },
        54 => Given { fails: Some(raw.len()), ..known },
        _ => Given::default(),
    };
    let piece = if given.piece == 0 { 1 + number % 40 } else { given.piece };
    Some(Given { raw: Bytes::copy_from_slice(raw), piece, ..given })
}

fn declared(given: &Given, binary: bool) -> Streamed {
    let mut made = if binary { Streamed::binary() } else { Streamed::text() };
    if let Some(rightly) = given.length {
        made = made.length(given.raw.len() as u64 + u64::from(!rightly));
    }
    if given.once { made } else { made.rewindable() }
}

fn text(number: usize, random: &mut Random) -> Vec<u8> {
    let size = match number {
        0 => 50,
        1 | 42 | 52 => 90,
        // Given as it goes, and nothing; or its source breaks.
        44 => 0,
        48 | 54 | 62 | 68 | 72 => 200 + random.below(300),
        n if n % 9 == 4 => 0,
        5 | 55 => 66_000 + random.below(3000),
        // Several chunks.
        50 | 56 => 3500 + random.below(500),
        n if n % 20 == 15 => 2000 + random.below(4000),
        _ => 1 + random.below(500),
    };
    let mut content = Vec::with_capacity(size + 80);
    while content.len() < size {
        let line = match random.below(8) {
            0 => "..\r\n".to_owned(),
            1 => ".\r\n".to_owned(),
            2 => "\r\n".to_owned(),
            3 => format!(".line of {number}, dévoilée\r\n"),
            _ => format!("{number} {}\r\n", "x".repeat(random.below(70))),
        };
        content.extend_from_slice(line.as_bytes());
    }
    // Some end without a line end.
    if !content.is_empty() && number.is_multiple_of(3) {
        content.truncate(content.len() - 2);
    }
    content
}

/// Nothing that text could be: bare CR and LF, NUL, what looks like an end, and no line end behind the last.
fn octets(number: usize, random: &mut Random) -> Vec<u8> {
    let mut content = format!("{number}\r\n.\r\nRSET\r\n\r\0\n\n\r").into_bytes();
    content.extend((0..random.below(200)).map(|_| random.below(256) as u8));
    content.push(b'.');
    content
}

//! What is sent: a hundred messages of mixed sizes and fates. The fate of each stands in its addresses, so the server needs
//! no list, and a message that arrives under another's sender is noticed.
//!
//! - senders: `bad…` is refused at MAIL, `nodata…` at DATA or BDAT, `spam…` after the content;
//! - recipients: `no…` (5yz) and `later…` (4yz) are refused at RCPT; `full…` after the content, under LMTP.

use bytes::Bytes;
use smtpipe::session::Message;
use smtpipe::wire::{Address, Content};

use super::random::Random;

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
}

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) mails: Vec<Mail>,
    /// Of all messages together.
    pub(crate) recipients: usize,
}

/// What has to become of a recipient if nothing breaks.
pub(crate) fn accepted(mail: &Mail, recipient: &str, lmtp: bool) -> bool {
    let refused = |text: &str, list: &[&str]| list.iter().any(|kind| text.starts_with(kind));
    !refused(&mail.sender, &["bad", "nodata", "spam"])
        && !refused(recipient, if lmtp { &["no", "later", "full"] } else { &["no", "later"] })
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
            let content = content(number, &mut random);
            let mut stored = content.clone();
            if !stored.is_empty() && !stored.ends_with(b"\r\n") {
                stored.extend_from_slice(b"\r\n");
            }
            let from = if sender.is_empty() { Address::null() } else { Address::new(&sender).unwrap() };
            let mut message = Message::new(from, Content::new(Bytes::from(content)));
            for recipient in &recipients {
                message = message.to(Address::new(recipient).unwrap());
            }
            let count = recipients.len();
            mails.push(Mail { message, sender, recipients, stored, base });
            base += count;
        }
        Self { mails, recipients: base }
    }
}

fn sender(number: usize) -> String {
    let kind = match number {
        40 => return String::new(),
        n if n % 10 == 3 => "bad",
        n if n % 16 == 7 => "spam",
        n if n % 25 == 11 => "nodata",
        // Four in a row, and one more: the engine becomes careful (DESIGN 4.2).
        80..=85 => "bad",
        _ => "from",
    };
    format!("{kind}{number}@a.example")
}

fn how_many(number: usize, random: &mut Random) -> usize {
    match number {
        // More than the server takes in a transaction.
        20 => 25,
        70 => 12,
        _ => 1 + random.below(4),
    }
}

fn recipient(number: usize, nth: usize, random: &mut Random) -> String {
    let kind = match (number, nth) {
        (0, 1) | (60, _) => "no",
        (0 | 1, _) => "to",
        (_, 0) => *["to", "to", "to", "to", "to", "no", "full"].get(random.below(7)).unwrap(),
        _ => *["to", "to", "to", "no", "later", "full"].get(random.below(6)).unwrap(),
    };
    format!("{kind}{number}x{nth}@b.example")
}

fn content(number: usize, random: &mut Random) -> Vec<u8> {
    let size = match number {
        0 => 50,
        1 => 90,
        n if n % 9 == 4 => 0,
        5 | 55 => 66_000 + random.below(3000),
        n if n % 20 == 15 => 2000 + random.below(4000),
        _ => 1 + random.below(500),
    };
    let mut content = Vec::with_capacity(size + 80);
    while content.len() < size {
        let line = match random.below(8) {
            0 => "..\r\n".to_owned(),
            1 => ".\r\n".to_owned(),
            2 => "\r\n".to_owned(),
            3 => format!(".line of {number}\r\n"),
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

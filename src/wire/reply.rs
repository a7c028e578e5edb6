//! Replies as values: a code and the text of one or more lines (RFC 5321 section 4.2).
//!
//! The first digit decides what a reply means; the rest is for people. Nothing here judges whether a
//! reply fits the command it answers: that is the session's ledger.

mod parser;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write as _};
use std::sync::Arc;

pub use self::parser::{Drained, ReplyParser};
use super::Enhanced;

/// What the first digit of a reply code says (RFC 5321 section 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// 2yz: done.
    Positive,
    /// 3yz: go on with the second half (content, an answer to a challenge).
    Intermediate,
    /// 4yz: refused for now; it may be tried again later.
    Transient,
    /// 5yz: refused for good.
    Permanent,
}

impl Class {
    fn of(code: u16) -> Self {
        match code / 100 {
            2 => Self::Positive,
            3 => Self::Intermediate,
            4 => Self::Transient,
            _ => Self::Permanent,
        }
    }
}

/// How much a server may say in one reply. All counts are of octets on the wire, codes and CRLF included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyLimits {
    /// Octets in one line. RFC 5321 section 4.5.3.1.5 asks for 512; real servers exceed it. Default 2048.
    pub line: usize,
    /// Lines in one reply. Default 128.
    pub lines: usize,
    /// Octets in one reply. Default 64 KiB.
    pub total: usize,
}

impl Default for ReplyLimits {
    fn default() -> Self {
        Self { line: 2048, lines: 128, total: 64 * 1024 }
    }
}

/// Why a stream of bytes can't be read as replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// A CR that no LF follows.
    #[error("a bare CR in a reply")]
    BareCr,
    /// An LF that no CR precedes.
    #[error("a bare LF in a reply")]
    BareLf,
    /// A line that doesn't begin with a code between 200 and 599.
    #[error("a reply line without a valid code")]
    BadCode,
    /// Something else than a space, a hyphen or the line end behind the code.
    #[error("a reply code followed by neither space, hyphen nor line end")]
    BadSeparator,
    /// A line over [`ReplyLimits::line`].
    #[error("a reply line is too long")]
    LineTooLong,
    /// The lines of one reply bear different codes.
    #[error("a reply mixes the codes {first} and {then}")]
    MixedCodes {
        /// The code of the first line.
        first: u16,
        /// The first code that differs from it.
        then: u16,
    },
    /// A NUL octet.
    #[error("a NUL in a reply")]
    Nul,
    /// A reply over [`ReplyLimits::total`].
    #[error("a reply is too long")]
    TooLong,
    /// A reply over [`ReplyLimits::lines`].
    #[error("a reply has too many lines")]
    TooManyLines,
}

/// A reply that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reply {
    code: u16,
    text: Arc<[u8]>,
}

impl Reply {
    /// A reply of the server half, or of a test. The lines of `text` are separated by LF.
    ///
    /// What the wire couldn't carry is mended rather than refused: the code is brought into 200 to 599,
    /// a CR before an LF is dropped, and any other CR, and NUL, becomes a space.
    pub fn new(code: u16, text: &[u8]) -> Self {
        let mut clean = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((&byte, tail)) = rest.split_first() {
            match (byte, tail.first()) {
                (b'\r', Some(b'\n')) => {}
                (b'\r' | 0, _) => clean.push(b' '),
                _ => clean.push(byte),
            }
            rest = tail;
        }
        Self { code: code.clamp(200, 599), text: clean.into() }
    }

    /// The reply without ownership.
    pub fn as_ref(&self) -> ReplyRef<'_> {
        ReplyRef { code: self.code, text: &self.text }
    }

    /// The three-digit code, 200 to 599.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// What the code's first digit says.
    pub fn class(&self) -> Class {
        Class::of(self.code)
    }

    /// The enhanced status code, as [`ReplyRef::enhanced`].
    pub fn enhanced(&self) -> Option<Enhanced> {
        self.as_ref().enhanced()
    }

    /// The texts of the lines, without the code, with the enhanced code if one was sent. Never empty.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.as_ref().text_lines()
    }

    /// The texts of the lines, joined by LF.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Appends the reply as it goes over the wire.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.as_ref().encode(out);
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// A reply borrowed from the input or from the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyRef<'a> {
    code: u16,
    text: &'a [u8],
}

impl<'a> ReplyRef<'a> {
    /// The three-digit code, 200 to 599.
    pub fn code(self) -> u16 {
        self.code
    }

    /// What the code's first digit says.
    pub fn class(self) -> Class {
        Class::of(self.code)
    }

    /// The texts of the lines, joined by LF.
    pub fn text(self) -> &'a [u8] {
        self.text
    }

    /// The same code, with the first so many octets of the text.
    pub(crate) fn head(self, octets: usize) -> Self {
        Self { code: self.code, text: self.text.get(..octets).unwrap_or(self.text) }
    }

    /// The texts of the lines, without the code. Never empty.
    pub fn text_lines(self) -> impl Iterator<Item = &'a [u8]> {
        self.text.split(|&b| b == b'\n')
    }

    /// The enhanced status code, if every line bears the same one (RFC 2034 section 4) and its class is
    /// the reply code's.
    pub fn enhanced(self) -> Option<Enhanced> {
        let mut lines = self.text_lines().map(|line| Enhanced::parse(line).map(|(code, _)| code));
        let first = lines.next()??;
        let agreed = u16::from(first.class) == self.code / 100 && lines.all(|line| line == Some(first));
        agreed.then_some(first)
    }

    /// A copy that can be kept.
    pub fn to_owned(self) -> Reply {
        Reply { code: self.code, text: self.text.into() }
    }

    /// Appends the reply as it goes over the wire.
    pub fn encode(self, out: &mut Vec<u8>) {
        let [a, b, c] = [self.code / 100, self.code / 10, self.code].map(|n| b'0' + (n % 10) as u8);
        let mut lines = self.text_lines().peekable();
        while let Some(line) = lines.next() {
            out.extend_from_slice(&[a, b, c, if lines.peek().is_some() { b'-' } else { b' ' }]);
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// One line for logs: `550 5.1.1 no such user / try another`. What isn't UTF-8 is replaced, control
/// characters are escaped.
impl fmt::Display for ReplyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:03}", self.code)?;
        for (index, line) in self.text_lines().enumerate() {
            if index > 0 {
                f.write_str(" /")?;
            }
            if !line.is_empty() {
                f.write_char(' ')?;
            }
            for c in String::from_utf8_lossy(line).chars() {
                if c.is_control() {
                    write!(f, "{}", c.escape_default())?;
                } else {
                    f.write_char(c)?;
                }
            }
        }
        Ok(())
    }
}

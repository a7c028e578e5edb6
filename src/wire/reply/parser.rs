//! The reply parser: bytes in, whole replies out, resumable at any byte.
//!
//! Nearly every reply is one line that lies whole in what was read, so that case is one search and a
//! borrowed slice. Everything else goes through `held`, the unfinished line. A byte is looked at once,
//! so input that arrives a byte at a time costs no more than the same input in one piece.
//!
//! The parser must never guess. A reply that can't be read exactly would shift every later reply by one,
//! which is a lie about somebody's mail; so the first error is final and is returned again by every
//! later call.

use memchr::memchr3;

use super::{ReplyError, ReplyLimits, ReplyRef};

/// A buffer that one long reply has grown is given back when it's larger than this.
const KEEP: usize = 4096;

/// Reads SMTP replies (RFC 5321 section 4.2) from a stream of bytes.
///
/// Lines end in CRLF and in nothing else. Codes are 200 to 599; which of them a command may have is
/// the session's affair. Octets over 127 in the text are kept as they are.
#[derive(Clone, Debug)]
pub struct ReplyParser {
    limits: ReplyLimits,
    /// The line that hasn't ended yet, its CR included if that has come.
    held: Vec<u8>,
    /// Texts of the whole lines of the reply in progress (or of the one last returned), joined by LF.
    pub(super) text: Vec<u8>,
    /// Whole lines of the reply in progress. 0: none, and then `text` is stale.
    lines: usize,
    /// Octets of those lines, with codes and line ends.
    total: usize,
    /// Code of the reply in progress. Meaningless while `lines` is 0.
    code: u16,
    error: Option<ReplyError>,
}

impl ReplyParser {
    /// A parser that refuses replies beyond `limits`.
    pub fn new(limits: ReplyLimits) -> Self {
        Self { limits, held: Vec::new(), text: Vec::new(), lines: 0, total: 0, code: 0, error: None }
    }

    /// Takes bytes off the front of `input`, as far as the end of one reply.
    ///
    /// `Some` is one whole reply; what follows it stays in `input`. `None` means that `input` is used up
    /// and the next reply isn't complete. A single-line reply that lies whole in `input` is borrowed
    /// from there, without a copy or an allocation.
    ///
    /// # Errors
    ///
    /// The stream can't be read as replies, or passes a limit. The error is found at the octet that
    /// makes it certain, however the input is cut, except for the code and what follows it, which are
    /// judged at the end of their line. What is left in `input` has no meaning then, and every later
    /// call returns the same error.
    #[inline]
    pub fn parse<'a, 'd: 'a>(&'a mut self, input: &mut &'d [u8]) -> Result<Option<ReplyRef<'a>>, ReplyError> {
        if self.lines == 0 && self.held.is_empty() && self.error.is_none() {
            // Whatever isn't the plain case, errors included, is left to the careful way.
            if let Some(at) = memchr3(b'\r', b'\n', 0, input)
                && at < self.limits.line.min(self.limits.total).saturating_sub(1)
                && let Some((line, [b'\r', b'\n', rest @ ..])) = input.split_at_checked(at)
                && let Ok(Line { code, last: true, text }) = Line::split(line)
            {
                *input = rest;
                return Ok(Some(ReplyRef { code, text }));
            }
        }
        self.parse_carefully(input)
    }

    /// Whether no part of a reply is held: the stream may end here.
    ///
    /// False for good after an error.
    pub fn is_idle(&self) -> bool {
        self.lines == 0 && self.held.is_empty() && self.error.is_none()
    }

    /// The proof that nothing came behind the last reply: no part of another one is held, and `rest`, what
    /// [`parse`](Self::parse) left of its input, is empty. Only then may the stream change to TLS: what a server (or whoever
    /// sits in between) sent in clear must never be taken for something that came encrypted (RFC 3207 section 6).
    pub fn drained(&self, rest: &[u8]) -> Option<Drained> {
        (rest.is_empty() && self.is_idle()).then_some(Drained(()))
    }

    fn parse_carefully(&mut self, input: &mut &[u8]) -> Result<Option<ReplyRef<'_>>, ReplyError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        match self.gather(input) {
            Ok(true) => Ok(Some(ReplyRef { code: self.code, text: &self.text })),
            Ok(false) => Ok(None),
            Err(error) => {
                self.error = Some(error);
                self.held = Vec::new();
                Err(error)
            }
        }
    }

    /// Takes lines until a reply is complete (true) or the input is used up (false).
    fn gather(&mut self, input: &mut &[u8]) -> Result<bool, ReplyError> {
        loop {
            match self.next_line(input)? {
                Found::Nothing => return Ok(false),
                Found::InInput(line) => {
                    if self.add(line)? {
                        return Ok(true);
                    }
                }
                Found::InHeld => {
                    let mut held = std::mem::take(&mut self.held);
                    let complete = self.add(&held);
                    held.clear();
                    self.held = held;
                    if complete? {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Takes one line off `input`, or what there is of it.
    fn next_line<'d>(&mut self, input: &mut &'d [u8]) -> Result<Found<'d>, ReplyError> {
        let held = self.held.len();
        // What the line may still grow by, its CRLF included.
        let (room, too_long) = {
            let line = self.limits.line.saturating_sub(held);
            let total = self.limits.total.saturating_sub(self.total).saturating_sub(held);
            if line <= total { (line, ReplyError::LineTooLong) } else { (total, ReplyError::TooLong) }
        };
        let window = input.get(..room).unwrap_or(input);
        if let Some(b'\r') = self.held.last() {
            let Some((&next, rest)) = input.split_first() else { return Ok(Found::Nothing) };
            if next != b'\n' {
                return Err(ReplyError::BareCr);
            }
            self.held.pop();
            *input = rest;
            return Ok(Found::InHeld);
        }
        let Some(at) = memchr3(b'\r', b'\n', 0, window) else {
            if window.len() == room {
                return Err(too_long);
            }
            self.held.extend_from_slice(window);
            *input = &[];
            return Ok(Found::Nothing);
        };
        let Some((line, tail)) = window.split_at_checked(at) else { return Ok(Found::Nothing) };
        match tail {
            [b'\r', b'\n', ..] => {
                *input = input.get(at + 2..).unwrap_or_default();
                if held == 0 {
                    return Ok(Found::InInput(line));
                }
                self.held.extend_from_slice(line);
                Ok(Found::InHeld)
            }
            // The LF, if it's to come, would pass the limit.
            [b'\r'] if window.len() == room => Err(too_long),
            [b'\r'] => {
                self.held.extend_from_slice(window);
                *input = &[];
                Ok(Found::Nothing)
            }
            [b'\r', ..] => Err(ReplyError::BareCr),
            [b'\n', ..] => Err(ReplyError::BareLf),
            _ => Err(ReplyError::Nul),
        }
    }

    /// Adds a whole line (without its CRLF) to the reply. True if it was the reply's last.
    fn add(&mut self, line: &[u8]) -> Result<bool, ReplyError> {
        let Line { code, last, text } = Line::split(line)?;
        if self.lines == 0 {
            self.text.clear();
            if self.text.capacity() > KEEP {
                self.text = Vec::new();
            }
            self.code = code;
        } else {
            if code != self.code {
                return Err(ReplyError::MixedCodes { first: self.code, then: code });
            }
            self.text.push(b'\n');
        }
        self.text.extend_from_slice(text);
        if last {
            self.lines = 0;
            self.total = 0;
            return Ok(true);
        }
        self.lines += 1;
        self.total += line.len() + 2;
        if self.lines >= self.limits.lines {
            return Err(ReplyError::TooManyLines);
        }
        if self.total >= self.limits.total {
            return Err(ReplyError::TooLong);
        }
        Ok(false)
    }
}

/// Nothing was received behind the last reply. Only [`ReplyParser::drained`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Drained(());

impl Default for ReplyParser {
    fn default() -> Self {
        Self::new(ReplyLimits::default())
    }
}

/// Where `next_line` left a line.
enum Found<'d> {
    /// The input is used up.
    Nothing,
    InInput(&'d [u8]),
    InHeld,
}

/// One line of a reply, taken apart.
struct Line<'a> {
    code: u16,
    last: bool,
    text: &'a [u8],
}

impl<'a> Line<'a> {
    #[inline]
    fn split(line: &'a [u8]) -> Result<Self, ReplyError> {
        let [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else {
            return Err(ReplyError::BadCode);
        };
        let digit = |d: &u8| u16::from(d - b'0');
        let code = digit(a) * 100 + digit(b) * 10 + digit(c);
        match rest {
            [b' ', text @ ..] => Ok(Self { code, last: true, text }),
            [b'-', text @ ..] => Ok(Self { code, last: false, text }),
            [] => Ok(Self { code, last: true, text: rest }),
            _ => Err(ReplyError::BadSeparator),
        }
    }
}

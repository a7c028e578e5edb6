//! Command lines into commands. Knows syntax only; whether a command is allowed now is `sequence.rs`'s business.
//!
//! A command holds spans instead of slices, so that it doesn't keep the line borrowed while the session changes.

use std::ops::Range;

use super::path::{BadPath, parse_path};
use super::refusal::{self, Canned};
use super::request::Hello;

/// A range of the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start..self.end
    }

    pub(super) fn of(self, line: &[u8]) -> &[u8] {
        line.get(self.range()).unwrap_or_default()
    }

    /// The text; empty when it isn't UTF-8, which the parser has ruled out where it matters.
    pub(super) fn text(self, line: &[u8]) -> &str {
        std::str::from_utf8(self.of(line)).unwrap_or_default()
    }
}

/// What MAIL and RCPT have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub(super) path: Span,
    pub(super) params: Span,
    /// The whole line is ASCII. Known from a pass that had to be made anyway.
    pub(super) ascii: bool,
}

/// A command that is well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Hello(Hello, Span),
    Mail(Envelope),
    Rcpt(Envelope),
    Data,
    Bdat {
        size: u64,
        last: bool,
    },
    Rset,
    Noop,
    Quit,
    Vrfy(Span),
    Expn(Span),
    Help(Span),
    Etrn(Span),
    StartTls,
    /// SEND, SOML, SAML: known to RFC 2920 §3.2, implemented by nobody.
    Send,
    /// TURN likewise.
    Turn,
    Other {
        verb: Span,
        argument: Span,
    },
}

/// What a malformed line gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) canned: Canned,
    /// The reply may be gathered with others: the verb is one of RFC 2920 §3.2's list.
    pub(super) gathered: bool,
    /// A BDAT whose size can't be read: what follows can't be told from commands, so the session must end.
    pub(super) desynchronized: bool,
}

/// Takes a line without its line end apart. `chunking` tells whether BDAT is a command at all.
pub(super) fn parse(line: &[u8], chunking: bool) -> Result<Command, Malformed> {
    let end = line.iter().rposition(|&b| b != b' ' && b != b'\t').map_or(0, |i| i + 1);
    let line = line.get(..end).unwrap_or_default();
    let rest = Span::new(skip_space(line, 4), end);
    let gathered = |canned| Malformed { canned, gathered: true, desynchronized: false };
    let flushed = |canned| Malformed { canned, gathered: false, desynchronized: false };
    let bare = |command: Command| if end == 4 { Ok(command) } else { Err(refusal::NO_ARGUMENT) };

    match &upper4(line) {
        b"MAIL" => envelope(line, rest, b"FROM:", refusal::MAIL_SYNTAX, refusal::BAD_SENDER)
            .map(Command::Mail)
            .map_err(gathered),
        b"RCPT" => envelope(line, rest, b"TO:", refusal::RCPT_SYNTAX, refusal::BAD_RECIPIENT)
            .map(Command::Rcpt)
            .map_err(gathered),
        b"BDAT" if chunking => bdat(rest.of(line)).ok_or(Malformed {
            canned: refusal::BDAT_SYNTAX,
            gathered: false,
            desynchronized: true,
        }),
        b"RSET" => bare(Command::Rset).map_err(gathered),
        b"SEND" | b"SOML" | b"SAML" => Ok(Command::Send),
        b"DATA" => bare(Command::Data).map_err(flushed),
        b"QUIT" => bare(Command::Quit).map_err(flushed),
        other => ending(other, line).map_err(flushed),
    }
}

/// The commands that end a group: nothing about them is in a hurry.
fn ending(verb4: &[u8; 4], line: &[u8]) -> Result<Command, Canned> {
    if line.iter().any(u8::is_ascii_control) {
        return Err(refusal::BAD_CHARACTER);
    }
    if std::str::from_utf8(line).is_err() {
        return Err(refusal::UNRECOGNIZED);
    }
    let word = line.iter().position(|&b| b == b' ').unwrap_or(line.len());
    let verb = Span::new(0, word);
    let rest = Span::new(skip_space(line, word), line.len());
    let given = |error| if rest.range().is_empty() { Err(error) } else { Ok(rest) };
    Ok(match verb4 {
        b"EHLO" => Command::Hello(Hello::Ehlo, given(refusal::NEEDS_NAME)?),
        b"HELO" => Command::Hello(Hello::Helo, given(refusal::NEEDS_NAME)?),
        b"LHLO" => Command::Hello(Hello::Lhlo, given(refusal::NEEDS_NAME)?),
        b"NOOP" => Command::Noop,
        b"VRFY" => Command::Vrfy(given(refusal::NEEDS_ARGUMENT)?),
        b"EXPN" => Command::Expn(given(refusal::NEEDS_ARGUMENT)?),
        b"ETRN" => Command::Etrn(given(refusal::NEEDS_ARGUMENT)?),
        b"HELP" => Command::Help(rest),
        b"TURN" => Command::Turn,
        _ if verb.of(line).eq_ignore_ascii_case(b"STARTTLS") => {
            if !rest.range().is_empty() {
                return Err(refusal::NO_ARGUMENT);
            }
            Command::StartTls
        }
        _ if verb.range().is_empty() => return Err(refusal::UNRECOGNIZED),
        _ => Command::Other { verb, argument: rest },
    })
}

/// The verb in capitals when it has four octets; else something that matches nothing.
fn upper4(line: &[u8]) -> [u8; 4] {
    match line {
        [a, b, c, d] | [a, b, c, d, b' ' | b'\t', ..] => {
            [*a, *b, *c, *d].map(|byte| byte.to_ascii_uppercase())
        }
        _ => [0; 4],
    }
}

fn skip_space(line: &[u8], from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|&&b| b == b' ' || b == b'\t').count()
}

/// `FROM:<path> parameters`, with the space behind the colon that old clients put there.
fn envelope(line: &[u8], rest: Span, word: &[u8], syntax: Canned, bad: Canned) -> Result<Envelope, Canned> {
    let text = rest.of(line);
    if !text.get(..word.len()).is_some_and(|given| given.eq_ignore_ascii_case(word)) {
        return Err(syntax);
    }
    let (control, ascii) = survey(text);
    if control || !ascii && std::str::from_utf8(text).is_err() {
        return Err(bad);
    }
    let start = skip_space(line, rest.start + word.len());
    let (path, next) = parse_path(line, start).map_err(|error| match error {
        BadPath::NoBrackets => syntax,
        BadPath::Address => bad,
    })?;
    match line.get(next) {
        None => Ok(Envelope { path, params: Span::new(next, next), ascii }),
        Some(b' ') => Ok(Envelope { path, params: Span::new(skip_space(line, next), line.len()), ascii }),
        Some(_) => Err(syntax),
    }
}

/// Whether there is a control character, and whether all is ASCII. No early exit: so it's done 16 octets at a time.
fn survey(text: &[u8]) -> (bool, bool) {
    let (mut control, mut high) = (0, 0);
    for &byte in text {
        control |= u8::from(byte < 0x20) | u8::from(byte == 0x7f);
        high |= byte;
    }
    (control != 0, high < 0x80)
}

/// `size [LAST]` (RFC 3030 §2).
fn bdat(text: &[u8]) -> Option<Command> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end).filter(|(digits, _)| !digits.is_empty())?;
    let size = digits
        .iter()
        .try_fold(0u64, |size, &digit| size.checked_mul(10)?.checked_add(u64::from(digit - b'0')))?;
    let last = match rest {
        [] => false,
        [b' ' | b'\t', ..] => {
            let word = rest.get(skip_space(rest, 0)..).unwrap_or_default();
            word.eq_ignore_ascii_case(b"LAST").then_some(true)?
        }
        _ => return None,
    };
    Some(Command::Bdat { size, last })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(line: &[u8]) -> u16 {
        parse(line, true).map_or_else(|malformed| malformed.canned.code, |_| 0)
    }

    #[test]
    fn commands() {
        assert_eq!(parse(b"rset ", true), Ok(Command::Rset));
        assert_eq!(parse(b"BDAT 12 last", true), Ok(Command::Bdat { size: 12, last: true }));
        assert_eq!(parse(b"bdat  0", true), Ok(Command::Bdat { size: 0, last: false }));
        let line = b"Mail From: <a@b>  SIZE=1 X ";
        let Ok(Command::Mail(envelope)) = parse(line, true) else { panic!("not MAIL") };
        assert_eq!((envelope.path.text(line), envelope.params.text(line)), ("a@b", "SIZE=1 X"));
        assert!(envelope.ascii);
        let line = b"X-Foo  bar baz";
        let Ok(Command::Other { verb, argument }) = parse(line, true) else { panic!("not other") };
        assert_eq!((verb.text(line), argument.text(line)), ("X-Foo", "bar baz"));
        assert!(matches!(parse(b"BDAT 1", false), Ok(Command::Other { .. })));
    }

    #[test]
    fn malformed() {
        for (line, expected) in [
            (&b"MAIL"[..], 501),
            (b"MAIL FROM", 501),
            (b"MAIL TO:<a@b>", 501),
            (b"MAIL FROM:<a@b>SIZE=1", 501),
            (b"MAIL FROM:<a\0@b>", 501),
            (b"RCPT TO:<a@b> \r", 501),
            (b"RCPT TO:<a\xff@b>", 501),
            (b"RCPT TO:<a@b\x7f>", 501),
            (b"DATA now", 501),
            (b"EHLO", 501),
            (b"VRFY", 501),
            (b"", 500),
            (b"   ", 500),
            (b"NO\0OP", 500),
            (b"\xff\xfe", 500),
            (b"BDAT", 501),
            (b"BDAT x", 501),
            (b"BDAT -1", 501),
            (b"BDAT 18446744073709551616", 501),
            (b"BDAT 1 FIRST", 501),
            (b"BDAT 1 LAST LAST", 501),
        ] {
            assert_eq!(code(line), expected, "{:?}", String::from_utf8_lossy(line));
        }
        assert!(parse(b"BDAT 1x", true).is_err_and(|malformed| malformed.desynchronized));
    }
}

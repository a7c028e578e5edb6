//! Enhanced mail system status codes (RFC 3463), as RFC 2034 puts them at the head of a reply's text.
//!
//! A code is information for people and logs. The three-digit reply code alone decides what the engine
//! does, so nothing here may ever turn an acceptance into a refusal or the reverse.

use std::fmt;

/// An enhanced status code, `class.subject.detail` (RFC 3463 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Enhanced {
    /// 2 (success), 4 (persistent transient failure) or 5 (permanent failure).
    pub class: u8,
    /// What the status is about: addressing, mailbox, mail system, network, protocol, content, policy. 0 to 999.
    pub subject: u16,
    /// The condition itself, 0 to 999.
    pub detail: u16,
}

impl Enhanced {
    /// Reads a code at the front of `text` and returns it with its length in octets.
    ///
    /// The code must be followed by white space or by the end of the text, else it's some other number
    /// (an address, a version).
    pub fn parse(text: &[u8]) -> Option<(Self, usize)> {
        let (&class @ (b'2' | b'4' | b'5'), rest) = text.split_first()? else { return None };
        let (subject, rest) = number(rest.strip_prefix(b".")?)?;
        let (detail, rest) = number(rest.strip_prefix(b".")?)?;
        if !matches!(rest, [] | [b' ' | b'\t', ..]) {
            return None;
        }
        Some((Self { class: class - b'0', subject, detail }, text.len() - rest.len()))
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// One to three digits without a leading zero (RFC 3463 section 2), and what follows them.
fn number(text: &[u8]) -> Option<(u16, &[u8])> {
    let digits = text.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits)?;
    if digits > 3 || matches!(number, [] | [b'0', _, ..]) {
        return None;
    }
    Some((number.iter().fold(0, |n, b| n * 10 + u16::from(b - b'0')), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(class: u8, subject: u16, detail: u16) -> Enhanced {
        Enhanced { class, subject, detail }
    }

    #[test]
    fn reads_a_code_and_its_length() {
        assert_eq!(Enhanced::parse(b"2.1.0 Ok"), Some((code(2, 1, 0), 5)));
        assert_eq!(Enhanced::parse(b"5.7.999"), Some((code(5, 7, 999), 7)));
        assert_eq!(Enhanced::parse(b"4.100.23\tlater"), Some((code(4, 100, 23), 8)));
    }

    #[test]
    fn leaves_other_numbers_alone() {
        for text in [
            "",
            "2",
            "2.",
            "2.1",
            "2.1.",
            "2.1.0.",
            "2.1.0x",
            "3.1.0 x",
            "1.1.1",
            "2.1000.0",
            "2.0.1000 x",
            "2..0",
            "2.01.0 x",
            "2.1.00",
            "2,1,0",
            " 2.1.0",
            "ok 2.1.0",
            "22.1.0",
            "2.a.0",
        ] {
            assert_eq!(Enhanced::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn prints_what_it_read() {
        assert_eq!(code(5, 1, 10).to_string(), "5.1.10");
    }
}

//! The reverse-path and forward-path of MAIL and RCPT, borrowed from the command line.
//!
//! Checked once, never copied: a server that only counts recipients allocates nothing. The rules are those a
//! server needs for safety (lengths, quoting, no control characters); whether a mailbox exists, or a domain
//! makes sense, is the application's business.

use super::parse::Span;

/// Octets of a path with its brackets (RFC 5321 §4.5.3.1.3).
const MAX_PATH: usize = 256;
/// Octets of a local part (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// RFC 6531 §3.3 leaves the limits in octets; UTF-8 doesn't widen them.
const MAX_DOMAIN: usize = 255;

/// An address without its brackets, as it came. Empty for the null reverse-path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path<'a> {
    /// Invariant: UTF-8.
    text: &'a [u8],
}

impl<'a> Path<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text }
    }

    /// The address without brackets; any source route has been left out (RFC 5321 §4.1.1.3).
    pub fn as_str(&self) -> &'a str {
        std::str::from_utf8(self.text).unwrap_or_default()
    }

    /// The same as bytes, at no cost.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.text
    }

    /// Whether this is the null reverse-path `<>`.
    pub fn is_null(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the address needs SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }

    /// What stands before the last `@` outside quotes; all of it when there is none.
    pub fn local_part(&self) -> &'a str {
        self.split().0
    }

    /// What stands behind that `@`.
    pub fn domain(&self) -> Option<&'a str> {
        self.split().1
    }

    fn split(&self) -> (&'a str, Option<&'a str>) {
        // Else a domain can't hold an '@', and a checked path has at most one outside quotes.
        let text = self.as_str();
        // An address literal may hold an '@', but no '['.
        if let Some(at) = text.rfind("@[").filter(|_| text.ends_with(']')) {
            return (text.get(..at).unwrap_or_default(), text.get(at + 1..));
        }
        match text.rsplit_once('@') {
            Some((local, domain)) if !domain.ends_with('"') => (local, Some(domain)),
            _ => (text, None),
        }
    }
}

/// Why a path was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadPath {
    /// No `<...>` at all: the command's syntax is at fault.
    NoBrackets,
    /// Something within is wrong.
    Address,
}

/// Finds the path at `from`, which must begin with `<`. Returns the span of the address and where parsing goes on.
/// The line is known to be free of control characters, and to be UTF-8.
pub(super) fn parse_path(line: &[u8], from: usize) -> Result<(Span, usize), BadPath> {
    let Some([b'<', inside @ ..]) = line.get(from..) else { return Err(BadPath::NoBrackets) };
    let skipped = source_route(inside)?;
    let body = inside.get(skipped..).unwrap_or_default();
    let start = from + 1 + skipped;
    let (length, at) = scan(body)?;
    if skipped > 0 && length == 0 {
        return Err(BadPath::Address);
    }
    let local = at.unwrap_or(length);
    let domain = at.map_or(0, |at| length - at - 1);
    let empty_part = length > 0 && (local == 0 || at.is_some() && domain == 0);
    if empty_part || local > MAX_LOCAL || domain > MAX_DOMAIN || skipped + length + 2 > MAX_PATH {
        return Err(BadPath::Address);
    }
    Ok((Span::new(start, start + length), start + length + 1))
}

/// One pass to the closing bracket: the address's length, and where its unquoted `@` stands.
fn scan(body: &[u8]) -> Result<(usize, Option<usize>), BadPath> {
    let local = if body.first() == Some(&b'"') { quoted(body)? } else { plain(body, 0)? };
    match body.get(local) {
        Some(b'>') => Ok((local, None)),
        Some(b'@') => {
            let from = local + 1;
            let end = if body.get(from) == Some(&b'[') { literal(body, from)? } else { plain(body, from)? };
            if body.get(end) == Some(&b'>') { Ok((end, Some(local))) } else { Err(BadPath::Address) }
        }
        // RFC 5321 §4.1.2: a quoted string is the whole local part.
        _ => Err(BadPath::Address),
    }
}

/// Where the run of characters that need no quotes ends: at the next `>` or `@`.
fn plain(body: &[u8], from: usize) -> Result<usize, BadPath> {
    let text = body.get(from..).unwrap_or_default();
    let end = text.iter().position(|&byte| SPECIAL[usize::from(byte)]).ok_or(BadPath::NoBrackets)?;
    match text.get(end) {
        Some(b'>' | b'@') => Ok(from + end),
        _ => Err(BadPath::Address),
    }
}

/// Where the address literal at `from` ends (RFC 5321 §4.1.3). What needs quotes elsewhere needs none in it.
fn literal(body: &[u8], from: usize) -> Result<usize, BadPath> {
    let inside = body.get(from + 1..).unwrap_or_default();
    let end = inside
        .iter()
        .position(|&byte| !byte.is_ascii_graphic() || matches!(byte, b'[' | b'\\' | b']' | b'<' | b'>'));
    match end {
        Some(length) if length > 0 && inside.get(length) == Some(&b']') => Ok(from + length + 2),
        _ => Err(BadPath::Address),
    }
}

/// Where the quoted string at the start of `body` ends.
fn quoted(body: &[u8]) -> Result<usize, BadPath> {
    let mut escaped = false;
    for (i, &byte) in body.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Ok(i + 1),
            _ => {}
        }
    }
    Err(BadPath::NoBrackets)
}

/// What ends a run of plain characters, well or badly.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut list: &[u8] = b"<>@\" \\,;()";
    while let [byte, rest @ ..] = list {
        table[*byte as usize] = true;
        list = rest;
    }
    table
};

/// The length of `@one,@two:` in front of the mailbox; 0 when there is none.
fn source_route(inside: &[u8]) -> Result<usize, BadPath> {
    if inside.first() != Some(&b'@') {
        return Ok(0);
    }
    match memchr::memchr2(b':', b'>', inside) {
        Some(colon) if inside.get(colon) == Some(&b':') => Ok(colon + 1),
        _ => Err(BadPath::Address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<(&str, &str), BadPath> {
        let (span, next) = parse_path(line.as_bytes(), 0)?;
        Ok((&line[span.range()], &line[next..]))
    }

    #[test]
    fn good_paths() {
        for (line, address, rest) in [
            ("<>", "", ""),
            ("<a@b> SIZE=1", "a@b", " SIZE=1"),
            ("<postmaster>", "postmaster", ""),
            ("<\"a b>@\\\"c\"@d.example>", "\"a b>@\\\"c\"@d.example", ""),
            ("<@x,@y:a@b>", "a@b", ""),
            ("<a@[IPv6:2001:db8::1]>", "a@[IPv6:2001:db8::1]", ""),
            ("<jos\u{e9}@b>x", "jos\u{e9}@b", "x"),
        ] {
            assert_eq!(parsed(line), Ok((address, rest)), "{line}");
        }
    }

    #[test]
    fn bad_paths() {
        for line in ["", "a@b", "<a@b", "<\"a@b>"] {
            assert_eq!(parsed(line), Err(BadPath::NoBrackets), "{line}");
        }
        for line in [
            "<@>",
            "<a@>",
            "<@b>",
            "<a@b@c>",
            "<a b@c>",
            "<<a@b>>",
            "<@x:>",
            "<a\"b\"@c>",
            "<a,b@c>",
            "<\"a\"b@c>",
        ] {
            assert_eq!(parsed(line), Err(BadPath::Address), "{line}");
        }
        let long = format!("<{}@b>", "a".repeat(65));
        assert_eq!(parsed(&long), Err(BadPath::Address));
    }

    #[test]
    fn parts_of_a_path() {
        let path = Path::new(b"\"x@y\"@d");
        assert_eq!((path.local_part(), path.domain()), ("\"x@y\"", Some("d")));
        let bare = Path::new(b"\"x@y\"");
        assert_eq!((bare.local_part(), bare.domain()), ("\"x@y\"", None));
        assert!(Path::new(b"").is_null());
    }

    /// Found by the fuzzer: what our own client may send was refused.
    #[test]
    fn address_literals_hold_nearly_anything() {
        for (line, local, domain) in [
            ("<a@[192.0.2.1]>", "a", "[192.0.2.1]"),
            ("<a@[tag:;,(\"x@y)]>", "a", "[tag:;,(\"x@y)]"),
            ("<\"a@[b]\"@[tag:c@d]>", "\"a@[b]\"", "[tag:c@d]"),
        ] {
            let (text, rest) = parsed(line).unwrap();
            let path = Path::new(text.as_bytes());
            assert_eq!((path.local_part(), path.domain(), rest), (local, Some(domain), ""), "{line}");
        }
        for line in ["<a@[>", "<a@[]>", "<a@[b>", "<a@[b]c>", "<a@[b]]>", "<a@[b c]>", "<a@[b\\]>", "<a@[b]"]
        {
            assert_eq!(parsed(line), Err(BadPath::Address), "{line}");
        }
        assert_eq!(Path::new(b"a[b]").domain(), None);
    }
}

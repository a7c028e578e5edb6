//! Replies on their way out: one reusable buffer, and the rule of what may leave when (RFC 2920 §3.2).
//!
//! A gathered reply stays behind until a reply that mustn't wait follows it, until the session waits for input,
//! or until more has been gathered than is good. The order never changes.

/// More than this isn't gathered: a peer that pipelines without end must still see progress.
const GATHER: usize = 64 * 1024;
/// A buffer that grew beyond this is given back once it is empty.
const KEEP: usize = 512 * 1024;

#[derive(Debug, Default)]
pub(super) struct Output {
    bytes: Vec<u8>,
    /// Invariant: `sent <= ready <= bytes.len()`.
    sent: usize,
    ready: usize,
}

impl Output {
    /// What may be written now.
    pub(super) fn ready(&self) -> &[u8] {
        self.bytes.get(self.sent..self.ready).unwrap_or_default()
    }

    /// Octets not written yet, gathered ones included.
    pub(super) fn unsent(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// The first `n` octets of [`ready`](Self::ready) have been written.
    pub(super) fn advance(&mut self, n: usize) {
        self.sent += n.min(self.ready - self.sent);
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.sent = 0;
            self.ready = 0;
            if self.bytes.capacity() > KEEP {
                self.bytes = Vec::new();
            }
        } else if self.sent > KEEP {
            self.bytes.drain(..self.sent);
            self.ready -= self.sent;
            self.sent = 0;
        }
    }

    /// Nothing is held back any longer.
    pub(super) fn release(&mut self) {
        self.ready = self.bytes.len();
    }

    /// Appends a reply. `enhanced` is subject and detail of RFC 3463's code, for each line. Lines of `text` are
    /// separated by LF; other control characters can't get through.
    pub(super) fn push(&mut self, code: u16, enhanced: Option<(u16, u16)>, text: &str, gather: bool) {
        write_reply(&mut self.bytes, code, enhanced, text);
        self.pushed(gather);
    }

    /// Appends a reply written earlier.
    pub(super) fn push_written(&mut self, reply: &[u8], gather: bool) {
        self.bytes.extend_from_slice(reply);
        self.pushed(gather);
    }

    fn pushed(&mut self, gather: bool) {
        if !gather || self.bytes.len() - self.ready > GATHER {
            self.release();
        }
    }
}

pub(super) fn write_reply(out: &mut Vec<u8>, code: u16, enhanced: Option<(u16, u16)>, text: &str) {
    let digits = [code / 100 % 10, code / 10 % 10, code % 10].map(digit);
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        out.extend_from_slice(&digits);
        out.push(if lines.peek().is_some() { b'-' } else { b' ' });
        if let Some((subject, detail)) = enhanced {
            out.extend_from_slice(&digits[..1]);
            out.push(b'.');
            write_number(out, subject);
            out.push(b'.');
            write_number(out, detail);
            out.push(b' ');
        }
        if line.bytes().any(|byte| byte.is_ascii_control()) {
            out.extend(line.bytes().map(|byte| if byte.is_ascii_control() { b'?' } else { byte }));
        } else {
            out.extend_from_slice(line.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// At most three digits (RFC 3463 §2).
fn write_number(out: &mut Vec<u8>, number: u16) {
    if number >= 100 {
        out.push(digit(number / 100 % 10));
    }
    if number >= 10 {
        out.push(digit(number / 10 % 10));
    }
    out.push(digit(number % 10));
}

fn digit(value: u16) -> u8 {
    b"0123456789".get(usize::from(value)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathering() {
        let mut out = Output::default();
        out.push(250, Some((1, 0)), "Ok", true);
        assert_eq!(out.ready(), b"");
        out.push(250, Some((1, 50)), "Ok", true);
        out.push(354, None, "Go", false);
        assert_eq!(out.ready(), b"250 2.1.0 Ok\r\n250 2.1.50 Ok\r\n354 Go\r\n");
        out.advance(14);
        assert_eq!(out.ready(), b"250 2.1.50 Ok\r\n354 Go\r\n");
        out.advance(usize::MAX);
        assert_eq!((out.ready(), out.unsent()), (&b""[..], 0));
    }

    #[test]
    fn gathering_has_a_bound() {
        let mut out = Output::default();
        while out.ready().is_empty() {
            out.push(250, None, "Ok", true);
        }
        assert!(out.unsent() <= GATHER + 8);
    }

    #[test]
    fn nothing_is_injected() {
        let mut out = Output::default();
        out.push(550, Some((1, 1)), "no\r\n250 yes\0", false);
        assert_eq!(out.ready(), b"550-5.1.1 no?\r\n550 5.1.1 250 yes?\r\n");
    }
}

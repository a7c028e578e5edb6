//! The server half's command lines: resumable, and bounded whatever the client sends.
//!
//! A line ends at LF. The client's CR before it is taken off, and its absence is reported, because a
//! server may want to refuse it; but no byte is ever dropped silently, and none beyond the line end is
//! taken: it may be message content.

use memchr::memchr;

/// A line passed the limit. The rest of it is skipped by the next call of [`LineReader::read`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a command line is too long")]
pub struct LineTooLong;

/// Reads lines of at most a given length from a stream of bytes.
#[derive(Clone, Debug)]
pub struct LineReader {
    max: usize,
    held: Vec<u8>,
    /// `held` is the line last returned, and stale.
    returned: bool,
    skipping: bool,
    bare_lf: bool,
}

impl LineReader {
    /// A reader of lines of at most `max` octets, the line end included (RFC 5321 section 4.5.3.1.4: 512).
    pub fn new(max: usize) -> Self {
        Self { max, held: Vec::new(), returned: false, skipping: false, bare_lf: false }
    }

    /// Takes bytes off the front of `input`, as far as the end of one line, and returns that line
    /// without its end. `None`: `input` is used up.
    ///
    /// A line that lies whole in `input` is borrowed from there.
    ///
    /// # Errors
    ///
    /// The line is too long. That is found as soon as it's certain, and reported once for each such
    /// line; reading can go on.
    #[inline]
    pub fn read<'a, 'd: 'a>(&'a mut self, input: &mut &'d [u8]) -> Result<Option<&'a [u8]>, LineTooLong> {
        if self.returned {
            self.held.clear();
            self.returned = false;
        }
        if self.held.is_empty()
            && !self.skipping
            && let Some(at) = memchr(b'\n', input.get(..self.max).unwrap_or(input))
            && let Some((line, [_, rest @ ..])) = input.split_at_checked(at)
        {
            *input = rest;
            return Ok(Some(Self::strip_cr(&mut self.bare_lf, line)));
        }
        self.read_carefully(input)
    }

    /// Whether the line last returned ended in LF without a CR.
    pub fn ended_by_bare_lf(&self) -> bool {
        self.bare_lf
    }

    /// Whether no part of a line is held, and none is being skipped.
    pub fn is_idle(&self) -> bool {
        (self.held.is_empty() || self.returned) && !self.skipping
    }

    fn read_carefully(&mut self, input: &mut &[u8]) -> Result<Option<&[u8]>, LineTooLong> {
        if self.skipping {
            let Some(at) = memchr(b'\n', input) else {
                *input = &[];
                return Ok(None);
            };
            *input = input.get(at + 1..).unwrap_or_default();
            self.skipping = false;
        }
        let room = self.max.saturating_sub(self.held.len());
        let window = input.get(..room).unwrap_or(input);
        let end = memchr(b'\n', window);
        let (line, rest) = input.split_at_checked(end.unwrap_or(window.len())).unwrap_or((input, &[]));
        if end.is_none() && window.len() == room {
            self.held.clear();
            self.skipping = true;
            *input = rest;
            return Err(LineTooLong);
        }
        self.held.extend_from_slice(line);
        if end.is_none() {
            *input = rest;
            return Ok(None);
        }
        *input = rest.get(1..).unwrap_or_default();
        self.returned = true;
        Ok(Some(Self::strip_cr(&mut self.bare_lf, &self.held)))
    }

    fn strip_cr<'a>(bare_lf: &mut bool, line: &'a [u8]) -> &'a [u8] {
        let stripped = line.strip_suffix(b"\r");
        *bare_lf = stripped.is_none();
        stripped.unwrap_or(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line with its `ended_by_bare_lf`; `None` for one that is too long.
    type Seen = Option<(Vec<u8>, bool)>;

    /// What a reader makes of input cut into pieces, and whether it's idle then.
    fn read_all(max: usize, pieces: &[&[u8]]) -> (Vec<Seen>, bool) {
        let mut reader = LineReader::new(max);
        let mut seen = Vec::new();
        for mut input in pieces.iter().copied() {
            loop {
                match reader.read(&mut input) {
                    Ok(Some(line)) => {
                        let line = line.to_vec();
                        seen.push(Some((line, reader.ended_by_bare_lf())));
                    }
                    Ok(None) => break,
                    Err(LineTooLong) => seen.push(None),
                }
            }
            assert!(input.is_empty());
        }
        (seen, reader.is_idle())
    }

    /// Whole, byte by byte, and cut at every place: all the same.
    fn check(max: usize, input: &[u8], expected: &[Option<(&str, bool)>], idle: bool) {
        let expected: Vec<_> = expected.iter().map(|l| l.map(|(t, b)| (t.as_bytes().to_vec(), b))).collect();
        let expected = (expected, idle);
        assert_eq!(read_all(max, &[input]), expected, "whole");
        let bytes: Vec<_> = input.chunks(1).collect();
        assert_eq!(read_all(max, &bytes), expected, "byte by byte");
        for at in 0..=input.len() {
            let (a, b) = input.split_at(at);
            assert_eq!(read_all(max, &[a, b]), expected, "cut at {at}");
        }
    }

    #[test]
    fn lines_come_without_their_ends() {
        check(
            512,
            b"EHLO a\r\n\r\nMAIL\r\n",
            &[Some(("EHLO a", false)), Some(("", false)), Some(("MAIL", false))],
            true,
        );
    }

    #[test]
    fn a_bare_lf_ends_a_line_and_is_told() {
        check(512, b"a\nb\r\n\n", &[Some(("a", true)), Some(("b", false)), Some(("", true))], true);
    }

    #[test]
    fn other_crs_stay_in_the_line() {
        check(512, b"a\rb\r\r\n", &[Some(("a\rb\r", false))], true);
    }

    #[test]
    fn an_unfinished_line_is_held() {
        check(512, b"a\r\nQUI", &[Some(("a", false))], false);
    }

    #[test]
    fn the_limit_counts_the_line_end() {
        check(6, b"abcd\r\n", &[Some(("abcd", false))], true);
        check(6, b"abcde\n", &[Some(("abcde", true))], true);
        check(6, b"abcde\r\nok\r\n", &[None, Some(("ok", false))], true);
    }

    #[test]
    fn the_rest_of_a_long_line_is_skipped() {
        check(
            4,
            b"abcdefghijkl\r\nok\r\nabcdef\r\n\r\n",
            &[None, Some(("ok", false)), None, Some(("", false))],
            true,
        );
        check(4, b"abcdefgh", &[None], false);
    }

    #[test]
    fn too_long_is_said_before_the_line_ends() {
        let mut reader = LineReader::new(4);
        assert_eq!(reader.read(&mut &b"abc"[..]), Ok(None));
        assert_eq!(reader.read(&mut &b"d"[..]), Err(LineTooLong));
    }

    #[test]
    fn nothing_behind_the_line_is_taken() {
        let mut input = &b"BDAT 4\r\nabcd"[..];
        assert_eq!(LineReader::new(512).read(&mut input), Ok(Some(&b"BDAT 4"[..])));
        assert_eq!(input, b"abcd");
    }
}

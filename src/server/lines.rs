//! Command lines out of a stream of bytes, in place where possible.
//!
//! A line that lies whole in the input is handed out from there; one that is cut by the end of the input is
//! kept, and completed later. No byte is looked at twice. Never looks at content: that isn't made of lines.

/// Where the next line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Not here yet.
    None,
    /// Over the limit: its bytes are skipped, now and later, up to the line end.
    TooLong,
    /// In the input itself, without the line end.
    Whole(&'a [u8]),
    /// In [`Lines::held`].
    Held,
}

#[derive(Debug, Default)]
pub(super) struct Lines {
    kept: Vec<u8>,
    /// The line in `kept` has been handed out: it goes when the next one is asked for.
    complete: bool,
    skipping: bool,
}

impl Lines {
    /// Takes the next line off the front of `input`. `max` counts the line end; 0 is no limit.
    pub(super) fn take<'a>(&mut self, input: &mut &'a [u8], max: usize) -> Line<'a> {
        if self.complete {
            self.complete = false;
            self.kept.clear();
        }
        let max = if max == 0 { usize::MAX } else { max };
        let Some((line, rest)) = memchr::memchr(b'\n', input).and_then(|at| input.split_at_checked(at + 1))
        else {
            return self.keep(input, max);
        };
        *input = rest;
        if self.skipping {
            self.skipping = false;
            return self.take(input, max);
        }
        if self.kept.len() + line.len() > max {
            self.kept.clear();
            return Line::TooLong;
        }
        if self.kept.is_empty() {
            return Line::Whole(chomp(line));
        }
        self.kept.extend_from_slice(line);
        let length = chomp(&self.kept).len();
        self.kept.truncate(length);
        self.complete = true;
        Line::Held
    }

    /// The line that [`Line::Held`] spoke of.
    pub(super) fn held(&self) -> &[u8] {
        &self.kept
    }

    fn keep(&mut self, input: &mut &[u8], max: usize) -> Line<'static> {
        let part = std::mem::take(input);
        if self.skipping {
            return Line::None;
        }
        // Without its line end it is as long as the limit already: told at once, not at the line end.
        if self.kept.len() + part.len() >= max {
            self.kept.clear();
            self.skipping = true;
            return Line::TooLong;
        }
        self.kept.extend_from_slice(part);
        Line::None
    }
}

/// Without CR LF. A bare LF ends a command line too: unlike in content, nothing can be smuggled by it.
fn chomp(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(parts: &[&[u8]], max: usize) -> Vec<Option<Vec<u8>>> {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        for part in parts {
            let mut input = *part;
            loop {
                match lines.take(&mut input, max) {
                    Line::None => break,
                    Line::TooLong => found.push(None),
                    Line::Whole(line) => found.push(Some(line.to_vec())),
                    Line::Held => found.push(Some(lines.held().to_vec())),
                }
            }
            assert!(input.is_empty());
        }
        found
    }

    #[test]
    fn any_cut_gives_the_same_lines() {
        let input = b"one\r\ntwo\n\r\nmuch too long\r\nx\ry\r\nrest";
        let expected = all(&[input], 8);
        assert_eq!(expected.len(), 5);
        assert_eq!(expected[3], None);
        for cut in 0..=input.len() {
            let (a, b) = input.split_at(cut);
            assert_eq!(all(&[a, b], 8), expected, "cut at {cut}");
        }
        let single: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(all(&single, 8), expected);
    }

    #[test]
    fn the_limit_counts_the_line_end() {
        assert_eq!(all(&[b"abcd\r\n"], 6), [Some(b"abcd".to_vec())]);
        assert_eq!(all(&[b"abcde\r\n"], 6), [None]);
        assert_eq!(all(&[b"abcdef"], 6), [None]);
        assert_eq!(all(&[b"abcdef"], 0), []);
    }
}

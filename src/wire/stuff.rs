//! Dot-stuffing (RFC 5321 section 4.5.2), both ways, without copying.
//!
//! Where content ends is what mail smuggling plays with. [`DotReader`] therefore ends content only at
//! CRLF "." CRLF (or at "." CRLF as the very first line) and takes neither a bare LF nor a bare CR for
//! part of a line end: those pass through as content.

use bytes::Bytes;
use memchr::memmem::Finder;

use super::Content;

const LINE_DOT: &[u8] = b"\r\n.";

/// Above this many octets per dot a dot is a slice boundary; below it, copying is cheaper than so many slices.
const SPARSE: usize = 256;

/// The slices of a content as DATA sends it, the final dot included. Made by [`Content::stuffed`].
///
/// A dot at the start of a line ends one slice and begins the next: it's sent twice and stored once. Only content full of
/// dots is copied.
#[derive(Clone, Debug)]
pub struct Stuffed<'a> {
    bytes: Bytes,
    dots: &'a [usize],
    /// Where the next slice begins.
    from: usize,
    end: Option<Bytes>,
}

impl<'a> Stuffed<'a> {
    pub(super) fn new(content: &'a Content) -> Self {
        let end: &[u8] = if content.missing_crlf() { b"\r\n.\r\n" } else { b".\r\n" };
        Self::ended(content, Some(Bytes::from_static(end)))
    }

    /// A piece of content, of which more is to come.
    pub(crate) fn piece(content: &'a Content) -> Self {
        Self::ended(content, None)
    }

    fn ended(content: &'a Content, end: Option<Bytes>) -> Self {
        let (bytes, dots) = (content.bytes(), content.dots());
        if dots.len().saturating_mul(SPARSE) > bytes.len() {
            return Self { bytes: copied(bytes, dots), dots: &[], from: 0, end };
        }
        Self { bytes: bytes.clone(), dots, from: 0, end }
    }
}

impl Iterator for Stuffed<'_> {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if let Some((&dot, rest)) = self.dots.split_first() {
            self.dots = rest;
            // A dot's offset is within the bytes that it was found in.
            let slice = self.bytes.slice(self.from..=dot);
            self.from = dot;
            return Some(slice);
        }
        let rest = self.bytes.split_off(self.from.min(self.bytes.len()));
        self.from = 0;
        self.bytes = Bytes::new();
        if rest.is_empty() { self.end.take() } else { Some(rest) }
    }
}

fn copied(bytes: &[u8], dots: &[usize]) -> Bytes {
    let mut out = Vec::with_capacity(bytes.len().saturating_add(dots.len()));
    let mut from = 0;
    for &dot in dots {
        out.extend_from_slice(bytes.get(from..=dot).unwrap_or_default());
        from = dot;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    out.into()
}

/// What [`DotReader::read`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Content, un-stuffed. Never empty.
    Bytes(&'a [u8]),
    /// The content has ended; what is left of the input is the next command.
    End,
    /// The input is used up.
    NeedMore,
}

/// Takes the dots out of DATA content as it comes in, resumable at any byte.
///
/// After [`Piece::End`] it's ready for the next content.
#[derive(Clone, Debug)]
pub struct DotReader {
    state: State,
    finder: Finder<'static>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the very start, or behind a CRLF.
    LineStart,
    /// Within a line.
    Within,
    /// Behind a CR, which was handed out already.
    Cr,
    /// Behind a dot at the start of a line. The dot is held.
    Dot,
    /// Behind such a dot and a CR. Both are held.
    DotCr,
}

impl DotReader {
    /// A reader at the start of content.
    pub fn new() -> Self {
        Self { state: State::LineStart, finder: Finder::new(LINE_DOT) }
    }

    /// Takes bytes off the front of `input`. To be called until it says [`Piece::NeedMore`] or
    /// [`Piece::End`].
    pub fn read<'a>(&mut self, input: &mut &'a [u8]) -> Piece<'a> {
        loop {
            let Some((&first, rest)) = input.split_first() else { return Piece::NeedMore };
            match (self.state, first) {
                (State::LineStart, b'.') => {
                    *input = rest;
                    self.state = State::Dot;
                }
                (State::Dot, b'\r') => {
                    *input = rest;
                    self.state = State::DotCr;
                }
                (State::DotCr, b'\n') => {
                    *input = rest;
                    self.state = State::LineStart;
                    return Piece::End;
                }
                // The dot was a stuffed one after all, and its CR is content.
                (State::DotCr, _) => {
                    self.state = State::Cr;
                    return Piece::Bytes(b"\r");
                }
                // Here too the dot is dropped: the line goes on with something else.
                (State::Dot, _) => self.state = State::Within,
                (State::LineStart | State::Within | State::Cr, _) => return Piece::Bytes(self.run(input)),
            }
        }
    }

    /// Takes content as far as the next line that begins with a dot. `input` isn't empty.
    fn run<'a>(&mut self, input: &mut &'a [u8]) -> &'a [u8] {
        let end = match **input {
            // This LF ends a line whose CR went out before.
            [b'\n', b'.', ..] if self.state == State::Cr => Some(1),
            _ => self.finder.find(input).map(|at| at + 2),
        };
        if let Some((run, rest)) = end.and_then(|end| input.split_at_checked(end)) {
            self.state = State::LineStart;
            *input = rest;
            return run;
        }
        self.state = match **input {
            [b'\n'] if self.state == State::Cr => State::LineStart,
            [.., b'\r', b'\n'] => State::LineStart,
            [.., b'\r'] => State::Cr,
            _ => State::Within,
        };
        std::mem::take(input)
    }
}

impl Default for DotReader {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    /// The content read from `pieces`, and what was left behind its end (None: no end).
    fn read_all(pieces: &[&[u8]]) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut reader = DotReader::new();
        let mut content = Vec::new();
        let mut left: Option<Vec<u8>> = None;
        for mut input in pieces.iter().copied() {
            if let Some(left) = &mut left {
                left.extend_from_slice(input);
                continue;
            }
            loop {
                match reader.read(&mut input) {
                    Piece::Bytes(bytes) => {
                        assert!(!bytes.is_empty());
                        content.extend_from_slice(bytes);
                    }
                    Piece::End => {
                        left = Some(input.to_vec());
                        break;
                    }
                    Piece::NeedMore => {
                        assert!(input.is_empty());
                        break;
                    }
                }
            }
        }
        (content, left)
    }

    fn check(input: &[u8], content: &[u8], left: Option<&[u8]>) {
        let expected = (content.to_vec(), left.map(<[u8]>::to_vec));
        assert_eq!(read_all(&[input]), expected, "whole: {}", input.escape_ascii());
        let bytes: Vec<_> = input.chunks(1).collect();
        assert_eq!(read_all(&bytes), expected, "byte by byte: {}", input.escape_ascii());
        for at in 0..=input.len() {
            let (a, b) = input.split_at(at);
            assert_eq!(read_all(&[a, b]), expected, "cut at {at}: {}", input.escape_ascii());
        }
    }

    #[test]
    fn content_ends_at_a_lone_dot() {
        check(b"a\r\nb\r\n.\r\nQUIT\r\n", b"a\r\nb\r\n", Some(b"QUIT\r\n"));
        check(b".\r\n", b"", Some(b""));
        check(b"\r\n.\r\n", b"\r\n", Some(b""));
        check(b"a\r\n.\r", b"a\r\n", None);
    }

    #[test]
    fn a_leading_dot_is_taken_off() {
        check(b"..\r\n...\r\n.a\r\nb.\r\n.\r\n", b".\r\n..\r\na\r\nb.\r\n", Some(b""));
    }

    #[test]
    fn no_other_line_end_ends_content() {
        for dot in [
            &b"\n.\n"[..],
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r.\r\n",
            b"\r\n.\r",
            b"\n.\r",
            b"\r.\n",
            b"\r\n.\r\r\n",
            b"\r\n.\0\r\n",
            b"\r\n\0.\r\n",
            b"\r\n. \r\n",
            b"\r\n .\r\n",
        ] {
            let mut stream = b"a".to_vec();
            stream.extend_from_slice(dot);
            stream.extend_from_slice(b"MAIL FROM:<evil@example.org>\r\nx\r\n.\r\n");
            let (content, left) = read_all(&[&stream]);
            assert_eq!(left.as_deref(), Some(&b""[..]), "{}", dot.escape_ascii());
            check(&stream, &content, Some(b""));
        }
        check(b"a\n.\r\nb\r\n.\r\n", b"a\n.\r\nb\r\n", Some(b""));
        check(b"a\r\n.\nb\r\n.\r\n", b"a\r\n\nb\r\n", Some(b""));
        check(b"a\r.\r\nb\r\n.\r\n", b"a\r.\r\nb\r\n", Some(b""));
    }

    #[test]
    fn a_dot_and_a_cr_that_end_nothing_are_content() {
        check(b".\rx\r\n.\r\n", b"\rx\r\n", Some(b""));
        check(b".\r\r\n.\r\n", b"\r\r\n", Some(b""));
        check(b".\r.\r\n.\r\n", b"\r.\r\n", Some(b""));
    }

    #[test]
    fn the_reader_can_be_used_again() {
        let mut reader = DotReader::new();
        let mut input = &b".\r\n.\r\nx"[..];
        assert_eq!(reader.read(&mut input), Piece::End);
        assert_eq!(reader.read(&mut input), Piece::End);
        assert_eq!(reader.read(&mut input), Piece::Bytes(b"x"));
        assert_eq!(reader.read(&mut input), Piece::NeedMore);
    }

    fn wire(content: &Content) -> Vec<u8> {
        content.stuffed().flatten().collect()
    }

    #[test]
    fn slices_carry_each_leading_dot_twice() {
        let long = "x".repeat(SPARSE);
        let content = Content::new(Bytes::from(format!("{long}\r\n.{long}")));
        assert_eq!(wire(&content), format!("{long}\r\n..{long}\r\n.\r\n").as_bytes());
        assert_eq!(
            content.stuffed().map(|slice| slice.len()).collect::<Vec<_>>(),
            [SPARSE + 3, SPARSE + 1, 5]
        );
        assert!(
            content.stuffed().take(2).all(|slice| content.bytes().as_ptr_range().contains(&slice.as_ptr()))
        );
        let content = Content::new(Bytes::from_static(b".a\r\n..\r\nb.\r\n."));
        assert_eq!(wire(&content), b"..a\r\n...\r\nb.\r\n..\r\n.\r\n");
        assert_eq!(wire(&Content::new(Bytes::new())), b".\r\n");
        assert_eq!(content.stuffed().filter(|slice| slice.is_empty()).count(), 0);
    }

    proptest! {
        #[test]
        fn what_is_stuffed_comes_back(
            text in prop::collection::vec(prop::sample::select(&b".\r\na."[..]), 0..80),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let content = Content::new(Bytes::from(text));
            let mut stream = wire(&content);
            stream.extend_from_slice(b"NEXT");
            let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
            at.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for to in at.into_iter().chain([stream.len()]) {
                pieces.push(&stream[from..to]);
                from = to;
            }
            let mut expected = content.bytes().to_vec();
            if content.missing_crlf() {
                expected.extend_from_slice(b"\r\n");
            }
            prop_assert_eq!(read_all(&pieces), (expected, Some(b"NEXT".to_vec())));
        }

        /// Against the definition: content ends at the first CRLF "." CRLF, as if a CRLF came before it.
        #[test]
        fn only_the_whole_sequence_ends_content(
            stream in prop::collection::vec(prop::sample::select(&b"\r\r\n\n..x"[..]), 0..40),
        ) {
            let mut stream = stream;
            stream.extend_from_slice(b"x\r\n.\r\n");
            let text = format!("\r\n{}", String::from_utf8(stream.clone()).unwrap());
            let (content, left) = text.split_once("\r\n.\r\n").unwrap();
            let content = format!("{content}\r\n").replace("\r\n.", "\r\n");
            let expected = (content.as_bytes()[2..].to_vec(), Some(left.as_bytes().to_vec()));
            prop_assert_eq!(read_all(&[&stream]), expected);
        }

        #[test]
        fn any_bytes_read_the_same_however_cut(
            stream in prop::collection::vec(prop::sample::select(&b"..\r\r\n\nx"[..]), 0..40),
        ) {
            let (content, left) = read_all(&[&stream]);
            check(&stream, &content, left.as_deref());
        }
    }
}

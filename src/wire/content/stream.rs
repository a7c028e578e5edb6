//! Content that comes in pieces: made canonical across their edges, so that pieces and whole are the same on the wire. What
//! can't be decided at the end of a piece (a CR: is an LF to follow?) is held back; nothing else is ever kept.

use bytes::{Buf, Bytes};

use super::{Content, ContentError, Kind, scan};

/// Makes pieces canonical, in order.
#[derive(Clone, Debug)]
pub(crate) struct Lines {
    kind: Ends,
    /// The piece before ended in a CR, which is not handed on yet.
    held_cr: bool,
    /// What was handed on so far is empty or ends in CRLF.
    line_start: bool,
    /// Octets taken.
    taken: u64,
    /// Octets handed on.
    size: u64,
}

/// What is to become of a bare CR or LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ends {
    /// A CRLF.
    Mended,
    /// An error.
    Strict,
    /// Nothing: it isn't text.
    Binary,
}

/// A piece, made canonical.
#[derive(Debug)]
pub(crate) struct Canonical {
    /// A CRLF comes first: the CR that was held back, and what follows it.
    pub(crate) line_end: bool,
    pub(crate) content: Content,
}

impl Lines {
    pub(crate) const fn new(kind: Ends) -> Self {
        Self { kind, held_cr: false, line_start: true, taken: 0, size: 0 }
    }

    /// The next piece. An error leaves nothing to go on with.
    pub(crate) fn take(&mut self, mut bytes: Bytes) -> Result<Canonical, ContentError> {
        let mut from = self.taken;
        self.taken = self.taken.saturating_add(bytes.len() as u64);
        if self.kind == Ends::Binary {
            self.size = self.taken;
            let content = Content { bytes, dots: None, kind: Kind::Binary, eight_bit: true };
            return Ok(Canonical { line_end: false, content });
        }
        // An empty piece says nothing of what follows the CR.
        let line_end = self.held_cr && !bytes.is_empty();
        if line_end {
            if bytes.first() == Some(&b'\n') {
                bytes.advance(1);
                from = from.saturating_add(1);
            } else if self.kind == Ends::Strict {
                return Err(ContentError::BareCr { at: place(from.saturating_sub(1), 0) });
            }
            self.line_start = true;
            self.held_cr = false;
        }
        if bytes.last() == Some(&b'\r') {
            bytes.truncate(bytes.len().saturating_sub(1));
            self.held_cr = true;
        }
        let mut found = match scan::scan(&bytes) {
            Ok(found) => found,
            Err(at) if self.kind == Ends::Strict => {
                let bare_lf = bytes.get(at) == Some(&b'\n');
                let at = place(from, at);
                return Err(if bare_lf { ContentError::BareLf { at } } else { ContentError::BareCr { at } });
            }
            Err(at) => {
                bytes =
                    scan::normalise(&bytes, at).unwrap_or_else(|_| super::out_of_memory(bytes.len())).into();
                scan::scan(&bytes).unwrap_or_default()
            }
        };
        if !self.line_start && found.dots.first() == Some(&0) {
            found.dots.remove(0);
        }
        if let Some(&last) = bytes.last() {
            self.line_start = last == b'\n';
        }
        self.size = self.size.saturating_add(bytes.len() as u64).saturating_add(if line_end { 2 } else { 0 });
        let dots = (!found.dots.is_empty()).then(|| found.dots.into());
        let content = Content { bytes, dots, kind: Kind::Whole, eight_bit: found.eight_bit };
        Ok(Canonical { line_end, content })
    }

    /// There is no more. True: a CRLF is still to be sent.
    pub(crate) fn finish(&mut self) -> Result<bool, ContentError> {
        if self.held_cr && self.kind == Ends::Strict {
            return Err(ContentError::BareCr { at: place(self.taken.saturating_sub(1), 0) });
        }
        let owed = self.kind != Ends::Binary && (self.held_cr || !self.line_start);
        self.size = self.size.saturating_add(if owed { 2 } else { 0 });
        (self.held_cr, self.line_start) = (false, true);
        Ok(owed)
    }

    /// Octets taken so far, as they came.
    pub(crate) const fn taken(&self) -> u64 {
        self.taken
    }

    /// Octets as RFC 1870 counts them, so far.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }
}

fn place(from: u64, at: usize) -> usize {
    usize::try_from(from).unwrap_or(usize::MAX).saturating_add(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Stuffed;
    use proptest::prelude::*;

    /// What DATA and BDAT would send of these pieces.
    fn send(kind: Ends, pieces: &[&[u8]]) -> Result<(Vec<u8>, Vec<u8>), ContentError> {
        let (mut stuffed, mut plain) = (Vec::new(), Vec::new());
        let mut lines = Lines::new(kind);
        for piece in pieces {
            let Canonical { line_end, content } = lines.take(Bytes::copy_from_slice(piece))?;
            for out in [&mut stuffed, &mut plain] {
                out.extend_from_slice(if line_end { b"\r\n" } else { b"" });
            }
            stuffed.extend(Stuffed::piece(&content).flatten());
            plain.extend_from_slice(content.bytes());
        }
        let end: &[u8] = if lines.finish()? { b"\r\n" } else { b"" };
        plain.extend_from_slice(end);
        stuffed.extend_from_slice(end);
        stuffed.extend_from_slice(b".\r\n");
        assert_eq!(lines.size(), plain.len() as u64);
        assert_eq!(lines.taken(), pieces.concat().len() as u64);
        Ok((stuffed, plain))
    }

    fn whole(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let content = Content::new(Bytes::copy_from_slice(bytes));
        let mut plain = content.bytes().to_vec();
        plain.extend_from_slice(if content.missing_crlf() { b"\r\n" } else { b"" });
        (content.stuffed().flatten().collect(), plain)
    }

    fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.sort_unstable();
        let mut from = 0;
        at.into_iter()
            .chain([bytes.len()])
            .map(|to| {
                let piece = &bytes[from..to];
                from = to;
                piece
            })
            .collect()
    }

    #[test]
    fn a_line_end_may_lie_in_two_pieces() {
        let sent = |pieces: &[&[u8]]| String::from_utf8(send(Ends::Mended, pieces).unwrap().0).unwrap();
        assert_eq!(sent(&[b"a\r", b"\n.b\r\n"]), "a\r\n..b\r\n.\r\n");
        assert_eq!(sent(&[b"a\r\n", b".b"]), "a\r\n..b\r\n.\r\n");
        assert_eq!(sent(&[b"a", b".b\r", b"", b"c\r"]), "a.b\r\nc\r\n.\r\n");
        assert_eq!(sent(&[b"a\r", b".\r", b"\n"]), "a\r\n..\r\n.\r\n");
        assert_eq!(sent(&[]), ".\r\n");
        assert_eq!(sent(&[b"", b"\r"]), "\r\n.\r\n");
    }

    #[test]
    fn canonical_pieces_are_not_copied() {
        let bytes = Bytes::from(b"Subject: x\r\n\r\n.text\r\nmore".repeat(500));
        let mut lines = Lines::new(Ends::Mended);
        let Canonical { content, .. } = lines.take(bytes.clone()).unwrap();
        assert_eq!(content.bytes().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn strict_says_where() {
        let error = |pieces: &[&[u8]]| send(Ends::Strict, pieces).unwrap_err().to_string();
        assert_eq!(error(&[b"ab", b"\ncd"]), "a bare LF in the content (offset 2)");
        assert_eq!(error(&[b"a\r\nb\r", b"c"]), "a bare CR in the content (offset 4)");
        assert_eq!(error(&[b"a\r", b"\nb\r"]), "a bare CR in the content (offset 4)");
        assert_eq!(error(&[b"a\r", b"\nb\n"]), "a bare LF in the content (offset 4)");
        assert!(send(Ends::Strict, &[b"a\r", b"\nb"]).is_ok());
    }

    #[test]
    fn binary_pieces_are_left_alone() {
        let sent = send(Ends::Binary, &[b".\n\r", b"\n.\xff"]).unwrap();
        assert_eq!(sent.1, b".\n\r\n.\xff");
    }

    proptest! {
        #[test]
        fn pieces_are_the_whole(
            text in prop::collection::vec(prop::sample::select(&b"\r\r\n\n..a\xe9"[..]), 0..60),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let pieces = cut(&text, &cuts);
            prop_assert_eq!(send(Ends::Mended, &pieces).unwrap(), whole(&text));
            let strict = Content::strict(Bytes::copy_from_slice(&text)).map(|_| whole(&text));
            prop_assert_eq!(send(Ends::Strict, &pieces), strict);
        }
    }
}

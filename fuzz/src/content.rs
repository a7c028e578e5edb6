//! Content. Made canonical once it stays so; the plain way of stuffing agrees with the fast one; what is stuffed comes back
//! whole however it is cut; and no end of content stands anywhere but at the end (RFC 5321 §4.5.2: this is what smuggling is
//! made of). Any bytes at all are read the same however they are cut, and by the definition.

use bytes::Bytes;
use smtpipe::wire::{Content, ContentError, DotReader, Piece};

use crate::choices::{cuts, portions};
use crate::common::fixture::{Letter, Mailbox};

const END: &[u8] = b"\r\n.\r\n";
const BEHIND: &[u8] = b"NEXT\r\n.\r\n";

pub fn run(data: &[u8]) {
    let letter = plain(data);
    let canonical = letter.canonical();
    let content = Content::new(Bytes::copy_from_slice(data));
    assert_eq!(with_end(&content), canonical, "made canonical");
    assert_eq!(content.size(), canonical.len() as u64);
    assert_eq!(content.eight_bit(), !data.is_ascii());
    let again = Content::new(content.bytes().clone());
    assert_eq!(
        (again.bytes(), again.dots(), again.size()),
        (content.bytes(), content.dots(), content.size())
    );
    strict(data, &content);
    let binary = Content::binary(Bytes::copy_from_slice(data));
    assert_eq!((&**binary.bytes(), binary.size(), binary.missing_crlf()), (data, data.len() as u64, false));

    let stuffed: Vec<u8> = content.stuffed().inspect(|slice| assert!(!slice.is_empty())).flatten().collect();
    assert_eq!(stuffed, letter.stuffed(), "stuffed");
    let framed = [b"\r\n", stuffed.as_slice()].concat();
    let ends = framed.windows(END.len()).filter(|window| *window == END).count();
    assert!(ends == 1 && framed.ends_with(END), "an end of content within the content");
    let stream = [stuffed.as_slice(), BEHIND].concat();
    every_way(&stream, &(canonical, Some(BEHIND.to_vec())));
    every_way(data, &defined(data));
}

fn plain(content: &[u8]) -> Letter {
    let sender = Mailbox { address: String::new(), params: Vec::new() };
    Letter {
        name: String::new(),
        sender,
        recipients: Vec::new(),
        content: content.to_vec(),
        binary: false,
        require: Vec::new(),
        forward: Vec::new(),
        stream: None,
    }
}

fn with_end(content: &Content) -> Vec<u8> {
    let end: &[u8] = if content.missing_crlf() { b"\r\n" } else { b"" };
    [content.bytes(), end].concat()
}

/// Refused exactly where something had to be changed, and at the first place.
fn strict(data: &[u8], content: &Content) {
    match Content::strict(Bytes::copy_from_slice(data)) {
        Ok(strict) => assert_eq!((&**strict.bytes(), strict.dots()), (data, content.dots())),
        Err(ContentError::BareCr { at }) => {
            assert!(data[at] == b'\r' && data.get(at + 1) != Some(&b'\n'));
            assert!(Content::strict(Bytes::copy_from_slice(&data[..at])).is_ok());
        }
        Err(ContentError::BareLf { at }) => {
            assert!(data[at] == b'\n' && (at == 0 || data[at - 1] != b'\r'));
            assert!(Content::strict(Bytes::copy_from_slice(&data[..at])).is_ok());
        }
        Err(other) => panic!("{other:?}"),
    }
}

type Read = (Vec<u8>, Option<Vec<u8>>);

fn every_way(stream: &[u8], expected: &Read) {
    assert_eq!(&read([stream]), expected, "whole");
    assert_eq!(&read(portions(stream, 1)), expected, "byte by byte");
    for at in cuts(stream.len()) {
        let (a, b) = stream.split_at(at);
        assert_eq!(&read([a, b]), expected, "cut at {at}");
    }
}

/// The content, and what stands behind its end, if it ends.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut reader = DotReader::new();
    let (mut content, mut left) = (Vec::new(), None::<Vec<u8>>);
    for mut piece in pieces {
        while left.is_none() {
            match reader.read(&mut piece) {
                Piece::Bytes(bytes) => content.extend_from_slice(bytes),
                Piece::End => left = Some(Vec::new()),
                Piece::NeedMore => break,
            }
        }
        left.iter_mut().for_each(|left| left.extend_from_slice(piece));
    }
    (content, left)
}

/// By the definition: it ends at the first CRLF "." CRLF, as if a CRLF stood before it; a dot at the start of a line goes.
/// Without an end, what could yet be part of one is held.
fn defined(stream: &[u8]) -> Read {
    let framed = [b"\r\n", stream].concat();
    let end = framed.windows(END.len()).position(|window| window == END);
    let mut content = Vec::new();
    let mut at = 0;
    let text = &framed[..end.map_or(framed.len(), |end| end + 2)];
    while at < text.len() {
        content.push(text[at]);
        at += 1;
        if text[..at].ends_with(b"\r\n") && text.get(at) == Some(&b'.') {
            at += 1;
            // A CR behind such a dot may be half of the end.
            if end.is_none() && text[at..] == *b"\r" {
                break;
            }
        }
    }
    (content.split_off(2), end.map(|end| framed[end + END.len()..].to_vec()))
}

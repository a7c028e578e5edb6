//! The scan against a model that goes octet by octet.

use proptest::prelude::*;

use super::*;

fn new(bytes: &[u8]) -> Content {
    Content::new(Bytes::copy_from_slice(bytes))
}

/// Bare line ends made CRLF, the plain way.
fn model(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut before = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' => out.extend_from_slice(b"\r\n"),
            b'\n' if at > 0 && before == b'\r' => {}
            b'\n' => out.extend_from_slice(b"\r\n"),
            _ => out.push(byte),
        }
        before = byte;
    }
    out
}

fn first_bare(bytes: &[u8]) -> Option<ContentError> {
    (0..bytes.len()).find_map(|at| match bytes[at] {
        b'\r' if bytes.get(at + 1) != Some(&b'\n') => Some(ContentError::BareCr { at }),
        b'\n' if at == 0 || bytes[at - 1] != b'\r' => Some(ContentError::BareLf { at }),
        _ => None,
    })
}

fn check(bytes: &[u8]) {
    let content = new(bytes);
    let canonical = model(bytes);
    assert_eq!(content.bytes(), &canonical);
    let dots: Vec<_> = (0..canonical.len())
        .filter(|&at| canonical[at] == b'.' && (at == 0 || canonical[at - 1] == b'\n'))
        .collect();
    assert_eq!(content.dots(), dots);
    assert_eq!(content.eight_bit(), bytes.iter().any(|&b| b >= 0x80));
    let missing = !canonical.is_empty() && !canonical.ends_with(b"\r\n");
    assert_eq!(content.missing_crlf(), missing);
    assert_eq!(content.size(), (canonical.len() + if missing { 2 } else { 0 }) as u64);
    assert!(!content.is_binary());
    let strict = Content::strict(Bytes::copy_from_slice(bytes));
    match first_bare(bytes) {
        None => assert_eq!(strict.unwrap().dots(), dots),
        error => assert_eq!(strict.err(), error),
    }
}

#[test]
fn small_contents() {
    for text in [
        "",
        "a",
        ".",
        "\r\n",
        "a\r\n",
        ".\r\n",
        "a\r\n.b\r\n..\r\n",
        "\n",
        "\r",
        "\n\r",
        "\r\r\n",
        "\r\n\n",
        "a\nb",
        "a\rb",
        "a\n.\nb",
        "a\r.",
        ".\n.",
        "\r\n.\r\n",
        "caf\u{e9}\r\n",
        "\0\r\n",
        "a\n\r\n.\r",
        "\r\n\r",
    ] {
        check(text.as_bytes());
    }
}

#[test]
fn anything_at_every_place_around_the_edge_of_a_block() {
    for len in [4095, 4096, 4097, 8193] {
        for at in (0..4).chain(4090..4100).chain(len - 4..len) {
            for what in [&b"\r"[..], b"\n", b"\r\n", b"\r\n.", b"\n.", b"\xff", b"\r\n.\r\n"] {
                let mut bytes = vec![b'x'; len];
                let Some(place) = bytes.get_mut(at..at + what.len()) else { continue };
                place.copy_from_slice(what);
                check(&bytes);
            }
        }
    }
}

#[test]
fn contents_dense_with_dots() {
    check(&b".\r\n".repeat(10_000));
    check(&b".".repeat(10_000));
    check(&b"\r\n..".repeat(10_000));
    check(&b"\n.".repeat(10_000));
    check(&b"\r".repeat(10_000));
}

#[test]
fn canonical_content_is_not_copied() {
    let bytes = Bytes::from(b"Subject: x\r\n\r\n.text\r\nmore".repeat(500));
    let content = Content::new(bytes.clone());
    assert_eq!(content.bytes().as_ptr(), bytes.as_ptr());
    assert_eq!(content.clone().bytes().as_ptr(), bytes.as_ptr());
    assert_eq!(content.dots().len(), 500);
}

#[test]
fn a_mended_copy_has_just_the_room_it_needs() {
    for bytes in [b"a line\n".repeat(1000), b"\r\r\n\n".repeat(1000), b"\n".repeat(1000), b"x\r".repeat(5)] {
        let from = scan::scan(&bytes).unwrap_err();
        let mended = scan::normalise(&bytes, from).unwrap();
        assert_eq!(mended.capacity(), mended.len());
    }
}

#[test]
fn binary_content_is_left_alone() {
    let bytes = b".\n\r\0.\n.\xff";
    let content = Content::binary(Bytes::from_static(bytes));
    assert_eq!(&content.bytes()[..], bytes);
    assert!(content.is_binary() && content.eight_bit() && !content.missing_crlf());
    assert_eq!((content.size(), content.dots()), (8, &[][..]));
    assert!(!Content::binary(Bytes::from_static(b"a")).eight_bit());
}

#[test]
fn strict_says_where() {
    let strict =
        |text: &'static str| Content::strict(Bytes::from_static(text.as_bytes())).unwrap_err().to_string();
    assert_eq!(strict("ab\ncd"), "a bare LF in the content (offset 2)");
    assert_eq!(strict("a\r\nb\r"), "a bare CR in the content (offset 4)");
}

proptest! {
    #[test]
    fn scans_as_the_model_does(
        bytes in prop::collection::vec(prop::sample::select(&b"\r\r\n\n..ab\xe9"[..]), 0..40),
        lead in 0_usize..2,
    ) {
        // Half of the time the text straddles the edge of a block.
        let mut all = vec![b'x'; lead * 4080];
        all.extend_from_slice(&bytes);
        check(&all);
    }

    #[test]
    fn mended_content_is_canonical(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let content = new(&bytes);
        prop_assert!(Content::strict(content.bytes().clone()).is_ok());
        let again = new(content.bytes());
        prop_assert_eq!(again.bytes(), content.bytes());
    }
}

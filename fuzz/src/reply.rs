//! The reply parser. However the stream is cut, the same replies come out and the same error at the same place; a slow reader
//! that knows nothing of ours agrees; a reply written out is the reply that was read; what is held is bounded.

use crate::choices::{Choices, cuts, portions};
use crate::common::replies::{Found, Replies};
use crate::memory;
use smtpipe::wire::{Reply, ReplyError, ReplyLimits, ReplyParser};

type Read = (Vec<Reply>, Option<ReplyError>, bool);

pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let small = choices.flag();
    let limits = if small { ReplyLimits { line: 24, lines: 4, total: 64 } } else { ReplyLimits::default() };
    let stream = choices.rest();
    let whole = read(limits, [stream]);
    assert_eq!(read(limits, portions(stream, 1)), whole, "byte by byte");
    for at in cuts(stream.len()) {
        let (a, b) = stream.split_at(at);
        assert_eq!(read(limits, [a, b]), whole, "cut at {at}");
    }
    whole.0.iter().for_each(|reply| again(reply, limits));
    if whole.1.is_none() && whole.2 {
        assert_eq!(written(&whole.0), with_separators(stream), "written out, it is what was read");
    }
    // Shorter than any limit: the other reader knows none. The shortest line has six octets.
    if !small && stream.len() < 6 * limits.lines {
        agrees(stream, &whole);
    }
    bounded(stream, limits);
}

/// Replies, the error if there was one, and whether nothing is held.
fn read<'a>(limits: ReplyLimits, pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut parser = ReplyParser::new(limits);
    let mut replies = Vec::new();
    let mut error = None;
    for mut piece in pieces {
        loop {
            match parser.parse(&mut piece) {
                Ok(Some(reply)) => {
                    assert_eq!(error, None, "a reply behind an error");
                    assert!((200..600).contains(&reply.code()));
                    assert!(reply.text_lines().count() <= limits.lines);
                    replies.push(reply.to_owned());
                }
                Ok(None) => {
                    assert_eq!(error, None, "the error is final");
                    assert!(piece.is_empty(), "input is left");
                    break;
                }
                Err(e) => {
                    assert!(error.is_none_or(|first| first == e), "{error:?}, then {e:?}");
                    error = Some(e);
                    break;
                }
            }
        }
    }
    assert!(error.is_none() || !parser.is_idle(), "idle after an error");
    (replies, error, parser.is_idle())
}

/// What is written out is read as the same, if the limits allow the separator that may be new in it.
fn again(reply: &Reply, limits: ReplyLimits) {
    let mut wire = Vec::new();
    reply.encode(&mut wire);
    let roomy = ReplyLimits { line: limits.line + 1, total: limits.total + limits.lines, ..limits };
    assert_eq!(read(roomy, [wire.as_slice()]), (vec![reply.clone()], None, true));
    assert_eq!(&Reply::new(reply.code(), reply.text()), reply, "made by hand");
    assert!(!reply.to_string().contains(char::is_control), "{reply}");
    if let Some(enhanced) = reply.enhanced() {
        assert_eq!(u16::from(enhanced.class), reply.code() / 100);
    }
}

fn written(replies: &[Reply]) -> Vec<u8> {
    let mut out = Vec::new();
    replies.iter().for_each(|reply| reply.encode(&mut out));
    out
}

/// A line may end behind its code; ours always have a separator.
fn with_separators(stream: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in stream.split_inclusive(|&byte| byte == b'\n') {
        let bare = line.strip_suffix(b"\r\n").filter(|text| text.len() == 3);
        out.extend_from_slice(bare.unwrap_or(line));
        if bare.is_some() {
            out.extend_from_slice(b" \r\n");
        }
    }
    out
}

/// The referee's own reader comes to the same. It sees some garbage before the line has ended; ours judges a code when it has.
fn agrees(stream: &[u8], (replies, error, idle): &Read) {
    let mut slow = Replies::default();
    slow.push(stream);
    let mut expected = replies.iter();
    loop {
        match slow.next() {
            Found::Reply(code, lines) => {
                let reply = expected.next().unwrap_or_else(|| panic!("{code} was missed"));
                assert_eq!(reply.code(), code);
                assert!(reply.lines().eq(lines.iter().map(Vec::as_slice)));
            }
            Found::Nothing => {
                assert_eq!(*error, None);
                break;
            }
            Found::Garbage => {
                assert!(error.is_some() || !idle, "garbage was taken");
                break;
            }
        }
    }
    assert_eq!(expected.next(), None, "read by us alone");
}

/// A thousand times the same costs no more than the limits allow.
fn bounded(stream: &[u8], limits: ReplyLimits) {
    let mut parser = ReplyParser::new(limits);
    let grown = memory::peak(|| {
        for _ in 0..(4 * limits.total / stream.len().max(1)).min(200) {
            let mut piece = stream;
            while let Ok(Some(_)) = parser.parse(&mut piece) {}
        }
    });
    let most = 4 * (limits.total + limits.line) + 4096;
    assert!(grown.unsigned_abs() <= most, "{grown} octets are held");
}

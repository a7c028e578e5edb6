//! The reply parser, each case whole, byte by byte and cut at every place; and replies as values.

use proptest::prelude::*;

use super::*;

/// The replies in `pieces`, the error that ended them, and whether the parser ended idle.
fn parse_all(limits: ReplyLimits, pieces: &[&[u8]]) -> (Vec<Reply>, Option<ReplyError>, bool) {
    let mut parser = ReplyParser::new(limits);
    let mut replies = Vec::new();
    for mut input in pieces.iter().copied() {
        loop {
            match parser.parse(&mut input) {
                Ok(Some(reply)) => replies.push(reply.to_owned()),
                Ok(None) => break,
                Err(error) => {
                    assert!(!parser.is_idle());
                    assert_eq!(parser.parse(&mut &b"250 ok\r\n"[..]), Err(error), "an error is final");
                    return (replies, Some(error), false);
                }
            }
        }
        assert!(input.is_empty(), "input is used up");
    }
    (replies, None, parser.is_idle())
}

fn check_limits(
    limits: ReplyLimits,
    input: &[u8],
    replies: &[(u16, &[u8])],
    error: Option<ReplyError>,
    idle: bool,
) {
    let replies: Vec<_> = replies.iter().map(|&(code, text)| Reply { code, text: text.into() }).collect();
    let expected = (replies, error, idle);
    assert_eq!(parse_all(limits, &[input]), expected, "whole");
    let bytes: Vec<_> = input.chunks(1).collect();
    assert_eq!(parse_all(limits, &bytes), expected, "byte by byte");
    for at in 0..=input.len() {
        let (a, b) = input.split_at(at);
        assert_eq!(parse_all(limits, &[a, b]), expected, "cut at {at}");
        assert_eq!(parse_all(limits, &[a, b"", b]), expected, "cut at {at}, with nothing between");
    }
}

fn check(input: &[u8], replies: &[(u16, &[u8])]) {
    check_limits(ReplyLimits::default(), input, replies, None, true);
}

fn check_error(input: &[u8], replies: &[(u16, &[u8])], error: ReplyError) {
    check_limits(ReplyLimits::default(), input, replies, Some(error), false);
}

#[test]
fn single_lines() {
    check(b"250 2.1.0 Ok\r\n", &[(250, b"2.1.0 Ok")]);
    check(b"250\r\n354 \r\n431 Too many\r\n", &[(250, b""), (354, b""), (431, b"Too many")]);
    check(b"200 a\r\n599  b \r\n", &[(200, b"a"), (599, b" b ")]);
    check(b"250 -x\r\n250 caf\xe9 \xff\x80\r\n", &[(250, b"-x"), (250, b"caf\xe9 \xff\x80")]);
    check(b"", &[]);
}

#[test]
fn several_lines() {
    check(b"250-mx\r\n250-SIZE 1\r\n250 PIPELINING\r\n", &[(250, b"mx\nSIZE 1\nPIPELINING")]);
    // smtp-sink's EHLO ends in a line with nothing on it.
    check(b"250-mx\r\n250-DSN\r\n250 \r\n220 x\r\n", &[(250, b"mx\nDSN\n"), (220, b"x")]);
    check(b"503-a\r\n503-\r\n503\r\n", &[(503, b"a\n\n")]);
    check(b"250-\r\n250-\r\n250 \r\n", &[(250, b"\n\n")]);
}

#[test]
fn an_unfinished_reply_is_held() {
    for input in [&b"2"[..], b"250", b"250 ok", b"250 ok\r", b"250-ok\r\n", b"250-ok\r\n2"] {
        check_limits(ReplyLimits::default(), input, &[], None, false);
    }
    check_limits(ReplyLimits::default(), b"220 hi\r\n250-ok\r\n", &[(220, b"hi")], None, false);
}

#[test]
fn what_follows_a_reply_stays_in_the_input() {
    let mut parser = ReplyParser::default();
    let mut input = &b"250-a\r\n250 b\r\n250 c\r\n"[..];
    assert_eq!(parser.parse(&mut input).unwrap().map(ReplyRef::text), Some(&b"a\nb"[..]));
    assert!(parser.is_idle());
    assert_eq!(input, b"250 c\r\n");
}

#[test]
fn a_single_line_is_borrowed_from_the_input() {
    let input = b"250 2.1.0 Ok\r\n250 x\r\n";
    let mut parser = ReplyParser::default();
    let mut rest = &input[..];
    let text = parser.parse(&mut rest).unwrap().unwrap().text();
    assert_eq!(text.as_ptr(), input[4..].as_ptr());
}

#[test]
fn mixed_codes() {
    check_error(b"250-a\r\n251 b\r\n", &[], ReplyError::MixedCodes { first: 250, then: 251 });
    check_error(
        b"220 x\r\n250-a\r\n550-b\r\n",
        &[(220, b"x")],
        ReplyError::MixedCodes { first: 250, then: 550 },
    );
}

#[test]
fn bad_codes() {
    for line in
        ["", "2", "25", " 250 x", "199 x", "600 x", "150-x", "2x0 x", "25x x", "x", "OK", "+OK", "SSH-2.0"]
    {
        check_error(format!("220 hi\r\n{line}\r\n").as_bytes(), &[(220, b"hi")], ReplyError::BadCode);
    }
    check_error(b"250-a\r\nb\r\n", &[], ReplyError::BadCode);
}

#[test]
fn bad_separators() {
    for line in ["2500", "2501 x", "250x", "250\tx", "250=", "250:x", "250_x"] {
        check_error(format!("{line}\r\n").as_bytes(), &[], ReplyError::BadSeparator);
    }
}

#[test]
fn bare_line_ends_and_nul() {
    check_error(b"250 ok\n", &[], ReplyError::BareLf);
    check_error(b"250 ok\r\n\n", &[(250, b"ok")], ReplyError::BareLf);
    check_error(b"250-a\n250 b\r\n", &[], ReplyError::BareLf);
    check_error(b"250 a\rb\r\n", &[], ReplyError::BareCr);
    check_error(b"250 a\r\r\n", &[], ReplyError::BareCr);
    check_error(b"250 a\r\0", &[], ReplyError::BareCr);
    check_error(b"\r\r", &[], ReplyError::BareCr);
    check_error(b"250 a\0b\r\n", &[], ReplyError::Nul);
    check_error(b"\0", &[], ReplyError::Nul);
}

const SMALL: ReplyLimits = ReplyLimits { line: 10, lines: 3, total: 24 };

#[test]
fn the_line_limit_counts_code_and_line_end() {
    check_limits(SMALL, b"250 abcd\r\n", &[(250, b"abcd")], None, true);
    check_limits(SMALL, b"250 abcde\r\n", &[], Some(ReplyError::LineTooLong), false);
    check_limits(SMALL, b"250-a\r\n250 abcdef", &[], Some(ReplyError::LineTooLong), false);
    check_limits(SMALL, b"250 abcde\rx", &[], Some(ReplyError::LineTooLong), false);
    check_limits(SMALL, b"250 abcde\n", &[], Some(ReplyError::BareLf), false);
}

#[test]
fn a_limit_is_felt_before_the_line_ends() {
    let mut parser = ReplyParser::new(SMALL);
    assert_eq!(parser.parse(&mut &b"250 abcde"[..]), Ok(None));
    assert_eq!(parser.parse(&mut &b"f"[..]), Err(ReplyError::LineTooLong));
}

#[test]
fn the_limit_of_lines() {
    check_limits(SMALL, b"250-a\r\n250-b\r\n250 c\r\n", &[(250, b"a\nb\nc")], None, true);
    check_limits(SMALL, b"250-\r\n250-\r\n250-", &[], None, false);
    check_limits(SMALL, b"250-\r\n250-\r\n250-\r\n", &[], Some(ReplyError::TooManyLines), false);
}

#[test]
fn the_limit_of_a_reply() {
    check_limits(SMALL, b"250-abc\r\n250-abc\r\n250 \r\n", &[(250, b"abc\nabc\n")], None, true);
    check_limits(SMALL, b"250-abc\r\n250-abc\r\n250 ab", &[], Some(ReplyError::TooLong), false);
    check_limits(SMALL, b"250-abcd\r\n250-abcd\r\n2500", &[], Some(ReplyError::TooLong), false);
    // Each reply has the whole limit again.
    let replies = b"250-abcd\r\n250 abc\r\n250-abcd\r\n250 abc\r\n";
    check_limits(SMALL, replies, &[(250, b"abcd\nabc"), (250, b"abcd\nabc")], None, true);
}

#[test]
fn limits_of_nothing_refuse_everything() {
    let none = ReplyLimits { line: 0, lines: 0, total: 0 };
    assert_eq!(ReplyParser::new(none).parse(&mut &b"250\r\n"[..]), Err(ReplyError::LineTooLong));
    let lines = ReplyLimits { lines: 0, ..ReplyLimits::default() };
    assert_eq!(ReplyParser::new(lines).parse(&mut &b"250-a\r\n"[..]), Err(ReplyError::TooManyLines));
}

#[test]
fn a_long_reply_gives_its_buffer_back() {
    let mut parser = ReplyParser::new(ReplyLimits { line: 100_000, lines: 9, total: 100_000 });
    let long = [&b"250-"[..], &[b'x'; 50_000], b"\r\n250 y\r\n"].concat();
    assert!(parser.parse(&mut &long[..]).unwrap().is_some());
    assert!(parser.parse(&mut &b"250-a\r\n250 b\r\n"[..]).unwrap().is_some());
    assert!(parser.text.capacity() < 1000);
}

#[test]
fn classes() {
    for (code, class) in
        [(250, Class::Positive), (354, Class::Intermediate), (421, Class::Transient), (599, Class::Permanent)]
    {
        assert_eq!(Reply::new(code, b"").class(), class);
    }
}

#[test]
fn enhanced_codes_must_agree() {
    let enhanced = |code, text: &str| Reply::new(code, text.as_bytes()).enhanced().map(|e| e.to_string());
    assert_eq!(enhanced(550, "5.1.1 no"), Some("5.1.1".into()));
    assert_eq!(enhanced(550, "5.1.1 no\n5.1.1 such\n5.1.1"), Some("5.1.1".into()));
    assert_eq!(enhanced(550, "5.1.1 no\n5.1.2 such"), None);
    assert_eq!(enhanced(550, "5.1.1 no\nsuch"), None);
    assert_eq!(enhanced(450, "5.1.1 no"), None);
    assert_eq!(enhanced(354, "2.0.0 go"), None);
    assert_eq!(enhanced(250, ""), None);
}

#[test]
fn lines_and_text() {
    let reply = Reply::new(250, b"a\n\nb");
    assert_eq!(reply.lines().collect::<Vec<_>>(), [&b"a"[..], b"", b"b"]);
    assert_eq!(reply.text(), b"a\n\nb");
    assert_eq!(Reply::new(250, b"").lines().count(), 1);
}

#[test]
fn a_reply_made_here_can_be_sent() {
    let reply = Reply::new(99, b"a\r\nb\rc\0\r");
    assert_eq!((reply.code(), reply.text()), (200, &b"a\nb c  "[..]));
    assert_eq!(Reply::new(1000, b"").code(), 599);
    let mut out = Vec::new();
    reply.encode(&mut out);
    assert_eq!(out, b"200-a\r\n200 b c  \r\n");
}

#[test]
fn display_is_one_safe_line() {
    assert_eq!(Reply::new(250, b"2.0.0 ok").to_string(), "250 2.0.0 ok");
    assert_eq!(Reply::new(550, b"no\nuser").to_string(), "550 no / user");
    assert_eq!(Reply::new(250, b"").to_string(), "250");
    assert_eq!(Reply::new(250, b"a\x1b[2J\xff\xc3\xa9").to_string(), "250 a\\u{1b}[2J\u{fffd}\u{e9}");
}

fn reply() -> impl Strategy<Value = Reply> {
    let text = prop::collection::vec(any::<u8>(), 0..40);
    (200_u16..600, text).prop_map(|(code, text)| Reply::new(code, &text))
}

proptest! {
    #[test]
    fn replies_survive_the_wire_however_cut(
        replies in prop::collection::vec(reply(), 0..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut stream = Vec::new();
        replies.iter().for_each(|reply| reply.encode(&mut stream));
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        at.push(stream.len());
        at.sort_unstable();
        let mut from = 0;
        let mut pieces = Vec::new();
        for to in at {
            pieces.push(&stream[from..to]);
            from = to;
        }
        prop_assert_eq!(parse_all(ReplyLimits::default(), &pieces), (replies, None, true));
    }

    #[test]
    fn any_bytes_parse_the_same_however_cut(
        stream in prop::collection::vec(prop::sample::select(&b"2255500--  \r\r\r\n\n\nx\0"[..]), 0..60),
    ) {
        let (replies, error, idle) = parse_all(SMALL, &[&stream]);
        let replies: Vec<_> = replies.iter().map(|reply| (reply.code, reply.text())).collect();
        check_limits(SMALL, &stream, &replies, error, idle);
    }
}

#[test]
fn nothing_behind_a_reply_can_be_proved() {
    let mut parser = ReplyParser::default();
    let mut input = &b"220 go\r\n"[..];
    assert!(parser.parse(&mut input).unwrap().is_some());
    assert!(parser.drained(input).is_some());
    // In the same piece, or held from it.
    assert!(parser.drained(b"2").is_none());
    assert_eq!(parser.parse(&mut &b"2"[..]).unwrap(), None);
    assert!(parser.drained(b"").is_none());
    assert_eq!(parser.parse(&mut &b"50-x\r\n"[..]).unwrap(), None);
    assert!(parser.drained(b"").is_none(), "a line of a reply that goes on");
}

//! The server half. Any bytes, cut in any way, are the same requests and the same replies; there is one reply for each command
//! (and one more for content behind a 354); content is never handed over unless somebody was accepted to have it.

use smtpipe::server::{Request, ServerLimits, ServerOptions, ServerSession};

use crate::choices::{Choices, cuts, portions};
use crate::common::replies::{Found, Replies};

/// What was asked and what was answered.
#[derive(Debug, PartialEq, Eq)]
struct Played {
    asked: Vec<String>,
    said: Vec<u8>,
    closed: bool,
    commands: u64,
}

pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let flags = choices.byte();
    let bounded = choices.byte();
    let options = ServerOptions {
        lmtp: flags & 1 != 0,
        chunking: flags & 2 == 0,
        binary_mime: flags & 2 == 0,
        pipelining: flags & 4 == 0,
        enhanced_status_codes: flags & 8 == 0,
        hello_optional: flags & 16 != 0,
        size: if flags & 32 == 0 { Some(0) } else { Some(40) },
        smtputf8: flags & 64 == 0,
        limits: if bounded & 1 == 0 { ServerLimits::default() } else { few() },
        ..ServerOptions::default()
    };
    let ends = flags & 128 != 0;
    let stream = choices.rest();
    let whole = play(&options, [stream], ends);
    count(&whole, options.lmtp);
    same(&whole, &play(&options, portions(stream, 1), ends), "byte by byte");
    for at in cuts(stream.len()) {
        let (a, b) = stream.split_at(at);
        same(&whole, &play(&options, [a, b], ends), &format!("cut at {at}"));
    }
}

fn same(whole: &Played, cut: &Played, how: &str) {
    assert_eq!(whole.asked, cut.asked, "{how}: other requests");
    let (said, otherwise) = (whole.said.escape_ascii().to_string(), cut.said.escape_ascii().to_string());
    assert_eq!(said, otherwise, "{how}: other replies");
    assert_eq!(whole, cut, "{how}");
}

fn few() -> ServerLimits {
    ServerLimits { line: 64, recipients: 2, messages: 2, commands: 30, errors: 6, ..ServerLimits::default() }
}

/// The application: it refuses whom it is told to by the address, so that what it does depends on the bytes alone.
fn play<'a>(options: &ServerOptions, pieces: impl IntoIterator<Item = &'a [u8]>, ends: bool) -> Played {
    let mut session = ServerSession::new(options.clone());
    let mut played = Played { asked: Vec::new(), said: Vec::new(), closed: false, commands: 0 };
    let mut state = State::default();
    turn(&mut session, &mut played, &mut state);
    for piece in pieces {
        session.feed(piece);
        turn(&mut session, &mut played, &mut state);
    }
    if ends {
        session.end_of_input();
        turn(&mut session, &mut played, &mut state);
    }
    played.closed = session.is_closed();
    assert!(!ends || session.is_closed() || session.awaits_answer(), "nothing more comes, and it waits");
    played.commands = session.stats().commands;
    played
}

#[derive(Default)]
struct State {
    /// Accepted recipients of the transaction.
    accepted: u32,
    /// Content that came in pieces, put together.
    content: Option<Vec<u8>>,
}

impl State {
    /// What was handed over of content that turned out too large, or never ended, depends on the cuts; nobody may use it.
    fn flush(&mut self, played: &mut Played, request: Request<'_>) {
        let content = self.content.take();
        if matches!(request, Request::ContentEnd { .. } | Request::ChunkEnd) {
            played.asked.push(format!("content {}", content.unwrap_or_default().escape_ascii()));
        }
    }
}

fn turn(session: &mut ServerSession, played: &mut Played, state: &mut State) {
    while let Some(request) = session.next_request() {
        if let Request::Content(piece) = request {
            assert!(state.accepted > 0, "content for nobody");
            assert!(!piece.is_empty());
            state.content.get_or_insert_default().extend_from_slice(piece);
            continue;
        }
        state.flush(played, request);
        played.asked.push(format!("{request:?}"));
        let no = match request {
            Request::Hello { name, .. } => name.starts_with("no"),
            Request::Mail { from, .. } => {
                state.accepted = 0;
                from.as_str().starts_with("no")
            }
            Request::Rcpt { to, .. } => {
                assert!(!to.is_null());
                let no = to.as_str().starts_with("no");
                state.accepted += u32::from(!no);
                no
            }
            Request::Data => {
                assert!(state.accepted > 0, "DATA for nobody");
                false
            }
            Request::Bdat { size, .. } => {
                assert!(state.accepted > 0, "a chunk for nobody");
                size == 13
            }
            Request::ContentEnd { replies } => {
                assert!(state.accepted > 0 && (replies == 1 || replies == state.accepted));
                false
            }
            _ => false,
        };
        let answer = if no { session.reply(550, "no\nand no") } else { session.accept() };
        answer.expect("an answer is wanted");
        while session.awaits_answer() {
            session.accept().expect("another answer is wanted");
        }
    }
    let output = session.output().to_vec();
    session.sent(output.len());
    played.said.extend_from_slice(&output);
}

/// One for the greeting, one for each command, one more for what comes behind a 354. Content that is not all there yet has
/// none so far; under LMTP it has several.
fn count(played: &Played, lmtp: bool) {
    let mut replies = Replies::default();
    replies.push(&played.said);
    let (mut count, mut expected) = (0, played.commands + 1);
    loop {
        match replies.next() {
            Found::Reply(code, _) => {
                count += 1;
                expected += u64::from(code == 354);
            }
            Found::Nothing => break,
            Found::Garbage => panic!("no reply: {}", played.said.escape_ascii()),
        }
    }
    assert!(
        count + 1 == expected || count == expected || lmtp && count > expected,
        "{count} replies and not {expected}: {:#?}\n{}",
        played.asked,
        played.said.escape_ascii()
    );
}

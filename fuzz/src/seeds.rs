//! Where a fuzzer starts: the transcripts, in each target's own writing. What is lost on the way (an address, a text that a
//! target has no room for) doesn't matter; what matters is that the fuzzer needn't find SMTP out by itself.

use crate::common::fixture::{self, Fixture, Letter, Mailbox, Step};
use crate::session_hostile as hostile;

/// The seeds of a target: a name and the input.
pub fn of(target: &str) -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for fixture in fixture::all() {
        let mut add = |input: Vec<u8>| {
            let name = format!("{}-{}", fixture.name, seeds.len());
            seeds.push((name, input));
        };
        match target {
            "reply" => add([&[0], said(&fixture).as_slice()].concat()),
            "ehlo" => hellos(&fixture).into_iter().for_each(add),
            "content" => fixture.messages.iter().for_each(|letter| add(letter.content.clone())),
            "injection" => words(&fixture).into_iter().for_each(add),
            "server_session" => {
                let lmtp = u8::from(fixture.options.lmtp);
                add([&[lmtp, 0], heard(&fixture).as_slice()].concat());
                // Without what the transcript's client has to wait for, there is more in flight.
                add([&[lmtp | 16, 1], heard(&fixture).as_slice()].concat());
            }
            "session_model" => (0..5).for_each(|level| add(model(&fixture, level))),
            "session_hostile" => add(script(&fixture)),
            "peers" => hellos(&fixture).into_iter().for_each(|text| {
                let streaming = fixture.options.remembers.is_empty();
                add(crate::peers::seed(&String::from_utf8_lossy(&text[1..]), streaming));
            }),
            "capi" => add(crate::capi::seed(&said(&fixture), &fixture.messages)),
            other => panic!("no target {other}"),
        }
    }
    seeds
}

/// All that the server says.
fn said(fixture: &Fixture) -> Vec<u8> {
    let said = |step: &Step| if let Step::Server(bytes) = step { bytes.clone() } else { Vec::new() };
    fixture.steps.iter().flat_map(said).take(4000).collect()
}

/// All that the client says.
fn heard(fixture: &Fixture) -> Vec<u8> {
    let heard = |step: &Step| if let Step::Client(bytes) = step { bytes.clone() } else { Vec::new() };
    fixture.steps.iter().flat_map(heard).take(4000).collect()
}

/// The texts of replies with more than one line.
fn hellos(fixture: &Fixture) -> Vec<Vec<u8>> {
    let text = |step: &Step| match step {
        Step::Server(bytes) if bytes.starts_with(b"250-") => {
            let lines = bytes.split(|&byte| byte == b'\n').filter_map(|line| line.get(4..));
            let lines: Vec<&[u8]> = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
            Some([&[50], lines.join(&b'\n').as_slice()].concat())
        }
        _ => None,
    };
    fixture.steps.iter().filter_map(text).collect()
}

/// Addresses with their parameters, and the caller's own commands.
fn words(fixture: &Fixture) -> Vec<Vec<u8>> {
    let mailbox = |kind: u8, mailbox: &Mailbox| {
        let mut input = vec![kind];
        input.extend_from_slice(mailbox.address.as_bytes());
        for param in &mailbox.params {
            input.push(0xff);
            input.extend_from_slice(param.as_bytes());
        }
        input
    };
    let mut all = vec![b"\x02client.example".to_vec(), b"\x02[IPv6:::1]".to_vec()];
    for letter in &fixture.messages {
        all.push(mailbox(0, &letter.sender));
        all.extend(letter.recipients.iter().map(|recipient| mailbox(1, recipient)));
    }
    for step in &fixture.steps {
        if let Step::Command { line, .. } = step {
            all.push([b"\x03", line.as_bytes()].concat());
        }
    }
    all
}

/// As many messages, at a level; the bytes flow in portions.
fn model(fixture: &Fixture, level: u8) -> Vec<u8> {
    let count = fixture.messages.len().clamp(1, 8);
    let mut input =
        vec![level, u8::from(fixture.options.lmtp), if fixture.options.all_recipients { 16 } else { 0 }, 0];
    input.push(count as u8 - 1);
    for letter in fixture.messages.iter().take(count) {
        let recipients = letter.recipients.len().clamp(1, 4);
        input.push((recipients as u8 - 1) << 3);
        // Which recipients are refused is the fuzzer's to find.
        input.extend(std::iter::repeat_n(0, recipients));
    }
    input.extend(std::iter::repeat_n(0, count));
    for _ in 0..3 {
        input.extend([21, 1, 200, 14, 1, 200, 7, 1, 200]);
    }
    input
}

/// The whole transcript: messages by their shape, the server's words as they are.
fn script(fixture: &Fixture) -> Vec<u8> {
    let options = &fixture.options;
    let level = hostile::LEVELS.iter().position(|level| *level == options.level.as_deref()).unwrap_or(0);
    let mut flags = 0;
    let mut set = |bit: u8, on: bool| flags |= if on { bit } else { 0 };
    set(hostile::LMTP, options.lmtp);
    set(hostile::ALL, options.all_recipients);
    set(hostile::ALWAYS, options.chunking.as_deref() == Some("always"));
    set(hostile::NEVER, options.chunking.as_deref() == Some("never"));
    set(hostile::EARLY, !options.remembers.is_empty());
    set(hostile::NARROW, options.unanswered.is_some());
    let window = options.window.unwrap_or(0).min(4);
    let starttls = hostile::STARTTLS.iter().position(|how| *how == options.starttls.as_deref()).unwrap_or(0);
    let starttls = if options.clear_after_failed_tls { 3 } else { starttls as u8 };
    let kind = |words: &[&str]| words.first() == options.auth.first().map(String::as_str).as_ref();
    let auth = hostile::AUTHS.iter().position(|words| kind(words)).unwrap_or(0);
    let mut end = hostile::ending(6, starttls, auth as u8);
    if !options.xclient.is_empty() {
        end |= hostile::XCLIENT;
    }
    let count = fixture.messages.len().clamp(1, 6);
    let first = fixture.submitted_first().count().min(6);
    let mut input = vec![level as u8, flags, window as u8, end, count as u8 - 1, first as u8];
    input.extend(fixture.messages.iter().take(count).map(shape));
    input.extend(std::iter::repeat_n(0, count.saturating_sub(fixture.messages.len())));
    for step in &fixture.steps {
        match step {
            Step::Server(bytes) => {
                for piece in bytes.chunks(255).take(8) {
                    input.extend([hostile::FEED, piece.len() as u8]);
                    input.extend_from_slice(piece);
                }
            }
            Step::Client(_) | Step::Expect(_) => {}
            Step::Submit { .. } => input.push(hostile::SUBMIT),
            Step::Command { .. } => input.push(hostile::COMMAND),
            Step::Cancel { .. } => input.extend([hostile::CANCEL, 0]),
            Step::Quit => input.push(hostile::QUIT),
            Step::Eof => input.push(hostile::END_OF_INPUT),
            Step::Reset => input.push(hostile::LOST),
            Step::Truncate => input.push(hostile::TRUNCATE),
            Step::Tls(fails) => input.extend([hostile::TLS, if fails.is_some() { 255 } else { 0 }]),
            Step::Sasl(words) => input.extend([
                hostile::SASL_CALL,
                match (words[0].as_str(), words.last().is_some_and(|last| last == "complete")) {
                    ("begin", false) => 0,
                    ("begin", true) => 1,
                    ("respond", false) => 3,
                    ("respond", true) => 4,
                    _ => 5,
                },
            ]),
            Step::Connect => input.push(hostile::CONNECT),
            Step::Wait(time) => {
                let seconds = u16::try_from(time.as_secs()).unwrap_or(u16::MAX).to_be_bytes();
                input.extend([hostile::WAIT, seconds[0], seconds[1]]);
            }
            Step::Take(room) => {
                let room = room.map_or(255, |room| room.min(254));
                input.extend([hostile::ROOM, room as u8]);
            }
        }
    }
    input
}

fn shape(letter: &Letter) -> u8 {
    let recipients = letter.recipients.len().clamp(1, 4) as u8 - 1;
    let content = match &letter.content {
        content if content.is_empty() => 4,
        content if !content.is_ascii() => 5,
        content if content.starts_with(b".") => 3,
        content if content.len() > 1000 => 7,
        _ => 0,
    };
    let has = |keyword: &str| letter.sender.params.iter().any(|param| param.starts_with(keyword));
    let kind = match letter {
        _ if letter.binary => hostile::Kind::Binary,
        _ if letter.stream.is_some() => hostile::Kind::Stream,
        _ if !letter.forward.is_empty() => hostile::Kind::Forward,
        _ if has("PRDR") => hostile::Kind::Prdr,
        _ if has("RET") || has("ENVID") => hostile::Kind::Notify,
        _ if has("HOLD") || has("MT-PRIORITY") => hostile::Kind::Held,
        _ if letter.recipients.iter().any(|to| !to.address.is_ascii()) => hostile::Kind::Utf8,
        _ => hostile::Kind::Plain,
    };
    recipients | content << 2 | kind.bits()
}

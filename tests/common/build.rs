//! From a fixture's text to the library's own values, and back for comparing.

use bytes::Bytes;
use smtpipe::session::{
    Chunking, Message, Options, Outcome, PeerRecord, Recipient, RecipientPolicy, StartTls, Streamed,
    Utf8Policy, Verdict,
};
use smtpipe::wire::{
    Address, Capabilities, ClientAttribute, ClientInfo, Content, Extension, HostName, Param, Reply,
};

use super::fixture::{self, Fixture, Letter, Settings};

/// The name that every fixture's client gives.
pub(crate) const LOCAL_NAME: &str = "client.example";

pub(crate) fn options(settings: &Settings) -> Options {
    let mut options = Options::new(HostName::new(LOCAL_NAME).unwrap());
    options.lmtp = settings.lmtp;
    options.level = settings.level.as_deref().map(|l| l.parse().unwrap());
    options.max_level = settings.max_level.as_deref().map(|l| l.parse().unwrap());
    options.max_in_flight = settings.window.unwrap_or(options.max_in_flight);
    options.max_unanswered = settings.unanswered.unwrap_or(options.max_unanswered);
    if settings.all_recipients {
        options.recipients = RecipientPolicy::All;
    }
    options.chunking = match settings.chunking.as_deref() {
        None | Some("auto") => Chunking::Auto,
        Some("never") => Chunking::Never,
        Some("always") => Chunking::Always,
        Some(other) => panic!("chunking: {other}"),
    };
    if !settings.remembers.is_empty() {
        let offered = format!("mx.example\n{}", settings.remembers.join("\n"));
        let earned = |level: &str| {
            if settings.earned.iter().any(|e| e == level) { Verdict::Earned } else { Verdict::Unknown }
        };
        options.peer = Some(PeerRecord {
            continuous: earned("continuous"),
            streaming: earned("streaming"),
            offered: Some(Capabilities::from_reply(&Reply::new(250, offered.as_bytes()))),
            ..PeerRecord::default()
        });
    }
    options.starttls = match settings.starttls.as_deref() {
        None => StartTls::Never,
        Some("if-offered") => StartTls::IfOffered,
        Some(_) => StartTls::Required,
    };
    options.auth = super::login::auth(settings);
    options.clear_after_failed_tls = settings.clear_after_failed_tls;
    options.eight_bit_anyway = settings.eight_bit_anyway;
    if settings.downgrade {
        options.utf8 = Utf8Policy::DowngradeDomain;
    }
    options.xclient = (!settings.xclient.is_empty()).then(|| client(&settings.xclient));
    if let Some(size) = settings.chunk_size {
        options.chunk_size = size.try_into().unwrap();
    }
    options
}

pub(crate) fn message(letter: &Letter) -> Message {
    let sender = Address::new(&letter.sender.address).unwrap();
    let bytes = Bytes::copy_from_slice(&letter.content);
    let mut message = match &letter.stream {
        Some(stream) => Message::streamed(sender, streamed(letter, stream)),
        None if letter.binary => Message::new(sender, Content::binary(bytes)),
        None => Message::new(sender, Content::new(bytes)),
    };
    for param in &letter.sender.params {
        message.push_param(parameter(param));
    }
    for keyword in &letter.require {
        message.push_requirement(Extension::from_keyword(keyword).unwrap());
    }
    if !letter.forward.is_empty() {
        message.set_forward(client(&letter.forward));
    }
    for to in &letter.recipients {
        let recipient = Recipient::new(Address::new(&to.address).unwrap());
        message.push_recipient(to.params.iter().fold(recipient, |r, p| r.param(parameter(p))));
    }
    message
}

/// `NAME=value`, or `NAME=` for what isn't known.
fn client(said: &[String]) -> ClientInfo {
    said.iter().fold(ClientInfo::new(), |client, word| {
        let (name, value) = word.split_once('=').unwrap();
        let value = Some(value).filter(|value| !value.is_empty());
        client.with(ClientAttribute::from_name(name).unwrap(), value).unwrap()
    })
}

fn streamed(letter: &Letter, stream: &fixture::Streaming) -> Streamed {
    let mut made = match (letter.binary, stream.strict) {
        (true, _) => Streamed::binary(),
        (false, true) => Streamed::strict(),
        (false, false) => Streamed::text(),
    };
    if let Some(length) = stream.length {
        made = made.length(length);
    }
    if stream.seven_bit {
        made = made.seven_bit();
    }
    if stream.rewind {
        made = made.rewindable();
    }
    made
}

fn parameter(text: &str) -> Param {
    match text.split_once('=') {
        Some((keyword, value)) => Param::new(keyword, Some(value)).unwrap(),
        None => Param::new(text, None).unwrap(),
    }
}

/// Says what an outcome has that its verdict hasn't.
pub(crate) fn compare(verdict: &fixture::Verdict, outcome: &Outcome) -> Result<(), String> {
    let reply = outcome.reply.as_ref().map(ToString::to_string);
    let reason = outcome.reason.as_ref().map(ToString::to_string);
    let mut wrong = Vec::new();
    if verdict.status != outcome.status.as_str() {
        wrong.push(format!("status {}", outcome.status));
    }
    if !begins(reply.as_deref(), verdict.reply.as_deref()) {
        wrong.push(format!("reply {reply:?}"));
    }
    if verdict.reason.as_ref().is_some_and(|r| !reason.as_ref().is_some_and(|have| have.contains(r.as_str())))
    {
        wrong.push(format!("reason {reason:?}"));
    }
    if verdict.left_out.join(" ") != outcome.left_out.to_string() {
        wrong.push(format!("left out {}", outcome.left_out));
    }
    if !verdict.recipients.is_empty() && verdict.recipients.len() != outcome.recipients.len() {
        wrong.push(format!("{} recipients", outcome.recipients.len()));
    }
    for (expected, found) in verdict.recipients.iter().zip(&outcome.recipients) {
        let reply = found.reply.as_ref().map(ToString::to_string);
        if expected.address != found.address.as_str()
            || expected.status != found.status.as_str()
            || !begins(reply.as_deref(), expected.reply.as_deref())
        {
            wrong.push(format!("<{}> {} {reply:?}", found.address, found.status));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}: {}", verdict.ticket, wrong.join(", "))) }
}

fn begins(have: Option<&str>, expected: Option<&str>) -> bool {
    expected.is_none_or(|e| have.is_some_and(|h| h.starts_with(e)))
}

/// The messages that the fixture has at a session's start, with their names.
pub(crate) fn first(fixture: &Fixture) -> Vec<(String, Message)> {
    fixture.submitted_first().map(|l| (l.name.clone(), message(l))).collect()
}

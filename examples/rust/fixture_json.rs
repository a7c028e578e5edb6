//! Prints the transcripts of `tests/transcripts` as JSON, for the harnesses of other languages:
//! `cargo run --example fixture_json > fixtures.json`, or with names to have only those.
//!
//! One array of fixtures. Octets (content, and what server and client say) are strings in which each character is one
//! octet, U+0000 to U+00FF: `s.encode("latin-1")` in Python. All else is text. The steps are described in
//! `tests/README.md`; consecutive lines of one side are one step here, sizes are filled in and content is stuffed.
//! Fixtures with `"drivers": false` need a clock or TLS of their own, or a transport without a kernel: leave them out.

#[path = "../../tests/common/mod.rs"]
mod common;

use std::fmt::Write as _;
use std::io::Write as _;

use common::fixture::{Expect, Fixture, Letter, Mailbox, Settings, Step, Streaming, Verdict};

fn main() -> std::io::Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |f: &Fixture| names.is_empty() || names.contains(&f.name);
    let fixtures = common::fixture::all();
    let all: Vec<String> = fixtures.iter().filter(|f| wanted(f)).map(fixture).collect();
    writeln!(std::io::stdout().lock(), "[\n{}\n]", all.join(",\n"))
}

fn fixture(f: &Fixture) -> String {
    object(&[
        ("name", text(&f.name)),
        ("rfc", text(&f.rfc)),
        ("drivers", f.for_drivers().to_string()),
        ("options", settings(&f.options)),
        ("remembered", remembered(&f.options)),
        ("messages", list(f.messages.iter().map(|m| letter(f, m)))),
        ("steps", list(f.steps.iter().map(step))),
    ])
}

fn settings(s: &Settings) -> String {
    let number = |n: Option<usize>| n.map_or_else(|| "null".to_owned(), |n| n.to_string());
    object(&[
        ("level", optional(s.level.as_deref())),
        ("max_level", optional(s.max_level.as_deref())),
        ("lmtp", s.lmtp.to_string()),
        ("max_in_flight", number(s.window)),
        ("max_unanswered", number(s.unanswered)),
        ("recipients", text(if s.all_recipients { "all" } else { "any" })),
        ("chunking", optional(s.chunking.as_deref())),
        ("chunk_size", number(s.chunk_size)),
        ("starttls", optional(s.starttls.as_deref())),
        ("clear_after_failed_tls", s.clear_after_failed_tls.to_string()),
        ("implicit_tls", s.implicit_tls.to_string()),
        ("auth", list(s.auth.iter().map(|word| text(word)))),
        ("authzid", optional(s.authzid.as_deref())),
        ("mechanisms", list(s.mechanisms.iter().map(|word| text(word)))),
        ("clear_text", s.clear_text.to_string()),
        ("eight_bit_anyway", s.eight_bit_anyway.to_string()),
        ("utf8", text(if s.downgrade { "downgrade" } else { "refuse" })),
        ("xclient", list(s.xclient.iter().map(|said| text(said)))),
    ])
}

/// What the server offered last time and the levels that it earned then; null if it is met for the first time.
fn remembered(s: &Settings) -> String {
    if s.remembers.is_empty() {
        return "null".to_owned();
    }
    let texts = |words: &[String]| list(words.iter().map(|word| text(word)));
    object(&[("offered", texts(&s.remembers)), ("earned", texts(&s.earned))])
}

fn letter(f: &Fixture, m: &Letter) -> String {
    object(&[
        ("name", text(&m.name)),
        ("sender", mailbox(&m.sender)),
        ("recipients", list(m.recipients.iter().map(mailbox))),
        ("content", octets(&m.content)),
        ("binary", m.binary.to_string()),
        ("require", list(m.require.iter().map(|keyword| text(keyword)))),
        ("forward", list(m.forward.iter().map(|said| text(said)))),
        ("stream", m.stream.as_ref().map_or_else(|| "null".to_owned(), stream)),
        // Without a step of its own it's there before the connection is.
        ("first", f.submitted_first().any(|first| first.name == m.name).to_string()),
    ])
}

/// How the content is given as it goes: `fails` and `stalls` say behind how many octets.
fn stream(s: &Streaming) -> String {
    let number = |n: Option<u64>| n.map_or_else(|| "null".to_owned(), |n| n.to_string());
    object(&[
        ("piece", s.piece.to_string()),
        ("length", number(s.length)),
        ("rewind", s.rewind.to_string()),
        ("strict", s.strict.to_string()),
        ("seven_bit", s.seven_bit.to_string()),
        ("fails", number(s.fails.map(|n| n as u64))),
        ("stalls", number(s.stalls.map(|n| n as u64))),
    ])
}

fn mailbox(m: &Mailbox) -> String {
    object(&[("address", text(&m.address)), ("params", list(m.params.iter().map(|p| text(p))))])
}

fn step(step: &Step) -> String {
    let make = |kind: &str, more: &[(&str, String)]| {
        let mut fields = vec![("do", text(kind))];
        fields.extend_from_slice(more);
        object(&fields)
    };
    match step {
        Step::Server(bytes) => make("server", &[("octets", octets(bytes))]),
        Step::Client(bytes) => make("client", &[("octets", octets(bytes))]),
        Step::Submit { message, fails } => {
            make("submit", &[("message", text(message)), ("fails", optional(fails.as_deref()))])
        }
        Step::Command { ticket, line, fails } => {
            let fails = optional(fails.as_deref());
            make("command", &[("ticket", text(ticket)), ("line", text(line)), ("fails", fails)])
        }
        Step::Cancel { ticket, done } => {
            make("cancel", &[("ticket", text(ticket)), ("done", done.to_string())])
        }
        Step::Quit => make("quit", &[]),
        Step::Eof => make("eof", &[]),
        Step::Reset => make("reset", &[]),
        Step::Truncate => make("truncate", &[]),
        Step::Tls(fails) => make("tls", &[("fails", optional(fails.as_deref()))]),
        Step::Sasl(words) => make("sasl", &[("words", list(words.iter().map(|word| text(word))))]),
        Step::Connect => make("connect", &[]),
        Step::Wait(time) => make("wait", &[("seconds", time.as_secs().to_string())]),
        Step::Take(room) => {
            make("take", &[("octets", room.map_or_else(|| "null".to_owned(), |n| n.to_string()))])
        }
        Step::Expect(Expect::Outcome(v)) => make("outcome", &verdict(v)),
        Step::Expect(Expect::Error(error)) => make("error", &[("error", text(error))]),
        Step::Expect(Expect::Level(level)) => make("level", &[("level", text(level))]),
        Step::Expect(Expect::Event(event)) => make("event", &[("event", text(event))]),
        Step::Expect(Expect::Closed(closed)) => make("closed", &[("closed", closed.to_string())]),
        Step::Expect(Expect::Stat(name, value)) => {
            make("stat", &[("name", text(name)), ("value", value.to_string())])
        }
    }
}

fn verdict(v: &Verdict) -> Vec<(&'static str, String)> {
    let recipients = v.recipients.iter().map(|r| {
        object(&[
            ("address", text(&r.address)),
            ("status", text(&r.status)),
            ("reply", optional(r.reply.as_deref())),
        ])
    });
    vec![
        ("ticket", text(&v.ticket)),
        ("status", text(&v.status)),
        ("reply", optional(v.reply.as_deref())),
        ("reason", optional(v.reason.as_deref())),
        ("left_out", list(v.left_out.iter().map(|keyword| text(keyword)))),
        ("recipients", list(recipients)),
    ]
}

fn object(fields: &[(&str, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(key, value)| format!("{}: {value}", text(key))).collect();
    format!("{{{}}}", fields.join(", "))
}

fn list(values: impl Iterator<Item = String>) -> String {
    format!("[{}]", values.collect::<Vec<_>>().join(", "))
}

fn optional(value: Option<&str>) -> String {
    value.map_or_else(|| "null".to_owned(), text)
}

fn text(value: &str) -> String {
    quote(value.chars())
}

fn octets(bytes: &[u8]) -> String {
    quote(bytes.iter().map(|&b| char::from(b)))
}

/// ASCII only, so that no encoding can come in between.
fn quote(characters: impl Iterator<Item = char>) -> String {
    let mut out = String::from("\"");
    for c in characters {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            ' '..='~' => out.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a string can't fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

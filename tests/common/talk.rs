//! Short conversations written in a test itself: a session, past its EHLO, and one call for each thing said.

use super::build;
use super::escape::show;
use super::fixture::{Letter, Mailbox, Settings};
use super::run::Run;

/// A message of one line, from `NAME@a.example`.
pub(crate) fn letter(name: &str, recipients: &[&str]) -> Letter {
    let mailbox = |address: &str| Mailbox { address: address.to_owned(), params: Vec::new() };
    Letter {
        name: name.to_owned(),
        sender: mailbox(&format!("{name}@a.example")),
        recipients: recipients.iter().map(|r| mailbox(r)).collect(),
        content: format!("content of {name}\r\n").into_bytes(),
        binary: false,
        require: Vec::new(),
        forward: Vec::new(),
        stream: None,
    }
}

pub(crate) fn level(level: &str) -> Settings {
    Settings { level: Some(level.to_owned()), ..Settings::default() }
}

pub(crate) struct Talk {
    pub(crate) run: Run,
    read: usize,
}

impl Talk {
    /// Past the greeting and EHLO, whose reply has these lines.
    pub(crate) fn begin(settings: &Settings, letters: &[Letter], offers: &[&str]) -> Self {
        let mut run = Run::new(build::options(settings), letters);
        for letter in letters {
            run.submit(&letter.name, build::message(letter)).unwrap();
        }
        run.start();
        let mut talk = Self { run, read: 0 };
        talk.says("220 mx.example");
        let hello = if settings.lmtp { "LHLO" } else { "EHLO" };
        assert_eq!(talk.heard(), format!("{hello} client.example"));
        talk.offers(offers);
        talk
    }

    fn offers(&mut self, offers: &[&str]) {
        let mut lines = vec!["mx.example"];
        lines.extend_from_slice(offers);
        let (last, others) = lines.split_last().unwrap();
        let others: Vec<String> = others.iter().map(|line| format!("250-{line}")).collect();
        let all: Vec<&str> = others.iter().map(String::as_str).collect();
        self.says(&[all, vec![&format!("250 {last}")]].concat().join("\n"));
    }

    /// The server says these lines, in one piece.
    pub(crate) fn says(&mut self, lines: &str) {
        let text: String = lines.lines().map(|line| format!("{}\r\n", line.trim())).collect();
        self.run.feed(text.as_bytes());
    }

    /// What the client has said since this was last asked, lines joined by ` | `.
    pub(crate) fn heard(&mut self) -> String {
        let new = &self.run.sent[self.read..];
        self.read = self.run.sent.len();
        let text = std::str::from_utf8(new).unwrap_or_else(|_| panic!("{}", show(new)));
        text.trim_end_matches("\r\n").replace("\r\n", " | ")
    }

    /// `status` of the message, or `open`; then each recipient's.
    pub(crate) fn outcome(&self, name: &str) -> String {
        self.run.outcome(name).map_or_else(
            || "open".to_owned(),
            |o| {
                let recipients = o.recipients.iter().map(|r| r.status.as_str());
                [vec![o.status.as_str()], recipients.collect()].concat().join(" ")
            },
        )
    }

    pub(crate) fn error(&self) -> String {
        self.run.session.error().map_or_else(|| "none".to_owned(), |e| format!("{e:?}"))
    }
}

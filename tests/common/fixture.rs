//! A transcript: what a server and a client say, what the caller does, and what has to come out.
//!
//! The text format is described in `tests/README.md`; `parse.rs` reads it. Nothing here knows the engine, so the same
//! fixtures (as JSON, `examples/rust/fixture_json.rs`) feed the C and the Python drivers.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// One file of `tests/transcripts`.
#[derive(Debug, Clone)]
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) rfc: String,
    pub(crate) options: Settings,
    pub(crate) messages: Vec<Letter>,
    pub(crate) steps: Vec<Step>,
}

/// The session's options, as text: each harness translates them into its own language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The level that is stated as known; `None` lets the engine find out.
    pub(crate) level: Option<String>,
    pub(crate) max_level: Option<String>,
    pub(crate) lmtp: bool,
    pub(crate) window: Option<usize>,
    pub(crate) unanswered: Option<usize>,
    pub(crate) all_recipients: bool,
    pub(crate) chunking: Option<String>,
    pub(crate) eight_bit_anyway: bool,
    /// How long the chunks of a streamed content are.
    pub(crate) chunk_size: Option<usize>,
    /// `if-offered`, `required`; `None`: STARTTLS is never used.
    pub(crate) starttls: Option<String>,
    pub(crate) clear_after_failed_tls: bool,
    /// `password USER PASSWORD`, `token USER TOKEN`, `external`, `caller`; empty for nobody.
    pub(crate) auth: Vec<String>,
    pub(crate) authzid: Option<String>,
    /// No others may be used.
    pub(crate) mechanisms: Vec<String>,
    /// Passwords may be shown to whoever listens.
    pub(crate) clear_text: bool,
    /// The client's nonce on each connection.
    pub(crate) nonce: Option<String>,
    /// What TLS has for SCRAM to be bound to.
    pub(crate) exporter: Option<String>,
    /// The connection is encrypted from the beginning.
    pub(crate) implicit_tls: bool,
    /// What the server offered on an earlier connection, and the levels that it earned then.
    pub(crate) remembers: Vec<String>,
    pub(crate) earned: Vec<String>,
    /// The outcome depends on what has left at that moment, which only a transport without a kernel in it can decide.
    pub(crate) engine_only: bool,
    /// A replay in other portions may say more or less on the wire (a refusal that comes in time to stop the next
    /// command, say), but must come to the same outcomes.
    pub(crate) wire_may_differ: bool,
}

/// A message to send. Its sender is unique in the fixture: the referee knows a transaction by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) name: String,
    pub(crate) sender: Mailbox,
    pub(crate) recipients: Vec<Mailbox>,
    /// As the caller hands it in.
    pub(crate) content: Vec<u8>,
    pub(crate) binary: bool,
    /// The content is given as it goes.
    pub(crate) stream: Option<Streaming>,
}

/// How a content is given as it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Streaming {
    /// So many octets at a time.
    pub(crate) piece: usize,
    /// Declared beforehand.
    pub(crate) length: Option<u64>,
    pub(crate) rewind: bool,
    pub(crate) strict: bool,
    pub(crate) seven_bit: bool,
    /// The source fails behind so many octets.
    pub(crate) fails: Option<usize>,
    /// Or gives no more.
    pub(crate) stalls: Option<usize>,
}

/// What a source has to say next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Drawn {
    Piece(Vec<u8>),
    End,
    Failed,
    Nothing,
}

impl Letter {
    /// What its source says next, of which so many octets were drawn.
    pub(crate) fn draw(&self, at: usize) -> Drawn {
        let stream = self.stream.as_ref().expect("a streamed content");
        let stops = [stream.fails, stream.stalls].into_iter().flatten();
        let stop = stops.min().unwrap_or(usize::MAX).min(self.content.len());
        if at < stop {
            let end = at.saturating_add(stream.piece.max(1)).min(stop);
            Drawn::Piece(self.content[at..end].to_vec())
        } else if stream.fails == Some(at) {
            Drawn::Failed
        } else if stream.stalls == Some(at) {
            Drawn::Nothing
        } else {
            Drawn::End
        }
    }
}

/// An address (without brackets) and the parameters that follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mailbox {
    pub(crate) address: String,
    pub(crate) params: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Sent by the server in one piece.
    Server(Vec<u8>),
    /// Sent by the client without waiting, all of it and nothing more.
    Client(Vec<u8>),
    /// `fails` is the beginning of the error, where one is expected.
    Submit {
        message: String,
        fails: Option<String>,
    },
    Command {
        ticket: String,
        line: String,
        fails: Option<String>,
    },
    Cancel {
        ticket: String,
        done: bool,
    },
    Quit,
    /// The server closes.
    Eof,
    /// The connection breaks.
    Reset,
    /// The connection ends without a close_notify.
    Truncate,
    /// The TLS handshake is done; or fails like that.
    Tls(Option<String>),
    /// The caller's own SASL: `begin`, `respond` or `cancel`, with what belongs to it.
    Sasl(Vec<String>),
    /// A new connection, after the session asked for one.
    Connect,
    /// Time passes.
    Wait(Duration),
    /// The transport takes so many bytes more, and then none; `None`: all again.
    Take(Option<usize>),
    Expect(Expect),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expect {
    Outcome(Verdict),
    /// The beginning of the error's debug form; `none` for no error.
    Error(String),
    Level(String),
    /// An event other than an outcome: `downgrade FROM TO`, `upgrade TO`, `reconnect`, `ready`, `closed`.
    Event(String),
    Closed(bool),
    Stat(String, u64),
}

/// What is said about one ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) ticket: String,
    pub(crate) status: String,
    /// The beginning of the reply, as displayed.
    pub(crate) reply: Option<String>,
    /// Part of the reason.
    pub(crate) reason: Option<String>,
    /// All recipients in order, or empty: not looked at.
    pub(crate) recipients: Vec<RecipientVerdict>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecipientVerdict {
    pub(crate) address: String,
    pub(crate) status: String,
    pub(crate) reply: Option<String>,
}

impl Letter {
    /// Line ends made CRLF, and a final one added: what arrives. (Written plainly on purpose: it checks the fast one.)
    pub(crate) fn canonical(&self) -> Vec<u8> {
        if self.binary {
            return self.content.clone();
        }
        let mut out = Vec::with_capacity(self.content.len() + 2);
        let mut bytes = self.content.iter().copied().peekable();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\r' => {
                    if bytes.peek() == Some(&b'\n') {
                        bytes.next();
                    }
                    out.extend_from_slice(b"\r\n");
                }
                b'\n' => out.extend_from_slice(b"\r\n"),
                other => out.push(other),
            }
        }
        if !out.is_empty() && !out.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        }
        out
    }

    /// What goes out behind a 354: dots doubled, and the dot that ends it.
    pub(crate) fn stuffed(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for line in self.canonical().split_inclusive(|&b| b == b'\n') {
            if line.first() == Some(&b'.') {
                out.push(b'.');
            }
            out.extend_from_slice(line);
        }
        out.extend_from_slice(b".\r\n");
        out
    }
}

impl Fixture {
    pub(crate) fn letter(&self, name: &str) -> &Letter {
        self.messages
            .iter()
            .find(|m| m.name == name)
            .unwrap_or_else(|| panic!("{}: no message {name}", self.name))
    }

    /// Messages that no step submits: they are there before the connection is.
    pub(crate) fn submitted_first(&self) -> impl Iterator<Item = &Letter> {
        self.messages.iter().filter(|m| {
            !self.steps.iter().any(|s| matches!(s, Step::Submit { message, .. } if *message == m.name))
        })
    }

    pub(crate) fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.steps.iter().filter_map(|s| match s {
            Step::Expect(Expect::Outcome(v)) => Some(v),
            _ => None,
        })
    }

    /// Whether it can be played over a real socket: there time can't be made to pass, nor the kernel be told what to take,
    /// and the script's server has no certificate.
    pub(crate) fn for_drivers(&self) -> bool {
        let options = &self.options;
        let tls = options.starttls.is_some() || options.implicit_tls;
        // A client takes a nonce of its own; its caller's SASL has its own test.
        let own = options.nonce.is_some() || options.auth.first().is_some_and(|who| who == "caller");
        let alone = self.steps.iter().any(|s| matches!(s, Step::Wait(_) | Step::Take(_)));
        !options.engine_only && !tls && !own && !alone
    }
}

/// The directory that feeds every replay. The fuzzer's crate, which shares this file, lies one further down.
pub(crate) fn directory() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.ancestors()
        .map(|above| above.join("tests/transcripts"))
        .find(|path| path.is_dir())
        .expect("tests/transcripts")
}

/// All fixtures, in the order of their file names.
pub(crate) fn all() -> Vec<Fixture> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory())
        .expect("tests/transcripts")
        .map(|entry| entry.expect("a directory entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "smtp"))
        .collect();
    paths.sort();
    paths.iter().map(|path| load(path)).collect()
}

/// One fixture by its name.
pub(crate) fn named(name: &str) -> Fixture {
    load(&directory().join(format!("{name}.smtp")))
}

fn load(path: &Path) -> Fixture {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let fixture = super::parse::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    assert_eq!(fixture.name, stem, "a fixture is called as its file is");
    fixture
}

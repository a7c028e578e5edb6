//! A sink that speaks TLS, a client that wants it, and what comes of it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use bytes::Bytes;
use smtpipe::client::{Client, Config, ConnectError};
use smtpipe::session::{Message, Outcome, SessionError, Timeouts, TlsFailure};
use smtpipe::sink::{Sink, SinkOptions, SinkTls};
use smtpipe::tls::{Identity, Roots, Tls, TlsMode};
use smtpipe::wire::{Address, Content};

use super::certificates::{Authority, Issued};

/// Only a hang takes so long.
pub(crate) const LONG: Duration = Duration::from_secs(60);
pub(crate) const NAME: &str = "localhost";

/// An authority, and a good certificate of it.
pub(crate) struct Scene {
    pub(crate) authority: Authority,
    pub(crate) good: Issued,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let authority = Authority::new("an authority for tests");
        let good = authority.issue(NAME, |_| {});
        Self { authority, good }
    }

    /// Trusts the authority.
    pub(crate) fn policy(&self, mode: TlsMode) -> Tls {
        let mut tls = Tls::new(mode);
        tls.roots = Roots::Only(self.authority.pem());
        tls
    }

    pub(crate) fn sink(&self, mode: TlsMode) -> Sink {
        sink(self.good.identity(), mode, |_| {})
    }
}

pub(crate) fn sink(identity: Identity, mode: TlsMode, change: impl FnOnce(&mut SinkOptions)) -> Sink {
    let tls = Some(SinkTls { identity, implicit: mode == TlsMode::Implicit });
    let mut options = SinkOptions { tls, ..SinkOptions::default() };
    change(&mut options);
    Sink::start(options).unwrap()
}

pub(crate) fn config(port: u16, tls: Tls) -> Config {
    let mut config = Config::new(NAME, port);
    config.session.timeouts = Timeouts::all(LONG);
    config.tls = tls;
    config
}

pub(crate) fn message(number: usize, size: usize) -> Message {
    let line = format!("message {number} 0123456789 abcdefghijklmnopqrstuvwxyz\r\n");
    let content = Content::new(Bytes::from(line.repeat(size / line.len() + 1)));
    Message::new(Address::new(&format!("from{number}@a.example")).unwrap(), content)
        .to(Address::new("to@b.example").unwrap())
}

/// One message, to its outcome.
pub(crate) fn send_one(client: &mut Client) -> Outcome {
    client.send(message(1, 500)).unwrap();
    client.collect(Some(LONG)).expect("an outcome")
}

/// How TLS failed, and what a person reads.
pub(crate) fn tls_failure(error: &ConnectError) -> (TlsFailure, String) {
    match error {
        ConnectError::Session(SessionError::Tls(tls)) => (tls.failure(), error.to_string()),
        other => panic!("{other:?}"),
    }
}

/// A server of a few lines: what it says first, and then its answer to each line; then it hangs up, or does `last`.
pub(crate) fn scripted(
    answers: &'static [&'static str],
    last: impl FnOnce(TcpStream) + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind((NAME, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        for (at, answer) in answers.iter().enumerate() {
            let mut line = String::new();
            if at > 0 && lines.read_line(&mut line).unwrap() == 0 {
                return;
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
        last(stream);
    });
    port
}

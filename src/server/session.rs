//! The public face of the server half: bytes in, questions and bytes out.
//!
//! Owns the input that was fed and not yet taken up. It is never dropped while the session lives (RFC 2920 §3.2:
//! "MUST NOT flush or otherwise lose the contents of the TCP input buffer"), whatever is answered.

use std::fmt;

use super::engine::{Engine, ServerStats};
use super::options::ServerOptions;
use super::request::Request;

/// Why an answer wasn't taken. The question stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// No question is open.
    #[error("nothing was asked")]
    NothingAsked,
    /// RFC 5321 doesn't allow this code as an answer to this question.
    #[error("reply code {0} does not fit the command")]
    Code(u16),
}

/// The server's side of one SMTP or LMTP connection, without a socket.
///
/// The order of a driver's turn, to be repeated for ever:
///
/// 1. [`feed`](Self::feed) what was received (or [`end_of_input`](Self::end_of_input));
/// 2. [`next_request`](Self::next_request) until it gives `None`, answering each by [`accept`](Self::accept) or
///    [`reply`](Self::reply). An answer may also come in a later turn: until then `next_request` gives `None`;
/// 3. write [`output`](Self::output) and say how much by [`sent`](Self::sent);
/// 4. close if [`is_closed`](Self::is_closed); else wait for the socket: readable if
///    [`wants_input`](Self::wants_input), writable if there is output left.
///
/// Replies to RSET, MAIL, SEND, SOML, SAML, RCPT, BDAT and to content are gathered and become output as a unit, no
/// later than when `next_request` finds no further command; those to all other commands become output at once
/// (RFC 2920 §3.2). They leave in the order of the commands.
pub struct ServerSession {
    engine: Engine,
    held: Vec<u8>,
    /// Where in `held` parsing goes on. Invariant: not beyond its end.
    at: usize,
}

impl ServerSession {
    /// A session whose first request is [`Request::Greeting`].
    pub fn new(options: ServerOptions) -> Self {
        Self { engine: Engine::new(options), held: Vec::new(), at: 0 }
    }

    /// Takes bytes from the client. All are kept, even beyond what [`wants_input`](Self::wants_input) asks for.
    pub fn feed(&mut self, data: &[u8]) {
        if self.at > 0 {
            self.held.drain(..self.at);
            self.at = 0;
        }
        self.held.extend_from_slice(data);
    }

    /// The client won't send any more. What it sent is still answered.
    pub fn end_of_input(&mut self) {
        self.engine.end_of_input();
    }

    /// The next question or piece of content, from what was fed. `None`: more input is needed, an answer is
    /// outstanding, too much output is waiting, or the session is over.
    pub fn next_request(&mut self) -> Option<Request<'_>> {
        let Self { engine, held, at } = self;
        if *at >= held.len() {
            held.clear();
            *at = 0;
            held.shrink_to(256 * 1024);
        }
        let mut input = held.get(*at..).unwrap_or_default();
        let before = input.len();
        let request = engine.next(&mut input);
        *at += before - input.len();
        request
    }

    /// As [`next_request`](Self::next_request), from the caller's own buffer and without a copy. What is taken up
    /// is taken off the front of `input`. When this gives `None` and `input` isn't empty, the rest has to be
    /// handed in again or fed. Bytes that were fed come first.
    pub fn next_request_in<'a, 'd: 'a>(&'a mut self, input: &mut &'d [u8]) -> Option<Request<'a>> {
        if self.at < self.held.len() {
            self.feed(std::mem::take(input));
            return self.next_request();
        }
        self.engine.next(input)
    }

    /// Answers the open question the way a server does that minds nothing: `250` to most, `354` to DATA, `252` to
    /// VRFY, `500` to an unknown verb. Under LMTP this answers for all recipients that are left.
    pub fn accept(&mut self) -> Result<(), AnswerError> {
        self.engine.accept()
    }

    /// Answers the open question. The lines of `text` are separated by LF; an enhanced code at its start is kept,
    /// else a fitting one is put there if that extension is offered. A 421 ends the connection behind it.
    pub fn reply(&mut self, code: u16, text: &str) -> Result<(), AnswerError> {
        self.engine.reply(code, text)
    }

    /// Answers AUTH, or the response to an earlier challenge, with a challenge (334). What comes next is
    /// [`Request::AuthResponse`], unless the client gives up. How many challenges there are is the application's to bound.
    ///
    /// # Errors
    ///
    /// Something else was asked, or nothing.
    pub fn challenge(&mut self, challenge: &[u8]) -> Result<(), AnswerError> {
        self.engine.challenge(challenge)
    }

    /// Ends the connection from this side, with a 421 (RFC 5321 §3.8): for time-outs and shutdown. An open question
    /// counts as answered.
    pub fn shut_down(&mut self, text: &str) {
        self.engine.shut_down(text);
    }

    /// Lets gathered replies go although the group isn't at its end: for a driver that must wait for something
    /// other than input, such as an answer of the application that takes its time.
    pub fn flush(&mut self) {
        self.engine.flush();
    }

    /// The bytes to write now.
    pub fn output(&self) -> &[u8] {
        self.engine.output()
    }

    /// The first `n` bytes of [`output`](Self::output) have been written.
    pub fn sent(&mut self, n: usize) {
        self.engine.sent(n);
    }

    /// Whether the driver should read on. False while enough input or output is waiting: let TCP slow the peer down.
    pub fn wants_input(&self) -> bool {
        let held = self.held.len() - self.at;
        self.engine.wants_input(held)
    }

    /// The connection is encrypted from here on. Behind a positive answer to [`Request::StartTls`]: the handshake has
    /// succeeded, and all that was learnt of the client is forgotten. Before the first request: it was from the beginning.
    /// False: it doesn't fit here, or something came in clear behind STARTTLS; then the connection has to be closed.
    pub fn tls_established(&mut self) -> bool {
        self.at >= self.held.len() && self.engine.tls_established()
    }

    /// Whether STARTTLS was answered with 220 and that has been written: the handshake is due, and what comes in belongs to it.
    pub fn awaits_handshake(&self) -> bool {
        self.at >= self.held.len() && self.engine.awaits_handshake()
    }

    /// Whether the connection is encrypted, as far as the session was told.
    pub fn is_secure(&self) -> bool {
        self.engine.secure
    }

    /// Whether a question is open.
    pub fn awaits_answer(&self) -> bool {
        self.engine.awaits_answer()
    }

    /// Everything has been said: the connection can be closed. A message that is under way was not accepted.
    pub fn is_closed(&self) -> bool {
        self.engine.is_closed()
    }

    /// Whether AUTH has succeeded.
    pub fn is_authenticated(&self) -> bool {
        self.engine.auth.done
    }

    /// The counters.
    pub fn stats(&self) -> ServerStats {
        self.engine.stats()
    }

    /// The settings.
    pub fn options(&self) -> &ServerOptions {
        self.engine.options()
    }
}

/// Without what was said: it may be a password.
impl fmt::Debug for ServerSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSession")
            .field("stats", &self.stats())
            .field("awaits_answer", &self.awaits_answer())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

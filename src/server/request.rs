//! What the application is asked, one thing at a time.

use super::params::Params;
use super::path::Path;
use crate::wire::Body;

/// One question, or one piece of content, for the application.
///
/// All but [`Content`](Request::Content) want an answer ([`accept`](super::ServerSession::accept) or
/// [`reply`](super::ServerSession::reply)), now or later; until it is there nothing further is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request<'a> {
    /// A connection is there: 220, or 554 to refuse all service (RFC 5321 §3.1), or 421.
    Greeting,
    /// EHLO, HELO or LHLO. A positive answer carries the list of extensions by itself.
    Hello {
        /// Which of the three.
        kind: Hello,
        /// The name the client gave, unchecked.
        name: &'a str,
    },
    /// MAIL: begins a transaction if the answer is positive.
    Mail {
        /// The reverse-path; may be null.
        from: Path<'a>,
        /// All parameters.
        params: Params<'a>,
        /// The value of SIZE=, in octets.
        size: Option<u64>,
        /// The value of BODY= (RFC 6152, RFC 3030).
        body: Option<Body>,
        /// Whether SMTPUTF8 was given.
        smtputf8: bool,
    },
    /// RCPT within a transaction.
    Rcpt {
        /// The forward-path; never null.
        to: Path<'a>,
        /// All parameters.
        params: Params<'a>,
    },
    /// DATA with at least one accepted recipient: 354 lets the content come.
    Data,
    /// A chunk with at least one accepted recipient is about to come. Any positive answer lets it in (its
    /// text isn't sent: the reply follows the chunk); a negative one is sent once the chunk has been swallowed.
    Bdat {
        /// Octets of the chunk.
        size: u64,
        /// Whether it ends the message.
        last: bool,
    },
    /// A piece of content, dots un-stuffed. Wants no answer.
    Content(&'a [u8]),
    /// A chunk that isn't the last has come in full.
    ChunkEnd,
    /// The content is complete. The message is accepted by a positive answer and by nothing else.
    ContentEnd {
        /// How many answers are wanted: 1, or under LMTP one for each accepted recipient in the order of
        /// their RCPT (RFC 2033 §4.2).
        replies: u32,
    },
    /// RSET, or anything that undoes a transaction.
    Rset,
    /// VRFY with its argument.
    Vrfy(&'a str),
    /// EXPN with its argument.
    Expn(&'a str),
    /// HELP with its argument, perhaps empty.
    Help(&'a str),
    /// ETRN with its argument (RFC 1985).
    Etrn(&'a str),
    /// STARTTLS (RFC 3207), asked only if [`ServerOptions::starttls`](super::ServerOptions::starttls) offers it: 220, or 454.
    /// Behind a 220 the output is written in clear, to its end; then follows a handshake, and
    /// [`ServerSession::tls_established`](super::ServerSession::tls_established), or the connection is closed.
    StartTls,
    /// AUTH (RFC 4954) with a mechanism that is offered. The answer is positive (235), negative (535), or a challenge:
    /// [`challenge`](super::ServerSession::challenge).
    Auth {
        /// The mechanism, in the case it was given in.
        mechanism: &'a str,
        /// The initial response, decoded.
        initial: Option<&'a [u8]>,
    },
    /// The response to a challenge, decoded. Answered as [`Auth`](Request::Auth) is. A client that gives up is answered
    /// without asking; the next question is of something else then.
    AuthResponse(&'a [u8]),
    /// NOOP.
    Noop,
    /// QUIT: the connection ends once the answer has been sent.
    Quit,
    /// Any other verb, for extensions of the application's own.
    Unknown {
        /// The first word, as it came.
        verb: &'a str,
        /// What follows it.
        argument: &'a str,
    },
}

/// Which greeting command the client used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hello {
    /// EHLO: extensions are offered.
    Ehlo,
    /// HELO: none are.
    Helo,
    /// LHLO (RFC 2033): EHLO's counterpart in LMTP.
    Lhlo,
}

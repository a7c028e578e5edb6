//! What a server session offers, how much it puts up with, and which faults of real servers it imitates.
//!
//! Plain data: nothing here acts. The defaults are those of a modern, strict server.

/// Settings of one [`ServerSession`](super::ServerSession).
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// Name given in the greeting and in the reply to EHLO. Anything but visible ASCII is left out.
    pub host_name: String,
    /// LMTP (RFC 2033): LHLO instead of EHLO, and after the content one reply for each accepted recipient.
    pub lmtp: bool,
    /// Offer PIPELINING (RFC 2920). Grouped commands are understood either way; see [`Quirks::no_pipelining`].
    pub pipelining: bool,
    /// Offer CHUNKING (RFC 3030): without it BDAT is an unknown command.
    pub chunking: bool,
    /// Offer BINARYMIME (RFC 3030). Needs `chunking`.
    pub binary_mime: bool,
    /// Offer 8BITMIME (RFC 6152).
    pub eight_bit_mime: bool,
    /// Offer SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// Offer DSN (RFC 3461): its parameters are passed on, not acted upon.
    pub dsn: bool,
    /// Offer ENHANCEDSTATUSCODES (RFC 2034) and prefix replies with them.
    pub enhanced_status_codes: bool,
    /// Offer SIZE (RFC 1870): `Some(0)` without a fixed limit, `None` not at all.
    pub size: Option<u64>,
    /// Offer STARTTLS (RFC 3207), as long as the connection isn't encrypted; see [`Request::StartTls`].
    ///
    /// [`Request::StartTls`]: super::Request::StartTls
    pub starttls: bool,
    /// Offer AUTH (RFC 4954) with these mechanisms, whose exchanges are the application's: see
    /// [`Request::Auth`](super::Request::Auth). Empty: not at all, and AUTH is an unknown command.
    pub auth: Vec<String>,
    /// Offer AUTH only over TLS; in clear it's refused (538).
    pub auth_needs_tls: bool,
    /// Refuse mail, and everything else that needs it, before AUTH has succeeded (530).
    pub auth_required: bool,
    /// Further lines of the EHLO reply, for extensions that the application brings along. An empty one is sent as
    /// such: there are servers that do. The session knows what DELIVERBY, MT-PRIORITY, FUTURERELEASE, REQUIRETLS,
    /// NO-SOLICITING, PRDR, XCLIENT and XFORWARD allow when they stand here, and keeps to the limits that stand with them.
    pub extensions: Vec<String>,
    /// Keywords of MAIL and RCPT parameters that such extensions add.
    pub parameters: Vec<String>,
    /// Accept MAIL without a preceding EHLO, HELO or LHLO.
    pub hello_optional: bool,
    /// The bounds.
    pub limits: ServerLimits,
    /// Imitated faults, for test servers. The default has none.
    pub quirks: Quirks,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            host_name: "localhost".to_owned(),
            lmtp: false,
            pipelining: true,
            chunking: true,
            binary_mime: true,
            eight_bit_mime: true,
            smtputf8: true,
            dsn: true,
            enhanced_status_codes: true,
            size: Some(0),
            starttls: false,
            auth: Vec::new(),
            auth_needs_tls: false,
            auth_required: false,
            extensions: Vec::new(),
            parameters: Vec::new(),
            hello_optional: false,
            limits: ServerLimits::default(),
            quirks: Quirks::default(),
        }
    }
}

/// Bounds on what one peer can make the session do. In every field 0 means no bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Octets of a command line with its line end. A longer one is answered 500 and skipped.
    pub line: usize,
    /// Accepted recipients of one message; those over it get 452 (RFC 5321 §4.5.3.1.10).
    pub recipients: u32,
    /// Different recipient domains on one connection; recipients in others get 452 (RFC 9422 §4.3).
    pub domains: u32,
    /// Messages on one connection; the next MAIL gets 421 and the connection ends.
    pub messages: u64,
    /// Commands on one connection; the next one gets 421 and the connection ends.
    pub commands: u64,
    /// Negative replies since the last accepted message; the next command gets 421 and the connection ends.
    pub errors: u32,
    /// Octets of input that may wait before [`wants_input`](super::ServerSession::wants_input) says no.
    pub input: usize,
    /// Octets of output that may wait before no further command is taken up.
    pub output: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            line: 4096,
            recipients: 1000,
            domains: 0,
            messages: 0,
            commands: 0,
            errors: 100,
            input: 256 * 1024,
            output: 256 * 1024,
        }
    }
}

/// Faults of real servers, imitated on request so that clients can be tested against them.
///
/// A server for mail that matters leaves all of them at their default: each breaks a rule of RFC 2920,
/// RFC 3030 or RFC 5321.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Input that has arrived behind the final dot of DATA is thrown away (Courier).
    pub swallow_after_dot: bool,
    /// Each command that has arrived behind the final dot of DATA gets 503 and isn't executed (Haraka).
    pub refuse_after_dot: bool,
    /// A refused chunk isn't swallowed: its content runs as commands (go-smtp).
    pub undrained_chunk: bool,
    /// More than one command in a read ends the connection with 500 (OpenSMTPD).
    pub no_pipelining: bool,
    /// Anything in flight behind EHLO, HELO, LHLO, DATA, or before the greeting ends the connection with 554
    /// (Exim, Postfix since 3.9).
    pub enforce_sync: bool,
    /// DATA is answered 354 although no recipient was accepted (allowed by RFC 2920 §3.1, done by few).
    pub data_without_recipients: bool,
    /// What a refused chunk does to its transaction.
    pub refused_chunk: RefusedChunk,
}

/// What becomes of a mail transaction when one of its chunks was refused (RFC 3030 §2 wants `NeedsRset`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusedChunk {
    /// Everything but RSET, EHLO and QUIT is refused until one of them comes: nothing can go astray.
    #[default]
    NeedsRset,
    /// The transaction ends with its LAST chunk, as if RSET had come (Postfix).
    Resets,
    /// The transaction stays open, so that the next message's recipients join the old sender (Exim).
    KeepsSender,
    /// MAIL and RCPT go on in the old transaction, but every chunk is refused until RSET (Dovecot).
    RefusesChunks,
}

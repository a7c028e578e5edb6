//! `smtpipe_request`: what a server session asks its application.

use crate::handle::Done;
use crate::session_io::{NO_BYTES, smtpipe_bytes};
use crate::stats::fill;
use engine::server::{Hello, Params, Path, Request};
use engine::wire::Body;

/// What is asked. All but SMTPIPE_REQUEST_CONTENT want an answer.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_request_kind {
    /// Something this header doesn't know. smtpipe_server_accept() answers it.
    SMTPIPE_REQUEST_OTHER = 0,
    /// A connection is there: 220, 554 to refuse all service (RFC 5321 section 3.1), or 421.
    SMTPIPE_REQUEST_GREETING = 1,
    /// EHLO; `text` is the client's name, unchecked. A positive answer lists the extensions by itself.
    SMTPIPE_REQUEST_EHLO = 2,
    /// HELO; as EHLO, without extensions.
    SMTPIPE_REQUEST_HELO = 3,
    /// LHLO (RFC 2033); as EHLO.
    SMTPIPE_REQUEST_LHLO = 4,
    /// MAIL; `text` is the reverse-path without brackets, perhaps empty. A positive answer begins a transaction.
    SMTPIPE_REQUEST_MAIL = 5,
    /// RCPT; `text` is the forward-path without brackets.
    SMTPIPE_REQUEST_RCPT = 6,
    /// DATA, with at least one accepted recipient: 354 lets the content come.
    SMTPIPE_REQUEST_DATA = 7,
    /// A chunk of `size` octets is about to come (RFC 3030): a positive answer lets it in, a negative one is sent once it
    /// has been swallowed.
    SMTPIPE_REQUEST_BDAT = 8,
    /// A piece of content is in `text`, dots un-stuffed. Wants no answer.
    SMTPIPE_REQUEST_CONTENT = 9,
    /// A chunk that isn't the last has come in full.
    SMTPIPE_REQUEST_CHUNK_END = 10,
    /// The content is complete. The message is accepted by a positive answer and by nothing else. `replies` answers are
    /// wanted: under LMTP one for each accepted recipient, in the order of their RCPT.
    SMTPIPE_REQUEST_CONTENT_END = 11,
    /// RSET.
    SMTPIPE_REQUEST_RSET = 12,
    /// VRFY; `text` is its argument.
    SMTPIPE_REQUEST_VRFY = 13,
    /// EXPN; `text` is its argument.
    SMTPIPE_REQUEST_EXPN = 14,
    /// HELP; `text` is its argument, perhaps empty.
    SMTPIPE_REQUEST_HELP = 15,
    /// ETRN (RFC 1985); `text` is its argument.
    SMTPIPE_REQUEST_ETRN = 16,
    /// NOOP.
    SMTPIPE_REQUEST_NOOP = 17,
    /// QUIT: the connection ends once the answer has been sent.
    SMTPIPE_REQUEST_QUIT = 18,
    /// Any other command: `text` is its verb, `params` what follows.
    SMTPIPE_REQUEST_UNKNOWN = 19,
    /// AUTH (RFC 4954) with a mechanism that is offered: `text` is the mechanism, `params` the initial response, decoded, if
    /// SMTPIPE_REQUEST_INITIAL is flagged. Answered by 235, a negative reply or smtpipe_server_challenge().
    SMTPIPE_REQUEST_AUTH = 20,
    /// The response to a challenge, decoded, is in `text`. Answered as SMTPIPE_REQUEST_AUTH. A client that gives up is answered
    /// without asking.
    SMTPIPE_REQUEST_AUTH_RESPONSE = 21,
    /// STARTTLS (RFC 3207), if smtpipe_server_options_set_starttls() offers it: 220, or 454. Behind a 220 write the output in
    /// clear, to its end; when smtpipe_server_awaits_handshake() do the handshake, then smtpipe_server_tls_established().
    SMTPIPE_REQUEST_STARTTLS = 22,
}

/// The value of BODY= with MAIL.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_body {
    /// Not given.
    SMTPIPE_BODY_NONE = 0,
    /// 7BIT (RFC 6152).
    SMTPIPE_BODY_7BIT = 1,
    /// 8BITMIME (RFC 6152).
    SMTPIPE_BODY_8BITMIME = 2,
    /// BINARYMIME (RFC 3030).
    SMTPIPE_BODY_BINARYMIME = 3,
}

/// SIZE= was given with MAIL, and `size` is it.
pub const SMTPIPE_REQUEST_HAS_SIZE: i32 = 1;
/// SMTPUTF8 (RFC 6531) was given with MAIL.
pub const SMTPIPE_REQUEST_SMTPUTF8: i32 = 2;
/// The chunk is the last of its message (RFC 3030).
pub const SMTPIPE_REQUEST_LAST: i32 = 4;

/// AUTH came with an initial response, perhaps an empty one.
pub const SMTPIPE_REQUEST_INITIAL: i32 = 8;

/// One request. Fields may be appended; functions that write it take the size that the caller knows.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug)]
pub struct smtpipe_request {
    /// A `smtpipe_request_kind`.
    pub kind: i32,
    /// SMTPIPE_REQUEST_HAS_SIZE, SMTPIPE_REQUEST_SMTPUTF8, SMTPIPE_REQUEST_LAST, SMTPIPE_REQUEST_INITIAL, or several.
    pub flags: i32,
    /// Of MAIL: a `smtpipe_body`.
    pub body: i32,
    /// Of the end of content: how many answers are wanted.
    pub replies: u32,
    /// Of MAIL: SIZE= in octets, if flagged. Of BDAT: octets of the chunk.
    pub size: u64,
    /// Address, name, argument, verb or content; see the kinds. Not NUL-terminated.
    pub text: smtpipe_bytes,
    /// Of MAIL and RCPT: all parameters as they came. Of an unknown command: what follows the verb. Of AUTH: the initial response. Not NUL-terminated.
    pub params: smtpipe_bytes,
}

impl Default for smtpipe_request {
    fn default() -> Self {
        Self { kind: 0, flags: 0, body: 0, replies: 0, size: 0, text: NO_BYTES, params: NO_BYTES }
    }
}

/// # Safety
/// `place` is NULL or writable for `size` bytes.
pub(crate) unsafe fn write(place: *mut smtpipe_request, size: usize, request: &smtpipe_request) -> Done {
    // SAFETY: by the contract above; the struct has no padding.
    unsafe { fill(place, size, size_of::<smtpipe_request>(), request) }
}

impl smtpipe_request {
    fn new(kind: smtpipe_request_kind) -> Self {
        Self { kind: kind as i32, ..Self::default() }
    }

    fn with(kind: smtpipe_request_kind, text: &[u8]) -> Self {
        Self { text: text.into(), ..Self::new(kind) }
    }

    fn envelope(kind: smtpipe_request_kind, path: Path<'_>, params: Params<'_>) -> Self {
        Self { params: params.as_str().as_bytes().into(), ..Self::with(kind, path.as_str().as_bytes()) }
    }
}

impl From<Request<'_>> for smtpipe_request {
    fn from(request: Request<'_>) -> Self {
        use smtpipe_request_kind as K;
        match request {
            Request::Greeting => Self::new(K::SMTPIPE_REQUEST_GREETING),
            Request::Hello { kind, name } => Self::with(
                match kind {
                    Hello::Ehlo => K::SMTPIPE_REQUEST_EHLO,
                    Hello::Helo => K::SMTPIPE_REQUEST_HELO,
                    Hello::Lhlo => K::SMTPIPE_REQUEST_LHLO,
                },
                name.as_bytes(),
            ),
            Request::Mail { from, params, size, body, smtputf8 } => Self {
                flags: size.map_or(0, |_| SMTPIPE_REQUEST_HAS_SIZE)
                    | if smtputf8 { SMTPIPE_REQUEST_SMTPUTF8 } else { 0 },
                body: body_number(body),
                size: size.unwrap_or(0),
                ..Self::envelope(K::SMTPIPE_REQUEST_MAIL, from, params)
            },
            Request::Rcpt { to, params } => Self::envelope(K::SMTPIPE_REQUEST_RCPT, to, params),
            Request::Data => Self::new(K::SMTPIPE_REQUEST_DATA),
            Request::Bdat { size, last } => Self {
                flags: if last { SMTPIPE_REQUEST_LAST } else { 0 },
                size,
                ..Self::new(K::SMTPIPE_REQUEST_BDAT)
            },
            Request::Content(piece) => Self::with(K::SMTPIPE_REQUEST_CONTENT, piece),
            Request::ChunkEnd => Self::new(K::SMTPIPE_REQUEST_CHUNK_END),
            Request::ContentEnd { replies } => Self { replies, ..Self::new(K::SMTPIPE_REQUEST_CONTENT_END) },
            Request::Rset => Self::new(K::SMTPIPE_REQUEST_RSET),
            Request::Vrfy(argument) => Self::with(K::SMTPIPE_REQUEST_VRFY, argument.as_bytes()),
            Request::Expn(argument) => Self::with(K::SMTPIPE_REQUEST_EXPN, argument.as_bytes()),
            Request::Help(argument) => Self::with(K::SMTPIPE_REQUEST_HELP, argument.as_bytes()),
            Request::Etrn(argument) => Self::with(K::SMTPIPE_REQUEST_ETRN, argument.as_bytes()),
            Request::Auth { mechanism, initial } => Self {
                flags: initial.map_or(0, |_| SMTPIPE_REQUEST_INITIAL),
                params: initial.map_or(NO_BYTES, smtpipe_bytes::from),
                ..Self::with(K::SMTPIPE_REQUEST_AUTH, mechanism.as_bytes())
            },
            Request::AuthResponse(response) => Self::with(K::SMTPIPE_REQUEST_AUTH_RESPONSE, response),
            Request::StartTls => Self::new(K::SMTPIPE_REQUEST_STARTTLS),
            Request::Noop => Self::new(K::SMTPIPE_REQUEST_NOOP),
            Request::Quit => Self::new(K::SMTPIPE_REQUEST_QUIT),
            Request::Unknown { verb, argument } => Self {
                params: argument.as_bytes().into(),
                ..Self::with(K::SMTPIPE_REQUEST_UNKNOWN, verb.as_bytes())
            },
            _ => Self::new(K::SMTPIPE_REQUEST_OTHER),
        }
    }
}

const fn body_number(body: Option<Body>) -> i32 {
    (match body {
        None => smtpipe_body::SMTPIPE_BODY_NONE,
        Some(Body::SevenBit) => smtpipe_body::SMTPIPE_BODY_7BIT,
        Some(Body::EightBitMime) => smtpipe_body::SMTPIPE_BODY_8BITMIME,
        Some(Body::BinaryMime) => smtpipe_body::SMTPIPE_BODY_BINARYMIME,
    }) as i32
}

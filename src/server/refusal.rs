//! Reply texts of the session's own, each with its enhanced code (RFC 3463), in one place.
//!
//! The application never needs these: they answer what it isn't asked about.

/// A code, the subject and detail of its enhanced code, and the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Canned {
    pub(super) code: u16,
    pub(super) subject: u16,
    pub(super) detail: u16,
    pub(super) text: &'static str,
}

const fn canned(code: u16, subject: u16, detail: u16, text: &'static str) -> Canned {
    Canned { code, subject, detail, text }
}

// Syntax (RFC 5321 §4.2.4, §4.3.2).
pub(super) const UNRECOGNIZED: Canned = canned(500, 5, 2, "Command unrecognized");
pub(super) const LINE_TOO_LONG: Canned = canned(500, 5, 6, "Line too long");
pub(super) const BAD_CHARACTER: Canned = canned(500, 5, 2, "Control character in command");
pub(super) const NO_ARGUMENT: Canned = canned(501, 5, 4, "No argument allowed");
pub(super) const NEEDS_NAME: Canned = canned(501, 5, 4, "Needs a host name");
pub(super) const NEEDS_ARGUMENT: Canned = canned(501, 5, 4, "Needs an argument");
pub(super) const MAIL_SYNTAX: Canned = canned(501, 5, 4, "Syntax: MAIL FROM:<address> [parameters]");
pub(super) const RCPT_SYNTAX: Canned = canned(501, 5, 4, "Syntax: RCPT TO:<address> [parameters]");
pub(super) const BDAT_SYNTAX: Canned = canned(501, 5, 4, "Syntax: BDAT size [LAST]");
pub(super) const BAD_SENDER: Canned = canned(501, 1, 7, "Bad sender address syntax");
pub(super) const BAD_RECIPIENT: Canned = canned(501, 1, 3, "Bad recipient address syntax");
pub(super) const NULL_RECIPIENT: Canned = canned(501, 1, 3, "Recipient must not be empty");
pub(super) const BAD_PARAMETER: Canned = canned(501, 5, 4, "Bad parameter syntax");
pub(super) const BAD_ATTRIBUTE: Canned = canned(501, 5, 4, "Bad or unknown attribute");
pub(super) const UNKNOWN_PARAMETER: Canned = canned(555, 5, 4, "Parameter not supported");
pub(super) const NOT_IMPLEMENTED: Canned = canned(502, 5, 1, "Command not implemented");
pub(super) const USE_LHLO: Canned = canned(500, 5, 1, "This is LMTP: use LHLO");
pub(super) const USE_EHLO: Canned = canned(500, 5, 1, "This is SMTP: use EHLO");

pub(super) const AUTH_SYNTAX: Canned = canned(501, 5, 4, "Syntax: AUTH mechanism [initial-response]");
pub(super) const BAD_BASE64: Canned = canned(501, 5, 2, "Cannot decode the response");
pub(super) const AUTH_TOO_LONG: Canned = canned(500, 5, 6, "Authentication exchange line is too long");
pub(super) const NO_MECHANISM: Canned = canned(504, 5, 4, "Mechanism not supported");

// Sequence (RFC 5321 §4.1.4, RFC 3030 §2).
pub(super) const NOT_TODAY: Canned = canned(503, 5, 1, "No service here: only QUIT");
pub(super) const HELLO_FIRST: Canned = canned(503, 5, 1, "Say hello first");
pub(super) const TLS_ALREADY: Canned = canned(503, 5, 1, "This is TLS already");
pub(super) const BEHIND_STARTTLS: Canned =
    canned(554, 5, 0, "Something in clear behind STARTTLS: an attack, or a broken proxy");
pub(super) const NESTED_MAIL: Canned = canned(503, 5, 1, "Sender already given");
pub(super) const NEED_MAIL: Canned = canned(503, 5, 1, "Need MAIL first");
pub(super) const NEED_RCPT: Canned = canned(503, 5, 1, "Need RCPT first");
pub(super) const NO_VALID_RECIPIENTS: Canned = canned(554, 5, 1, "No valid recipients");
pub(super) const CHUNK_FAILED: Canned = canned(503, 5, 1, "A chunk was refused: RSET first");
pub(super) const AFTER_BDAT: Canned = canned(503, 5, 1, "Not after BDAT");
pub(super) const BINARY_NEEDS_BDAT: Canned = canned(503, 5, 1, "BINARYMIME needs BDAT");

pub(super) const AUTHENTICATED: Canned = canned(503, 5, 1, "Already authenticated");

// Policy and limits.
pub(super) const AUTH_CANCELLED: Canned = canned(501, 7, 0, "Authentication cancelled");
pub(super) const AUTH_NEEDS_TLS: Canned = canned(538, 7, 11, "Encryption required: STARTTLS first");
pub(super) const AUTH_FIRST: Canned = canned(530, 7, 0, "Authentication required");
pub(super) const TOO_LARGE: Canned = canned(552, 3, 4, "Message too large");
pub(super) const TOO_MANY_RECIPIENTS: Canned = canned(452, 5, 3, "Too many recipients");
pub(super) const TOO_MANY_DOMAINS: Canned = canned(452, 5, 3, "Too many domains on this connection");
pub(super) const TOO_SOON: Canned = canned(555, 5, 4, "Not deliverable in so short a time");
pub(super) const HELD_TOO_LONG: Canned = canned(501, 5, 4, "Not held for so long");
pub(super) const SOLICITATION: Canned = canned(550, 7, 1, "No solicitation of this class");
pub(super) const TOO_MANY_MESSAGES: Canned = canned(421, 7, 0, "Too many messages on this connection");
pub(super) const TOO_MANY_COMMANDS: Canned = canned(421, 7, 0, "Too many commands on this connection");
pub(super) const TOO_MANY_ERRORS: Canned = canned(421, 7, 0, "Too many errors");
pub(super) const NEEDS_SMTPUTF8: Canned = canned(553, 6, 7, "Non-ASCII address needs SMTPUTF8");

// Imitated faults.
pub(super) const AFTER_DOT: Canned =
    canned(503, 5, 1, "Bad sequence of commands: pipelined after end of DATA");
pub(super) const NO_PIPELINING: Canned = canned(500, 5, 1, "Invalid command: Pipelining not supported");
pub(super) const NO_SYNC: Canned = canned(554, 5, 0, "SMTP protocol synchronization error");

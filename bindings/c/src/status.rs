//! `smtpipe_status`: the numbers that every fallible function returns.
//!
//! A number is never used again for something else. A retired one stays here as a comment.

use std::ffi::{CStr, c_char};

/// What a function returns that can fail: 0 for success, positive for "not an error, but nothing was
/// written either", negative for an error.
///
/// The hundreds tell whose affair it is: -1xx the caller's, -2xx the peer broke the protocol, -3xx the peer
/// refused the whole session, -4xx it doesn't offer what is needed, -5xx input, output and time, -9xx a defect of
/// the library. New numbers may appear within these groups; treat an unknown
/// negative one as an error of its group.
///
/// A negative reply to one message is never a status: it is that message's outcome.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_status {
    /// Done; the outputs are written.
    SMTPIPE_OK = 0,
    /// The time given passed first.
    SMTPIPE_TIMEOUT = 1,
    /// There is nothing to give: nothing is outstanding, no event is waiting, nothing can be cancelled.
    SMTPIPE_NOTHING = 2,

    /// Misuse that has no number of its own; the reason says which.
    SMTPIPE_ERR_MISUSE = -100,
    /// A pointer that must not be NULL is NULL.
    SMTPIPE_ERR_NULL = -101,
    /// A constant this library doesn't know, or a number out of its range.
    SMTPIPE_ERR_VALUE = -102,
    /// A text is not UTF-8.
    SMTPIPE_ERR_TEXT = -103,
    /// Not an address that RFC 5321 section 4.1.2 allows, or one longer than section 4.5.3.1 allows.
    SMTPIPE_ERR_ADDRESS = -104,
    /// Not an ESMTP parameter (RFC 5321 section 4.1.2: esmtp-keyword, esmtp-value).
    SMTPIPE_ERR_PARAMETER = -105,
    /// Not a host name or address literal that may follow EHLO.
    SMTPIPE_ERR_HOST_NAME = -106,
    /// A command line that can't be sent: a control character, too long, or a verb the engine owns.
    SMTPIPE_ERR_COMMAND = -107,
    /// Content with a bare CR or bare LF where strict content was asked for.
    SMTPIPE_ERR_CONTENT = -108,
    /// The message has no sender yet (the null reverse-path has to be set too).
    SMTPIPE_ERR_NO_SENDER = -109,
    /// The message has no recipient.
    SMTPIPE_ERR_NO_RECIPIENT = -110,
    /// The message has no content yet (empty content has to be set too).
    SMTPIPE_ERR_NO_CONTENT = -111,
    /// The configuration names neither a host nor a unix path.
    SMTPIPE_ERR_NO_TARGET = -112,
    /// A ticket that this handle never gave out.
    SMTPIPE_ERR_TICKET = -113,
    /// The call doesn't fit what the handle is doing: quit was called, the session is over, calls in the
    /// wrong order.
    SMTPIPE_ERR_STATE = -114,
    /// An index past the last element.
    SMTPIPE_ERR_INDEX = -115,
    /// The handle is in use by the call that this one is made from: a callback must not call back into it.
    SMTPIPE_ERR_BUSY = -116,
    /// The system has no memory for what was asked. Nothing was done.
    SMTPIPE_ERR_NO_MEMORY = -117,
    /// This build of the library can't do what was asked for; smtpipe_has_feature() tells beforehand.
    SMTPIPE_ERR_NOT_BUILT = -118,
    // Last added to this group: -118
    /// The peer broke the protocol in a way that has no number of its own; the text says how.
    SMTPIPE_ERR_PEER = -200,
    /// The peer sent what is no reply (RFC 5321 section 4.2): malformed, mixed codes, a line or a reply over the limit.
    SMTPIPE_ERR_PEER_REPLY = -201,
    /// The peer sent a reply that nothing asked for.
    SMTPIPE_ERR_PEER_UNSOLICITED = -202,
    /// The peer sent a reply of a class that the command can't have.
    SMTPIPE_ERR_PEER_CLASS = -203,
    /// The peer answered a command before it had left.
    SMTPIPE_ERR_PEER_EARLY = -204,
    /// The peer didn't prove that it knows the password (SCRAM) or has the ticket's key (GSSAPI), or claims a success that it can't know
    /// of: somebody else answers.
    SMTPIPE_ERR_PEER_AUTH = -205,
    /// The peer sent more behind its reply to STARTTLS, in clear (RFC 3207 section 6): an attack, or a broken proxy.
    SMTPIPE_ERR_PEER_INJECTED = -206,
    // Last added to this group: -206
    /// The greeting, EHLO or XCLIENT was refused.
    SMTPIPE_ERR_REFUSED = -301,
    /// The peer said 421: it is shutting the session down (RFC 5321 section 3.8).
    SMTPIPE_ERR_SHUT_DOWN = -302,
    /// The login failed (RFC 4954): the peer refused it, or asked what can't be answered; or the caller gave it up.
    SMTPIPE_ERR_AUTH = -303,
    /// There is no way to log in: the peer offers no AUTH, no mechanism that can be used, or only such as would show the password on
    /// a line that isn't encrypted; or there is no Kerberos ticket. Nothing of the credentials was sent.
    SMTPIPE_ERR_NO_AUTH = -304,
    /// TLS is required, and the peer doesn't offer STARTTLS, or refused it. Nothing was sent.
    SMTPIPE_ERR_NO_TLS = -305,
    // Last added to this group: -305
    /// The peer doesn't offer what the session was to begin with, such as XCLIENT. (What a message needs is a matter of its
    /// outcome, and its reason.)
    SMTPIPE_ERR_NOT_OFFERED = -401,
    // Last added to this group: -401
    /// The session ended in a way that has no number of its own; the text says how.
    SMTPIPE_ERR_ENDED = -500,
    /// The system refused a read, a write or a wait; the text says why.
    SMTPIPE_ERR_IO = -501,
    /// The peer didn't answer in the time RFC 5321 section 4.5.3.2 (or the configuration) gives it.
    SMTPIPE_ERR_TIMED_OUT = -502,
    /// The peer closed the connection.
    SMTPIPE_ERR_CLOSED = -503,
    /// The host's name could not be resolved.
    SMTPIPE_ERR_RESOLVE = -504,
    /// No address of the host took the connection.
    SMTPIPE_ERR_CONNECT = -505,
    /// TLS failed; smtpipe_error_tls_failure() says how.
    SMTPIPE_ERR_TLS = -520,
    /// What was asked of TLS can't be done (a file that isn't there, no certificate in it, ...). Nothing was connected.
    SMTPIPE_ERR_TLS_CONFIG = -521,
    /// The connection ended without TLS's close_notify: somebody in between may have cut off what the peer said.
    SMTPIPE_ERR_TRUNCATED = -522,
    // Last added to this group: -522
    /// A defect of this library. The handle answers every later call with the same; free it.
    SMTPIPE_ERR_PANIC = -900,
}

/// Every status there is, for the tests that must cover all.
#[cfg(test)]
pub(crate) const ALL: &[smtpipe_status] = &[
    smtpipe_status::SMTPIPE_OK,
    smtpipe_status::SMTPIPE_TIMEOUT,
    smtpipe_status::SMTPIPE_NOTHING,
    smtpipe_status::SMTPIPE_ERR_MISUSE,
    smtpipe_status::SMTPIPE_ERR_NULL,
    smtpipe_status::SMTPIPE_ERR_VALUE,
    smtpipe_status::SMTPIPE_ERR_TEXT,
    smtpipe_status::SMTPIPE_ERR_ADDRESS,
    smtpipe_status::SMTPIPE_ERR_PARAMETER,
    smtpipe_status::SMTPIPE_ERR_HOST_NAME,
    smtpipe_status::SMTPIPE_ERR_COMMAND,
    smtpipe_status::SMTPIPE_ERR_CONTENT,
    smtpipe_status::SMTPIPE_ERR_NO_SENDER,
    smtpipe_status::SMTPIPE_ERR_NO_RECIPIENT,
    smtpipe_status::SMTPIPE_ERR_NO_CONTENT,
    smtpipe_status::SMTPIPE_ERR_NO_TARGET,
    smtpipe_status::SMTPIPE_ERR_TICKET,
    smtpipe_status::SMTPIPE_ERR_STATE,
    smtpipe_status::SMTPIPE_ERR_INDEX,
    smtpipe_status::SMTPIPE_ERR_BUSY,
    smtpipe_status::SMTPIPE_ERR_NO_MEMORY,
    smtpipe_status::SMTPIPE_ERR_NOT_BUILT,
    smtpipe_status::SMTPIPE_ERR_PEER,
    smtpipe_status::SMTPIPE_ERR_PEER_REPLY,
    smtpipe_status::SMTPIPE_ERR_PEER_UNSOLICITED,
    smtpipe_status::SMTPIPE_ERR_PEER_CLASS,
    smtpipe_status::SMTPIPE_ERR_PEER_EARLY,
    smtpipe_status::SMTPIPE_ERR_PEER_AUTH,
    smtpipe_status::SMTPIPE_ERR_PEER_INJECTED,
    smtpipe_status::SMTPIPE_ERR_REFUSED,
    smtpipe_status::SMTPIPE_ERR_SHUT_DOWN,
    smtpipe_status::SMTPIPE_ERR_NOT_OFFERED,
    smtpipe_status::SMTPIPE_ERR_AUTH,
    smtpipe_status::SMTPIPE_ERR_NO_AUTH,
    smtpipe_status::SMTPIPE_ERR_NO_TLS,
    smtpipe_status::SMTPIPE_ERR_TLS,
    smtpipe_status::SMTPIPE_ERR_TLS_CONFIG,
    smtpipe_status::SMTPIPE_ERR_TRUNCATED,
    smtpipe_status::SMTPIPE_ERR_ENDED,
    smtpipe_status::SMTPIPE_ERR_IO,
    smtpipe_status::SMTPIPE_ERR_TIMED_OUT,
    smtpipe_status::SMTPIPE_ERR_CLOSED,
    smtpipe_status::SMTPIPE_ERR_RESOLVE,
    smtpipe_status::SMTPIPE_ERR_CONNECT,
    smtpipe_status::SMTPIPE_ERR_PANIC,
];

/// The words for a status, whatever number it is.
pub(crate) const fn words(status: i32) -> &'static CStr {
    match status {
        0 => c"success",
        1 => c"the time passed first",
        2 => c"nothing to give",
        -100 => c"the call was misused",
        -101 => c"a pointer is NULL",
        -102 => c"unknown constant or number out of range",
        -103 => c"text is not UTF-8",
        -104 => c"not a usable address",
        -105 => c"not an ESMTP parameter",
        -106 => c"not a host name",
        -107 => c"not a command line that can be sent",
        -108 => c"content has a bare CR or a bare LF",
        -109 => c"the message has no sender",
        -110 => c"the message has no recipient",
        -111 => c"the message has no content",
        -112 => c"the configuration names no host and no unix path",
        -113 => c"unknown ticket",
        -114 => c"the call does not fit the state of the handle",
        -115 => c"index out of range",
        -116 => c"the handle is in use by the call that this one is made from",
        -117 => c"out of memory",
        -118 => c"the library was built without what was asked for",
        -200 => c"the peer broke the protocol",
        -201 => c"the peer sent a malformed reply",
        -202 => c"the peer sent a reply that nothing asked for",
        -203 => c"the peer sent a reply of a class the command cannot have",
        -204 => c"the peer answered a command before it had left",
        -205 => c"the peer did not prove who it is",
        -206 => c"the peer sent more behind its reply to STARTTLS",
        -305 => c"TLS is required, and the peer has none",
        -520 => c"TLS failed",
        -521 => c"what was asked of TLS cannot be done",
        -522 => c"the connection was cut off without a TLS close_notify",
        -301 => c"the peer refused the session",
        -302 => c"the peer is shutting down",
        -401 => c"the peer does not offer what was asked for",
        -303 => c"the login failed",
        -304 => c"there is no safe way to log in that both sides have",
        -500 => c"the session ended",
        -501 => c"input or output failed",
        -502 => c"the peer did not answer in time",
        -503 => c"the peer closed the connection",
        -504 => c"the host name could not be resolved",
        -505 => c"the connection could not be made",
        -900 => c"a defect of the library; free the handle",
        _ => c"unknown status",
    }
}

/// Says in English what a status means.
///
/// @param status  Any number; one that is no `smtpipe_status` gives "unknown status".
///
/// @return A NUL-terminated text that lives as long as the library is loaded. Never NULL.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn smtpipe_strerror(status: i32) -> *const c_char {
    words(status).as_ptr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_status_has_words_of_its_own() {
        let mut seen = HashSet::new();
        for &status in ALL {
            let text = words(status as i32);
            assert_ne!(text, c"unknown status", "{status:?}");
            assert!(seen.insert(text), "{status:?} shares its words");
        }
        for unknown in [3, -1, -99, -119, -207, -306, -402, -901, i32::MIN, i32::MAX] {
            assert_eq!(words(unknown), c"unknown status");
        }
    }
}

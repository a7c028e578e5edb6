//! `smtpipe_server`: the server half of one connection, without the connection. What is fed is never lost,
//! whatever is answered (RFC 2920 section 3.2).

use crate::handle::{
    Failure, Opaque, Out, bytes, free, give, guard, movable, peek, read, reason, text, with_mut,
};
use crate::request::{smtpipe_request, write};
use crate::server_options::smtpipe_server_options;
use crate::session_io::smtpipe_bytes;
use crate::stats::check_place;
use crate::status::smtpipe_status;
use engine::server::{AnswerError, ServerSession};
use std::ffi::c_char;

/// The server's side of one SMTP or LMTP connection, without the connection.
///
/// A driver does this, over and over:
///
/// 1. smtpipe_server_feed() what was received, or smtpipe_server_end_of_input();
/// 2. smtpipe_server_next_request() until there is none, answering each with smtpipe_server_accept() or
///    smtpipe_server_reply(). An answer may also come in a later turn: until then there is no further request;
/// 3. write smtpipe_server_output(), and say how much with smtpipe_server_sent();
/// 4. close if smtpipe_server_is_closed(); else wait, for input if smtpipe_server_wants_input(), for room if output is left.
///
/// Replies to RSET, MAIL, SEND, SOML, SAML, RCPT, BDAT and to content are gathered and leave as a unit; those to all other
/// commands leave at once (RFC 2920 section 3.2).
///
/// One thread at a time may use a server session, for whatever call; it may be another thread each time.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_server {
    _private: [u8; 0],
}

impl Opaque for smtpipe_server {
    type Inner = ServerSession;
}

const _: () = movable::<ServerSession>();

impl From<AnswerError> for Failure {
    fn from(error: AnswerError) -> Self {
        let status = match error {
            AnswerError::NothingAsked => smtpipe_status::SMTPIPE_ERR_STATE,
            _ => smtpipe_status::SMTPIPE_ERR_VALUE,
        };
        Self::new(status, error)
    }
}

/// Makes a server session. Its first request is SMTPIPE_REQUEST_GREETING.
///
/// @param options  NULL for the defaults. Not used any more when the call returns.
/// @param server   Gets the session. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: free it with smtpipe_server_free().
/// Threads: as for reading `options`.
///
/// # Safety
/// `options` is NULL or live; `server` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_new(
    options: *const smtpipe_server_options,
    server: *mut *mut smtpipe_server,
) -> smtpipe_status {
    guard(|| {
        // SAFETY: the caller's promise, see above.
        let out = unsafe { Out::new(server)? };
        let options = if options.is_null() {
            Default::default()
        } else {
            // SAFETY: the caller's promise, see above.
            unsafe { peek(options)? }.clone()
        };
        out.set(give(ServerSession::new(options)));
        Ok(())
    })
}

/// Frees a server session. A message that is under way was not accepted.
///
/// @param server  May be NULL.
///
/// Threads: no other call on `server` at the same time, none after.
///
/// # Safety
/// `server` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_free(server: *mut smtpipe_server) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(server) }
}

/// Why the last refused call on this session was refused, in words.
///
/// @param server  May be NULL.
///
/// @return A NUL-terminated text; NULL if no call was refused.
///
/// Ownership: borrowed until the next refused call on `server`, or its end.
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_reason(server: *const smtpipe_server) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { reason(server) }
}

/// Takes bytes from the client. All are kept until they are taken up, even beyond what smtpipe_server_wants_input() asks for.
///
/// @param server  Must not be NULL.
/// @param data    May be NULL when `len` is 0.
/// @param len     Number of bytes at `data`.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than an object can be.
///
/// Ownership: `data` is copied; it may be reused when the call returns.
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live; `data` is readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_feed(
    server: *mut smtpipe_server,
    data: *const u8,
    len: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(server, |server| {
            server.feed(bytes(data, len)?);
            Ok(())
        })
    }
}

/// Says that the client won't send any more. What it sent is still answered.
///
/// @param server  Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_end_of_input(server: *mut smtpipe_server) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(server, |server| {
            server.end_of_input();
            Ok(())
        })
    }
}

/// The next question or piece of content.
///
/// @param server   Must not be NULL.
/// @param request  Gets the request. Must not be NULL.
/// @param size     sizeof(smtpipe_request) as the caller was compiled with it.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if more input is needed, an answer is outstanding, too much output is waiting, or the
///         session is over; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
///
/// Ownership: the request's bytes are borrowed until the next call that takes `server` without const.
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live; `request` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_next_request(
    server: *mut smtpipe_server,
    request: *mut smtpipe_request,
    size: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(server, |server| {
            // Checked before a request is taken: one that is taken can't be put back.
            check_place(request, size, size_of::<smtpipe_request>())?;
            let asked = server.next_request().ok_or(smtpipe_status::SMTPIPE_NOTHING)?;
            write(request, size, &smtpipe_request::from(asked))
        })
    }
}

/// Answers the open question the way a server does that minds nothing: 250 to most, 354 to DATA, 252 to VRFY, 500 to an unknown
/// verb. Under LMTP this answers for all recipients that are left.
///
/// @param server  Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if no question is open.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_accept(server: *mut smtpipe_server) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { with_mut(server, |server| Ok(server.accept()?)) }
}

/// Answers the open question.
///
/// @param server  Must not be NULL.
/// @param code    The reply code; 421 ends the connection behind it.
/// @param text    One or more lines, separated by LF. An enhanced status code (RFC 3463) at its start is kept, else a fitting one
///                is put there if that extension is offered. Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_STATE if no question is open; SMTPIPE_ERR_VALUE if
///         RFC 5321 doesn't allow the code there, and then the question stays open.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live; `text` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_reply(
    server: *mut smtpipe_server,
    code: i32,
    text: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(server, |server| {
            let text = self::text(text)?;
            let code = u16::try_from(code).map_err(|_| {
                Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, format!("{code} is no reply code"))
            })?;
            Ok(server.reply(code, text)?)
        })
    }
}

/// Answers SMTPIPE_REQUEST_AUTH or SMTPIPE_REQUEST_AUTH_RESPONSE with a challenge (334, RFC 4954 section 4). What comes next is
/// SMTPIPE_REQUEST_AUTH_RESPONSE, unless the client gives up. How many there are is the application's to bound.
///
/// @param server     Must not be NULL.
/// @param challenge  Not yet base64. May be NULL when `len` is 0. Copied.
/// @param len        Octets at `challenge`.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if no question is open; SMTPIPE_ERR_VALUE if it is another one.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `server` is NULL or live; `challenge` is readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_challenge(
    server: *mut smtpipe_server,
    challenge: *const u8,
    len: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { with_mut(server, |server| Ok(server.challenge(bytes(challenge, len)?)?)) }
}

/// Whether AUTH has succeeded.
///
/// @param server  May be NULL.
///
/// @return true if it has; false for NULL.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_is_authenticated(server: *const smtpipe_server) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(server, |_| false, ServerSession::is_authenticated) }
}

/// Ends the connection from this side with a 421 (RFC 5321 section 3.8): for timeouts and shutdown. An open question counts as
/// answered.
///
/// @param server  Must not be NULL.
/// @param text    Without an enhanced status code: 4.3.2 is put there if that extension is offered. Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live; `text` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_shut_down(
    server: *mut smtpipe_server,
    text: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(server, |server| {
            server.shut_down(self::text(text)?);
            Ok(())
        })
    }
}

/// Lets gathered replies go although the group isn't at its end: for a driver that must wait for something other than input,
/// such as an answer that takes its time.
///
/// @param server  Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_flush(server: *mut smtpipe_server) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(server, |server| {
            server.flush();
            Ok(())
        })
    }
}

/// The bytes to be written now.
///
/// @param server  Must not be NULL.
/// @param output  Gets the bytes; none when there is nothing to be written. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: borrowed until the next call that takes `server` without const.
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live; `output` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_output(
    server: *const smtpipe_server,
    output: *mut smtpipe_bytes,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        crate::handle::with(server, |server| {
            Out::new(output)?.set(server.output().into());
            Ok(())
        })
    }
}

/// Says how many bytes of the output were written.
///
/// @param server  Must not be NULL.
/// @param n       How many bytes from the front.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if that is more than there were.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_sent(server: *mut smtpipe_server, n: usize) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(server, |server| {
            if n > server.output().len() {
                return Err(Failure::new(
                    smtpipe_status::SMTPIPE_ERR_VALUE,
                    "more than there was to be written",
                ));
            }
            server.sent(n);
            Ok(())
        })
    }
}

/// Whether to read on. No while enough input or output is waiting: let TCP slow the client down.
///
/// @param server  May be NULL.
///
/// @return true to read on; false if not, and for NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_wants_input(server: *const smtpipe_server) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(server, |_| false, ServerSession::wants_input) }
}

/// Whether a question is open.
///
/// @param server  May be NULL.
///
/// @return true if one is; false if not, and for NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_awaits_answer(server: *const smtpipe_server) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(server, |_| false, ServerSession::awaits_answer) }
}

/// Whether everything has been said, and the connection can be closed.
///
/// @param server  May be NULL.
///
/// @return true if so; false if not, and for NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_is_closed(server: *const smtpipe_server) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(server, |_| false, ServerSession::is_closed) }
}

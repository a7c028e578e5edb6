//! `smtpipe_session`: the engine without a socket. Bytes and the time come in as arguments, bytes and events go out.

use crate::capabilities::smtpipe_capabilities;
use crate::config::{millis, smtpipe_config};
use crate::constants::level_number;
use crate::error::smtpipe_error;
use crate::event::{EventPlace, smtpipe_event};
use crate::handle::{
    Done, Opaque, Out, free, give, guard, movable, peek, read, reason, text, with, with_mut,
};
use crate::message::smtpipe_message;
use crate::stats::smtpipe_stats;
use crate::status::smtpipe_status;
use crate::trace::{hook, smtpipe_trace};
use crate::views::Views;
use engine::client::fresh_nonce;
use engine::session::Session;
use std::ffi::{c_char, c_void};
use std::ptr;

/// The protocol of one connection, without the connection.
///
/// A driver does this, over and over:
///
/// 1. give what came in: smtpipe_session_feed(), smtpipe_session_end_of_input() or smtpipe_session_handle_timeout();
/// 2. write what smtpipe_session_output() hands out, and say with smtpipe_session_sent() how much that was, even if 0;
/// 3. take events with smtpipe_session_next_event() until there is none;
/// 4. ask smtpipe_session_timeout_ms();
/// 5. wait until there is input, room for output that is left, or the time has passed.
///
/// It starts with smtpipe_session_start() when there is a connection. When smtpipe_session_half_close() is true it shuts
/// down the writing side, and closes. Time is in milliseconds since whatever the driver likes; it must not go backwards.
///
/// One thread at a time may use a session, for whatever call; it may be another thread each time.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_session {
    _private: [u8; 0],
}

impl Opaque for smtpipe_session {
    type Inner = SessionHandle;
}

const _: () = movable::<SessionHandle>();

pub(crate) struct SessionHandle {
    pub(crate) session: Session,
    pub(crate) views: Views,
}

/// As `with_mut`, and what was borrowed of the server's offer ends.
///
/// # Safety
/// As [`with_mut`].
pub(crate) unsafe fn change(
    session: *mut smtpipe_session,
    f: impl FnOnce(&mut SessionHandle) -> Done,
) -> smtpipe_status {
    // SAFETY: by the contract above.
    unsafe {
        with_mut(session, |session| {
            session.views.forget();
            f(session)
        })
    }
}

/// Makes a session that waits for its connection. The configuration's target and connect timer are not used.
///
/// @param config   Must not be NULL. Not used any more when the call returns.
/// @param session  Gets the session. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: free it with smtpipe_session_free().
/// Threads: as for reading `config`.
///
/// # Safety
/// `config` is NULL or live; `session` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_new(
    config: *const smtpipe_config,
    session: *mut *mut smtpipe_session,
) -> smtpipe_status {
    guard(|| {
        // SAFETY: the caller's promise, see above.
        let (out, config) = unsafe { (Out::new(session)?, peek(config)?) };
        out.set(give(SessionHandle {
            session: Session::new(config.session_options()?),
            views: Views::default(),
        }));
        Ok(())
    })
}

/// Frees a session. Outcomes that were not taken are lost.
///
/// @param session  May be NULL.
///
/// Threads: no other call on `session` at the same time, none after.
///
/// # Safety
/// `session` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_free(session: *mut smtpipe_session) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(session) }
}

/// Why the last refused call on this session was refused, in words. For why the session ended see smtpipe_session_error().
///
/// @param session  May be NULL.
///
/// @return A NUL-terminated text; NULL if no call was refused.
///
/// Ownership: borrowed until the next refused call on `session`, or its end.
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_reason(session: *const smtpipe_session) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { reason(session) }
}

/// Queues a message. There will be exactly one outcome for its ticket.
///
/// @param session  Must not be NULL.
/// @param message  Must not be NULL. Its envelope is copied, its content shared.
/// @param ticket   Gets the ticket, from 1 on. Must not be NULL.
///
/// @return As smtpipe_client_send().
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` and `message` are NULL or live; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_send(
    session: *mut smtpipe_session,
    message: *const smtpipe_message,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            let (out, message) = (Out::new(ticket)?, peek(message)?.message()?);
            let ticket = handle.session.submit(message)?;
            out.set(handle.views.give_ticket(ticket));
            Ok(())
        })
    }
}

/// Queues a raw command; see smtpipe_client_command().
///
/// @param session  Must not be NULL.
/// @param line     The line without CRLF. Must not be NULL. Copied.
/// @param ticket   Gets the ticket. Must not be NULL.
///
/// @return As smtpipe_client_command().
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live; `line` is NULL or NUL-terminated; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_command(
    session: *mut smtpipe_session,
    line: *const c_char,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            let (out, line) = (Out::new(ticket)?, text(line)?);
            let ticket = handle.session.command(line)?;
            out.set(handle.views.give_ticket(ticket));
            Ok(())
        })
    }
}

/// Takes back what has not begun; see smtpipe_client_cancel().
///
/// @param session  Must not be NULL.
/// @param ticket   A ticket of this session.
///
/// @return As smtpipe_client_cancel().
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_cancel(
    session: *mut smtpipe_session,
    ticket: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            let ticket = handle.views.take_ticket(ticket)?;
            if handle.session.cancel(ticket) { Ok(()) } else { Err(smtpipe_status::SMTPIPE_NOTHING.into()) }
        })
    }
}

/// Ends the session with QUIT (RFC 5321 section 4.1.1.10) once everything queued has its outcome.
///
/// @param session  Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_quit(session: *mut smtpipe_session) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            handle.session.quit();
            Ok(())
        })
    }
}

/// Says that there is a connection: the first, or another one after SMTPIPE_EVENT_RECONNECT.
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_start(session: *mut smtpipe_session, now_ms: u64) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            if let Some(nonce) = fresh_nonce() {
                handle.session.set_nonce(nonce);
            }
            handle.session.start(millis(now_ms));
            Ok(())
        })
    }
}

/// Gives bytes from the server. All of them are taken.
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
/// @param data     May be NULL when `len` is 0.
/// @param len      Number of bytes at `data`.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than an object can be. What the server does wrong
///         is not the status of this call: it ends the session, and smtpipe_session_error() says so.
///
/// Ownership: `data` is copied where it is needed; it may be reused when the call returns.
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live; `data` is readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_feed(
    session: *mut smtpipe_session,
    now_ms: u64,
    data: *const u8,
    len: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            handle.session.feed(millis(now_ms), crate::handle::bytes(data, len)?);
            Ok(())
        })
    }
}

/// Says that the server closed the connection; also the answer to SMTPIPE_EVENT_RECONNECT of a driver that gives up.
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_end_of_input(
    session: *mut smtpipe_session,
    now_ms: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            handle.session.end_of_input(millis(now_ms));
            Ok(())
        })
    }
}

/// Says that the connection failed, or could not be made.
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
/// @param why      What the system said; becomes part of smtpipe_error_text(). Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live; `why` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_connection_lost(
    session: *mut smtpipe_session,
    now_ms: u64,
    why: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            handle.session.connection_lost(millis(now_ms), text(why)?);
            Ok(())
        })
    }
}

/// Ends what has waited too long (RFC 5321 section 4.5.3.2). May be called at any time.
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_handle_timeout(
    session: *mut smtpipe_session,
    now_ms: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            handle.session.handle_timeout(millis(now_ms));
            Ok(())
        })
    }
}

/// What happened, one thing at a time, in order.
///
/// @param session  Must not be NULL.
/// @param event    Gets the event. Must not be NULL.
/// @param size     sizeof(smtpipe_event) as the caller was compiled with it.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if there is none; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
///
/// Ownership: free the event's outcome, if it has one, with smtpipe_outcome_free(). It may outlive the session.
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live; `event` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_next_event(
    session: *mut smtpipe_session,
    event: *mut smtpipe_event,
    size: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            let place = EventPlace::new(event, size)?;
            place.write(handle.session.next_event(), &mut handle.views)
        })
    }
}

/// The level used now.
///
/// @param session  May be NULL.
///
/// @return A `smtpipe_level`, never SMTPIPE_LEVEL_AUTO; SMTPIPE_ERR_NULL for NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_level(session: *const smtpipe_session) -> i32 {
    // SAFETY: the caller's promise, see above.
    unsafe { read(session, |status| status as i32, |handle| level_number(handle.session.level())) }
}

/// What the server offered with EHLO.
///
/// @param session  May be NULL.
///
/// @return The offer; NULL before EHLO was answered, and for NULL.
///
/// Ownership: borrowed until the next call that takes `session` without const.
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_capabilities(
    session: *const smtpipe_session,
) -> *const smtpipe_capabilities {
    // SAFETY: the caller's promise, see above.
    unsafe {
        read(session, |_| ptr::null(), |handle| handle.views.capabilities(handle.session.capabilities()))
    }
}

/// What was spent and done so far.
///
/// @param session  Must not be NULL.
/// @param stats    Gets the numbers. Must not be NULL.
/// @param size     sizeof(smtpipe_stats) as the caller was compiled with it.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live; `stats` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_stats(
    session: *const smtpipe_session,
    stats: *mut smtpipe_stats,
    size: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { with(session, |handle| crate::stats::write(stats, size, handle.session.stats())) }
}

/// Why the session ended.
///
/// @param session  May be NULL.
///
/// @return The error; NULL while the session goes on, if it ended by QUIT, and for NULL.
///
/// Ownership: borrowed until `session` is freed.
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_error(session: *const smtpipe_session) -> *const smtpipe_error {
    // SAFETY: the caller's promise, see above.
    unsafe {
        read(
            session,
            |_| ptr::null(),
            |handle| handle.views.error(handle.session.error(), handle.session.stats().connections),
        )
    }
}

/// Sets the trace hook.
///
/// @param session  Must not be NULL.
/// @param trace    Called from within calls that take `session` without const. NULL for none.
/// @param user     Passed to `trace`. May be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live; `trace` may be called with `user` until it is replaced or `session` freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_set_trace(
    session: *mut smtpipe_session,
    trace: smtpipe_trace,
    user: *mut c_void,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            handle.session.set_trace(hook(trace, user));
            Ok(())
        })
    }
}

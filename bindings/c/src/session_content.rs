//! Streamed content of a session: the answers to `SMTPIPE_EVENT_WANT_CONTENT`.

use crate::config::millis;
use crate::handle::{bytes, copied, text};
use crate::session::{change, smtpipe_session};
use crate::status::smtpipe_status;
use std::ffi::c_char;

const fn taken(taken: bool) -> Result<(), smtpipe_status> {
    if taken { Ok(()) } else { Err(smtpipe_status::SMTPIPE_NOTHING) }
}

/// Answers SMTPIPE_EVENT_WANT_CONTENT with the next piece of a content, cut anywhere. Then go on as after any input: there is output,
/// and perhaps the next such event.
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
/// @param ticket   Whose content; the event says it.
/// @param data     May be NULL when `len` is 0.
/// @param len      Number of bytes at `data`. The more at once the better, up to some 64 KiB; no more than that is asked for again
///                 before it is written.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if it isn't asked for (any more), and nothing was taken; SMTPIPE_ERR_TICKET;
///         SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than an object can be; SMTPIPE_ERR_NO_MEMORY, and then it
///         may be given again.
///
/// Ownership: `data` is copied; it may be reused when the call returns.
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live; `data` is readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_content(
    session: *mut smtpipe_session,
    now_ms: u64,
    ticket: u64,
    data: *const u8,
    len: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            let (ticket, data) = (handle.views.take_ticket(ticket)?, bytes(data, len)?);
            let piece = copied(data)?;
            Ok(taken(handle.session.content(millis(now_ms), ticket, piece))?)
        })
    }
}

/// Answers SMTPIPE_EVENT_WANT_CONTENT: there is no more. Only now is anything sent that ends the content.
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
/// @param ticket   Whose content.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if it isn't asked for (any more); SMTPIPE_ERR_TICKET; SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_content_end(
    session: *mut smtpipe_session,
    now_ms: u64,
    ticket: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            let ticket = handle.views.take_ticket(ticket)?;
            Ok(taken(handle.session.content_end(millis(now_ms), ticket))?)
        })
    }
}

/// Says that the source of a content has failed, asked or not. The outcome is SMTPIPE_NOT_SENT with SMTPIPE_REASON_SOURCE_FAILED, and
/// nobody gets a part of it.
///
/// @param session  Must not be NULL.
/// @param ticket   Whose content.
/// @param why      For people to read; part of smtpipe_outcome_reason_text(). Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if it is too late; SMTPIPE_ERR_TICKET; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live; `why` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_content_failed(
    session: *mut smtpipe_session,
    ticket: u64,
    why: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            let (why, ticket) = (text(why)?, handle.views.take_ticket(ticket)?);
            Ok(taken(handle.session.content_failed(ticket, why))?)
        })
    }
}

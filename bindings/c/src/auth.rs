//! A caller's own SASL (RFC 4422) over a client's or a session's AUTH: what the server asks, and what is answered. Cyrus SASL's
//! `sasl_client_start` and `sasl_client_step`, or any other, fit in between.

use crate::client::{change as change_client, drive_until, smtpipe_client};
use crate::event::{EventPlace, smtpipe_event};
use crate::handle::{Done, Failure, bytes, text};
use crate::session::{change as change_session, smtpipe_session};
use crate::status::smtpipe_status;
use engine::session::SaslCallError;
use std::ffi::c_char;

impl From<SaslCallError> for Failure {
    fn from(error: SaslCallError) -> Self {
        let status = match error {
            SaslCallError::NotAsked => smtpipe_status::SMTPIPE_ERR_STATE,
            _ => smtpipe_status::SMTPIPE_ERR_VALUE,
        };
        Self::new(status, error)
    }
}

/// Begins by `send`. An initial response of NULL is none, which is something else than an empty one.
///
/// # Safety
/// `mechanism` is NULL or NUL-terminated; `initial` as [`bytes`].
unsafe fn begin(
    mechanism: *const c_char,
    (initial, len): (*const u8, usize),
    complete: i32,
    send: impl FnOnce(&str, Option<&[u8]>, bool) -> Result<(), SaslCallError>,
) -> Done {
    // SAFETY: by the contract above.
    let (mechanism, response) = unsafe { (text(mechanism)?, bytes(initial, len)?) };
    let none = initial.is_null() && len == 0;
    Ok(send(mechanism, (!none).then_some(response), complete != 0)?)
}

/// Waits until the server wants something of the caller's own SASL (smtpipe_config_set_auth_caller()), or until that is over.
///
/// A program calls this in a loop: it answers SMTPIPE_EVENT_AUTH_WANTED with smtpipe_client_auth_begin(),
/// SMTPIPE_EVENT_AUTH_CHALLENGE with smtpipe_client_auth_respond(), or either with smtpipe_client_auth_cancel(), and is done when
/// the answer is SMTPIPE_NOTHING. In an event loop it asks with `timeout_ms` 0 behind each smtpipe_client_drive().
///
/// @param client      Must not be NULL.
/// @param timeout_ms  Milliseconds; SMTPIPE_FOREVER is as long as the configuration's own limits allow.
/// @param event       Gets what is wanted: the offered mechanisms or the challenge are in its `data`. Must not be NULL.
/// @param size        sizeof(smtpipe_event) as the caller was compiled with it.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if nothing is wanted any more: the client is ready; SMTPIPE_TIMEOUT; SMTPIPE_ERR_NULL;
///         SMTPIPE_ERR_VALUE if `size` is too small; if the session has ended, the status of smtpipe_client_error(), or
///         SMTPIPE_ERR_STATE if it ended by QUIT.
///
/// Ownership: `data` is borrowed until the next call that takes `client` without const.
/// Threads: one at a time per client.
/// Since: 0.1.0
///
/// # Safety
/// `client` is NULL or live; `event` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_auth_wait(
    client: *mut smtpipe_client,
    timeout_ms: u64,
    event: *mut smtpipe_event,
    size: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_client(client, |handle| {
            let place = EventPlace::new(event, size)?;
            drive_until(handle, timeout_ms)?;
            let asked = handle.client.auth_event().cloned();
            place.write(asked, &mut handle.views)
        })
    }
}

/// Begins with a mechanism, in answer to SMTPIPE_EVENT_AUTH_WANTED. Never blocks.
///
/// @param client     Must not be NULL.
/// @param mechanism  Its name. Must not be NULL.
/// @param initial    The initial response, not yet base64. NULL with `len` 0 for none; not NULL with `len` 0 for an empty one.
///                   Overwritten when it has left. One that doesn't fit into the command waits for an empty challenge by itself.
/// @param len        Octets at `initial`; at most 9216.
/// @param complete   0 while the mechanism wants more of the server than its yes (SASL_CONTINUE); any other number when it is
///                   satisfied (SASL_OK). A yes that comes before is not believed: SMTPIPE_ERR_PEER_AUTH.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_STATE if that isn't what is wanted now; SMTPIPE_ERR_VALUE if
///         the mechanism is no name or the response too long.
///
/// Threads: one at a time per client.
/// Since: 0.1.0
///
/// # Safety
/// `client` is NULL or live; `mechanism` is NULL or NUL-terminated; `initial` is NULL or readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_auth_begin(
    client: *mut smtpipe_client,
    mechanism: *const c_char,
    initial: *const u8,
    len: usize,
    complete: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_client(client, |handle| {
            begin(mechanism, (initial, len), complete, |name, response, complete| {
                handle.client.auth_begin(name, response, complete)
            })
        })
    }
}

/// Responds to SMTPIPE_EVENT_AUTH_CHALLENGE. Never blocks.
///
/// @param client    Must not be NULL.
/// @param response  Not yet base64. May be NULL when `len` is 0. Overwritten when it has left.
/// @param len       Octets at `response`; at most 9216.
/// @param complete  As with smtpipe_client_auth_begin().
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if that isn't what is wanted now; SMTPIPE_ERR_VALUE if the response is
///         too long.
///
/// Threads: one at a time per client.
/// Since: 0.1.0
///
/// # Safety
/// `client` is NULL or live; `response` is readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_auth_respond(
    client: *mut smtpipe_client,
    response: *const u8,
    len: usize,
    complete: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_client(client, |handle| -> Done {
            Ok(handle.client.auth_respond(bytes(response, len)?, complete != 0)?)
        })
    }
}

/// Gives up, in place of an answer to SMTPIPE_EVENT_AUTH_WANTED or SMTPIPE_EVENT_AUTH_CHALLENGE. Never blocks. The session ends with
/// SMTPIPE_ERR_AUTH.
///
/// @param client  Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if nothing is wanted now.
///
/// Threads: one at a time per client.
/// Since: 0.1.0
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_auth_cancel(client: *mut smtpipe_client) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { change_client(client, |handle| -> Done { Ok(handle.client.auth_cancel()?) }) }
}

/// Begins with a mechanism, in answer to SMTPIPE_EVENT_AUTH_WANTED: smtpipe_client_auth_begin() of a session.
///
/// @param session    Must not be NULL.
/// @param mechanism  Its name. Must not be NULL.
/// @param initial    As with smtpipe_client_auth_begin().
/// @param len        Octets at `initial`; at most 9216.
/// @param complete   As with smtpipe_client_auth_begin().
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_STATE if that isn't what is wanted now; SMTPIPE_ERR_VALUE if
///         the mechanism is no name or the response too long.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `session` is NULL or live; `mechanism` is NULL or NUL-terminated; `initial` is NULL or readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_auth_begin(
    session: *mut smtpipe_session,
    mechanism: *const c_char,
    initial: *const u8,
    len: usize,
    complete: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_session(session, |handle| {
            begin(mechanism, (initial, len), complete, |name, response, complete| {
                handle.session.auth_begin(name, response, complete)
            })
        })
    }
}

/// Responds to SMTPIPE_EVENT_AUTH_CHALLENGE: smtpipe_client_auth_respond() of a session.
///
/// @param session   Must not be NULL.
/// @param response  Not yet base64. May be NULL when `len` is 0. Overwritten when it has left.
/// @param len       Octets at `response`; at most 9216.
/// @param complete  As with smtpipe_client_auth_begin().
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if that isn't what is wanted now; SMTPIPE_ERR_VALUE if the response is
///         too long.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `session` is NULL or live; `response` is readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_auth_respond(
    session: *mut smtpipe_session,
    response: *const u8,
    len: usize,
    complete: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_session(session, |handle| -> Done {
            Ok(handle.session.auth_respond(bytes(response, len)?, complete != 0)?)
        })
    }
}

/// Gives up, in place of an answer to SMTPIPE_EVENT_AUTH_WANTED or SMTPIPE_EVENT_AUTH_CHALLENGE. The session ends with
/// SMTPIPE_ERR_AUTH.
///
/// @param session  Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if nothing is wanted now.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_auth_cancel(session: *mut smtpipe_session) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { change_session(session, |handle| -> Done { Ok(handle.session.auth_cancel()?) }) }
}

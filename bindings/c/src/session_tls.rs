//! TLS under a session: the caller does it, with whatever he likes (OpenSSL, say), and tells the session how that went. And the
//! same for the server half.

use crate::config::millis;
use crate::handle::{Failure, bytes, read, text, with_mut};
use crate::server::smtpipe_server;
use crate::session::{change, smtpipe_session};
use crate::status::smtpipe_status;
use crate::tls_info::failure;
use engine::server::ServerSession;
use engine::session::{Secure, TlsError};
use std::ffi::c_char;

/// Says that the connection is encrypted from here on: behind SMTPIPE_EVENT_STARTTLS, when the handshake has succeeded (EHLO
/// follows); or before smtpipe_session_start(), for implicit TLS. Elsewhere it means nothing.
///
/// @param session      Must not be NULL.
/// @param now_ms       The time.
/// @param exporter     The `tls-exporter` channel binding of RFC 9266, for the -PLUS mechanisms of SCRAM. May be NULL when `len`
///                     is 0. Copied.
/// @param len          Octets at `exporter`; 0: no channel binding.
/// @param round_trips  What the handshake cost, for `round_trips` of smtpipe_stats; 0 if not known.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than any object.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `session` is NULL or live; `exporter` is readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_tls_established(
    session: *mut smtpipe_session,
    now_ms: u64,
    exporter: *const u8,
    len: usize,
    round_trips: u32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            let exporter = bytes(exporter, len)?.to_vec();
            handle
                .session
                .tls_established(millis(now_ms), Secure { exporter, round_trips, unverified: false });
            Ok(())
        })
    }
}

/// Says that there is no TLS, or none any more: the handshake failed, or what the server says can't be decrypted. The session
/// ends, or asks for another connection (smtpipe_config_set_tls_clear_after_failure()).
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
/// @param failure  A `smtpipe_tls_failure`, not SMTPIPE_TLS_FAILURE_NONE.
/// @param why      In words for people to read. Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the failure is unknown.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `session` is NULL or live; `why` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_tls_failed(
    session: *mut smtpipe_session,
    now_ms: u64,
    failure: i32,
    why: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            let error = TlsError::new(self::failure(failure)?, text(why)?);
            handle.session.tls_failed(millis(now_ms), error);
            Ok(())
        })
    }
}

/// Says that the connection ended without the close_notify that ends TLS. As smtpipe_session_end_of_input(), with an error of
/// its own: SMTPIPE_ERR_TRUNCATED.
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_truncated(
    session: *mut smtpipe_session,
    now_ms: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            handle.session.truncated(millis(now_ms));
            Ok(())
        })
    }
}

/// As smtpipe_session_sent(), for a driver that has a buffer of its own, as a TLS library has: it took so many of the bytes handed
/// out, and of all that it ever took on this connection the last `held` have not left it yet. To be called again when that
/// changes. When the session ends or asks for another connection they must never leave it any more: a message that ends in them
/// is said not to have been sent. Who can't tell calls smtpipe_session_sent().
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
/// @param n        How many bytes were taken. More than were handed out counts as all of them.
/// @param held     How many are still there.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_sent_holding(
    session: *mut smtpipe_session,
    now_ms: u64,
    n: usize,
    held: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            handle.session.sent_holding(millis(now_ms), n, held);
            Ok(())
        })
    }
}

/// Whether STARTTLS was answered with 220 and that has been written: the handshake is due, and what comes in belongs to it.
///
/// @param server  May be NULL.
///
/// @return true if so; false if not, and for NULL.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_awaits_handshake(server: *const smtpipe_server) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(server, |_| false, ServerSession::awaits_handshake) }
}

/// Says that the connection is encrypted from here on: behind SMTPIPE_REQUEST_STARTTLS and its 220, when the handshake has
/// succeeded (all that was learnt of the client is forgotten); or before the first request, for implicit TLS.
///
/// @param server  Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_STATE if it doesn't fit here, or something came in clear behind STARTTLS:
///         then the connection has to be closed.
///
/// Threads: one at a time per session.
/// Since: 0.1.0
///
/// # Safety
/// `server` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_tls_established(server: *mut smtpipe_server) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(server, |server| {
            if server.tls_established() {
                Ok(())
            } else {
                Err(Failure::new(smtpipe_status::SMTPIPE_ERR_STATE, "no handshake was due"))
            }
        })
    }
}

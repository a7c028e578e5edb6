//! What a client can be asked: its level, the server's offer, what was spent, why it ended. And its trace hook.

use crate::capabilities::smtpipe_capabilities;
use crate::client::{change, smtpipe_client};
use crate::constants::level_number;
use crate::error::smtpipe_error;
use crate::handle::{read, with};
use crate::stats::smtpipe_stats;
use crate::status::smtpipe_status;
use crate::trace::{hook, smtpipe_trace};
use std::ffi::c_void;
use std::ptr;

/// How many tickets have an outcome to come or to be collected.
///
/// @param client  May be NULL.
///
/// @return Their number; 0 for NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_outstanding(client: *const smtpipe_client) -> usize {
    // SAFETY: the caller's promise, see above.
    unsafe { read(client, |_| 0, |handle| handle.client.outstanding()) }
}

/// The level used now.
///
/// @param client  May be NULL.
///
/// @return A `smtpipe_level`, never SMTPIPE_LEVEL_AUTO; SMTPIPE_ERR_NULL for NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_level(client: *const smtpipe_client) -> i32 {
    // SAFETY: the caller's promise, see above.
    unsafe { read(client, |status| status as i32, |handle| level_number(handle.client.level())) }
}

/// What the server offered with EHLO.
///
/// @param client  May be NULL.
///
/// @return The offer; NULL before EHLO was answered, and for NULL.
///
/// Ownership: borrowed until the next call that takes `client` without const.
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_capabilities(
    client: *const smtpipe_client,
) -> *const smtpipe_capabilities {
    // SAFETY: the caller's promise, see above.
    unsafe { read(client, |_| ptr::null(), |handle| handle.views.capabilities(handle.client.capabilities())) }
}

/// What was spent and done so far.
///
/// @param client  Must not be NULL.
/// @param stats   Gets the numbers. Must not be NULL.
/// @param size    sizeof(smtpipe_stats) as the caller was compiled with it.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live; `stats` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_stats(
    client: *const smtpipe_client,
    stats: *mut smtpipe_stats,
    size: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { with(client, |handle| crate::stats::write(stats, size, handle.client.stats())) }
}

/// Why the session ended.
///
/// @param client  May be NULL.
///
/// @return The error; NULL while the session goes on, if it ended by QUIT, and for NULL.
///
/// Ownership: borrowed until `client` is freed.
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_error(client: *const smtpipe_client) -> *const smtpipe_error {
    // SAFETY: the caller's promise, see above.
    unsafe {
        read(
            client,
            |_| ptr::null(),
            |handle| handle.views.error(handle.client.error(), handle.client.stats().connections),
        )
    }
}

/// Sets the trace hook. Set right behind smtpipe_client_open() it sees everything.
///
/// @param client  Must not be NULL.
/// @param trace   Called from within the calls that drive the connection, on their thread. NULL for none.
/// @param user    Passed to `trace`. May be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live; `trace` may be called with `user` until it is replaced or `client` freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_set_trace(
    client: *mut smtpipe_client,
    trace: smtpipe_trace,
    user: *mut c_void,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(client, |handle| {
            handle.client.set_trace(hook(trace, user));
            Ok(())
        })
    }
}

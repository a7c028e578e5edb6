//! Who may log in at a sink, and how (RFC 4954).

use crate::config_auth::names;
use crate::handle::{Failure, text, with_mut};
use crate::sink_options::{set, smtpipe_sink_options};
use crate::status::smtpipe_status;
use std::ffi::c_char;

/// Lets a user log in. With the first of them AUTH is offered.
///
/// @param options   Must not be NULL.
/// @param username  Must not be NULL or empty. Copied.
/// @param password  Or the OAuth token. Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the name is empty.
///
/// Threads: one at a time per options.
/// Since: 0.1.0
///
/// # Safety
/// `options` is NULL or live; `username` and `password` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_add_user(
    options: *mut smtpipe_sink_options,
    username: *const c_char,
    password: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let (username, password) = (text(username)?, text(password)?);
            if username.is_empty() {
                return Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "the user name is empty"));
            }
            options.users.push((username.to_owned(), password.to_owned()));
            Ok(())
        })
    }
}

/// Offers these SASL mechanisms only.
///
/// @param options     Must not be NULL.
/// @param mechanisms  Their names, separated by spaces. Must not be NULL; "" for all but EXTERNAL, which lets in whoever asks
///                    (the default).
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if one is unknown here.
///
/// Threads: one at a time per options.
/// Since: 0.1.0
///
/// # Safety
/// `options` is NULL or live; `mechanisms` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_auth_mechanisms(
    options: *mut smtpipe_sink_options,
    mechanisms: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.auth_mechanisms = names(text(mechanisms)?)?;
            Ok(())
        })
    }
}

/// Offers AUTH over TLS only.
///
/// @param options  Must not be NULL.
/// @param on       0 offers it in clear, too (the default), any other number doesn't.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
/// Since: 0.1.0
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_auth_needs_tls(
    options: *mut smtpipe_sink_options,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(options, |options| options.auth_needs_tls = on != 0) }
}

/// Takes no mail from a client that hasn't logged in (530).
///
/// @param options   Must not be NULL.
/// @param required  0 takes mail from anybody (the default), any other number doesn't.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
/// Since: 0.1.0
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_require_auth(
    options: *mut smtpipe_sink_options,
    required: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(options, |options| options.require_auth = required != 0) }
}

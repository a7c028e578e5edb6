//! `smtpipe_server_options`: what a server session offers and how much it puts up with.

use crate::constants::smtpipe_extension;
use crate::handle::{Failure, Opaque, Out, free, give, guard, reason, text, with_mut};
use crate::status::smtpipe_status;
use engine::server::ServerOptions;
use engine::wire::MechanismName;
use std::ffi::c_char;

/// What a server session offers and how much it puts up with. May serve for any number of sessions, and be changed or
/// freed while they run.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_server_options {
    _private: [u8; 0],
}

impl Opaque for smtpipe_server_options {
    type Inner = ServerOptions;
}

/// The bounds on what one client can make a server session do. In each 0 means no bound.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_server_limit {
    /// Octets of a command line with its line end. A longer one is answered 500 and skipped. Default 4096.
    SMTPIPE_SERVER_LIMIT_LINE = 1,
    /// Accepted recipients of one message; those over it get 452 (RFC 5321 section 4.5.3.1.10). Default 1000.
    SMTPIPE_SERVER_LIMIT_RECIPIENTS = 2,
    /// Messages on one connection; the next MAIL gets 421. Default 0.
    SMTPIPE_SERVER_LIMIT_MESSAGES = 3,
    /// Commands on one connection; the next one gets 421. Default 0.
    SMTPIPE_SERVER_LIMIT_COMMANDS = 4,
    /// Negative replies since the last accepted message; the next command gets 421. Default 100.
    SMTPIPE_SERVER_LIMIT_ERRORS = 5,
    /// Octets of input that may wait before smtpipe_server_wants_input() says no. Default 262144.
    SMTPIPE_SERVER_LIMIT_INPUT = 6,
    /// Octets of output that may wait before no further command is taken up. Default 262144.
    SMTPIPE_SERVER_LIMIT_OUTPUT = 7,
}

/// Makes options: everything offered, SIZE without a limit, the bounds' defaults.
///
/// @param options  Gets the options. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: free them with smtpipe_server_options_free().
/// Threads: any.
///
/// # Safety
/// `options` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_new(
    options: *mut *mut smtpipe_server_options,
) -> smtpipe_status {
    guard(|| {
        // SAFETY: the caller's promise, see above.
        let out = unsafe { Out::new(options)? };
        out.set(give(ServerOptions::default()));
        Ok(())
    })
}

/// Frees options. Sessions made with them go on.
///
/// @param options  May be NULL.
///
/// Threads: no other call on `options` at the same time, none after.
///
/// # Safety
/// `options` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_free(options: *mut smtpipe_server_options) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(options) }
}

/// Why the last refused call on these options was refused, in words.
///
/// @param options  May be NULL.
///
/// @return A NUL-terminated text; NULL if no call was refused.
///
/// Ownership: borrowed until the next refused call on `options`, or their end.
/// Threads: as for reading `options`.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_reason(
    options: *const smtpipe_server_options,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { reason(options) }
}

/// Sets the name given in the greeting and in the reply to EHLO (RFC 5321 section 4.3.1).
///
/// @param options  Must not be NULL.
/// @param name     Must not be NULL. Copied. Default "localhost".
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_HOST_NAME.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live; `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_set_host_name(
    options: *mut smtpipe_server_options,
    name: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.host_name = crate::config::host_name(text(name)?)?.as_str().to_owned();
            Ok(())
        })
    }
}

/// Speaks LMTP (RFC 2033): LHLO, and after the content one reply for each accepted recipient.
///
/// @param options  Must not be NULL.
/// @param on       0 is off (the default), any other number on.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_set_lmtp(
    options: *mut smtpipe_server_options,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.lmtp = on != 0;
            Ok(())
        })
    }
}

/// Offers an extension, or doesn't.
///
/// @param options    Must not be NULL.
/// @param extension  SMTPIPE_EXT_PIPELINING, SMTPIPE_EXT_CHUNKING, SMTPIPE_EXT_BINARYMIME, SMTPIPE_EXT_8BITMIME, SMTPIPE_EXT_SMTPUTF8,
///                   SMTPIPE_EXT_DSN or SMTPIPE_EXT_ENHANCEDSTATUSCODES. For the others there are functions of their own, and
///                   smtpipe_server_options_add_extension().
/// @param on         0 is not offered, any other number offered (the default for each).
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `extension` is another.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_offer(
    options: *mut smtpipe_server_options,
    extension: i32,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let flag = choose!(smtpipe_extension, "extension to be offered so:", extension, {
                SMTPIPE_EXT_PIPELINING => &mut options.pipelining,
                SMTPIPE_EXT_CHUNKING => &mut options.chunking,
                SMTPIPE_EXT_BINARYMIME => &mut options.binary_mime,
                SMTPIPE_EXT_8BITMIME => &mut options.eight_bit_mime,
                SMTPIPE_EXT_SMTPUTF8 => &mut options.smtputf8,
                SMTPIPE_EXT_DSN => &mut options.dsn,
                SMTPIPE_EXT_ENHANCEDSTATUSCODES => &mut options.enhanced_status_codes,
            });
            *flag = on != 0;
            Ok(())
        })
    }
}

/// Offers SIZE (RFC 1870), or doesn't.
///
/// @param options  Must not be NULL.
/// @param offered  0 is not offered, any other number offered (the default).
/// @param limit    Octets of one message; 0 is no fixed limit (the default). Not used if not offered.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_set_size(
    options: *mut smtpipe_server_options,
    offered: i32,
    limit: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.size = (offered != 0).then_some(limit);
            Ok(())
        })
    }
}

/// Offers an extension of the application's own: a further line of the EHLO reply.
///
/// @param options  Must not be NULL.
/// @param line     Keyword and parameters, printable ASCII. Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the line is empty or not printable ASCII.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live; `line` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_add_extension(
    options: *mut smtpipe_server_options,
    line: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.extensions.push(printable(text(line)?)?);
            Ok(())
        })
    }
}

/// Offers AUTH (RFC 4954) with a mechanism more, whose exchanges are the application's: see SMTPIPE_REQUEST_AUTH. Without any, AUTH is
/// an unknown command.
///
/// @param options    Must not be NULL.
/// @param mechanism  Its name. Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if it is no mechanism's name.
///
/// Threads: one at a time per options.
/// Since: 0.1.0
///
/// # Safety
/// `options` is NULL or live; `mechanism` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_add_mechanism(
    options: *mut smtpipe_server_options,
    mechanism: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let name = MechanismName::new(text(mechanism)?)
                .map_err(|error| Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, error))?;
            options.auth.push(name.as_str().to_owned());
            Ok(())
        })
    }
}

/// Offers AUTH over TLS only; in clear it is refused (538).
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
pub unsafe extern "C" fn smtpipe_server_options_set_auth_needs_tls(
    options: *mut smtpipe_server_options,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.auth_needs_tls = on != 0;
            Ok(())
        })
    }
}

/// Refuses mail, and whatever else needs it, before AUTH has succeeded (530, RFC 4954 section 6).
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
pub unsafe extern "C" fn smtpipe_server_options_require_auth(
    options: *mut smtpipe_server_options,
    required: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.auth_required = required != 0;
            Ok(())
        })
    }
}

/// Accepts a parameter of MAIL and RCPT that such an extension adds.
///
/// @param options  Must not be NULL.
/// @param keyword  Printable ASCII. Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if it is empty or not printable ASCII.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live; `keyword` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_add_parameter(
    options: *mut smtpipe_server_options,
    keyword: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.parameters.push(printable(text(keyword)?)?);
            Ok(())
        })
    }
}

/// Sets one bound.
///
/// @param options  Must not be NULL.
/// @param limit    A `smtpipe_server_limit`.
/// @param value    0 is no bound.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `limit` is unknown or `value` too large for it.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_set_limit(
    options: *mut smtpipe_server_options,
    limit: i32,
    value: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let limits = &mut options.limits;
            choose!(smtpipe_server_limit, "limit", limit, {
                SMTPIPE_SERVER_LIMIT_LINE => limits.line = fits(value)?,
                SMTPIPE_SERVER_LIMIT_RECIPIENTS => limits.recipients = fits(value)?,
                SMTPIPE_SERVER_LIMIT_MESSAGES => limits.messages = value,
                SMTPIPE_SERVER_LIMIT_COMMANDS => limits.commands = value,
                SMTPIPE_SERVER_LIMIT_ERRORS => limits.errors = fits(value)?,
                SMTPIPE_SERVER_LIMIT_INPUT => limits.input = fits(value)?,
                SMTPIPE_SERVER_LIMIT_OUTPUT => limits.output = fits(value)?,
            });
            Ok(())
        })
    }
}

/// A number in the type that it is kept in.
pub(crate) fn fits<T: TryFrom<u64>>(value: u64) -> Result<T, Failure> {
    T::try_from(value)
        .map_err(|_| Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, format!("{value} is too large")))
}

/// Text that may stand in a line of the EHLO reply.
pub(crate) fn printable(text: &str) -> Result<String, Failure> {
    if text.is_empty() || !text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "empty, or not printable ASCII"));
    }
    Ok(text.to_owned())
}

/// Offers STARTTLS (RFC 3207), as long as the connection isn't encrypted: see SMTPIPE_REQUEST_STARTTLS.
///
/// @param options  Must not be NULL.
/// @param on       0 is off (the default), any other number on.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
/// Since: 0.1.0
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_server_options_set_starttls(
    options: *mut smtpipe_server_options,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.starttls = on != 0;
            Ok(())
        })
    }
}

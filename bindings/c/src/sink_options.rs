//! `smtpipe_sink_options`: what the embedded server offers, how far away it seems, whom it refuses.

use crate::config::{file_path, host_name, millis};
use crate::handle::{Done, Failure, Opaque, Out, free, give, guard, reason, text, with_mut};
use crate::status::smtpipe_status;
use engine::sink::{Keep, SinkOptions};
use std::ffi::c_char;

/// What the embedded server offers, how far away it seems, whom it refuses. May serve for any number of sinks, and be
/// changed or freed while they run.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_sink_options {
    _private: [u8; 0],
}

impl Opaque for smtpipe_sink_options {
    type Inner = SinkOptions;
}

/// What becomes of the messages that a sink accepts.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_sink_keep {
    /// They are kept whole until taken.
    SMTPIPE_KEEP_ALL = 0,
    /// They are counted, as are their recipients and octets.
    SMTPIPE_KEEP_COUNT = 1,
    /// Nothing about them is kept or counted.
    SMTPIPE_KEEP_NOTHING = 2,
}

/// A setter that can't be refused.
///
/// # Safety
/// `options` is NULL or live.
pub(crate) unsafe fn set(
    options: *mut smtpipe_sink_options,
    change: impl FnOnce(&mut SinkOptions),
) -> smtpipe_status {
    // SAFETY: by the contract above.
    unsafe {
        with_mut(options, |options| -> Done {
            change(options);
            Ok(())
        })
    }
}

/// Makes options: a modern server on a free port of 127.0.0.1 that offers everything, takes any mail and keeps it.
///
/// @param options  Gets the options. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: free them with smtpipe_sink_options_free().
/// Threads: any.
///
/// # Safety
/// `options` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_new(options: *mut *mut smtpipe_sink_options) -> smtpipe_status {
    guard(|| {
        // SAFETY: the caller's promise, see above.
        let out = unsafe { Out::new(options)? };
        out.set(give(SinkOptions::default()));
        Ok(())
    })
}

/// Frees options. Sinks started with them go on.
///
/// @param options  May be NULL.
///
/// Threads: no other call on `options` at the same time, none after.
///
/// # Safety
/// `options` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_free(options: *mut smtpipe_sink_options) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(options) }
}

/// Why the last refused call on these options was refused, in words; smtpipe_sink_start() counts as one.
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
pub unsafe extern "C" fn smtpipe_sink_options_reason(options: *const smtpipe_sink_options) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { reason(options) }
}

/// Sets where to listen.
///
/// @param options  Must not be NULL.
/// @param host     Name or address of an interface. Must not be NULL. Copied. Default "127.0.0.1".
/// @param port     0, the default, for a free one; smtpipe_sink_port() tells which.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the host is empty.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live; `host` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_address(
    options: *mut smtpipe_sink_options,
    host: *const c_char,
    port: u16,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let host = text(host)?;
            if host.is_empty() {
                return Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "the host is empty"));
            }
            (options.host, options.port, options.unix_path) = (host.to_owned(), port, None);
            Ok(())
        })
    }
}

/// Listens on a unix socket in place of TCP.
///
/// @param options  Must not be NULL.
/// @param path     A stale socket file there is replaced, a live one isn't. Must not be NULL or empty. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the path is empty.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live; `path` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_unix_path(
    options: *mut smtpipe_sink_options,
    path: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.unix_path = Some(file_path(path)?);
            Ok(())
        })
    }
}

/// Speaks LMTP (RFC 2033).
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
pub unsafe extern "C" fn smtpipe_sink_options_set_lmtp(
    options: *mut smtpipe_sink_options,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(options, |options| options.lmtp = on != 0) }
}

/// Simulates a distance: each byte is held half of this time in either direction, the greeting included.
///
/// @param options  Must not be NULL.
/// @param ms       Round-trip time in milliseconds. Default 0.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_rtt(
    options: *mut smtpipe_sink_options,
    ms: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(options, |options| options.rtt = millis(ms)) }
}

/// Simulates a bandwidth.
///
/// @param options  Must not be NULL.
/// @param bytes    Octets per second of each connection in either direction; 0, the default, is no limit.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_bandwidth(
    options: *mut smtpipe_sink_options,
    bytes: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(options, |options| options.bandwidth = (bytes != 0).then_some(bytes)) }
}

/// Decides what becomes of accepted messages.
///
/// @param options  Must not be NULL.
/// @param keep     A `smtpipe_sink_keep`. Default SMTPIPE_KEEP_ALL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `keep` is unknown.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_keep(
    options: *mut smtpipe_sink_options,
    keep: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.keep = choose!(smtpipe_sink_keep, "way of keeping", keep, {
                SMTPIPE_KEEP_ALL => Keep::All,
                SMTPIPE_KEEP_COUNT => Keep::Count,
                SMTPIPE_KEEP_NOTHING => Keep::Discard,
            });
            Ok(())
        })
    }
}

/// Sets the name in the greeting.
///
/// @param options  Must not be NULL.
/// @param name     Must not be NULL. Copied. Default "sink.example".
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_HOST_NAME.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live; `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_host_name(
    options: *mut smtpipe_sink_options,
    name: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            options.host_name = host_name(text(name)?)?.as_str().to_owned();
            Ok(())
        })
    }
}

/// Ends a connection with 421 after so many negative replies without an accepted message between them.
///
/// @param options  Must not be NULL.
/// @param count    0, the default, is any number.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_error_limit(
    options: *mut smtpipe_sink_options,
    count: u32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(options, |options| options.error_limit = count) }
}

/// Greets connections over this number with 421.
///
/// @param options  Must not be NULL.
/// @param count    Default 10000.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_max_connections(
    options: *mut smtpipe_sink_options,
    count: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(options, |options| options.max_connections = count) }
}

/// Makes the sockets' buffers small, to provoke what only full buffers do.
///
/// @param options  Must not be NULL.
/// @param bytes    As small as the kernel allows; 0, the default, is the system's own.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_socket_buffers(
    options: *mut smtpipe_sink_options,
    bytes: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(options, |options| options.socket_buffers = (bytes != 0).then_some(bytes)) }
}

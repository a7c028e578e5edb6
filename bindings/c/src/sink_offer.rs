//! What a sink offers with EHLO, and whose faults it imitates.

use crate::constants::smtpipe_extension;
use crate::handle::{Failure, text, with_mut};
use crate::server_options::printable;
use crate::sink_options::{set, smtpipe_sink_options};
use crate::sink_rules::smtpipe_sink_quirk;
use crate::status::smtpipe_status;
use engine::sink::{RefusedChunk, SinkOptions};
use engine::wire::Limits;
use std::ffi::c_char;

/// Offers an extension, or doesn't.
///
/// @param options    Must not be NULL.
/// @param extension  SMTPIPE_EXT_PIPELINING, SMTPIPE_EXT_CHUNKING, SMTPIPE_EXT_BINARYMIME, SMTPIPE_EXT_8BITMIME, SMTPIPE_EXT_SMTPUTF8,
///                   SMTPIPE_EXT_DSN or SMTPIPE_EXT_ENHANCEDSTATUSCODES. For the others there are functions of their own, and
///                   smtpipe_sink_options_add_extension().
/// @param on         0 is not offered, any other number offered (the default for each).
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `extension` is another.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_offer(
    options: *mut smtpipe_sink_options,
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
                SMTPIPE_EXT_ENHANCEDSTATUSCODES => &mut options.enhanced,
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
pub unsafe extern "C" fn smtpipe_sink_options_set_size(
    options: *mut smtpipe_sink_options,
    offered: i32,
    limit: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(options, |options| options.size = (offered != 0).then_some(limit)) }
}

/// Offers LIMITS (RFC 9422), and enforces them: 452 to further recipients and domains, 421 to further messages. In each 0 is no
/// limit.
///
/// @param options      Must not be NULL.
/// @param rcpt_max     Recipients of one message.
/// @param mail_max     Messages on one connection.
/// @param domain_max   Domains among the recipients on one connection.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_limits(
    options: *mut smtpipe_sink_options,
    rcpt_max: u32,
    mail_max: u32,
    domain_max: u32,
) -> smtpipe_status {
    let limit = |count: u32| (count != 0).then_some(count);
    // SAFETY: the caller's promise, see above.
    unsafe {
        set(options, |options| {
            options.limits = Limits {
                rcpt_max: limit(rcpt_max),
                mail_max: limit(mail_max),
                rcpt_domain_max: limit(domain_max),
            }
        })
    }
}

/// Adds a line to the EHLO reply. The sink knows what "DELIVERBY 120", "MT-PRIORITY", "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
/// "REQUIRETLS", "NO-SOLICITING", "PRDR", "XCLIENT NAME ADDR" and "XFORWARD NAME ADDR" allow, and takes it.
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
pub unsafe extern "C" fn smtpipe_sink_options_add_extension(
    options: *mut smtpipe_sink_options,
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

/// Imitates a fault of real servers, or ceases to.
///
/// @param options  Must not be NULL.
/// @param quirk    A `smtpipe_sink_quirk`.
/// @param on       0 is off (the default for each), any other number on.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `quirk` is unknown.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_quirk(
    options: *mut smtpipe_sink_options,
    quirk: i32,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let (quirks, on) = (&mut options.quirks, on != 0);
            let chunk = |kind| if on { kind } else { RefusedChunk::default() };
            choose!(smtpipe_sink_quirk, "quirk", quirk, {
                SMTPIPE_QUIRK_SWALLOW_AFTER_DOT => quirks.swallow_after_dot = on,
                SMTPIPE_QUIRK_REFUSE_AFTER_DOT => quirks.refuse_after_dot = on,
                SMTPIPE_QUIRK_UNDRAINED_CHUNK => quirks.undrained_chunk = on,
                SMTPIPE_QUIRK_NO_PIPELINING => quirks.no_pipelining = on,
                SMTPIPE_QUIRK_ENFORCE_SYNC => quirks.enforce_sync = on,
                SMTPIPE_QUIRK_DATA_WITHOUT_RECIPIENTS => quirks.data_without_recipients = on,
                SMTPIPE_QUIRK_REFUSED_CHUNK_RESETS => quirks.refused_chunk = chunk(RefusedChunk::Resets),
                SMTPIPE_QUIRK_REFUSED_CHUNK_KEEPS_SENDER => quirks.refused_chunk = chunk(RefusedChunk::KeepsSender),
                SMTPIPE_QUIRK_REFUSED_CHUNK_REFUSES => quirks.refused_chunk = chunk(RefusedChunk::RefusesChunks),
            });
            Ok(())
        })
    }
}

/// Offers what a known server offers, with its faults. Where to listen, distance, bandwidth, what is kept, rules and the numbers
/// of connections and buffers stay as they are.
///
/// @param options  Must not be NULL.
/// @param name     "postfix", "exim", "dovecot" (LMTP), "sendmail", "haraka", "courier", "opensmtpd", "aiosmtpd", "go-smtp",
///                 "qmail", "qpsmtpd" or "smtp-sink". Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if there is none of that name.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live; `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_imitate(
    options: *mut smtpipe_sink_options,
    name: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let name = text(name)?;
            let model = SinkOptions::imitate(name).ok_or_else(|| {
                Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, format!("no server {name:?} to imitate"))
            })?;
            let old = std::mem::take(options);
            *options = SinkOptions {
                host: old.host,
                port: old.port,
                unix_path: old.unix_path,
                rtt: old.rtt,
                bandwidth: old.bandwidth,
                keep: old.keep,
                rules: old.rules,
                max_connections: old.max_connections,
                socket_buffers: old.socket_buffers,
                ..model
            };
            Ok(())
        })
    }
}

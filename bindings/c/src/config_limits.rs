//! The bounds in a configuration: the window, the time limits, the size of replies.

use crate::config::{millis, set, smtpipe_config};
use crate::constants::smtpipe_timer;
use crate::handle::{Failure, with_mut};
use crate::status::smtpipe_status;
use engine::session::Timeouts;

/// The largest chunk that can be asked for.
const CHUNK_MAX: u32 = 1 << 30;

/// Bounds how many messages may be begun and not finished. That is how many can ever be in doubt.
///
/// @param config  Must not be NULL.
/// @param count   Default 100; 0 is no limit.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_max_in_flight(
    config: *mut smtpipe_config,
    count: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(config, |config| config.options.max_in_flight = count) }
}

/// Bounds how many bytes may be sent and not answered. One message may always go, whatever its size.
///
/// @param config  Must not be NULL.
/// @param bytes   Default 0: no limit.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_max_unanswered(
    config: *mut smtpipe_config,
    bytes: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(config, |config| config.options.max_unanswered = bytes) }
}

/// Sets how many octets one chunk (BDAT, RFC 3030) of a content that is drawn as it goes has, see
/// smtpipe_message_set_content_callback(). As many of each such message are in memory at once.
///
/// @param config  Must not be NULL.
/// @param octets  1 to 1073741824 (1 GiB). Default 65536.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if it is out of bounds.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_chunk_size(
    config: *mut smtpipe_config,
    octets: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            let octets = u32::try_from(octets).ok().filter(|octets| (1..=CHUNK_MAX).contains(octets));
            config.options.chunk_size = octets.ok_or_else(|| {
                let text = format!("a chunk has 1 to {CHUNK_MAX} octets");
                Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, text)
            })?;
            Ok(())
        })
    }
}

/// Sets one time limit, or all of them.
///
/// @param config  Must not be NULL.
/// @param timer   A `smtpipe_timer`.
/// @param ms      Milliseconds; 0 is refused.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `timer` is unknown or `ms` is 0.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_timeout(
    config: *mut smtpipe_config,
    timer: i32,
    ms: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            let limit = millis(ms);
            if ms == 0 {
                return Err(Failure::new(
                    smtpipe_status::SMTPIPE_ERR_VALUE,
                    "a time limit of 0 would let nothing happen",
                ));
            }
            let timeouts = &mut config.options.timeouts;
            let which = choose!(smtpipe_timer, "timer", timer, {
                SMTPIPE_TIMER_ALL => {
                    *timeouts = Timeouts::all(limit);
                    return Ok(());
                },
                SMTPIPE_TIMER_CONNECT => &mut timeouts.connect,
                SMTPIPE_TIMER_GREETING => &mut timeouts.greeting,
                SMTPIPE_TIMER_EHLO => &mut timeouts.ehlo,
                SMTPIPE_TIMER_MAIL => &mut timeouts.mail,
                SMTPIPE_TIMER_RCPT => &mut timeouts.rcpt,
                SMTPIPE_TIMER_DATA => &mut timeouts.data,
                SMTPIPE_TIMER_BLOCK => &mut timeouts.block,
                SMTPIPE_TIMER_CONTENT => &mut timeouts.content,
                SMTPIPE_TIMER_OTHER => &mut timeouts.other,
                SMTPIPE_TIMER_TLS => &mut timeouts.tls,
                SMTPIPE_TIMER_SOURCE => &mut timeouts.source,
            });
            *which = limit;
            Ok(())
        })
    }
}

/// Bounds what one reply of the server may be; a longer one ends the session.
///
/// @param config  Must not be NULL.
/// @param line    Octets of one line with its CRLF. Default 2048.
/// @param lines   Lines of one reply. Default 128.
/// @param total   Octets of one reply. Default 65536.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `line` or `total` is under 512 (RFC 5321 section 4.5.3.1.5
///         asks for that much) or `lines` is 0.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_reply_limits(
    config: *mut smtpipe_config,
    line: usize,
    lines: usize,
    total: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            if line < 512 || total < 512 || lines == 0 {
                return Err(Failure::new(
                    smtpipe_status::SMTPIPE_ERR_VALUE,
                    "a reply may always have one line of 512 octets",
                ));
            }
            let limits = &mut config.options.reply_limits;
            (limits.line, limits.lines, limits.total) = (line, lines, total);
            Ok(())
        })
    }
}

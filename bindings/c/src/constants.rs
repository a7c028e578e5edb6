//! The choices that C makes by number. Functions take them as `int32_t` and look them up here: a Rust enum
//! as a parameter would be undefined behaviour for an unknown number.

use crate::handle::Failure;
use crate::status::smtpipe_status;
use engine::session::{Chunking, Level, RecipientPolicy};
use std::ffi::{CStr, c_char};
use std::ptr;

/// Looks a number up among the constants of one kind; for an unknown one the function returns the refusal.
macro_rules! choose {
    ($kind:ident, $what:literal, $number:expr, { $($name:ident => $value:expr),+ $(,)? }) => {{
        let number: i32 = $number;
        $(if number == $kind::$name as i32 { $value } else)+ {
            return Err($crate::constants::unknown($what, number));
        }
    }};
}

/// How much is sent without waiting for replies (RFC 2920 and what grew on it).
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_level {
    /// Find out: the highest level the server offers and, by trial, proves to cope with.
    SMTPIPE_LEVEL_AUTO = 0,
    /// One command at a time.
    SMTPIPE_LEVEL_LOCKSTEP = 1,
    /// MAIL, every RCPT and DATA in one group; 2 round trips a message.
    SMTPIPE_LEVEL_GROUP = 2,
    /// Content and the next message's group together; 1 round trip a message.
    SMTPIPE_LEVEL_CONTINUOUS = 3,
    /// Whole transactions with BDAT (RFC 3030) back to back; about 1 round trip for all messages.
    SMTPIPE_LEVEL_STREAMING = 4,
}

/// When BDAT (RFC 3030) takes the place of DATA.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_chunking {
    /// Where it gains something: when streaming, and for binary content.
    SMTPIPE_CHUNKING_AUTO = 0,
    /// Never. Rules out streaming.
    SMTPIPE_CHUNKING_NEVER = 1,
    /// Wherever the server offers CHUNKING.
    SMTPIPE_CHUNKING_ALWAYS = 2,
}

/// Who gets a message when some of its recipients are refused.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_recipients {
    /// Whoever was accepted.
    SMTPIPE_RECIPIENTS_ANY = 0,
    /// Everybody or nobody.
    SMTPIPE_RECIPIENTS_ALL = 1,
}

/// The time limits of a session (RFC 5321 section 4.5.3.2).
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_timer {
    /// All of those below at once.
    SMTPIPE_TIMER_ALL = 0,
    /// Establishing the connection. Default 1 minute.
    SMTPIPE_TIMER_CONNECT = 1,
    /// The greeting. Default 5 minutes.
    SMTPIPE_TIMER_GREETING = 2,
    /// The reply to EHLO, HELO or LHLO. Default 5 minutes.
    SMTPIPE_TIMER_EHLO = 3,
    /// The reply to MAIL. Default 5 minutes.
    SMTPIPE_TIMER_MAIL = 4,
    /// The reply to RCPT. Default 5 minutes.
    SMTPIPE_TIMER_RCPT = 5,
    /// The reply to DATA. Default 2 minutes.
    SMTPIPE_TIMER_DATA = 6,
    /// Any progress while something waits to be written. Default 3 minutes.
    SMTPIPE_TIMER_BLOCK = 7,
    /// The reply to the end of content. Default 10 minutes.
    SMTPIPE_TIMER_CONTENT = 8,
    /// The reply to any other command. Default 5 minutes.
    SMTPIPE_TIMER_OTHER = 9,
    /// Each step to TLS: the reply to STARTTLS, and the handshake. Default 2 minutes.
    SMTPIPE_TIMER_TLS = 11,
    /// The next piece of a streamed content, from its source. Default 4 minutes: a server need wait for no more than 5.
    SMTPIPE_TIMER_SOURCE = 10,
}

/// How content is taken from the caller.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_content {
    /// Text. A bare CR or bare LF becomes CRLF, so that nothing can be read as a second message anywhere.
    SMTPIPE_CONTENT_TEXT = 0,
    /// Text. A bare CR or bare LF is refused with `SMTPIPE_ERR_CONTENT`.
    SMTPIPE_CONTENT_STRICT = 1,
    /// Any bytes, sent untouched as BODY=BINARYMIME (RFC 3030).
    SMTPIPE_CONTENT_BINARY = 2,
}

/// The extensions that a server of ours can offer.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_extension {
    /// PIPELINING (RFC 2920).
    SMTPIPE_EXT_PIPELINING = 1,
    /// CHUNKING (RFC 3030).
    SMTPIPE_EXT_CHUNKING = 2,
    /// BINARYMIME (RFC 3030); needs CHUNKING.
    SMTPIPE_EXT_BINARYMIME = 3,
    /// 8BITMIME (RFC 6152).
    SMTPIPE_EXT_8BITMIME = 4,
    /// SMTPUTF8 (RFC 6531).
    SMTPIPE_EXT_SMTPUTF8 = 5,
    /// DSN (RFC 3461).
    SMTPIPE_EXT_DSN = 6,
    /// ENHANCEDSTATUSCODES (RFC 2034).
    SMTPIPE_EXT_ENHANCEDSTATUSCODES = 7,
}

/// No limit of time, wherever milliseconds are asked for.
pub const SMTPIPE_FOREVER: u64 = u64::MAX;

/// A number that is none of its kind's.
pub(crate) fn unknown(what: &str, number: i32) -> Failure {
    Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, format!("unknown {what} {number}"))
}

/// `None` is auto.
pub(crate) fn level(number: i32) -> Result<Option<Level>, Failure> {
    const AUTO: i32 = smtpipe_level::SMTPIPE_LEVEL_AUTO as i32;
    if number == AUTO {
        return Ok(None);
    }
    Level::ALL
        .into_iter()
        .find(|&level| level_number(level) == number)
        .map(Some)
        .ok_or_else(|| unknown("level", number))
}

pub(crate) const fn level_number(level: Level) -> i32 {
    (match level {
        Level::Lockstep => smtpipe_level::SMTPIPE_LEVEL_LOCKSTEP,
        Level::Group => smtpipe_level::SMTPIPE_LEVEL_GROUP,
        Level::Continuous => smtpipe_level::SMTPIPE_LEVEL_CONTINUOUS,
        Level::Streaming => smtpipe_level::SMTPIPE_LEVEL_STREAMING,
    }) as i32
}

pub(crate) fn chunking(number: i32) -> Result<Chunking, Failure> {
    Ok(choose!(smtpipe_chunking, "chunking policy", number, {
        SMTPIPE_CHUNKING_AUTO => Chunking::Auto,
        SMTPIPE_CHUNKING_NEVER => Chunking::Never,
        SMTPIPE_CHUNKING_ALWAYS => Chunking::Always,
    }))
}

pub(crate) fn recipients(number: i32) -> Result<RecipientPolicy, Failure> {
    Ok(choose!(smtpipe_recipients, "recipient policy", number, {
        SMTPIPE_RECIPIENTS_ANY => RecipientPolicy::Any,
        SMTPIPE_RECIPIENTS_ALL => RecipientPolicy::All,
    }))
}

/// The name of a level: "auto", "lockstep", "group", "continuous" or "streaming".
///
/// @param level  A `smtpipe_level`; any number is allowed.
///
/// @return A NUL-terminated text that lives as long as the library is loaded; NULL for a number that is no level.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn smtpipe_level_text(level: i32) -> *const c_char {
    const WORDS: [&CStr; 5] = [c"auto", c"lockstep", c"group", c"continuous", c"streaming"];
    usize::try_from(level).ok().and_then(|index| WORDS.get(index)).map_or(ptr::null(), |word| word.as_ptr())
}

/// The level of that name, for a command line or a configuration file.
///
/// @param name   "auto", "lockstep", "group", "continuous" or "streaming". Must not be NULL.
/// @param level  Gets the `smtpipe_level`. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT if `name` is not UTF-8; SMTPIPE_ERR_VALUE if no
///         level has that name.
///
/// Threads: any.
///
/// # Safety
/// `name` is NULL or NUL-terminated; `level` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_level_from_text(name: *const c_char, level: *mut i32) -> smtpipe_status {
    crate::handle::guard(|| {
        // SAFETY: the caller's promise, see above.
        let (out, name) = unsafe { (crate::handle::Out::new(level)?, crate::handle::text(name)?) };
        out.set(match name {
            "auto" => smtpipe_level::SMTPIPE_LEVEL_AUTO as i32,
            name => level_number(
                name.parse().map_err(|error| Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, error))?,
            ),
        });
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_numbers_and_names_agree() {
        for known in Level::ALL {
            assert_eq!(level(level_number(known)).unwrap(), Some(known));
            // SAFETY: smtpipe_level_text() gives a static text for a known level.
            let word = unsafe { CStr::from_ptr(smtpipe_level_text(level_number(known))) };
            assert_eq!(word.to_str(), Ok(known.as_str()));
        }
        assert_eq!(level(0).unwrap(), None);
        for number in [-1, 5, i32::MIN, i32::MAX] {
            assert!(level(number).is_err());
            assert!(smtpipe_level_text(number).is_null());
            assert!(chunking(number).is_err() && recipients(number).is_err());
        }
    }
}

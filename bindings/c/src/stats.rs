//! `smtpipe_stats`: what a session has spent. One of the few structs whose layout C sees; fields are only ever
//! appended, and the caller says how much of it he knows.

use crate::handle::{Done, Failure};
use crate::status::smtpipe_status;
use engine::session::{Stats, Wait};
use std::ffi::{CStr, c_char};
use std::ptr;

/// How many causes of waiting there are.
pub const SMTPIPE_WAIT_COUNT: usize = 13;

const _: () =
    assert!(SMTPIPE_WAIT_COUNT == Wait::COUNT, "a cause of waiting was added: append it to the C struct");

/// What a client or session has spent and done so far.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct smtpipe_stats {
    /// Round trips that the replies so far have cost, by cause, not by the clock; all connections together.
    pub round_trips: u64,
    /// Commands queued to be sent. An end of content is not one.
    pub commands: u64,
    /// Replies taken.
    pub replies: u64,
    /// Those of 4yz and 5yz.
    pub negative_replies: u64,
    /// Messages whose outcome is known.
    pub messages: u64,
    /// Messages accepted for at least one recipient.
    pub delivered: u64,
    /// Raw commands whose outcome is known.
    pub raw_commands: u64,
    /// Bytes written to the connection.
    pub bytes_sent: u64,
    /// Bytes read from it.
    pub bytes_received: u64,
    /// The most messages that were begun and unfinished at once.
    pub max_in_flight: u64,
    /// Trials that the server failed.
    pub downgrades: u64,
    /// Connections started, the first included.
    pub connections: u64,
    /// Connections on which TLS was established.
    pub encrypted: u64,
    /// Connections that went on in clear although TLS was wanted: it wasn't offered, was refused, or had failed before.
    pub in_clear: u64,
    /// How often the sender had to wait, by cause; smtpipe_wait_text() names them.
    pub waits: [u64; SMTPIPE_WAIT_COUNT],
}

impl From<&Stats> for smtpipe_stats {
    fn from(stats: &Stats) -> Self {
        Self {
            round_trips: stats.round_trips.into(),
            commands: stats.commands,
            replies: stats.replies,
            negative_replies: stats.negative_replies,
            messages: stats.messages,
            delivered: stats.delivered,
            raw_commands: stats.raw_commands,
            bytes_sent: stats.bytes_sent,
            bytes_received: stats.bytes_received,
            max_in_flight: stats.max_in_flight as u64,
            downgrades: stats.downgrades.into(),
            connections: stats.connections.into(),
            encrypted: stats.encrypted.into(),
            in_clear: stats.in_clear.into(),
            waits: stats.waits,
        }
    }
}

/// The size of the first version of the struct: less is no caller's.
const LEAST: usize = size_of::<smtpipe_stats>();

/// # Safety
/// `place` is NULL or writable for `size` bytes.
pub(crate) unsafe fn write(place: *mut smtpipe_stats, size: usize, stats: &Stats) -> Done {
    // SAFETY: by the contract above; the struct is all u64, so it has no padding.
    unsafe { fill(place, size, LEAST, &smtpipe_stats::from(stats)) }
}

/// Refuses what can't be the place for a struct: NULL, or a size under that of the struct's first version.
pub(crate) fn check_place<T>(place: *mut T, size: usize, least: usize) -> Done {
    if place.is_null() {
        return Err(smtpipe_status::SMTPIPE_ERR_NULL.into());
    }
    if size < least || isize::try_from(size).is_err() {
        return Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "the size is not that of the struct"));
    }
    Ok(())
}

/// Writes as much of a struct as the caller knows; what he knows and this library doesn't becomes zero.
///
/// # Safety
/// `place` is NULL or writable for `size` bytes. `T` has no padding and any bytes of it may be copied.
pub(crate) unsafe fn fill<T: Copy>(place: *mut T, size: usize, least: usize, value: &T) -> Done {
    check_place(place, size, least)?;
    let known = size.min(size_of::<T>());
    // SAFETY: both are valid for `known` bytes, `place` for `size`; a caller's memory and ours don't overlap.
    unsafe {
        ptr::copy_nonoverlapping(ptr::from_ref(value).cast::<u8>(), place.cast::<u8>(), known);
        place.cast::<u8>().add(known).write_bytes(0, size - known);
    }
    Ok(())
}

/// The word for a cause of waiting: an index into `waits` of `smtpipe_stats`.
///
/// @param wait  0 to SMTPIPE_WAIT_COUNT - 1; any number is allowed.
///
/// @return "greeting", "ehlo", "lockstep", "data", "content", "window", "trial", "recipients", "refusals", "command",
///         "quit", "tls" or "auth"; NULL for a number that is none. Lives as long as the library is loaded.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn smtpipe_wait_text(wait: i32) -> *const c_char {
    usize::try_from(wait).ok().and_then(|index| WAITS.get(index)).map_or(ptr::null(), |word| word.as_ptr())
}

const WAITS: [&CStr; SMTPIPE_WAIT_COUNT] = [
    c"greeting",
    c"ehlo",
    c"lockstep",
    c"data",
    c"content",
    c"window",
    c"trial",
    c"recipients",
    c"refusals",
    c"command",
    c"quit",
    c"tls",
    c"auth",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_words_are_the_engines() {
        for (index, wait) in Wait::ALL.iter().enumerate() {
            assert_eq!(*wait as usize, index);
            assert_eq!(WAITS[index].to_str(), Ok(wait.as_str()));
        }
        assert!(smtpipe_wait_text(-1).is_null() && smtpipe_wait_text(13).is_null());
    }

    #[test]
    fn older_and_newer_callers_get_what_they_know() {
        let value = smtpipe_stats { round_trips: 7, commands: 8, ..Default::default() };
        let mut place = [u64::MAX; 40];
        let pointer = place.as_mut_ptr().cast::<smtpipe_stats>();
        // SAFETY: `place` is larger than any size given here.
        unsafe {
            assert!(fill(pointer, 8, 8, &value).is_ok());
            assert_eq!(place[..2], [7, u64::MAX]);
            assert!(fill(pointer, 40 * 8, 8, &value).is_ok());
            assert!(fill(pointer, 7, 8, &value).is_err());
            assert!(fill(pointer, usize::MAX, 8, &value).is_err());
            assert!(fill(ptr::null_mut(), 8, 8, &value).is_err());
        }
        assert_eq!(place[..3], [7, 8, 0]);
        assert_eq!(place[39], 0);
    }
}

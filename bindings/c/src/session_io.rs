//! A session's output and what its driver asks it: slices of what is to be written, and when to come back.

use crate::config::millis;
use crate::handle::{Out, read, with_mut};
use crate::session::{change, smtpipe_session};
use crate::status::smtpipe_status;
use crate::views::poll_ms;
use std::io::IoSlice;

/// Bytes that belong to somebody else. On POSIX systems laid out as struct iovec, so that an array of them can be given to
/// sendmsg(2) or writev(2).
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug)]
pub struct smtpipe_bytes {
    /// The first byte. Not NUL-terminated. May be anything when `len` is 0.
    pub data: *const u8,
    /// How many.
    pub len: usize,
}

// What the documentation of smtpipe_bytes promises.
const _: () = {
    assert!(size_of::<smtpipe_bytes>() == size_of::<libc::iovec>());
    assert!(std::mem::offset_of!(smtpipe_bytes, len) == std::mem::offset_of!(libc::iovec, iov_len));
};

pub(crate) const NO_BYTES: smtpipe_bytes = smtpipe_bytes { data: std::ptr::null(), len: 0 };

impl From<&[u8]> for smtpipe_bytes {
    fn from(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr(), len: bytes.len() }
    }
}

/// The most slices that one call hands out.
pub const SMTPIPE_MAX_SLICES: usize = 256;

/// Hands out what is to be written next. A command never lies in two slices, and content lies where the caller put it.
///
/// What is handed out may have been sent, for all the session knows, until smtpipe_session_sent() says how much was: so call
/// that behind every call of this, also with 0. A message whose last byte was handed out and not taken back so is in doubt if
/// the connection ends.
///
/// @param session  Must not be NULL.
/// @param slices   Gets up to `max` slices. Must not be NULL.
/// @param max      How many there is room for, at least 1; no more than SMTPIPE_MAX_SLICES are used.
/// @param count    Gets how many were filled; 0 when there is nothing to be written. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `max` is 0.
///
/// Ownership: the bytes are borrowed until the next call that takes `session` without const.
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live; `slices` is NULL or writable for `max` slices; `count` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_output(
    session: *mut smtpipe_session,
    slices: *mut smtpipe_bytes,
    max: usize,
    count: *mut usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            let (_, count) = (Out::new(slices)?, Out::new(count)?);
            if max == 0 {
                return Err(smtpipe_status::SMTPIPE_ERR_VALUE.into());
            }
            let mut filled = [IoSlice::new(&[]); SMTPIPE_MAX_SLICES];
            let room = filled.get_mut(..max.min(SMTPIPE_MAX_SLICES)).unwrap_or_default();
            let n = handle.session.output(room);
            for (index, slice) in filled.iter().take(n).enumerate() {
                slices.add(index).write(smtpipe_bytes::from(&**slice));
            }
            count.set(n);
            Ok(())
        })
    }
}

/// Says how many of the bytes handed out were written. The others were not, and are handed out again.
///
/// @param session  Must not be NULL.
/// @param now_ms   The time.
/// @param n        How many bytes. More than were handed out counts as all of them.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_sent(
    session: *mut smtpipe_session,
    now_ms: u64,
    n: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(session, |handle| {
            handle.session.sent(millis(now_ms), n);
            Ok(())
        })
    }
}

/// Whether there is something to be written: whether to wait for room as well as for input.
///
/// @param session  May be NULL.
///
/// @return true if there is; false if not, and for NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_wants_output(session: *mut smtpipe_session) -> bool {
    let mut wants = false;
    // SAFETY: the caller's promise, see above.
    let status = unsafe {
        with_mut(session, |handle| {
            wants = handle.session.wants_output();
            Ok(())
        })
    };
    status == smtpipe_status::SMTPIPE_OK && wants
}

/// How long to wait at most before smtpipe_session_handle_timeout().
///
/// @param session  May be NULL.
/// @param now_ms   The time.
///
/// @return Milliseconds as poll(2) and epoll_wait(2) take them: 0 is now, -1 as long as you like. Negative for NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_timeout_ms(session: *const smtpipe_session, now_ms: u64) -> i32 {
    // SAFETY: the caller's promise, see above.
    unsafe {
        read(
            session,
            |status| status as i32,
            |handle| {
                poll_ms(handle.session.deadline().map(|deadline| deadline.saturating_sub(millis(now_ms))))
            },
        )
    }
}

/// Whether QUIT has left: shut down the writing side, then close. No answer is waited for; call
/// smtpipe_session_end_of_input(), and the session is closed.
///
/// @param session  May be NULL.
///
/// @return true if it has; false if not, and for NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_half_close(session: *const smtpipe_session) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(session, |_| false, |handle| handle.session.half_close()) }
}

/// Whether nothing more will happen.
///
/// @param session  May be NULL.
///
/// @return true if so; false if not, and for NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_is_closed(session: *const smtpipe_session) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(session, |_| false, |handle| handle.session.is_closed()) }
}

/// Whether a further message would begin soon: what to ask before drawing one from a long source.
///
/// @param session  May be NULL.
///
/// @return true if there is room in the window; false if not, when the session has ended, and for NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_has_room(session: *const smtpipe_session) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(session, |_| false, |handle| handle.session.has_room()) }
}

/// How many tickets have no outcome yet.
///
/// @param session  May be NULL.
///
/// @return Their number; 0 for NULL.
///
/// Threads: one at a time per session.
///
/// # Safety
/// `session` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_unfinished(session: *const smtpipe_session) -> usize {
    // SAFETY: the caller's promise, see above.
    unsafe { read(session, |_| 0, |handle| handle.session.unfinished()) }
}

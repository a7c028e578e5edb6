//! A client in the caller's own event loop: what to wait for, and what to do then. No call here blocks.

use crate::client::{change, smtpipe_client};
use crate::event::{EventPlace, smtpipe_event};
use crate::handle::{read, with_mut};
use crate::status::smtpipe_status;
use crate::views::poll_ms;
use std::os::fd::AsRawFd;

/// Wait until there is something to read.
pub const SMTPIPE_READ: i32 = 1;
/// Wait until there is room to write.
pub const SMTPIPE_WRITE: i32 = 2;

/// What to wait on. Ask again after each call that takes `client` without const: while it connects, and when it connects
/// again, it is another one, perhaps under the same number.
///
/// @param client  May be NULL.
///
/// @return The file descriptor, which stays the client's: don't read, write or close it. Negative, which poll(2) ignores, when
///         there is none: SMTPIPE_ERR_CLOSED; SMTPIPE_ERR_NULL for NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_fd(client: *const smtpipe_client) -> i32 {
    const CLOSED: i32 = smtpipe_status::SMTPIPE_ERR_CLOSED as i32;
    // SAFETY: the caller's promise, see above.
    unsafe {
        read(
            client,
            |status| status as i32,
            |handle| handle.client.as_fd().map_or(CLOSED, |fd| fd.as_raw_fd()),
        )
    }
}

/// What to wait on besides smtpipe_client_fd(), for SMTPIPE_READ: the file descriptor of a streamed content
/// (smtpipe_message_set_content_fd()) that had nothing when it was last asked. Ask again after each call that takes `client` without
/// const.
///
/// @param client  May be NULL.
///
/// @return The file descriptor, which stays the client's. Negative, which poll(2) ignores, when there is none: -1;
///         SMTPIPE_ERR_NULL for NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_source_fd(client: *const smtpipe_client) -> i32 {
    // SAFETY: the caller's promise, see above.
    unsafe {
        read(
            client,
            |status| status as i32,
            |handle| handle.client.source_fd().map_or(-1, |fd| fd.as_raw_fd()),
        )
    }
}

/// What to wait for on that file descriptor.
///
/// @param client  May be NULL.
///
/// @return SMTPIPE_READ, SMTPIPE_WRITE, both or, when closed, 0; SMTPIPE_ERR_NULL for NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_interest(client: *mut smtpipe_client) -> i32 {
    let mut answer = 0;
    // SAFETY: the caller's promise, see above.
    let status = unsafe {
        with_mut(client, |handle| {
            let interest = handle.client.interest();
            answer = i32::from(interest.read) * SMTPIPE_READ + i32::from(interest.write) * SMTPIPE_WRITE;
            Ok(())
        })
    };
    if status == smtpipe_status::SMTPIPE_OK { answer } else { status as i32 }
}

/// How long to wait at most: by then smtpipe_client_drive() must be called even if nothing is ready. 0 while there are outcomes
/// to be collected, and when the last call came back with more to do: so a loop that is told of changes only (EPOLLET) may rely
/// on it.
///
/// @param client  May be NULL.
///
/// @return Milliseconds as poll(2) and epoll_wait(2) take them: 0 is now, -1 as long as you like. Negative for NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_timeout_ms(client: *const smtpipe_client) -> i32 {
    // SAFETY: the caller's promise, see above.
    unsafe { read(client, |status| status as i32, |handle| poll_ms(handle.client.timeout())) }
}

/// Does what can be done without blocking: connects, writes, reads, ends what has waited too long. Then collect outcomes with a
/// timeout of 0 until there is none. From a server that answers faster than it is asked it comes back after some megabytes all
/// the same, so that others get their turn; smtpipe_client_timeout_ms() is 0 then.
///
/// @param client  Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_CLOSED when the connection is gone for good, and then every ticket has its outcome and
///         smtpipe_client_error() says why, if it was not QUIT; SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_drive(client: *mut smtpipe_client) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(client, |handle| {
            handle.client.drive();
            if handle.client.is_closed() { Err(smtpipe_status::SMTPIPE_ERR_CLOSED.into()) } else { Ok(()) }
        })
    }
}

/// Whether the connection is gone for good.
///
/// @param client  May be NULL.
///
/// @return true if it is; false if not, and for NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_is_closed(client: *const smtpipe_client) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(client, |_| false, |handle| handle.client.is_closed()) }
}

/// What happened besides outcomes: levels earned and lost, connections made anew. The last few are kept.
///
/// @param client  Must not be NULL.
/// @param event   Gets the event; its `outcome` is NULL. Must not be NULL.
/// @param size    sizeof(smtpipe_event) as the caller was compiled with it.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if there is none; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live; `event` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_next_report(
    client: *mut smtpipe_client,
    event: *mut smtpipe_event,
    size: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(client, |handle| {
            let place = EventPlace::new(event, size)?;
            place.write(handle.client.next_report(), &mut handle.views)
        })
    }
}

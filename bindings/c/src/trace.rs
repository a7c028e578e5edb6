//! The trace hook: the one callback into C besides the release of borrowed content.

use engine::session::{Direction, Trace};
use std::ffi::c_void;

/// Called with each line of the conversation: commands when they are queued, replies when they are taken. Content is not
/// shown.
///
/// `sent` is 1 for a line of ours, 0 for one of the server's; `line` has no line end and no NUL behind it. It must not call
/// back into the handle that it was set on, and must return normally: no longjmp, no exception.
#[allow(non_camel_case_types)]
pub type smtpipe_trace =
    Option<unsafe extern "C" fn(user: *mut c_void, sent: i32, line: *const u8, len: usize)>;

/// The caller's pointer, which goes wherever the client goes.
struct User(*mut c_void);

// SAFETY: the pointer is never looked at here; it is handed back on the thread that drives the client, as documented.
unsafe impl Send for User {}

/// The engine's hook that calls C's.
pub(crate) fn hook(trace: smtpipe_trace, user: *mut c_void) -> Option<Trace> {
    let trace = trace?;
    let user = User(user);
    Some(Box::new(move |direction, line| {
        let user: &User = &user;
        // SAFETY: the caller gave the function for exactly this; `line` is readable while it runs.
        unsafe { trace(user.0, i32::from(direction == Direction::Sent), line.as_ptr(), line.len()) }
    }))
}

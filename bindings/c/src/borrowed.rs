//! Content that stays in the caller's memory, and the function that gives it back.
//!
//! The one promise here: the release function is called exactly once, whatever happens, and not before the
//! last byte was sent or given up. It rests on `Drop` of one value that can't be cloned.

use bytes::Bytes;
use std::ffi::c_void;

/// Called when the library no longer needs content that it borrowed: with the pointer, the length and the
/// `user` pointer given with it.
///
/// It runs inside whatever call of this library let go of the content, on that call's thread. It must not call
/// back into the handle of that call, and must return normally: no longjmp, no exception.
#[allow(non_camel_case_types)]
pub type smtpipe_release = Option<unsafe extern "C" fn(data: *const u8, len: usize, user: *mut c_void)>;

/// Borrowed memory. Dropping it gives it back.
pub(crate) struct Borrowed {
    data: *const u8,
    len: usize,
    release: smtpipe_release,
    user: *mut c_void,
}

// SAFETY: the memory is only read, the caller promised that it doesn't change before it is released, and the
// documentation says that the release function runs on the thread of whichever call drops the content.
unsafe impl Send for Borrowed {}
// SAFETY: as for Send; a shared reference gives nothing but reads of unchanging memory.
unsafe impl Sync for Borrowed {}

impl Borrowed {
    /// Takes the loan. From here on `release` will be called, whatever becomes of it.
    pub(crate) const fn new(
        data: *const u8,
        len: usize,
        release: smtpipe_release,
        user: *mut c_void,
    ) -> Self {
        Self { data, len, release, user }
    }

    /// # Safety
    /// `data` is readable for `len` bytes and unchanged until it is released, or the length is 0.
    pub(crate) unsafe fn into_bytes(self) -> Bytes {
        if self.len == 0 {
            // Nothing to read: given back at once, by the drop of `self`.
            return Bytes::new();
        }
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Borrowed {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: only `into_bytes` lets a Borrowed be read, under its contract; `message` has refused NULL before.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the caller gave the function for exactly this call, and this is the only one.
            unsafe { release(self.data, self.len, self.user) }
        }
    }
}

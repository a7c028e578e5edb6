//! Pointers from C become references here and nowhere else, and no panic gets past this file.
//!
//! An opaque C type is a zero-sized struct (so that no private field is part of the ABI) that stands for a
//! [`Shell`] around a Rust value. Every function of the library is one call of [`with`], [`with_mut`] or
//! [`read`]: NULL checked, unwinding stopped, the reason of a refusal kept for `smtpipe_*_reason`.
//!
//! A panic in the middle of a change leaves the value half changed. The shell is marked then, and answers every
//! later call with `SMTPIPE_ERR_PANIC`: it is only good for freeing.
//!
//! A function of the caller's that runs inside a call (a source of content, a trace) must not call back into the
//! handle of that call. The shell is marked during each change, the mark is looked at before any reference is made,
//! and the answer is `SMTPIPE_ERR_BUSY`.

use crate::status::smtpipe_status;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

/// An opaque C type and the Rust value behind it.
pub(crate) trait Opaque {
    type Inner;
}

/// Asked of types whose handles any number of threads may read at a time, as their documentation says.
pub(crate) const fn shareable<T: Send + Sync>() {}

/// Asked of types whose handles may be used by one thread after another.
pub(crate) const fn movable<T: Send>() {}

/// The memory behind a handle.
struct Shell<T> {
    mark: Mark,
    /// Why the last refused call was refused.
    reason: Option<CString>,
    value: T,
}

/// What goes on with a handle. It is read and written through the pointer only, beside whatever else is borrowed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Free,
    /// A change is under way.
    Changing,
    /// A panic went through.
    Poisoned,
}

impl Mark {
    /// The mark of a handle; none for NULL.
    ///
    /// # Safety
    /// `shell` is NULL or live.
    unsafe fn of<T>(shell: *const Shell<T>) -> Result<(), smtpipe_status> {
        if shell.is_null() {
            return Err(smtpipe_status::SMTPIPE_ERR_NULL);
        }
        // SAFETY: live by the contract above; no reference to the mark is ever made.
        match unsafe { (&raw const (*shell).mark).read() } {
            Self::Free => Ok(()),
            Self::Changing => Err(smtpipe_status::SMTPIPE_ERR_BUSY),
            Self::Poisoned => Err(smtpipe_status::SMTPIPE_ERR_PANIC),
        }
    }
}

/// Why a call fails: the number, and words where there are better ones than the number's.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: smtpipe_status,
    pub(crate) why: Option<String>,
}

impl Failure {
    pub(crate) fn new(status: smtpipe_status, why: impl ToString) -> Self {
        Self { status, why: Some(why.to_string()) }
    }
}

impl From<smtpipe_status> for Failure {
    fn from(status: smtpipe_status) -> Self {
        Self { status, why: None }
    }
}

pub(crate) type Done = Result<(), Failure>;

/// Moves a value to where C can point at it.
pub(crate) fn give<O: Opaque>(value: O::Inner) -> *mut O {
    Box::into_raw(Box::new(Shell { mark: Mark::Free, reason: None, value })).cast()
}

/// Frees a handle; NULL is nothing to do.
///
/// # Safety
/// `handle` is NULL or came from [`give`] for the same type and was not freed.
pub(crate) unsafe fn free<O: Opaque>(handle: *mut O) {
    let shell = handle.cast::<Shell<O::Inner>>();
    // SAFETY: by the contract above.
    let state = unsafe { Mark::of(shell) };
    // Inside a call on the handle itself there is nothing that could be done: it stays, and leaks.
    if !matches!(state, Err(smtpipe_status::SMTPIPE_ERR_NULL | smtpipe_status::SMTPIPE_ERR_BUSY)) {
        // SAFETY: by the contract above the pointer is a Shell<O::Inner> that nobody else owns.
        let shell = unsafe { Box::from_raw(shell) };
        // A drop that panics must not unwind into C. What it left undone is leaked.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(shell)));
    }
}

/// Runs `f` on the value behind a handle that it only looks at.
///
/// # Safety
/// `handle` is NULL or live, and nobody changes it meanwhile.
pub(crate) unsafe fn with<O: Opaque>(handle: *const O, f: impl FnOnce(&O::Inner) -> Done) -> smtpipe_status {
    // SAFETY: by the contract above.
    let value = match unsafe { peek(handle) } {
        Ok(value) => value,
        Err(failure) => return failure.status,
    };
    match catch_unwind(AssertUnwindSafe(|| f(value))) {
        Ok(Ok(())) => smtpipe_status::SMTPIPE_OK,
        Ok(Err(failure)) => failure.status,
        Err(_) => smtpipe_status::SMTPIPE_ERR_PANIC,
    }
}

/// Runs `f` on the value behind a handle that it may change, and keeps the reason if it fails.
///
/// # Safety
/// `handle` is NULL or live, and nobody else uses it meanwhile.
pub(crate) unsafe fn with_mut<O: Opaque>(
    handle: *mut O,
    f: impl FnOnce(&mut O::Inner) -> Done,
) -> smtpipe_status {
    let shell = handle.cast::<Shell<O::Inner>>();
    // SAFETY: by the contract above.
    if let Err(status) = unsafe { Mark::of(shell) } {
        return status;
    }
    // SAFETY: live, and not in use: not by this thread as the mark says, nor by another by the contract above. The
    // references are to different fields, and that to the value ends before anything else is borrowed.
    let (mark, value, reason) =
        unsafe { (&raw mut (*shell).mark, &mut (*shell).value, &raw mut (*shell).reason) };
    // SAFETY: as above; here and below.
    unsafe { mark.write(Mark::Changing) };
    let done = catch_unwind(AssertUnwindSafe(|| f(value)));
    // SAFETY: as above.
    unsafe { mark.write(if done.is_ok() { Mark::Free } else { Mark::Poisoned }) };
    let Ok(done) = done else {
        return smtpipe_status::SMTPIPE_ERR_PANIC;
    };
    match done {
        Ok(()) => smtpipe_status::SMTPIPE_OK,
        Err(failure) => {
            if (failure.status as i32) < 0 {
                let words = failure.why.map_or_else(
                    || crate::status::words(failure.status as i32).to_owned(),
                    |why| c_text(&why),
                );
                // SAFETY: as above; whatever pointed to the old words, its time is over.
                unsafe { *reason = Some(words) };
            }
            failure.status
        }
    }
}

/// A getter that can't fail: `f`'s answer, or `otherwise` for NULL and for a poisoned handle.
///
/// # Safety
/// As [`with`].
pub(crate) unsafe fn read<O: Opaque, T>(
    handle: *const O,
    otherwise: impl Fn(smtpipe_status) -> T,
    f: impl FnOnce(&O::Inner) -> T,
) -> T {
    let mut answer = None;
    // SAFETY: by the contract above.
    let status = unsafe {
        with(handle, |value| {
            answer = Some(f(value));
            Ok(())
        })
    };
    answer.unwrap_or_else(|| otherwise(status))
}

/// The words of the last refusal, NULL if there was none.
///
/// # Safety
/// As [`with`].
pub(crate) unsafe fn reason<O: Opaque>(handle: *const O) -> *const c_char {
    let shell = handle.cast::<Shell<O::Inner>>();
    if shell.is_null() {
        return std::ptr::null();
    }
    // SAFETY: by the contract above; within a call on the handle too, which borrows another field.
    let reason = unsafe { &(*shell).reason };
    reason.as_deref().map_or(std::ptr::null(), CStr::as_ptr)
}

/// The value behind a further handle that is only looked at, inside a call on another one.
///
/// # Safety
/// As [`with`], for as long as the reference lives.
pub(crate) unsafe fn peek<'a, O: Opaque>(handle: *const O) -> Result<&'a O::Inner, Failure>
where
    O::Inner: 'a,
{
    let shell = handle.cast::<Shell<O::Inner>>();
    // SAFETY: by the contract above.
    unsafe { Mark::of(shell) }?;
    // SAFETY: live, and nobody changes it.
    Ok(unsafe { &(*shell).value })
}

/// Runs what has no handle yet.
pub(crate) fn guard(f: impl FnOnce() -> Done) -> smtpipe_status {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(Ok(())) => smtpipe_status::SMTPIPE_OK,
        Ok(Err(failure)) => failure.status,
        Err(_) => smtpipe_status::SMTPIPE_ERR_PANIC,
    }
}

/// A place that C gave for an output. Written once, on success.
#[derive(Debug)]
pub(crate) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// Refuses NULL.
    ///
    /// # Safety
    /// `place` is NULL or may be written until the `Out` is gone.
    pub(crate) unsafe fn new(place: *mut T) -> Result<Self, Failure> {
        NonNull::new(place).map(Self).ok_or_else(|| smtpipe_status::SMTPIPE_ERR_NULL.into())
    }

    pub(crate) fn set(self, value: T) {
        // SAFETY: `new` was promised a writable place. No old value is dropped: C's memory holds none.
        unsafe { self.0.write(value) }
    }
}

/// Bytes from C: (NULL, 0) is empty, NULL with a length is refused.
///
/// # Safety
/// `data` is readable for `len` bytes for as long as the slice lives, or NULL.
pub(crate) unsafe fn bytes<'a>(data: *const u8, len: usize) -> Result<&'a [u8], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(smtpipe_status::SMTPIPE_ERR_NULL.into());
    }
    // No object can be larger than half the address space; a larger length is a caller's -1.
    if isize::try_from(len).is_err() {
        return Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "length is larger than any object"));
    }
    // SAFETY: not NULL, no longer than an object can be, readable by the contract above.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// A copy of what C has, of whatever size: one that the system has no memory for is refused.
pub(crate) fn copied(bytes: &[u8]) -> Result<bytes::Bytes, Failure> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len()).map_err(no_memory)?;
    copy.extend_from_slice(bytes);
    Ok(copy.into())
}

pub(crate) fn no_memory(error: std::collections::TryReserveError) -> Failure {
    Failure::new(smtpipe_status::SMTPIPE_ERR_NO_MEMORY, error)
}

/// Text from C, NUL-terminated UTF-8.
///
/// # Safety
/// `text` is NULL or NUL-terminated and unchanged for as long as the str lives.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Result<&'a str, Failure> {
    if text.is_null() {
        return Err(smtpipe_status::SMTPIPE_ERR_NULL.into());
    }
    // SAFETY: not NULL, NUL-terminated by the contract above.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map_err(|error| Failure::new(smtpipe_status::SMTPIPE_ERR_TEXT, error))
}

/// Text for C. A NUL inside, which no text of ours should have, ends it early.
pub(crate) fn c_text(text: &str) -> CString {
    c_bytes(text.as_bytes())
}

/// As [`c_text`], for text in whatever encoding the peer chose.
pub(crate) fn c_bytes(text: &[u8]) -> CString {
    let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
    CString::new(text.get(..end).unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use smtpipe_status as S;

    struct Thing;
    impl Opaque for Thing {
        type Inner = u32;
    }

    #[test]
    fn a_panic_poisons_and_does_not_cross() {
        let handle = give::<Thing>(1);
        // SAFETY: the handle is live until `free` below, on one thread.
        unsafe {
            assert_eq!(
                with_mut(handle, |_| Err(Failure::new(S::SMTPIPE_ERR_STATE, "not now"))),
                S::SMTPIPE_ERR_STATE
            );
            assert_eq!(CStr::from_ptr(reason(handle)), c"not now");
            assert_eq!(with_mut(handle, |_| panic!("on purpose")), S::SMTPIPE_ERR_PANIC);
            assert_eq!(with_mut(handle, |_| Ok(())), S::SMTPIPE_ERR_PANIC);
            assert_eq!(with(handle, |_| Ok(())), S::SMTPIPE_ERR_PANIC);
            assert_eq!(read(handle, |status| status as i32, |_| 0), S::SMTPIPE_ERR_PANIC as i32);
            assert!(peek(handle).is_err());
            free(handle);
        }
        assert_eq!(guard(|| panic!("on purpose")), S::SMTPIPE_ERR_PANIC);
    }

    #[test]
    fn a_call_inside_a_call_is_refused() {
        let handle = give::<Thing>(1);
        // SAFETY: the handle is live until `free` below, on one thread.
        unsafe {
            let status = with_mut(handle, |value| {
                assert_eq!(with_mut(handle, |_| Ok(())), S::SMTPIPE_ERR_BUSY);
                assert_eq!(with(handle, |_| Ok(())), S::SMTPIPE_ERR_BUSY);
                assert_eq!(read(handle, |status| status as i32, |_| 0), S::SMTPIPE_ERR_BUSY as i32);
                assert!(peek(handle).is_err() && reason(handle).is_null());
                free(handle);
                *value += 1;
                Ok(())
            });
            assert_eq!(status, S::SMTPIPE_OK);
            assert_eq!(
                with(handle, |value| if *value == 2 { Ok(()) } else { Err(S::SMTPIPE_ERR_VALUE.into()) }),
                S::SMTPIPE_OK
            );
            free(handle);
        }
    }

    #[test]
    fn null_is_refused_and_lengths_are_checked() {
        // SAFETY: NULL is in every contract; the one pointer that isn't NULL is never read.
        unsafe {
            assert_eq!(with_mut(std::ptr::null_mut::<Thing>(), |_| Ok(())), S::SMTPIPE_ERR_NULL);
            assert!(reason(std::ptr::null::<Thing>()).is_null());
            assert!(Out::<u8>::new(std::ptr::null_mut()).is_err());
            assert_eq!(bytes(std::ptr::null(), 0).unwrap(), b"");
            assert_eq!(bytes(std::ptr::null(), 1).unwrap_err().status, S::SMTPIPE_ERR_NULL);
            assert_eq!(
                bytes(NonNull::dangling().as_ptr(), usize::MAX).unwrap_err().status,
                S::SMTPIPE_ERR_VALUE
            );
            assert_eq!(text(c"\xff".as_ptr()).unwrap_err().status, S::SMTPIPE_ERR_TEXT);
            free(std::ptr::null_mut::<Thing>());
        }
        assert_eq!(c_bytes(b"a\0b").as_c_str(), c"a");
    }
}

//! `smtpipe_reply`: one reply of the server, borrowed from the outcome, error or session that holds it.

use crate::handle::c_bytes;
use crate::status::smtpipe_status;
use engine::wire::{Enhanced, Reply};
use std::ffi::{CString, c_char};
use std::ptr;

/// A reply (RFC 5321 section 4.2). Always borrowed: it lives as long as the handle that it was got from says.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_reply {
    _private: [u8; 0],
}

/// What a `smtpipe_reply` points at. Not behind a shell: it can neither be freed nor changed by C.
#[derive(Debug)]
pub(crate) struct ReplyView {
    code: u16,
    enhanced: Option<Enhanced>,
    text: CString,
}

impl ReplyView {
    pub(crate) fn new(reply: &Reply) -> Self {
        Self { code: reply.code(), enhanced: reply.enhanced(), text: c_bytes(reply.text()) }
    }

    pub(crate) fn pointer(this: Option<&Self>) -> *const smtpipe_reply {
        this.map_or(ptr::null(), |view| ptr::from_ref(view).cast())
    }
}

/// # Safety
/// `reply` is NULL or borrowed from a live handle.
unsafe fn view<'a>(reply: *const smtpipe_reply) -> Option<&'a ReplyView> {
    // SAFETY: by the contract above; `ReplyView::pointer` is the only maker of such pointers.
    unsafe { reply.cast::<ReplyView>().as_ref() }
}

/// The code of a reply. Only its first digit decides: 2 accepted, 4 try again later, 5 no (RFC 5321 section 4.2.1).
///
/// @param reply  May be NULL.
///
/// @return 200 to 599; SMTPIPE_ERR_NULL for NULL.
///
/// Threads: as for reading the handle it is borrowed from.
///
/// # Safety
/// `reply` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_reply_code(reply: *const smtpipe_reply) -> i32 {
    // SAFETY: the caller's promise, see above.
    unsafe { view(reply) }.map_or(smtpipe_status::SMTPIPE_ERR_NULL as i32, |view| i32::from(view.code))
}

/// The text of a reply without the codes, its lines joined by LF, in whatever encoding the server chose.
///
/// @param reply  May be NULL.
///
/// @return A NUL-terminated text; NULL for NULL.
///
/// Ownership: borrowed as long as `reply`.
/// Threads: as for reading the handle it is borrowed from.
///
/// # Safety
/// `reply` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_reply_text(reply: *const smtpipe_reply) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { view(reply) }.map_or(ptr::null(), |view| view.text.as_ptr())
}

/// The enhanced status code of a reply (RFC 3463), class.subject.detail.
///
/// @param reply     Must not be NULL.
/// @param klass     Gets 2, 4 or 5. Must not be NULL.
/// @param subject   Gets 0 to 999. Must not be NULL.
/// @param detail    Gets 0 to 999. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if the reply has none, its lines disagree, or its class is not the code's;
///         SMTPIPE_ERR_NULL.
///
/// Threads: as for reading the handle it is borrowed from.
///
/// # Safety
/// `reply` is NULL or still borrowed; the others are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_reply_enhanced(
    reply: *const smtpipe_reply,
    klass: *mut i32,
    subject: *mut i32,
    detail: *mut i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    let view = unsafe { view(reply) };
    // SAFETY: the caller's promise, see above.
    let places = unsafe { (klass.as_mut(), subject.as_mut(), detail.as_mut()) };
    let (Some(view), (Some(klass), Some(subject), Some(detail))) = (view, places) else {
        return smtpipe_status::SMTPIPE_ERR_NULL;
    };
    let Some(enhanced) = view.enhanced else {
        return smtpipe_status::SMTPIPE_NOTHING;
    };
    (*klass, *subject, *detail) = (enhanced.class.into(), enhanced.subject.into(), enhanced.detail.into());
    smtpipe_status::SMTPIPE_OK
}

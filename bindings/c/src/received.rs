//! `smtpipe_received`: messages that a sink accepted.

use crate::handle::{Failure, Opaque, Out, c_text, free, read, shareable, with};
use crate::session_io::smtpipe_bytes;
use crate::status::smtpipe_status;
use bytes::Bytes;
use engine::sink::Received;
use std::ffi::{CString, c_char};
use std::ptr;

/// Messages that a sink accepted. Never changes: any number of threads may read it at a time.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_received {
    _private: [u8; 0],
}

impl Opaque for smtpipe_received {
    type Inner = ReceivedHandle;
}

const _: () = shareable::<ReceivedHandle>();

pub(crate) struct ReceivedHandle(Vec<Mail>);

struct Mail {
    connection: u64,
    user: CString,
    sender: CString,
    params: CString,
    xforward: CString,
    xclient: CString,
    recipients: Vec<(CString, CString)>,
    content: Bytes,
    chunked: bool,
}

impl ReceivedHandle {
    pub(crate) fn new(received: Vec<Received>) -> Self {
        Self(received.into_iter().map(Mail::from).collect())
    }
}

impl From<Received> for Mail {
    fn from(received: Received) -> Self {
        let params = received
            .rcpt_params
            .iter()
            .map(|params| c_text(params))
            .chain(std::iter::repeat(CString::default()));
        Self {
            connection: received.connection,
            user: c_text(&received.user),
            sender: c_text(&received.sender),
            params: c_text(&received.mail_params),
            xforward: c_text(&received.xforward),
            xclient: c_text(&received.xclient),
            recipients: received.recipients.iter().map(|address| c_text(address)).zip(params).collect(),
            content: received.content,
            chunked: received.via_bdat,
        }
    }
}

/// # Safety
/// As [`read`].
unsafe fn mail<T>(
    received: *const smtpipe_received,
    index: usize,
    otherwise: impl Fn() -> T,
    f: impl FnOnce(&Mail) -> T,
) -> T {
    // SAFETY: by the contract above.
    unsafe { read(received, |_| otherwise(), |list| list.0.get(index).map_or_else(&otherwise, f)) }
}

const fn null() -> *const c_char {
    ptr::null()
}

/// Frees messages, and all that was borrowed from them.
///
/// @param received  May be NULL.
///
/// Threads: no other call on `received` at the same time, none after.
///
/// # Safety
/// `received` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_free(received: *mut smtpipe_received) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(received) }
}

/// How many messages there are.
///
/// @param received  May be NULL.
///
/// @return Their number; 0 for NULL.
///
/// Threads: any number at a time.
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_count(received: *const smtpipe_received) -> usize {
    // SAFETY: the caller's promise, see above.
    unsafe { read(received, |_| 0, |list| list.0.len()) }
}

/// Which connection a message came by.
///
/// @param received  May be NULL.
/// @param index     Which message, from 0.
///
/// @return The connection, counted from 1; 0 past the last message and for NULL.
///
/// Threads: any number at a time.
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_connection(received: *const smtpipe_received, index: usize) -> u64 {
    // SAFETY: the caller's promise, see above.
    unsafe { mail(received, index, || 0, |mail| mail.connection) }
}

/// Whether a message came in chunks (RFC 3030).
///
/// @param received  May be NULL.
/// @param index     Which message, from 0.
///
/// @return true if it did; false if it came by DATA, past the last message and for NULL.
///
/// Threads: any number at a time.
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_chunked(received: *const smtpipe_received, index: usize) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { mail(received, index, || false, |mail| mail.chunked) }
}

/// Who had logged in when a message came (RFC 4954).
///
/// @param received  May be NULL.
/// @param index     Which message, from 0.
///
/// @return A NUL-terminated text, empty if nobody had; NULL past the last message and for NULL.
///
/// Ownership: borrowed as long as `received` lives.
/// Threads: any number at a time.
/// Since: 0.1.0
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_user(
    received: *const smtpipe_received,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { mail(received, index, null, |mail| mail.user.as_ptr()) }
}

/// The sender of a message, without angle brackets.
///
/// @param received  May be NULL.
/// @param index     Which message, from 0.
///
/// @return A NUL-terminated text, empty for the null reverse-path; NULL past the last message and for NULL.
///
/// Ownership: borrowed as long as `received` lives.
/// Threads: any number at a time.
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_sender(
    received: *const smtpipe_received,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { mail(received, index, null, |mail| mail.sender.as_ptr()) }
}

/// The parameters of a message's MAIL, as they came.
///
/// @param received  May be NULL.
/// @param index     Which message, from 0.
///
/// @return A NUL-terminated text, perhaps empty; NULL past the last message and for NULL.
///
/// Ownership: borrowed as long as `received` lives.
/// Threads: any number at a time.
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_params(
    received: *const smtpipe_received,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { mail(received, index, null, |mail| mail.params.as_ptr()) }
}

/// What XFORWARD said of a message, attributes as they came.
///
/// @param received  May be NULL.
/// @param index     Which message, from 0.
///
/// @return A NUL-terminated text, empty if nothing was said; NULL past the last message and for NULL.
///
/// Ownership: borrowed as long as `received` lives.
/// Threads: any number at a time.
///
/// Since: 0.1.0
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_xforward(
    received: *const smtpipe_received,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { mail(received, index, null, |mail| mail.xforward.as_ptr()) }
}

/// What XCLIENT said of the connection that a message came by, attributes as they came.
///
/// @param received  May be NULL.
/// @param index     Which message, from 0.
///
/// @return A NUL-terminated text, empty if nothing was said; NULL past the last message and for NULL.
///
/// Ownership: borrowed as long as `received` lives.
/// Threads: any number at a time.
///
/// Since: 0.1.0
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_xclient(
    received: *const smtpipe_received,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { mail(received, index, null, |mail| mail.xclient.as_ptr()) }
}

/// How many accepted recipients a message has.
///
/// @param received  May be NULL.
/// @param index     Which message, from 0.
///
/// @return Their number; 0 past the last message and for NULL.
///
/// Threads: any number at a time.
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_recipient_count(
    received: *const smtpipe_received,
    index: usize,
) -> usize {
    // SAFETY: the caller's promise, see above.
    unsafe { mail(received, index, || 0, |mail| mail.recipients.len()) }
}

/// One accepted recipient of a message, without angle brackets.
///
/// @param received   May be NULL.
/// @param index      Which message, from 0.
/// @param recipient  Which recipient, from 0.
///
/// @return A NUL-terminated text; NULL past the last message or recipient and for NULL.
///
/// Ownership: borrowed as long as `received` lives.
/// Threads: any number at a time.
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_recipient(
    received: *const smtpipe_received,
    index: usize,
    recipient: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe {
        mail(received, index, null, |mail| {
            mail.recipients.get(recipient).map_or(ptr::null(), |one| one.0.as_ptr())
        })
    }
}

/// The parameters of one recipient's RCPT, as they came.
///
/// @param received   May be NULL.
/// @param index      Which message, from 0.
/// @param recipient  Which recipient, from 0.
///
/// @return A NUL-terminated text, perhaps empty; NULL past the last message or recipient and for NULL.
///
/// Ownership: borrowed as long as `received` lives.
/// Threads: any number at a time.
///
/// # Safety
/// `received` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_recipient_params(
    received: *const smtpipe_received,
    index: usize,
    recipient: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe {
        mail(received, index, null, |mail| {
            mail.recipients.get(recipient).map_or(ptr::null(), |one| one.1.as_ptr())
        })
    }
}

/// The content of a message, dots un-stuffed.
///
/// @param received  Must not be NULL.
/// @param index     Which message, from 0.
/// @param content   Gets the content. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_INDEX past the last message.
///
/// Ownership: borrowed as long as `received` lives.
/// Threads: any number at a time.
///
/// # Safety
/// `received` is NULL or live; `content` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_received_content(
    received: *const smtpipe_received,
    index: usize,
    content: *mut smtpipe_bytes,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with(received, |list| {
            let out = Out::new(content)?;
            let mail = list.0.get(index).ok_or_else(|| Failure::from(smtpipe_status::SMTPIPE_ERR_INDEX))?;
            out.set(mail.content.as_ref().into());
            Ok(())
        })
    }
}

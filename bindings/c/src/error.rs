//! `smtpipe_error`: why a session or client ended, borrowed from it. And the one place where the engine's
//! errors get their numbers.

use crate::handle::{Failure, c_text};
use crate::reply::{ReplyView, smtpipe_reply};
use crate::status::smtpipe_status;
use crate::tls_info::failure_number;
use engine::sasl::GssapiError;
use engine::session::{AuthError, PeerError, SessionError, SubmitError};
use std::ffi::{CString, c_char};
use std::ptr;

use smtpipe_status as S;

/// Why a session ended other than by QUIT. Always borrowed: it lives until the client or session that it was
/// got from is freed.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_error {
    _private: [u8; 0],
}

/// What a `smtpipe_error` points at. Not behind a shell: it can neither be freed nor changed by C.
#[derive(Debug)]
pub(crate) struct ErrorView {
    status: smtpipe_status,
    text: CString,
    reply: Option<ReplyView>,
    tls: i32,
}

impl ErrorView {
    pub(crate) fn new(status: smtpipe_status, error: &SessionError) -> Self {
        let tls = match error {
            SessionError::Tls(error) => failure_number(error.failure()),
            _ => 0,
        };
        Self { status, text: c_text(&error.to_string()), reply: error.reply().map(ReplyView::new), tls }
    }

    pub(crate) fn pointer(this: Option<&Self>) -> *const smtpipe_error {
        this.map_or(ptr::null(), |view| ptr::from_ref(view).cast())
    }
}

/// The number of what ended a session.
pub(crate) const fn session_status(error: &SessionError) -> smtpipe_status {
    match error {
        SessionError::Auth(error) if error.is_attack() => S::SMTPIPE_ERR_PEER_AUTH,
        SessionError::Auth(AuthError::Gssapi { why: GssapiError::NotBuilt, .. }) => S::SMTPIPE_ERR_NOT_BUILT,
        SessionError::Auth(error) if error.is_unsaid() => S::SMTPIPE_ERR_NO_AUTH,
        SessionError::Auth(_) => S::SMTPIPE_ERR_AUTH,
        SessionError::Closed { .. } => S::SMTPIPE_ERR_CLOSED,
        SessionError::Lost(_) => S::SMTPIPE_ERR_IO,
        SessionError::Peer(PeerError::Early { .. }) => S::SMTPIPE_ERR_PEER_EARLY,
        SessionError::Peer(PeerError::Injected) => S::SMTPIPE_ERR_PEER_INJECTED,
        SessionError::Peer(PeerError::Malformed(_)) => S::SMTPIPE_ERR_PEER_REPLY,
        SessionError::Peer(PeerError::Unsolicited(_)) => S::SMTPIPE_ERR_PEER_UNSOLICITED,
        SessionError::Peer(PeerError::WrongClass { .. }) => S::SMTPIPE_ERR_PEER_CLASS,
        SessionError::Peer(_) => S::SMTPIPE_ERR_PEER,
        SessionError::NotOffered(_) => S::SMTPIPE_ERR_NOT_OFFERED,
        SessionError::Refused { .. } => S::SMTPIPE_ERR_REFUSED,
        SessionError::ShutDown(_) => S::SMTPIPE_ERR_SHUT_DOWN,
        SessionError::StartTlsNotOffered | SessionError::StartTlsRefused(_) => S::SMTPIPE_ERR_NO_TLS,
        SessionError::Tls(_) => S::SMTPIPE_ERR_TLS,
        SessionError::Truncated { .. } => S::SMTPIPE_ERR_TRUNCATED,
        SessionError::Timeout { .. } => S::SMTPIPE_ERR_TIMED_OUT,
        _ => S::SMTPIPE_ERR_ENDED,
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        let status = match error {
            SubmitError::Closed => S::SMTPIPE_ERR_STATE,
            SubmitError::ForbiddenCommand(_) | SubmitError::Line(_) => S::SMTPIPE_ERR_COMMAND,
            SubmitError::NoRecipient => S::SMTPIPE_ERR_NO_RECIPIENT,
            SubmitError::NullRecipient => S::SMTPIPE_ERR_ADDRESS,
            SubmitError::MisplacedParameter(_) | SubmitError::RepeatedParameter(_) => {
                S::SMTPIPE_ERR_PARAMETER
            }
            _ => S::SMTPIPE_ERR_MISUSE,
        };
        Self::new(status, error)
    }
}

/// # Safety
/// `error` is NULL or borrowed from a live handle.
unsafe fn view<'a>(error: *const smtpipe_error) -> Option<&'a ErrorView> {
    // SAFETY: by the contract above; `ErrorView::pointer` is the only maker of such pointers.
    unsafe { error.cast::<ErrorView>().as_ref() }
}

/// The number of an error.
///
/// @param error  May be NULL.
///
/// @return A negative `smtpipe_status`; SMTPIPE_OK for NULL, which is no error.
///
/// Threads: as for reading the handle it is borrowed from.
///
/// # Safety
/// `error` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_error_status(error: *const smtpipe_error) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { view(error) }.map_or(S::SMTPIPE_OK, |view| view.status)
}

/// An error in words: what happened, at which command, and what the server or system said.
///
/// @param error  May be NULL.
///
/// @return A NUL-terminated text; NULL for NULL.
///
/// Ownership: borrowed as long as `error`.
/// Threads: as for reading the handle it is borrowed from.
///
/// # Safety
/// `error` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_error_text(error: *const smtpipe_error) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { view(error) }.map_or(ptr::null(), |view| view.text.as_ptr())
}

/// The reply at the root of an error: the refused greeting or EHLO, the 421, the impossible one.
///
/// @param error  May be NULL.
///
/// @return The reply; NULL if no reply is at the root of it, and for NULL.
///
/// Ownership: borrowed as long as `error`.
/// Threads: as for reading the handle it is borrowed from.
///
/// # Safety
/// `error` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_error_reply(error: *const smtpipe_error) -> *const smtpipe_reply {
    // SAFETY: the caller's promise, see above.
    unsafe { view(error) }.map_or(ptr::null(), |view| ReplyView::pointer(view.reply.as_ref()))
}

/// In what way TLS failed.
///
/// @param error  May be NULL.
///
/// @return A `smtpipe_tls_failure`; SMTPIPE_TLS_FAILURE_NONE if it was something else that ended the session, and for NULL.
///
/// Threads: as for reading the handle it is borrowed from.
/// Since: 0.1.0
///
/// # Safety
/// `error` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_error_tls_failure(error: *const smtpipe_error) -> i32 {
    // SAFETY: the caller's promise, see above.
    unsafe { view(error) }.map_or(0, |view| view.tls)
}

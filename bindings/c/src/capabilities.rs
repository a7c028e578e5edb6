//! `smtpipe_capabilities`: what the server offered with EHLO, borrowed from the client or session.

use crate::handle::{c_text, text};
use engine::wire::Capabilities;
use std::ffi::{CStr, CString, c_char};
use std::ptr;

/// What the server offered with EHLO (RFC 5321 section 4.1.1.1). Always borrowed: it lives until the next call
/// that changes the client or session it was got from, for a new connection may offer something else.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_capabilities {
    _private: [u8; 0],
}

/// What a `smtpipe_capabilities` points at. Not behind a shell: it can neither be freed nor changed by C.
#[derive(Debug)]
pub(crate) struct CapabilitiesView {
    domain: CString,
    /// Keyword in capitals, and its parameters.
    offered: Vec<(CString, CString)>,
}

impl CapabilitiesView {
    pub(crate) fn new(capabilities: &Capabilities) -> Self {
        Self {
            domain: c_text(capabilities.domain()),
            offered: capabilities.iter().map(|(keyword, params)| (c_text(keyword), c_text(params))).collect(),
        }
    }

    pub(crate) fn pointer(this: Option<&Self>) -> *const smtpipe_capabilities {
        this.map_or(ptr::null(), |view| ptr::from_ref(view).cast())
    }

    fn params(&self, keyword: &str) -> Option<&CStr> {
        let found =
            self.offered.iter().find(|one| one.0.as_bytes().eq_ignore_ascii_case(keyword.as_bytes()))?;
        Some(&found.1)
    }
}

/// # Safety
/// `capabilities` is NULL or borrowed from a live handle that was not changed since.
unsafe fn view<'a>(capabilities: *const smtpipe_capabilities) -> Option<&'a CapabilitiesView> {
    // SAFETY: by the contract above; `CapabilitiesView::pointer` is the only maker of such pointers.
    unsafe { capabilities.cast::<CapabilitiesView>().as_ref() }
}

/// The name with which the server answered EHLO.
///
/// @param capabilities  May be NULL.
///
/// @return A NUL-terminated text, perhaps empty; NULL for NULL.
///
/// Ownership: borrowed as long as `capabilities`.
/// Threads: as for reading the handle it is borrowed from.
///
/// # Safety
/// `capabilities` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_capabilities_domain(
    capabilities: *const smtpipe_capabilities,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { view(capabilities) }.map_or(ptr::null(), |view| view.domain.as_ptr())
}

/// The parameters of a keyword: of SIZE (RFC 1870) the number, of AUTH the mechanisms.
///
/// @param capabilities  May be NULL.
/// @param keyword       In capitals or not. May be NULL.
///
/// @return A NUL-terminated text, empty for a keyword without parameters; NULL if the keyword was not offered, and for NULL.
///
/// Ownership: borrowed as long as `capabilities`.
/// Threads: as for reading the handle it is borrowed from.
///
/// # Safety
/// `capabilities` is NULL or still borrowed; `keyword` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_capabilities_params(
    capabilities: *const smtpipe_capabilities,
    keyword: *const c_char,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    let (view, keyword) = unsafe { (view(capabilities), text(keyword)) };
    let (Some(view), Ok(keyword)) = (view, keyword) else {
        return ptr::null();
    };
    view.params(keyword).map_or(ptr::null(), CStr::as_ptr)
}

/// How many keywords were offered.
///
/// @param capabilities  May be NULL.
///
/// @return Their number; 0 for NULL.
///
/// Threads: as for reading the handle it is borrowed from.
///
/// # Safety
/// `capabilities` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_capabilities_count(capabilities: *const smtpipe_capabilities) -> usize {
    // SAFETY: the caller's promise, see above.
    unsafe { view(capabilities) }.map_or(0, |view| view.offered.len())
}

/// One keyword, in capitals.
///
/// @param capabilities  May be NULL.
/// @param index         From 0.
///
/// @return A NUL-terminated text; NULL past the last keyword and for NULL.
///
/// Ownership: borrowed as long as `capabilities`.
/// Threads: as for reading the handle it is borrowed from.
///
/// # Safety
/// `capabilities` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_capabilities_keyword(
    capabilities: *const smtpipe_capabilities,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { view(capabilities) }
        .and_then(|view| view.offered.get(index))
        .map_or(ptr::null(), |(keyword, _)| keyword.as_ptr())
}

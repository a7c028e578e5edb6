//! `smtpipe_tls_info`: the TLS of a client's connection, borrowed from it. And the numbers that TLS has in C.

use crate::client::smtpipe_client;
use crate::handle::{Failure, Out, c_text, read};
use crate::status::smtpipe_status;
use engine::session::TlsFailure;
use engine::tls::TlsInfo;
use std::ffi::{CString, c_char};
use std::ptr;

/// Whether and how a connection is encrypted.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_tls_mode {
    /// Not at all.
    SMTPIPE_TLS_NONE = 0,
    /// By STARTTLS where the server offers it. Whoever can change what is on the wire can take the offer out. The certificate
    /// is verified all the same.
    SMTPIPE_TLS_OPPORTUNISTIC = 1,
    /// By STARTTLS, or nothing is sent.
    SMTPIPE_TLS_REQUIRED = 2,
    /// From the first octet (RFC 8314 section 3: port 465).
    SMTPIPE_TLS_IMPLICIT = 3,
}

/// A version of TLS.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_tls_version {
    /// RFC 5246.
    SMTPIPE_TLS_1_2 = 12,
    /// RFC 8446.
    SMTPIPE_TLS_1_3 = 13,
}

/// What is pinned by its SHA-256.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_tls_pin {
    /// The whole certificate as DER (DANE: selector 0, matching type 1).
    SMTPIPE_PIN_CERTIFICATE = 0,
    /// Its public key, SubjectPublicKeyInfo as DER (DANE: selector 1, matching type 1).
    SMTPIPE_PIN_PUBLIC_KEY = 1,
}

/// In what way TLS failed.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_tls_failure {
    /// It didn't.
    SMTPIPE_TLS_FAILURE_NONE = 0,
    /// In a way that has no number of its own.
    SMTPIPE_TLS_FAILURE_OTHER = 1,
    /// The server's certificate has expired.
    SMTPIPE_TLS_FAILURE_EXPIRED = 2,
    /// It isn't valid yet.
    SMTPIPE_TLS_FAILURE_NOT_YET_VALID = 3,
    /// It is for another name.
    SMTPIPE_TLS_FAILURE_WRONG_NAME = 4,
    /// It is self-signed, or of an authority that isn't trusted.
    SMTPIPE_TLS_FAILURE_UNKNOWN_ISSUER = 5,
    /// It was revoked.
    SMTPIPE_TLS_FAILURE_REVOKED = 6,
    /// It is none of those pinned.
    SMTPIPE_TLS_FAILURE_NOT_PINNED = 7,
    /// It is invalid in another way.
    SMTPIPE_TLS_FAILURE_CERTIFICATE = 8,
    /// The server refused the handshake: no version or cipher in common, no client certificate, an unknown name.
    SMTPIPE_TLS_FAILURE_REFUSED = 9,
    /// What the server said isn't TLS, or is broken.
    SMTPIPE_TLS_FAILURE_PROTOCOL = 10,
    /// The server hung up in the middle.
    SMTPIPE_TLS_FAILURE_HUNG_UP = 11,
    /// It took too long.
    SMTPIPE_TLS_FAILURE_TIMED_OUT = 12,
}

/// The number of a failure.
pub(crate) fn failure_number(failure: TlsFailure) -> i32 {
    // The order is the engine's; a test holds the two together.
    let at = TlsFailure::ALL.iter().position(|&known| known == failure).unwrap_or(0);
    i32::try_from(at).map_or(1, |at| at.saturating_add(1))
}

/// The failure of a number.
pub(crate) fn failure(number: i32) -> Result<TlsFailure, Failure> {
    let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    at.and_then(|at| TlsFailure::ALL.get(at))
        .copied()
        .ok_or_else(|| crate::constants::unknown("TLS failure", number))
}

/// The TLS of a connection. Always borrowed.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_tls_info {
    _private: [u8; 0],
}

/// What a `smtpipe_tls_info` points at. Not behind a shell: it can neither be freed nor changed by C.
#[derive(Debug)]
pub(crate) struct TlsView {
    version: CString,
    cipher: CString,
    info: TlsInfo,
}

impl TlsView {
    pub(crate) fn new(info: &TlsInfo) -> Self {
        Self { version: c_text(info.version.as_str()), cipher: c_text(&info.cipher), info: info.clone() }
    }

    pub(crate) fn pointer(this: Option<&Self>) -> *const smtpipe_tls_info {
        this.map_or(ptr::null(), |view| ptr::from_ref(view).cast())
    }
}

/// # Safety
/// `info` is NULL or borrowed from a live handle that was not changed since.
unsafe fn view<'a>(info: *const smtpipe_tls_info) -> Option<&'a TlsView> {
    // SAFETY: by the contract above; `TlsView::pointer` is the only maker of such pointers.
    unsafe { info.cast::<TlsView>().as_ref() }
}

/// The TLS of the connection, or, when that has ended, of the last one.
///
/// @param client  May be NULL.
///
/// @return The TLS; NULL if the connection is or was in clear, and for NULL.
///
/// Ownership: borrowed until the next call that takes `client` without const.
/// Threads: one at a time per client.
/// Since: 0.1.0
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_tls(client: *const smtpipe_client) -> *const smtpipe_tls_info {
    // SAFETY: the caller's promise, see above.
    unsafe { read(client, |_| ptr::null(), |handle| handle.views.tls(handle.client.tls())) }
}

/// The version: "TLSv1.2" or "TLSv1.3".
///
/// @param info  May be NULL.
///
/// @return A NUL-terminated text; NULL for NULL.
///
/// Ownership: borrowed as long as `info`.
/// Threads: as for reading the handle it is borrowed from.
/// Since: 0.1.0
///
/// # Safety
/// `info` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_tls_info_version(info: *const smtpipe_tls_info) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { view(info) }.map_or(ptr::null(), |view| view.version.as_ptr())
}

/// The cipher suite's name in the registry of IANA, such as "TLS_AES_256_GCM_SHA384".
///
/// @param info  May be NULL.
///
/// @return A NUL-terminated text; NULL for NULL.
///
/// Ownership: borrowed as long as `info`.
/// Threads: as for reading the handle it is borrowed from.
/// Since: 0.1.0
///
/// # Safety
/// `info` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_tls_info_cipher(info: *const smtpipe_tls_info) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { view(info) }.map_or(ptr::null(), |view| view.cipher.as_ptr())
}

/// Whether an earlier session was resumed.
///
/// @param info  May be NULL.
///
/// @return true if so; false if not, and for NULL.
///
/// Threads: as for reading the handle it is borrowed from.
/// Since: 0.1.0
///
/// # Safety
/// `info` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_tls_info_resumed(info: *const smtpipe_tls_info) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { view(info) }.is_some_and(|view| view.info.resumed)
}

/// How many certificates the server showed.
///
/// @param info  May be NULL.
///
/// @return Their number; 0 for NULL.
///
/// Threads: as for reading the handle it is borrowed from.
/// Since: 0.1.0
///
/// # Safety
/// `info` is NULL or still borrowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_tls_info_certificate_count(info: *const smtpipe_tls_info) -> usize {
    // SAFETY: the caller's promise, see above.
    unsafe { view(info) }.map_or(0, |view| view.info.peer_certificates.len())
}

/// One certificate, as DER.
///
/// @param info   Must not be NULL.
/// @param index  0 is the server's own; the others are as it sent them along.
/// @param data   Gets its octets. Must not be NULL.
/// @param len    Gets how many. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_INDEX.
///
/// Ownership: borrowed as long as `info`.
/// Threads: as for reading the handle it is borrowed from.
/// Since: 0.1.0
///
/// # Safety
/// `info` is NULL or still borrowed; `data` and `len` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_tls_info_certificate(
    info: *const smtpipe_tls_info,
    index: usize,
    data: *mut *const u8,
    len: *mut usize,
) -> smtpipe_status {
    crate::handle::guard(|| {
        // SAFETY: the caller's promise, see above.
        let (data, len, view) = unsafe { (Out::new(data)?, Out::new(len)?, view(info)) };
        let view = view.ok_or(smtpipe_status::SMTPIPE_ERR_NULL)?;
        let certificate = view.info.peer_certificates.get(index).ok_or(smtpipe_status::SMTPIPE_ERR_INDEX)?;
        data.set(certificate.as_ptr());
        len.set(certificate.len());
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_have_the_engines_order() {
        use smtpipe_tls_failure as F;
        let known = [
            (TlsFailure::Other, F::SMTPIPE_TLS_FAILURE_OTHER),
            (TlsFailure::Expired, F::SMTPIPE_TLS_FAILURE_EXPIRED),
            (TlsFailure::NotYetValid, F::SMTPIPE_TLS_FAILURE_NOT_YET_VALID),
            (TlsFailure::WrongName, F::SMTPIPE_TLS_FAILURE_WRONG_NAME),
            (TlsFailure::UnknownIssuer, F::SMTPIPE_TLS_FAILURE_UNKNOWN_ISSUER),
            (TlsFailure::Revoked, F::SMTPIPE_TLS_FAILURE_REVOKED),
            (TlsFailure::NotPinned, F::SMTPIPE_TLS_FAILURE_NOT_PINNED),
            (TlsFailure::Certificate, F::SMTPIPE_TLS_FAILURE_CERTIFICATE),
            (TlsFailure::Refused, F::SMTPIPE_TLS_FAILURE_REFUSED),
            (TlsFailure::Protocol, F::SMTPIPE_TLS_FAILURE_PROTOCOL),
            (TlsFailure::HungUp, F::SMTPIPE_TLS_FAILURE_HUNG_UP),
            (TlsFailure::TimedOut, F::SMTPIPE_TLS_FAILURE_TIMED_OUT),
        ];
        assert_eq!(known.len(), TlsFailure::ALL.len());
        for (failure, number) in known {
            assert_eq!(failure_number(failure), number as i32);
            assert_eq!(super::failure(number as i32).unwrap(), failure);
        }
        assert!([0, 13, -1, i32::MAX].into_iter().all(|number| failure(number).is_err()));
    }
}

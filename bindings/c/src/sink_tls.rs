//! TLS of the embedded server: with a certificate that is given, or one that it makes for itself.

use crate::config_tls::{both, mode};
use crate::handle::{Failure, Out, text, with, with_mut};
use crate::sink_options::smtpipe_sink_options;
use crate::status::smtpipe_status;
use engine::sink::{SinkOptions, SinkTls};
use engine::tls::{Identity, Pem, TlsMode};
use std::ffi::c_char;

fn speak(options: &mut SinkOptions, number: i32, identity: Identity) -> Result<(), Failure> {
    options.tls = match mode(number)? {
        TlsMode::None => None,
        mode => Some(SinkTls { identity, implicit: mode == TlsMode::Implicit }),
    };
    Ok(())
}

/// Speaks TLS with this certificate.
///
/// @param options    Must not be NULL.
/// @param mode       A `smtpipe_tls_mode`: SMTPIPE_TLS_IMPLICIT from the first octet; SMTPIPE_TLS_NONE not at all; the two others
///                   offer STARTTLS.
/// @param chain      The certificate, and those that lead to the authority, PEM. Must not be NULL. Copied.
/// @param chain_len  Octets at `chain`.
/// @param key        Its private key, PEM. Must not be NULL. Copied.
/// @param key_len    Octets at `key`.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the mode is unknown or a length larger than any object. What is
///         wrong with the PEMs smtpipe_sink_start() says.
///
/// Threads: one at a time per options.
/// Since: 0.1.0
///
/// # Safety
/// `options` is NULL or live; `chain` and `key` are readable for so many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_tls(
    options: *mut smtpipe_sink_options,
    mode: i32,
    chain: *const u8,
    chain_len: usize,
    key: *const u8,
    key_len: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let (chain, key) = both((chain, chain_len), (key, key_len))?;
            speak(options, mode, Identity::new(chain, key))
        })
    }
}

/// Speaks TLS with a new self-signed certificate, which smtpipe_sink_options_certificate() tells. Nobody else has a reason to
/// trust it.
///
/// @param options  Must not be NULL.
/// @param mode     As with smtpipe_sink_options_set_tls().
/// @param name     The host name or address that it is for. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the mode is unknown or the name none.
///
/// Threads: one at a time per options.
/// Since: 0.1.0
///
/// # Safety
/// `options` is NULL or live; `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_set_tls_self_signed(
    options: *mut smtpipe_sink_options,
    mode: i32,
    name: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let identity = Identity::self_signed([text(name)?])
                .map_err(|error| Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, error))?;
            speak(options, mode, identity)
        })
    }
}

/// The certificate that these options speak TLS with, for smtpipe_config_set_ca_data().
///
/// @param options  Must not be NULL.
/// @param data     Gets the PEM. Must not be NULL.
/// @param len      Gets its octets. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING without TLS; SMTPIPE_ERR_NULL.
///
/// Ownership: borrowed until the next call that takes `options` without const.
/// Threads: as for reading `options`.
/// Since: 0.1.0
///
/// # Safety
/// `options` is NULL or live; `data` and `len` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_certificate(
    options: *const smtpipe_sink_options,
    data: *mut *const u8,
    len: *mut usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with(options, |options| {
            let (data, len) = (Out::new(data)?, Out::new(len)?);
            let Some(SinkTls { identity: Identity { chain: Pem::Data(pem), .. }, .. }) = &options.tls else {
                return Err(smtpipe_status::SMTPIPE_NOTHING.into());
            };
            data.set(pem.as_ptr());
            len.set(pem.len());
            Ok(())
        })
    }
}

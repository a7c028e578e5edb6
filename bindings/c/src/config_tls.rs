//! TLS in a configuration: whether, how, and who is believed to be the server.

use crate::config::{file_path, set, smtpipe_config};
use crate::handle::{Failure, bytes, text, with_mut};
use crate::status::smtpipe_status;
use crate::tls_info::{smtpipe_tls_mode, smtpipe_tls_pin, smtpipe_tls_version};
use engine::tls::{ClientCertificate, Pem, Pin, Roots, TlsMode, TlsVersion};
use std::ffi::c_char;

/// Sets whether and how connections are encrypted. A session (without a socket) is told of STARTTLS by it.
///
/// @param config  Must not be NULL.
/// @param mode    A `smtpipe_tls_mode`. Default SMTPIPE_TLS_NONE.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the mode is unknown.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_tls(config: *mut smtpipe_config, mode: i32) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.tls.mode = self::mode(mode)?;
            Ok(())
        })
    }
}

pub(crate) fn mode(number: i32) -> Result<TlsMode, Failure> {
    Ok(choose!(smtpipe_tls_mode, "TLS mode", number, {
        SMTPIPE_TLS_NONE => TlsMode::None,
        SMTPIPE_TLS_OPPORTUNISTIC => TlsMode::Opportunistic,
        SMTPIPE_TLS_REQUIRED => TlsMode::Required,
        SMTPIPE_TLS_IMPLICIT => TlsMode::Implicit,
    }))
}

/// Trusts the certificates in a file, and no others, in place of those that the platform trusts.
///
/// @param config  Must not be NULL.
/// @param path    PEM. Read for each connection; what is wrong with it smtpipe_client_open() says. NULL: the platform's again.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the path is empty.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `path` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_ca_file(
    config: *mut smtpipe_config,
    path: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.tls.roots =
                if path.is_null() { Roots::Platform } else { Roots::Only(Pem::File(file_path(path)?)) };
            Ok(())
        })
    }
}

/// As smtpipe_config_set_ca_file(), with the PEM itself.
///
/// @param config  Must not be NULL.
/// @param data    PEM. Copied. NULL with `len` 0: the platform's again.
/// @param len     Octets at `data`.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than any object.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `data` is readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_ca_data(
    config: *mut smtpipe_config,
    data: *const u8,
    len: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.tls.roots = if len == 0 { Roots::Platform } else { Roots::Only(self::data(data, len)?) };
            Ok(())
        })
    }
}

/// # Safety
/// As [`bytes`].
unsafe fn data(data: *const u8, len: usize) -> Result<Pem, Failure> {
    // SAFETY: by the contract above.
    unsafe { bytes(data, len) }.map(|bytes| Pem::Data(bytes::Bytes::copy_from_slice(bytes)))
}

/// A certificate and its key, neither of which may be left away.
///
/// # Safety
/// Both as [`bytes`].
pub(crate) unsafe fn both(chain: (*const u8, usize), key: (*const u8, usize)) -> Result<(Pem, Pem), Failure> {
    if chain.0.is_null() || key.0.is_null() {
        return Err(smtpipe_status::SMTPIPE_ERR_NULL.into());
    }
    // SAFETY: by the contract above.
    unsafe { Ok((data(chain.0, chain.1)?, data(key.0, key.1)?)) }
}

/// Sets our own certificate, for servers that ask for one.
///
/// @param config  Must not be NULL.
/// @param chain   A file with our certificate, and behind it those that lead to the authority, PEM. Must not be NULL.
/// @param key     A file with its private key, PEM, not encrypted; it may be the same. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if a path is empty. What is wrong with the files
///         smtpipe_client_open() says.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `chain` and `key` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_client_certificate(
    config: *mut smtpipe_config,
    chain: *const c_char,
    key: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            let (chain, key) = (Pem::File(file_path(chain)?), Pem::File(file_path(key)?));
            config.tls.client_certificate = Some(ClientCertificate { chain, key });
            Ok(())
        })
    }
}

/// As smtpipe_config_set_client_certificate(), with the PEMs themselves.
///
/// @param config     Must not be NULL.
/// @param chain      PEM. Must not be NULL. Copied.
/// @param chain_len  Octets at `chain`.
/// @param key        PEM. Must not be NULL. Copied.
/// @param key_len    Octets at `key`.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if a length is larger than any object.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `chain` and `key` are readable for so many bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_client_certificate_data(
    config: *mut smtpipe_config,
    chain: *const u8,
    chain_len: usize,
    key: *const u8,
    key_len: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            let (chain, key) = both((chain, chain_len), (key, key_len))?;
            config.tls.client_certificate = Some(ClientCertificate { chain, key });
            Ok(())
        })
    }
}

/// Sets the name that the server's certificate must have, where that isn't the host connected to.
///
/// @param config  Must not be NULL.
/// @param name    Host name or address. Copied. NULL: the host again. A unix path needs one.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_tls_name(
    config: *mut smtpipe_config,
    name: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.tls.server_name = if name.is_null() { None } else { Some(text(name)?.to_owned()) };
            Ok(())
        })
    }
}

/// Pins the server's certificate or public key: only one of those pinned is believed, and its issuer, name and dates must
/// fit besides; but see smtpipe_config_set_tls_pins_alone().
///
/// @param config  Must not be NULL.
/// @param kind    A `smtpipe_tls_pin`.
/// @param digest  The SHA-256 of it. Must not be NULL. Copied.
/// @param len     32.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the kind is unknown or `len` not 32.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `digest` is readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_add_tls_pin(
    config: *mut smtpipe_config,
    kind: i32,
    digest: *const u8,
    len: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            if digest.is_null() {
                return Err(smtpipe_status::SMTPIPE_ERR_NULL.into());
            }
            let digest = bytes(digest, len)?
                .try_into()
                .map_err(|_| Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "a SHA-256 has 32 octets"))?;
            config.tls.pins.push(choose!(smtpipe_tls_pin, "pin", kind, {
                SMTPIPE_PIN_CERTIFICATE => Pin::Certificate(digest),
                SMTPIPE_PIN_PUBLIC_KEY => Pin::PublicKey(digest),
            }));
            Ok(())
        })
    }
}

/// Lets the pins alone decide: issuer, name and dates are not looked at, as DANE wants it with usage 3 (RFC 7672 section 3.1.1).
/// Takes the place of smtpipe_config_set_ca_file() and the like.
///
/// @param config  Must not be NULL.
/// @param on      0: the platform's authorities again. Any other number: on.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_tls_pins_alone(
    config: *mut smtpipe_config,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        set(config, |config| config.tls.roots = if on == 0 { Roots::Platform } else { Roots::PinsAlone })
    }
}

/// Sets the oldest version of TLS that is spoken.
///
/// @param config   Must not be NULL.
/// @param version  A `smtpipe_tls_version`. Default SMTPIPE_TLS_1_2.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the version is unknown.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_tls_min_version(
    config: *mut smtpipe_config,
    version: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.tls.min_version = choose!(smtpipe_tls_version, "TLS version", version, {
                SMTPIPE_TLS_1_2 => TlsVersion::Tls12,
                SMTPIPE_TLS_1_3 => TlsVersion::Tls13,
            });
            Ok(())
        })
    }
}

/// With SMTPIPE_TLS_OPPORTUNISTIC: when the handshake fails, sends in clear on another connection. The number of connections in
/// clear is in `smtpipe_stats`.
///
/// @param config  Must not be NULL.
/// @param on      0 is off (the default), any other number on.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_tls_clear_after_failure(
    config: *mut smtpipe_config,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(config, |config| config.tls.clear_after_failed_tls = on != 0) }
}

/// DANGEROUS: believes everybody. Issuer, name, dates and pins are not looked at, so that whoever sits in between can read and
/// change everything, passwords too. For tests.
///
/// @param config  Must not be NULL.
/// @param on      0 is off (the default), any other number on.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_tls_dangerously_accept_any_certificate(
    config: *mut smtpipe_config,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(config, |config| config.tls.dangerously_accept_any_certificate = on != 0) }
}

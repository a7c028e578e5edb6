//! Setters of `smtpipe_config` for extensions that concern a whole session: XCLIENT, and what to do without SMTPUTF8.

use crate::config::smtpipe_config;
use crate::constants::smtpipe_utf8;
use crate::handle::{Failure, text, with_mut};
use crate::message_origin::attribute;
use crate::status::smtpipe_status;
use engine::session::Utf8Policy;
use engine::wire::ClientInfo;
use std::ffi::c_char;

/// Says one thing of the client on whose behalf the session speaks, by XCLIENT (Postfix) before the first message: as far as the
/// server offers to hear it. A server that doesn't offer XCLIENT ends the session with SMTPIPE_ERR_NOT_OFFERED, one that
/// refuses it with SMTPIPE_ERR_REFUSED.
///
/// @param config     Must not be NULL.
/// @param attribute  "NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR" or "DESTPORT", in any case. Must not be NULL.
/// @param value      Printable ASCII, at most 255 octets, encoded here. An IPv6 address has "IPV6:" in front. NULL: it isn't
///                   known. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE for another attribute; SMTPIPE_ERR_PARAMETER.
///
/// Threads: one at a time per configuration.
///
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `attribute` and `value` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_xclient(
    config: *mut smtpipe_config,
    attribute: *const c_char,
    value: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            let attribute = self::attribute(text(attribute)?)?;
            let value = if value.is_null() { None } else { Some(text(value)?) };
            let client = config.options.xclient.clone().unwrap_or_else(ClientInfo::new);
            let client = client.with(attribute, value).map_err(|error| {
                Failure::new(smtpipe_status::SMTPIPE_ERR_PARAMETER, format!("XCLIENT: {error}"))
            })?;
            config.options.xclient = Some(client);
            Ok(())
        })
    }
}

/// Decides what becomes of addresses that aren't ASCII where SMTPUTF8 (RFC 6531) isn't offered.
///
/// @param config  Must not be NULL.
/// @param policy  A `smtpipe_utf8`. Default SMTPIPE_UTF8_REFUSE.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `policy` is unknown.
///
/// Threads: one at a time per configuration.
///
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_utf8(config: *mut smtpipe_config, policy: i32) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.options.utf8 = choose!(smtpipe_utf8, "policy for addresses", policy, {
                SMTPIPE_UTF8_REFUSE => Utf8Policy::Refuse,
                SMTPIPE_UTF8_DOWNGRADE_DOMAIN => Utf8Policy::DowngradeDomain,
            });
            Ok(())
        })
    }
}

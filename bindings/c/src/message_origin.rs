//! Whom a message came from, beside its reverse-path: who submitted it (AUTH on MAIL) and the client that brought it (XFORWARD).

use crate::handle::{Failure, text, with_mut};
use crate::message::{address, smtpipe_message};
use crate::message_options::{PARAMETER, replace};
use crate::status::smtpipe_status;
use engine::wire::{ClientAttribute, Param};
use std::ffi::c_char;

/// Says who submitted the message first, as far as the caller vouches for it: AUTH on MAIL (RFC 4954 section 5). It is left out
/// where the server doesn't offer AUTH.
///
/// @param message  Must not be NULL.
/// @param mailbox  "user@example.org", with or without angle brackets, encoded here (xtext); "" or "<>": that isn't known, or may
///                 not be told, and AUTH=<> says so. NULL: nothing is said of it, as without a call. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_ADDRESS, and then it is as it was.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live; `mailbox` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_submitter(
    message: *mut smtpipe_message,
    mailbox: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let param = if mailbox.is_null() {
                None
            } else {
                let mailbox = address("AUTH", text(mailbox)?)?;
                Some(Param::submitter(Some(&mailbox)))
            };
            replace(message, &["AUTH"], param);
            Ok(())
        })
    }
}

/// Says one thing of the client that the message came from, by XFORWARD in front of MAIL (Postfix): as far as the server offers to
/// hear it. A server that refuses it gets the message all the same, and smtpipe_outcome_left_out() tells, also where
/// smtpipe_message_require() asked for the extension: that looks at the offer. Postfix refuses all of it for one bad value.
///
/// @param message    Must not be NULL.
/// @param attribute  "NAME", "ADDR", "PORT", "PROTO", "HELO", "IDENT" or "SOURCE", in any case. Must not be NULL.
/// @param value      Printable ASCII, at most 255 octets, encoded here. An IPv6 address has "IPV6:" in front. NULL: it isn't
///                   known. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE for another attribute; SMTPIPE_ERR_PARAMETER.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live; `attribute` and `value` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_forward(
    message: *mut smtpipe_message,
    attribute: *const c_char,
    value: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let attribute = self::attribute(text(attribute)?)?;
            let value = if value.is_null() { None } else { Some(text(value)?) };
            message
                .forward
                .set(attribute, value)
                .map_err(|error| Failure::new(PARAMETER, format!("XFORWARD: {error}")))
        })
    }
}

/// The attribute of XCLIENT or XFORWARD that has that name.
pub(crate) fn attribute(name: &str) -> Result<ClientAttribute, Failure> {
    ClientAttribute::from_name(name).ok_or_else(|| {
        Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, format!("unknown attribute of a client {name:?}"))
    })
}

//! What a message asks of the server beside delivery: reports (DSN), a time limit, a priority, a later hour, TLS all the way.
//! Each parameter is made here from typed arguments, encoded, and put on the command where its RFC wants it.
//!
//! `docs/extensions.md` tells what becomes of each where its extension isn't offered.

use crate::constants::{smtpipe_by, smtpipe_notify, smtpipe_ret, unknown};
use crate::handle::{Failure, text, with_mut};
use crate::message::{MessageHandle, address, smtpipe_message};
use crate::status::smtpipe_status;
use engine::session::Recipient;
use engine::wire::{
    ByMode, DeliverBy, EnvelopeId, Hold, Notify, OriginalRecipient, Param, ParamError, Priority, Ret,
    Solicitation,
};
use std::ffi::c_char;

pub(crate) const PARAMETER: smtpipe_status = smtpipe_status::SMTPIPE_ERR_PARAMETER;

/// A parameter that was made, with the words for why it couldn't be.
fn made<T: Into<Param>>(what: &str, value: Result<T, ParamError>) -> Result<Param, Failure> {
    value.map(Into::into).map_err(|error| Failure::new(PARAMETER, format!("{what}: {error}")))
}

/// Puts a parameter of MAIL in the place of what was said under these keywords.
pub(crate) fn replace(message: &mut MessageHandle, keywords: &[&str], param: Option<Param>) {
    let same = |param: &Param| keywords.iter().any(|keyword| param.keyword().eq_ignore_ascii_case(keyword));
    message.params.retain(|param| !same(param));
    message.params.extend(param);
}

/// Adds a parameter to the recipient added last, in the place of what was said under its keyword.
fn replace_last(message: &mut MessageHandle, keyword: &str, param: Option<Param>) -> Result<(), Failure> {
    let last = message.recipients.pop().ok_or(smtpipe_status::SMTPIPE_ERR_NO_RECIPIENT)?;
    let kept = last.params().iter().filter(|param| !param.keyword().eq_ignore_ascii_case(keyword));
    let recipient = kept.cloned().chain(param).fold(Recipient::new(last.address().clone()), Recipient::param);
    message.recipients.push(recipient);
    Ok(())
}

/// Says how much of the message a report of its failure is to return: RET (RFC 3461 section 4.3).
///
/// @param message  Must not be NULL.
/// @param ret      A `smtpipe_ret`.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `ret` is unknown.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_ret(message: *mut smtpipe_message, ret: i32) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let ret = choose!(smtpipe_ret, "part to return", ret, {
                SMTPIPE_RET_DEFAULT => None,
                SMTPIPE_RET_FULL => Some(Ret::Full),
                SMTPIPE_RET_HDRS => Some(Ret::Headers),
            });
            replace(message, &["RET"], ret.map(Param::from));
            Ok(())
        })
    }
}

/// Names this transmission, for reports: ENVID (RFC 3461 section 4.4).
///
/// @param message  Must not be NULL.
/// @param id       Printable ASCII and spaces, at most 100 octets once encoded, which is done here. NULL for none. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_PARAMETER.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live; `id` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_envid(
    message: *mut smtpipe_message,
    id: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let id = if id.is_null() { None } else { Some(made("ENVID", EnvelopeId::new(text(id)?))?) };
            replace(message, &["ENVID"], id);
            Ok(())
        })
    }
}

/// Says when the fate of the recipient added last is to be reported: NOTIFY (RFC 3461 section 4.1).
///
/// @param message  Must not be NULL.
/// @param notify   The sum of some `smtpipe_notify`; SMTPIPE_NOTIFY_NEVER stands alone.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE for another number; SMTPIPE_ERR_NO_RECIPIENT if none was added
///         yet.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_recipient_notify(
    message: *mut smtpipe_message,
    notify: i32,
) -> smtpipe_status {
    const NEVER: i32 = smtpipe_notify::SMTPIPE_NOTIFY_NEVER as i32;
    let choices = [
        (smtpipe_notify::SMTPIPE_NOTIFY_SUCCESS as i32, Notify::SUCCESS),
        (smtpipe_notify::SMTPIPE_NOTIFY_FAILURE as i32, Notify::FAILURE),
        (smtpipe_notify::SMTPIPE_NOTIFY_DELAY as i32, Notify::DELAY),
    ];
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let chosen = match notify {
                0 => None,
                NEVER => Some(Notify::NEVER),
                1..NEVER => {
                    let given = choices.into_iter().filter(|(bit, _)| notify & bit != 0);
                    Some(given.fold(Notify::NEVER, |all, (_, one)| all.or(one)))
                }
                _ => return Err(unknown("occasion to report", notify)),
            };
            replace_last(message, "NOTIFY", chosen.map(Param::from))
        })
    }
}

/// Says whom the sender knows the recipient added last as, for reports: ORCPT (RFC 3461 section 4.2, RFC 6533).
///
/// @param message  Must not be NULL.
/// @param kind     The address type, such as "x400". NULL: `original` is a mail address, sent as "rfc822", or as "utf-8" in
///                 its 7-bit form if it isn't ASCII. Copied.
/// @param original The address, encoded here. NULL for none. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_ADDRESS; SMTPIPE_ERR_PARAMETER;
///         SMTPIPE_ERR_NO_RECIPIENT if none was added yet.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live; `kind` and `original` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_recipient_orcpt(
    message: *mut smtpipe_message,
    kind: *const c_char,
    original: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let param = if original.is_null() {
                None
            } else if kind.is_null() {
                let address = address("ORCPT", text(original)?)?;
                Some(made("ORCPT", OriginalRecipient::new(&address))?)
            } else {
                Some(made("ORCPT", OriginalRecipient::typed(text(kind)?, text(original)?))?)
            };
            replace_last(message, "ORCPT", param)
        })
    }
}

/// Sets a time limit for delivery: BY on MAIL (RFC 2852). With SMTPIPE_BY_RETURN a server without DELIVERBY, or one that
/// needs more time, doesn't get the message.
///
/// @param message  Must not be NULL.
/// @param seconds  From now on, at most nine digits. With SMTPIPE_BY_RETURN positive.
/// @param mode     A `smtpipe_by`; 0 takes the limit back.
/// @param trace    Not 0: each relay reports to the sender.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `mode` is unknown; SMTPIPE_ERR_PARAMETER.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_deliver_by(
    message: *mut smtpipe_message,
    seconds: i32,
    mode: i32,
    trace: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let by = if mode == 0 {
                None
            } else {
                let mode = choose!(smtpipe_by, "way to miss a time limit", mode, {
                    SMTPIPE_BY_NOTIFY => ByMode::Notify,
                    SMTPIPE_BY_RETURN => ByMode::Return,
                });
                Some(made("BY", DeliverBy::new(seconds, mode, trace != 0))?)
            };
            replace(message, &["BY"], by);
            Ok(())
        })
    }
}

/// Sets the priority: MT-PRIORITY on MAIL (RFC 6710). Without a call nothing is said of it.
///
/// @param message   Must not be NULL.
/// @param priority  From -9, the least, to 9.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_PARAMETER for another number.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_priority(
    message: *mut smtpipe_message,
    priority: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let priority = i8::try_from(priority).map_err(|_| ParamError::BadValue).and_then(Priority::new);
            replace(message, &["MT-PRIORITY"], Some(made("MT-PRIORITY", priority)?));
            Ok(())
        })
    }
}

/// Asks the server to hold the message for a time: HOLDFOR on MAIL (RFC 4865). A server without FUTURERELEASE, or one that
/// holds for less, doesn't get it.
///
/// @param message  Must not be NULL.
/// @param seconds  At most nine digits; 0 takes it back, and a moment set by smtpipe_message_set_hold_until() too.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_PARAMETER.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_hold_for(
    message: *mut smtpipe_message,
    seconds: u32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let hold = if seconds == 0 { None } else { Some(made("HOLDFOR", Hold::seconds(seconds))?) };
            replace(message, &["HOLDFOR", "HOLDUNTIL"], hold);
            Ok(())
        })
    }
}

/// Asks the server to hold the message until a moment: HOLDUNTIL on MAIL (RFC 4865), as smtpipe_message_set_hold_for().
///
/// @param message  Must not be NULL.
/// @param moment   In UTC, as "2026-12-24T18:00:00Z": strftime()'s "%Y-%m-%dT%H:%M:%SZ" of gmtime(). NULL takes it back.
///                 Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_PARAMETER.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live; `moment` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_hold_until(
    message: *mut smtpipe_message,
    moment: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let hold =
                if moment.is_null() { None } else { Some(made("HOLDUNTIL", Hold::until(text(moment)?))?) };
            replace(message, &["HOLDFOR", "HOLDUNTIL"], hold);
            Ok(())
        })
    }
}

/// Asks for verified TLS on every hop: REQUIRETLS on MAIL (RFC 8689). The message goes only over an encrypted connection whose
/// certificate was checked, and to a server that offers it. Whoever brings his own TLS to a `smtpipe_session` vouches for that.
///
/// @param message  Must not be NULL.
/// @param on       0 is off (the default), any other number on.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_require_tls(
    message: *mut smtpipe_message,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            replace(message, &["REQUIRETLS"], (on != 0).then(Param::require_tls));
            Ok(())
        })
    }
}

/// Asks for a reply for each recipient behind the content: PRDR on MAIL (Exim). Each recipient's outcome then has its own.
///
/// @param message  Must not be NULL.
/// @param on       0 is off (the default), any other number on.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_prdr(message: *mut smtpipe_message, on: i32) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            replace(message, &["PRDR"], (on != 0).then(Param::prdr));
            Ok(())
        })
    }
}

/// Says that the headers have UTF-8 in them (RFC 6532), so that the message needs SMTPUTF8 (RFC 6531) whatever its addresses are.
/// For addresses that are not ASCII no call is needed.
///
/// @param message  Must not be NULL.
/// @param on       0 is off (the default), any other number on.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_utf8_headers(
    message: *mut smtpipe_message,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            replace(message, &["SMTPUTF8"], (on != 0).then(Param::smtputf8));
            Ok(())
        })
    }
}

/// Says what kinds of solicitation the message is: SOLICIT on MAIL (RFC 3865). A server that refuses one of them in EHLO doesn't
/// get it.
///
/// @param message  Must not be NULL.
/// @param classes  Class keywords, separated by commas, such as "net.example:ADV". NULL for none. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_PARAMETER.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live; `classes` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_solicitation(
    message: *mut smtpipe_message,
    classes: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let param = if classes.is_null() {
                None
            } else {
                Some(made("SOLICIT", Solicitation::new(text(classes)?.split(',')))?)
            };
            replace(message, &["SOLICIT"], param);
            Ok(())
        })
    }
}

/// Asks that the message be refused, with SMTPIPE_REASON_NOT_OFFERED, by a server that doesn't offer an extension; otherwise
/// what can be left out is, see smtpipe_outcome_left_out().
///
/// @param message    Must not be NULL.
/// @param extension  A `smtpipe_extension`.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `extension` is unknown.
///
/// Threads: one at a time per message.
///
/// Since: 0.1.0
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_require(
    message: *mut smtpipe_message,
    extension: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let extension = crate::constants::extension(extension)?;
            if !message.required.contains(&extension) {
                message.required.push(extension);
            }
            Ok(())
        })
    }
}

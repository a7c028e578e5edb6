//! VRFY, EXPN and ETRN: commands of the caller's own with an argument worth checking, for clients and sessions.

use crate::client::{change as change_client, smtpipe_client};
use crate::handle::{Done, Out, text};
use crate::session::{change as change_session, smtpipe_session};
use crate::status::smtpipe_status;
use crate::views::Views;
use engine::session::{SubmitError, Ticket};
use std::ffi::c_char;

/// Queues a command with its argument, and gives its ticket.
///
/// # Safety
/// `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
unsafe fn queue(
    views: &mut Views,
    argument: *const c_char,
    ticket: *mut u64,
    command: impl FnOnce(&str) -> Result<Ticket, SubmitError>,
) -> Done {
    // SAFETY: by the contract above.
    let (out, argument) = unsafe { (Out::new(ticket)?, text(argument)?) };
    out.set(views.give_ticket(command(argument)?));
    Ok(())
}

/// Asks whether there is such a user or mailbox: VRFY (RFC 5321 section 3.5). It ends a group, and its outcome has the reply.
///
/// @param client    Must not be NULL.
/// @param argument  A name or an address. Must not be NULL. Copied.
/// @param ticket    Gets the ticket. Must not be NULL.
///
/// @return As smtpipe_client_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
///
/// Threads: one at a time per client.
///
/// Since: 0.1.0
///
/// # Safety
/// `client` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_vrfy(
    client: *mut smtpipe_client,
    argument: *const c_char,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_client(client, |handle| {
            queue(&mut handle.views, argument, ticket, |argument| handle.client.vrfy(argument))
        })
    }
}

/// Asks who is on a list: EXPN (RFC 5321 section 3.5). It ends a group, and its outcome has the reply.
///
/// @param client    Must not be NULL.
/// @param argument  The list's name. Must not be NULL. Copied.
/// @param ticket    Gets the ticket. Must not be NULL.
///
/// @return As smtpipe_client_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
///
/// Threads: one at a time per client.
///
/// Since: 0.1.0
///
/// # Safety
/// `client` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_expn(
    client: *mut smtpipe_client,
    argument: *const c_char,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_client(client, |handle| {
            queue(&mut handle.views, argument, ticket, |argument| handle.client.expn(argument))
        })
    }
}

/// Asks the server to send what it has queued: ETRN (RFC 1985). It ends a group, and its outcome has the reply.
///
/// @param client    Must not be NULL.
/// @param argument  For a host; for "@" and a domain with all below it; or of "#" and a queue's name. Must not be NULL. Copied.
/// @param ticket    Gets the ticket. Must not be NULL.
///
/// @return As smtpipe_client_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
///
/// Threads: one at a time per client.
///
/// Since: 0.1.0
///
/// # Safety
/// `client` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_etrn(
    client: *mut smtpipe_client,
    argument: *const c_char,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_client(client, |handle| {
            queue(&mut handle.views, argument, ticket, |argument| handle.client.etrn(argument))
        })
    }
}

/// Asks whether there is such a user or mailbox: VRFY (RFC 5321 section 3.5). It ends a group, and its outcome has the reply.
///
/// @param session   Must not be NULL.
/// @param argument  A name or an address. Must not be NULL. Copied.
/// @param ticket    Gets the ticket. Must not be NULL.
///
/// @return As smtpipe_session_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
///
/// Threads: one at a time per session.
///
/// Since: 0.1.0
///
/// # Safety
/// `session` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_vrfy(
    session: *mut smtpipe_session,
    argument: *const c_char,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_session(session, |handle| {
            queue(&mut handle.views, argument, ticket, |argument| handle.session.vrfy(argument))
        })
    }
}

/// Asks who is on a list: EXPN (RFC 5321 section 3.5). It ends a group, and its outcome has the reply.
///
/// @param session   Must not be NULL.
/// @param argument  The list's name. Must not be NULL. Copied.
/// @param ticket    Gets the ticket. Must not be NULL.
///
/// @return As smtpipe_session_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
///
/// Threads: one at a time per session.
///
/// Since: 0.1.0
///
/// # Safety
/// `session` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_expn(
    session: *mut smtpipe_session,
    argument: *const c_char,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_session(session, |handle| {
            queue(&mut handle.views, argument, ticket, |argument| handle.session.expn(argument))
        })
    }
}

/// Asks the server to send what it has queued: ETRN (RFC 1985). It ends a group, and its outcome has the reply.
///
/// @param session   Must not be NULL.
/// @param argument  For a host; for "@" and a domain with all below it; or of "#" and a queue's name. Must not be NULL. Copied.
/// @param ticket    Gets the ticket. Must not be NULL.
///
/// @return As smtpipe_session_command(); SMTPIPE_ERR_COMMAND also for an argument that the command can't have.
///
/// Threads: one at a time per session.
///
/// Since: 0.1.0
///
/// # Safety
/// `session` is NULL or live; `argument` is NULL or NUL-terminated; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_etrn(
    session: *mut smtpipe_session,
    argument: *const c_char,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change_session(session, |handle| {
            queue(&mut handle.views, argument, ticket, |argument| handle.session.etrn(argument))
        })
    }
}

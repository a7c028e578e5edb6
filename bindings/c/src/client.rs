//! `smtpipe_client`: a connection and the messages on their way over it, for programs that wait in these calls.
//! `client_loop` has the functions for those that wait in an event loop of their own.

use crate::config::{limit, smtpipe_config};
use crate::error::session_status;
use crate::handle::{Done, Failure, Opaque, Out, free, give, movable, peek, read, reason, text, with_mut};
use crate::message::smtpipe_message;
use crate::outcome::smtpipe_outcome;
use crate::status::smtpipe_status;
use crate::views::{Views, give_outcome, poll_ms};
use engine::client::{Client, ConnectError};
use std::ffi::c_char;
use std::time::{Duration, Instant};

/// A connection to a server, and the messages on their way over it.
///
/// Sending gives a ticket, collecting gives the outcomes: exactly one for each ticket, whatever happens. One thread
/// at a time may use a client, for whatever call; it may be another thread each time.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_client {
    _private: [u8; 0],
}

impl Opaque for smtpipe_client {
    type Inner = ClientHandle;
}

const _: () = movable::<ClientHandle>();

pub(crate) struct ClientHandle {
    pub(crate) client: Client,
    pub(crate) views: Views,
}

impl ClientHandle {
    /// Whether the greeting, EHLO and AUTH are done, or need not be, or never will be; or wait for the caller's own SASL.
    fn settled(&self) -> bool {
        self.client.is_open() || self.client.auth_event().is_some() || self.client.is_closed()
    }

    /// Waits until the socket is ready, the client wants to be driven, or so long.
    fn wait(&mut self, limit: Option<Duration>) {
        use std::os::fd::AsRawFd;
        let own = self.client.timeout();
        let limit = match (limit, own) {
            (Some(limit), Some(own)) => Some(limit.min(own)),
            (limit, own) => limit.or(own),
        };
        let interest = self.client.interest();
        let mut events = 0;
        if interest.read {
            events |= libc::POLLIN;
        }
        if interest.write {
            events |= libc::POLLOUT;
        }
        let fd = self.client.as_fd().map_or(-1, |fd| fd.as_raw_fd());
        let mut waited = libc::pollfd { fd, events, revents: 0 };
        // SAFETY: one pollfd, as said. EINTR and want of memory end the wait early, which the caller's loop allows for.
        let _ = unsafe { libc::poll(&raw mut waited, 1, poll_ms(limit)) };
    }
}

fn connect_failure(error: &ConnectError) -> Failure {
    let status = match error {
        ConnectError::NoAddress { .. } | ConnectError::Resolve { .. } => smtpipe_status::SMTPIPE_ERR_RESOLVE,
        ConnectError::Session(error) => session_status(error),
        ConnectError::Tls(_) => smtpipe_status::SMTPIPE_ERR_TLS_CONFIG,
        _ => smtpipe_status::SMTPIPE_ERR_CONNECT,
    };
    Failure::new(status, error)
}

/// Drives until the client is ready, the caller's own SASL is asked, or there is nothing more to wait for.
pub(crate) fn drive_until(handle: &mut ClientHandle, timeout_ms: u64) -> Done {
    let end = limit(timeout_ms).and_then(|limit| Instant::now().checked_add(limit));
    loop {
        handle.client.drive();
        if handle.settled() {
            break;
        }
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(smtpipe_status::SMTPIPE_TIMEOUT.into());
        }
        handle.wait(left);
    }
    match handle.client.error() {
        Some(error) => {
            let view = handle.views.error(Some(error), handle.client.stats().connections);
            // SAFETY: the view was borrowed from this handle just now.
            Err(Failure::new(unsafe { crate::error::smtpipe_error_status(view) }, error))
        }
        None if handle.client.is_closed() => Err(smtpipe_status::SMTPIPE_ERR_STATE.into()),
        None => Ok(()),
    }
}

/// As `with_mut`, and what was borrowed of the server's offer ends.
///
/// # Safety
/// As [`with_mut`].
pub(crate) unsafe fn change(
    client: *mut smtpipe_client,
    f: impl FnOnce(&mut ClientHandle) -> Done,
) -> smtpipe_status {
    // SAFETY: by the contract above.
    unsafe {
        with_mut(client, |client| {
            client.views.forget();
            f(client)
        })
    }
}

/// Makes a client and begins to connect. Returns at once, but for the name of the host, which the system resolves, and a ticket for
/// smtpipe_config_set_gssapi(), which it fetches.
///
/// Messages may be sent right away; they wait for the connection. If it can't be made they come back as
/// SMTPIPE_NOT_SENT, and smtpipe_client_error() says why. smtpipe_client_connect() waits for it, for those who like to
/// know first.
///
/// @param config  The target and the options. Must not be NULL. Not used any more when the call returns.
/// @param client  Gets the client. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_NO_TARGET; SMTPIPE_ERR_RESOLVE; SMTPIPE_ERR_TLS_CONFIG if a certificate
///         or key can't be loaded; SMTPIPE_ERR_NO_AUTH if there is no Kerberos ticket for the server; SMTPIPE_ERR_CONNECT if the
///         system gave no socket or the unix path takes no connection. smtpipe_config_reason() has the words for all of them.
///
/// Ownership: free it with smtpipe_client_free().
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live; `client` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_open(
    config: *mut smtpipe_config,
    client: *mut *mut smtpipe_client,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            let out = Out::new(client)?;
            let client = Client::open(config.client()?).map_err(|error| connect_failure(&error))?;
            out.set(give(ClientHandle { client, views: Views::default() }));
            Ok(())
        })
    }
}

/// Closes the connection at once and frees the client. Outcomes that were not collected are lost, and what was on its way
/// may or may not arrive: flush and quit first.
///
/// @param client  May be NULL.
///
/// Threads: no other call on `client` at the same time, none after.
///
/// # Safety
/// `client` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_free(client: *mut smtpipe_client) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(client) }
}

/// Why the last refused call on this client was refused, in words. For why the session ended see smtpipe_client_error().
///
/// @param client  May be NULL.
///
/// @return A NUL-terminated text; NULL if no call was refused.
///
/// Ownership: borrowed until the next refused call on `client`, or its end.
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_reason(client: *const smtpipe_client) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { reason(client) }
}

/// Waits until the greeting and EHLO are done (RFC 5321 section 3.1), and AUTH, if it is to be; or until the caller's own SASL has to
/// answer, see smtpipe_client_auth_wait(). There is no need to: sending and collecting do so too.
/// With a server that may be told everything before it greets (smtpipe_config_set_early()) it waits for the connection only.
///
/// @param client      Must not be NULL.
/// @param timeout_ms  Milliseconds; SMTPIPE_FOREVER is as long as the configuration's own limits allow.
///
/// @return SMTPIPE_OK; SMTPIPE_TIMEOUT; SMTPIPE_ERR_NULL; if the session has ended, the status of smtpipe_client_error(), or
///         SMTPIPE_ERR_STATE if it ended by QUIT.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_connect(
    client: *mut smtpipe_client,
    timeout_ms: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { change(client, |handle| drive_until(handle, timeout_ms)) }
}

/// Queues a message and writes what the socket takes. Never blocks.
///
/// @param client   Must not be NULL.
/// @param message  Must not be NULL. Its envelope is copied, its content shared: the message may be changed, sent again or
///                 freed when the call returns.
/// @param ticket   Gets the ticket, from 1 on. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_NO_SENDER, SMTPIPE_ERR_NO_RECIPIENT or SMTPIPE_ERR_NO_CONTENT if the
///         message lacks that, or its source went with an earlier one; SMTPIPE_ERR_PARAMETER if a parameter was added twice, or
///         to MAIL that belongs to RCPT or the other way round; SMTPIPE_ERR_IO if the system can't duplicate the descriptor of
///         its content; SMTPIPE_ERR_STATE if the session has ended or quit was called. After an error nothing was queued, and
///         there will be no outcome; smtpipe_client_reason() has the words.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` and `message` are NULL or live; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_send(
    client: *mut smtpipe_client,
    message: *const smtpipe_message,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(client, |handle| {
            let (out, message) = (Out::new(ticket)?, peek(message)?);
            let ticket = message.submit(&mut handle.client)?;
            handle.client.drive_once();
            out.set(handle.views.give_ticket(ticket));
            Ok(())
        })
    }
}

/// Queues a message and writes nothing yet: that is done by the next call that drives the connection (sending, collecting,
/// flushing, driving). For many messages at once: the fewer system calls, the faster.
///
/// @param client   Must not be NULL.
/// @param message  As for smtpipe_client_send().
/// @param ticket   Gets the ticket. Must not be NULL.
///
/// @return As smtpipe_client_send().
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` and `message` are NULL or live; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_submit(
    client: *mut smtpipe_client,
    message: *const smtpipe_message,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(client, |handle| {
            let (out, message) = (Out::new(ticket)?, peek(message)?);
            let ticket = message.submit(&mut handle.client)?;
            out.set(handle.views.give_ticket(ticket));
            Ok(())
        })
    }
}

/// Whether a further message would begin soon: what to ask before drawing one from a long source.
///
/// @param client  May be NULL.
///
/// @return true if there is room in the window; false if not, when the session has ended, and for NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_has_room(client: *const smtpipe_client) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(client, |_| false, |handle| handle.client.has_room()) }
}

/// Queues a raw command behind what is queued already: VRFY, EXPN, NOOP, HELP, ETRN, RSET or any line but those that the
/// session is in charge of. Its reply comes as an outcome.
///
/// @param client  Must not be NULL.
/// @param line    The line without CRLF. Must not be NULL. Copied.
/// @param ticket  Gets the ticket. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_COMMAND for a line that can't be sent; SMTPIPE_ERR_STATE
///         if the session has ended or quit was called.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live; `line` is NULL or NUL-terminated; `ticket` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_command(
    client: *mut smtpipe_client,
    line: *const c_char,
    ticket: *mut u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(client, |handle| {
            let (out, line) = (Out::new(ticket)?, text(line)?);
            let ticket = handle.client.command(line)?;
            out.set(handle.views.give_ticket(ticket));
            Ok(())
        })
    }
}

/// Drives the connection until an outcome is known, and gives it.
///
/// A signal doesn't end the wait. Whoever has a handler that is to be heard of waits in his own poll(2), or in portions.
///
/// @param client      Must not be NULL.
/// @param timeout_ms  Milliseconds. 0: only what is ready. SMTPIPE_FOREVER: as long as the session's own limits allow.
/// @param outcome     Gets the outcome. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_TIMEOUT if the time passed first; SMTPIPE_NOTHING if no outcome is outstanding (also after the
///         session has ended and all of them were collected); SMTPIPE_ERR_NULL.
///
/// Ownership: free the outcome with smtpipe_outcome_free(). It may outlive the client.
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live; `outcome` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_collect(
    client: *mut smtpipe_client,
    timeout_ms: u64,
    outcome: *mut *mut smtpipe_outcome,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(client, |handle| {
            let out = Out::new(outcome)?;
            match handle.client.collect(limit(timeout_ms)) {
                Some(outcome) => {
                    out.set(give_outcome(outcome));
                    Ok(())
                }
                None if handle.client.outstanding() == 0 => Err(smtpipe_status::SMTPIPE_NOTHING.into()),
                None => Err(smtpipe_status::SMTPIPE_TIMEOUT.into()),
            }
        })
    }
}

/// Drives the connection until the outcome of every ticket is known. They stay to be collected.
///
/// @param client      Must not be NULL.
/// @param timeout_ms  Milliseconds; SMTPIPE_FOREVER is as long as the session's own limits allow.
///
/// @return SMTPIPE_OK; SMTPIPE_TIMEOUT if the time passed first; SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_flush(
    client: *mut smtpipe_client,
    timeout_ms: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(client, |handle| match handle.client.flush(limit(timeout_ms)) {
            true => Ok(()),
            false => Err(smtpipe_status::SMTPIPE_TIMEOUT.into()),
        })
    }
}

/// Takes back what has not begun. Its outcome is SMTPIPE_NOT_SENT, to be collected like any other.
///
/// @param client  Must not be NULL.
/// @param ticket  A ticket of this client.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if it has begun or has its outcome; SMTPIPE_ERR_TICKET if this client never gave it out;
///         SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_cancel(client: *mut smtpipe_client, ticket: u64) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(client, |handle| {
            let ticket = handle.views.take_ticket(ticket)?;
            if handle.client.cancel(ticket) { Ok(()) } else { Err(smtpipe_status::SMTPIPE_NOTHING.into()) }
        })
    }
}

/// Waits for the outcome of every ticket, then sends QUIT and closes; its answer isn't waited for. Outcomes stay to be
/// collected. Nothing can be sent any more.
///
/// @param client      Must not be NULL.
/// @param timeout_ms  Milliseconds; SMTPIPE_FOREVER is as long as the session's own limits allow. 0 only asks for it: the calls
///                    that drive the connection carry it out.
///
/// @return SMTPIPE_OK, also if the session had ended before; SMTPIPE_TIMEOUT if the time passed first, and then it goes on;
///         SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per client.
///
/// # Safety
/// `client` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_client_quit(client: *mut smtpipe_client, timeout_ms: u64) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        change(client, |handle| match handle.client.quit(limit(timeout_ms)) {
            true => Ok(()),
            false => Err(smtpipe_status::SMTPIPE_TIMEOUT.into()),
        })
    }
}

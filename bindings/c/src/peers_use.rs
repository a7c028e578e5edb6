//! Who uses a peer cache: the clients of a configuration, and the driver of a session, who knows where it is connected to.

use crate::config::{set, smtpipe_config};
use crate::handle::{peek, with_mut};
use crate::peers::{key, smtpipe_peers};
use crate::session::smtpipe_session;
use crate::status::smtpipe_status;
use std::ffi::c_char;

/// Gives the clients of this configuration a peer cache: there they look up what was learnt of the server before, and remember
/// what is learnt now.
///
/// @param config  Must not be NULL.
/// @param peers   NULL, the default, for none. The configuration and its clients share it; it may be freed while they run.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration; any for `peers`.
/// Since: 0.1.0.
///
/// # Safety
/// `config` and `peers` are NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_peers(
    config: *mut smtpipe_config,
    peers: *const smtpipe_peers,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.peers = if peers.is_null() { None } else { Some(peek(peers)?.clone()) };
            Ok(())
        })
    }
}

/// Sends EHLO and what follows before the server greets, if it is known to allow that: the peer cache says that it offered
/// PIPECONNECT last time. A server that minds costs another connection; nothing is lost, and nothing is sent twice.
///
/// On Linux a client's first bytes then go with the request for the connection (TCP Fast Open, RFC 7413), where the kernel allows
/// it (net.ipv4.tcp_fastopen) and has spoken with that server before. Where nobody takes the connection, nothing was sent.
///
/// With such a server smtpipe_client_connect() returns as soon as there is a connection, the capabilities are those of last time,
/// and a refusal of the whole session is told by the outcomes and smtpipe_client_error().
///
/// @param config  Must not be NULL.
/// @param on      0 is off, any other number on (the default).
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_early(config: *mut smtpipe_config, on: i32) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(config, |config| config.options.early = on != 0) }
}

/// Tells a session what was learnt of its server before. For a driver, before the first smtpipe_session_start(); clients do it
/// by themselves.
///
/// @param session  Must not be NULL.
/// @param peers    Must not be NULL.
/// @param address  Where the server is: address and port, such as "192.0.2.1:25" or "[2001:db8::1]:25", or the path of a unix
///                 socket. Must not be NULL.
/// @param name     The host name asked for, in lower case; "" for a unix socket. Must not be NULL.
/// @param tls      0 if the connection is not encrypted, any other number if it is.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if the server is not remembered; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_STATE if the
///         session has a connection: it knows better then.
///
/// Threads: one at a time per session; any for `peers`.
/// Since: 0.1.0.
///
/// # Safety
/// `session` and `peers` are NULL or live; `address` and `name` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_recall(
    session: *mut smtpipe_session,
    peers: *const smtpipe_peers,
    address: *const c_char,
    name: *const c_char,
    tls: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(session, |session| {
            let (peers, key) = (peek(peers)?, key(address, name, tls)?);
            if !session.session.is_detached() {
                return Err(smtpipe_status::SMTPIPE_ERR_STATE.into());
            }
            let record = peers.get(&key).ok_or(smtpipe_status::SMTPIPE_NOTHING)?;
            session.session.set_peer_record(record);
            Ok(())
        })
    }
}

/// Remembers what a session has learnt of its server. For a driver, behind the events of readiness, of a level gained or lost and
/// of the end; clients do it by themselves.
///
/// @param session  Must not be NULL.
/// @param peers    Must not be NULL.
/// @param address  As for smtpipe_session_recall().
/// @param name     As for smtpipe_session_recall().
/// @param tls      As for smtpipe_session_recall().
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
///
/// Threads: one at a time per session; any for `peers`.
/// Since: 0.1.0.
///
/// # Safety
/// `session` and `peers` are NULL or live; `address` and `name` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_session_remember(
    session: *mut smtpipe_session,
    peers: *const smtpipe_peers,
    address: *const c_char,
    name: *const c_char,
    tls: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(session, |session| {
            peek(peers)?.put(key(address, name, tls)?, session.session.peer_record().clone());
            Ok(())
        })
    }
}

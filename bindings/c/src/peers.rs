//! `smtpipe_peers`: what is remembered of servers, shared by all clients whose configurations name it. The one handle that any
//! number of threads may use for whatever call: the cache behind it has a lock of its own.

use crate::config::file_path;
use crate::handle::{Failure, Opaque, Out, bytes, free, give, guard, read, shareable, text, with};
use crate::status::smtpipe_status;
use engine::client::{PeerKey, Peers};
use std::ffi::c_char;

/// What is remembered of servers: what they offered, the levels that they earned or failed, how far away they are. It only
/// decides what is tried first: a server that has changed corrects it. It keeps the 10,000 servers heard of last, and believes a
/// record for a week.
///
/// Clients and sessions share it by smtpipe_config_set_peers() and smtpipe_session_recall(), and keep what they need of it:
/// it may be freed while they run. Any number of threads may use it at a time, for whatever call but the freeing.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_peers {
    _private: [u8; 0],
}

impl Opaque for smtpipe_peers {
    type Inner = Peers;
}

// The documentation promises that any number of threads may use it at a time.
const _: () = shareable::<Peers>();

/// The system's refusal to read or write a file.
fn file_failure(error: std::io::Error) -> Failure {
    Failure::new(smtpipe_status::SMTPIPE_ERR_IO, error)
}

/// Makes an empty cache.
///
/// @param peers  Gets the cache. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: free it with smtpipe_peers_free().
/// Threads: any.
/// Since: 0.1.0.
///
/// # Safety
/// `peers` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_peers_new(peers: *mut *mut smtpipe_peers) -> smtpipe_status {
    guard(|| {
        // SAFETY: the caller's promise, see above.
        let out = unsafe { Out::new(peers)? };
        out.set(give(Peers::new()));
        Ok(())
    })
}

/// Frees a cache. Configurations and clients that were given it go on sharing what is behind it.
///
/// @param peers  May be NULL.
///
/// Threads: no other call on `peers` at the same time, none after.
/// Since: 0.1.0.
///
/// # Safety
/// `peers` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_peers_free(peers: *mut smtpipe_peers) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(peers) }
}

/// Makes a cache of what smtpipe_peers_to_bytes() gave. Anything else gives an empty one.
///
/// @param data   May be NULL when `len` is 0.
/// @param len    Number of bytes at `data`.
/// @param peers  Gets the cache. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than an object can be.
///
/// Ownership: free it with smtpipe_peers_free(). `data` may be reused when the call returns.
/// Threads: any.
/// Since: 0.1.0.
///
/// # Safety
/// `data` is readable for `len` bytes; `peers` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_peers_from_bytes(
    data: *const u8,
    len: usize,
    peers: *mut *mut smtpipe_peers,
) -> smtpipe_status {
    guard(|| {
        // SAFETY: the caller's promise, see above.
        let (out, data) = unsafe { (Out::new(peers)?, bytes(data, len)?) };
        out.set(give(Peers::from_bytes(data)));
        Ok(())
    })
}

/// Gives the whole cache as bytes, in the form of the file that smtpipe_peers_save() writes.
///
/// @param peers  Must not be NULL.
/// @param data   Gets the bytes, which are text without a NUL. Must not be NULL.
/// @param len    Gets their number. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: free the bytes with smtpipe_peers_bytes_free().
/// Threads: any.
/// Since: 0.1.0.
///
/// # Safety
/// `peers` is NULL or live; `data` and `len` are NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_peers_to_bytes(
    peers: *const smtpipe_peers,
    data: *mut *mut u8,
    len: *mut usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with(peers, |peers| {
            let (data, len) = (Out::new(data)?, Out::new(len)?);
            let bytes = peers.to_bytes().into_boxed_slice();
            len.set(bytes.len());
            data.set(Box::into_raw(bytes).cast());
            Ok(())
        })
    }
}

/// Frees what smtpipe_peers_to_bytes() gave.
///
/// @param data  May be NULL.
/// @param len   The length that was given with it.
///
/// Threads: any.
/// Since: 0.1.0.
///
/// # Safety
/// `data` is NULL, or came with `len` from `smtpipe_peers_to_bytes` and is not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_peers_bytes_free(data: *mut u8, len: usize) {
    if !data.is_null() {
        // SAFETY: by the contract above it is the boxed slice that was given out, and nobody else owns it.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(data, len)) });
    }
}

/// Makes a cache of a file. There being none, or a damaged one, gives an empty cache.
///
/// @param path   The file, in whatever bytes the file system has. Must not be NULL or empty.
/// @param peers  Gets the cache. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the path is empty; SMTPIPE_ERR_IO if there is a file that can't be
///         read.
///
/// Ownership: free it with smtpipe_peers_free().
/// Threads: any.
/// Since: 0.1.0.
///
/// # Safety
/// `path` is NULL or NUL-terminated; `peers` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_peers_load(
    path: *const c_char,
    peers: *mut *mut smtpipe_peers,
) -> smtpipe_status {
    guard(|| {
        // SAFETY: the caller's promise, see above.
        let (out, path) = unsafe { (Out::new(peers)?, file_path(path)?) };
        out.set(give(Peers::load(path).map_err(file_failure)?));
        Ok(())
    })
}

/// Saves the cache in a file, in place of an older one: whoever reads it finds the whole old or the whole new. It is written
/// beside the old one first and then renamed.
///
/// @param peers  Must not be NULL.
/// @param path   As for smtpipe_peers_load().
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the path is empty; SMTPIPE_ERR_IO, and then the older file is as it
///         was.
///
/// Threads: any.
/// Since: 0.1.0.
///
/// # Safety
/// `peers` is NULL or live; `path` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_peers_save(
    peers: *const smtpipe_peers,
    path: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { with(peers, |peers| peers.save(file_path(path)?).map_err(file_failure)) }
}

/// How many servers are remembered.
///
/// @param peers  May be NULL.
///
/// @return The number; 0 for NULL.
///
/// Threads: any.
/// Since: 0.1.0.
///
/// # Safety
/// `peers` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_peers_count(peers: *const smtpipe_peers) -> usize {
    // SAFETY: the caller's promise, see above.
    unsafe { read(peers, |_| 0, Peers::len) }
}

/// Forgets every server.
///
/// @param peers  Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: any.
/// Since: 0.1.0.
///
/// # Safety
/// `peers` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_peers_clear(peers: *const smtpipe_peers) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with(peers, |peers| {
            peers.clear();
            Ok(())
        })
    }
}

/// Forgets a server, so that the next session with it finds out anew what it bears.
///
/// @param peers    Must not be NULL.
/// @param address  Where a client found it: address and port, such as "192.0.2.1:25" or "[2001:db8::1]:25", or the path of a unix
///                 socket. Must not be NULL.
/// @param name     The host name asked for, in lower case; "" for a unix socket. Must not be NULL.
/// @param tls      0 if the connection was not encrypted, any other number if it was.
///
/// @return SMTPIPE_OK; SMTPIPE_NOTHING if it was not remembered; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT.
///
/// Threads: any.
/// Since: 0.1.0.
///
/// # Safety
/// `peers` is NULL or live; `address` and `name` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_peers_remove(
    peers: *const smtpipe_peers,
    address: *const c_char,
    name: *const c_char,
    tls: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with(peers, |peers| {
            let forgot = peers.remove(&key(address, name, tls)?);
            if forgot { Ok(()) } else { Err(smtpipe_status::SMTPIPE_NOTHING.into()) }
        })
    }
}

/// The key of a server, from C.
///
/// # Safety
/// `address` and `name` are NULL or NUL-terminated.
pub(crate) unsafe fn key(address: *const c_char, name: *const c_char, tls: i32) -> Result<PeerKey, Failure> {
    // SAFETY: by the contract above.
    let (address, name) = unsafe { (text(address)?, text(name)?) };
    Ok(PeerKey { address: address.to_owned(), name: name.to_owned(), tls: tls != 0 })
}

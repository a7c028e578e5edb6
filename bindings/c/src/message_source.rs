//! Content of a message that is drawn while it is sent: from a file descriptor, from a function of the caller's, or, for a
//! `smtpipe_session`, given piece by piece.

use crate::handle::{Failure, with_mut};
use crate::message::smtpipe_message;
use crate::status::smtpipe_status;
use bytes::{Bytes, BytesMut};
use engine::client::{Descriptor, Source};
use engine::session::Streamed;
use std::ffi::c_void;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Mutex, PoisonError};

/// How much a function is asked for at once.
const PIECE: usize = 64 * 1024;

/// As a length: nobody knows.
pub const SMTPIPE_LENGTH_UNKNOWN: i64 = -1;

/// What a `smtpipe_pull` returns that has nothing now: it is asked again, by the next call that drives the client, and by those that
/// block every few milliseconds.
pub const SMTPIPE_PULL_AGAIN: i64 = -1;
/// What a `smtpipe_pull` returns that has failed: the message is not sent.
pub const SMTPIPE_PULL_FAILED: i64 = -2;

/// Gives the next piece of a content: writes up to `size` bytes to `buffer`.
///
/// It returns how many it wrote, 0 at the end of the content, SMTPIPE_PULL_AGAIN or SMTPIPE_PULL_FAILED. (Any other negative number,
/// and more than `size`, is a failure too.)
///
/// It runs inside a call that drives the client, on that call's thread, and only when a recipient of the message was accepted. It
/// may block, and then so does that call. It must not call back into that client: it would get SMTPIPE_ERR_BUSY. It must return
/// normally: no longjmp, no exception.
#[allow(non_camel_case_types)]
pub type smtpipe_pull = Option<unsafe extern "C" fn(buffer: *mut u8, size: usize, user: *mut c_void) -> i64>;

/// Makes the next `smtpipe_pull` begin again with the first byte; returns 0 if it will. The rules are those of `smtpipe_pull`.
#[allow(non_camel_case_types)]
pub type smtpipe_rewind = Option<unsafe extern "C" fn(user: *mut c_void) -> i32>;

/// Called when a source is no longer needed. It runs inside whatever call of this library let go of it, on that call's thread; the
/// rules are those of `smtpipe_pull`.
#[allow(non_camel_case_types)]
pub type smtpipe_drop = Option<unsafe extern "C" fn(user: *mut c_void)>;

/// What a message knows of content that is drawn.
pub(crate) struct Drawn {
    declared: Streamed,
    origin: Origin,
}

enum Origin {
    /// A session is given it piece by piece.
    Pieces,
    /// A source that can be sent as often as one likes.
    File(Descriptor),
    /// One that goes with the first message sent.
    Once(Mutex<Option<Box<dyn Source>>>),
}

impl Drawn {
    /// What is said of it beforehand.
    #[allow(clippy::unnecessary_wraps, reason = "it stands where `pieces` may stand")]
    pub(crate) const fn declared(&self) -> Result<Streamed, Failure> {
        Ok(self.declared)
    }

    /// The source for one sending. `take` runs when it is there, and may still refuse.
    pub(crate) fn source<T>(
        &self,
        take: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<(T, Box<dyn Source>), Failure> {
        match &self.origin {
            Origin::Pieces => Err(Failure::new(
                smtpipe_status::SMTPIPE_ERR_NO_CONTENT,
                "the content is to be given piece by piece, which only a session takes",
            )),
            Origin::File(descriptor) => {
                let source = descriptor.try_clone().map_err(system)?;
                Ok((take()?, Box::new(source)))
            }
            Origin::Once(source) => {
                let mut source = source.lock().unwrap_or_else(PoisonError::into_inner);
                if source.is_none() {
                    return Err(Failure::new(
                        smtpipe_status::SMTPIPE_ERR_NO_CONTENT,
                        "the source of the content went with an earlier message",
                    ));
                }
                let taken = take()?;
                let source = source.take().ok_or(smtpipe_status::SMTPIPE_ERR_NO_CONTENT)?;
                Ok((taken, source))
            }
        }
    }

    /// For a session: whether it is given piece by piece.
    pub(crate) fn pieces(&self) -> Result<Streamed, Failure> {
        match self.origin {
            Origin::Pieces => Ok(self.declared),
            Origin::File(_) | Origin::Once(_) => Err(Failure::new(
                smtpipe_status::SMTPIPE_ERR_NO_CONTENT,
                "the content has a source, which only a client draws from",
            )),
        }
    }
}

fn system(error: io::Error) -> Failure {
    Failure::new(smtpipe_status::SMTPIPE_ERR_IO, error)
}

/// A function of the caller's as a source. Dropping it tells him so.
struct Function {
    pull: unsafe extern "C" fn(*mut u8, usize, *mut c_void) -> i64,
    rewind: smtpipe_rewind,
    buffer: BytesMut,
    release: Release,
}

/// Calls the caller's function exactly once: when it is dropped.
struct Release {
    done: smtpipe_drop,
    user: *mut c_void,
}

// SAFETY: the documentation of smtpipe_pull, smtpipe_rewind and smtpipe_drop says that they run on the thread of whichever call drives
// or drops; never on two at a time, since the source can't be shared.
unsafe impl Send for Function {}

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(done) = self.done {
            // SAFETY: the caller gave the function for exactly this call, and this is the only one.
            unsafe { done(self.user) }
        }
    }
}

impl Source for Function {
    fn pull(&mut self) -> io::Result<Option<Bytes>> {
        self.buffer.resize(PIECE, 0);
        // SAFETY: the buffer is writable for its length; the caller promised to be called so.
        let given = unsafe { (self.pull)(self.buffer.as_mut_ptr(), self.buffer.len(), self.release.user) };
        match usize::try_from(given) {
            Ok(0) => Ok(None),
            Ok(n) if n <= self.buffer.len() => Ok(Some(self.buffer.split_to(n).freeze())),
            Ok(_) => Err(io::Error::other("it said that it wrote more than there was room for")),
            Err(_) if given == SMTPIPE_PULL_AGAIN => Err(io::ErrorKind::WouldBlock.into()),
            Err(_) => Err(io::Error::other("it said so")),
        }
    }

    fn rewind(&mut self) -> io::Result<()> {
        let rewind = self.rewind.ok_or(io::ErrorKind::Unsupported)?;
        // SAFETY: the caller promised to be called so.
        let status = unsafe { rewind(self.release.user) };
        if status == 0 { Ok(()) } else { Err(io::Error::other("it could not begin again")) }
    }

    fn is_rewindable(&self) -> bool {
        self.rewind.is_some()
    }
}

fn declared(kind: Streamed, length: i64) -> Result<Streamed, Failure> {
    match u64::try_from(length) {
        Ok(length) => Ok(kind.length(length)),
        Err(_) if length == SMTPIPE_LENGTH_UNKNOWN => Ok(kind),
        Err(_) => {
            Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "length: neither a length nor unknown"))
        }
    }
}

/// Sets the content: what can be read from a file descriptor, read while it is sent.
///
/// Nothing is read before a recipient of the message is accepted; little of it is ever in memory; line ends are mended and dots
/// stuffed as in content given whole. A regular file is read from where the descriptor stands now, by offset (pread(2)), and can be
/// sent any number of times. Of anything else (a pipe, a socket) what is there is read, never waiting for more, whether or not it is
/// in non-blocking mode, and it can be sent once. If reading fails, or ends before `length` or goes on behind it, or gives nothing
/// for SMTPIPE_TIMER_SOURCE, the outcome is SMTPIPE_NOT_SENT with SMTPIPE_REASON_SOURCE_FAILED, and nobody gets a part of it.
///
/// @param message  Must not be NULL. Its kind of content is what it is now: see smtpipe_message_set_content_kind().
/// @param fd       Readable.
/// @param length   How many bytes there will be, as they are read; it is told to the server (SIZE, RFC 1870). SMTPIPE_LENGTH_UNKNOWN
///                 if that isn't known; of a regular file it is then what fstat(2) says.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `fd` or `length` can't be one; SMTPIPE_ERR_IO if the system refused
///         the descriptor. After an error the content is as it was.
///
/// Ownership: the descriptor is duplicated; the caller's own may be closed when the call returns.
/// Threads: one at a time per message. It is read on the thread of the calls that drive the client.
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_content_fd(
    message: *mut smtpipe_message,
    fd: i32,
    length: i64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            if fd < 0 {
                return Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "fd: negative"));
            }
            let mut declared = declared(message.streamed(), length)?;
            // Not negative; one that isn't open is refused by the system.
            let own = BorrowedFd::borrow_raw(fd).try_clone_to_owned().map_err(system)?;
            let descriptor = Descriptor::new(own).map_err(system)?;
            if let (None, Some(length)) = (declared.declared_length(), descriptor.length().map_err(system)?) {
                declared = declared.length(length);
            }
            let origin = if descriptor.is_rewindable() {
                Origin::File(descriptor)
            } else {
                Origin::Once(Mutex::new(Some(Box::new(descriptor))))
            };
            message.set_drawn(Drawn { declared, origin });
            Ok(())
        })
    }
}

/// Sets the content: what a function gives, asked for it while it is sent.
///
/// As smtpipe_message_set_content_fd(), but the source goes with the first message sent: for another, set one again.
///
/// @param message  Must not be NULL. Its kind of content is what it is now: see smtpipe_message_set_content_kind().
/// @param length   How many bytes there will be; SMTPIPE_LENGTH_UNKNOWN if that isn't known.
/// @param pull     Must not be NULL.
/// @param rewind   Called when the message has to go again after some of it was drawn: on another connection, or to the rest of its
///                 recipients. NULL if that is impossible; then what has to go again is SMTPIPE_NOT_SENT with
///                 SMTPIPE_REASON_SOURCE_SPENT.
/// @param release  Called exactly once, whatever this function returns, when the source is no longer needed: at the latest when the
///                 message and the client that it was given to are freed. NULL if nobody needs to know.
/// @param user     Passed to all three. May be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `length` can't be one. After an error the content is as it was, and
///         the source has been released.
///
/// Ownership: what `user` points at is lent until `release` is called.
/// Threads: one at a time per message. The functions are called on the thread of the calls that drive the client.
///
/// # Safety
/// `message` is NULL or live; the functions may be called with `user`, as their types say, until `release` was.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_content_callback(
    message: *mut smtpipe_message,
    length: i64,
    pull: smtpipe_pull,
    rewind: smtpipe_rewind,
    release: smtpipe_drop,
    user: *mut c_void,
) -> smtpipe_status {
    let release = Release { done: release, user };
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, move |message| {
            let pull = pull.ok_or(smtpipe_status::SMTPIPE_ERR_NULL)?;
            let declared = declared(message.streamed(), length)?;
            let source = Function { pull, rewind, buffer: BytesMut::new(), release };
            message.set_drawn(Drawn { declared, origin: Origin::Once(Mutex::new(Some(Box::new(source)))) });
            Ok(())
        })
    }
}

/// Says that the content will be given to a session piece by piece: see smtpipe_session_content(). A client doesn't take such a
/// message.
///
/// @param message     Must not be NULL. Its kind of content is what it is now: see smtpipe_message_set_content_kind().
/// @param length      How many bytes there will be; SMTPIPE_LENGTH_UNKNOWN if that isn't known.
/// @param rewindable  Whether the caller can begin again with the first byte, if the message has to go again.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `length` can't be one, and then the content is as it was.
///
/// Threads: one at a time per message.
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_content_pieces(
    message: *mut smtpipe_message,
    length: i64,
    rewindable: bool,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let declared = declared(message.streamed(), length)?;
            let declared = if rewindable { declared.rewindable() } else { declared };
            message.set_drawn(Drawn { declared, origin: Origin::Pieces });
            Ok(())
        })
    }
}

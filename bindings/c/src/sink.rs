//! `smtpipe_sink`: an embedded SMTP and LMTP server, for tests, demonstrations and measurements.

use crate::config::limit;
use crate::handle::{Failure, Opaque, Out, free, give, read, shareable, with, with_mut};
use crate::received::{ReceivedHandle, smtpipe_received};
use crate::sink_options::smtpipe_sink_options;
use crate::stats::fill;
use crate::status::smtpipe_status;
use engine::sink::{Sink, SinkStats};
use std::time::Duration;

/// A running sink: one thread of its own serves all its connections. What it really accepted can be asked at any time, from any
/// thread. Not a server for mail that matters: it stores nothing, and believes everybody.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_sink {
    _private: [u8; 0],
}

impl Opaque for smtpipe_sink {
    type Inner = Sink;
}

// The documentation promises that any number of threads may ask a sink at a time.
const _: () = shareable::<Sink>();

/// What a sink has counted. Fields may be appended; functions that write it take the size that the caller knows.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug)]
pub struct smtpipe_sink_counts {
    /// Connections accepted.
    pub connections: u64,
    /// Connections open now.
    pub open: u64,
    /// Messages accepted.
    pub messages: u64,
    /// Recipients of accepted messages.
    pub recipients: u64,
    /// Octets of accepted content, dots un-stuffed.
    pub content: u64,
    /// Command lines, good and bad.
    pub commands: u64,
    /// Negative replies.
    pub refused: u64,
    /// Octets received.
    pub bytes_in: u64,
    /// Octets sent.
    pub bytes_out: u64,
    /// Reads that brought something.
    pub reads: u64,
    /// Writes that took something.
    pub writes: u64,
    /// TLS handshakes done.
    pub handshakes: u64,
    /// Those that resumed an earlier session.
    pub resumed: u64,
}

impl From<SinkStats> for smtpipe_sink_counts {
    fn from(stats: SinkStats) -> Self {
        Self {
            connections: stats.connections,
            open: stats.open,
            messages: stats.messages,
            recipients: stats.recipients,
            content: stats.content,
            commands: stats.commands,
            refused: stats.refused,
            bytes_in: stats.bytes_in,
            bytes_out: stats.bytes_out,
            reads: stats.reads,
            writes: stats.writes,
            handshakes: stats.handshakes,
            resumed: stats.resumed,
        }
    }
}

/// Binds, and serves on a thread of its own from now on.
///
/// @param options  Must not be NULL. Not used any more when the call returns.
/// @param sink     Gets the sink. Must not be NULL.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if a rule's code doesn't fit its stage; SMTPIPE_ERR_IO if the address
///         can't be bound, the certificate or key can't be used, or the system is short of something. smtpipe_sink_options_reason() has the words.
///
/// Ownership: stop and free it with smtpipe_sink_stop().
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live; `sink` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_start(
    options: *mut smtpipe_sink_options,
    sink: *mut *mut smtpipe_sink,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let out = Out::new(sink)?;
            let sink = Sink::start(options.clone()).map_err(|error| {
                let status = match error.kind() {
                    std::io::ErrorKind::InvalidInput => smtpipe_status::SMTPIPE_ERR_VALUE,
                    _ => smtpipe_status::SMTPIPE_ERR_IO,
                };
                Failure::new(status, error)
            })?;
            out.set(give(sink));
            Ok(())
        })
    }
}

/// Ends all connections, waits for the thread to end, and frees the sink. Messages that were got from it stay.
///
/// @param sink  May be NULL.
///
/// Threads: no other call on `sink` at the same time, none after.
///
/// # Safety
/// `sink` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_stop(sink: *mut smtpipe_sink) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(sink) }
}

/// The TCP port that it listens on.
///
/// @param sink  May be NULL.
///
/// @return The port; 0 for a unix socket and for NULL.
///
/// Threads: any number at a time.
///
/// # Safety
/// `sink` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_port(sink: *const smtpipe_sink) -> u16 {
    // SAFETY: the caller's promise, see above.
    unsafe { read(sink, |_| 0, Sink::port) }
}

/// What it has counted. Whoever has seen a reply finds it counted.
///
/// @param sink   Must not be NULL.
/// @param stats  Gets the numbers. Must not be NULL.
/// @param size   sizeof(smtpipe_sink_counts) as the caller was compiled with it.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `size` is too small.
///
/// Threads: any number at a time.
///
/// # Safety
/// `sink` is NULL or live; `stats` is NULL or writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_stats(
    sink: *const smtpipe_sink,
    stats: *mut smtpipe_sink_counts,
    size: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above; the struct is all u64, so it has no padding.
    unsafe {
        with(sink, |sink| {
            fill(stats, size, size_of::<smtpipe_sink_counts>(), &smtpipe_sink_counts::from(sink.stats()))
        })
    }
}

/// Waits until so many messages were accepted and all connections have ended.
///
/// @param sink        Must not be NULL.
/// @param messages    How many, counted since the start.
/// @param timeout_ms  Milliseconds; SMTPIPE_FOREVER waits as long as it takes.
///
/// @return SMTPIPE_OK; SMTPIPE_TIMEOUT if the time passed first; SMTPIPE_ERR_NULL.
///
/// Threads: any number at a time.
///
/// # Safety
/// `sink` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_wait(
    sink: *const smtpipe_sink,
    messages: u64,
    timeout_ms: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with(sink, |sink| {
            // For ever, as far as anybody will see; an Instant may not hold more.
            let limit = limit(timeout_ms).unwrap_or(Duration::from_secs(u32::MAX.into()));
            if sink.wait(limit, |stats| stats.messages >= messages && stats.open == 0) {
                Ok(())
            } else {
                Err(smtpipe_status::SMTPIPE_TIMEOUT.into())
            }
        })
    }
}

/// The messages accepted and kept so far, in the order of their acceptance. The sink keeps them.
///
/// @param sink      Must not be NULL.
/// @param received  Gets the messages, perhaps none. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: free them with smtpipe_received_free(). They may outlive the sink. Content isn't copied.
/// Threads: any number at a time.
///
/// # Safety
/// `sink` is NULL or live; `received` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_messages(
    sink: *const smtpipe_sink,
    received: *mut *mut smtpipe_received,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with(sink, |sink| {
            Out::new(received)?.set(give(ReceivedHandle::new(sink.messages())));
            Ok(())
        })
    }
}

/// The same, and the sink keeps them no longer.
///
/// @param sink      Must not be NULL.
/// @param received  Gets the messages, perhaps none. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: free them with smtpipe_received_free(). They may outlive the sink.
/// Threads: any number at a time.
///
/// # Safety
/// `sink` is NULL or live; `received` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_take_messages(
    sink: *const smtpipe_sink,
    received: *mut *mut smtpipe_received,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with(sink, |sink| {
            Out::new(received)?.set(give(ReceivedHandle::new(sink.take_messages())));
            Ok(())
        })
    }
}

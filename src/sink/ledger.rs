//! What the sink's thread shares with everyone else: the messages it accepted, and its counters.
//!
//! Both are brought up to date before the replies that announce them are written: who has seen the reply finds
//! the message here.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

/// A message as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Which connection it came by, counted from 1.
    pub connection: u64,
    /// Who had logged in; empty for nobody.
    pub user: String,
    /// The reverse-path without brackets.
    pub sender: String,
    /// The recipients that were accepted (under LMTP, also after the content), in their order.
    pub recipients: Vec<String>,
    /// The parameters of MAIL, as they came.
    pub mail_params: String,
    /// The parameters of RCPT, one entry for each of `recipients`.
    pub rcpt_params: Vec<String>,
    /// The content with its dots un-stuffed.
    pub content: Bytes,
    /// Whether it came in chunks.
    pub via_bdat: bool,
}

/// A sink's counters, all from its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinkStats {
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
    /// TLS handshakes done.
    pub handshakes: u64,
    /// Those that resumed an earlier session.
    pub resumed: u64,
    /// Command lines, good and bad.
    pub commands: u64,
    /// Negative replies.
    pub refused: u64,
    /// Octets read from sockets.
    pub bytes_in: u64,
    /// Octets written to sockets.
    pub bytes_out: u64,
    /// Reads that brought something.
    pub reads: u64,
    /// Writes that took something.
    pub writes: u64,
}

macro_rules! counters {
    ($($name:ident),*) => {
        /// The same counters, to be read without a lock.
        #[derive(Debug, Default)]
        struct Counters { $($name: AtomicU64),* }

        impl Counters {
            fn add(&self, delta: &SinkStats) {
                $(if delta.$name != 0 {
                    // Wraps: `open` goes down by adding a negative number.
                    self.$name.fetch_add(delta.$name, Ordering::Release);
                })*
            }

            fn read(&self) -> SinkStats {
                SinkStats { $($name: self.$name.load(Ordering::Acquire)),* }
            }
        }
    };
}

counters!(
    connections,
    open,
    messages,
    recipients,
    content,
    handshakes,
    resumed,
    commands,
    refused,
    bytes_in,
    bytes_out,
    reads,
    writes
);

/// Shared by the sink's handle and its thread.
#[derive(Debug, Default)]
pub(super) struct Shared {
    counters: Counters,
    messages: Mutex<Vec<Received>>,
    changed: Condvar,
    waiting: AtomicU64,
    stop: AtomicBool,
}

impl Shared {
    pub(super) fn stats(&self) -> SinkStats {
        self.counters.read()
    }

    pub(super) fn messages(&self) -> MutexGuard<'_, Vec<Received>> {
        // The data is a plain list: a panic elsewhere can't have left it half changed.
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to the counters, after the messages they speak of.
    pub(super) fn publish(&self, messages: &mut Vec<Received>, delta: &SinkStats) {
        if !messages.is_empty() {
            self.messages().append(messages);
        }
        self.counters.add(delta);
        // Sequentially consistent on both sides: either this thread sees the waiter, or the waiter the counters.
        std::sync::atomic::fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            drop(self.messages());
            self.changed.notify_all();
        }
    }

    /// Waits until `enough` says so; false if the time passes first.
    pub(super) fn wait(&self, timeout: Duration, enough: impl Fn(&SinkStats) -> bool) -> bool {
        let start = Instant::now();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        std::sync::atomic::fence(Ordering::SeqCst);
        let mut guard = self.messages();
        let result = loop {
            if enough(&self.stats()) {
                break true;
            }
            let Some(left) = timeout.checked_sub(start.elapsed()).filter(|left| !left.is_zero()) else {
                break false;
            };
            guard = self.changed.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        };
        drop(guard);
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        result
    }

    pub(super) fn request_stop(&self) {
        self.stop.store(true, Ordering::Release);
    }

    pub(super) fn stop_requested(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

/// A counter going down by one, as [`Counters::add`] understands it.
pub(super) const MINUS_ONE: u64 = u64::MAX;

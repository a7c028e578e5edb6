//! What the benchmark's programs share: an allocator that counts, and the content that is sent.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

static LIVE: AtomicUsize = AtomicUsize::new(0);
static COUNT: AtomicU64 = AtomicU64::new(0);

/// The system's allocator, counting calls and the bytes that are alive.
#[derive(Debug)]
pub struct Counting;

// SAFETY: every call goes to the system's allocator as it came; only counters are touched besides.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise about `at` and `layout` is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

/// Bytes that are allocated now.
pub fn live_bytes() -> usize {
    LIVE.load(Ordering::Relaxed)
}

/// Allocations made so far.
pub fn allocations() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// A message of `size` octets, canonical: a few headers, lines of 70 characters, CRLF at every end.
pub fn message(size: usize) -> Vec<u8> {
    const HEAD: &[u8] = b"From: Bench <sender@a.test>\r\nTo: <r0@b.test>\r\nSubject: benchmark\r\n\
        Message-ID: <1@a.test>\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\n";
    const LINE: &[u8] = b"One line of the body of a message, as long as most lines of text are.\r\n";
    let mut out = HEAD.to_vec();
    while out.len() + LINE.len() + 2 <= size {
        out.extend_from_slice(LINE);
    }
    out.resize(size.max(2) - 2, b'x');
    out.extend_from_slice(b"\r\n");
    out
}

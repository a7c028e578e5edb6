//! How much memory something takes at most: an allocator that counts, for each thread by itself.
#![allow(unsafe_code, reason = "an allocator can't be had without; it only counts and passes on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(octets: isize) {
    // A thread that is ending has nobody to count for.
    let _ = NOW.try_with(|now| {
        now.set(now.get() + octets);
        let _ = MOST.try_with(|most| most.set(most.get().max(now.get())));
    });
}

// SAFETY: every call is passed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller's promise is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller's promise is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many octets more than before were in use at once in this thread.
pub(crate) fn peak(work: impl FnOnce()) -> isize {
    let before = NOW.get();
    MOST.set(before);
    work();
    MOST.get() - before
}

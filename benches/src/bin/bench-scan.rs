//! P6: how fast content is looked through for line ends and dots, and that canonical content is neither copied nor
//! allocated for. Prints one line of JSON: GB/s (10^9 octets) by size, and the allocations of one scan.

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use smtpipe::wire::Content;
use smtpipe_bench::{Counting, allocations, message};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Octets that each measurement looks through.
const VOLUME: usize = 4 << 30;

fn main() {
    let mut results = Vec::new();
    for size in [2 << 10, 64 << 10, 1 << 20] {
        let bytes = Bytes::from(message(size));
        let before = allocations();
        let content = black_box(Content::new(bytes.clone()));
        let made = allocations() - before;
        let copied = content.bytes().as_ptr() != bytes.as_ptr();
        let rounds = VOLUME / size;
        let began = Instant::now();
        for _ in 0..rounds {
            black_box(Content::new(black_box(bytes.clone())));
        }
        let speed = (rounds * size) as f64 / began.elapsed().as_secs_f64() / 1e9;
        results.push(format!(
            "{{\"size\": {size}, \"gb_per_s\": {speed:.3}, \"allocations\": {made}, \"copied\": {copied}}}"
        ));
    }
    println!("[{}]", results.join(", "));
}

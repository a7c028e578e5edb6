//! Writes the content that every sender sends: `bench-content SIZE`.

use std::io::Write;

fn main() -> std::io::Result<()> {
    let size = std::env::args().nth(1).and_then(|size| size.parse().ok()).unwrap_or(2048);
    std::io::stdout().write_all(&smtpipe_bench::message(size))
}

//! What the Rust senders of the benchmark share: arguments, the message, the clocks, the line of results.
//!
//! Usage of each: `PROGRAM HOST PORT MESSAGES RECIPIENTS FILE` (FILE: the content, canonical).

use std::time::Instant;

/// One run: what to send, and the clocks since it began.
pub struct Peer {
    pub host: String,
    pub port: u16,
    pub messages: u64,
    pub recipients: Vec<String>,
    pub content: Vec<u8>,
    clock: Instant,
    cpu: f64,
}

impl Peer {
    /// Reads the arguments and starts the clocks.
    pub fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let [host, port, messages, recipients, file] = &arguments[..] else {
            panic!("usage: HOST PORT MESSAGES RECIPIENTS FILE");
        };
        let recipients: u32 = recipients.parse().expect("RECIPIENTS is a number");
        Self {
            host: host.clone(),
            port: port.parse().expect("PORT is a number"),
            messages: messages.parse().expect("MESSAGES is a number"),
            recipients: (0..recipients).map(|n| format!("r{n}@b.test")).collect(),
            content: std::fs::read(file).expect("FILE can be read"),
            cpu: cpu(),
            clock: Instant::now(),
        }
    }

    pub fn report(&self, accepted: u64) {
        let (seconds, cpu) = (self.clock.elapsed().as_secs_f64(), cpu() - self.cpu);
        let messages = self.messages;
        println!(
            "{{\"messages\": {messages}, \"accepted\": {accepted}, \"seconds\": {seconds:.6}, \"cpu\": {cpu:.6}}}"
        );
    }
}

/// Processor time of this process so far, user and system, in seconds.
fn cpu() -> f64 {
    // SAFETY: rusage is plain data, and getrusage only writes to it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let seconds = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

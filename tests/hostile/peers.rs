//! Servers that misbehave. `Bent` is a real one whose replies are tampered with; the others are made up.

use std::time::Duration;

use smtpipe::server::{ServerLimits, ServerOptions};

use super::harness::plan::Plan;
use super::harness::server::Server;
use super::harness::truth::Ledger;
use super::scene::Peer;

pub(crate) fn options() -> ServerOptions {
    ServerOptions {
        limits: ServerLimits { errors: 0, ..ServerLimits::default() },
        ..ServerOptions::default()
    }
}

/// What becomes of the nth reply (the greeting is number 0).
type Bend<'a> = Box<dyn FnMut(usize, &[u8]) -> Vec<u8> + 'a>;

/// A real server, and somebody between it and the client.
pub(crate) struct Bent<'a> {
    plan: &'a Plan,
    server: Server,
    pub(crate) ledger: Ledger,
    bend: Bend<'a>,
    spoken: Vec<u8>,
    pub(crate) replies: usize,
    /// It executes only the first command of what arrives at once, and throws the rest away.
    pub(crate) forgetful: bool,
    /// It stays connected behind a 421.
    pub(crate) stays: bool,
    /// It speaks and listens an octet a second.
    pub(crate) slow: bool,
    waiting: Vec<u8>,
    last: Duration,
    read: Duration,
}

impl<'a> Bent<'a> {
    pub(crate) fn new(plan: &'a Plan, bend: impl FnMut(usize, &[u8]) -> Vec<u8> + 'a) -> Self {
        let mut this = Self {
            plan,
            server: Server::new(options()),
            ledger: Ledger::new(plan),
            bend: Box::new(bend),
            spoken: Vec::new(),
            replies: 0,
            forgetful: false,
            stays: false,
            slow: false,
            waiting: Vec::new(),
            last: Duration::ZERO,
            read: Duration::ZERO,
        };
        this.receive(b"");
        this
    }

    pub(crate) fn straight(plan: &'a Plan) -> Self {
        Self::new(plan, |_, reply| reply.to_vec())
    }

    /// The question of that number is answered 421, and it's the last that is asked.
    pub(crate) fn shutting_down(plan: &'a Plan, at: usize) -> Self {
        let mut this = Self::straight(plan);
        this.server.leave_at = Some(at);
        this
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.server.receive(bytes, self.plan, &mut self.ledger);
        while self.server.say(&mut self.spoken) > 0 {
            self.server.receive(b"", self.plan, &mut self.ledger);
        }
        while let Some(end) = whole(&self.spoken) {
            let reply: Vec<u8> = self.spoken.drain(..end).collect();
            let bent = (self.bend)(self.replies, &reply);
            self.replies += 1;
            self.waiting.extend_from_slice(&bent);
        }
    }
}

/// The length of the first reply, if it is there in full.
fn whole(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        at += line.len();
        if line.get(3) == Some(&b' ') && line.ends_with(b"\n") {
            return Some(at);
        }
    }
    None
}

impl Peer for Bent<'_> {
    fn hear(&mut self, bytes: &[u8]) {
        if self.forgetful && !self.server.in_content() {
            let first = bytes.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default();
            return self.receive(first);
        }
        self.receive(bytes);
    }

    fn say(&mut self, now: Duration) -> Vec<u8> {
        if !self.slow {
            return std::mem::take(&mut self.waiting);
        }
        if self.waiting.is_empty() || now < self.last + Duration::from_secs(1) {
            return Vec::new();
        }
        self.last = now;
        vec![self.waiting.remove(0)]
    }

    fn room(&mut self, now: Duration) -> usize {
        if !self.slow {
            return usize::MAX;
        }
        let room = usize::from(now >= self.read + Duration::from_secs(1));
        if room > 0 {
            self.read = now;
        }
        room
    }

    fn gone(&self) -> Option<bool> {
        (self.server.is_closed() && self.waiting.is_empty() && !self.stays).then_some(false)
    }

    fn next(&self, now: Duration) -> Option<Duration> {
        self.slow.then_some(now + Duration::from_secs(1))
    }
}

/// Says the same thing to everything, once for each line (but after the greeting and EHLO).
pub(crate) struct Parrot {
    pub(crate) reply: &'static [u8],
    pub(crate) said: Vec<u8>,
    pub(crate) lines: usize,
}

impl Parrot {
    pub(crate) fn new(reply: &'static [u8]) -> Self {
        Self { reply, said: b"220 parrot\r\n".to_vec(), lines: 0 }
    }
}

impl Peer for Parrot {
    fn hear(&mut self, bytes: &[u8]) {
        for _ in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.lines == 0 {
                self.said.extend_from_slice(b"250-parrot\r\n250-CHUNKING\r\n250 PIPELINING\r\n");
            } else {
                self.said.extend_from_slice(self.reply);
            }
            self.lines += 1;
        }
    }

    fn say(&mut self, _now: Duration) -> Vec<u8> {
        std::mem::take(&mut self.said)
    }
}

/// Says this, whatever it hears; reads so much; and then is gone, or not.
pub(crate) struct Deaf {
    pub(crate) said: Vec<u8>,
    pub(crate) reads: usize,
    pub(crate) gone: Option<bool>,
}

impl Peer for Deaf {
    fn hear(&mut self, bytes: &[u8]) {
        self.reads -= bytes.len();
    }

    fn say(&mut self, _now: Duration) -> Vec<u8> {
        std::mem::take(&mut self.said)
    }

    fn room(&mut self, _now: Duration) -> usize {
        self.reads
    }

    fn gone(&self) -> Option<bool> {
        self.gone
    }
}

/// Says one octet of something endless each second.
pub(crate) struct Trickle {
    pub(crate) of: &'static [u8],
    pub(crate) at: usize,
    pub(crate) last: Duration,
}

impl Peer for Trickle {
    fn hear(&mut self, _bytes: &[u8]) {}

    fn say(&mut self, now: Duration) -> Vec<u8> {
        if now < self.last + Duration::from_secs(1) {
            return Vec::new();
        }
        self.last = now;
        self.at += 1;
        self.of.get((self.at - 1) % self.of.len()).copied().into_iter().collect()
    }

    fn next(&self, _now: Duration) -> Option<Duration> {
        Some(self.last + Duration::from_secs(1))
    }
}

/// Answers RCPT with this code, and at such length as a reply may have.
pub(crate) struct Verbose {
    pub(crate) code: &'static str,
    /// The commands that wait to be answered; content counts as one.
    pub(crate) waiting: Vec<&'static str>,
    pub(crate) said: usize,
}

impl Verbose {
    fn at_length(&self, code: &str) -> Vec<u8> {
        let line = format!("{code}-{} {}\r\n", self.said, "x".repeat(1800));
        let last = format!("{code} {}\r\n", self.said);
        [line.repeat(33).into_bytes(), last.into_bytes()].concat()
    }
}

impl Peer for Verbose {
    fn hear(&mut self, bytes: &[u8]) {
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            let accepted = self.code == "250";
            match line.get(..4) {
                Some(b"EHLO" | b"LHLO") => self.waiting.push("250-verbose\r\n250 PIPELINING\r\n"),
                Some(b"RCPT") => self.waiting.push("RCPT"),
                Some(b"DATA") => self.waiting.push(if accepted { "354 go on\r\n" } else { "554 nobody\r\n" }),
                Some(b"MAIL" | b"RSET" | b"QUIT") => self.waiting.push("250 ok\r\n"),
                _ if line == b".\r\n" => self.waiting.push("END"),
                _ => {}
            }
        }
    }

    fn say(&mut self, _now: Duration) -> Vec<u8> {
        self.said += 1;
        if self.said == 1 {
            return b"220 hi\r\n".to_vec();
        }
        if self.waiting.is_empty() {
            return Vec::new();
        }
        match self.waiting.remove(0) {
            "RCPT" => self.at_length(self.code),
            "END" => {
                // As often as LMTP may want it; what is too much comes behind the last outcome.
                self.waiting.extend(["FINAL"; 1500]);
                Vec::new()
            }
            "FINAL" => self.at_length("250"),
            said => said.as_bytes().to_vec(),
        }
    }
}

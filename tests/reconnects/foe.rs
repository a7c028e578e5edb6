//! A server that is another one on each connection: it offers what it likes, loses what it likes, refuses at random, and hangs up.
//! But what it takes it takes, and says so; so what is true of a message can be asked of it.

use super::common::server::path;
use super::random::Random;

/// What it took: from whom, for whom, what.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) content: Vec<u8>,
}

/// What it does with what came together with a final dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    Reads,
    Swallows,
    Answers503,
}

#[derive(Debug, PartialEq, Eq)]
enum Mode {
    Commands,
    Content,
    Chunk { left: usize, last: bool, keep: bool },
}

#[derive(Debug)]
pub(crate) struct Foe {
    random: Random,
    name: String,
    lmtp: bool,
    offers: Vec<&'static str>,
    most: usize,
    transactions: usize,
    behind: Behind,
    drains: bool,
    knows_rset: bool,
    takes_nobody: bool,
    /// RCPT without MAIL, and 354 without RCPT.
    loose: bool,
    /// Who speaks first is turned away.
    strict: bool,
    /// It hangs up behind so many replies.
    replies: usize,
    mode: Mode,
    input: Vec<u8>,
    output: Vec<u8>,
    sender: Option<String>,
    /// PRDR was asked for.
    each: bool,
    recipients: Vec<String>,
    content: Vec<u8>,
    begun: usize,
    /// It has said 421.
    tired: bool,
    greeted: bool,
    pub(crate) closed: bool,
    pub(crate) taken: Vec<Taken>,
}

impl Foe {
    /// The `nth` of them, by which it is called.
    pub(crate) fn new(nth: usize, mut random: Random, lmtp: bool) -> Self {
        let mut offers: Vec<&'static str> = Vec::new();
        for word in ["PIPELINING", "CHUNKING", "SIZE"] {
            offers.extend((!random.once_in(8)).then_some(word));
        }
        for word in ["8BITMIME", "PIPECONNECT", "DSN", "HELP", "XFORWARD ADDR", "PRDR"] {
            offers.extend(random.once_in(2).then_some(word));
        }
        let limits = ["LIMITS RCPTMAX=2", "LIMITS MAILMAX=1", "LIMITS MAILMAX=6", "LIMITS RCPTDOMAINMAX=1"];
        let limit = limits.get(random.below(10)).copied();
        offers.extend(limit);
        Self {
            name: format!("foe{nth}.example"),
            lmtp,
            most: if limit == Some("LIMITS RCPTMAX=2") { 2 } else { 1 + random.below(6) },
            transactions: match limit {
                Some("LIMITS MAILMAX=1") => 1,
                Some("LIMITS MAILMAX=6") => 6,
                _ => usize::MAX,
            },
            offers,
            behind: [Behind::Reads, Behind::Swallows, Behind::Answers503][random.below(3)],
            drains: random.once_in(2),
            knows_rset: !random.once_in(3),
            takes_nobody: random.once_in(5),
            loose: random.once_in(5),
            strict: random.once_in(2),
            replies: if random.once_in(6) { random.below(30) } else { usize::MAX },
            random,
            mode: Mode::Commands,
            input: Vec::new(),
            output: Vec::new(),
            sender: None,
            each: false,
            recipients: Vec::new(),
            content: Vec::new(),
            begun: 0,
            tired: false,
            greeted: false,
            closed: false,
            taken: Vec::new(),
        }
    }

    /// Takes what the client sent, and gives what is answered.
    pub(crate) fn exchange(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.input.extend_from_slice(bytes);
        if !std::mem::replace(&mut self.greeted, true) {
            self.closed = self.strict && !bytes.is_empty();
            self.say(if self.closed { "554 synchronization error" } else { "220 foe.example" });
        }
        while !self.closed && self.step() {}
        std::mem::take(&mut self.output)
    }

    fn step(&mut self) -> bool {
        if let Mode::Chunk { left, last, keep } = self.mode {
            let take = left.min(self.input.len());
            let part: Vec<u8> = self.input.drain(..take).collect();
            if keep {
                self.content.extend_from_slice(&part);
            }
            self.mode = Mode::Chunk { left: left - take, last, keep };
            if left > take {
                return false;
            }
            self.mode = Mode::Commands;
            match (keep, last) {
                (true, true) => self.end_of_content(),
                (true, false) => self.say("250 chunk"),
                (false, _) => self.say("503 no valid recipients"),
            }
            return true;
        }
        let Some(end) = self.input.windows(2).position(|two| two == b"\r\n") else { return false };
        let line: Vec<u8> = self.input.drain(..end + 2).collect();
        match self.mode {
            Mode::Content if line == b".\r\n" => {
                self.mode = Mode::Commands;
                self.end_of_content();
                match self.behind {
                    Behind::Reads => {}
                    Behind::Swallows => self.input.clear(),
                    Behind::Answers503 => {
                        let rest = std::mem::take(&mut self.input);
                        rest.split_inclusive(|&byte| byte == b'\n').for_each(|_| self.say("503 not now"));
                    }
                }
            }
            Mode::Content => self.content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line)),
            _ => self.command(&String::from_utf8_lossy(&line[..end])),
        }
        true
    }

    fn say(&mut self, reply: &str) {
        if self.replies == 0 {
            self.closed = true;
            return;
        }
        self.replies -= 1;
        self.output.extend_from_slice(reply.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    fn command(&mut self, line: &str) {
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" | "LHLO" => {
                let lines: Vec<String> =
                    [self.name.as_str()].iter().chain(&self.offers).map(|w| (*w).to_owned()).collect();
                let (last, others) = lines.split_last().unwrap();
                let others: String = others.iter().map(|word| format!("250-{word}\r\n")).collect();
                self.say(&format!("{others}250 {last}"));
            }
            "MAIL" if self.sender.is_some() => self.say("503 sender already given"),
            "MAIL" if self.begun >= self.transactions => {
                self.say("421 too many messages");
                self.closed = true;
            }
            // It may stay, as Exim does, and then says so to each.
            "MAIL" if self.tired || self.random.once_in(50) => {
                self.tired = true;
                self.say("421 tired");
                self.closed = self.random.once_in(2);
            }
            "MAIL" => {
                self.begun += 1;
                if self.random.once_in(8) {
                    return self.say("550 not from you");
                }
                self.sender = Some(path(line));
                self.each = line.ends_with(" PRDR") || line.contains(" PRDR ");
                self.say("250 sender ok");
            }
            "RCPT" => self.rcpt(&path(line)),
            "DATA" if self.recipients.is_empty() && !self.loose => self.say("554 no valid recipients"),
            "DATA" if self.random.once_in(12) => self.say("451 not now"),
            "DATA" if self.lmtp && self.recipients.is_empty() => self.say("503 nobody"),
            "DATA" => {
                self.mode = Mode::Content;
                self.say("354 go on");
            }
            "BDAT" => self.bdat(line),
            "RSET" if !self.knows_rset => self.say("502 what"),
            "RSET" => {
                self.reset();
                self.say("250 reset");
            }
            "XFORWARD" if self.random.once_in(3) => self.say("501 no"),
            "XFORWARD" | "NOOP" => self.say("250 ok"),
            "QUIT" => {
                self.say("221 bye");
                self.closed = true;
            }
            _ => self.say("500 what"),
        }
    }

    fn rcpt(&mut self, recipient: &str) {
        if recipient.is_empty() && !self.takes_nobody {
            self.say("501 nobody");
        } else if self.sender.is_none() && (!self.loose || self.tired) {
            self.say("503 need MAIL");
        } else if self.recipients.len() >= self.most {
            self.say("452 too many");
        } else if self.random.once_in(6) {
            self.say("550 no such user");
        } else {
            self.recipients.push(recipient.to_owned());
            self.say("250 recipient ok");
        }
    }

    fn bdat(&mut self, line: &str) {
        let mut words = line.split(' ').skip(1);
        let left = words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let last = words.next().is_some();
        let keep = !self.recipients.is_empty();
        if !keep && !self.drains {
            return self.say("503 no valid recipients");
        }
        self.mode = Mode::Chunk { left, last, keep };
    }

    fn end_of_content(&mut self) {
        let content = std::mem::take(&mut self.content);
        let recipients = std::mem::take(&mut self.recipients);
        let sender = self.sender.clone().unwrap_or_default();
        let mut served = Vec::new();
        if self.lmtp {
            for recipient in &recipients {
                if self.random.once_in(5) {
                    self.say("452 full");
                } else if self.replies > 0 {
                    served.push(recipient.clone());
                    self.say("250 taken");
                } else {
                    self.closed = true;
                }
            }
        } else if recipients.is_empty() {
            self.say("554 no valid recipients");
        } else if self.each && recipients.len() > 1 {
            self.say("353 each");
            for recipient in recipients {
                let full = self.random.once_in(4);
                self.say(if full { "452 full" } else { "250 well" });
                served.extend((!full).then_some(recipient));
            }
            if self.random.once_in(5) {
                served.clear();
                self.say("554 spam");
            } else {
                self.say("250 taken");
            }
        } else if self.random.once_in(6) {
            self.say("554 spam");
        } else {
            // It may hang up before it says so, but it has it.
            served = recipients;
            self.say("250 taken");
        }
        if !served.is_empty() {
            self.taken.push(Taken { sender, recipients: served, content });
        }
        self.reset();
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipients.clear();
        self.content.clear();
    }
}

//! A mail server in memory: RFC 5321, 2920, 3030, 2033; deterministic, with no clock and no socket.
//!
//! Its answers depend on the addresses and the content only: a sender `bad…` is refused, a recipient `no…` or `later…` is
//! refused, a recipient `full…` is refused after the content under LMTP and with PRDR, content with `spam` in it is refused. So what has
//! to become of a message is known before it is sent.
//!
//! It is as unforgiving as real servers are: a MAIL without RSET behind a failed transaction is refused, and the RCPT
//! behind it joins the old sender (Exim and Postfix do that).

/// What the server offers, and how it behaves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Manners {
    pub(crate) lmtp: bool,
    /// EHLO isn't known.
    pub(crate) old: bool,
    pub(crate) pipelining: bool,
    pub(crate) chunking: bool,
    pub(crate) size: Option<usize>,
    /// At most so many recipients in a transaction; 452 for the others.
    pub(crate) recipients: Option<usize>,
    /// RCPTMAX is told.
    pub(crate) tells_limit: bool,
    /// At most so many transactions on a connection, told as MAILMAX.
    pub(crate) transactions: Option<usize>,
    /// 354 is given although no recipient was accepted.
    pub(crate) polite: bool,
    /// PIPECONNECT is offered.
    pub(crate) early: bool,
    /// A client that speaks first is turned away.
    pub(crate) strict: bool,
    /// A refused chunk isn't swallowed: its lines are commands.
    pub(crate) undrained: bool,
    /// Whoever asks for it has a reply for each recipient.
    pub(crate) prdr: bool,
    /// XFORWARD is offered, and accepted or refused.
    pub(crate) forwards: Option<bool>,
    /// BINARYMIME is offered.
    pub(crate) binary: bool,
}

impl Manners {
    /// The lines of EHLO's reply behind the first.
    pub(crate) fn offers(&self) -> Vec<String> {
        let mut words = Vec::new();
        words.extend(self.pipelining.then(|| "PIPELINING".to_owned()));
        words.extend(self.early.then(|| "PIPECONNECT".to_owned()));
        words.extend(self.chunking.then(|| "CHUNKING".to_owned()));
        words.extend(self.binary.then(|| "BINARYMIME".to_owned()));
        words.extend(self.prdr.then(|| "PRDR".to_owned()));
        words.extend(self.forwards.map(|_| "XFORWARD NAME ADDR".to_owned()));
        words.extend(self.size.map(|s| format!("SIZE {s}")));
        let most = self.recipients.filter(|_| self.tells_limit);
        let most = most.map(|n| format!(" RCPTMAX={n}")).unwrap_or_default();
        let mails = self.transactions.map(|n| format!(" MAILMAX={n}")).unwrap_or_default();
        if !most.is_empty() || !mails.is_empty() {
            words.push(format!("LIMITS{most}{mails}"));
        }
        words.push("ENHANCEDSTATUSCODES".to_owned());
        words
    }
}

/// A message that this server is responsible for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    pub(crate) content: Vec<u8>,
    /// What XFORWARD said of it.
    pub(crate) forward: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Mode {
    Commands,
    /// Behind a 354.
    Content,
    /// So many octets of a chunk are left; it is the last; it is to be kept.
    Chunk {
        left: usize,
        last: bool,
        keep: bool,
    },
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Server {
    manners: Manners,
    mode: Mode,
    input: Vec<u8>,
    output: Vec<u8>,
    sender: Option<String>,
    recipients: Vec<String>,
    content: Vec<u8>,
    forward: String,
    /// This transaction's recipients have replies of their own.
    own: bool,
    begun: usize,
    greeted: bool,
    pub(crate) taken: Vec<Taken>,
    pub(crate) closed: bool,
}

impl Server {
    pub(crate) fn new(manners: &Manners) -> Self {
        Self {
            manners: manners.clone(),
            mode: Mode::Commands,
            input: Vec::new(),
            output: Vec::new(),
            sender: None,
            recipients: Vec::new(),
            content: Vec::new(),
            forward: String::new(),
            own: manners.lmtp,
            begun: 0,
            greeted: false,
            taken: Vec::new(),
            closed: false,
        }
    }

    /// Takes what the client sent, and gives what is answered.
    pub(crate) fn exchange(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.input.extend_from_slice(bytes);
        if !std::mem::replace(&mut self.greeted, true) {
            self.closed = self.manners.strict && !bytes.is_empty();
            self.say(if self.closed { "554 5.5.0 synchronization error" } else { "220 mx.example" });
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
                (true, false) => self.say("250 chunk taken"),
                (false, _) => self.say("503 5.5.1 no valid recipients"),
            }
            return true;
        }
        let Some(end) = self.input.windows(2).position(|w| w == b"\r\n") else { return false };
        let line: Vec<u8> = self.input.drain(..end + 2).collect();
        match self.mode {
            Mode::Content if line == b".\r\n" => {
                self.mode = Mode::Commands;
                self.end_of_content();
            }
            Mode::Content => self.content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line)),
            _ => self.command(&String::from_utf8_lossy(&line[..end])),
        }
        true
    }

    fn say(&mut self, reply: &str) {
        self.output.extend_from_slice(reply.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    fn command(&mut self, line: &str) {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" if self.manners.old => self.say("502 5.5.1 what?"),
            "EHLO" | "LHLO" => self.hello(),
            "HELO" => self.say("250 mx.example"),
            "MAIL" => self.mail(&path(line), line.split(' ').any(|word| word == "PRDR")),
            "XFORWARD" if self.sender.is_none() && self.manners.forwards == Some(true) => {
                self.forward.push_str(line);
                self.say("250 2.0.0 noted");
            }
            "XFORWARD" => self.say("550 5.7.0 not from you"),
            "RCPT" => self.rcpt(&path(line)),
            "DATA" if self.recipients.is_empty() && !(self.manners.polite && self.sender.is_some()) => {
                self.say("554 5.5.1 no valid recipients");
            }
            "DATA" => {
                self.mode = Mode::Content;
                self.say("354 go on");
            }
            "BDAT" => self.bdat(line),
            "RSET" => {
                self.reset();
                self.say("250 2.0.0 reset");
            }
            "NOOP" => self.say("250 2.0.0 ok"),
            "VRFY" => self.say("252 2.5.2 perhaps"),
            "QUIT" => {
                self.say("221 2.0.0 bye");
                self.closed = true;
            }
            _ => self.say("500 5.5.2 unknown"),
        }
    }

    fn hello(&mut self) {
        let words = self.manners.offers();
        self.say("250-mx.example");
        for (at, word) in words.iter().enumerate() {
            self.say(&format!("250{}{word}", if at + 1 < words.len() { '-' } else { ' ' }));
        }
    }

    fn mail(&mut self, sender: &str, prdr: bool) {
        if self.sender.is_some() {
            return self.say("503 5.5.1 sender already given");
        }
        self.begun += 1;
        if self.manners.transactions.is_some_and(|most| self.begun > most) {
            self.closed = true;
            return self.say("421 4.7.0 too many messages");
        }
        if sender.starts_with("bad") {
            return self.say("550 5.7.1 not from you");
        }
        if prdr && (!self.manners.prdr || self.manners.lmtp) {
            return self.say("555 5.5.4 PRDR wasn't offered");
        }
        self.own = self.manners.lmtp || prdr;
        self.sender = Some(sender.to_owned());
        self.say("250 2.1.0 ok");
    }

    fn rcpt(&mut self, recipient: &str) {
        if recipient.is_empty() {
            self.say("501 5.1.3 no recipient");
        } else if self.sender.is_none() {
            self.say("503 5.5.1 need MAIL");
        } else if self.manners.recipients.is_some_and(|most| self.recipients.len() >= most) {
            self.say("452 4.5.3 too many recipients");
        } else if recipient.starts_with("no") {
            self.say("550 5.1.1 no such user");
        } else if recipient.starts_with("later") {
            self.say("451 4.2.0 not now");
        } else {
            self.recipients.push(recipient.to_owned());
            self.say("250 2.1.5 ok");
        }
    }

    fn bdat(&mut self, line: &str) {
        if !self.manners.chunking {
            return self.say("500 5.5.1 unknown");
        }
        let mut words = line.split(' ').skip(1);
        let left = words.next().and_then(|n| n.parse().ok()).unwrap_or(0);
        let last = words.next().is_some();
        let keep = !self.recipients.is_empty();
        if !keep && self.manners.undrained {
            return self.say("503 5.5.1 no valid recipients");
        }
        self.mode = Mode::Chunk { left, last, keep };
    }

    fn end_of_content(&mut self) {
        let content = std::mem::take(&mut self.content);
        let sender = self.sender.clone().unwrap_or_default();
        let spam = content.windows(4).any(|w| w == b"spam");
        let recipients = std::mem::take(&mut self.recipients);
        let own = self.own;
        let full = |r: &String| own && r.starts_with("full");
        let served: Vec<String> = recipients.iter().filter(|r| !spam && !full(r)).cloned().collect();
        let whole = if spam { "554 5.7.1 spam" } else { "250 2.0.0 taken" };
        if recipients.is_empty() {
            self.say("554 5.5.1 no valid recipients");
        } else if own {
            // PRDR: an acceptance holds only if the whole is accepted, too.
            let prdr = !self.manners.lmtp;
            if prdr {
                self.say("353 each by himself");
            }
            for recipient in &recipients {
                self.say(match recipient {
                    _ if spam && !prdr => whole,
                    full_one if full(full_one) => "452 4.2.2 full",
                    _ => "250 2.0.0 taken",
                });
            }
            if prdr {
                self.say(whole);
            }
        } else {
            self.say(whole);
        }
        if !served.is_empty() {
            let forward = std::mem::take(&mut self.forward);
            self.taken.push(Taken { sender, recipients: served, content, forward });
        }
        self.reset();
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipients.clear();
        self.content.clear();
        // As Postfix does: what was said was for the message that doesn't come.
        self.forward.clear();
    }
}

/// The path of a MAIL or RCPT line.
pub(crate) fn path(line: &str) -> String {
    line.split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or_else(String::new, |(path, _)| path.to_owned())
}

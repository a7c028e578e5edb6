//! The referee: watches both directions of a connection, and knows what is true of every message.
//!
//! It is written from RFC 5321, 2920, 3030, 2033 and the design's rules, not from the engine. It does two things.
//! While it watches, it panics at anything a client may never do: a command behind DATA, a command in flight without
//! PIPELINING, a MAIL inside a transaction, content for nobody, content that isn't the message. At the end it compares
//! each outcome with what the bytes prove: delivered only after the final 2yz, `not_sent` only if the last byte of the
//! content didn't leave, `in_doubt` only in between.

use std::collections::VecDeque;

use super::fixture::Letter;
use super::path::path;
use super::replies::{Found, Replies};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Greeting,
    Hello,
    Mail,
    Rcpt(usize),
    Data,
    /// The end of content: a dot, or a chunk that is the last.
    End,
    /// A chunk that isn't the last.
    Chunk,
    Rset,
    /// XFORWARD, which may be pipelined (Postfix, XFORWARD_README).
    Forward,
    Quit,
    /// AUTH, or the answer to a challenge.
    Auth,
    Other,
}

impl Kind {
    /// May nothing follow it before its reply (RFC 2920 §3.1)?
    fn ends_group(self) -> bool {
        matches!(self, Self::Greeting | Self::Hello | Self::Data | Self::Quit | Self::Auth | Self::Other)
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: Kind,
    deal: usize,
    /// Replies still to come (more than one only in LMTP).
    replies: Option<usize>,
    /// A chunk that left before EHLO was answered: a record has it that this server swallows what it refuses.
    on_trust: bool,
}

/// One mail transaction, as the wire showed it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deal {
    pub(crate) sender: String,
    pub(crate) mail: Option<u16>,
    pub(crate) recipients: Vec<(String, Option<u16>)>,
    pub(crate) data: Option<u16>,
    pub(crate) content: Vec<u8>,
    /// The last byte of its content has left.
    pub(crate) committed: bool,
    /// Replies to the content: one, or in LMTP one for each accepted recipient.
    pub(crate) finals: Vec<u16>,
    /// The refusal of a chunk that isn't the last.
    pub(crate) part: Option<u16>,
    /// RSET, or its content, has ended it.
    ended: bool,
    /// A RSET behind it was accepted: of it nothing can be open.
    cleared: bool,
    /// The RSET in front of it was refused.
    pub(crate) mixed: bool,
    /// MAIL asked for a reply for each recipient.
    prdr: bool,
    /// 353 came, and then these replies for recipients, in the order of those accepted.
    pub(crate) own_finals: Option<Vec<u16>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Commands,
    Content,
    /// So many octets of a chunk are left; and whether it is the last.
    Chunk(u64, bool),
}

#[derive(Debug)]
pub(crate) struct Referee {
    pub(crate) lmtp: bool,
    letters: Vec<Letter>,
    replies: Replies,
    ledger: VecDeque<Entry>,
    line: Vec<u8>,
    mode: Mode,
    pub(crate) deals: Vec<Deal>,
    first_of_connection: usize,
    pipelining: bool,
    chunking: bool,
    reset_refused: bool,
    /// XFORWARD was answered, and nothing has taken it back: the next message would be taken for one from there.
    origin_told: bool,
    /// TLS was begun, and EHLO must come first.
    hello_due: bool,
    /// A challenge came, and must be answered.
    challenged: bool,
    /// Nobody else can read what is said, or it doesn't matter.
    pub(crate) private: bool,
    /// PIPECONNECT was offered on an earlier connection: the client may speak first.
    early: bool,
    /// It was offered on this one, which is for the next.
    early_next: bool,
    /// What was offered last, as far as the client knows: its name and the keywords, in order.
    known: Option<Vec<String>>,
    /// Something else is offered on this connection: it may be another server's.
    stranger: bool,
    /// The caller has said which level works: he knows the server, whatever it offers.
    pub(crate) stated: bool,
    /// The server said something that makes no sense: nothing later is believed.
    pub(crate) poisoned: bool,
    /// A 421 came.
    pub(crate) shut: bool,
    /// Commands and content that were answered, on this connection.
    pub(crate) answered: u64,
}

impl Referee {
    pub(crate) fn new(letters: &[Letter], lmtp: bool) -> Self {
        let mut referee = Self {
            lmtp,
            letters: letters.to_vec(),
            replies: Replies::default(),
            ledger: VecDeque::new(),
            line: Vec::new(),
            mode: Mode::Commands,
            deals: Vec::new(),
            first_of_connection: 0,
            pipelining: false,
            chunking: false,
            reset_refused: false,
            origin_told: false,
            hello_due: false,
            challenged: false,
            private: false,
            early: false,
            early_next: false,
            known: None,
            stranger: false,
            stated: false,
            poisoned: false,
            shut: false,
            answered: 0,
        };
        referee.connect();
        referee
    }

    /// The server allowed on an earlier connection, on which it offered this, that the client speaks first.
    pub(crate) fn allow_early(&mut self, known: Vec<String>) {
        self.early = true;
        self.known = Some(known);
        self.connect_early();
    }

    /// What may be assumed before EHLO is answered.
    const fn connect_early(&mut self) {
        (self.pipelining, self.chunking) = (self.early, self.early);
    }

    /// A further message may be sent.
    pub(crate) fn know(&mut self, letter: &Letter) {
        self.letters.push(letter.clone());
    }

    /// A new connection: nothing is remembered but what became of the messages.
    pub(crate) fn connect(&mut self) {
        self.replies = Replies::default();
        self.ledger =
            VecDeque::from([Entry { kind: Kind::Greeting, deal: 0, replies: Some(1), on_trust: false }]);
        self.line.clear();
        self.mode = Mode::Commands;
        self.first_of_connection = self.deals.len();
        self.challenged = false;
        (self.poisoned, self.shut, self.reset_refused, self.hello_due) = (false, false, false, false);
        (self.origin_told, self.stranger) = (false, false);
        self.early |= self.early_next;
        self.connect_early();
    }

    /// TLS was begun: what the server offered in clear counts for nothing (RFC 3207 §4.2).
    pub(crate) fn secured(&mut self) {
        assert!(self.ledger.is_empty(), "a command in flight across the change to TLS");
        (self.pipelining, self.chunking) = (false, false);
        self.hello_due = true;
        self.private = true;
    }

    /// Bytes that the client has written.
    pub(crate) fn client(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            if let Mode::Chunk(left, last) = self.mode {
                let take = usize::try_from(left).unwrap().min(rest.len());
                self.deal().content.extend_from_slice(&rest[..take]);
                rest = &rest[take..];
                self.chunk_progress(left - take as u64, last);
                continue;
            }
            rest = after;
            if self.line.is_empty() && self.mode == Mode::Commands {
                self.may_speak();
            }
            self.line.push(byte);
            if self.line.ends_with(b"\r\n") {
                let line = std::mem::take(&mut self.line);
                match self.mode {
                    Mode::Content => self.content_line(&line),
                    _ => self.command(&line[..line.len() - 2]),
                }
            }
        }
    }

    /// Whether the client stands in the middle of a command line.
    pub(crate) fn inside_a_command(&self) -> bool {
        self.mode == Mode::Commands && !self.line.is_empty()
    }

    fn may_speak(&self) {
        if let Some(last) = self.ledger.back() {
            let early = self.early && matches!(last.kind, Kind::Greeting | Kind::Hello);
            assert!(!last.kind.ends_group() || early, "a command behind an unanswered {:?}", last.kind);
            assert!(self.pipelining, "a command in flight behind {:?} without PIPELINING", last.kind);
        }
    }

    fn deal(&mut self) -> &mut Deal {
        self.deals.last_mut().expect("a transaction")
    }

    fn in_deal(&self) -> bool {
        self.deals.len() > self.first_of_connection && self.deals.last().is_some_and(|d| !d.ended)
    }

    fn command(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line).into_owned();
        assert!(!text.contains(['\r', '\n', '\0']), "a control character in {text:?}");
        if std::mem::take(&mut self.challenged) {
            let base64 = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
            assert!(base64 || text == "*", "{text} in answer to a challenge");
            return self.push(if text == "*" { Kind::Other } else { Kind::Auth });
        }
        let upper = text.to_ascii_uppercase();
        let verb = upper.split(' ').next().unwrap_or_default();
        let hello = matches!(verb, "EHLO" | "LHLO" | "HELO");
        assert!(hello || !std::mem::take(&mut self.hello_due), "{text} before EHLO, behind STARTTLS");
        self.hello_due = false;
        let kind = match verb {
            "EHLO" | "HELO" | "LHLO" => {
                assert_eq!(verb == "LHLO", self.lmtp, "{text}");
                Kind::Hello
            }
            "MAIL" => {
                assert!(!self.in_deal(), "MAIL inside a transaction: {:?}", self.deals.last());
                let sender = path(&text, "MAIL FROM:");
                let prdr = upper.split(' ').any(|word| word == "PRDR");
                self.deals.push(Deal { sender, prdr, ..Deal::default() });
                Kind::Mail
            }
            "RCPT" => {
                // Recipients may be on their way when the sender's refusal comes.
                let refused = self.deals.last().is_some_and(|d| d.mail.is_some_and(|c| c >= 400));
                assert!(self.in_deal() || refused, "RCPT outside a transaction");
                self.deal().ended = false;
                let address = path(&text, "RCPT TO:");
                self.deal().recipients.push((address, None));
                Kind::Rcpt(self.deal().recipients.len() - 1)
            }
            "DATA" => {
                assert!(self.in_deal(), "DATA outside a transaction");
                Kind::Data
            }
            "BDAT" => {
                assert!(self.in_deal() && self.chunking, "BDAT without CHUNKING or a transaction");
                let size = upper.split(' ').nth(1).and_then(|n| n.parse().ok()).expect("BDAT size");
                let last = upper.ends_with(" LAST");
                self.push(if last { Kind::End } else { Kind::Chunk });
                self.chunk_progress(size, last);
                return;
            }
            "RSET" => {
                if self.in_deal() {
                    self.deal().ended = true;
                }
                Kind::Rset
            }
            "XFORWARD" => {
                assert!(!self.in_deal(), "XFORWARD inside a transaction");
                Kind::Forward
            }
            "QUIT" => {
                assert!(self.ledger.is_empty(), "QUIT before the last reply");
                Kind::Quit
            }
            "AUTH" => {
                let mechanism = upper.split(' ').nth(1).unwrap_or_default();
                let shows = ["PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"].contains(&mechanism);
                assert!(self.private || !shows, "{mechanism} in clear text");
                // RFC 4954 §4: the initial response has to fit.
                assert!(line.len() + 2 <= 512 && self.ledger.is_empty(), "{mechanism} too long or not alone");
                Kind::Auth
            }
            _ => Kind::Other,
        };
        self.push(kind);
    }

    fn push(&mut self, kind: Kind) {
        let deal = self.deals.len().saturating_sub(1);
        let many = self.lmtp && kind == Kind::End;
        let on_trust = self.ledger.iter().any(|entry| entry.kind == Kind::Hello);
        self.ledger.push_back(Entry { kind, deal, replies: if many { None } else { Some(1) }, on_trust });
    }

    fn chunk_progress(&mut self, left: u64, last: bool) {
        self.mode = Mode::Chunk(left, last);
        if left == 0 {
            self.mode = Mode::Commands;
            if last {
                self.commit();
                // A refused chunk leaves the transaction open on some servers: only a known success ends it.
                self.deal().ended = false;
            }
        }
    }

    fn content_line(&mut self, line: &[u8]) {
        if line == b".\r\n" {
            self.mode = Mode::Commands;
            self.commit();
            self.deal().ended = true;
        } else {
            let line = if line.starts_with(b".") { &line[1..] } else { line };
            self.deal().content.extend_from_slice(line);
        }
    }

    fn commit(&mut self) {
        let deal = self.deals.last_mut().expect("a transaction");
        deal.committed = true;
        if deal.recipients.iter().all(|(address, _)| address.is_empty()) {
            return; // a probe: its recipient can't be valid
        }
        let letter = self.letters.iter().find(|l| l.sender.address == deal.sender).expect("a known sender");
        let nobody = deal.recipients.iter().all(|(_, code)| code.is_some_and(|c| c >= 400));
        if nobody && deal.data.is_some() {
            assert!(deal.content.is_empty(), "content although no recipient was accepted");
        } else {
            assert_eq!(
                super::escape::show(&deal.content),
                super::escape::show(&letter.canonical()),
                "the content of {}",
                letter.name
            );
        }
    }

    /// Bytes that the client has been given.
    pub(crate) fn server(&mut self, bytes: &[u8]) {
        self.replies.push(bytes);
        while !self.poisoned {
            match self.replies.next() {
                Found::Nothing => return,
                Found::Garbage => self.poisoned = true,
                Found::Reply(code, lines) => self.reply(code, &lines),
            }
        }
    }

    fn reply(&mut self, code: u16, lines: &[Vec<u8>]) {
        if code == 421 {
            self.shut = true;
        }
        let Some(front) = self.ledger.front().copied() else {
            self.poisoned = !self.shut;
            return;
        };
        if front.kind == Kind::End && self.own_reply(front.deal, code) {
            return;
        }
        // Only DATA (which has no 2yz) and AUTH have a 3yz; content that is still on its way can't have been accepted.
        let early = front.kind == Kind::End && !self.deals[front.deal].committed && code < 300;
        let challenge = front.kind == Kind::Auth && code / 100 == 3;
        if (code / 100 == 3) != (challenge || front.kind == Kind::Data && code < 400) || early {
            self.poisoned = true;
            return;
        }
        self.answered += 1;
        self.challenged = challenge;
        let deal = self.deals.get_mut(front.deal);
        match (front.kind, deal) {
            (Kind::Rset, deal) => {
                // Harmless if the transaction before it is known to have come to its end.
                let over = deal.is_none_or(|d| {
                    d.cleared |= code < 300;
                    let taken = d.recipients.iter().any(|(_, code)| code.is_some_and(|c| c < 300));
                    let nothing = d.mail.is_some_and(|c| c >= 400) && !taken && !d.mixed;
                    d.cleared || nothing || d.finals.iter().any(|&c| c < 300 || d.data.is_some())
                });
                self.reset_refused = code >= 400 && (!over || self.origin_told);
                self.origin_told &= code >= 400;
            }
            (Kind::Forward, _) => self.origin_told = true,
            (Kind::Mail, Some(deal)) => {
                deal.mail = Some(code);
                deal.mixed = std::mem::take(&mut self.reset_refused);
                // A refused sender opens no transaction; recipients behind it may have joined an older one.
                deal.ended |= code >= 400 && deal.recipients.is_empty();
            }
            (Kind::Rcpt(at), Some(deal)) => deal.recipients[at].1 = Some(code),
            (Kind::Data, Some(deal)) => {
                deal.data = Some(code);
                if code < 400 {
                    self.ledger.pop_front();
                    self.mode = Mode::Content;
                    self.push(Kind::End);
                    return;
                }
            }
            (Kind::End, Some(deal)) => {
                deal.finals.push(code);
                let accepted = deal.recipients.iter().filter(|(_, c)| c.is_some_and(|c| c < 300)).count();
                let left = front.replies.unwrap_or(accepted.max(1)) - 1;
                if left > 0 {
                    self.ledger.front_mut().expect("the same entry").replies = Some(left);
                    return;
                }
                if code < 300 {
                    deal.ended = true;
                    self.origin_told = false;
                }
                // A chunk that this server may not have swallowed: what follows may be replies to lines of it.
                let refused = code >= 400 && !(self.lmtp && accepted > 0);
                self.poisoned |= refused && front.on_trust && self.stranger && !self.stated;
            }
            (Kind::Chunk, Some(deal)) if code >= 400 => {
                deal.part.get_or_insert(code);
            }
            // A server that greets with a refusal executes nothing.
            (Kind::Greeting, _) if code >= 400 => {
                self.deals[self.first_of_connection..].iter_mut().for_each(|d| d.committed = false);
            }
            (Kind::Hello, _) if code < 300 => {
                let has = |word: &[u8]| {
                    lines.iter().skip(1).any(|l| {
                        l.split(|&b| matches!(b, b' ' | b'\t'))
                            .next()
                            .is_some_and(|keyword| keyword.eq_ignore_ascii_case(word))
                    })
                };
                (self.pipelining, self.chunking) = (has(b"PIPELINING"), has(b"CHUNKING"));
                self.early_next = has(b"PIPECONNECT") && has(b"PIPELINING");
                let offered = lines.iter().map(|line| String::from_utf8_lossy(line).into_owned());
                let offered = Some(features(offered));
                self.stranger = self.known.is_some() && self.known != offered;
                self.known = offered;
            }
            _ => {}
        }
        self.ledger.pop_front();
    }

    /// PRDR: 353 behind content that has left, and as many replies behind it as recipients were accepted.
    fn own_reply(&mut self, deal: usize, code: u16) -> bool {
        let deal = &mut self.deals[deal];
        let accepted = deal.recipients.iter().filter(|(_, c)| c.is_some_and(|c| c < 300)).count();
        match &mut deal.own_finals {
            None if deal.prdr && deal.committed && accepted > 0 && code / 100 == 3 => {
                deal.own_finals = Some(Vec::new());
            }
            Some(own) if own.len() < accepted && code / 100 != 3 => own.push(code),
            _ => return false,
        }
        true
    }
}

/// What tells a server from another: the words of EHLO's reply, its name among them, in order; without those that depend on who
/// asks, and over what.
pub(crate) fn features(lines: impl Iterator<Item = String>) -> Vec<String> {
    let words = lines.filter_map(|line| line.split_ascii_whitespace().next().map(str::to_ascii_uppercase));
    let own = ["STARTTLS", "AUTH", "PIPECONNECT", "PIPE_CONNECT", "X_PIPE_CONNECT"];
    let mut words: Vec<String> = words.filter(|word| !own.contains(&word.as_str())).collect();
    words.sort_unstable();
    words
}

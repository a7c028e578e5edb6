//! The far end: the library's server half, an application that answers by the addresses, and the ledger of what it accepted.

use smtpipe::server::{Request, ServerOptions, ServerSession};

use super::plan::{Plan, origin};
use super::truth::Ledger;

pub(crate) struct Server {
    session: ServerSession,
    sender: String,
    recipients: Vec<String>,
    content: Vec<u8>,
    /// What XFORWARD has said for the next MAIL.
    forward: String,
    /// It offers to hear it.
    forwards: bool,
    /// The messages of the plan whose MAIL it has been asked about; the probe's is none of them.
    pub(crate) mails: Vec<Option<usize>>,
    /// The question of that number (counted from 0, the greeting) is answered 421.
    pub(crate) leave_at: Option<usize>,
    asked: usize,
    in_content: bool,
}

enum Answer {
    None,
    Chunk,
    Accept,
    Reply(u16),
    End(u32),
}

impl Server {
    pub(crate) fn new(options: ServerOptions) -> Self {
        Self {
            forwards: options.extensions.iter().any(|line| line.starts_with("XFORWARD")),
            session: ServerSession::new(options),
            sender: String::new(),
            recipients: Vec::new(),
            content: Vec::new(),
            forward: String::new(),
            mails: Vec::new(),
            leave_at: None,
            asked: 0,
            in_content: false,
        }
    }

    pub(crate) fn receive(&mut self, bytes: &[u8], plan: &Plan, ledger: &mut Ledger) {
        self.session.feed(bytes);
        self.work(plan, ledger);
    }

    pub(crate) fn end_of_input(&mut self, plan: &Plan, ledger: &mut Ledger) {
        self.session.end_of_input();
        self.work(plan, ledger);
    }

    /// What it has to say now, appended.
    pub(crate) fn say(&mut self, to: &mut Vec<u8>) -> usize {
        let n = self.session.output().len();
        to.extend_from_slice(self.session.output());
        self.session.sent(n);
        n
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.session.is_closed()
    }

    /// Behind a 354.
    pub(crate) const fn in_content(&self) -> bool {
        self.in_content
    }

    fn work(&mut self, plan: &Plan, ledger: &mut Ledger) {
        while let Some(request) = self.session.next_request() {
            let answer = match request {
                Request::Mail { from, .. } => {
                    let number = plan.number_of(from.as_str());
                    self.mails.push(number);
                    // As with Postfix, it stays said when MAIL is refused.
                    let told = self.forward.as_str();
                    let due = number.and_then(origin).filter(|_| self.forwards);
                    if due.is_some() == told.is_empty() || !due.is_none_or(|due| told.contains(&due)) {
                        ledger.complain(format!("{from:?} was forwarded from {told:?}"));
                    }
                    self.recipients.clear();
                    self.content.clear();
                    self.sender.clear();
                    self.sender.push_str(from.as_str());
                    if self.sender.starts_with("bad") { Answer::Reply(550) } else { Answer::Accept }
                }
                Request::Rcpt { to, .. } => {
                    let to = to.as_str();
                    if to.starts_with("no") {
                        Answer::Reply(550)
                    } else if to.starts_with("later") {
                        Answer::Reply(451)
                    } else {
                        self.recipients.push(to.to_owned());
                        Answer::Accept
                    }
                }
                Request::Data | Request::Bdat { .. } if self.sender.starts_with("nodata") => {
                    Answer::Reply(451)
                }
                Request::Content(bytes) => {
                    self.content.extend_from_slice(bytes);
                    Answer::None
                }
                Request::ContentEnd { replies } => Answer::End(replies),
                Request::Unknown { verb, argument } if verb.eq_ignore_ascii_case("XFORWARD") => {
                    self.forward.push_str(argument);
                    Answer::Accept
                }
                Request::Rset => {
                    // As Postfix does: what was said was for the message that doesn't come.
                    self.forward.clear();
                    self.recipients.clear();
                    self.content.clear();
                    Answer::Accept
                }
                // Its reply comes behind the chunk: that is asked about as well.
                Request::Bdat { .. } => Answer::Chunk,
                Request::Data => {
                    self.in_content = true;
                    Answer::Accept
                }
                _ => Answer::Accept,
            };
            let leaves = self.leave_at == Some(self.asked);
            self.asked += usize::from(!matches!(answer, Answer::None | Answer::Chunk));
            match answer {
                Answer::Accept | Answer::Reply(_) | Answer::End(_) if leaves => {
                    self.session.reply(421, "leaving").unwrap();
                }
                Answer::None => {}
                Answer::Chunk => self.session.accept().unwrap(),
                Answer::Accept => self.session.accept().unwrap(),
                Answer::Reply(code) => self.session.reply(code, "no").unwrap(),
                Answer::End(replies) => self.end_of_content(replies, plan, ledger),
            }
        }
    }

    fn end_of_content(&mut self, replies: u32, plan: &Plan, ledger: &mut Ledger) {
        let lmtp = self.session.options().lmtp;
        self.in_content = false;
        let spam = self.sender.starts_with("spam");
        // PRDR: a reply for each recipient, and one for the whole.
        let prdr = !lmtp && replies > 1;
        let full = |recipient: &str| (lmtp || prdr) && recipient.starts_with("full");
        for nth in 0..replies as usize {
            let code = match self.recipients.get(nth) {
                // With PRDR the recipients' own acceptances don't hold if the whole is refused.
                Some(recipient) if full(recipient) && !(spam && lmtp) => 452,
                Some(_) if prdr => 250,
                _ if spam => 554,
                _ => 250,
            };
            self.session.reply(code, "so").unwrap();
        }
        if !spam {
            let served = self.recipients.iter().map(String::as_str).filter(|r| !full(r));
            ledger.accept(plan, &self.sender, served, &self.content);
        }
        self.forward.clear();
        self.recipients.clear();
        self.content.clear();
    }
}

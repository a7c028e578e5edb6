//! The application's answers: which codes fit, what they say, and what they change.

use super::auth::offered;
use super::engine::{Asked, Engine, Stage};
use super::offers::Told;
use super::options::ServerOptions;
use super::output::write_reply;
use super::refusal;
use super::request::Hello;
use super::session::AnswerError;
use crate::wire::Enhanced;

impl Engine {
    pub(super) fn accept(&mut self) -> Result<(), AnswerError> {
        let asked = self.asked.ok_or(AnswerError::NothingAsked)?;
        match asked {
            Asked::Greeting => {
                let protocol = if self.options.lmtp { "LMTP" } else { "ESMTP" };
                self.reply(220, &format!("{} {protocol}", host_name(&self.options)))
            }
            Asked::Hello(_) => self.reply(250, &host_name(&self.options)),
            Asked::ContentEnd(left) if left > 1 => (0..left).try_for_each(|_| self.reply(250, "Ok")),
            Asked::Mail(_) => self.fine(asked, b"250 2.1.0 Ok\r\n"),
            Asked::Rcpt => self.fine(asked, b"250 2.1.5 Ok\r\n"),
            Asked::ContentEnd(_) | Asked::ChunkEnd | Asked::Rset => self.fine(asked, b"250 2.0.0 Ok\r\n"),
            Asked::Noop => self.reply(250, "Ok"),
            Asked::Data => self.reply(354, "End data with <CR><LF>.<CR><LF>"),
            Asked::Bdat { size, last } => {
                self.asked = None;
                self.bdat_answered(250, "", size, last);
                Ok(())
            }
            Asked::StartTls => self.reply(220, "Go ahead with TLS"),
            Asked::Auth { .. } | Asked::AuthResponse => self.reply(235, "Authentication successful"),
            // The server greets anew (Postfix, XCLIENT_README).
            Asked::Told(Told::Xclient) => self.reply(220, &format!("{} ESMTP", host_name(&self.options))),
            Asked::Told(Told::Xforward) => self.reply(250, "Ok"),
            Asked::Quit => self.reply(221, "Bye"),
            Asked::Vrfy => self.reply(252, "Cannot tell, but will take mail and try"),
            Asked::Help => self.reply(214, "See RFC 5321"),
            Asked::Expn | Asked::Etrn => self.reply(502, refusal::NOT_IMPLEMENTED.text),
            Asked::Other => self.reply(500, refusal::UNRECOGNIZED.text),
        }
    }

    /// The commonest answers, which a fast peer gets by the million, ready-made.
    fn fine(&mut self, asked: Asked, reply: &[u8]) -> Result<(), AnswerError> {
        self.asked = None;
        let reply = if self.options.enhanced_status_codes { reply } else { b"250 Ok\r\n" };
        self.out.push_written(reply, is_gathered(asked));
        self.settle(asked, true);
        Ok(())
    }

    pub(super) fn reply(&mut self, code: u16, text: &str) -> Result<(), AnswerError> {
        let asked = self.asked.ok_or(AnswerError::NothingAsked)?;
        if !fits(asked, code) {
            return Err(AnswerError::Code(code));
        }
        self.asked = None;
        let positive = code < 400;
        match asked {
            Asked::Bdat { size, last } => {
                self.bdat_answered(code, text, size, last);
            }
            Asked::Hello(kind) if positive => {
                let text = hello_text(&self.options, kind, text, self.secure);
                self.out.push(code, None, &text, false);
            }
            _ => {
                let enhanced = enhanced(&self.options, asked, code, text);
                self.out.push(code, enhanced, text, is_gathered(asked));
            }
        }
        // A refused chunk is counted when its reply goes out.
        if !positive && !matches!(asked, Asked::Bdat { .. }) {
            self.count_refusal();
        }
        self.settle(asked, positive);
        self.closing |= code == 421;
        Ok(())
    }

    pub(super) fn shut_down(&mut self, text: &str) {
        if !self.closing {
            let enhanced = (self.options.enhanced_status_codes && self.hello.is_some()).then_some((3, 2));
            self.asked = None;
            self.out.push(421, enhanced, text, false);
            self.closing = true;
        }
    }

    /// What an answer changes.
    fn settle(&mut self, asked: Asked, positive: bool) {
        match asked {
            Asked::Greeting => {
                self.stage = Stage::Commands;
                self.no_service = !positive;
            }
            Asked::Hello(kind) if positive => {
                self.hello = Some(kind);
                self.transaction = Default::default();
            }
            Asked::Mail(info) if positive => {
                self.transaction = Default::default();
                self.transaction.open = true;
                self.transaction.info = info;
            }
            Asked::Rcpt if positive => {
                self.transaction.accepted = self.transaction.accepted.saturating_add(1)
            }
            Asked::Rcpt => self.transaction.refused = self.transaction.refused.saturating_add(1),
            Asked::Data if positive => self.stage = Stage::Data,
            Asked::ChunkEnd if !positive => self.transaction.fail_chunk(false, &self.options),
            Asked::ContentEnd(left) => {
                if positive {
                    self.forgive();
                }
                if left > 1 {
                    self.asked = Some(Asked::ContentEnd(left - 1));
                } else {
                    self.messages = self.messages.saturating_add(1);
                    self.transaction = Default::default();
                }
            }
            Asked::Auth { .. } | Asked::AuthResponse if positive => self.auth.done = true,
            Asked::Rset if positive => self.transaction = Default::default(),
            Asked::Told(Told::Xclient) if positive => {
                self.hello = None;
                self.auth = Default::default();
                self.transaction = Default::default();
            }
            Asked::StartTls if positive => self.stage = Stage::Handshake,
            Asked::Quit if positive => self.closing = true,
            _ => {}
        }
    }

    fn bdat_answered(&mut self, code: u16, text: &str, size: u64, last: bool) {
        if code < 400 {
            self.transaction.begin_chunk();
            self.stage = Stage::Chunk { left: size, last };
        } else if code == 421 {
            // Nothing is read behind it, the chunk neither: it can't be said when that has passed.
            self.out.push(code, enhanced(&self.options, Asked::Bdat { size, last }, code, text), text, false);
        } else {
            let enhanced = enhanced(&self.options, Asked::Bdat { size, last }, code, text);
            let mut reply = Vec::new();
            write_reply(&mut reply, code, enhanced, text);
            self.refuse_chunk_with(reply, size, last);
        }
    }
}

/// RFC 5321 §4.3.2: which codes a command can have. Any 4yz and 5yz is an answer to anything.
fn fits(asked: Asked, code: u16) -> bool {
    match (code, asked) {
        (400..=599, _) => true,
        (220, Asked::Greeting | Asked::StartTls) | (354, Asked::Data) => true,
        (200..=299, asked) => !matches!(asked, Asked::Greeting | Asked::Data | Asked::StartTls),
        _ => false,
    }
}

/// RFC 2920 §3.2 names RSET, MAIL and RCPT; XFORWARD is made for it; BDAT may be pipelined as well (RFC 3030 §2, §4.2), and what follows the
/// end of content often was.
fn is_gathered(asked: Asked) -> bool {
    matches!(
        asked,
        Asked::Mail(_)
            | Asked::Rcpt
            | Asked::Rset
            | Asked::Told(Told::Xforward)
            | Asked::ChunkEnd
            | Asked::ContentEnd(_)
    )
}

/// Subject and detail of the enhanced code to put before the text. None when there's one in it already, in replies
/// to the greeting and to EHLO (RFC 2034 §4), and in 3yz replies.
fn enhanced(options: &ServerOptions, asked: Asked, code: u16, text: &str) -> Option<(u16, u16)> {
    if !options.enhanced_status_codes || matches!(asked, Asked::Greeting | Asked::Hello(_)) || code / 100 == 3
    {
        return None;
    }
    // The longest enhanced code has nine octets; a text that begins otherwise isn't looked at.
    if text.as_bytes().get(1) == Some(&b'.') && Enhanced::parse(text.as_bytes()).is_some() {
        return None;
    }
    Some(match (asked, code / 100) {
        (Asked::Mail(_), 2) => (1, 0),
        (Asked::Mail(_), _) => (7, 1),
        (Asked::Rcpt, 2) => (1, 5),
        (Asked::Rcpt, 4) => (2, 0),
        (Asked::Rcpt, _) => (1, 1),
        (Asked::Vrfy, 2) => (5, 0),
        (Asked::Auth { .. } | Asked::AuthResponse, 2 | 4) => (7, 0),
        (Asked::Auth { .. } | Asked::AuthResponse, _) => (7, 8),
        (Asked::Other | Asked::Expn | Asked::Etrn, 5) => (5, 1),
        _ => (0, 0),
    })
}

/// The name in a form that can't break the reply.
fn host_name(options: &ServerOptions) -> String {
    let name: String = options.host_name.chars().filter(char::is_ascii_graphic).collect();
    if name.is_empty() { "localhost".to_owned() } else { name }
}

/// The EHLO reply: the given text, of which only the first line counts, and the extensions (RFC 5321 §4.1.1.1).
fn hello_text(options: &ServerOptions, kind: Hello, text: &str, secure: bool) -> String {
    let mut lines = text.lines().next().unwrap_or_default().to_owned();
    if kind == Hello::Helo {
        return lines;
    }
    let mut offer = |offered: bool, line: &str| {
        if offered {
            lines.push('\n');
            lines.push_str(line);
        }
    };
    offer(options.pipelining, "PIPELINING");
    offer(options.chunking, "CHUNKING");
    offer(options.chunking && options.binary_mime, "BINARYMIME");
    offer(options.eight_bit_mime, "8BITMIME");
    offer(options.smtputf8, "SMTPUTF8");
    offer(options.dsn, "DSN");
    offer(options.enhanced_status_codes, "ENHANCEDSTATUSCODES");
    offer(options.starttls && !secure, "STARTTLS");
    match options.size {
        Some(0) => offer(true, "SIZE"),
        Some(size) => offer(true, &format!("SIZE {size}")),
        None => {}
    }
    let mechanisms: Vec<&str> = offered(options, secure).collect();
    if !mechanisms.is_empty() {
        offer(true, &format!("AUTH {}", mechanisms.join(" ")));
    }
    for extension in &options.extensions {
        offer(true, extension);
    }
    lines
}

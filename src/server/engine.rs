//! The machine: takes input up, one command or piece of content at a time, and stops at each question.
//!
//! It borrows its input and keeps nothing of it but a line that was cut off. Answers are in `answer.rs`, the
//! rules of sequence in `transaction.rs`, content in `content.rs`. Three rules hold everywhere: while a question
//! is open no input is taken; whenever input runs out, nothing stays gathered; once closing, nothing is asked.

use super::auth::Auth;
use super::judge::{auth_request, request};
use super::lines::{Line, Lines};
use super::options::ServerOptions;
use super::output::Output;
use super::params::MailInfo;
use super::parse::Command;
use super::refusal::{self, Canned};
use super::request::{Hello, Request};
use super::transaction::Transaction;
use crate::wire::DotReader;

/// What a session has counted since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerStats {
    /// Command lines, good and bad.
    pub commands: u64,
    /// Negative replies.
    pub refusals: u64,
}

/// What the input is at this point.
#[derive(Debug)]
pub(super) enum Stage {
    /// The greeting hasn't been asked for.
    Start,
    Commands,
    /// STARTTLS was answered with 220: nothing may come in clear any more.
    Handshake,
    /// The answer to a challenge of AUTH.
    Auth,
    /// Content of DATA.
    Data,
    /// Content of BDAT.
    Chunk {
        left: u64,
        last: bool,
    },
}

/// The open question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Greeting,
    Hello(Hello),
    Mail(MailInfo),
    Rcpt,
    Data,
    Bdat {
        size: u64,
        last: bool,
    },
    ChunkEnd,
    /// This many answers are still wanted.
    ContentEnd(u32),
    Rset,
    Noop,
    Quit,
    Vrfy,
    Expn,
    Help,
    Etrn,
    StartTls,
    Auth {
        initial: bool,
    },
    AuthResponse,
    Other,
}

/// Something for the application, before it's given the text that belongs to it.
pub(super) enum Found<'a> {
    Greeting,
    Command(Line<'a>, Command, MailInfo),
    Content(&'a [u8]),
    ChunkEnd,
    ContentEnd(u32),
    AuthResponse,
}

#[derive(Debug)]
pub(super) struct Engine {
    pub(super) options: ServerOptions,
    pub(super) out: Output,
    pub(super) stage: Stage,
    pub(super) asked: Option<Asked>,
    pub(super) hello: Option<Hello>,
    /// The connection is encrypted.
    pub(super) secure: bool,
    /// The greeting was negative: nothing but QUIT is served (RFC 5321 §3.1).
    pub(super) no_service: bool,
    pub(super) auth: Auth,
    pub(super) transaction: Transaction,
    pub(super) dots: DotReader,
    /// The reply that is owed at the end of content that goes to nobody.
    pub(super) refused: Option<Vec<u8>>,
    pub(super) messages: u64,
    errors: u32,
    pub(super) closing: bool,
    /// How much of the input stood behind the final dot when that was read ([`Quirks::refuse_after_dot`]).
    ///
    /// [`Quirks::refuse_after_dot`]: super::Quirks::refuse_after_dot
    pub(super) behind_dot: usize,
    stats: ServerStats,
    pub(super) lines: Lines,
    ended: bool,
}

impl Engine {
    pub(super) fn new(options: ServerOptions) -> Self {
        Self {
            options,
            out: Output::default(),
            stage: Stage::Start,
            asked: None,
            hello: None,
            secure: false,
            no_service: false,
            auth: Auth::default(),
            transaction: Transaction::default(),
            dots: DotReader::new(),
            refused: None,
            messages: 0,
            errors: 0,
            closing: false,
            behind_dot: 0,
            stats: ServerStats::default(),
            lines: Lines::default(),
            ended: false,
        }
    }

    pub(super) fn next<'a, 'd: 'a>(&'a mut self, input: &mut &'d [u8]) -> Option<Request<'a>> {
        let found = self.advance(input)?;
        let (line, command, info) = match found {
            Found::Greeting => return Some(Request::Greeting),
            Found::Content(piece) => return Some(Request::Content(piece)),
            Found::ChunkEnd => return Some(Request::ChunkEnd),
            Found::ContentEnd(replies) => return Some(Request::ContentEnd { replies }),
            Found::AuthResponse => return Some(Request::AuthResponse(self.auth.said())),
            Found::Command(Line::Whole(line), command, info) => (line, command, info),
            Found::Command(_, command, info) => (self.lines.held(), command, info),
        };
        if let Some(Asked::Auth { initial }) = self.asked {
            return Some(auth_request(line, command, initial.then_some(self.auth.said())));
        }
        request(line, command, info)
    }

    /// Goes on until there is something for the application or nothing can be done.
    fn advance<'a>(&mut self, input: &mut &'a [u8]) -> Option<Found<'a>> {
        loop {
            if self.asked.is_some() {
                return None;
            }
            if self.closing {
                *input = &[];
                self.out.release();
                return None;
            }
            if over(self.out.unsent(), self.options.limits.output) {
                self.out.release();
                return None;
            }
            let found = match self.stage {
                Stage::Start => self.greet(input),
                Stage::Handshake => {
                    // RFC 3207 §6: it came before the handshake, so it isn't the client's for certain.
                    self.closing |= !input.is_empty();
                    if input.is_empty() {
                        return self.starve();
                    }
                    None
                }
                Stage::Commands | Stage::Auth => match self.lines.take(input, self.line_max()) {
                    Line::None => return self.starve(),
                    line if matches!(self.stage, Stage::Auth) => self.auth_line(line),
                    line => self.line(line, input),
                },
                Stage::Data | Stage::Chunk { .. } if self.is_starved(input) => return self.starve(),
                Stage::Data => self.data(input),
                Stage::Chunk { left, last } => self.chunk(left, last, input),
            };
            if found.is_some() {
                return found;
            }
        }
    }

    /// An empty chunk ends without a further octet; everything else needs input.
    fn is_starved(&self, input: &[u8]) -> bool {
        input.is_empty() && !matches!(self.stage, Stage::Chunk { left: 0, .. })
    }

    /// Input has run out: everything pending goes out before the session waits (RFC 2920 §3.2).
    fn starve<'a>(&mut self) -> Option<Found<'a>> {
        self.out.release();
        self.closing |= self.ended;
        None
    }

    fn greet<'a>(&mut self, input: &mut &'a [u8]) -> Option<Found<'a>> {
        if self.options.quirks.enforce_sync && !input.is_empty() {
            self.close_with(refusal::NO_SYNC);
            return None;
        }
        self.asked = Some(Asked::Greeting);
        Some(Found::Greeting)
    }

    /// One command line, which has been taken off `rest` already.
    fn line<'a>(&mut self, line: Line<'a>, rest: &[u8]) -> Option<Found<'a>> {
        if let Some(stop) = self.worn_out() {
            self.close_with(stop);
            return None;
        }
        if self.behind_dot > 0 {
            self.behind_dot = self.behind_dot.min(rest.len());
            self.refuse(refusal::AFTER_DOT, false);
            return None;
        }
        if self.options.quirks.no_pipelining && !rest.is_empty() {
            self.close_with(refusal::NO_PIPELINING);
            return None;
        }
        let parsed = match line {
            Line::Whole(line) => self.judge(line),
            Line::Held => {
                // The line is lent out of `self` for the time of the judgement, and put back for the request.
                let lines = std::mem::take(&mut self.lines);
                let parsed = self.judge(lines.held());
                self.lines = lines;
                parsed
            }
            Line::TooLong | Line::None => {
                self.refuse(refusal::LINE_TOO_LONG, false);
                return None;
            }
        };
        let (command, info) = parsed?;
        if command == Command::StartTls && self.asked.is_some() && !rest.is_empty() {
            // S5's exception: what was pipelined in clear must not be taken for something encrypted (RFC 3207 §6).
            self.asked = None;
            self.close_with(refusal::BEHIND_STARTTLS);
            return None;
        }
        let alone = matches!(command, Command::Hello(..) | Command::Data)
            || matches!(self.asked, Some(Asked::Auth { .. }));
        if alone && self.options.quirks.enforce_sync && !rest.is_empty() {
            self.asked = None;
            self.close_with(refusal::NO_SYNC);
            return None;
        }
        self.asked.map(|_| Found::Command(line, command, info))
    }

    /// The bounds on a connection as a whole.
    fn worn_out(&mut self) -> Option<Canned> {
        let limits = &self.options.limits;
        self.stats.commands = self.stats.commands.saturating_add(1);
        if limits.commands > 0 && self.stats.commands > limits.commands {
            Some(refusal::TOO_MANY_COMMANDS)
        } else if limits.errors > 0 && self.errors >= limits.errors {
            Some(refusal::TOO_MANY_ERRORS)
        } else {
            None
        }
    }

    /// Answers a command without asking.
    pub(super) fn refuse(&mut self, canned: Canned, gathered: bool) {
        let enhanced = self.options.enhanced_status_codes.then_some((canned.subject, canned.detail));
        self.out.push(canned.code, enhanced, canned.text, gathered);
        self.count_refusal();
    }

    pub(super) fn count_refusal(&mut self) {
        self.errors = self.errors.saturating_add(1);
        self.stats.refusals = self.stats.refusals.saturating_add(1);
    }

    /// A message was accepted: errors before it are forgiven.
    pub(super) fn forgive(&mut self) {
        self.errors = 0;
    }

    /// Answers it and ends the connection.
    pub(super) fn close_with(&mut self, canned: Canned) {
        self.refuse(canned, false);
        self.closing = true;
    }

    /// Behind a positive answer to STARTTLS everything known of the client is forgotten (RFC 3207 §4.2). False: it doesn't fit.
    pub(super) fn tls_established(&mut self) -> bool {
        match self.stage {
            Stage::Start => {}
            Stage::Handshake if !self.closing => {
                self.stage = Stage::Commands;
                self.hello = None;
                self.auth = Auth::default();
                self.transaction = Transaction::default();
                self.lines = Lines::default();
            }
            _ => return false,
        }
        self.secure = true;
        true
    }

    pub(super) fn end_of_input(&mut self) {
        self.ended = true;
    }

    pub(super) fn flush(&mut self) {
        self.out.release();
    }

    pub(super) fn output(&self) -> &[u8] {
        self.out.ready()
    }

    pub(super) fn sent(&mut self, n: usize) {
        self.out.advance(n);
    }

    pub(super) fn wants_input(&self, held: usize) -> bool {
        let limits = &self.options.limits;
        let handshake = matches!(self.stage, Stage::Handshake);
        !handshake
            && !self.closing
            && !self.ended
            && !over(held, limits.input)
            && !over(self.out.unsent(), limits.output)
    }

    pub(super) fn awaits_handshake(&self) -> bool {
        matches!(self.stage, Stage::Handshake) && !self.closing && self.out.unsent() == 0
    }

    pub(super) fn awaits_answer(&self) -> bool {
        self.asked.is_some()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closing && self.asked.is_none() && self.out.unsent() == 0
    }

    pub(super) fn stats(&self) -> ServerStats {
        self.stats
    }

    pub(super) fn options(&self) -> &ServerOptions {
        &self.options
    }
}

/// Whether a bound is reached; 0 is no bound.
fn over(value: usize, limit: usize) -> bool {
    limit > 0 && value >= limit
}

//! A command line's judgement: whether it's asked about now, and as what, or what it gets instead.

use super::engine::{Asked, Engine};
use super::params::{self, MailInfo, Params};
use super::parse::{self, Command, Envelope, Malformed};
use super::path::Path;
use super::refusal::{self, Canned};
use super::request::{Hello, Request};

impl Engine {
    /// Either opens the question, or answers the line and returns `None`.
    pub(super) fn judge(&mut self, line: &[u8]) -> Option<(Command, MailInfo)> {
        let command = match parse::parse(line, self.options.chunking) {
            Ok(command) => command,
            Err(malformed) => return self.malformed(malformed),
        };
        let mut info = MailInfo::default();
        let gathered = matches!(command, Command::Mail(_) | Command::Rcpt(_) | Command::Rset | Command::Send);
        match self.ask(command, line, &mut info) {
            Ok(Some(asked)) => self.asked = Some(asked),
            Ok(None) => {}
            Err(refused) => {
                if let Command::Bdat { size, last } = command {
                    self.refuse_chunk(refused, size, last);
                } else {
                    self.refuse(refused, gathered);
                }
                return None;
            }
        }
        Some((command, info))
    }

    fn malformed(&mut self, malformed: Malformed) -> Option<(Command, MailInfo)> {
        self.refuse(malformed.canned, malformed.gathered);
        if malformed.desynchronized {
            // The chunk can't be told from the commands behind it: to go on would be to execute content.
            self.closing = true;
        }
        None
    }

    /// Whether the command may be asked about now, and as what. `Ok(None)`: it has been dealt with.
    fn ask(&mut self, command: Command, line: &[u8], info: &mut MailInfo) -> Result<Option<Asked>, Canned> {
        if self.no_service && command != Command::Quit {
            return Err(refusal::NOT_TODAY);
        }
        let extended = matches!(self.hello, Some(Hello::Ehlo | Hello::Lhlo)) || self.options.hello_optional;
        if self.hello.is_none() && !self.options.hello_optional && needs_hello(command) {
            return Err(refusal::HELLO_FIRST);
        }
        if self.options.auth_required && !self.auth.done && needs_auth(command) {
            return Err(refusal::AUTH_FIRST);
        }
        if let Command::Other { verb, argument } = command
            && self.offers_auth(verb.of(line))
        {
            return self.may_auth(argument.of(line), extended).map(Some);
        }
        if let Command::Other { verb, argument } = command
            && let Some(told) = self.offers.command(verb.of(line)).filter(|_| extended)
        {
            if self.transaction.open {
                return Err(refusal::NESTED_MAIL);
            }
            self.offers.may_tell(told, argument.of(line))?;
            return Ok(Some(Asked::Told(told)));
        }
        let transaction = &self.transaction;
        Ok(Some(match command {
            Command::Hello(kind, _) => match (self.options.lmtp, kind) {
                (true, Hello::Ehlo | Hello::Helo) => return Err(refusal::USE_LHLO),
                (false, Hello::Lhlo) => return Err(refusal::USE_EHLO),
                _ => Asked::Hello(kind),
            },
            Command::Mail(envelope) => {
                if self.options.limits.messages > 0 && self.messages >= self.options.limits.messages {
                    self.close_with(refusal::TOO_MANY_MESSAGES);
                    return Ok(None);
                }
                *info = params::check_mail(envelope.params.of(line), &self.options, &self.offers, extended)?;
                transaction.may_mail(*info, &self.options)?;
                needs_utf8(envelope, line, info.smtputf8)?;
                Asked::Mail(*info)
            }
            Command::Rcpt(envelope) => {
                transaction.may_rcpt(&self.options)?;
                if envelope.path.range().is_empty() {
                    return Err(refusal::NULL_RECIPIENT);
                }
                params::check_rcpt(envelope.params.of(line), &self.options, extended)?;
                needs_utf8(envelope, line, transaction.info.smtputf8)?;
                self.offers.may_name(envelope.path.of(line), self.options.limits.domains)?;
                Asked::Rcpt
            }
            Command::Data if transaction.may_data(&self.options)? => Asked::Data,
            Command::Data => {
                self.data_for_nobody();
                return Ok(None);
            }
            Command::Bdat { size, last } => {
                transaction.may_bdat(size, &self.options)?;
                Asked::Bdat { size, last }
            }
            Command::Rset => Asked::Rset,
            Command::Noop => Asked::Noop,
            Command::Quit => Asked::Quit,
            Command::Vrfy(_) => Asked::Vrfy,
            Command::Expn(_) => Asked::Expn,
            Command::Help(_) => Asked::Help,
            Command::Etrn(_) => Asked::Etrn,
            Command::StartTls if !self.options.starttls => return Err(refusal::UNRECOGNIZED),
            Command::StartTls if self.secure => return Err(refusal::TLS_ALREADY),
            Command::StartTls => Asked::StartTls,
            Command::Send | Command::Turn => return Err(refusal::NOT_IMPLEMENTED),
            Command::Other { .. } => Asked::Other,
        }))
    }
}

fn needs_hello(command: Command) -> bool {
    matches!(
        command,
        Command::Mail(_) | Command::Rcpt(_) | Command::Data | Command::Bdat { .. } | Command::StartTls
    )
}

/// RFC 4954 §6: everything but what leads to AUTH, or away. Verbs of the application's own are its own business.
fn needs_auth(command: Command) -> bool {
    !matches!(
        command,
        Command::Hello(..)
            | Command::Noop
            | Command::Rset
            | Command::StartTls
            | Command::Quit
            | Command::Help(_)
            | Command::Other { .. }
    )
}

fn needs_utf8(envelope: Envelope, line: &[u8], given: bool) -> Result<(), Canned> {
    if given || envelope.ascii || envelope.path.of(line).is_ascii() {
        Ok(())
    } else {
        Err(refusal::NEEDS_SMTPUTF8)
    }
}

/// AUTH's question: its mechanism stands in the line, its initial response was decoded.
pub(super) fn auth_request<'a>(line: &'a [u8], command: Command, initial: Option<&'a [u8]>) -> Request<'a> {
    let argument = match command {
        Command::Other { argument, .. } => argument.text(line),
        _ => "",
    };
    let mechanism = argument.split(' ').next().unwrap_or_default();
    Request::Auth { mechanism, initial }
}

/// The question, with the text of the line it's about.
pub(super) fn request(line: &[u8], command: Command, info: MailInfo) -> Option<Request<'_>> {
    Some(match command {
        Command::Hello(kind, name) => Request::Hello { kind, name: name.text(line) },
        Command::Mail(envelope) => Request::Mail {
            from: Path::new(envelope.path.of(line)),
            params: Params::new(envelope.params.of(line)),
            size: info.size,
            body: info.body,
            smtputf8: info.smtputf8,
        },
        Command::Rcpt(envelope) => Request::Rcpt {
            to: Path::new(envelope.path.of(line)),
            params: Params::new(envelope.params.of(line)),
        },
        Command::Data => Request::Data,
        Command::Bdat { size, last } => Request::Bdat { size, last },
        Command::Rset => Request::Rset,
        Command::Noop => Request::Noop,
        Command::Quit => Request::Quit,
        Command::Vrfy(argument) => Request::Vrfy(argument.text(line)),
        Command::Expn(argument) => Request::Expn(argument.text(line)),
        Command::Help(argument) => Request::Help(argument.text(line)),
        Command::Etrn(argument) => Request::Etrn(argument.text(line)),
        Command::StartTls => Request::StartTls,
        Command::Other { verb, argument } => {
            Request::Unknown { verb: verb.text(line), argument: argument.text(line) }
        }
        // Refused without asking.
        Command::Send | Command::Turn => return None,
    })
}

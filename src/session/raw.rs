//! Commands of the caller's own, which end a group (RFC 2920 §3.1), and those that have an argument worth checking.

use super::error::SubmitError;
use super::outcome::Ticket;
use super::{Item, Session};
use crate::wire::{RawLine, Verb};

impl Session {
    /// Queues a raw command, such as VRFY, EXPN, NOOP, HELP or ETRN, behind what is queued already. Its outcome has the
    /// reply. NOOP serves to find the point up to which everything was answered (RFC 2920 §3.1).
    ///
    /// # Errors
    ///
    /// A line that can't be sent, a command that the session itself is in charge of, or a session that has ended.
    pub fn command(&mut self, line: &str) -> Result<Ticket, SubmitError> {
        self.check_open()?;
        let line = RawLine::new(line)?;
        if let verb @ (Verb::Ehlo
        | Verb::Helo
        | Verb::Lhlo
        | Verb::Mail
        | Verb::Rcpt
        | Verb::Send
        | Verb::Soml
        | Verb::Saml
        | Verb::Turn
        | Verb::Data
        | Verb::Bdat
        | Verb::Quit
        | Verb::Starttls
        | Verb::Auth
        | Verb::Xclient
        | Verb::Greeting
        | Verb::Content) = line.verb()
        {
            return Err(SubmitError::ForbiddenCommand(verb));
        }
        let ticket = self.ticket();
        self.queue.push_back(Item::Command(ticket, line));
        Ok(ticket)
    }

    /// Queues VRFY (RFC 5321 §3.5): is there such a user or mailbox? Its outcome has the reply.
    ///
    /// # Errors
    ///
    /// As [`command`](Self::command).
    pub fn vrfy(&mut self, who: &str) -> Result<Ticket, SubmitError> {
        self.command(RawLine::vrfy(who)?.as_str())
    }

    /// Queues EXPN (RFC 5321 §3.5): who is on that list? Its outcome has the reply.
    ///
    /// # Errors
    ///
    /// As [`command`](Self::command).
    pub fn expn(&mut self, list: &str) -> Result<Ticket, SubmitError> {
        self.command(RawLine::expn(list)?.as_str())
    }

    /// Queues ETRN (RFC 1985): send what is queued for a host, for `@` and a domain with all below it, or in `#` and a queue. Its
    /// outcome has the reply.
    ///
    /// # Errors
    ///
    /// As [`command`](Self::command).
    pub fn etrn(&mut self, node: &str) -> Result<Ticket, SubmitError> {
        self.command(RawLine::etrn(node)?.as_str())
    }
}

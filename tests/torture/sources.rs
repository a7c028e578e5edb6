//! Content given as it goes: what answers the session when it asks, and the same for a client. It does as the plan has it,
//! and looks whether the session may ask: for a message that somebody is to get, and anew only where it can begin anew.

use std::io;

use bytes::Bytes;
use smtpipe::client::Source;
use smtpipe::session::{Session, Ticket};

use super::fate::may_be_drawn;
use super::plan::{Given, Mail, Plan};

#[derive(Debug)]
enum Drawn {
    Piece(Bytes),
    End,
    Failed,
    Nothing,
}

fn draw(given: &Given, at: usize) -> Drawn {
    let stops = [given.fails, given.stalls].into_iter().flatten();
    let stop = stops.min().unwrap_or(usize::MAX).min(given.raw.len());
    if at < stop {
        Drawn::Piece(given.raw.slice(at..stop.min(at + given.piece)))
    } else if given.fails == Some(at) {
        Drawn::Failed
    } else if given.stalls == Some(at) {
        Drawn::Nothing
    } else {
        Drawn::End
    }
}

/// The sources of a session's messages.
#[derive(Debug)]
pub(crate) struct Sources {
    /// How much of each message was drawn; `None`: it was never asked for.
    drawn: Vec<Option<usize>>,
    asked: Option<(Ticket, usize)>,
    /// Whoever is slow has kept it waiting.
    waited: bool,
}

impl Sources {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self { drawn: vec![None; plan.mails.len()], asked: None, waited: false }
    }

    /// The session wants content.
    pub(crate) fn ask(
        &mut self,
        plan: &Plan,
        ticket: Ticket,
        number: usize,
        rewind: bool,
    ) -> Result<(), String> {
        let planned = plan.mails.get(number).and_then(|mail| Some((mail, mail.given.as_ref()?)));
        let (Some((mail, given)), Some(at)) = (planned, self.drawn.get_mut(number)) else {
            return Err(format!("content is wanted of message {number}, which has all of it"));
        };
        if !may_be_drawn(mail) {
            return Err(format!("{:?} is drawn from for nobody", mail.sender));
        }
        if rewind && (given.once || at.is_none()) {
            return Err(format!("{:?} is to begin again: {given:?}, drawn {at:?}", mail.sender));
        }
        if rewind || at.is_none() {
            *at = Some(0);
        }
        self.asked = Some((ticket, number));
        self.waited = false;
        Ok(())
    }

    /// Answers what was asked. False: there is nothing to answer, or there never will be an answer.
    pub(crate) fn answer(
        &mut self,
        plan: &Plan,
        session: &mut Session,
        now: std::time::Duration,
    ) -> Result<bool, String> {
        let Some((ticket, number)) = self.asked else { return Ok(false) };
        let given = plan.mails.get(number).and_then(|mail| mail.given.as_ref());
        let (Some(given), Some(Some(at))) = (given, self.drawn.get_mut(number)) else { return Ok(false) };
        if given.slow && !std::mem::replace(&mut self.waited, true) {
            return Ok(true);
        }
        let taken = match draw(given, *at) {
            Drawn::Piece(piece) => {
                let n = piece.len();
                let taken = session.content(now, ticket, piece);
                *at += if taken { n } else { 0 };
                taken
            }
            Drawn::End => session.content_end(now, ticket),
            Drawn::Failed => session.content_failed(ticket, "it broke"),
            Drawn::Nothing => {
                self.asked = None;
                return Ok(false);
            }
        };
        self.asked = None;
        // It may have lost its connection since; then it isn't wanted.
        if !taken && session.wants_content() == Some(ticket) {
            return Err(format!("message {number} gave what was asked for, and it wasn't taken"));
        }
        Ok(taken)
    }

    /// Whether an answer is to come.
    pub(crate) const fn owe(&self) -> bool {
        self.asked.is_some()
    }

    /// The connection is left: what was asked isn't wanted any more.
    pub(crate) fn forget(&mut self) {
        self.asked = None;
    }
}

/// The source of one message, for a client. One that would give no more fails instead: no test waits for the time.
#[derive(Debug)]
pub(crate) struct Script {
    given: Given,
    at: usize,
    waited: bool,
}

impl Script {
    pub(crate) fn of(mail: &Mail) -> Option<Self> {
        Some(Self { given: mail.given.clone()?, at: 0, waited: false })
    }
}

impl Source for Script {
    fn pull(&mut self) -> io::Result<Option<Bytes>> {
        // Once: a client asks again only after a few milliseconds.
        if self.given.slow && !std::mem::replace(&mut self.waited, true) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        match draw(&self.given, self.at) {
            Drawn::Piece(piece) => {
                self.at += piece.len();
                Ok(Some(piece))
            }
            Drawn::End => Ok(None),
            Drawn::Failed | Drawn::Nothing => Err(io::Error::other("it broke")),
        }
    }

    fn rewind(&mut self) -> io::Result<()> {
        assert!(!self.given.once, "it can't begin again");
        self.at = 0;
        Ok(())
    }

    fn is_rewindable(&self) -> bool {
        !self.given.once
    }
}

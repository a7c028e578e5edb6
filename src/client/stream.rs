//! Draws streamed content from its source when the session wants it, between writing and reading. A source is the caller's
//! code: what it raises ends its own message and nothing else.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use bytes::Bytes;

use super::Client;
use super::source::Source;
use crate::session::{Message, SubmitError, Ticket};

/// So many pieces are drawn in one drive, so that it comes to an end however fast both sides are.
const DRAWS: usize = 64;
/// How long until a source without a descriptor that had nothing is asked again.
const AGAIN: Duration = Duration::from_millis(20);

/// The sources of the messages that have no outcome yet.
#[derive(Default)]
pub(super) struct Sources {
    known: BTreeMap<Ticket, Box<dyn Source>>,
    /// What the session wants and has not been given, and whether from the beginning once more.
    wanted: Option<(Ticket, bool)>,
    /// Whoever should give that had nothing when last asked.
    blocked: bool,
}

impl Sources {
    /// The session wants content.
    pub(super) const fn want(&mut self, ticket: Ticket, rewind: bool) {
        self.wanted = Some((ticket, rewind));
        self.blocked = false;
    }

    /// What was wanted is not any more.
    pub(super) const fn unwant(&mut self) {
        self.wanted = None;
    }

    /// The message has its outcome.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        if !self.known.is_empty() {
            self.known.remove(&ticket);
        }
        if self.wanted.is_some_and(|(wanted, _)| wanted == ticket) {
            self.wanted = None;
        }
    }

    /// The source that is to give now.
    fn current(&self) -> Option<&dyn Source> {
        self.wanted.and_then(|(ticket, _)| self.known.get(&ticket)).map(|source| &**source)
    }

    /// When to look at it again.
    pub(super) fn due(&self) -> Option<Duration> {
        let source = self.current()?;
        match (self.blocked, source.as_fd()) {
            (false, _) => Some(Duration::ZERO),
            (true, None) => Some(AGAIN),
            (true, Some(_)) => None,
        }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.current().filter(|_| self.blocked)?.as_fd()
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("known", &self.known.len()).field("wanted", &self.wanted).finish()
    }
}

impl Client {
    /// Queues a message ([`Message::streamed`]) whose content is drawn from `source` while it is sent, and writes what the
    /// socket takes. Nothing is drawn before a recipient is accepted. A source that fails before its end, or gives nothing
    /// for [`Timeouts::source`](crate::session::Timeouts::source), leaves the message `NotSent`, and nobody has any of it.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); or the message has its content already.
    pub fn send_stream(
        &mut self,
        message: Message,
        source: impl Source + 'static,
    ) -> Result<Ticket, SubmitError> {
        let ticket = self.submit_stream(message, Box::new(source))?;
        self.drive_once();
        Ok(ticket)
    }

    /// As [`send_stream`](Self::send_stream), and writes nothing yet.
    ///
    /// # Errors
    ///
    /// As [`send_stream`](Self::send_stream).
    pub fn submit_stream(
        &mut self,
        mut message: Message,
        source: Box<dyn Source>,
    ) -> Result<Ticket, SubmitError> {
        self.check_stream(&message)?;
        message.set_rewindable(source.is_rewindable());
        let ticket = self.session.submit(message)?;
        self.sources.known.insert(ticket, source);
        Ok(ticket)
    }

    /// Whether [`submit_stream`](Self::submit_stream) would take the message, for a caller who could give his source away
    /// only once.
    ///
    /// # Errors
    ///
    /// As `submit_stream`.
    pub fn check_stream(&self, message: &Message) -> Result<(), SubmitError> {
        if message.stream().is_none() {
            return Err(SubmitError::NotStreamed);
        }
        self.session.check(message)
    }

    /// What content is wanted now, of a message that was queued by [`submit`](Self::submit) and whose content the caller
    /// gives himself; true if from its beginning once more. It is the engine's
    /// [`Event::WantContent`](crate::session::Event::WantContent), and answered by the three calls below.
    pub fn wanted_content(&self) -> Option<(Ticket, bool)> {
        self.sources.wanted.filter(|(ticket, _)| !self.sources.known.contains_key(ticket))
    }

    /// Gives the next piece of what is wanted. False: it isn't (any more).
    pub fn content(&mut self, ticket: Ticket, piece: Bytes) -> bool {
        let now = self.now();
        self.sources.unwant();
        let taken = self.session.content(now, ticket, piece);
        self.take_events();
        taken
    }

    /// Ends the content that is wanted. False: it isn't (any more).
    pub fn content_end(&mut self, ticket: Ticket) -> bool {
        let now = self.now();
        self.sources.unwant();
        let taken = self.session.content_end(now, ticket);
        self.take_events();
        taken
    }

    /// Says that the source has failed; see [`Session::content_failed`](crate::session::Session::content_failed).
    pub fn content_failed(&mut self, ticket: Ticket, why: &str) -> bool {
        let open = self.session.content_failed(ticket, why);
        self.take_events();
        open
    }

    /// What the caller's event loop has to watch for reading besides [`as_fd`](Self::as_fd): the descriptor of a source that
    /// had nothing when it was last asked. It may be another one after each call that drives the connection.
    pub fn source_fd(&self) -> Option<BorrowedFd<'_>> {
        self.sources.fd()
    }

    /// Draws what is wanted from its source. True: there may be more to write.
    pub(super) fn draw(&mut self) -> bool {
        let mut drew = false;
        for _ in 0..DRAWS {
            let Some((ticket, rewind)) = self.sources.wanted else { break };
            let Some(source) = self.sources.known.get_mut(&ticket) else { break };
            let pulled = if rewind { source.rewind().and_then(|()| source.pull()) } else { source.pull() };
            drew |= match pulled {
                Ok(Some(piece)) => self.content(ticket, piece),
                Ok(None) => self.content_end(ticket),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Rewound it is by now.
                    self.sources.wanted = Some((ticket, false));
                    self.sources.blocked = true;
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    self.sources.wanted = Some((ticket, false));
                    continue;
                }
                Err(error) => self.content_failed(ticket, &error.to_string()),
            };
        }
        drew
    }
}

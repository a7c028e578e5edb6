//! `send_all`: messages in from an iterator, outcomes out as an iterator, memory bounded by the window.

use std::fmt;
use std::time::Duration;

use super::Client;
use super::source::Source;
use crate::session::{Message, Outcome, SubmitError, Ticket};

/// A message for [`Client::send_all`], with the source of its content, if that is drawn while it is sent. It's made of a
/// [`Message`], or of a [`Message::streamed`] and its [`Source`].
pub struct Outgoing {
    message: Message,
    source: Option<Box<dyn Source>>,
}

impl From<Message> for Outgoing {
    fn from(message: Message) -> Self {
        Self { message, source: None }
    }
}

impl<S: Source + 'static> From<(Message, S)> for Outgoing {
    fn from((message, source): (Message, S)) -> Self {
        Self { message, source: Some(Box::new(source)) }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("message", &self.message)
            .field("drawn", &self.source.is_some())
            .finish_non_exhaustive()
    }
}

/// A message that was not taken: nothing of it was sent, and the others are untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which of the iterator's messages, from 0.
    pub index: u64,
}

/// The outcomes of a run of messages; see [`Client::send_all`]. Dropping it leaves what was drawn so far to be collected.
#[derive(Debug)]
pub struct SendAll<'a, I> {
    client: &'a mut Client,
    messages: Option<I>,
    drawn: u64,
}

impl<'a, I> SendAll<'a, I>
where
    I: Iterator<Item: Into<Outgoing>>,
{
    pub(super) const fn new(client: &'a mut Client, messages: I) -> Self {
        Self { client, messages: Some(messages), drawn: 0 }
    }

    /// Draws while there is room. A message that can't be sent is returned as such.
    fn fill(&mut self) -> Result<(), (Rejected, SubmitError)> {
        while self.client.has_room()
            && let Some(submitted) = self.draw()
        {
            submitted?;
        }
        Ok(())
    }

    /// Queues the next message; `None` if there is none any more.
    fn draw(&mut self) -> Option<Result<Ticket, (Rejected, SubmitError)>> {
        let drawn = self.messages.as_mut()?.next();
        if drawn.is_none() {
            self.messages = None;
        }
        Some(self.submit(drawn?.into()))
    }

    fn submit(&mut self, Outgoing { message, source }: Outgoing) -> Result<Ticket, (Rejected, SubmitError)> {
        let index = self.drawn;
        self.drawn += 1;
        let submitted = match source {
            Some(source) => self.client.submit_stream(message, source),
            // Whoever could give its content can't get at the client meanwhile.
            None if message.stream().is_some() => Err(SubmitError::NoSource),
            None => self.client.submit(message),
        };
        submitted.map_err(|error| (Rejected { index }, error))
    }
}

impl<I> Iterator for SendAll<'_, I>
where
    I: Iterator<Item: Into<Outgoing>>,
{
    type Item = Result<Outcome, (Rejected, SubmitError)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(outcome) = self.client.try_collect() {
                return Some(Ok(outcome));
            }
            if let Err(rejected) = self.fill() {
                return Some(Err(rejected));
            }
            if self.client.is_closed() && self.messages.is_some() {
                // The session has ended: what is still drawn is refused one by one, so that nothing is lost unsaid.
                match self.draw() {
                    Some(Err(rejected)) => return Some(Err(rejected)),
                    Some(Ok(_)) | None => continue,
                }
            }
            if self.client.outstanding() == 0 {
                self.messages.as_ref()?;
            }
            // What was written made room for more, which must be on its way before the replies are waited for.
            let outcome =
                if self.messages.is_some() { self.client.collect(Some(Duration::ZERO)) } else { None };
            if let Some(outcome) = outcome {
                return Some(Ok(outcome));
            }
            if (self.messages.is_none() || !self.client.has_room())
                && let Some(outcome) = self.client.collect(None)
            {
                return Some(Ok(outcome));
            }
        }
    }
}

//! `send_all`: messages in from an iterator, outcomes out as an iterator, memory bounded by the window.

use std::time::Duration;

use super::Client;
use crate::session::{Message, Outcome, SubmitError};

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

impl<'a, I: Iterator<Item = Message>> SendAll<'a, I> {
    pub(super) const fn new(client: &'a mut Client, messages: I) -> Self {
        Self { client, messages: Some(messages), drawn: 0 }
    }

    /// Draws while there is room. A message that can't be sent is returned as such.
    fn fill(&mut self) -> Result<(), (Rejected, SubmitError)> {
        while self.client.has_room()
            && let Some(messages) = &mut self.messages
        {
            let Some(message) = messages.next() else {
                self.messages = None;
                break;
            };
            let index = self.drawn;
            self.drawn += 1;
            self.client.submit(message).map_err(|error| (Rejected { index }, error))?;
        }
        Ok(())
    }
}

impl<I: Iterator<Item = Message>> Iterator for SendAll<'_, I> {
    type Item = Result<Outcome, (Rejected, SubmitError)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(outcome) = self.client.try_collect() {
                return Some(Ok(outcome));
            }
            if let Err(rejected) = self.fill() {
                return Some(Err(rejected));
            }
            if self.client.is_closed()
                && let Some(messages) = &mut self.messages
            {
                // The session has ended: what is still drawn is refused one by one, so that nothing is lost unsaid.
                let Some(message) = messages.next() else {
                    self.messages = None;
                    continue;
                };
                let index = self.drawn;
                self.drawn += 1;
                return match self.client.submit(message) {
                    Ok(_) => continue,
                    Err(error) => Some(Err((Rejected { index }, error))),
                };
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

//! RSET that the server refused, where an older transaction may be open. What is said behind it is then said of something else:
//! no refusal in it is a verdict on the message, and an acceptance of its content is a doubt. Such a message goes again over
//! another connection, unless its content was accepted. There the first transaction needs no RSET, so each connection gets on.

use super::event::ReconnectReason;
use super::outcome::Reason;
use super::transaction::Transaction;
use super::{Item, Session, Stage};

impl Session {
    /// An older transaction may be open still, and the next in flight has joined it, for all we know.
    pub(super) fn reset_refused(&mut self) {
        match self.flight.front_mut() {
            Some(transaction) => transaction.condemn(Reason::ResetRefused),
            None if self.stage == Stage::Ready => self.reconnect(ReconnectReason::Abandoned),
            None => {}
        }
    }

    /// Takes a void transaction off the wire, if it was one: nobody got it, and it is to go again. It waits in front of the queue,
    /// behind those to which the same happened before.
    pub(super) fn set_aside(&mut self, transaction: Transaction) -> Option<Transaction> {
        if !transaction.is_void() || self.stage != Stage::Ready || transaction.job.over {
            return Some(transaction);
        }
        let place = self.spoilt.unwrap_or(0);
        self.spoilt = Some(place.saturating_add(1));
        if transaction.job.is_spent() {
            let outcome = transaction.lost(0, Reason::SourceSpent);
            self.finish(outcome);
            return None;
        }
        let job = transaction.undo();
        self.queued_bytes = self.queued_bytes.saturating_add(job.message.content.size());
        self.queue.insert(place.min(self.queue.len()), Item::Message(job));
        None
    }
}

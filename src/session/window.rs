//! The window (rule 7 of `scheduler`): how much may be begun and unfinished, unanswered, and waiting to begin. It bounds what
//! can ever be in doubt, and memory.

use super::Session;
use super::error::SubmitError;
use super::message::Message;
use super::stats::Wait;

/// How much may wait to begin before [`Session::has_room`] says no, where the window does not say so before.
const ROOM_MESSAGES: usize = 256;
const ROOM_BYTES: u64 = 1024 * 1024;

impl Session {
    /// Whether a further message would begin soon: what a driver asks before it draws one from a source without end.
    pub fn has_room(&self) -> bool {
        let begun = self.flight.len().saturating_add(self.queue.len());
        let window = self.options.max_in_flight;
        !self.is_closed()
            && (window == 0 || begun < window)
            && self.queue.len() < ROOM_MESSAGES
            && self.queued_bytes < ROOM_BYTES
    }

    /// Whether [`submit`](Self::submit) would take the message, for a caller that gives up something with it.
    ///
    /// # Errors
    ///
    /// As `submit`.
    pub fn check(&self, message: &Message) -> Result<(), SubmitError> {
        self.check_open()?;
        message.check()
    }

    /// Whether a message of so many octets has to wait.
    pub(super) fn window(&self, size: u64) -> Option<Wait> {
        let Self { options, flight, .. } = self;
        let full = options.max_in_flight > 0 && flight.len() >= options.max_in_flight;
        (full || !flight.is_empty() && self.is_heavy(size)).then_some(Wait::Window)
    }

    /// Whether so many octets more would be too many unanswered.
    pub(super) fn is_heavy(&self, size: u64) -> bool {
        let limit = self.options.max_unanswered;
        let unanswered = self.output.queued().saturating_sub(self.answered).saturating_add(size);
        limit > 0 && unanswered > u64::try_from(limit).unwrap_or(u64::MAX)
    }
}

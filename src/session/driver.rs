//! The driver's side of a session: bytes in, bytes out, and what of them has really left.
//!
//! `handed >= written >= left`. What was handed out may have been sent, for all that is known; `sent` says what was taken
//! off our hands; and a driver with a buffer of its own (a TLS library has one) still holds some of that.

use core::time::Duration;
use std::io::IoSlice;

use super::error::PeerError;
use super::{Session, Stage};

impl Session {
    /// Gives bytes from the server. All of them are taken.
    pub fn feed(&mut self, now: Duration, data: &[u8]) {
        self.stats.bytes_received = self.stats.bytes_received.saturating_add(data.len() as u64);
        let generation = self.generation;
        let mut parser = core::mem::take(&mut self.parser);
        let mut input = data;
        while self.generation == generation {
            match self.stage {
                Stage::StartTls if self.ledger.is_empty() => break,
                Stage::Greeting
                | Stage::Hello
                | Stage::StartTls
                | Stage::Auth
                | Stage::Ready
                | Stage::Draining => {}
                // The answer to QUIT interests nobody, and nothing is believed once it is over.
                Stage::Unconnected | Stage::Quitting | Stage::Closed => break,
            }
            match parser.parse(&mut input) {
                Ok(Some(reply)) => self.on_reply(now, reply),
                Ok(None) => break,
                Err(error) => self.end(PeerError::Malformed(error).into()),
            }
        }
        if self.generation == generation && self.in_handshake() {
            self.hand_over(now, parser.drained(input));
        }
        if self.generation == generation {
            self.parser = parser;
        }
    }

    /// Hands out what is to be written next, as slices that live until the next call; returns how many.
    ///
    /// What is handed out may have been sent, for all the session knows, until [`sent`](Self::sent) says how much was: so
    /// call that behind every call of this.
    pub fn output<'a>(&'a mut self, slices: &mut [IoSlice<'a>]) -> usize {
        self.advance();
        self.output.slices(slices)
    }

    /// So many of the bytes handed out were written; the others were not.
    pub fn sent(&mut self, now: Duration, n: usize) {
        self.sent_holding(now, n, 0);
    }

    /// As [`sent`](Self::sent), for a driver that has a buffer of its own: it took so many of the bytes handed out, and of all
    /// that it ever took on this connection the last `held` have not left it yet. To be called again when that changes,
    /// with an `n` of 0 if need be. When the session asks for another connection, or ends, they must never leave it any more:
    /// a message that ends in them is said not to have been sent.
    pub fn sent_holding(&mut self, now: Duration, n: usize, held: u64) {
        let (before, taken) = (self.left(), self.output.written());
        self.output.sent(n);
        self.held = held;
        let after = self.left();
        let bytes = self.output.written().saturating_sub(taken);
        self.stats.bytes_sent = self.stats.bytes_sent.saturating_add(bytes);
        self.timer.on_write(now, after > before, self.output.pending() > 0 || held > 0);
        if after > before
            && let Some(source) = self.source.as_deref_mut()
        {
            source.since = now;
        }
        let whole = self.ledger.front().map(|front| self.whole(front));
        if whole.is_some_and(|whole| whole > before && whole <= after) {
            self.timer.front_since = now;
        }
    }

    /// Whether there is something to be written.
    pub fn wants_output(&mut self) -> bool {
        self.advance();
        self.output.pending() > 0
    }

    /// QUIT has left: shut down the writing side, then close. No answer is waited for.
    pub fn half_close(&self) -> bool {
        self.stage == Stage::Quitting && self.output.pending() == 0 && self.held == 0
    }

    /// Up to where bytes have left.
    pub(super) const fn left(&self) -> u64 {
        self.output.written().saturating_sub(self.held)
    }

    /// Up to where bytes may have left, now that no more of them will.
    pub(super) const fn may_have_left(&self) -> u64 {
        self.output.handed().saturating_sub(self.held)
    }
}

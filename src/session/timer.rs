//! When to stop waiting (RFC 5321 §4.5.3.2). One deadline at a time: that of the reply at the front of the ledger, or of
//! progress in writing, whichever is sooner. The time comes from the driver; there is no clock here.

use core::time::Duration;

use super::error::SessionError;
use super::ledger::{Entry, Probe, Sent};
use super::options::Timeouts;
use super::starttls::{TlsError, TlsFailure};
use super::{Session, Stage};
use crate::wire::Verb;

/// How long a trial may stay unanswered, at least.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long replies are taken after a 421.
const FAREWELL: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Timer {
    /// Since when the reply to the front of the ledger is awaited: when it was written, or when the reply before it came.
    pub(super) front_since: Duration,
    /// When something was last written, or became due to be.
    written: Duration,
    /// Nothing was waiting to be written when that was last looked at: `written` says nothing.
    idle: bool,
    /// The longest round trip seen where the server had nothing to think about.
    pub(super) slowest: Duration,
    /// The longest that it took for any command in which no content is judged.
    thoughtful: Duration,
}

impl Timer {
    /// A round trip ended, that of `sent`.
    pub(super) fn measure(&mut self, now: Duration, sent: Sent) {
        let took = now.saturating_sub(self.front_since);
        match sent {
            Sent::Hello(_) | Sent::StartTls | Sent::Mail | Sent::Data => {
                self.slowest = self.slowest.max(took)
            }
            Sent::Rcpt(_) | Sent::Reset | Sent::Forward | Sent::Clear | Sent::Probe(_) => {}
            Sent::Greeting
            | Sent::Introduction
            | Sent::Auth
            | Sent::AuthGivenUp
            | Sent::Content
            | Sent::Chunk
            | Sent::Part(_)
            | Sent::Command(..) => return,
        }
        self.thoughtful = self.thoughtful.max(took);
    }

    /// The driver tried to write: something left, or `pending` says that something is still waiting.
    pub(super) fn on_write(&mut self, now: Duration, progress: bool, pending: bool) {
        if progress || self.idle {
            self.written = now;
        }
        self.idle = !pending;
    }

    /// A new connection.
    pub(super) fn restart(&mut self, now: Duration) {
        self.front_since = now;
        self.written = now;
        self.idle = true;
    }

    /// Since when something waits to be written.
    fn blocked_since(&self) -> Option<Duration> {
        (!self.idle).then_some(self.written)
    }

    fn patience(&self) -> Duration {
        PATIENCE.max(self.thoughtful.saturating_mul(4))
    }
}

impl Session {
    /// When [`Session::handle_timeout`] has to be called, if nothing happens before. `None`: nothing is awaited.
    pub fn deadline(&self) -> Option<Duration> {
        let timeouts = &self.options.timeouts;
        if self.stage == Stage::Closed || self.stage == Stage::Unconnected {
            return None;
        }
        if self.stage == Stage::Draining {
            return Some(self.timer.front_since.saturating_add(FAREWELL));
        }
        let writing = self.timer.blocked_since().map(|since| since.saturating_add(timeouts.block));
        if self.in_handshake() {
            return Some(self.timer.front_since.saturating_add(timeouts.tls));
        }
        let reply = self.awaited().map(|front| {
            let mut limit = limit(timeouts, front.sent);
            if self.in_trial(front) && !is_ordinary(front.sent) {
                limit = limit.min(self.timer.patience());
            }
            self.timer.front_since.saturating_add(limit)
        });
        [writing, reply, self.source_deadline()].into_iter().flatten().min()
    }

    /// What the server owes a reply to now: all of it has left.
    fn awaited(&self) -> Option<Entry> {
        self.ledger.front().filter(|&front| self.whole(front) <= self.left())
    }

    /// Where the last byte lies that has to leave before the reply to `front` is due. Content may be answered as soon as it
    /// has begun, so its entry ends there; but it may take longer to leave than its reply may take to come.
    pub(super) fn whole(&self, front: Entry) -> u64 {
        let commit = match front.sent {
            Sent::Content if self.front_is_open() => Some(u64::MAX),
            Sent::Content | Sent::Chunk => self.flight.front().and_then(|transaction| transaction.commit),
            Sent::Part(size) => Some(front.end.saturating_add(u64::from(size))),
            _ => None,
        };
        commit.map_or(front.end, |commit| commit.max(front.end))
    }

    /// The time is `now`: ends what has waited too long. Harmless when nothing is due.
    pub fn handle_timeout(&mut self, now: Duration) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        let front = self.awaited();
        match self.stage {
            Stage::Draining => return self.drained(),
            Stage::Quitting => return self.closed(),
            Stage::StartTls if self.in_handshake() => {
                let error = TlsError::new(TlsFailure::TimedOut, "the handshake took too long");
                return self.no_tls(SessionError::Tls(error));
            }
            Stage::StartTls => {
                return self.no_tls(SessionError::Timeout { waiting_for: Some(Verb::Starttls) });
            }
            Stage::Unconnected
            | Stage::Greeting
            | Stage::Hello
            | Stage::Auth
            | Stage::Ready
            | Stage::Closed => {}
        }
        if self.source_deadline().is_some_and(|deadline| deadline <= now) {
            return self.source_stalled();
        }
        if self.trial_failed(front) {
            return;
        }
        // On some paths a chunk doesn't even leave in whole.
        let begun = self.ledger.front().filter(|front| front.end <= self.left());
        if begun.is_some_and(|front| matches!(front.sent, Sent::Chunk | Sent::Part(_))) {
            self.remember_silent_chunk();
        }
        self.end(SessionError::Timeout { waiting_for: front.map(|front| front.sent.verb()) });
    }
}

/// Nothing is on trial in a probe's envelope: a server may think about it as long as about any other.
const fn is_ordinary(sent: Sent) -> bool {
    matches!(sent, Sent::Probe(Probe::Mail | Probe::Rcpt))
}

const fn limit(timeouts: &Timeouts, sent: Sent) -> Duration {
    match sent {
        Sent::Greeting => timeouts.greeting,
        Sent::Hello(_) => timeouts.ehlo,
        Sent::StartTls => timeouts.tls,
        Sent::Mail | Sent::Probe(Probe::Mail) => timeouts.mail,
        Sent::Rcpt(_) | Sent::Probe(Probe::Rcpt) => timeouts.rcpt,
        Sent::Data => timeouts.data,
        Sent::Content | Sent::Chunk | Sent::Part(_) => timeouts.content,
        Sent::Introduction => timeouts.greeting,
        Sent::Auth
        | Sent::AuthGivenUp
        | Sent::Reset
        | Sent::Forward
        | Sent::Clear
        | Sent::Command(..)
        | Sent::Probe(_) => timeouts.other,
    }
}

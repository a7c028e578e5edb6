//! What is remembered of a server from one connection to the next: what it offered, the verdicts of the trials, how far away
//! it is. It must never hold anything of the messages.

use core::time::Duration;

use super::options::StartTls;
use super::{Session, Stage};
use crate::wire::Capabilities;

/// The verdict on one way of pipelining.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verdict {
    /// Not tried yet.
    #[default]
    Unknown,
    /// The server answered everything in order.
    Earned,
    /// The server lost or mangled something.
    Failed,
}

/// What was learnt of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerRecord {
    /// Commands behind an end of content (RFC 2920 §3.1).
    pub continuous: Verdict,
    /// Whole BDAT transactions back to back, a refused chunk being swallowed (RFC 3030).
    pub streaming: Verdict,
    /// Commands before the greeting, as PIPECONNECT allows. `Failed` when the server that had offered it minded.
    pub early: Verdict,
    /// What EHLO was answered last.
    pub offered: Option<Capabilities>,
    /// The longest round trip seen in which the server had nothing to think about.
    pub round_trip: Option<Duration>,
}

impl PeerRecord {
    /// The server has said what it offers now. Where that is another thing than last time, it may be another server, and what
    /// was earned or failed says nothing of it. Keywords that depend on who asks, and over what, don't count. Where only its name
    /// is another one, one of several hosts has answered: what has failed will fail there, too, most likely; what was earned it has
    /// to earn itself, for otherwise a streamed message would run as commands.
    ///
    /// True: it may be another server.
    pub(super) fn correct(&mut self, offered: &Capabilities) -> bool {
        let before = self.offered.replace(offered.clone());
        let Some(before) = before else { return false };
        if sorted(&before) != sorted(offered) {
            self.continuous = Verdict::Unknown;
            self.streaming = Verdict::Unknown;
            return true;
        }
        let another = !before.domain().eq_ignore_ascii_case(offered.domain());
        for verdict in [&mut self.continuous, &mut self.streaming] {
            if another && *verdict == Verdict::Earned {
                *verdict = Verdict::Unknown;
            }
        }
        another
    }

    /// What may be assumed to be offered before the greeting is there: PIPECONNECT was offered last time.
    pub(super) fn early_offer(&self) -> Option<&Capabilities> {
        self.offered
            .as_ref()
            .filter(|offered| offered.pipeconnect() && offered.pipelining() && self.early != Verdict::Failed)
    }
}

impl Session {
    /// What was learnt of this server, to be given to the next session with it.
    pub const fn peer_record(&self) -> &PeerRecord {
        &self.peer
    }

    /// Tells what was learnt of this server before (encrypted, if it is to be encrypted); for a driver that knows the
    /// server's address only once it is connected.
    /// Only before [`start`](Self::start); afterwards the session knows better.
    pub fn set_peer_record(&mut self, record: PeerRecord) {
        if self.stage == Stage::Unconnected {
            self.peer = record;
            self.confirmed = false;
            // Whatever became of the connection before.
            self.record_is_of_tls |= self.options.starttls != StartTls::Never;
        }
    }
}

/// What tells its offer from another.
fn sorted(offered: &Capabilities) -> Vec<&str> {
    let keywords = offered.iter().map(|(keyword, _)| keyword).filter(|keyword| {
        !matches!(*keyword, "STARTTLS" | "AUTH" | "PIPECONNECT" | "PIPE_CONNECT" | "X_PIPE_CONNECT")
    });
    let mut keywords: Vec<_> = keywords.collect();
    keywords.sort_unstable();
    keywords
}

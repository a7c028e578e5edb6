//! What is remembered of a server from one connection to the next: the verdicts of the trials.
//! It must never hold anything of the messages.

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerRecord {
    /// Commands behind an end of content (RFC 2920 §3.1).
    pub continuous: Verdict,
    /// Whole BDAT transactions back to back, a refused chunk being swallowed (RFC 3030).
    pub streaming: Verdict,
}

//! What a session spent: the round-trip ledger. Counters only; nothing is decided from them.
//!
//! Round trips are counted by cause, not by the clock. A command that was sent because a reply had come is one deeper than
//! that reply; a command that nothing held back is as deep as the one before it. The deepest reply is what the session has
//! cost in round trips, however fast the line was.

/// Why the sender had to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Wait {
    /// For the greeting.
    Greeting,
    /// For the reply to EHLO, HELO or LHLO.
    Ehlo,
    /// For one reply to one command: no PIPELINING.
    Lockstep,
    /// For the reply to DATA.
    Data,
    /// For the reply to content: the level does not allow anything behind it.
    Content,
    /// For the window: too many messages or bytes unanswered.
    Window,
    /// For the verdict on a trial.
    Trial,
    /// For the replies to RCPT, before content may be sent.
    Recipients,
    /// For each reply, after several refused transactions in a row.
    Refusals,
    /// For the reply to a raw command.
    Command,
    /// For the last reply, before QUIT.
    Quit,
    /// For TLS: the reply to STARTTLS, and the handshake.
    Tls,
    /// For AUTH.
    Auth,
}

impl Wait {
    /// How many there are.
    pub const COUNT: usize = 13;

    /// All of them, in the order of [`Stats::waits`].
    pub const ALL: [Self; Self::COUNT] = [
        Self::Greeting,
        Self::Ehlo,
        Self::Lockstep,
        Self::Data,
        Self::Content,
        Self::Window,
        Self::Trial,
        Self::Recipients,
        Self::Refusals,
        Self::Command,
        Self::Quit,
        Self::Tls,
        Self::Auth,
    ];

    /// In one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Ehlo => "ehlo",
            Self::Lockstep => "lockstep",
            Self::Data => "data",
            Self::Content => "content",
            Self::Window => "window",
            Self::Trial => "trial",
            Self::Recipients => "recipients",
            Self::Refusals => "refusals",
            Self::Command => "command",
            Self::Quit => "quit",
            Self::Tls => "tls",
            Self::Auth => "auth",
        }
    }
}

/// What a session has spent and done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Round trips that the replies so far have cost, connections included.
    pub round_trips: u32,
    /// Commands queued to be sent (an end of content is not one).
    pub commands: u64,
    /// Replies taken.
    pub replies: u64,
    /// Messages whose outcome is known.
    pub messages: u64,
    /// Messages accepted for at least one recipient.
    pub delivered: u64,
    /// Bytes written to the connection.
    pub bytes_sent: u64,
    /// Bytes read from it.
    pub bytes_received: u64,
    /// The most messages that were begun and unfinished at once.
    pub max_in_flight: usize,
    /// How often the sender had to wait, by cause: indexed by [`Wait`].
    pub waits: [u64; Wait::COUNT],
    /// Raw commands whose outcome is known.
    pub raw_commands: u64,
    /// Trials that the server failed.
    pub downgrades: u32,
    /// Connections started, the first included.
    pub connections: u32,
    /// Connections on which TLS was established.
    pub encrypted: u32,
    /// Connections that went on in clear although TLS was wanted: it wasn't offered, was refused, or had failed before.
    pub in_clear: u32,
    /// Replies of the class 4yz or 5yz.
    pub negative_replies: u64,
}

/// The clock of causes behind [`Stats::round_trips`].
#[derive(Debug, Default)]
pub(super) struct RoundTrips {
    /// The depth of the deepest reply.
    pub(super) spent: u32,
    /// The depth of what is sent now.
    depth: u32,
    held: Option<Wait>,
}

impl RoundTrips {
    /// The sender would go on but must wait. True when it was not waiting already.
    pub(super) fn hold(&mut self, why: Wait) -> bool {
        self.held.replace(why).is_none()
    }

    /// Something is sent; `idle` when no reply was outstanding. Its depth.
    pub(super) fn send(&mut self, idle: bool) -> u32 {
        if self.held.take().is_some() || idle {
            self.depth = self.depth.max(self.spent.saturating_add(1));
        }
        self.depth
    }

    /// A reply to something of that depth came.
    pub(super) fn reply(&mut self, depth: u32) {
        self.spent = self.spent.max(depth);
    }
}

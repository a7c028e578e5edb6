//! The trace hook: what is said on the wire, for people to read. Content is not shown; nor is what AUTH says, in either
//! direction.

use super::Session;
use super::ledger::Sent;
use crate::wire::{Class, ReplyRef};

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The server.
    Received,
    /// This side.
    Sent,
}

/// Called with each line, without its line end. It must not call the session.
pub type Trace = Box<dyn FnMut(Direction, &[u8]) + Send>;

impl Session {
    /// Sets the trace hook, or takes it away. Lines are traced when they are queued, and replies when they are taken.
    pub fn set_trace(&mut self, trace: Option<Trace>) {
        self.trace = trace.map(super::TraceHook);
    }

    /// Traces the commands queued since the output stood at `from`.
    pub(super) fn trace_sent(&mut self, from: u64) {
        if let Some(trace) = &mut self.trace {
            for line in
                self.output.last_text(from).split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
            {
                (trace.0)(Direction::Sent, line.strip_suffix(b"\r").unwrap_or(line));
            }
        }
    }

    /// Traces a line of which not everything may be shown.
    pub(super) fn trace_masked(&mut self, line: &str) {
        if let Some(trace) = &mut self.trace {
            (trace.0)(Direction::Sent, line.as_bytes());
        }
    }

    pub(super) fn trace_received(&mut self, reply: ReplyRef<'_>) {
        let secret = reply.class() == Class::Intermediate
            && self.ledger.front().is_some_and(|front| matches!(front.sent, Sent::Auth));
        if let Some(trace) = &mut self.trace {
            let reply = reply.to_owned();
            let count = reply.lines().count();
            for (nth, text) in reply.lines().enumerate() {
                let mut line = reply.code().to_string().into_bytes();
                line.push(if nth + 1 < count { b'-' } else { b' ' });
                line.extend_from_slice(if secret && !text.is_empty() { b"***" } else { text });
                (trace.0)(Direction::Received, &line);
            }
        }
    }
}

//! A connection that seems far away: its bytes, both ways, spend time in a simulated path.

use std::time::Duration;

use super::connection::{Connection, Context, Fate, write};
use super::delay::{Parcel, Path};

/// Octets in a simulated path, each way; beyond that TCP has to hold the rest.
pub(super) const WINDOW: usize = 8 * 1024 * 1024;
/// The simulated path.
#[derive(Debug)]
pub(super) struct Far {
    pub(super) inward: Path,
    pub(super) outward: Path,
    /// Has come out of `outward` and waits for the socket.
    pub(super) wire: Vec<u8>,
    /// Our end of the stream is under way.
    end_sent: bool,
    end_due: bool,
}

impl Far {
    pub(super) fn new(delay: Duration, bandwidth: Option<u64>) -> Self {
        Self {
            inward: Path::new(delay, bandwidth),
            outward: Path::new(delay, bandwidth),
            wire: Vec::new(),
            end_sent: false,
            end_due: false,
        }
    }
}

impl Connection {
    /// Whatever has arrived is worked on, whatever has come through is written.
    pub(super) fn far_turn(&mut self, context: &mut Context<'_>) -> Fate {
        if self.take_arrivals(context.now) {
            self.ask_all(&mut &[][..], context);
        }
        loop {
            self.dispatch(context.now);
            // More may be waiting in the session than its output allowed to take up.
            if !self.session.output().is_empty() || !self.ask_all(&mut &[][..], context) {
                break;
            }
        }
        context.publish();
        let Some(far) = &mut self.far else { return Fate::Close };
        while far.wire.len() < WINDOW
            && let Some(parcel) = far.outward.receive(context.now)
        {
            match parcel {
                Parcel::Bytes(bytes) if far.wire.is_empty() => far.wire = bytes,
                Parcel::Bytes(bytes) => far.wire.extend_from_slice(&bytes),
                Parcel::End => far.end_due = true,
            }
        }
        let Ok(n) = write(&self.fd, &far.wire, context) else { return Fate::Close };
        far.wire.drain(..n);
        if far.end_due && far.wire.is_empty() {
            return self.end(context);
        }
        self.stalled_for_good()
    }

    /// Feeds the session what has arrived. False: nothing has.
    fn take_arrivals(&mut self, now: Duration) -> bool {
        let Some(far) = &mut self.far else { return false };
        let mut any = false;
        while !self.dropped
            && self.session.wants_input()
            && let Some(parcel) = far.inward.receive(now)
        {
            any = true;
            match parcel {
                Parcel::Bytes(bytes) => self.session.feed(&bytes),
                Parcel::End => self.session.end_of_input(),
            }
        }
        any
    }

    /// Sends the session's output, and its end, on their way.
    fn dispatch(&mut self, now: Duration) {
        let Some(far) = &mut self.far else { return };
        if far.outward.octets() + far.wire.len() < WINDOW {
            let output = self.session.output();
            let n = output.len();
            far.outward.send(now, output);
            self.session.sent(n);
        }
        let over = self.session.is_closed() || self.dropped && self.session.output().is_empty();
        if over && !far.end_sent {
            far.end_sent = true;
            far.outward.send_end(now);
        }
    }
}

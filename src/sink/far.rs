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
        if self.take_arrivals(context) {
            self.ask_all(&mut &[][..], context);
        }
        loop {
            self.dispatch(context.now);
            // More may be waiting in the session than its output allowed to take up.
            if self.session.awaits_handshake() && !self.secure(context) {
                return Fate::Close;
            }
            if !self.outgoing().is_empty()
                || !self.session.output().is_empty()
                || !self.ask_all(&mut &[][..], context)
            {
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
    fn take_arrivals(&mut self, context: &mut Context<'_>) -> bool {
        let mut any = false;
        while self.wants_input()
            && let Some(parcel) = self.far.as_mut().and_then(|far| far.inward.receive(context.now))
        {
            any = true;
            match parcel {
                Parcel::Bytes(bytes) if self.tls.is_some() => {
                    let clear = self.unwrap(&bytes, context);
                    self.session.feed(&clear);
                    self.give_back(clear);
                }
                Parcel::Bytes(bytes) => self.session.feed(&bytes),
                Parcel::End => self.session.end_of_input(),
            }
        }
        any
    }

    /// Sends the session's output, and its end, on their way.
    fn dispatch(&mut self, now: Duration) {
        let Some(mut far) = self.far.take() else { return };
        if far.outward.octets() + far.wire.len() < WINDOW {
            self.wrap();
            let output = self.outgoing();
            let n = output.len();
            if n > 0 {
                far.outward.send(now, output);
            }
            self.written(n);
        }
        if self.is_over() && !far.end_sent {
            far.end_sent = true;
            far.outward.send_end(now);
        }
        self.far = Some(far);
    }
}

//! One direction of a simulated path: bytes go in now and come out later, in order.
//!
//! A byte takes the time that the bandwidth gives it behind those before it, and then the delay. The end of the
//! stream travels like a byte. Knows no clock: time is an argument.

use std::collections::VecDeque;
use std::time::Duration;

/// With a bandwidth, what goes in at once comes out in pieces of this size.
const PIECE: usize = 8 * 1024;

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parcel {
    /// May be empty: then only the moment counts.
    Bytes(Vec<u8>),
    End,
}

#[derive(Debug)]
pub(super) struct Path {
    delay: Duration,
    /// Octets per second.
    bandwidth: Option<u64>,
    /// When the sender's interface will have nothing to do.
    idle_at: Duration,
    queue: VecDeque<(Duration, Parcel)>,
    octets: usize,
}

impl Path {
    pub(super) fn new(delay: Duration, bandwidth: Option<u64>) -> Self {
        let bandwidth = bandwidth.filter(|&rate| rate > 0);
        Self { delay, bandwidth, idle_at: Duration::ZERO, queue: VecDeque::new(), octets: 0 }
    }

    pub(super) fn send(&mut self, now: Duration, data: &[u8]) {
        let size = if self.bandwidth.is_some() { PIECE } else { data.len().max(1) };
        for piece in data.chunks(size) {
            let due = self.due(now, piece.len());
            self.octets += piece.len();
            self.queue.push_back((due, Parcel::Bytes(piece.to_vec())));
        }
    }

    /// A moment without bytes: the handshake that precedes them.
    pub(super) fn send_moment(&mut self, now: Duration) {
        let due = self.due(now, 0);
        self.queue.push_back((due, Parcel::Bytes(Vec::new())));
    }

    pub(super) fn send_end(&mut self, now: Duration) {
        let due = self.due(now, 0);
        self.queue.push_back((due, Parcel::End));
    }

    fn due(&mut self, now: Duration, octets: usize) -> Duration {
        let nanos = self.bandwidth.map_or(0, |rate| (octets as u64).saturating_mul(1_000_000_000) / rate);
        self.idle_at = self.idle_at.max(now).saturating_add(Duration::from_nanos(nanos));
        self.idle_at.saturating_add(self.delay)
    }

    /// What has arrived by now, one parcel at a time.
    pub(super) fn receive(&mut self, now: Duration) -> Option<Parcel> {
        self.queue.front().filter(|(due, _)| *due <= now)?;
        let (_, parcel) = self.queue.pop_front()?;
        if let Parcel::Bytes(data) = &parcel {
            self.octets -= data.len();
        }
        Some(parcel)
    }

    /// When the next parcel arrives.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.queue.front().map(|(due, _)| *due)
    }

    /// Octets under way.
    pub(super) fn octets(&self) -> usize {
        self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn every_byte_takes_its_time() {
        let mut path = Path::new(25 * MS, None);
        path.send_moment(MS);
        path.send(MS, b"one");
        path.send(2 * MS, b"two");
        path.send_end(2 * MS);
        assert_eq!((path.next_due(), path.octets()), (Some(26 * MS), 6));
        assert_eq!(path.receive(25 * MS), None);
        assert_eq!(path.receive(26 * MS), Some(Parcel::Bytes(vec![])));
        assert_eq!(path.receive(26 * MS), Some(Parcel::Bytes(b"one".to_vec())));
        assert_eq!(path.receive(26 * MS), None);
        assert_eq!(path.receive(27 * MS), Some(Parcel::Bytes(b"two".to_vec())));
        assert_eq!(path.receive(27 * MS), Some(Parcel::End));
        assert_eq!((path.next_due(), path.octets()), (None, 0));
    }

    #[test]
    fn bandwidth_spaces_bytes() {
        let mut path = Path::new(10 * MS, Some(8 * 1024 * 1000));
        path.send(Duration::ZERO, &[0; 2 * PIECE]);
        path.send(Duration::ZERO, &[0; PIECE]);
        let mut dues = Vec::new();
        while let Some(due) = path.next_due() {
            dues.push(due);
            assert!(path.receive(due).is_some());
        }
        assert_eq!(dues, [11 * MS, 12 * MS, 13 * MS]);
    }
}

//! One connection's TLS, without the connection: encrypted octets in and out, clear octets out and in.
//!
//! It keeps count of what is still here: a clear octet has left when the whole record that it lies in has, because half a
//! record is of no use to anybody. So it can be said of a message whose last record didn't leave that it wasn't sent.

use std::collections::VecDeque;
use std::io::{IoSlice, Read, Write};

use rustls::Connection;

use super::failure::failure;
use super::info::TlsInfo;
use crate::session::{Secure, TlsError, TlsFailure};

/// The most clear octets in a record (RFC 8446 §5.1).
const RECORD: usize = 16 * 1024;
/// As long as so much waits to be written, nothing more is encrypted.
const ENOUGH: usize = 64 * 1024;
/// Slices that one record is made of.
const SLICES: usize = 64;
/// Room that one piece of what came in needs at most.
const PIECE: usize = 16 * 1024;
/// A buffer larger than this is given back when it's empty.
const KEEP: usize = 2 * ENOUGH;

/// How the other side ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It said that it was at its end.
    Properly,
    /// It, or somebody in between, cut the connection.
    Cut,
}

#[derive(Debug)]
pub(crate) struct Channel {
    tls: Connection,
    /// Encrypted octets that wait to be written, from `start` on.
    outgoing: Vec<u8>,
    start: usize,
    /// Encrypted octets that ever were in front of `start`.
    gone: u64,
    /// Clear octets that were taken.
    taken: u64,
    /// Clear octets whose records have left.
    left: u64,
    /// Of each record in `outgoing` with clear octets in it: where it ends, and what `taken` was then.
    records: VecDeque<(u64, u64)>,
    closed: bool,
}

impl Channel {
    pub(super) fn new(mut tls: Connection) -> Self {
        // It's emptied behind every call; `ENOUGH` is the bound.
        tls.set_buffer_limit(None);
        let mut this = Self {
            tls,
            outgoing: Vec::new(),
            start: 0,
            gone: 0,
            taken: 0,
            left: 0,
            records: VecDeque::new(),
            closed: false,
        };
        this.gather();
        this
    }

    /// Takes encrypted octets, all of them, and appends the clear ones to `clear`. After an error there may still be
    /// something to be written: the alert that tells the other side.
    pub(crate) fn receive(&mut self, mut encrypted: &[u8], clear: &mut Vec<u8>) -> Result<(), TlsError> {
        while !encrypted.is_empty() {
            match self.tls.read_tls(&mut encrypted) {
                // The other side has ended: what it sent behind that is nothing.
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => return Err(TlsError::new(TlsFailure::Protocol, error.to_string())),
            }
            let state = self.tls.process_new_packets();
            if let Ok(state) = &state {
                self.closed |= state.peer_has_closed();
            }
            self.gather();
            if let Err(error) = state {
                return Err(failure(&error));
            }
            self.unwrap(clear);
        }
        Ok(())
    }

    fn unwrap(&mut self, clear: &mut Vec<u8>) {
        loop {
            let from = clear.len();
            clear.resize(from.saturating_add(PIECE), 0);
            // It fails when there is nothing (more), and at the end: that is known otherwise.
            let n = self.tls.reader().read(clear.get_mut(from..).unwrap_or_default()).unwrap_or(0);
            clear.truncate(from.saturating_add(n));
            if n == 0 {
                return;
            }
        }
    }

    /// How the other side ended, if its end of the connection is there.
    pub(crate) fn ended(&self) -> Ended {
        if self.closed { Ended::Properly } else { Ended::Cut }
    }

    /// Whether the other side has said that it was at its end.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes clear octets behind the first `skip`, as many as there is room for.
    pub(crate) fn send(&mut self, slices: &[IoSlice<'_>], mut skip: usize) -> usize {
        let (mut at, mut taken) = (0, 0_usize);
        while let Some(slice) = slices.get(at).filter(|slice| slice.len() <= skip) {
            (at, skip) = (at.saturating_add(1), skip.saturating_sub(slice.len()));
        }
        while self.outgoing().len() < ENOUGH {
            let mut record = [IoSlice::new(&[]); SLICES];
            let (mut count, mut octets) = (0, 0);
            while let (Some(slice), Some(slot)) = (slices.get(at), record.get_mut(count)) {
                let rest = slice.get(skip..).unwrap_or_default();
                let part = rest.get(..RECORD.saturating_sub(octets)).unwrap_or(rest);
                *slot = IoSlice::new(part);
                count += usize::from(!part.is_empty());
                octets = octets.saturating_add(part.len());
                if part.len() < rest.len() {
                    skip = skip.saturating_add(part.len());
                    break;
                }
                (at, skip) = (at.saturating_add(1), 0);
            }
            if octets == 0 {
                break;
            }
            // Without a limit it takes all; were it to take less, the count below would still be right.
            let record = record.get(..count).unwrap_or_default();
            let n = self.tls.writer().write_vectored(record).unwrap_or(0);
            self.gather();
            taken = taken.saturating_add(n);
            self.taken = self.taken.saturating_add(n as u64);
            let end = self.gone.saturating_add(self.outgoing().len() as u64);
            self.records.push_back((end, self.taken));
            if n < octets {
                break;
            }
        }
        taken
    }

    /// What is to be written next.
    pub(crate) fn outgoing(&self) -> &[u8] {
        self.outgoing.get(self.start..).unwrap_or_default()
    }

    /// The first `n` octets of [`outgoing`](Self::outgoing) were written.
    pub(crate) fn written(&mut self, n: usize) {
        let n = n.min(self.outgoing().len());
        self.start = self.start.saturating_add(n);
        self.gone = self.gone.saturating_add(n as u64);
        while let Some(&(_, taken)) = self.records.front().filter(|&&(end, _)| end <= self.gone) {
            self.left = taken;
            self.records.pop_front();
        }
        if self.start == self.outgoing.len() {
            self.outgoing.clear();
            self.start = 0;
            if self.outgoing.capacity() > KEEP {
                self.outgoing = Vec::new();
            }
        }
    }

    /// Clear octets that were taken and have not left.
    pub(crate) const fn held(&self) -> u64 {
        self.taken.saturating_sub(self.left)
    }

    /// Says that we are at our end.
    pub(crate) fn close(&mut self) {
        self.tls.send_close_notify();
        self.gather();
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// What was agreed on; `None` before that.
    pub(crate) fn info(&self) -> Option<TlsInfo> {
        TlsInfo::of(&self.tls).filter(|_| !self.is_handshaking())
    }

    /// What the session is told.
    pub(crate) fn secure(&self) -> Secure {
        let info = self.info();
        // RFC 9266 §2: 32 octets, no context. Under TLS 1.2 it may bind nothing (§4.2), so there is none.
        let exporter = match &info {
            Some(info) if info.version >= super::TlsVersion::Tls13 => self
                .tls
                .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(&[]))
                .map_or_else(|_| Vec::new(), |value: [u8; 32]| value.to_vec()),
            _ => Vec::new(),
        };
        Secure { exporter, round_trips: info.map_or(0, |info| info.round_trips), unverified: false }
    }

    /// Fetches what the library has to say.
    fn gather(&mut self) {
        if self.start > ENOUGH {
            self.outgoing.drain(..self.start);
            self.start = 0;
        }
        while self.tls.wants_write() {
            // Writing to memory can't fail.
            if self.tls.write_tls(&mut self.outgoing).unwrap_or(0) == 0 {
                return;
            }
        }
    }
}

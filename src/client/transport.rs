//! What the loop reads from and writes to: a socket, or a socket with TLS on it. The clear way is the socket's own, with
//! nothing in between.

use std::io::{self, IoSlice};

use super::socket::{Interest, Socket};
use crate::session::TlsError;
use crate::tls::{Channel, Ended};

/// How much one system call reads of what is encrypted.
const BUFFER: usize = 16 * 1024;

#[derive(Debug)]
pub(super) enum Stream {
    Clear(Socket),
    Tls(Box<TlsStream>),
}

/// What a read brought.
#[derive(Debug)]
pub(super) enum Took {
    /// Nothing now.
    Nothing,
    Bytes(usize),
    /// The other side closed.
    End,
    /// The connection ended, and nobody had said that it would.
    Cut,
}

/// What a write came to. Even one that failed may have sent something.
#[derive(Debug, Default)]
pub(super) struct Wrote {
    /// Bytes taken off the caller's hands.
    pub(super) taken: usize,
    /// Something left.
    pub(super) progress: bool,
    pub(super) failed: Option<io::Error>,
}

/// What fetching brought.
pub(super) enum Fetched {
    Nothing,
    Some,
    End(Ended),
}

#[derive(Debug)]
pub(super) enum StreamError {
    Io(io::Error),
    Tls(TlsError),
}

impl Stream {
    pub(super) const fn socket(&self) -> &Socket {
        match self {
            Self::Clear(socket) => socket,
            Self::Tls(stream) => &stream.socket,
        }
    }

    /// Reads what is there.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<Took, StreamError> {
        match self {
            Self::Clear(socket) => match socket.read(buffer) {
                Ok(None) => Ok(Took::Nothing),
                Ok(Some(0)) => Ok(Took::End),
                Ok(Some(n)) => Ok(Took::Bytes(n)),
                Err(error) => Err(StreamError::Io(error)),
            },
            Self::Tls(stream) => stream.read(buffer),
        }
    }

    /// Writes what there is room for.
    pub(super) fn write(&mut self, slices: &[IoSlice<'_>]) -> Wrote {
        match self {
            Self::Clear(socket) => match socket.write(slices) {
                Ok(written) => {
                    let taken = written.unwrap_or(0);
                    Wrote { taken, progress: taken > 0, failed: None }
                }
                Err(error) => Wrote { failed: Some(error), ..Wrote::default() },
            },
            Self::Tls(stream) => stream.write(slices),
        }
    }

    /// Whether something is still here that has to be written whatever the caller has.
    pub(super) fn wants_write(&self) -> bool {
        match self {
            Self::Clear(_) => false,
            Self::Tls(stream) => stream.wants_write(),
        }
    }

    /// Bytes that were taken and have not left.
    pub(super) const fn held(&self) -> u64 {
        match self {
            Self::Clear(_) => 0,
            Self::Tls(stream) => stream.channel.held(),
        }
    }

    /// Ends the writing side.
    pub(super) fn shut(&mut self) {
        if let Self::Tls(stream) = self {
            stream.channel.close();
            // If there is no room for it now the server learns from the connection's end.
            let _ = stream.flush();
        }
        self.socket().shut();
    }
}

/// A socket and its TLS.
#[derive(Debug)]
pub(super) struct TlsStream {
    pub(super) socket: Socket,
    pub(super) channel: Channel,
    encrypted: Vec<u8>,
    /// What was decrypted and not yet read, from `at` on.
    clear: Vec<u8>,
    at: usize,
}

impl TlsStream {
    pub(super) const fn new(socket: Socket, channel: Channel) -> Self {
        Self { socket, channel, encrypted: Vec::new(), clear: Vec::new(), at: 0 }
    }

    /// One read of the socket, decrypted into `clear`.
    pub(super) fn fetch(&mut self) -> Result<Fetched, StreamError> {
        if self.channel.is_closed() {
            return Ok(Fetched::End(Ended::Properly));
        }
        self.encrypted.resize(BUFFER, 0);
        match self.socket.read(&mut self.encrypted).map_err(StreamError::Io)? {
            None => Ok(Fetched::Nothing),
            Some(0) => Ok(Fetched::End(self.channel.ended())),
            Some(n) => {
                let received = self.encrypted.get(..n).unwrap_or_default();
                let result = self.channel.receive(received, &mut self.clear);
                result.map(|()| Fetched::Some).map_err(|error| {
                    // The alert, for the other side's log; if there is no room for it now it learns from the connection's end.
                    let _ = self.flush();
                    StreamError::Tls(error)
                })
            }
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<Took, StreamError> {
        loop {
            let waiting = self.clear.get(self.at..).unwrap_or_default();
            if !waiting.is_empty() {
                let n = io::Read::read(&mut &*waiting, buffer).unwrap_or(0);
                self.at = self.at.saturating_add(n);
                return Ok(Took::Bytes(n));
            }
            self.clear.clear();
            self.at = 0;
            match self.fetch()? {
                Fetched::Some => {}
                Fetched::Nothing => return Ok(Took::Nothing),
                Fetched::End(Ended::Properly) => return Ok(Took::End),
                Fetched::End(Ended::Cut) => return Ok(Took::Cut),
            }
        }
    }

    fn write(&mut self, slices: &[IoSlice<'_>]) -> Wrote {
        let mut wrote = Wrote::default();
        loop {
            let n = self.channel.send(slices, wrote.taken);
            wrote.taken = wrote.taken.saturating_add(n);
            match self.flush() {
                Ok(progress) => wrote.progress |= progress,
                Err(error) => wrote.failed = Some(error),
            }
            if n == 0 || wrote.failed.is_some() || self.wants_write() {
                return wrote;
            }
        }
    }

    pub(super) fn wants_write(&self) -> bool {
        !self.channel.outgoing().is_empty()
    }

    pub(super) fn interest(&self) -> Interest {
        Interest { read: true, write: self.wants_write() }
    }

    /// Writes what waits. True: something left.
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        let mut progress = false;
        while self.wants_write() {
            match self.socket.write(&[IoSlice::new(self.channel.outgoing())])? {
                None | Some(0) => break,
                Some(n) => self.channel.written(n),
            }
            progress = true;
        }
        Ok(progress)
    }
}

//! TLS between a connection's octets and its session. Everything goes through here; without TLS it is a way with nothing on it.

use std::io::IoSlice;

use super::connection::{Connection, Context};
use crate::tls::Channel;

/// A connection's TLS.
#[derive(Debug)]
pub(super) struct Secured {
    channel: Channel,
    /// The handshake was counted.
    counted: bool,
    /// The end was said.
    ended: bool,
    /// A buffer to decrypt into.
    buffer: Vec<u8>,
}

impl Secured {
    /// What SCRAM is bound to; empty if it can't be.
    pub(super) fn exporter(&self) -> Vec<u8> {
        self.channel.secure().exporter
    }
}

impl Connection {
    /// From here on what goes over the connection is TLS. False: it can't be.
    pub(super) fn secure(&mut self, context: &mut Context<'_>) -> bool {
        let channel = context.acceptor.and_then(|acceptor| acceptor.channel().ok());
        let Some(channel) = channel.filter(|_| self.session.tls_established()) else { return false };
        self.tls = Some(Box::new(Secured { channel, counted: false, ended: false, buffer: Vec::new() }));
        true
    }

    /// Decrypts. What can't be decrypted ends the connection.
    pub(super) fn unwrap(&mut self, encrypted: &[u8], context: &mut Context<'_>) -> Vec<u8> {
        let Some(tls) = &mut self.tls else { return Vec::new() };
        let mut clear = std::mem::take(&mut tls.buffer);
        if tls.channel.receive(encrypted, &mut clear).is_err() {
            self.dropped = true;
        }
        if !tls.counted
            && let Some(info) = tls.channel.info()
        {
            tls.counted = true;
            context.delta.handshakes += 1;
            context.delta.resumed += u64::from(info.resumed);
        }
        clear
    }

    /// The buffer that [`unwrap`](Self::unwrap) gave, for the next time.
    pub(super) fn give_back(&mut self, mut clear: Vec<u8>) {
        if let Some(tls) = &mut self.tls {
            clear.clear();
            tls.buffer = clear;
        }
    }

    /// Encrypts the session's output, and its end. Before the handshake is done it's kept until it may go.
    pub(super) fn wrap(&mut self) {
        let Some(tls) = &mut self.tls else { return };
        loop {
            let n = tls.channel.send(&[IoSlice::new(self.session.output())], 0);
            self.session.sent(n);
            if n == 0 {
                break;
            }
        }
        // A rule that drops the connection cuts it.
        if self.session.is_closed() && !self.dropped && !tls.ended {
            tls.ended = true;
            tls.channel.close();
        }
    }

    /// What is to be written next.
    pub(super) fn outgoing(&self) -> &[u8] {
        self.tls.as_ref().map_or_else(|| self.session.output(), |tls| tls.channel.outgoing())
    }

    /// So much of it was.
    pub(super) fn written(&mut self, n: usize) {
        match &mut self.tls {
            Some(tls) => tls.channel.written(n),
            None => self.session.sent(n),
        }
    }

    /// Whether there is room for what comes in.
    pub(super) fn wants_input(&self) -> bool {
        self.session.wants_input() && !self.dropped
    }

    /// Everything has been said, and has left.
    pub(super) fn is_over(&self) -> bool {
        let said = self.session.is_closed() || self.dropped && self.session.output().is_empty();
        said && self.outgoing().is_empty()
    }
}

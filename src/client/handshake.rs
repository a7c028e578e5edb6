//! From a connected socket to an encrypted one: the handshake, which neither the session nor the messages see.

use std::time::Duration;

use super::socket::Socket;
use super::transport::{Fetched, Stream, StreamError, TlsStream};
use super::{Client, Link};
use crate::session::{Secure, TlsError, TlsFailure};

/// A handshake under way.
#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) stream: TlsStream,
    /// When it is over, since the client's epoch.
    pub(super) until: Duration,
    /// The session begins behind it; otherwise it goes on.
    implicit: bool,
}

impl Client {
    /// STARTTLS was answered.
    pub(super) fn start_tls(&mut self) {
        match core::mem::replace(&mut self.link, Link::Closed) {
            Link::Open(Stream::Clear(socket)) => self.begin_handshake(socket, false),
            // A connection that was lost meanwhile: the session has been told.
            link => self.link = link,
        }
    }

    pub(super) fn begin_handshake(&mut self, socket: Socket, implicit: bool) {
        let Some(connector) = &self.tls_connector else {
            return self.handshake_failed(TlsError::new(TlsFailure::Other, "TLS was not asked for"));
        };
        match connector.channel() {
            Ok(channel) => {
                let until = self.now().saturating_add(self.config.session.timeouts.tls);
                let stream = TlsStream::new(socket, channel);
                self.link = Link::Handshake(Box::new(Handshake { stream, until, implicit }));
                self.handshake();
            }
            Err(error) => self.handshake_failed(TlsError::new(TlsFailure::Other, error.to_string())),
        }
    }

    /// Goes on as far as it can. True: it is over, one way or the other.
    pub(super) fn handshake(&mut self) -> bool {
        let now = self.now();
        let Link::Handshake(handshake) = &mut self.link else { return true };
        let lost = |error: &std::io::Error| {
            TlsError::new(TlsFailure::HungUp, format!("the connection was lost: {error}"))
        };
        let error = loop {
            if !handshake.stream.channel.is_handshaking() {
                break None;
            }
            if let Err(error) = handshake.stream.flush() {
                break Some(lost(&error));
            }
            match handshake.stream.fetch() {
                Ok(Fetched::Some) => {}
                Ok(Fetched::Nothing) if now >= handshake.until => {
                    break Some(TlsError::new(TlsFailure::TimedOut, "the handshake took too long"));
                }
                Ok(Fetched::Nothing) => return false,
                Ok(Fetched::End(_)) => {
                    break Some(TlsError::new(TlsFailure::HungUp, "the server hung up in the handshake"));
                }
                Err(StreamError::Tls(error)) => break Some(error),
                Err(StreamError::Io(error)) => break Some(lost(&error)),
            }
        };
        match error {
            None => self.handshake_done(),
            Some(error) => self.handshake_failed(error),
        }
        true
    }

    /// What is still to be written of it goes with the first command.
    fn handshake_done(&mut self) {
        if let Link::Handshake(handshake) = core::mem::replace(&mut self.link, Link::Closed) {
            let Handshake { stream, implicit, .. } = *handshake;
            self.tls = stream.channel.info();
            let unverified = self.config.tls.dangerously_accept_any_certificate;
            let secure = Secure { unverified, ..stream.channel.secure() };
            self.link = Link::Open(Stream::Tls(Box::new(stream)));
            let now = self.now();
            self.session.tls_established(now, secure);
            if implicit {
                self.session.start(now);
            }
        }
    }

    fn handshake_failed(&mut self, error: TlsError) {
        self.link = Link::Closed;
        let now = self.now();
        self.session.tls_failed(now, error);
    }
}

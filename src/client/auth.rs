//! AUTH, as far as the client has a part in it: a nonce for each connection, what the credentials need to know of the target,
//! and a caller's own SASL, which answers between two drives.

use std::time::Duration;

use super::{Client, Config, Target};
use crate::random;
use crate::sasl::Nonce;
use crate::session::{Auth, Event, Options, SaslCallError};

/// A nonce that was never used, for [`Session::set_nonce`](crate::session::Session::set_nonce); `None` if the system has no
/// random octets to give. A client takes one by itself for each connection.
pub fn fresh_nonce() -> Option<Nonce> {
    random::nonce()
}

/// The session's options, with the credentials told where they are going.
pub(super) fn session_options(config: &Config) -> Options {
    let mut options = config.session_options();
    if let Auth::Credentials(credentials) = options.auth {
        options.auth = Auth::Credentials(match &config.target {
            Target::Tcp { host, port } => credentials.server(host, *port),
            // What goes through a unix socket is seen by the kernel and the server, as what goes into a pipe.
            Target::Unix(_) => credentials.even_in_clear_text(true),
        });
    }
    options
}

impl Client {
    /// A connection begins: with credentials, it needs something that was never said before.
    pub(super) fn give_nonce(&mut self) {
        if matches!(self.config.session.auth, Auth::Credentials(_))
            && let Some(nonce) = fresh_nonce()
        {
            self.session.set_nonce(nonce);
        }
    }

    /// What the server wants of the caller's own SASL ([`Auth::Caller`]), if it's his turn: [`Event::AuthWanted`] or
    /// [`Event::AuthChallenge`].
    pub const fn auth_event(&self) -> Option<&Event> {
        self.asked.as_ref()
    }

    /// Drives the connection until it's the caller's turn ([`auth_event`](Self::auth_event)), the session is ready, or it has
    /// ended. False: the timeout passed first.
    pub fn wait_auth(&mut self, timeout: Option<Duration>) -> bool {
        self.drive_until(timeout, |this| {
            this.asked.is_some() || this.session.is_ready() || this.session.is_closed()
        })
    }

    /// See [`Session::auth_begin`](crate::session::Session::auth_begin). Never blocks.
    ///
    /// # Errors
    ///
    /// It is not the time for it, or something can't be sent. Nothing was.
    pub fn auth_begin(
        &mut self,
        mechanism: &str,
        initial: Option<&[u8]>,
        complete: bool,
    ) -> Result<(), SaslCallError> {
        self.session.auth_begin(mechanism, initial, complete)?;
        self.auth_said();
        Ok(())
    }

    /// See [`Session::auth_respond`](crate::session::Session::auth_respond). Never blocks.
    ///
    /// # Errors
    ///
    /// It is not the time for it, or the response is too long. Nothing was sent.
    pub fn auth_respond(&mut self, response: &[u8], complete: bool) -> Result<(), SaslCallError> {
        self.session.auth_respond(response, complete)?;
        self.auth_said();
        Ok(())
    }

    /// See [`Session::auth_cancel`](crate::session::Session::auth_cancel). Never blocks.
    ///
    /// # Errors
    ///
    /// It is not the time for it.
    pub fn auth_cancel(&mut self) -> Result<(), SaslCallError> {
        self.session.auth_cancel()?;
        self.auth_said();
        Ok(())
    }

    fn auth_said(&mut self) {
        self.asked = None;
        self.drive();
    }
}

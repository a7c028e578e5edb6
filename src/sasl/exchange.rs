//! One exchange of one mechanism, from its first response to its last.

use super::credentials::Credentials;
use super::oauth::Oauth;
use super::plain::{External, Login, Plain};
use super::scram::{Binding, Scram};
use super::{Mechanism, Nonce, SaslError, Secret, cram};

/// What the mechanism is waiting for. Holds secrets: no `Debug`.
pub(crate) struct Exchange {
    state: State,
}

enum State {
    Cram(Credentials),
    External(External),
    Login(Login),
    Oauth(Oauth),
    Plain(Plain),
    Scram(Box<Scram>),
    /// Nothing more will be answered; whether the mechanism has done what it has to do.
    Over(bool),
}

impl Exchange {
    /// Begins, with the initial response of a mechanism that has one.
    pub(crate) fn start(
        mechanism: Mechanism,
        credentials: &Credentials,
        binding: Binding<'_>,
        nonce: Option<&Nonce>,
    ) -> Result<(Self, Option<Secret>), SaslError> {
        let (state, initial) = match mechanism {
            Mechanism::CramMd5 => (State::Cram(credentials.clone()), None),
            Mechanism::External => (State::External(External), Some(External::response(credentials))),
            Mechanism::Login => (State::Login(Login::new(credentials)), None),
            Mechanism::OauthBearer | Mechanism::Xoauth2 => {
                let (oauth, initial) = Oauth::start(mechanism, credentials);
                (State::Oauth(oauth), Some(initial))
            }
            Mechanism::Plain => (State::Plain(Plain), Some(Plain::response(credentials))),
            Mechanism::ScramSha1
            | Mechanism::ScramSha1Plus
            | Mechanism::ScramSha256
            | Mechanism::ScramSha256Plus => {
                let nonce = nonce.ok_or(SaslError::NoNonce)?;
                let (scram, initial) = Scram::start(mechanism, credentials, binding, nonce)?;
                (State::Scram(Box::new(scram)), Some(initial))
            }
        };
        Ok((Self { state }, initial))
    }

    /// Answers a challenge. After an error nothing more can be answered.
    pub(crate) fn step(&mut self, challenge: &[u8]) -> Result<Secret, SaslError> {
        let result = match &mut self.state {
            State::Cram(credentials) => {
                let response = cram::respond(credentials, challenge);
                self.state = State::Over(true);
                return response;
            }
            State::Login(login) => login.step(),
            State::Oauth(oauth) => oauth.step(challenge),
            State::Scram(scram) => scram.step(challenge),
            State::External(_) | State::Plain(_) | State::Over(_) => Err(SaslError::Unexpected),
        };
        if result.is_err() {
            self.state = State::Over(false);
        }
        result
    }

    /// Whether the mechanism has said and heard all it has to: only then may the server say that it was a success.
    pub(crate) fn is_complete(&self) -> bool {
        match &self.state {
            State::Cram(_) => false,
            State::External(_) | State::Plain(_) => true,
            State::Login(login) => login.is_complete(),
            State::Oauth(oauth) => oauth.is_complete(),
            State::Scram(scram) => scram.is_complete(),
            State::Over(complete) => *complete,
        }
    }

    /// What the server said was wrong, in the mechanism's own way.
    pub(crate) fn complaint(&self) -> Option<&str> {
        match &self.state {
            State::Oauth(oauth) => oauth.complaint(),
            State::Scram(scram) => scram.complaint(),
            _ => None,
        }
    }
}

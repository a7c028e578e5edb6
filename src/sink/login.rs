//! The sink's side of each SASL mechanism: enough to test a client from both ends. Users and passwords are told, in clear; a
//! server for mail that matters keeps neither like that.

use std::fmt;
use std::sync::Arc;

use super::scram::Scram;
use crate::random;
use crate::sasl::{Mechanism, cram_response};

/// What the client hears of a token that isn't known (RFC 7628 §3.2.2).
const BAD_TOKEN: &[u8] = br#"{"status":"invalid_token","schemes":"bearer","scope":"mail"}"#;

/// Who may log in, and with which password or token.
#[derive(Clone)]
pub(super) struct Users(Arc<[(String, String)]>);

/// What to say to the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Challenge(Vec<u8>),
    /// The user's name.
    Accept(String),
    Refuse,
}

/// An exchange under way.
pub(super) enum Login {
    Plain,
    Name,
    Password(String),
    Cram(String),
    Oauth(Mechanism),
    /// The client has been told what is wrong, and answers to that.
    Told,
    Scram(Box<Scram>),
    External,
}

impl Users {
    pub(super) fn new(users: &[(String, String)]) -> Self {
        Self(users.into())
    }

    pub(super) fn password(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, password)| &**password)
    }

    fn check(&self, name: &str, password: &str) -> Said {
        if self.password(name) == Some(password) { Said::Accept(name.to_owned()) } else { Said::Refuse }
    }
}

/// Without the passwords.
impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Without what was said.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}

impl Login {
    /// AUTH came. `exporter`: the channel to bind to; empty if there is none.
    pub(super) fn begin(
        users: &Users,
        mechanism: &str,
        initial: Option<&[u8]>,
        exporter: &[u8],
    ) -> (Option<Self>, Said) {
        let login = match mechanism.parse() {
            Ok(Mechanism::Plain) => Self::Plain,
            Ok(Mechanism::Login) => Self::Name,
            Ok(Mechanism::CramMd5) => {
                let Some(nonce) = random::nonce() else { return (None, Said::Refuse) };
                let challenge = format!("<{}@sink.example>", nonce.as_str());
                return (Some(Self::Cram(challenge.clone())), Said::Challenge(challenge.into_bytes()));
            }
            Ok(mechanism @ (Mechanism::OauthBearer | Mechanism::Xoauth2)) => Self::Oauth(mechanism),
            Ok(Mechanism::External) => Self::External,
            Ok(mechanism) => match Scram::new(mechanism, exporter) {
                Some(scram) => Self::Scram(Box::new(scram)),
                None => return (None, Said::Refuse),
            },
            Err(_) => return (None, Said::Refuse),
        };
        match (login, initial) {
            (login, Some(initial)) => login.respond(users, initial),
            (login @ Self::Name, None) => (Some(login), Said::Challenge(b"Username:".to_vec())),
            (login, None) => (Some(login), Said::Challenge(Vec::new())),
        }
    }

    /// The client answered. The exchange goes on with what is returned, if anything is.
    pub(super) fn respond(self, users: &Users, response: &[u8]) -> (Option<Self>, Said) {
        let Ok(text) = std::str::from_utf8(response) else { return (None, Said::Refuse) };
        match self {
            Self::Plain => {
                let mut parts = text.split('\0');
                let (_, name, password) = (parts.next(), parts.next(), parts.next());
                (None, users.check(name.unwrap_or_default(), password.unwrap_or_default()))
            }
            Self::Name => (Some(Self::Password(text.to_owned())), Said::Challenge(b"Password:".to_vec())),
            Self::Password(name) => (None, users.check(&name, text)),
            Self::Cram(challenge) => {
                let name = text.rsplit_once(' ').map_or("", |(name, _)| name);
                let right = users
                    .password(name)
                    .map(|password| cram_response(name, password, challenge.as_bytes()))
                    .is_some_and(|expected| *expected == response);
                (None, if right { Said::Accept(name.to_owned()) } else { Said::Refuse })
            }
            Self::Oauth(mechanism) => {
                let (name, token) = bearer(mechanism, text).unwrap_or_default();
                match users.check(&name, token) {
                    Said::Refuse => (Some(Self::Told), Said::Challenge(BAD_TOKEN.to_vec())),
                    said => (None, said),
                }
            }
            Self::Told => (None, Said::Refuse),
            Self::Scram(mut scram) => match scram.respond(users, text) {
                said @ Said::Challenge(_) => (Some(Self::Scram(scram)), said),
                said => (None, said),
            },
            Self::External => (None, Said::Accept(text.to_owned())),
        }
    }
}

/// User and token (RFC 7628 §3.1, and XOAUTH2's way).
fn bearer(mechanism: Mechanism, text: &str) -> Option<(String, &str)> {
    let mut parts = text.split('\u{1}');
    let head = parts.next()?;
    let name = if mechanism == Mechanism::Xoauth2 {
        head.strip_prefix("user=")?.to_owned()
    } else {
        let name = head.strip_prefix("n,a=")?.strip_suffix(',')?;
        name.replace("=2C", ",").replace("=3D", "=")
    };
    let token = parts.find_map(|part| part.strip_prefix("auth=Bearer "))?;
    Some((name, token))
}

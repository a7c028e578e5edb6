//! PLAIN (RFC 4616), LOGIN (no RFC; draft-murchison-sasl-login-00) and EXTERNAL (RFC 4422 appendix A): what is said is what
//! there is.

use super::credentials::Credentials;
use super::{SaslError, Secret};

/// PLAIN: one response, and nothing to answer behind it.
pub(super) struct Plain;

impl Plain {
    pub(super) fn response(credentials: &Credentials) -> Secret {
        let (authzid, username) =
            (credentials.authzid.as_deref().unwrap_or_default(), &*credentials.username);
        let secret = credentials.secret();
        // Of the right size from the start: a buffer that grows leaves copies behind.
        let mut out = Secret::new(Vec::with_capacity(authzid.len() + username.len() + secret.len() + 2));
        out.extend_from_slice(authzid.as_bytes());
        out.push(0);
        out.extend_from_slice(username.as_bytes());
        out.push(0);
        out.extend_from_slice(secret.as_bytes());
        out
    }
}

/// LOGIN: asked twice. What the challenges say isn't looked at: it was never agreed on.
pub(super) struct Login {
    credentials: Credentials,
    asked: u8,
}

impl Login {
    pub(super) fn new(credentials: &Credentials) -> Self {
        Self { credentials: credentials.clone(), asked: 0 }
    }

    pub(super) fn step(&mut self) -> Result<Secret, SaslError> {
        self.asked = self.asked.saturating_add(1);
        match self.asked {
            1 => Ok(Secret::new(self.credentials.username.as_bytes().to_vec())),
            2 => Ok(Secret::new(self.credentials.secret().as_bytes().to_vec())),
            _ => Err(SaslError::Unexpected),
        }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.asked == 2
    }
}

/// EXTERNAL: the identity to act for, or nothing.
pub(super) struct External;

impl External {
    pub(super) fn response(credentials: &Credentials) -> Secret {
        Secret::new(credentials.authzid.as_deref().unwrap_or_default().as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exchange, Mechanism, scram::Binding};
    use super::*;

    fn start(mechanism: Mechanism, credentials: &Credentials) -> (Exchange, Option<Secret>) {
        Exchange::start(mechanism, credentials, Binding::None, None).unwrap()
    }

    /// The examples of RFC 4616 §4.
    #[test]
    fn plain() {
        let tim = Credentials::password("tim", "tanstaaftanstaaf").unwrap();
        let (mut exchange, initial) = start(Mechanism::Plain, &tim);
        assert_eq!(&**initial.unwrap(), b"\0tim\0tanstaaftanstaaf");
        assert!(exchange.is_complete());
        assert_eq!(exchange.step(b"").err(), Some(SaslError::Unexpected));
        assert!(!exchange.is_complete());
        let kurt = Credentials::password("Kurt", "xipj3plmq").unwrap().acting_for("Ursel").unwrap();
        assert_eq!(&**start(Mechanism::Plain, &kurt).1.unwrap(), b"Ursel\0Kurt\0xipj3plmq");
    }

    #[test]
    fn login() {
        let (mut exchange, initial) =
            start(Mechanism::Login, &Credentials::password("tim", "tanstaaf").unwrap());
        assert!(initial.is_none() && !exchange.is_complete());
        assert_eq!(&**exchange.step(b"Username:").unwrap(), b"tim");
        assert!(!exchange.is_complete());
        assert_eq!(&**exchange.step(b"whatever").unwrap(), b"tanstaaf");
        assert!(exchange.is_complete());
        assert_eq!(exchange.step(b"Again:").err(), Some(SaslError::Unexpected));
    }

    #[test]
    fn external() {
        let (_, initial) = start(Mechanism::External, &Credentials::external());
        assert_eq!(&**initial.unwrap(), b"");
        let other = Credentials::external().acting_for("fred@example.com").unwrap();
        assert_eq!(&**start(Mechanism::External, &other).1.unwrap(), b"fred@example.com");
    }
}

//! OAUTHBEARER (RFC 7628) and XOAUTH2: a token, and a way for the server to say what is wrong with it. That way is a challenge,
//! which has to be answered before the server says 535; the answer means nothing.

use super::credentials::Credentials;
use super::{Mechanism, SaslError, Secret};

/// How much of a complaint is kept.
const COMPLAINT_MAX: usize = 1000;

pub(super) struct Oauth {
    mechanism: Mechanism,
    complaint: Option<String>,
}

impl Oauth {
    pub(super) fn start(mechanism: Mechanism, credentials: &Credentials) -> (Self, Secret) {
        let (username, token) = (&*credentials.username, credentials.secret());
        let host = credentials.server.as_ref().map_or(0, |(host, _)| host.len());
        // Large enough from the start: a buffer that grows leaves copies behind.
        let mut out = Secret::new(Vec::with_capacity(6 * username.len() + host + token.len() + 64));
        if mechanism == Mechanism::Xoauth2 {
            out.extend_from_slice(b"user=");
            out.extend_from_slice(username.as_bytes());
        } else {
            let name = credentials.authzid.as_deref().unwrap_or(username);
            out.extend_from_slice(b"n,a=");
            out.extend_from_slice(super::scram::saslname(name).as_bytes());
            out.push(b',');
            if let Some((host, port)) = &credentials.server {
                out.extend_from_slice(format!("\u{1}host={host}\u{1}port={port}").as_bytes());
            }
        }
        out.extend_from_slice(b"\x01auth=Bearer ");
        out.extend_from_slice(token.as_bytes());
        out.extend_from_slice(b"\x01\x01");
        (Self { mechanism, complaint: None }, out)
    }

    /// The only challenge there is says what is wrong (RFC 7628 §3.2.2), in JSON.
    pub(super) fn step(&mut self, challenge: &[u8]) -> Result<Secret, SaslError> {
        if self.complaint.is_some() {
            return Err(SaslError::Unexpected);
        }
        let text: String = String::from_utf8_lossy(challenge)
            .chars()
            .filter(|c| !c.is_control())
            .take(COMPLAINT_MAX)
            .collect();
        self.complaint = Some(text);
        // RFC 7628 §3.2.3 wants a lone control-A; XOAUTH2 nothing at all.
        Ok(Secret::new(if self.mechanism == Mechanism::Xoauth2 { Vec::new() } else { vec![1] }))
    }

    pub(super) const fn is_complete(&self) -> bool {
        self.complaint.is_none()
    }

    pub(super) fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";

    /// The example of RFC 7628 §4.1.
    #[test]
    fn oauthbearer() {
        let credentials =
            Credentials::token("user@example.com", TOKEN).unwrap().server("server.example.com", 143);
        let (_, initial) = Oauth::start(Mechanism::OauthBearer, &credentials);
        assert_eq!(
            std::str::from_utf8(&initial).unwrap(),
            "n,a=user@example.com,\u{1}host=server.example.com\u{1}port=143\u{1}auth=Bearer \
             vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}"
        );
    }

    /// The example of the description of XOAUTH2.
    #[test]
    fn xoauth2() {
        let credentials =
            Credentials::token("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
                .unwrap();
        let (_, initial) = Oauth::start(Mechanism::Xoauth2, &credentials);
        assert_eq!(
            std::str::from_utf8(&initial).unwrap(),
            "user=someuser@example.com\u{1}auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg\u{1}\u{1}"
        );
    }

    #[test]
    fn a_complaint_is_answered_and_kept() {
        for (mechanism, answer) in [(Mechanism::OauthBearer, &b"\x01"[..]), (Mechanism::Xoauth2, b"")] {
            let credentials = Credentials::token("u,=", TOKEN).unwrap();
            let (mut oauth, initial) = Oauth::start(mechanism, &credentials);
            assert_eq!(initial.starts_with(b"n,a=u=2C=3D,\x01auth"), mechanism == Mechanism::OauthBearer);
            assert!(oauth.is_complete());
            assert_eq!(&**oauth.step(b"{\"status\":\"invalid_token\"}\r\n").unwrap(), answer);
            assert_eq!(oauth.complaint(), Some("{\"status\":\"invalid_token\"}"));
            assert!(!oauth.is_complete());
            assert_eq!(oauth.step(b"{}").err(), Some(SaslError::Unexpected));
        }
    }
}

//! CRAM-MD5 (RFC 2195): the password stays at home, but the server proves nothing.

use super::credentials::Credentials;
use super::{SaslError, Secret, hash};

/// The response to the one challenge.
pub(super) fn respond(credentials: &Credentials, challenge: &[u8]) -> Result<Secret, SaslError> {
    // To answer an empty challenge would be to hand out something that can be used again.
    if challenge.is_empty() {
        return Err(SaslError::Malformed);
    }
    Ok(response(&credentials.username, credentials.secret(), challenge))
}

/// What the client says, and what a server compares it with.
pub(crate) fn response(username: &str, password: &str, challenge: &[u8]) -> Secret {
    let digest = hash::hmac_md5(password.as_bytes(), challenge);
    let mut out = Secret::new(Vec::with_capacity(username.len() + 1 + 2 * digest.len()));
    out.extend_from_slice(username.as_bytes());
    out.push(b' ');
    out.extend(digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|nibble| match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + nibble - 10,
    }));
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Exchange, Mechanism, scram::Binding};
    use super::*;

    /// The example of RFC 2195 §2.
    #[test]
    fn rfc_2195() {
        let tim = Credentials::password("tim", "tanstaaftanstaaf").unwrap();
        let (mut exchange, initial) = Exchange::start(Mechanism::CramMd5, &tim, Binding::None, None).unwrap();
        assert!(initial.is_none() && !exchange.is_complete());
        let response = exchange.step(b"<1896.697170952@postoffice.reston.mci.net>").unwrap();
        assert_eq!(&**response, b"tim b913a602c7eda7a495b4e6e7334d3890");
        assert!(exchange.is_complete());
        assert_eq!(exchange.step(b"<x>").err(), Some(SaslError::Unexpected));
    }

    #[test]
    fn an_empty_challenge_is_not_answered() {
        let tim = Credentials::password("tim", "tanstaaftanstaaf").unwrap();
        assert_eq!(respond(&tim, b"").err(), Some(SaslError::Malformed));
    }
}

//! Who the client says it is, and how it proves it. Checked when made, so that no mechanism has to ask again. The secret is
//! kept once, however often credentials are cloned, and overwritten when the last clone goes.

use core::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::Mechanism;

/// RFC 4616 asks for 255 octets of each; with both at their longest PLAIN's response stays under RFC 4954's 12288.
pub(super) const NAME_MAX: usize = 1000;
/// In base64, and with what is around it, this stays under RFC 4954's 12288 octets.
const TOKEN_MAX: usize = 8000;

/// A user name with a password or a token; or nothing, where the server knows the client by other means.
#[derive(Clone)]
pub struct Credentials {
    pub(super) username: Box<str>,
    pub(super) proof: Proof,
    pub(super) authzid: Option<Box<str>>,
    pub(super) mechanisms: Option<Vec<Mechanism>>,
    pub(super) clear_text: bool,
    pub(super) server: Option<(Box<str>, u16)>,
}

#[derive(Clone)]
pub(super) enum Proof {
    Password(Arc<Zeroizing<String>>),
    Token(Arc<Zeroizing<String>>),
    External,
}

/// Why credentials are refused. The text never has a part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// A NUL, which PLAIN can't carry; in a token or its user name, anything but visible ASCII or a control character.
    #[error("a character that can't be sent in the {0}")]
    Character(&'static str),
    /// There has to be one.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// User names and passwords have at most 1000 octets, tokens 8000.
    #[error("the {0} is too long")]
    TooLong(&'static str),
}

impl Credentials {
    /// A user name and a password, for SCRAM, CRAM-MD5, PLAIN and LOGIN.
    ///
    /// # Errors
    ///
    /// One is empty or too long, or has a NUL in it.
    pub fn password(username: &str, password: &str) -> Result<Self, CredentialsError> {
        check("user name", username, NAME_MAX, |c| c == '\0')?;
        check("password", password, NAME_MAX, |c| c == '\0')?;
        Ok(Self::new(username, Proof::Password(Arc::new(Zeroizing::new(password.to_owned())))))
    }

    /// A user name and an OAuth 2.0 bearer token (RFC 6750), for OAUTHBEARER and XOAUTH2.
    ///
    /// # Errors
    ///
    /// One is empty or too long; the user name has a control character in it, or the token anything but visible ASCII.
    pub fn token(username: &str, token: &str) -> Result<Self, CredentialsError> {
        check("user name", username, NAME_MAX, char::is_control)?;
        check("token", token, TOKEN_MAX, |c| !c.is_ascii_graphic())?;
        Ok(Self::new(username, Proof::Token(Arc::new(Zeroizing::new(token.to_owned())))))
    }

    /// EXTERNAL: the server knows the client by its certificate, or by the way it came.
    pub fn external() -> Self {
        Self::new("", Proof::External)
    }

    /// Acts for another user than the one who logs in. Mechanisms that can't say so (CRAM-MD5, LOGIN, XOAUTH2) are not used.
    ///
    /// # Errors
    ///
    /// It is empty or too long, or has a control character in it.
    pub fn acting_for(mut self, authzid: &str) -> Result<Self, CredentialsError> {
        check("authorization identity", authzid, NAME_MAX, char::is_control)?;
        self.authzid = Some(authzid.into());
        Ok(self)
    }

    /// Only these may be used. Among them, too, it is the strongest offered that is.
    #[must_use]
    pub fn only(mut self, mechanisms: &[Mechanism]) -> Self {
        self.mechanisms = Some(mechanisms.to_vec());
        self
    }

    /// Allows PLAIN, LOGIN, OAUTHBEARER and XOAUTH2 on a line that anybody on the way can read.
    #[must_use]
    pub fn even_in_clear_text(mut self, allowed: bool) -> Self {
        self.clear_text = allowed;
        self
    }

    /// The server as the client knows it, for OAUTHBEARER, which says it to protect the token (RFC 7628 §3.1). A client that
    /// makes its own connection fills this in.
    #[must_use]
    pub fn server(mut self, host: &str, port: u16) -> Self {
        // It becomes part of a message in which control characters separate the parts.
        self.server = (!host.chars().any(char::is_control)).then(|| (host.into(), port));
        self
    }

    /// The user name; empty for EXTERNAL.
    pub fn username(&self) -> &str {
        &self.username
    }

    fn new(username: &str, proof: Proof) -> Self {
        Self {
            username: username.into(),
            proof,
            authzid: None,
            mechanisms: None,
            clear_text: false,
            server: None,
        }
    }

    /// Whether the caller allows it and it can say what there is to say.
    pub(super) fn suit(&self, mechanism: Mechanism) -> bool {
        use Mechanism as M;
        let kind = match self.proof {
            Proof::Password(_) => !matches!(mechanism, M::OauthBearer | M::Xoauth2 | M::External),
            Proof::Token(_) => matches!(mechanism, M::OauthBearer | M::Xoauth2),
            Proof::External => mechanism == M::External,
        };
        let names_another = !matches!(mechanism, M::CramMd5 | M::Login | M::Xoauth2);
        kind && self.allow(mechanism) && (self.authzid.is_none() || names_another)
    }

    /// Whether the caller's restriction leaves it.
    pub(super) fn allow(&self, mechanism: Mechanism) -> bool {
        self.mechanisms.as_ref().is_none_or(|allowed| allowed.contains(&mechanism))
    }

    /// The password or the token; empty for EXTERNAL.
    pub(super) fn secret(&self) -> &str {
        match &self.proof {
            Proof::Password(secret) | Proof::Token(secret) => secret,
            Proof::External => "",
        }
    }
}

pub(super) fn check(
    what: &'static str,
    text: &str,
    max: usize,
    unfit: impl Fn(char) -> bool,
) -> Result<(), CredentialsError> {
    if text.is_empty() {
        return Err(CredentialsError::Empty(what));
    }
    if text.len() > max {
        return Err(CredentialsError::TooLong(what));
    }
    if text.chars().any(unfit) { Err(CredentialsError::Character(what)) } else { Ok(()) }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &self.username)
            .field("proof", &self.proof)
            .field("authzid", &self.authzid)
            .field("mechanisms", &self.mechanisms)
            .field("clear_text", &self.clear_text)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "password ***",
            Self::Token(_) => "token ***",
            Self::External => "external",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        for (credentials, kind) in [
            (Credentials::password("tim", "tanstaaf").unwrap(), "password ***"),
            (Credentials::token("tim", "tanstaaf").unwrap(), "token ***"),
        ] {
            let text = format!("{credentials:?} {credentials:#?}");
            assert!(text.contains("tim") && text.contains(kind), "{text}");
            assert!(!text.contains("tanstaaf"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        use CredentialsError as E;
        let long = "x".repeat(NAME_MAX + 1);
        for (username, password, error) in [
            ("", "p", E::Empty("user name")),
            ("u", "", E::Empty("password")),
            ("u\0v", "p", E::Character("user name")),
            ("u", "p\0", E::Character("password")),
            (&*long, "p", E::TooLong("user name")),
            ("u", &*long, E::TooLong("password")),
        ] {
            assert_eq!(Credentials::password(username, password).err(), Some(error));
        }
        assert!(Credentials::token("a\u{1}b", "t").is_err());
        for token in ["a b", "a\u{1}", "a\r\n", "\u{e9}", "", &"t".repeat(TOKEN_MAX + 1)] {
            assert!(Credentials::token("u", token).is_err());
        }
        assert!(Credentials::external().acting_for("a\nb").is_err());
    }

    #[test]
    fn a_clone_holds_the_same_secret_and_not_another_one() {
        let credentials = Credentials::password("u", "secret").unwrap();
        let clone = credentials.clone();
        assert!(core::ptr::eq(credentials.secret(), clone.secret()));
    }
}

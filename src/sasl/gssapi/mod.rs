//! GSSAPI (RFC 4752), as far as it needs no Kerberos: what is asked for, what may go wrong, and the order of the exchange. Tokens
//! are made and read where the library is (`client/kerberos.rs`); nothing here knows it.

mod exchange;

use std::sync::Arc;

pub(crate) use self::exchange::{Context, Exchange};

use super::credentials::{CredentialsError, NAME_MAX, check};

/// Services and hosts: a name of the DNS has no more.
const PART_MAX: usize = 255;

/// A login by Kerberos (RFC 4752 over RFC 4954): with whatever ticket the system has for whoever runs this, and with no
/// password. Both sides prove themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gssapi {
    service: Option<Box<str>>,
    host: Option<Box<str>>,
    authzid: Option<Box<str>>,
}

impl Gssapi {
    /// The service is `smtp` (over LMTP, `lmtp`) at the host that is connected to, under the name that TLS looks for where
    /// there is one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether this build has what it takes: the feature `gssapi`. Without it such a login is refused before anything is
    /// connected.
    pub const fn is_built() -> bool {
        cfg!(feature = "gssapi")
    }

    /// Another service: `smtp`, or with its host, `smtp@mail.example.net`.
    ///
    /// # Errors
    ///
    /// A part is empty, longer than 255 octets, or has anything but letters, digits and `-_.` in it (a host, also `:`).
    pub fn service(mut self, service: &str) -> Result<Self, CredentialsError> {
        let (name, host) = match service.split_once('@') {
            Some((name, host)) => (name, Some(host)),
            None => (service, None),
        };
        check("service", name, PART_MAX, |c| !of_a_name(c))?;
        if let Some(host) = host {
            self = self.host(host)?;
        }
        self.service = Some(name.into());
        Ok(self)
    }

    /// Another host than the one that is connected to: behind a load balancer or a unix socket, the name in the server's key.
    ///
    /// # Errors
    ///
    /// As [`service`](Self::service).
    pub fn host(mut self, host: &str) -> Result<Self, CredentialsError> {
        check("host", host, PART_MAX, |c| c != ':' && !of_a_name(c))?;
        self.host = Some(host.into());
        Ok(self)
    }

    /// Acts for another user than the one whose ticket it is.
    ///
    /// # Errors
    ///
    /// It is empty or longer than 1000 octets, or has a control character in it.
    pub fn acting_for(mut self, authzid: &str) -> Result<Self, CredentialsError> {
        check("authorization identity", authzid, NAME_MAX, char::is_control)?;
        self.authzid = Some(authzid.into());
        Ok(self)
    }

    /// The service's name as GSSAPI has it (RFC 2743 §4.1, `service@host`), where `host` is connected to.
    pub(crate) fn target(&self, lmtp: bool, host: Option<&str>) -> Result<String, GssapiError> {
        let service = self.service.as_deref().unwrap_or(if lmtp { "lmtp" } else { "smtp" });
        let host = self.host.as_deref().or(host).ok_or(GssapiError::NoHost)?;
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        // An IPv6 address may name its zone; a name that is to be looked up was not checked before.
        if bare.is_empty()
            || bare.len() > PART_MAX
            || bare.chars().any(|c| !matches!(c, ':' | '%') && !of_a_name(c))
        {
            return Err(GssapiError::NoHost);
        }
        Ok(format!("{service}@{bare}"))
    }

    pub(crate) fn authzid(&self) -> &str {
        self.authzid.as_deref().unwrap_or_default()
    }
}

/// No Kerberos name has to be escaped then.
fn of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Why Kerberos gave no login. Texts are the library's own, on one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GssapiError {
    /// The ticket, or the key that it would be had with, is too old.
    #[error("the Kerberos ticket has expired: {0}")]
    Expired(Arc<str>),
    /// What the server sent is not from whom the ticket is for: its proof is wrong, or somebody changed it on the way.
    #[error("the server did not prove itself: {0}")]
    Forged(Arc<str>),
    /// The server takes nobody without a security layer, and there is none here: TLS does that.
    #[error("the server insists on a security layer (it offers {0:#04x}); use TLS")]
    LayerWanted(u8),
    /// The server's offer of security layers is not what RFC 4752 §3.1 makes of it.
    #[error("the server's offer of security layers is malformed")]
    Malformed,
    /// The service has no host: over a unix socket, say which.
    #[error("the service has no host name that Kerberos could know it by")]
    NoHost,
    /// There is no ticket.
    #[error("no Kerberos ticket: {0}")]
    NoTicket(Arc<str>),
    /// This build can't (see [`Gssapi::is_built`]).
    #[error("built without GSSAPI")]
    NotBuilt,
    /// The library would not have the server prove itself, or its messages.
    #[error("no mutual authentication: the context has not what it takes")]
    NotMutual,
    /// Something else that the library says: no KDC answers, the clock is wrong, ...
    #[error("{0}")]
    Other(Arc<str>),
    /// The ticket makes a response of more octets than SMTP can carry (RFC 4954 §4).
    #[error("the ticket is too large for SMTP")]
    TooLarge,
    /// A challenge that the mechanism doesn't have.
    #[error("a challenge more than the mechanism has")]
    Unexpected,
    /// The KDC knows no such service.
    #[error("{service} is not known to Kerberos: {text}")]
    UnknownService {
        /// As it was asked for, `smtp@host`.
        service: Arc<str>,
        /// What the library says.
        text: Arc<str>,
    },
}

impl GssapiError {
    /// Whether somebody else seems to answer than the server that the ticket is for.
    pub const fn is_attack(&self) -> bool {
        matches!(self, Self::Forged(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_at_the_host() {
        let plain = Gssapi::new();
        assert_eq!(plain.target(false, Some("mx.example")), Ok("smtp@mx.example".into()));
        assert_eq!(plain.target(true, Some("mx.example")), Ok("lmtp@mx.example".into()));
        assert_eq!(plain.target(false, Some("[::1]")), Ok("smtp@::1".into()));
        for none in [None, Some(""), Some("a b"), Some("a@b"), Some("a/b"), Some("a\0b"), Some("[]")] {
            assert_eq!(plain.target(false, none), Err(GssapiError::NoHost), "{none:?}");
        }
        let other = Gssapi::new().service("submit").unwrap();
        assert_eq!(other.target(true, Some("mx.example")), Ok("submit@mx.example".into()));
        let far = Gssapi::new().service("smtp@mail.example").unwrap();
        assert_eq!(far.target(false, None), Ok("smtp@mail.example".into()));
        assert_eq!(far.host("b.example").unwrap().target(false, Some("mx")), Ok("smtp@b.example".into()));
    }

    #[test]
    fn what_kerberos_would_read_otherwise_is_refused() {
        let long = "x".repeat(PART_MAX + 1);
        for bad in ["", "@", "a@", "@b", "a@b@c", "a/b", "a b", "a\0", "a\r\n", "\u{e9}", "a\\b", &*long] {
            assert!(Gssapi::new().service(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "a@b", "a/b", "a b", "a\0b", "\u{e9}"] {
            assert!(Gssapi::new().host(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "a\nb", &"x".repeat(NAME_MAX + 1)] {
            assert!(Gssapi::new().acting_for(bad).is_err(), "{bad:?}");
        }
    }
}

//! The client's nonce for SCRAM (RFC 5802 §5.1). It comes from outside: the engine has no source of randomness, and a test
//! wants to know what is said.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest that is taken.
const MAX: usize = 100;

/// What a client contributes that was never said before. Fresh for every connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Nonce(String);

/// A text that can't be a nonce: it is empty, too long, or has a comma or something invisible in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a nonce: 1 to 100 visible ASCII characters other than a comma are")]
pub struct BadNonce;

impl Nonce {
    /// From octets that nobody could guess; at least 18 of them ought to be given.
    pub fn from_random(octets: &[u8; 18]) -> Self {
        Self(STANDARD.encode(octets))
    }

    /// From text, as a test has it.
    ///
    /// # Errors
    ///
    /// RFC 5802 doesn't allow it.
    pub fn new(text: &str) -> Result<Self, BadNonce> {
        let fit = |byte: u8| byte.is_ascii_graphic() && byte != b',';
        if text.is_empty() || text.len() > MAX || !text.bytes().all(fit) {
            return Err(BadNonce);
        }
        Ok(Self(text.to_owned()))
    }

    /// Another one, for another exchange on the same connection.
    #[must_use]
    pub(crate) fn next(mut self) -> Self {
        self.0.push('+');
        self
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Until it is said it is better not known.
impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_nonce_is() {
        assert_eq!(Nonce::from_random(&[255; 18]).as_str(), "/".repeat(24));
        assert!(Nonce::new("fyko+d2lbbFgONRv9qkxdawL").is_ok());
        let long = "x".repeat(MAX + 1);
        for bad in ["", "a,b", "a b", "a\n", "\u{e9}", &long] {
            assert_eq!(Nonce::new(bad), Err(BadNonce), "{bad:?}");
        }
        assert_eq!(format!("{:?}", Nonce::new("abc").unwrap()), "Nonce(***)");
    }
}

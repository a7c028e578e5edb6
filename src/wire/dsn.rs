//! The parameters of DSN (RFC 3461): RET and ENVID on MAIL, NOTIFY and ORCPT on RCPT.
//!
//! Each value is checked and encoded when it is made, and turns into a [`Param`] without further ado.

use super::command::{Param, ParamError};
use super::{Address, xtext};

/// The longest ENVID, in octets as sent (RFC 3461 section 4.4).
const ENVID_MAX: usize = 100;
/// The longest ORCPT, in octets as sent (RFC 3461 section 4.2).
const ORCPT_MAX: usize = 500;

/// How much of the message a report of its failure is to return (RFC 3461 section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ret {
    /// `RET=FULL`: all of it.
    Full,
    /// `RET=HDRS`: its headers.
    Headers,
}

impl From<Ret> for Param {
    fn from(ret: Ret) -> Self {
        Self::checked(match ret {
            Ret::Full => "RET=FULL".to_owned(),
            Ret::Headers => "RET=HDRS".to_owned(),
        })
    }
}

/// The sender's own name for this transmission, which reports return (RFC 3461 section 4.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EnvelopeId(Param);

impl EnvelopeId {
    /// From printable ASCII and spaces, encoded here.
    ///
    /// # Errors
    ///
    /// Empty, other characters, or more than 100 octets once encoded.
    pub fn new(text: &str) -> Result<Self, ParamError> {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
            return Err(ParamError::BadValue);
        }
        let encoded = xtext::encode(text.as_bytes());
        if encoded.len() > ENVID_MAX {
            return Err(ParamError::TooLong);
        }
        Ok(Self(Param::checked(format!("ENVID={encoded}"))))
    }
}

impl From<EnvelopeId> for Param {
    fn from(id: EnvelopeId) -> Self {
        id.0
    }
}

/// When a recipient's fate is to be reported (RFC 3461 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Notify(u8);

impl Notify {
    /// `NOTIFY=NEVER`.
    pub const NEVER: Self = Self(0);
    /// When it was delivered.
    pub const SUCCESS: Self = Self(1);
    /// When it can't be delivered.
    pub const FAILURE: Self = Self(2);
    /// When it is delayed.
    pub const DELAY: Self = Self(4);

    /// In either case. Together with `NEVER`, which stands alone, it is the other.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl From<Notify> for Param {
    fn from(notify: Notify) -> Self {
        let words = [(1, "SUCCESS"), (2, "FAILURE"), (4, "DELAY")];
        let chosen: Vec<&str> =
            words.into_iter().filter(|(bit, _)| notify.0 & bit != 0).map(|(_, word)| word).collect();
        let value = if chosen.is_empty() { "NEVER".to_owned() } else { chosen.join(",") };
        Self::checked(format!("NOTIFY={value}"))
    }
}

/// The recipient as the sender knows him, which reports return (RFC 3461 section 4.2, RFC 6533 section 3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OriginalRecipient(Param);

impl OriginalRecipient {
    /// An address: of type `rfc822`, or if it isn't all ASCII of type `utf-8`, in the 7-bit form that needs no SMTPUTF8.
    ///
    /// # Errors
    ///
    /// The null path, or more than 500 octets once encoded.
    pub fn new(address: &Address) -> Result<Self, ParamError> {
        if address.is_null() {
            return Err(ParamError::BadValue);
        }
        if address.is_ascii() {
            Self::typed("rfc822", address.as_str())
        } else {
            Self::written("utf-8", &utf8_xtext(address.as_str()))
        }
    }

    /// An address of another type, such as `x400`; its text is encoded as xtext.
    ///
    /// # Errors
    ///
    /// A type that isn't an atom of ASCII, an empty text, or more than 500 octets once encoded.
    pub fn typed(kind: &str, text: &str) -> Result<Self, ParamError> {
        Self::written(kind, &xtext::encode(text.as_bytes()))
    }

    fn written(kind: &str, encoded: &str) -> Result<Self, ParamError> {
        let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*-/?^_`{|}~".contains(&b);
        if kind.is_empty() || !kind.bytes().all(atom) || encoded.is_empty() {
            return Err(ParamError::BadValue);
        }
        if kind.len() + 1 + encoded.len() > ORCPT_MAX {
            return Err(ParamError::TooLong);
        }
        Ok(Self(Param::checked(format!("ORCPT={kind};{encoded}"))))
    }
}

impl From<OriginalRecipient> for Param {
    fn from(original: OriginalRecipient) -> Self {
        original.0
    }
}

/// `utf-8-addr-xtext` (RFC 6533 section 3): what isn't plain stands as `\x{HEX}`.
fn utf8_xtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if c.is_ascii_graphic() && !matches!(c, '+' | '=' | '\\') {
            out.push(c);
        } else {
            out.push_str(&format!("\\x{{{:02X}}}", u32::from(c)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(param: impl Into<Param>) -> String {
        param.into().as_str().to_owned()
    }

    #[test]
    fn of_mail() {
        assert_eq!((text(Ret::Full), text(Ret::Headers)), ("RET=FULL".into(), "RET=HDRS".into()));
        assert_eq!(text(EnvelopeId::new("a+b=c d").unwrap()), "ENVID=a+2Bb+3Dc+20d");
        assert!(EnvelopeId::new(&"x".repeat(100)).is_ok());
        assert_eq!(EnvelopeId::new(&"x".repeat(101)), Err(ParamError::TooLong));
        assert_eq!(
            EnvelopeId::new(&"+".repeat(34)),
            Err(ParamError::TooLong),
            "it is the encoded form that counts"
        );
        for bad in ["", "a\r\nRSET", "\u{e9}", "\0"] {
            assert_eq!(EnvelopeId::new(bad), Err(ParamError::BadValue), "{bad:?}");
        }
    }

    #[test]
    fn notify() {
        assert_eq!(text(Notify::NEVER), "NOTIFY=NEVER");
        assert_eq!(
            text(Notify::DELAY.or(Notify::SUCCESS).or(Notify::FAILURE)),
            "NOTIFY=SUCCESS,FAILURE,DELAY"
        );
        assert_eq!(text(Notify::NEVER.or(Notify::FAILURE)), "NOTIFY=FAILURE");
    }

    #[test]
    fn original_recipients() {
        let of = |address: &str| OriginalRecipient::new(&Address::new(address).unwrap());
        assert_eq!(text(of("a+b@example.org").unwrap()), "ORCPT=rfc822;a+2Bb@example.org");
        assert_eq!(
            text(of("j\u{fc}rgen+x@b\u{fc}cher.example").unwrap()),
            "ORCPT=utf-8;j\\x{FC}rgen\\x{2B}x@b\\x{FC}cher.example"
        );
        assert_eq!(text(of("\u{1f600}@x").unwrap()), "ORCPT=utf-8;\\x{1F600}@x");
        assert_eq!(text(of("\"a\\\"b \u{e9}\"@x").unwrap()), "ORCPT=utf-8;\"a\\x{5C}\"b\\x{20}\\x{E9}\"@x");
        assert_eq!(of(""), Err(ParamError::BadValue));
        assert_eq!(text(OriginalRecipient::typed("x400", "/c=de/").unwrap()), "ORCPT=x400;/c+3Dde/");
        for kind in ["", "a b", "a;b", "a+b", "\u{e9}", "a\r\n"] {
            assert_eq!(OriginalRecipient::typed(kind, "x"), Err(ParamError::BadValue), "{kind:?}");
        }
        assert_eq!(OriginalRecipient::typed("x", ""), Err(ParamError::BadValue));
        assert_eq!(OriginalRecipient::typed("x", &"y".repeat(499)), Err(ParamError::TooLong));
    }
}

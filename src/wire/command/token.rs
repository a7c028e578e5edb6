//! What callers may put into a command besides addresses: parameters, a host name, a line of their own.
//!
//! Each is checked when it's made and can't be changed afterwards. None can hold a line end.

use super::super::syntax::{DOMAIN_MAX, check_domain, is_literal};
use super::Verb;

/// The longest parameter, in octets. RFC 3461's ORCPT and RFC 4954's AUTH may have 500.
const PARAM_MAX: usize = 1000;
/// The longest line of the caller's own, in octets, without its CRLF (RFC 5321 section 4.5.3.1.4).
const LINE_MAX: usize = 510;

/// A parameter of MAIL or RCPT (`esmtp-param` of RFC 5321 section 4.1.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Param {
    /// As sent: `KEYWORD` or `KEYWORD=value`. A keyword can't hold a `=`.
    text: Box<str>,
}

/// Why a parameter is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamError {
    /// The keyword isn't a letter or digit, followed by letters, digits and hyphens.
    #[error("the parameter's keyword is not valid")]
    BadKeyword,
    /// The value is empty, or has white space, a `=` or a control character in it.
    #[error("the parameter's value is not valid")]
    BadValue,
    /// Keyword and value have more than 1000 octets.
    #[error("the parameter is too long")]
    TooLong,
}

impl Param {
    /// A parameter, with or without a value. Values that may hold anything have to be encoded first, as
    /// by [`xtext`](crate::wire::xtext).
    ///
    /// # Errors
    ///
    /// Keyword or value don't have the form that RFC 5321 (and for UTF-8, RFC 6531) asks for.
    pub fn new(keyword: &str, value: Option<&str>) -> Result<Self, ParamError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if keyword.is_empty() || keyword.starts_with('-') || !keyword.bytes().all(word) {
            return Err(ParamError::BadKeyword);
        }
        let Some(value) = value else {
            return if keyword.len() > PARAM_MAX {
                Err(ParamError::TooLong)
            } else {
                Ok(Self { text: keyword.into() })
            };
        };
        let fit = |c: char| (c.is_ascii_graphic() && c != '=') || (!c.is_ascii() && !c.is_control());
        if value.is_empty() || !value.chars().all(fit) {
            return Err(ParamError::BadValue);
        }
        if keyword.len() + 1 + value.len() > PARAM_MAX {
            return Err(ParamError::TooLong);
        }
        Ok(Self { text: format!("{keyword}={value}").into() })
    }

    /// The keyword as given.
    pub fn keyword(&self) -> &str {
        self.text.split_once('=').map_or(&self.text, |(keyword, _)| keyword)
    }

    /// The value, if there is one.
    pub fn value(&self) -> Option<&str> {
        self.text.split_once('=').map(|(_, value)| value)
    }

    /// The parameter as sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the parameter is all ASCII. If not, it needs SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }
}

/// The name that a client gives of itself: a domain or an address literal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostName {
    text: Box<str>,
}

/// A text that is neither an ASCII domain of at most 255 octets nor an address literal.
///
/// A name with other letters has to be given in its A-label form: it's sent before the server could
/// offer SMTPUTF8 (RFC 6531 section 3.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host name is neither a domain nor an address literal")]
pub struct HostNameError;

impl HostName {
    /// Checks a name for EHLO, HELO or LHLO.
    ///
    /// # Errors
    ///
    /// The text isn't one.
    pub fn new(text: &str) -> Result<Self, HostNameError> {
        let domain = check_domain(text.as_bytes()) == Ok(false);
        if text.len() <= DOMAIN_MAX && (domain || is_literal(text)) {
            Ok(Self { text: text.into() })
        } else {
            Err(HostNameError)
        }
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// `localhost`.
impl Default for HostName {
    fn default() -> Self {
        Self { text: "localhost".into() }
    }
}

/// One command line that the caller wants sent as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RawLine {
    text: Box<str>,
}

/// Why a command line is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// CR, LF, NUL or another control character.
    #[error("a control character in the command line (offset {at})")]
    Control {
        /// Where it is, in octets.
        at: usize,
    },
    /// The line doesn't begin with a letter or digit.
    #[error("the command line does not begin with a verb")]
    NoVerb,
    /// The line has more than 510 octets.
    #[error("the command line is longer than 510 octets")]
    TooLong,
}

impl RawLine {
    /// Checks a command line, which is given without its line end.
    ///
    /// # Errors
    ///
    /// The line is too long, has a control character in it or has no verb.
    pub fn new(text: &str) -> Result<Self, LineError> {
        if text.len() > LINE_MAX {
            return Err(LineError::TooLong);
        }
        if let Some((at, _)) = text.char_indices().find(|(_, c)| c.is_control()) {
            return Err(LineError::Control { at });
        }
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(LineError::NoVerb);
        }
        Ok(Self { text: text.into() })
    }

    /// The line without its line end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The command's verb.
    pub fn verb(&self) -> Verb {
        Verb::of(self.text.as_bytes())
    }

    /// Whether the line is all ASCII. If not, it needs SMTPUTF8.
    pub fn is_ascii(&self) -> bool {
        self.text.is_ascii()
    }
}

/// The name of a SASL mechanism (RFC 4422 section 3.1): 1 to 20 capitals, digits, hyphens and underscores.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MechanismName {
    text: Box<str>,
}

/// A text that isn't the name of a SASL mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a SASL mechanism")]
pub struct MechanismNameError;

impl MechanismName {
    /// Checks a name, whose letters are made capitals.
    ///
    /// # Errors
    ///
    /// The text isn't one.
    pub fn new(text: &str) -> Result<Self, MechanismNameError> {
        let fit = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if text.is_empty() || text.len() > 20 || !text.bytes().all(fit) {
            return Err(MechanismNameError);
        }
        Ok(Self { text: text.to_ascii_uppercase().into() })
    }

    /// The name in capitals.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params() {
        let param = Param::new("ENVID", Some("QQ+2B31:<x>;\"")).unwrap();
        assert_eq!((param.keyword(), param.value()), ("ENVID", Some("QQ+2B31:<x>;\"")));
        assert_eq!(param.as_str(), "ENVID=QQ+2B31:<x>;\"");
        let param = Param::new("8-x", None).unwrap();
        assert_eq!((param.keyword(), param.value(), param.as_str()), ("8-x", None, "8-x"));
        assert!(param.is_ascii());
        assert!(!Param::new("ORCPT", Some("utf-8;\u{e9}")).unwrap().is_ascii());
    }

    #[test]
    fn params_that_could_be_more_than_one() {
        for keyword in ["", "-x", "A B", "A=B", "A\r\n", "A\0", "\u{e9}", "A_B", "A:"] {
            assert_eq!(Param::new(keyword, None), Err(ParamError::BadKeyword), "{keyword:?}");
            assert_eq!(Param::new(keyword, Some("x")), Err(ParamError::BadKeyword), "{keyword:?}");
        }
        for value in ["", " ", "a b", "a=b", "=", "a\r\nRSET", "a\n", "a\0", "a\t", "\u{7f}", "\u{85}"] {
            assert_eq!(Param::new("X", Some(value)), Err(ParamError::BadValue), "{value:?}");
        }
        assert!(Param::new("X", Some(&"v".repeat(998))).is_ok());
        assert_eq!(Param::new("X", Some(&"v".repeat(999))), Err(ParamError::TooLong));
        assert_eq!(Param::new(&"X".repeat(1001), None), Err(ParamError::TooLong));
    }

    #[test]
    fn host_names() {
        for name in ["localhost", "mx-1.example.org", "[192.0.2.1]", "[IPv6:::1]", "a_b", &"d".repeat(255)] {
            assert_eq!(HostName::new(name).unwrap().as_str(), name);
        }
        for name in [
            "",
            "a b",
            "a\r\nMAIL",
            "a\0",
            "b\u{fc}cher.example",
            "a..b",
            "a.",
            "[1.2]",
            "a<b",
            &"d".repeat(256),
        ] {
            assert_eq!(HostName::new(name), Err(HostNameError), "{name:?}");
        }
        assert_eq!(HostName::new("localhost"), Ok(HostName::default()));
    }

    #[test]
    fn raw_lines() {
        let line = RawLine::new("vrfy  j\u{fc}rgen").unwrap();
        assert_eq!((line.as_str(), line.verb(), line.is_ascii()), ("vrfy  j\u{fc}rgen", Verb::Vrfy, false));
        assert_eq!(RawLine::new("XCLIENT NAME=x").unwrap().verb(), Verb::Other);
        for (text, error) in [
            ("", LineError::NoVerb),
            (" NOOP", LineError::NoVerb),
            (".", LineError::NoVerb),
            ("NOOP\r\nQUIT", LineError::Control { at: 4 }),
            ("NOOP\n", LineError::Control { at: 4 }),
            ("NOOP \0", LineError::Control { at: 5 }),
            ("NOOP\tx", LineError::Control { at: 4 }),
            ("NOOP \u{9f}", LineError::Control { at: 5 }),
        ] {
            assert_eq!(RawLine::new(text), Err(error), "{text:?}");
        }
        assert!(RawLine::new(&"x".repeat(510)).is_ok());
        assert_eq!(RawLine::new(&"x".repeat(511)), Err(LineError::TooLong));
    }

    #[test]
    fn mechanism_names() {
        assert_eq!(MechanismName::new("scram-sha-256-plus").unwrap().as_str(), "SCRAM-SHA-256-PLUS");
        for text in ["", "A B", "PLAIN\r\nQUIT", "A=", "\u{e9}", &"A".repeat(21)] {
            assert_eq!(MechanismName::new(text), Err(MechanismNameError), "{text:?}");
        }
    }
}

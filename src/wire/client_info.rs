//! XCLIENT and XFORWARD (Postfix): what one server tells the next about the client that it speaks for.
//!
//! XCLIENT changes who the client is taken to be; XFORWARD only says whom the message came from, for the logs. Both are a
//! verb with `NAME=value` attributes, each value in xtext. Only attributes that a server offers may be sent to it.

use super::xtext;

/// The longest value, in octets before it is encoded (Postfix: XFORWARD_README, XCLIENT_README).
const VALUE_MAX: usize = 255;
/// The longest command line without its CRLF (RFC 5321 section 4.5.3.1.4).
const LINE_MAX: usize = 510;

/// What can be said of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientAttribute {
    /// Its host name.
    Name,
    /// Its address: `192.0.2.1`, or `IPV6:2001:db8::1`.
    Addr,
    /// Its port.
    Port,
    /// `SMTP`, `ESMTP` or another protocol's name.
    Proto,
    /// What it called itself in HELO or EHLO.
    Helo,
    /// The message's name in the queue it came from. XFORWARD only.
    Ident,
    /// `LOCAL` or `REMOTE`. XFORWARD only.
    Source,
    /// The name it logged in with. XCLIENT only.
    Login,
    /// The address it connected to. XCLIENT only.
    DestAddr,
    /// The port it connected to. XCLIENT only.
    DestPort,
}

impl ClientAttribute {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Name,
        Self::Addr,
        Self::Port,
        Self::Proto,
        Self::Helo,
        Self::Ident,
        Self::Source,
        Self::Login,
        Self::DestAddr,
        Self::DestPort,
    ];

    /// The attribute's name as sent.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Addr => "ADDR",
            Self::Port => "PORT",
            Self::Proto => "PROTO",
            Self::Helo => "HELO",
            Self::Ident => "IDENT",
            Self::Source => "SOURCE",
            Self::Login => "LOGIN",
            Self::DestAddr => "DESTADDR",
            Self::DestPort => "DESTPORT",
        }
    }

    /// The attribute of that name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.as_str().eq_ignore_ascii_case(name))
    }
}

/// Why something can't be said of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClientInfoError {
    /// The value is empty or has something else than printable ASCII in it.
    #[error("{} is not printable ASCII", .0.as_str())]
    BadValue(ClientAttribute),
    /// The value has more than 255 octets, or fills more than a line once encoded.
    #[error("{} is longer than 255 octets, or than a line", .0.as_str())]
    TooLong(ClientAttribute),
}

/// What is known of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    /// `NAME=value` as sent, at most one for each attribute.
    attributes: Vec<(ClientAttribute, Box<str>)>,
}

impl ClientInfo {
    /// Nothing as yet.
    pub const fn new() -> Self {
        Self { attributes: Vec::new() }
    }

    /// Says one thing, or that it isn't known (`None`, sent as `[UNAVAILABLE]`). What was said of it before is forgotten.
    ///
    /// # Errors
    ///
    /// A value that can't be sent.
    pub fn set(&mut self, attribute: ClientAttribute, value: Option<&str>) -> Result<(), ClientInfoError> {
        let value = value.unwrap_or("[UNAVAILABLE]");
        if value.is_empty() || !value.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
            return Err(ClientInfoError::BadValue(attribute));
        }
        let text: Box<str> = format!("{}={}", attribute.as_str(), xtext::encode(value.as_bytes())).into();
        if value.len() > VALUE_MAX || "XFORWARD ".len() + text.len() > LINE_MAX {
            return Err(ClientInfoError::TooLong(attribute));
        }
        self.attributes.retain(|(known, _)| *known != attribute);
        self.attributes.push((attribute, text));
        Ok(())
    }

    /// As [`set`](Self::set), for building one in a row.
    ///
    /// # Errors
    ///
    /// A value that can't be sent.
    pub fn with(mut self, attribute: ClientAttribute, value: Option<&str>) -> Result<Self, ClientInfoError> {
        self.set(attribute, value)?;
        Ok(self)
    }

    /// Whether nothing was said.
    pub const fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The lines to send under `verb`, without line ends: the attributes that are among the words of `offered`, as many in
    /// a line as there is room for. None if none is offered.
    pub(crate) fn lines(&self, verb: &str, offered: &str) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for (attribute, text) in &self.attributes {
            if !offered.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case(attribute.as_str())) {
                continue;
            }
            match lines.last_mut().filter(|line| line.len() + 1 + text.len() <= LINE_MAX) {
                Some(line) => {
                    line.push(' ');
                    line.push_str(text);
                }
                None => lines.push(format!("{verb} {text}")),
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ClientAttribute as A;

    #[test]
    fn what_is_offered_is_said() {
        let info = ClientInfo::new()
            .with(A::Addr, Some("192.0.2.1"))
            .and_then(|info| info.with(A::Name, None))
            .and_then(|info| info.with(A::Helo, Some("a+b c")))
            .and_then(|info| info.with(A::Addr, Some("IPV6:2001:db8::1")))
            .unwrap();
        assert_eq!(
            info.lines("XFORWARD", "NAME addr HELO"),
            ["XFORWARD NAME=[UNAVAILABLE] HELO=a+2Bb+20c ADDR=IPV6:2001:db8::1"]
        );
        assert_eq!(info.lines("XCLIENT", "NAME PORT"), ["XCLIENT NAME=[UNAVAILABLE]"]);
        assert!(info.lines("XCLIENT", "").is_empty() && info.lines("XCLIENT", "NAMES").is_empty());
    }

    #[test]
    fn a_line_has_its_bounds() {
        let mut info = ClientInfo::new();
        info.set(A::Name, Some(&"n".repeat(255))).unwrap();
        info.set(A::Helo, Some(&"+".repeat(165))).unwrap();
        info.set(A::Port, Some("25")).unwrap();
        let lines = info.lines("XFORWARD", "NAME HELO PORT");
        assert_eq!(lines.len(), 3, "each begins where the last had no more room");
        assert!(lines.iter().all(|line| line.len() <= LINE_MAX && line.starts_with("XFORWARD ")));
        assert_eq!(lines[2], "XFORWARD PORT=25");
        assert_eq!(info.set(A::Helo, Some(&"+".repeat(166))), Err(ClientInfoError::TooLong(A::Helo)));
    }

    #[test]
    fn nothing_is_injected() {
        let mut info = ClientInfo::new();
        for bad in ["", "a\r\nMAIL", "a\0", "\u{e9}", "a\tb"] {
            assert_eq!(info.set(A::Name, Some(bad)), Err(ClientInfoError::BadValue(A::Name)), "{bad:?}");
        }
        assert_eq!(info.set(A::Name, Some(&"x".repeat(256))), Err(ClientInfoError::TooLong(A::Name)));
        assert!(info.is_empty());
        for attribute in A::ALL {
            assert_eq!(A::from_name(&attribute.as_str().to_ascii_lowercase()), Some(attribute));
        }
    }
}

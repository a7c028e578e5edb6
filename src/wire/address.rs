//! Mailbox addresses, parsed once (RFC 5321 section 4.1.2, limits in 4.5.3.1).
//!
//! An [`Address`] is a proof: whoever holds one may write it between angle brackets into a command line.
//! So nothing may pass here that could end that line or that path. Beyond this it's lenient, as real
//! addresses are: dots may stand anywhere in a local part.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use super::syntax::{DOMAIN_MAX, check_domain, is_literal};

/// The longest local part, in octets (RFC 5321 section 4.5.3.1.1).
const LOCAL_PART_MAX: usize = 64;
/// The longest path, in octets, with its brackets (RFC 5321 section 4.5.3.1.3).
const PATH_MAX: usize = 256;

/// A valid mailbox, an unqualified local part (`postmaster`), or the null reverse-path.
///
/// Cloning is cheap: the text is shared. Two addresses are equal if they are octet by octet.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    text: Arc<str>,
    /// Octets of the local part: the `@`, if there is one, is there.
    local: u16,
    ascii: bool,
}

/// Why a text isn't an address. Offsets are in octets from the beginning of the text as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// `<` or `>` anywhere but around the whole or within quotes.
    #[error("an angle bracket inside the address (offset {at})")]
    AngleBracket {
        /// Where it is.
        at: usize,
    },
    /// The domain isn't labels of letters, digits, hyphens, underscores and non-ASCII between single dots.
    #[error("the domain is not valid (offset {at})")]
    BadDomain {
        /// Where it ceases to be valid.
        at: usize,
    },
    /// The address literal isn't `[IPv4]`, `[IPv6:...]` or `[tag:content]`.
    #[error("the address literal is not valid (offset {at})")]
    BadLiteral {
        /// Where it begins.
        at: usize,
    },
    /// A character that a local part may have only within quotes.
    #[error("a character in the local part needs quotes (offset {at})")]
    BadLocalPart {
        /// Where it is.
        at: usize,
    },
    /// A quoted local part that doesn't end, or is followed by something else than `@`.
    #[error("the quoted local part is not well formed (offset {at})")]
    BadQuotes {
        /// Where it ceases to be well formed.
        at: usize,
    },
    /// CR, LF, NUL or another control character.
    #[error("a control character in the address (offset {at})")]
    Control {
        /// Where it is.
        at: usize,
    },
    /// The domain has more than 255 octets.
    #[error("the domain is longer than 255 octets")]
    DomainTooLong,
    /// Nothing before the `@`.
    #[error("the local part is empty")]
    EmptyLocalPart,
    /// The local part has more than 64 octets.
    #[error("the local part is longer than 64 octets")]
    LocalPartTooLong,
    /// A source route, `@relay:user@domain`, which RFC 5321 appendix C has put to rest.
    #[error("source routes are not supported")]
    SourceRoute,
    /// A space that isn't within quotes.
    #[error("a space in the address (offset {at})")]
    Space {
        /// Where it is.
        at: usize,
    },
    /// The path, with its brackets, has more than 256 octets.
    #[error("the address is longer than 254 octets")]
    TooLong,
}

impl Address {
    /// Parses an address, with or without angle brackets around it. `""` and `<>` are the null
    /// reverse-path; where that is allowed is for the caller to say.
    ///
    /// # Errors
    ///
    /// The text is not an address, or passes a limit of RFC 5321.
    pub fn new(text: &str) -> Result<Self, AddressError> {
        let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
        let shift = usize::from(inner.is_some());
        let path = inner.unwrap_or(text);
        let bytes = path.as_bytes();
        let (local, mut high) = match bytes {
            [] => return Ok(Self::null()),
            [b'@', ..] if bytes.contains(&b':') => return Err(AddressError::SourceRoute),
            [b'@', ..] => return Err(AddressError::EmptyLocalPart),
            [b'"', ..] => quoted_string(bytes),
            _ => dot_string(bytes),
        }
        .map_err(|fault| fault.at_offset(bytes, shift))?;
        let domain = bytes.get(local + 1..);
        if let Some(domain) = domain {
            if domain.len() > DOMAIN_MAX {
                return Err(AddressError::DomainTooLong);
            }
            if domain.first() == Some(&b'[') {
                if !path.get(local + 1..).is_some_and(is_literal) {
                    let at = local + 1;
                    return Err(fault_within(bytes, at)
                        .unwrap_or(AddressError::BadLiteral { at })
                        .shifted(shift));
                }
            } else {
                high |= check_domain(domain)
                    .map_err(|at| Fault::Domain(local + 1 + at).at_offset(bytes, shift))?;
            }
        }
        if local > LOCAL_PART_MAX {
            return Err(AddressError::LocalPartTooLong);
        }
        if bytes.len() + 2 > PATH_MAX {
            return Err(AddressError::TooLong);
        }
        // C1 controls are control characters too, though they look like any other UTF-8.
        if high && let Some((at, _)) = path.char_indices().find(|(_, c)| c.is_control()) {
            return Err(AddressError::Control { at: at + shift });
        }
        // In range: PATH_MAX was checked.
        Ok(Self { text: path.into(), local: u16::try_from(local).unwrap_or(u16::MAX), ascii: !high })
    }

    /// The null reverse-path, `<>`.
    pub fn null() -> Self {
        Self { text: Arc::default(), local: 0, ascii: true }
    }

    /// Whether this is the null reverse-path.
    pub fn is_null(&self) -> bool {
        self.text.is_empty()
    }

    /// The address without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`, with its quotes if it has any.
    pub fn local_part(&self) -> &str {
        self.text.get(..usize::from(self.local)).unwrap_or_default()
    }

    /// What stands behind the `@`: a domain or an address literal with its brackets. `None` for an
    /// unqualified local part and for the null reverse-path.
    pub fn domain(&self) -> Option<&str> {
        self.text.get(usize::from(self.local) + 1..)
    }

    /// Whether the address is all ASCII. If not, it needs SMTPUTF8 (RFC 6531).
    pub fn is_ascii(&self) -> bool {
        self.ascii
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.text)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::new(text)
    }
}

/// Where the path ceases to be valid, and what it was part of. What the octet there is may say more.
enum Fault {
    Local(usize),
    Quotes(usize),
    Domain(usize),
}

impl Fault {
    #[cold]
    fn at_offset(self, bytes: &[u8], shift: usize) -> AddressError {
        let (at, otherwise) = match self {
            Self::Local(at) => (at, AddressError::BadLocalPart { at }),
            Self::Quotes(at) => (at, AddressError::BadQuotes { at }),
            Self::Domain(at) => (at, AddressError::BadDomain { at }),
        };
        // Within quotes a space or a bracket would have been allowed, so it's not what is wrong.
        let told = match self {
            Self::Quotes(_) if !bytes.get(at).is_some_and(u8::is_ascii_control) => None,
            _ => bytes.get(at..=at).and_then(|_| fault_of(bytes, at)),
        };
        told.unwrap_or(otherwise).shifted(shift)
    }
}

/// The fault of one octet that is nowhere allowed without quotes.
fn fault_of(bytes: &[u8], at: usize) -> Option<AddressError> {
    match bytes.get(at)? {
        b' ' => Some(AddressError::Space { at }),
        b'<' | b'>' => Some(AddressError::AngleBracket { at }),
        byte if byte.is_ascii_control() => Some(AddressError::Control { at }),
        _ => None,
    }
}

/// The first such octet from `from` on.
fn fault_within(bytes: &[u8], from: usize) -> Option<AddressError> {
    (from..bytes.len()).find_map(|at| fault_of(bytes, at))
}

impl AddressError {
    /// Counts from the beginning of the text rather than from behind its opening bracket.
    fn shifted(mut self, by: usize) -> Self {
        if let Self::AngleBracket { at }
        | Self::BadDomain { at }
        | Self::BadLiteral { at }
        | Self::BadLocalPart { at }
        | Self::BadQuotes { at }
        | Self::Control { at }
        | Self::Space { at } = &mut self
        {
            *at += by;
        }
        self
    }
}

/// Takes an unquoted local part: its length, and whether it has octets over 127.
fn dot_string(bytes: &[u8]) -> Result<(usize, bool), Fault> {
    let mut high = false;
    for (at, &byte) in bytes.iter().enumerate() {
        high |= byte >= 0x80;
        if !is_atext_or_dot(byte) {
            return if byte == b'@' { Ok((at, high)) } else { Err(Fault::Local(at)) };
        }
    }
    Ok((bytes.len(), high))
}

/// Takes a quoted local part, which begins with its quote.
fn quoted_string(bytes: &[u8]) -> Result<(usize, bool), Fault> {
    let mut high = false;
    let mut escaped = false;
    for (at, &byte) in bytes.iter().enumerate().skip(1) {
        high |= byte >= 0x80;
        if byte.is_ascii_control() || (escaped && byte >= 0x80) {
            return Err(Fault::Quotes(at));
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                return match bytes.get(at + 1) {
                    None | Some(b'@') => Ok((at + 1, high)),
                    Some(_) => Err(Fault::Quotes(at + 1)),
                };
            }
            _ => {}
        }
    }
    Err(Fault::Quotes(bytes.len()))
}

/// `atext` of RFC 5322 with RFC 6531's UTF-8, or a dot.
#[inline]
fn is_atext_or_dot(byte: u8) -> bool {
    const TABLE: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = byte >= 0x80 || (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        let others = b"!#$%&'*+-/=?^_`{|}~.";
        let mut at = 0;
        while at < others.len() {
            table[others[at] as usize] = true;
            at += 1;
        }
        table
    };
    TABLE[usize::from(byte)]
}

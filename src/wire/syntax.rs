//! The grammar that addresses and host names share: domains and address literals (RFC 5321 section 4.1.2, 4.1.3).
//!
//! Lenient where real names are (hyphens and underscores anywhere, UTF-8), strict where the wire is at
//! stake: no white space, control character, bracket or comma can ever pass.

use core::net::{Ipv4Addr, Ipv6Addr};

/// The longest domain, in octets (RFC 5321 section 4.5.3.1.2).
pub(super) const DOMAIN_MAX: usize = 255;

/// Checks a domain name: labels of letters, digits, `-`, `_` and non-ASCII, separated by single dots.
/// Says whether there is any non-ASCII. The error is the offset of what is wrong, the length if the end is.
#[inline]
pub(super) fn check_domain(domain: &[u8]) -> Result<bool, usize> {
    let mut after_dot = true;
    let mut high = 0;
    for (at, &byte) in domain.iter().enumerate() {
        let dot = byte == b'.';
        if !(is_domain_byte(byte) || dot && !after_dot) {
            return Err(at);
        }
        after_dot = dot;
        high |= byte;
    }
    if after_dot { Err(domain.len()) } else { Ok(high >= 0x80) }
}

fn is_domain_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' || byte >= 0x80
}

/// Whether `text` is an address literal: `[192.0.2.1]`, `[IPv6:2001:db8::1]` or `[tag:content]`.
pub(super) fn is_literal(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else { return false };
    let Some((tag, content)) = inner.split_once(':') else { return inner.parse::<Ipv4Addr>().is_ok() };
    if tag.eq_ignore_ascii_case("IPv6") {
        return content.parse::<Ipv6Addr>().is_ok();
    }
    let tag_ok = tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && tag.bytes().next_back().is_some_and(|b| b != b'-');
    let dcontent = |b: u8| b.is_ascii_graphic() && !matches!(b, b'[' | b'\\' | b']' | b'<' | b'>');
    tag_ok && !content.is_empty() && content.bytes().all(dcontent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains() {
        for domain in ["a", "example.org", "a-b.c_d.e1", "-a.b-", "_dmarc.x", "m\u{fc}nchen.de", "1.2.3.4"] {
            assert_eq!(check_domain(domain.as_bytes()), Ok(!domain.is_ascii()), "{domain}");
        }
        for (domain, at) in [
            ("", 0),
            (".", 0),
            (".a", 0),
            ("a.", 2),
            ("a..b", 2),
            ("a b", 1),
            ("a@b", 1),
            ("a\r\nb", 1),
            ("a>", 1),
            ("[1]", 0),
            ("a\0", 1),
            ("a,b", 1),
            ("a/b", 1),
        ] {
            assert_eq!(check_domain(domain.as_bytes()), Err(at), "{domain:?}");
        }
    }

    #[test]
    fn literals() {
        for text in [
            "[192.0.2.1]",
            "[IPv6:::1]",
            "[ipv6:2001:db8::1]",
            "[x-tag:any!thing]",
            "[IPv6:::ffff:192.0.2.1]",
        ] {
            assert!(is_literal(text), "{text}");
        }
        for text in [
            "",
            "[",
            "]",
            "[]",
            "[1.2.3]",
            "[1.2.3.4",
            "1.2.3.4]",
            "[256.0.0.1]",
            "[::1]",
            "[IPv6:]",
            "[IPv6:x]",
            "[tag:]",
            "[:x]",
            "[t-:x]",
            "[t:a b]",
            "[t:a]b]",
            "[t:a>b]",
            "[t:<]",
            "[t:a[b]",
            "[t:a\\b]",
            "[t:\r\n]",
            "[t:\u{e9}]",
            "[1.2.3.4]]",
            "[[1.2.3.4]]",
            "[t g:x]",
        ] {
            assert!(!is_literal(text), "{text}");
        }
    }
}

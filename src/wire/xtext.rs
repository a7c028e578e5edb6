//! The `xtext` encoding of parameter values (RFC 3461 section 4): ENVID, ORCPT, AUTH=.
//!
//! Its output is always a valid value for a MAIL or RCPT parameter; it never contains white space,
//! control characters, `=` or anything over 126.

const HEX: [u8; 16] = *b"0123456789ABCDEF";

/// Encodes any octets.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 4);
    for &byte in bytes {
        if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push('+');
            out.push(hex(byte >> 4));
            out.push(hex(byte & 15));
        }
    }
    out
}

/// Decodes; `None` if `text` isn't xtext. Hexadecimal digits may be of either case, although only
/// upper case is ever sent.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        match rest {
            [] => return Some(out),
            [b'+', high, low, tail @ ..] => {
                out.push(unhex(*high)? << 4 | unhex(*low)?);
                rest = tail;
            }
            [byte, tail @ ..] if is_plain(*byte) => {
                out.push(*byte);
                rest = tail;
            }
            _ => return None,
        }
    }
}

/// `xchar`: `!` to `~` without `+` and `=`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'+' && byte != b'='
}

fn hex(nibble: u8) -> char {
    HEX.get(usize::from(nibble)).copied().map_or('0', char::from)
}

fn unhex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn encodes_what_may_not_stand_for_itself() {
        assert_eq!(encode(b"QQ314159"), "QQ314159");
        assert_eq!(encode(b"a+b=c d\r\n\0\x7f\xff"), "a+2Bb+3Dc+20d+0D+0A+00+7F+FF");
    }

    #[test]
    fn refuses_what_is_not_xtext() {
        for text in ["+", "+2", "+2G", "+G2", "a b", "a=b", "\u{e9}", "a\r", "++20", "+-1"] {
            assert_eq!(decode(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn reads_either_case() {
        assert_eq!(decode(b"a+2Bb+2bc").as_deref(), Some(&b"a+b+c"[..]));
    }

    proptest! {
        #[test]
        fn what_is_encoded_comes_back(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let text = encode(&bytes);
            prop_assert!(text.bytes().all(|b| b.is_ascii_graphic() && b != b'='));
            prop_assert_eq!(decode(text.as_bytes()), Some(bytes));
        }
    }
}

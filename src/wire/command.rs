//! Commands: the only writer of verbs and line ends.
//!
//! Every function here takes values that were checked when they were made ([`Address`], [`Param`],
//! [`HostName`], [`RawLine`]) and appends exactly one line. So a command can't be injected into: there
//! is no way to hand in text that hasn't been parsed. Whether a command may be sent now is none of this
//! file's business.

mod token;
mod verb;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use self::token::{
    HostName, HostNameError, LineError, MechanismName, MechanismNameError, Param, ParamError, RawLine,
};
pub use self::verb::Verb;
use super::Address;

/// The value of MAIL's BODY parameter (RFC 6152, RFC 3030).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Body {
    /// `BODY=8BITMIME`: lines with octets over 127.
    EightBitMime,
    /// `BODY=BINARYMIME`: any octets in any order; needs BDAT.
    BinaryMime,
    /// `BODY=7BIT`.
    SevenBit,
}

impl Body {
    /// The value as sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EightBitMime => "8BITMIME",
            Self::BinaryMime => "BINARYMIME",
            Self::SevenBit => "7BIT",
        }
    }
}

/// Appends `EHLO name`.
pub fn ehlo(out: &mut Vec<u8>, name: &HostName) {
    greet(out, b"EHLO ", name);
}

/// Appends `HELO name`.
pub fn helo(out: &mut Vec<u8>, name: &HostName) {
    greet(out, b"HELO ", name);
}

/// Appends `LHLO name` (RFC 2033).
pub fn lhlo(out: &mut Vec<u8>, name: &HostName) {
    greet(out, b"LHLO ", name);
}

/// Appends `MAIL FROM:<from>` with its parameters: `SIZE` and `BODY` if given, `SMTPUTF8` if asked for,
/// then `extra`.
///
/// The caller sees to it that `extra` doesn't repeat one of the others, and that all of them are offered.
pub fn mail(
    out: &mut Vec<u8>,
    from: &Address,
    size: Option<u64>,
    body: Option<Body>,
    smtputf8: bool,
    extra: &[Param],
) {
    path(out, b"MAIL FROM:<", from);
    if let Some(size) = size {
        out.extend_from_slice(b" SIZE=");
        decimal(out, size);
    }
    if let Some(body) = body {
        out.extend_from_slice(b" BODY=");
        out.extend_from_slice(body.as_str().as_bytes());
    }
    if smtputf8 {
        out.extend_from_slice(b" SMTPUTF8");
    }
    params(out, extra);
}

/// Appends `RCPT TO:<to>` with parameters.
pub fn rcpt(out: &mut Vec<u8>, to: &Address, extra: &[Param]) {
    path(out, b"RCPT TO:<", to);
    params(out, extra);
}

/// Appends `DATA`.
pub fn data(out: &mut Vec<u8>) {
    out.extend_from_slice(b"DATA\r\n");
}

/// Appends `BDAT n`, or `BDAT n LAST` (RFC 3030). Exactly `n` octets have to follow.
pub fn bdat(out: &mut Vec<u8>, n: u64, last: bool) {
    out.extend_from_slice(b"BDAT ");
    decimal(out, n);
    out.extend_from_slice(if last { b" LAST\r\n" } else { b"\r\n" });
}

/// Appends `RSET`.
pub fn rset(out: &mut Vec<u8>) {
    out.extend_from_slice(b"RSET\r\n");
}

/// Appends `STARTTLS` (RFC 3207).
pub fn starttls(out: &mut Vec<u8>) {
    out.extend_from_slice(b"STARTTLS\r\n");
}

/// Appends `QUIT`.
pub fn quit(out: &mut Vec<u8>) {
    out.extend_from_slice(b"QUIT\r\n");
}

/// Appends `NOOP`.
pub fn noop(out: &mut Vec<u8>) {
    out.extend_from_slice(b"NOOP\r\n");
}

/// Appends `AUTH mechanism` with the initial response, if there is one (RFC 4954 section 4). An empty one is `=`.
pub fn auth(out: &mut Vec<u8>, mechanism: &MechanismName, initial: Option<&[u8]>) {
    // All room at once, here and in `encode`: a buffer that grows leaves copies of what is secret behind.
    out.reserve(mechanism.as_str().len() + initial.map_or(0, encoded_len) + 16);
    out.extend_from_slice(b"AUTH ");
    out.extend_from_slice(mechanism.as_str().as_bytes());
    match initial {
        None => {}
        Some([]) => out.extend_from_slice(b" ="),
        Some(initial) => {
            out.push(b' ');
            encode(out, initial);
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// How long the line of [`auth`] is.
pub fn auth_len(mechanism: &MechanismName, initial: Option<&[u8]>) -> usize {
    let initial = initial.map_or(0, |initial| encoded_len(initial).max(1).saturating_add(1));
    initial.saturating_add(mechanism.as_str().len() + 7)
}

/// Appends the response to a challenge of AUTH; an empty one is an empty line.
pub fn auth_response(out: &mut Vec<u8>, response: &[u8]) {
    out.reserve(encoded_len(response).saturating_add(2));
    encode(out, response);
    out.extend_from_slice(b"\r\n");
}

/// Appends the line that ends an AUTH from this side.
pub fn auth_cancel(out: &mut Vec<u8>) {
    out.extend_from_slice(b"*\r\n");
}

/// Appends a line of the caller's own.
pub fn raw(out: &mut Vec<u8>, line: &RawLine) {
    out.extend_from_slice(line.as_str().as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn encoded_len(octets: &[u8]) -> usize {
    octets.len().div_ceil(3).saturating_mul(4)
}

fn encode(out: &mut Vec<u8>, octets: &[u8]) {
    let start = out.len();
    out.resize(start.saturating_add(encoded_len(octets)), 0);
    // The room is exactly what is needed, so it can't fail.
    let written = out.get_mut(start..).map_or(0, |room| STANDARD.encode_slice(octets, room).unwrap_or(0));
    out.truncate(start.saturating_add(written));
}

fn greet(out: &mut Vec<u8>, verb: &[u8], name: &HostName) {
    out.extend_from_slice(verb);
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn path(out: &mut Vec<u8>, verb: &[u8], address: &Address) {
    out.extend_from_slice(verb);
    out.extend_from_slice(address.as_str().as_bytes());
    out.push(b'>');
}

/// The parameters and the line end.
fn params(out: &mut Vec<u8>, params: &[Param]) {
    for param in params {
        out.push(b' ');
        out.extend_from_slice(param.as_str().as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends `n` in decimal. `fmt` would do, at several times the cost, once or twice per message.
fn decimal(out: &mut Vec<u8>, mut n: u64) {
    let mut digits = [0; 20];
    let mut unused = digits.len();
    for slot in digits.iter_mut().rev() {
        *slot = b'0' + (n % 10) as u8;
        n /= 10;
        unused -= 1;
        if n == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(unused..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = b"<".to_vec();
        write(&mut out);
        let text = String::from_utf8(out).unwrap();
        text.strip_prefix('<').unwrap().to_owned()
    }

    fn address(text: &str) -> Address {
        Address::new(text).unwrap()
    }

    #[test]
    fn greetings() {
        let name = HostName::new("mx.example.org").unwrap();
        assert_eq!(line(|out| ehlo(out, &name)), "EHLO mx.example.org\r\n");
        assert_eq!(line(|out| helo(out, &name)), "HELO mx.example.org\r\n");
        assert_eq!(line(|out| lhlo(out, &name)), "LHLO mx.example.org\r\n");
    }

    #[test]
    fn envelopes() {
        let from = address("a@example.org");
        assert_eq!(line(|out| mail(out, &from, None, None, false, &[])), "MAIL FROM:<a@example.org>\r\n");
        assert_eq!(line(|out| mail(out, &Address::null(), None, None, false, &[])), "MAIL FROM:<>\r\n");
        let extra = [Param::new("RET", Some("HDRS")).unwrap(), Param::new("X", None).unwrap()];
        assert_eq!(
            line(|out| mail(out, &from, Some(2048), Some(Body::EightBitMime), true, &extra)),
            "MAIL FROM:<a@example.org> SIZE=2048 BODY=8BITMIME SMTPUTF8 RET=HDRS X\r\n"
        );
        assert_eq!(
            line(|out| rcpt(out, &address("\"a b\"@[192.0.2.1]"), &extra)),
            "RCPT TO:<\"a b\"@[192.0.2.1]> RET=HDRS X\r\n"
        );
        assert_eq!(line(|out| rcpt(out, &Address::null(), &[])), "RCPT TO:<>\r\n");
    }

    #[test]
    fn body_values() {
        for (body, text) in
            [(Body::EightBitMime, "8BITMIME"), (Body::BinaryMime, "BINARYMIME"), (Body::SevenBit, "7BIT")]
        {
            let written = line(|out| mail(out, &Address::null(), None, Some(body), false, &[]));
            assert_eq!(written, format!("MAIL FROM:<> BODY={text}\r\n"));
        }
    }

    #[test]
    fn plain_verbs() {
        assert_eq!(line(data), "DATA\r\n");
        assert_eq!(line(rset), "RSET\r\n");
        assert_eq!(line(quit), "QUIT\r\n");
        assert_eq!(line(noop), "NOOP\r\n");
        let vrfy = RawLine::new("VRFY postmaster").unwrap();
        assert_eq!(line(|out| raw(out, &vrfy)), "VRFY postmaster\r\n");
    }

    #[test]
    fn chunks() {
        assert_eq!(line(|out| bdat(out, 0, true)), "BDAT 0 LAST\r\n");
        assert_eq!(line(|out| bdat(out, u64::MAX, false)), "BDAT 18446744073709551615\r\n");
    }

    #[test]
    fn authentication() {
        let plain = MechanismName::new("plain").unwrap();
        for (initial, text) in [
            (None, "AUTH PLAIN\r\n"),
            (Some(&b""[..]), "AUTH PLAIN =\r\n"),
            (Some(&b"\0a\0b"[..]), "AUTH PLAIN AGEAYg==\r\n"),
        ] {
            assert_eq!(line(|out| auth(out, &plain, initial)), text);
            assert_eq!(auth_len(&plain, initial), text.len());
        }
        assert_eq!(line(|out| auth_response(out, b"")), "\r\n");
        assert_eq!(line(|out| auth_response(out, b"abc")), "YWJj\r\n");
        assert_eq!(line(auth_cancel), "*\r\n");
    }

    proptest! {
        #[test]
        fn numbers(n in any::<u64>(), shift in 0..64_u32) {
            let n = n >> shift;
            prop_assert_eq!(line(|out| decimal(out, n)), n.to_string());
        }
    }
}

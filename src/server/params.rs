//! The ESMTP parameters of MAIL and RCPT: which are allowed, and what the session itself must know of them.

use super::offers::Offers;
use super::options::ServerOptions;
use super::refusal::{self, Canned};
use crate::wire::{Body, xtext};

/// The parameters of a MAIL or RCPT command as they came, already checked against what was offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params<'a> {
    /// Invariant: UTF-8.
    text: &'a [u8],
}

impl<'a> Params<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text }
    }

    /// Keyword and value of each, in the order given. Keywords compare without case (RFC 5321 §4.1.2).
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> + use<'a> {
        self.as_str().split_ascii_whitespace().map(|word| match word.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (word, None),
        })
    }

    /// The value of one parameter: `Some(None)` when it was given without a value.
    pub fn get(&self, keyword: &str) -> Option<Option<&'a str>> {
        self.iter().find(|(given, _)| given.eq_ignore_ascii_case(keyword)).map(|(_, value)| value)
    }

    /// The text as it came, without leading or trailing space.
    pub fn as_str(&self) -> &'a str {
        std::str::from_utf8(self.text).unwrap_or_default()
    }
}

/// What the session keeps of an accepted MAIL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MailInfo {
    pub(super) size: Option<u64>,
    pub(super) body: Option<Body>,
    pub(super) smtputf8: bool,
    /// A reply for each recipient is wanted behind the content.
    pub(super) prdr: bool,
}

/// Checks MAIL's parameters. `extended` is false after HELO, where none is allowed.
pub(super) fn check_mail(
    text: &[u8],
    options: &ServerOptions,
    offers: &Offers,
    extended: bool,
) -> Result<MailInfo, Canned> {
    let mut info = MailInfo::default();
    for_each(text, extended, |keyword, value| {
        if is(keyword, "SIZE") && options.size.is_some() {
            info.size = Some(value.and_then(parse_size).ok_or(refusal::BAD_PARAMETER)?);
        } else if is(keyword, "BODY") && options.eight_bit_mime {
            info.body = Some(body(value.ok_or(refusal::BAD_PARAMETER)?, options)?);
        } else if is(keyword, "SMTPUTF8") && options.smtputf8 {
            if value.is_some() {
                return Err(refusal::BAD_PARAMETER);
            }
            info.smtputf8 = true;
        } else if is(keyword, "AUTH") && !options.auth.is_empty() {
            // RFC 4954 §5: xtext, of a mailbox or of <>.
            value.and_then(xtext::decode).ok_or(refusal::BAD_PARAMETER)?;
        } else if options.dsn && (is(keyword, "RET") || is(keyword, "ENVID")) {
            return if dsn(keyword, value.unwrap_or_default()) {
                Ok(())
            } else {
                Err(refusal::BAD_PARAMETER)
            };
        } else if let Some(answer) = offers.mail(keyword, value, &mut info) {
            return answer;
        } else if !is_extra(keyword, options) {
            return Err(refusal::UNKNOWN_PARAMETER);
        }
        Ok(())
    })?;
    Ok(info)
}

/// Checks RCPT's parameters.
pub(super) fn check_rcpt(text: &[u8], options: &ServerOptions, extended: bool) -> Result<(), Canned> {
    for_each(text, extended, |keyword, value| {
        if options.dsn && (is(keyword, "NOTIFY") || is(keyword, "ORCPT")) {
            if dsn(keyword, value.unwrap_or_default()) { Ok(()) } else { Err(refusal::BAD_PARAMETER) }
        } else if is_extra(keyword, options) {
            Ok(())
        } else {
            Err(refusal::UNKNOWN_PARAMETER)
        }
    })
}

/// Whether a parameter of DSN has a value that it may have (RFC 3461 §4; RFC 6533 §3 for ORCPT).
fn dsn(keyword: &[u8], value: &[u8]) -> bool {
    let word = |word: &[u8]| ["SUCCESS", "FAILURE", "DELAY"].iter().any(|known| is(word, known));
    if is(keyword, "RET") {
        is(value, "FULL") || is(value, "HDRS")
    } else if is(keyword, "ENVID") {
        value.len() <= 100 && xtext::decode(value).is_some_and(|id| !id.is_empty())
    } else if is(keyword, "NOTIFY") {
        is(value, "NEVER") || value.split(|&b| b == b',').all(word)
    } else {
        let Some(colon) = value.iter().position(|&b| b == b';') else { return false };
        let (kind, address) = value.split_at(colon);
        let address = address.get(1..).unwrap_or_default();
        let coded = is(kind, "utf-8") || xtext::decode(address).is_some();
        value.len() <= 500 && !kind.is_empty() && !address.is_empty() && coded
    }
}

/// Digits only, at most 20 of them (RFC 1870 §4); what doesn't fit is as large as can be.
fn parse_size(value: &[u8]) -> Option<u64> {
    if value.len() > 20 {
        return None;
    }
    value.iter().try_fold(0u64, |size, &digit| {
        digit.is_ascii_digit().then(|| size.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
    })
}

fn body(value: &[u8], options: &ServerOptions) -> Result<Body, Canned> {
    if is(value, "8BITMIME") {
        Ok(Body::EightBitMime)
    } else if is(value, "7BIT") {
        Ok(Body::SevenBit)
    } else if is(value, "BINARYMIME") && options.binary_mime && options.chunking {
        Ok(Body::BinaryMime)
    } else {
        Err(refusal::UNKNOWN_PARAMETER)
    }
}

fn is(given: &[u8], known: &str) -> bool {
    given.eq_ignore_ascii_case(known.as_bytes())
}

fn is_extra(keyword: &[u8], options: &ServerOptions) -> bool {
    options.parameters.iter().any(|known| is(keyword, known))
}

/// Takes `text` apart at its spaces; other white space can't be in it.
fn for_each<'a>(
    text: &'a [u8],
    extended: bool,
    mut each: impl FnMut(&'a [u8], Option<&'a [u8]>) -> Result<(), Canned>,
) -> Result<(), Canned> {
    if text.is_empty() {
        return Ok(());
    }
    if !extended {
        return Err(refusal::UNKNOWN_PARAMETER);
    }
    for word in text.split(|&byte| byte == b' ').filter(|word| !word.is_empty()) {
        let end = word.iter().position(|&b| !(b.is_ascii_alphanumeric() || b == b'-')).unwrap_or(word.len());
        let (keyword, rest) = word.split_at_checked(end).unwrap_or_default();
        let value = match rest {
            [] => None,
            [b'=', value @ ..] if !value.is_empty() => Some(value),
            _ => return Err(refusal::BAD_PARAMETER),
        };
        if !keyword.first().is_some_and(u8::is_ascii_alphanumeric) {
            return Err(refusal::BAD_PARAMETER);
        }
        each(keyword, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_parameters() {
        let options = ServerOptions::default();
        let info = check_mail(b"size=12 BODY=8bitmime SMTPUTF8 RET=HDRS", &options, &Offers::default(), true);
        assert_eq!(
            info,
            Ok(MailInfo { size: Some(12), body: Some(Body::EightBitMime), smtputf8: true, prdr: false })
        );
        let huge = check_mail(b"SIZE=99999999999999999999", &options, &Offers::default(), true)
            .map(|info| info.size);
        assert_eq!(huge, Ok(Some(u64::MAX)));
        for bad in ["SIZE", "SIZE=", "SIZE=1x", "SIZE=-1", "BODY", "SMTPUTF8=1", "-A=1", "=", "A_B=1"] {
            assert_eq!(
                check_mail(bad.as_bytes(), &options, &Offers::default(), true),
                Err(refusal::BAD_PARAMETER),
                "{bad}"
            );
        }
        for unknown in ["NOTIFY=NEVER", "BODY=9BIT", "AUTH=<>"] {
            assert_eq!(
                check_mail(unknown.as_bytes(), &options, &Offers::default(), true),
                Err(refusal::UNKNOWN_PARAMETER)
            );
        }
        assert_eq!(
            check_mail(b"SIZE=1", &options, &Offers::default(), false),
            Err(refusal::UNKNOWN_PARAMETER)
        );
    }

    #[test]
    fn only_what_was_offered() {
        let options =
            ServerOptions { size: None, parameters: vec!["BY".to_owned()], ..ServerOptions::default() };
        assert_eq!(
            check_mail(b"SIZE=1", &options, &Offers::default(), true),
            Err(refusal::UNKNOWN_PARAMETER)
        );
        assert!(check_mail(b"by=120;R", &options, &Offers::default(), true).is_ok());
        assert!(check_rcpt(b"NOTIFY=SUCCESS ORCPT=rfc822;a@b", &options, true).is_ok());
        for good in ["NOTIFY=never", "NOTIFY=SUCCESS,DELAY", "ORCPT=utf-8;\\x{FC}@b", "ORCPT=x400;/c+3Dde/"] {
            assert_eq!(check_rcpt(good.as_bytes(), &options, true), Ok(()), "{good}");
        }
        for bad in [
            "NOTIFY=",
            "NOTIFY=NEVER,DELAY",
            "NOTIFY",
            "ORCPT=a@b",
            "ORCPT=;a",
            "ORCPT=rfc822;",
            "ORCPT=rfc822;+",
        ] {
            assert_eq!(check_rcpt(bad.as_bytes(), &options, true), Err(refusal::BAD_PARAMETER), "{bad}");
        }
        let mail = |text: &str| check_mail(text.as_bytes(), &options, &Offers::default(), true).map(|_| ());
        assert_eq!((mail("RET=full"), mail("ENVID=a+20b")), (Ok(()), Ok(())));
        for bad in ["RET=SOME", "RET", "ENVID=", "ENVID=+2"] {
            assert_eq!(mail(bad), Err(refusal::BAD_PARAMETER), "{bad}");
        }
        assert_eq!(check_rcpt(b"SIZE=1", &options, true), Err(refusal::UNKNOWN_PARAMETER));
    }
}

//! The ESMTP parameters of MAIL and RCPT: which are allowed, and what the session itself must know of them.

use super::options::ServerOptions;
use super::refusal::{self, Canned};
use crate::wire::Body;

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
}

/// Checks MAIL's parameters. `extended` is false after HELO, where none is allowed.
pub(super) fn check_mail(text: &[u8], options: &ServerOptions, extended: bool) -> Result<MailInfo, Canned> {
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
            value.and_then(crate::wire::xtext::decode).ok_or(refusal::BAD_PARAMETER)?;
        } else if !(options.dsn && (is(keyword, "RET") || is(keyword, "ENVID")) || is_extra(keyword, options))
        {
            return Err(refusal::UNKNOWN_PARAMETER);
        }
        Ok(())
    })?;
    Ok(info)
}

/// Checks RCPT's parameters.
pub(super) fn check_rcpt(text: &[u8], options: &ServerOptions, extended: bool) -> Result<(), Canned> {
    for_each(text, extended, |keyword, _| {
        if options.dsn && (is(keyword, "NOTIFY") || is(keyword, "ORCPT")) || is_extra(keyword, options) {
            Ok(())
        } else {
            Err(refusal::UNKNOWN_PARAMETER)
        }
    })
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
        let info = check_mail(b"size=12 BODY=8bitmime SMTPUTF8 RET=HDRS", &options, true);
        assert_eq!(info, Ok(MailInfo { size: Some(12), body: Some(Body::EightBitMime), smtputf8: true }));
        let huge = check_mail(b"SIZE=99999999999999999999", &options, true).map(|info| info.size);
        assert_eq!(huge, Ok(Some(u64::MAX)));
        for bad in ["SIZE", "SIZE=", "SIZE=1x", "SIZE=-1", "BODY", "SMTPUTF8=1", "-A=1", "=", "A_B=1"] {
            assert_eq!(check_mail(bad.as_bytes(), &options, true), Err(refusal::BAD_PARAMETER), "{bad}");
        }
        for unknown in ["NOTIFY=NEVER", "BODY=9BIT", "AUTH=<>"] {
            assert_eq!(check_mail(unknown.as_bytes(), &options, true), Err(refusal::UNKNOWN_PARAMETER));
        }
        assert_eq!(check_mail(b"SIZE=1", &options, false), Err(refusal::UNKNOWN_PARAMETER));
    }

    #[test]
    fn only_what_was_offered() {
        let options =
            ServerOptions { size: None, parameters: vec!["BY".to_owned()], ..ServerOptions::default() };
        assert_eq!(check_mail(b"SIZE=1", &options, true), Err(refusal::UNKNOWN_PARAMETER));
        assert!(check_mail(b"by=120;R", &options, true).is_ok());
        assert!(check_rcpt(b"NOTIFY=SUCCESS ORCPT=rfc822;a@b", &options, true).is_ok());
        assert_eq!(check_rcpt(b"SIZE=1", &options, true), Err(refusal::UNKNOWN_PARAMETER));
    }
}

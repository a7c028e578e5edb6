//! AUTH (RFC 4954) from the server's side: what may be said when, base64, and nothing of the mechanisms. Whether a response
//! is right is the application's to say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::engine::{Asked, Engine, Found, Stage};
use super::lines::Line;
use super::options::ServerOptions;
use super::refusal::{self, Canned};
use super::session::AnswerError;

/// The longest response, in base64 (RFC 4954 §4), and its line end.
const RESPONSE_MAX: usize = 12288 + 2;

/// Who the client has shown to be, and how far it has come with that.
#[derive(Default)]
pub(super) struct Auth {
    /// AUTH succeeded.
    pub(super) done: bool,
    /// What was said last, decoded.
    said: Zeroizing<Vec<u8>>,
}

/// What was said is nobody's business.
impl std::fmt::Debug for Auth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Auth").field("done", &self.done).finish_non_exhaustive()
    }
}

impl Auth {
    pub(super) fn said(&self) -> &[u8] {
        &self.said
    }

    fn decode(&mut self, text: &[u8]) -> Result<(), Canned> {
        self.said = Zeroizing::new(STANDARD.decode(text).map_err(|_| refusal::BAD_BASE64)?);
        Ok(())
    }
}

impl Engine {
    /// Whether a verb that nobody else knows is AUTH.
    pub(super) fn offers_auth(&self, verb: &[u8]) -> bool {
        !self.options.auth.is_empty() && verb.eq_ignore_ascii_case(b"AUTH")
    }

    /// Whether AUTH may be asked about now, with this argument: a mechanism, and perhaps the initial response.
    pub(super) fn may_auth(&mut self, argument: &[u8], extended: bool) -> Result<Asked, Canned> {
        if !extended {
            return Err(refusal::HELLO_FIRST);
        }
        // Once, and not within a mail transaction (RFC 4954 §4).
        if self.auth.done {
            return Err(refusal::AUTHENTICATED);
        }
        if self.transaction.open {
            return Err(refusal::NESTED_MAIL);
        }
        let mut words = argument.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let mechanism = words.next().ok_or(refusal::AUTH_SYNTAX)?;
        let initial = words.next();
        if words.next().is_some() {
            return Err(refusal::AUTH_SYNTAX);
        }
        if self.options.auth_needs_tls && !self.secure {
            return Err(refusal::AUTH_NEEDS_TLS);
        }
        if !offered(&self.options, self.secure).any(|name| mechanism.eq_ignore_ascii_case(name.as_bytes())) {
            return Err(refusal::NO_MECHANISM);
        }
        match initial {
            None => {}
            Some(b"=") => self.auth.decode(b"")?,
            Some(initial) => self.auth.decode(initial)?,
        }
        Ok(Asked::Auth { initial: initial.is_some() })
    }

    /// The line that answers a challenge: base64, or `*` to give up.
    pub(super) fn auth_line<'a>(&mut self, line: Line<'a>) -> Option<Found<'a>> {
        self.stage = Stage::Commands;
        // What was said before is lent out of `self` for the time of the decoding.
        let lines = std::mem::take(&mut self.lines);
        let decoded = match line {
            Line::Whole(b"*") => Err(refusal::AUTH_CANCELLED),
            Line::Whole(line) => self.auth.decode(line),
            Line::Held if lines.held() == b"*" => Err(refusal::AUTH_CANCELLED),
            Line::Held => self.auth.decode(lines.held()),
            Line::TooLong | Line::None => Err(refusal::AUTH_TOO_LONG),
        };
        self.lines = lines;
        match decoded {
            Ok(()) => {
                self.asked = Some(Asked::AuthResponse);
                Some(Found::AuthResponse)
            }
            Err(refused) => {
                self.refuse(refused, false);
                None
            }
        }
    }

    /// Answers AUTH, or a response, with a challenge.
    pub(super) fn challenge(&mut self, challenge: &[u8]) -> Result<(), AnswerError> {
        match self.asked {
            Some(Asked::Auth { .. } | Asked::AuthResponse) => {}
            Some(_) => return Err(AnswerError::Code(334)),
            None => return Err(AnswerError::NothingAsked),
        }
        self.asked = None;
        self.stage = Stage::Auth;
        self.out.push(334, None, &STANDARD.encode(challenge), false);
        Ok(())
    }

    /// How long a line may be now.
    pub(super) fn line_max(&self) -> usize {
        match (&self.stage, self.options.limits.line) {
            (Stage::Auth, limit) if limit > 0 => limit.max(RESPONSE_MAX),
            (_, limit) => limit,
        }
    }
}

/// The mechanisms as they are offered: only such names as can't break the reply; and none that is bound to the TLS channel
/// (RFC 5801 §5) where there is none.
pub(super) fn offered(options: &ServerOptions, secure: bool) -> impl Iterator<Item = &str> {
    let withheld = options.auth_needs_tls && !secure;
    options.auth.iter().map(String::as_str).filter(move |name| {
        !withheld
            && !name.is_empty()
            && (secure || !name.ends_with("-PLUS"))
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    })
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;

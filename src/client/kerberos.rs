//! The system's GSSAPI library (RFC 2743), as a [`Context`] that begins a conversation by Kerberos. The only file that names it.
//! It reads what the library reads: the environment, the machine's configuration, the user's tickets; and it may ask a KDC, which
//! blocks. No credentials are ever delegated.

use std::sync::{Arc, Mutex, PoisonError};

use libgssapi::context::{ClientCtx, CtxFlags, SecurityContext};
use libgssapi::error::Error;
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_NT_HOSTBASED_SERVICE};
use libgssapi::util::Buf;
use zeroize::Zeroize;

use crate::sasl::{Context, GssapiError, Secret};

/// RFC 2744 §3.9.1: the routine error is a number in these bits, not a set of them.
const ROUTINE: u32 = 0x00ff_0000;
const BAD_SIG: u32 = 6 << 16;
const NO_CRED: u32 = 7 << 16;
const DEFECTIVE_TOKEN: u32 = 9 << 16;
const CREDENTIALS_EXPIRED: u32 = 11 << 16;
const CONTEXT_EXPIRED: u32 = 12 << 16;
const FAILURE: u32 = 13 << 16;

/// Kerberos' own codes, in which MIT and Heimdal agree: the table's base, and RFC 4120 §7.5.9's numbers upon it.
const KRB5: i32 = -1_765_328_384;
const CLIENT_EXPIRED: i32 = KRB5 + 1;
const SERVICE_EXPIRED: i32 = KRB5 + 2;
const SERVICE_UNKNOWN: i32 = KRB5 + 7;
const BAD_INTEGRITY: i32 = KRB5 + 31;
const TICKET_EXPIRED: i32 = KRB5 + 32;
const MODIFIED: i32 = KRB5 + 41;
/// Beyond the RFC's: the server's proof is not of what was asked, no matching ticket, no file that it could be in.
const MUTUAL_FAILED: i32 = KRB5 + 158;
const CC_NOT_FOUND: i32 = KRB5 + 141;
const CC_NO_FILE: i32 = KRB5 + 195;

/// A context under way.
pub(super) struct Kerberos {
    /// Nobody ever waits for the lock: the library's context can be moved to another thread but not be shared, and a
    /// [`Client`](super::Client) can be both.
    context: Mutex<ClientCtx>,
    service: Arc<str>,
}

impl Kerberos {
    /// For a service, as `smtp@host`, with the system's own credentials. Nobody is asked yet.
    pub(super) fn new(service: &str) -> Result<Self, GssapiError> {
        let service: Arc<str> = service.into();
        let name = Name::new(service.as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE))
            .map_err(|error| GssapiError::Other(text(&error)))?;
        // RFC 4752 §3.1: integrity always. Replay and sequence cost nothing, and there is nothing to be confidential.
        let flags = CtxFlags::GSS_C_MUTUAL_FLAG
            | CtxFlags::GSS_C_INTEG_FLAG
            | CtxFlags::GSS_C_REPLAY_FLAG
            | CtxFlags::GSS_C_SEQUENCE_FLAG;
        let context = Mutex::new(ClientCtx::new(None, name, flags, Some(GSS_MECH_KRB5)));
        Ok(Self { context, service })
    }

    fn context(&mut self) -> &mut ClientCtx {
        self.context.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn peek<T>(&self, look: impl FnOnce(&ClientCtx) -> T) -> T {
        look(&self.context.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why there is no first token.
    fn before(&self, error: Error) -> GssapiError {
        let text = text(&error);
        match (error.major.bits() & ROUTINE, error.minor.cast_signed()) {
            (CREDENTIALS_EXPIRED, _) | (_, TICKET_EXPIRED | CLIENT_EXPIRED | SERVICE_EXPIRED) => {
                GssapiError::Expired(text)
            }
            (_, SERVICE_UNKNOWN) => GssapiError::UnknownService { service: self.service.clone(), text },
            (NO_CRED, _) | (_, CC_NOT_FOUND | CC_NO_FILE) => GssapiError::NoTicket(text),
            _ => GssapiError::Other(text),
        }
    }
}

impl Context for Kerberos {
    fn step(&mut self, token: Option<&[u8]>) -> Result<Option<Secret>, GssapiError> {
        match (self.context().step(token, None), token) {
            (Ok(token), _) => Ok(token.map(secret)),
            (Err(error), Some(_)) => Err(behind(error)),
            (Err(error), None) => Err(self.before(error)),
        }
    }

    fn is_complete(&self) -> bool {
        self.peek(SecurityContext::is_complete)
    }

    fn is_mutual(&self) -> bool {
        let needed = CtxFlags::GSS_C_MUTUAL_FLAG | CtxFlags::GSS_C_INTEG_FLAG;
        self.peek(|context| context.flags().is_ok_and(|flags| flags.contains(needed)))
    }

    fn unwrap(&mut self, sealed: &[u8]) -> Result<Secret, GssapiError> {
        match self.context().unwrap(sealed) {
            Ok(open) => Ok(secret(open)),
            Err(error) if error.major.bits() & ROUTINE == CONTEXT_EXPIRED => Err(behind(error)),
            // Also what comes twice or out of order.
            Err(error) => Err(GssapiError::Forged(text(&error))),
        }
    }

    fn wrap(&mut self, message: &[u8]) -> Result<Secret, GssapiError> {
        self.context().wrap(false, message).map(secret).map_err(behind)
    }
}

/// Why what the server sent led nowhere. It may have said so itself, without proof: that its clock is another, for one.
fn behind(error: Error) -> GssapiError {
    let text = text(&error);
    match (error.major.bits() & ROUTINE, error.minor.cast_signed()) {
        (CREDENTIALS_EXPIRED | CONTEXT_EXPIRED, _) | (_, TICKET_EXPIRED) => GssapiError::Expired(text),
        (BAD_SIG | DEFECTIVE_TOKEN, _) | (_, BAD_INTEGRITY | MODIFIED | MUTUAL_FAILED) => {
            GssapiError::Forged(text)
        }
        _ => GssapiError::Other(text),
    }
}

/// What the library says. At once: it forgets the details with the thread's next error.
fn text(error: &Error) -> Arc<str> {
    plain(&error.to_string(), error.major.bits() & ROUTINE == FAILURE).into()
}

/// On one line; of a failure that GSSAPI has no number for, what the mechanism says alone ("Unspecified GSS failure. Minor code may
/// provide more information (...)" says no more).
fn plain(text: &str, unspecified: bool) -> String {
    let text = text.replace(|c: char| c.is_control(), " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let inner = text.split_once(" (").and_then(|(_, rest)| rest.strip_suffix(')'));
    match inner {
        Some(inner) if unspecified && !inner.is_empty() => inner.to_owned(),
        _ => text,
    }
}

fn secret(mut octets: Buf) -> Secret {
    let copy = Secret::new(octets.to_vec());
    octets.zeroize();
    copy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_on_one_line_and_say_what_happened() {
        let said = "Unspecified GSS failure.  Minor code may provide more information (No KDC (yet))";
        assert_eq!(plain(said, true), "No KDC (yet)");
        assert_eq!(plain("Expired (at\nnoon)", false), "Expired (at noon)");
        for odd in ["", "(", " ()", "nothing", "a (b", "a (b) c"] {
            assert_eq!(plain(odd, true), odd.trim(), "{odd:?}");
        }
    }
}

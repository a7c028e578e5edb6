//! Who logs in (RFC 4954), in a configuration. The order of the calls doesn't matter: what they say is put together when it's
//! used.

use crate::config::{ConfigHandle, set, smtpipe_config};
use crate::handle::{Failure, text, with_mut};
use crate::status::smtpipe_status;
use engine::sasl::{Credentials, CredentialsError, Gssapi, Mechanism};
use engine::session::Auth;
use std::ffi::c_char;

/// What the calls have said so far.
#[derive(Default)]
pub(crate) struct Login {
    who: Auth,
    authzid: Option<String>,
    mechanisms: Vec<Mechanism>,
    clear_text: bool,
}

impl Login {
    /// All of it together.
    pub(crate) fn auth(&self) -> Result<Auth, Failure> {
        let credentials = match &self.who {
            Auth::Credentials(credentials) => credentials,
            Auth::Gssapi(wanted) => {
                let wanted = wanted.clone();
                return Ok(Auth::Gssapi(match &self.authzid {
                    Some(name) => wanted.acting_for(name)?,
                    None => wanted,
                }));
            }
            other => return Ok(other.clone()),
        };
        let mut credentials = credentials.clone().even_in_clear_text(self.clear_text);
        if let Some(name) = &self.authzid {
            credentials = credentials.acting_for(name)?;
        }
        if !self.mechanisms.is_empty() {
            credentials = credentials.only(&self.mechanisms);
        }
        Ok(Auth::Credentials(credentials))
    }
}

impl From<CredentialsError> for Failure {
    fn from(error: CredentialsError) -> Self {
        Self::new(smtpipe_status::SMTPIPE_ERR_VALUE, error)
    }
}

/// Changes who logs in, if what comes of it can be used.
///
/// # Safety
/// As [`with_mut`].
unsafe fn log_in(
    config: *mut smtpipe_config,
    f: impl FnOnce(&mut ConfigHandle) -> Result<Credentials, Failure>,
) -> smtpipe_status {
    // SAFETY: by the contract above.
    unsafe {
        with_mut(config, |config| {
            config.login.who = Auth::Credentials(f(config)?);
            Ok(())
        })
    }
}

/// Logs in with a user name and a password: by the strongest of SCRAM-SHA-256-PLUS, SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-1,
/// CRAM-MD5, PLAIN and LOGIN that the server offers. PLAIN and LOGIN are used over TLS and unix sockets only, unless
/// smtpipe_config_set_auth_clear_text() says otherwise. If it fails the session ends: SMTPIPE_ERR_AUTH, SMTPIPE_ERR_NO_AUTH or
/// SMTPIPE_ERR_PEER_AUTH.
///
/// @param config    Must not be NULL.
/// @param username  Must not be NULL or empty; at most 1000 octets. Copied.
/// @param password  As `username`. Copied; the copy is overwritten when the configuration and all that was made with it are gone,
///                  and shows up in no trace, reason or error.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if one is empty or too long.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `username` and `password` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_credentials(
    config: *mut smtpipe_config,
    username: *const c_char,
    password: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { log_in(config, |_| Ok(Credentials::password(text(username)?, text(password)?)?)) }
}

/// Logs in with an OAuth 2.0 bearer token, by OAUTHBEARER (RFC 7628) or XOAUTH2; both show the token, so as PLAIN they are used
/// over TLS and unix sockets only. What a server says to be wrong with a token is in smtpipe_error_text().
///
/// @param config    Must not be NULL.
/// @param username  Must not be NULL or empty; at most 1000 octets. Copied.
/// @param token     Must not be NULL or empty; visible ASCII, at most 8000 octets. Copied, and overwritten as a password is.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if one can't be sent.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `username` and `token` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_oauth_token(
    config: *mut smtpipe_config,
    username: *const c_char,
    token: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { log_in(config, |_| Ok(Credentials::token(text(username)?, text(token)?)?)) }
}

/// Logs in by EXTERNAL (RFC 4422): the server knows the client by its certificate, or by the way it came.
///
/// @param config  Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_auth_external(config: *mut smtpipe_config) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { log_in(config, |_| Ok(Credentials::external())) }
}

/// Logs in by Kerberos and nothing else: GSSAPI (RFC 4752), with the ticket that the system has for whoever runs this. Both sides prove
/// themselves; no security layer is agreed on, TLS does that. The library that is asked reads the environment (KRB5CCNAME, KRB5_CONFIG),
/// and may ask a KDC, which blocks: in smtpipe_client_open(), and on later connections in the call that drives them. A session asks as
/// smtpipe_config_set_auth_caller() has it, with "GSSAPI" as the only mechanism.
///
/// Without a ticket nothing is connected: smtpipe_client_open() returns SMTPIPE_ERR_NO_AUTH, and says in smtpipe_config_reason() what
/// Kerberos said. A server that doesn't prove itself ends the session with SMTPIPE_ERR_PEER_AUTH.
///
/// @param config   Must not be NULL.
/// @param service  Whom the ticket is for: NULL for "smtp" (over LMTP, "lmtp") at the name that TLS looks for, or else the host; a name
///                 for another service there; "smtp@mail.example.net" for one elsewhere, which a unix socket needs. Copied.
/// @param authzid  As with smtpipe_config_set_authzid(); NULL leaves what was said there. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if one can't be sent; SMTPIPE_ERR_NOT_BUILT if this build of
///         the library has no GSSAPI (it is a feature of the build: `gssapi`), and nothing is changed.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `service` and `authzid` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_gssapi(
    config: *mut smtpipe_config,
    service: *const c_char,
    authzid: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            let mut wanted = Gssapi::new();
            if !service.is_null() {
                wanted = wanted.service(text(service)?)?;
            }
            let authzid = if authzid.is_null() { None } else { Some(self::authzid(authzid)?) };
            if !Gssapi::is_built() {
                return Err(Failure::new(smtpipe_status::SMTPIPE_ERR_NOT_BUILT, "built without GSSAPI"));
            }
            config.login.who = Auth::Gssapi(wanted);
            if let Some(authzid) = authzid {
                config.login.authzid = authzid;
            }
            Ok(())
        })
    }
}

/// Logs in by the caller's own SASL, such as Cyrus SASL or GSASL: see smtpipe_client_auth_wait(), and for sessions
/// SMTPIPE_EVENT_AUTH_WANTED. Which mechanism is safe on which line is then the caller's to judge.
///
/// @param config  Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_auth_caller(config: *mut smtpipe_config) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(config, |config| config.login.who = Auth::Caller) }
}

/// Acts for another user than the one who logs in (the authorization identity of RFC 4422). Mechanisms that can't say so
/// (CRAM-MD5, LOGIN, XOAUTH2) are not used then.
///
/// @param config   Must not be NULL.
/// @param authzid  Must not be NULL; "" for nobody else (the default). At most 1000 octets. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if it can't be sent.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `authzid` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_authzid(
    config: *mut smtpipe_config,
    authzid: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.login.authzid = self::authzid(authzid)?;
            Ok(())
        })
    }
}

/// Uses no other mechanisms than these. Among them, too, it is the strongest offered that is used.
///
/// @param config      Must not be NULL.
/// @param mechanisms  Their names, separated by spaces, in any case and order. Must not be NULL; "" for all (the default).
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if one is unknown here.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live; `mechanisms` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_auth_mechanisms(
    config: *mut smtpipe_config,
    mechanisms: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.login.mechanisms = names(text(mechanisms)?)?;
            Ok(())
        })
    }
}

/// Shows the password or token to whoever listens, if it can't be had otherwise: PLAIN, LOGIN, OAUTHBEARER and XOAUTH2 without
/// TLS.
///
/// @param config   Must not be NULL.
/// @param allowed  0 for never (the default), any other number to allow it.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
/// Since: 0.1.0
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_auth_clear_text(
    config: *mut smtpipe_config,
    allowed: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(config, |config| config.login.clear_text = allowed != 0) }
}

/// Somebody to act for; "" for nobody else.
///
/// # Safety
/// As [`text`].
unsafe fn authzid(name: *const c_char) -> Result<Option<String>, Failure> {
    // SAFETY: by the contract above.
    let name = unsafe { text(name) }?;
    if name.is_empty() {
        return Ok(None);
    }
    Credentials::external().acting_for(name)?;
    Ok(Some(name.to_owned()))
}

/// Mechanisms from their names.
pub(crate) fn names(text: &str) -> Result<Vec<Mechanism>, Failure> {
    let one = |name: &str| {
        name.parse().map_err(|error| {
            Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, format!("{}: {error}", name.escape_default()))
        })
    };
    text.split_ascii_whitespace().map(one).collect()
}

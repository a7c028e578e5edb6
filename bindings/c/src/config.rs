//! `smtpipe_config`: what a client or session is told before it starts. Setters on an opaque object, so that
//! options can be added without touching the ABI.

use crate::config_auth::Login;
use crate::constants::{self};
use crate::handle::{Done, Failure, Opaque, Out, free, give, guard, reason, shareable, text, with_mut};
use crate::status::smtpipe_status;
use engine::client::{Config, Peers, Target};
use engine::session::Options;
use engine::tls::Tls;
use engine::wire::HostName;
use std::ffi::c_char;
use std::path::PathBuf;
use std::time::Duration;

/// What a client or session is told before it starts. May serve for any number of them, and be changed or
/// freed while they run: they have what they need of it.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_config {
    _private: [u8; 0],
}

impl Opaque for smtpipe_config {
    type Inner = ConfigHandle;
}

const _: () = shareable::<ConfigHandle>();

pub(crate) struct ConfigHandle {
    pub(crate) target: Option<Target>,
    pub(crate) options: Options,
    pub(crate) login: Login,
    pub(crate) tls: Tls,
    pub(crate) reconnect: bool,
    pub(crate) peers: Option<Peers>,
}

impl ConfigHandle {
    /// What a session is made with.
    pub(crate) fn session_options(&self) -> Result<Options, Failure> {
        Ok(Options {
            auth: self.login.auth()?,
            starttls: self.tls.starttls(),
            clear_after_failed_tls: self.tls.clear_after_failed_tls,
            ..self.options.clone()
        })
    }

    /// What the Rust client is opened with.
    pub(crate) fn client(&self) -> Result<Config, Failure> {
        let mut config = match self.target.clone() {
            Some(Target::Tcp { host, port }) => Config::new(host, port),
            Some(Target::Unix(path)) => Config::unix(path),
            None => return Err(smtpipe_status::SMTPIPE_ERR_NO_TARGET.into()),
        };
        config.session = self.session_options()?;
        config.tls = self.tls.clone();
        config.reconnect = self.reconnect;
        config.peers = self.peers.clone();
        Ok(config)
    }
}

/// The time that a number of milliseconds stands for.
pub(crate) const fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A limit of time: `SMTPIPE_FOREVER` is none.
pub(crate) const fn limit(ms: u64) -> Option<Duration> {
    if ms == constants::SMTPIPE_FOREVER { None } else { Some(millis(ms)) }
}

pub(crate) fn host_name(name: &str) -> Result<HostName, Failure> {
    HostName::new(name).map_err(|error| {
        Failure::new(smtpipe_status::SMTPIPE_ERR_HOST_NAME, format!("{}: {error}", name.escape_debug()))
    })
}

/// Makes a configuration: local name "localhost", level auto, at most 100 messages in flight, the time limits
/// of RFC 5321 section 4.5.3.2. It has no target yet.
///
/// @param config  Gets the configuration. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: free it with smtpipe_config_free().
/// Threads: any.
///
/// # Safety
/// `config` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_new(config: *mut *mut smtpipe_config) -> smtpipe_status {
    guard(|| {
        // SAFETY: the caller's promise, see above.
        let out = unsafe { Out::new(config)? };
        out.set(give(ConfigHandle {
            target: None,
            options: Options::default(),
            login: Login::default(),
            tls: Tls::default(),
            reconnect: true,
            peers: None,
        }));
        Ok(())
    })
}

/// Frees a configuration. Clients and sessions made with it go on.
///
/// @param config  May be NULL.
///
/// Threads: no other call on `config` at the same time, none after.
///
/// # Safety
/// `config` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_free(config: *mut smtpipe_config) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(config) }
}

/// Why the last refused call on this configuration was refused, in words.
///
/// @param config  May be NULL.
///
/// @return A NUL-terminated text; NULL if no call was refused.
///
/// Ownership: borrowed until the next refused call on `config`, or its end.
/// Threads: as for reading `config`.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_reason(config: *const smtpipe_config) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { reason(config) }
}

/// Sets the server to connect to over TCP. Replaces a unix path.
///
/// @param config  Must not be NULL.
/// @param host    Name or address, IPv4 or IPv6 without brackets. Must not be NULL. Copied. All addresses of a name are
///                tried, in the order of RFC 8305.
/// @param port    25 for relaying, 587 for submission, 24 for LMTP. 0 is refused.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if the host is empty or the port 0.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live; `host` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_host(
    config: *mut smtpipe_config,
    host: *const c_char,
    port: u16,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            let host = text(host)?;
            if host.is_empty() || host.chars().any(char::is_control) {
                return Err(Failure::new(
                    smtpipe_status::SMTPIPE_ERR_VALUE,
                    "the host is empty or has a control character",
                ));
            }
            if port == 0 {
                return Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "port 0 can't be connected to"));
            }
            config.target = Some(Target::Tcp { host: host.to_owned(), port });
            Ok(())
        })
    }
}

/// Sets the unix-domain socket to connect to. Replaces a host.
///
/// @param config  Must not be NULL.
/// @param path    The socket's path, in whatever bytes the file system has. Must not be NULL or empty. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if the path is empty.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live; `path` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_unix_path(
    config: *mut smtpipe_config,
    path: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.target = Some(Target::Unix(file_path(path)?));
            Ok(())
        })
    }
}

/// A path from C: any bytes but NUL.
///
/// # Safety
/// `path` is NULL or NUL-terminated.
pub(crate) unsafe fn file_path(path: *const c_char) -> Result<PathBuf, Failure> {
    use std::os::unix::ffi::OsStrExt;
    if path.is_null() {
        return Err(smtpipe_status::SMTPIPE_ERR_NULL.into());
    }
    // SAFETY: not NULL, NUL-terminated by the contract above.
    let path = unsafe { std::ffi::CStr::from_ptr(path) }.to_bytes();
    if path.is_empty() {
        return Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "the path is empty"));
    }
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(path)))
}

/// Sets the name given with EHLO (RFC 5321 section 4.1.1.1): a host name or an address literal.
///
/// @param config  Must not be NULL.
/// @param name    Must not be NULL. Copied. Default "localhost".
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_HOST_NAME.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live; `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_local_name(
    config: *mut smtpipe_config,
    name: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.options.local_name = host_name(text(name)?)?;
            Ok(())
        })
    }
}

/// Speaks LMTP (RFC 2033) in place of SMTP: LHLO, and a reply for each recipient after the content.
///
/// @param config  Must not be NULL.
/// @param on      0 is off (the default), any other number on.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_lmtp(config: *mut smtpipe_config, on: i32) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(config, |config| config.options.lmtp = on != 0) }
}

/// States the level as known: it is used without a trial where EHLO allows it (RFC 2920), a lower one where not.
///
/// State a level only for a server that is known to cope: what a trial would have found out costs messages then.
///
/// @param config  Must not be NULL.
/// @param level   A `smtpipe_level`. Default SMTPIPE_LEVEL_AUTO: find out by trial.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `level` is unknown.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_level(config: *mut smtpipe_config, level: i32) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.options.level = constants::level(level)?;
            Ok(())
        })
    }
}

/// Caps the level: never above it, whatever the server proves to cope with.
///
/// @param config  Must not be NULL.
/// @param level   A `smtpipe_level`. SMTPIPE_LEVEL_AUTO, the default, is no cap.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `level` is unknown.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_max_level(
    config: *mut smtpipe_config,
    level: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.options.max_level = constants::level(level)?;
            Ok(())
        })
    }
}

/// Decides who gets a message when some of its recipients are refused.
///
/// @param config  Must not be NULL.
/// @param policy  A `smtpipe_recipients`. Default SMTPIPE_RECIPIENTS_ANY.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `policy` is unknown.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_recipients(
    config: *mut smtpipe_config,
    policy: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.options.recipients = constants::recipients(policy)?;
            Ok(())
        })
    }
}

/// Decides when BDAT (RFC 3030) takes the place of DATA.
///
/// @param config  Must not be NULL.
/// @param policy  A `smtpipe_chunking`. Default SMTPIPE_CHUNKING_AUTO.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `policy` is unknown.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_chunking(
    config: *mut smtpipe_config,
    policy: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(config, |config| {
            config.options.chunking = constants::chunking(policy)?;
            Ok(())
        })
    }
}

/// Sends 8-bit content to a server that does not offer 8BITMIME (RFC 6152) as well.
///
/// @param config  Must not be NULL.
/// @param on      0 is off (the default: such a message is refused), any other number on.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_8bit_anyway(
    config: *mut smtpipe_config,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(config, |config| config.options.eight_bit_anyway = on != 0) }
}

/// Lets a client connect again by itself when the session asks for it: after a trial that the server failed, or as many
/// messages as it takes on one connection (MAILMAX of RFC 9422). Messages that may have been delivered are never sent again.
///
/// @param config  Must not be NULL.
/// @param on      0 is off, any other number on (the default).
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per configuration.
///
/// # Safety
/// `config` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_config_set_reconnect(
    config: *mut smtpipe_config,
    on: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { set(config, |config| config.reconnect = on != 0) }
}

/// A setter that can't be refused.
///
/// # Safety
/// `config` is NULL or live.
pub(crate) unsafe fn set(
    config: *mut smtpipe_config,
    change: impl FnOnce(&mut ConfigHandle),
) -> smtpipe_status {
    // SAFETY: by the contract above.
    unsafe {
        with_mut(config, |config| -> Done {
            change(config);
            Ok(())
        })
    }
}

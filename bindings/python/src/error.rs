//! The engine's errors as the exceptions of `smtpipe.errors`. One function each; nothing else builds an exception.

use std::io;

use engine::client::ConnectError;
use engine::session::{PeerError, SessionError, SubmitError};
use engine::wire::{Reply as WireReply, Verb};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

use crate::reply::Reply;

const ERRORS: &str = "smtpipe.errors";

static MISUSE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static AUTH: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static PEER: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static REFUSED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static TIMEOUT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static TLS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static LOST: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static CLOSED: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static GAI: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The caller's mistake; `text` starts with the name of the offending part.
pub(crate) fn misuse(py: Python<'_>, text: impl AsRef<str>) -> PyErr {
    build(py, &MISUSE, "MisuseError", text.as_ref(), None, None)
}

/// What `send` and `command` refuse. `session` is why the session ended, if it has.
pub(crate) fn submit_error(py: Python<'_>, error: &SubmitError, session: Option<&SessionError>) -> PyErr {
    match (error, session) {
        (SubmitError::Closed, Some(session)) => session_error(py, session),
        (SubmitError::Closed, None) => closed(py),
        (other, _) => misuse(py, other.to_string()),
    }
}

/// The client has quit.
pub(crate) fn closed(py: Python<'_>) -> PyErr {
    build(py, &CLOSED, "ClosedError", "the client has quit or was closed", None, None)
}

/// Why a session can't go on.
pub(crate) fn session_error(py: Python<'_>, error: &SessionError) -> PyErr {
    let (class, name, stage) = match error {
        SessionError::Tls(tls) => return tls_error(py, error, tls.failure().as_str()),
        SessionError::StartTlsNotOffered => return tls_error(py, error, "not_offered"),
        SessionError::StartTlsRefused(_) => return tls_error(py, error, "starttls_refused"),
        SessionError::Truncated { waiting_for } => (&LOST, "ConnectionLostError", *waiting_for),
        // Somebody else answers than the server that knows the password.
        SessionError::Auth(error) if error.is_attack() => (&PEER, "PeerError", Some(Verb::Auth)),
        SessionError::Auth(_) => (&AUTH, "AuthenticationError", Some(Verb::Auth)),
        SessionError::Refused { stage, .. } => (&REFUSED, "RefusedError", Some(*stage)),
        SessionError::ShutDown(_) | SessionError::NotOffered(_) => (&REFUSED, "RefusedError", None),
        SessionError::Timeout { waiting_for } => (&TIMEOUT, "SessionTimeoutError", *waiting_for),
        SessionError::Closed { waiting_for } => (&LOST, "ConnectionLostError", *waiting_for),
        SessionError::Lost(_) => (&LOST, "ConnectionLostError", None),
        SessionError::Peer(PeerError::Early { verb, .. } | PeerError::WrongClass { verb, .. }) => {
            (&PEER, "PeerError", Some(*verb))
        }
        _ => (&PEER, "PeerError", None),
    };
    build(py, class, name, &error.to_string(), stage, error.reply())
}

/// There is no TLS, and why, in one word.
fn tls_error(py: Python<'_>, error: &SessionError, failure: &str) -> PyErr {
    let error = build(py, &TLS, "TlsError", &error.to_string(), None, error.reply());
    // It's one of ours: setting can't fail.
    let _ = error.value(py).setattr("failure", failure);
    error
}

/// Why there is no session at all. The socket's own errors are raised as Python's `socket` would raise them.
pub(crate) fn connect_error(py: Python<'_>, error: ConnectError) -> PyErr {
    match error {
        ConnectError::Session(error) => session_error(py, &error),
        ConnectError::Resolve { .. } | ConnectError::NoAddress { .. } => {
            let text = error.to_string();
            GAI.import(py, "socket", "gaierror")
                .map_or_else(|error| error, |class| PyErr::from_type(class.clone(), (text,)))
        }
        ConnectError::Tls(error) => misuse(py, format!("TLS: {error}")),
        ConnectError::TimedOut => build(py, &TIMEOUT, "SessionTimeoutError", &error.to_string(), None, None),
        ConnectError::Socket(source) => os_error(&source, ""),
        ConnectError::Tcp { address, source } => os_error(&source, &address.to_string()),
        ConnectError::Unix { path, source } => os_error(&source, &path.display().to_string()),
        other => build(py, &LOST, "ConnectionLostError", &other.to_string(), None, None),
    }
}

/// What the system said, as Python says it: the number, which picks the subclass, its words, and what it is about.
pub(crate) fn os_error(error: &io::Error, about: &str) -> PyErr {
    let Some(number) = error.raw_os_error() else {
        return PyOSError::new_err(if about.is_empty() {
            error.to_string()
        } else {
            format!("{about}: {error}")
        });
    };
    let text = error.to_string();
    // Rust puts the number behind the words.
    let words = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text).to_owned();
    if about.is_empty() {
        PyOSError::new_err((number, words))
    } else {
        PyOSError::new_err((number, words, about.to_owned()))
    }
}

fn build(
    py: Python<'_>,
    class: &PyOnceLock<Py<PyType>>,
    name: &str,
    text: &str,
    stage: Option<Verb>,
    reply: Option<&WireReply>,
) -> PyErr {
    let made = || -> PyResult<Bound<'_, PyAny>> {
        let class = class.import(py, ERRORS, name)?;
        let kwargs = PyDict::new(py);
        if let Some(stage) = stage {
            kwargs.set_item("stage", stage.as_str())?;
        }
        if let Some(reply) = reply {
            kwargs.set_item("reply", Reply(reply.clone()).into_pyobject(py)?)?;
        }
        class.call((text,), Some(&kwargs))
    };
    match made() {
        Ok(value) => PyErr::from_value(value),
        Err(error) => error,
    }
}

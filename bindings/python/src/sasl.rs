//! A caller's own SASL for a `Client`: `smtpipe.connect(auth=...)`, an object of the protocol `smtpipe.Sasl`.
//!
//! It is asked by the thread that drives the connection, outside every lock, by one thread at a time. Whatever it raises gives the
//! exchange up (`*`, RFC 4954 section 4) and goes to whoever waits. What it is told and what it answers is in no error or trace.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use engine::session::{AuthError, Event, SaslCallError};
use engine::wire::{MechanismName, Reply};
use pyo3::exceptions::{PySystemError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::content::bytes_like;
use crate::drive::Shared;
use crate::error::session_error;
use crate::login::refused;

/// The caller's object, and what the server made of its choices.
pub(crate) struct Sasl {
    object: Py<PyAny>,
    tried: Mutex<Tried>,
}

/// The mechanisms begun on this connection: which were refused as such, and which is on its way.
#[derive(Default)]
struct Tried {
    refused: Vec<String>,
    last: Option<String>,
}

enum Answer {
    Begin { mechanism: String, initial: Option<Bytes>, complete: bool },
    Respond { response: Bytes, complete: bool },
}

impl Sasl {
    /// `object`, which the argument `auth` gave.
    pub(crate) fn new(object: Bound<'_, PyAny>) -> PyResult<Self> {
        for method in ["start", "respond"] {
            if !object.getattr_opt(method)?.is_some_and(|method| method.is_callable()) {
                let kind = object.get_type().name()?;
                return Err(PyTypeError::new_err(format!(
                    "auth: {kind} has no method {method}(): see smtpipe.Sasl"
                )));
            }
        }
        Ok(Self { object: object.unbind(), tried: Mutex::default() })
    }

    /// For the garbage collector.
    pub(crate) const fn object(&self) -> &Py<PyAny> {
        &self.object
    }

    fn answer(&self, py: Python<'_>, question: &Event) -> PyResult<Answer> {
        match question {
            Event::AuthWanted { mechanisms, refused } => self.begin(py, mechanisms, refused.as_ref()),
            Event::AuthChallenge(challenge) => {
                let challenge = PyBytes::new(py, challenge.as_bytes());
                let response = self.object.bind(py).call_method1("respond", (challenge,))?;
                Ok(Answer::Respond {
                    response: bytes_of(&response, "respond")?,
                    complete: self.complete(py)?,
                })
            }
            other => Err(PySystemError::new_err(format!("no question of SASL: {other:?}"))),
        }
    }

    fn begin(&self, py: Python<'_>, offered: &str, refused: Option<&Reply>) -> PyResult<Answer> {
        let left = self.left(offered, refused.is_some());
        let chosen = if left.is_empty() {
            None
        } else {
            self.object.bind(py).call_method1("start", (PyTuple::new(py, left)?,))?.extract().map_err(
                |_| {
                    PyTypeError::new_err(
                        "auth: start() is to return (mechanism, initial response or None), or None",
                    )
                },
            )?
        };
        let Some((mechanism, initial)) = chosen else { return Err(self.nothing_left(py, offered, refused)) };
        let (mechanism, initial): (String, Option<Bound<'_, PyAny>>) = (mechanism, initial);
        let initial = initial.map(|initial| bytes_of(&initial, "start")).transpose()?;
        self.tried.lock().unwrap_or_else(PoisonError::into_inner).last = Some(mechanism.clone());
        Ok(Answer::Begin { mechanism, initial, complete: self.complete(py)? })
    }

    /// What is offered and was not refused. `again`: the mechanism begun last was.
    fn left(&self, offered: &str, again: bool) -> Vec<String> {
        let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        let last = tried.last.take();
        if again {
            tried.refused.extend(last.map(|name| name.to_ascii_uppercase()));
        } else {
            // Another connection.
            tried.refused.clear();
        }
        let was_refused = |name: &str| tried.refused.iter().any(|one| one.eq_ignore_ascii_case(name));
        offered.split_ascii_whitespace().filter(|name| !was_refused(name)).map(str::to_owned).collect()
    }

    /// No mechanism of the server's suits; `refused`: what it said to the last one that did.
    fn nothing_left(&self, py: Python<'_>, offered: &str, refused: Option<&Reply>) -> PyErr {
        let error = match refused {
            None => AuthError::NoMechanism { offered: offered.into() },
            Some(reply) => {
                let tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
                let mechanism = tried.refused.last().and_then(|name| MechanismName::new(name).ok());
                AuthError::Refused { mechanism, reply: reply.clone(), complaint: None }
            }
        };
        session_error(py, &error.into())
    }

    fn complete(&self, py: Python<'_>) -> PyResult<bool> {
        self.object.bind(py).getattr("complete")?.is_truthy()
    }
}

fn bytes_of(object: &Bound<'_, PyAny>, method: &str) -> PyResult<Bytes> {
    bytes_like(object)
        .map_err(|_| PyTypeError::new_err(format!("auth: {method}() is to return a bytes-like object")))
}

impl Shared {
    /// Asks the caller's SASL what the server asks, and sends the answer. What it raises ends the session, and is raised here.
    pub(crate) fn answer(&self, py: Python<'_>, question: &Event) -> PyResult<()> {
        let answer = match &self.sasl {
            Some(sasl) => sasl.answer(py, question),
            None => Err(PySystemError::new_err("a question of SASL, and nobody to answer")),
        };
        let said = py.detach(|| {
            let mut core = self.lock_detached();
            core.answered();
            let client = &mut core.client;
            let said = match &answer {
                Ok(Answer::Begin { mechanism, initial, complete }) => {
                    client.auth_begin(mechanism, initial.as_deref(), *complete)
                }
                Ok(Answer::Respond { response, complete }) => client.auth_respond(response, *complete),
                Err(_) => client.auth_cancel(),
            };
            if matches!(said, Err(SaslCallError::Mechanism | SaslCallError::TooLong)) {
                // What can't be sent is no answer. It is asked for, so this can't fail.
                let _ = client.auth_cancel();
            }
            self.nudge(&core);
            said
        });
        answer?;
        match said {
            // The session has ended while the answer was made: that is for whoever waits to find.
            Ok(()) | Err(SaslCallError::NotAsked) => Ok(()),
            Err(error) => Err(refused(py, error)),
        }
    }

    /// The same as long as something is asked, for a call that does not wait.
    pub(crate) fn answer_all(&self, py: Python<'_>) -> PyResult<()> {
        while self.sasl.is_some() {
            let question = self.lock(py).ask();
            let Some(question) = question else { return Ok(()) };
            self.answer(py, &question)?;
        }
        Ok(())
    }
}

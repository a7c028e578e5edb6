//! The streamed contents of one client: whose turn it is to give, and what their sources raised. Drawing is done by the thread that
//! drives, outside every lock; one thread at a time, as the content is one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use engine::client::Client;
use engine::session::{Outcome as EngineOutcome, SessionError, SubmitError, Ticket};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use crate::drive::Shared;
use crate::error::submit_error;
use crate::message::Sendable;
use crate::outcome::Outcome;
use crate::source::{Drawing, Origin};

/// So many pieces are drawn in one call that doesn't wait.
const DRAWS: usize = 64;

/// What is known of a ticket whose content is drawn.
enum Stream {
    /// Its source; `None` while a thread draws from it.
    Open(Option<Drawing>),
    /// What its source raised.
    Failed(Py<PyAny>),
}

/// The tickets whose content is drawn and whose outcome nobody has yet.
#[derive(Default)]
pub(crate) struct Streams {
    /// Most clients never have one: then the lock isn't even looked at.
    any: AtomicBool,
    known: Mutex<BTreeMap<Ticket, Stream>>,
}

impl Streams {
    /// For the garbage collector; what a thread is busy with just now it has hold of itself.
    pub(crate) fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        let Ok(known) = self.known.try_lock() else { return Ok(()) };
        known.values().try_for_each(|stream| match stream {
            Stream::Open(source) => source.as_ref().map_or(Ok(()), |source| source.traverse(visit)),
            Stream::Failed(error) => visit.call(error),
        })
    }

    fn lock<'a>(&'a self, py: Python<'_>) -> MutexGuard<'a, BTreeMap<Ticket, Stream>> {
        self.known.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, py: Python<'_>, ticket: Ticket, stream: Stream) {
        let before = self.lock(py).insert(ticket, stream);
        // Only here, where the lock is gone: it may run a finalizer.
        drop(before);
    }
}

impl Shared {
    /// Queues a message by `how`, which runs detached; with it, what its content is drawn from.
    pub(crate) fn queue(
        &self,
        py: Python<'_>,
        (message, origin): Sendable,
        how: impl FnOnce(&mut Client, engine::session::Message) -> Result<Ticket, SubmitError> + Send,
    ) -> PyResult<Ticket> {
        self.at_home(py)?;
        let drawing = origin.as_ref().map(|origin| origin.begin(py)).transpose()?;
        if drawing.is_some() {
            self.streams.any.store(true, Ordering::Release);
        }
        let queued: Result<Ticket, (SubmitError, Option<SessionError>)> = py.detach(|| {
            let mut core = self.lock_detached();
            let sent = how(&mut core.client, message);
            self.nudge(&core);
            sent.map_err(|error| (error, core.client.error().cloned()))
        });
        match queued {
            Ok(ticket) => {
                if let Some(drawing) = drawing {
                    self.put(py, ticket, drawing);
                }
                Ok(ticket)
            }
            Err((error, session)) => {
                if let Some(origin) = &origin {
                    origin.take_back();
                }
                Err(submit_error(py, &error, session.as_ref()))
            }
        }
    }

    fn put(&self, py: Python<'_>, ticket: Ticket, drawing: Drawing) {
        self.streams.put(py, ticket, Stream::Open(Some(drawing)));
    }

    /// Gives the next piece of what is wanted. What the source raises ends its message; only what is no `Exception` (an
    /// interrupt) is raised here too.
    pub(crate) fn draw(&self, py: Python<'_>, ticket: Ticket, rewind: bool) -> PyResult<()> {
        let source = match self.streams.lock(py).get_mut(&ticket) {
            Some(Stream::Open(source)) => source.take(),
            Some(Stream::Failed(_)) | None => None,
        };
        let pulled = match source {
            Some(mut source) => {
                let pulled = source.pull(py, rewind);
                if pulled.is_ok() {
                    self.put(py, ticket, source);
                }
                pulled
            }
            // It was queued a moment ago, and what it is drawn from is still on its way here.
            None => {
                self.lock(py).drawn();
                return Ok(());
            }
        };
        let failure = match &pulled {
            Ok(_) => None,
            Err(error) => Some(describe(py, error)),
        };
        py.detach(|| {
            let mut core = self.lock_detached();
            match (&failure, pulled.as_ref().ok().cloned().flatten()) {
                (Some(why), _) => core.client.content_failed(ticket, why),
                (None, Some(piece)) => core.client.content(ticket, piece),
                (None, None) => core.client.content_end(ticket),
            };
            core.drawn();
            self.nudge(&core);
        });
        let Err(error) = pulled else { return Ok(()) };
        let raise = !error.is_instance_of::<PyException>(py);
        let value = error.clone_ref(py).into_value(py).into_any();
        self.streams.put(py, ticket, Stream::Failed(value));
        if raise { Err(error) } else { Ok(()) }
    }

    /// Draws what is wanted now and writes it, and answers what a caller's SASL is asked, for a call that does not wait.
    pub(crate) fn feed(&self, py: Python<'_>) -> PyResult<()> {
        self.answer_all(py)?;
        if !self.streams.any.load(Ordering::Acquire) {
            return Ok(());
        }
        for _ in 0..DRAWS {
            let wanted = self.lock(py).want();
            let Some((ticket, rewind)) = wanted else { return Ok(()) };
            self.draw(py, ticket, rewind)?;
            self.drive(py, |_| ());
        }
        Ok(())
    }

    /// An outcome for the caller; what its content was drawn from is let go.
    pub(crate) fn outcome(&self, py: Python<'_>, outcome: EngineOutcome) -> Outcome {
        if !self.streams.any.load(Ordering::Acquire) {
            return Outcome::new(outcome, None);
        }
        let stream = self.streams.lock(py).remove(&outcome.ticket);
        match stream {
            Some(Stream::Failed(error)) => Outcome::new(outcome, Some(error)),
            Some(Stream::Open(_)) | None => Outcome::new(outcome, None),
        }
    }
}

fn describe(py: Python<'_>, error: &PyErr) -> String {
    let kind = error.get_type(py).name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    // Its own text is Python code that may raise in turn.
    let text =
        error.value(py).str().map_or_else(|_| String::new(), |text| text.to_string_lossy().into_owned());
    if text.is_empty() { kind } else { format!("{kind}: {text}") }
}

/// For what takes no source: a session, which is given its content in pieces.
pub(crate) fn for_session(py: Python<'_>, origin: Option<&Arc<Origin>>) -> PyResult<()> {
    match origin {
        Some(origin) if !origin.is_for_sessions() => Err(crate::error::misuse(
            py,
            "content: a Session draws from nothing: make the message with Message.streamed",
        )),
        _ => Ok(()),
    }
}

//! `Client.send_all`: messages in from any iterable, outcomes out, memory bounded by the window.
//!
//! The iterable is drawn from only while the window has room and never under a lock, so a generator may use the client itself.
//! Room that outcomes have made is filled before they are handed out: while the caller looks at them, the line is busy.
//!
//! What the iterable raises, and what can't be sent, is raised by `next()` at that place. Nothing is lost by it: tickets that were
//! drawn before stay open, and going on with the same iterator, or `collect`, yields their outcomes.

use std::sync::{Mutex, PoisonError};

use engine::client::Client as EngineClient;
use engine::session::Outcome as EngineOutcome;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyIterator;

use crate::client::Client;
use crate::convert;
use crate::error::submit_error;
use crate::last::Last;
use crate::outcome::Outcome;

/// Messages drawn between two looks at the connection, however wide the window is.
const BATCH: usize = 128;

/// The caller's iterator, and who has it.
enum Source {
    There(Py<PyIterator>, Last),
    /// A thread is drawing from it now.
    Busy,
    Exhausted,
}

/// Why drawing stopped.
#[derive(Clone, Copy, PartialEq)]
enum Stop {
    /// The window is full, or the session has ended.
    Full,
    /// There may be room for more.
    Batch,
    /// There are no more messages.
    Exhausted,
}

/// The outcomes of a run of messages.
#[pyclass(frozen, module = "smtpipe")]
pub(crate) struct SendAll {
    client: Py<Client>,
    source: Mutex<Source>,
}

impl SendAll {
    pub(crate) fn new(client: Py<Client>, messages: Py<PyIterator>) -> Self {
        Self { client, source: Mutex::new(Source::There(messages, Last::default())) }
    }

    fn replace(&self, py: Python<'_>, with: Source) -> Source {
        let mut source = self.source.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *source, with)
    }

    /// Draws and queues while there is room.
    fn fill(&self, py: Python<'_>) -> PyResult<Stop> {
        self.client.get().shared.at_home(py)?;
        match self.replace(py, Source::Busy) {
            Source::Exhausted => {
                self.replace(py, Source::Exhausted);
                Ok(Stop::Exhausted)
            }
            Source::Busy => Err(PyValueError::new_err("messages are being drawn for this iterator already")),
            Source::There(messages, mut last) => {
                let mut messages = messages.into_bound(py);
                let stop = self.draw(py, &mut messages, &mut last);
                let exhausted = matches!(stop, Ok(Stop::Exhausted));
                self.replace(
                    py,
                    if exhausted { Source::Exhausted } else { Source::There(messages.unbind(), last) },
                );
                stop
            }
        }
    }

    fn draw(&self, py: Python<'_>, messages: &mut Bound<'_, PyIterator>, last: &mut Last) -> PyResult<Stop> {
        let client = self.client.get();
        let shared = &client.shared;
        if client.is_closed(py) {
            // Is there a message left that nobody will ever send? Then that has to be said.
            return match messages.next() {
                Some(item) => item.and_then(|_| Err(client.ended(py))),
                None => Ok(Stop::Exhausted),
            };
        }
        let mut room = shared.lock(py).client.has_room();
        for _ in 0..BATCH {
            if !room {
                return Ok(Stop::Full);
            }
            let Some(item) = messages.next() else {
                return Ok(Stop::Exhausted);
            };
            let message = convert::one_of_many(&item?, last)?;
            if message.1.is_some() {
                shared.queue(py, message, EngineClient::submit)?;
                room = shared.lock(py).client.has_room();
                continue;
            }
            let mut core = shared.lock(py);
            if let Err(error) = core.client.submit(message.0) {
                let session = core.client.error().cloned();
                drop(core);
                return Err(submit_error(py, &error, session.as_ref()));
            }
            room = core.client.has_room();
        }
        Ok(Stop::Batch)
    }

    /// Fills the room that `outcome` and its like have made; keeps it safe if that raises.
    fn refill(&self, py: Python<'_>, outcome: EngineOutcome) -> PyResult<EngineOutcome> {
        let client = self.client.get();
        if client.is_closed(py) {
            return Ok(outcome);
        }
        match self.fill(py) {
            Ok(Stop::Exhausted) => Ok(outcome),
            Ok(Stop::Full | Stop::Batch) => {
                client.shared.drive(py, |_| ());
                client.deliver_trace(py);
                Ok(outcome)
            }
            Err(error) => {
                client.shared.lock(py).returned.push_front(outcome);
                Err(error)
            }
        }
    }
}

#[pymethods]
impl SendAll {
    const fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Outcome>> {
        let client = self.client.get();
        if let Some(outcome) = client.shared.lock(py).pop() {
            return Ok(Some(client.shared.outcome(py, outcome)));
        }
        loop {
            let stop = self.fill(py)?;
            let outcome = if stop == Stop::Batch {
                let outcome = client.shared.drive(py, |core| core.pop());
                client.shared.feed(py)?;
                client.deliver_trace(py);
                py.check_signals()?;
                outcome
            } else {
                // Full: somebody's outcome will make room. Exhausted: the rest of them.
                let waited = client.until(py, None, |core| match core.pop() {
                    Some(outcome) => Some(Some(outcome)),
                    None => (core.is_idle() || core.client.has_room() && stop == Stop::Full).then_some(None),
                })?;
                waited.flatten()
            };
            if let Some(outcome) = outcome {
                let outcome = self.refill(py, outcome)?;
                return client.hand_over(py, outcome).map(Some);
            }
            if stop == Stop::Exhausted {
                return Ok(None);
            }
        }
    }

    fn __repr__(&self) -> &'static str {
        "<smtpipe.SendAll>"
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.client)?;
        if let Ok(source) = self.source.try_lock()
            && let Source::There(messages, _) = &*source
        {
            visit.call(messages)?;
        }
        Ok(())
    }
}

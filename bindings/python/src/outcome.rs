//! `smtpipe.Outcome` and `smtpipe.Recipient`: what `collect` and `send_all` hand out.
//!
//! An outcome keeps the engine's value as it came; every attribute is made when it is asked for. Most callers look
//! at one or two of them, and a million outcomes should cost a million small objects, not ten.

use engine::session::{Outcome as EngineOutcome, RecipientOutcome};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::names;
use crate::reply::Reply;

/// The fate of one ticket.
#[pyclass(frozen, module = "smtpipe")]
pub(crate) struct Outcome(pub(crate) EngineOutcome, pub(crate) Option<Py<PyAny>>);

#[pymethods]
impl Outcome {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("ticket", "status", "reply")
    }

    #[getter]
    fn ticket(&self) -> u64 {
        self.0.ticket.get()
    }

    #[getter]
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        names::status(py, self.0.status)
    }

    #[getter]
    fn reply(&self) -> Option<Reply> {
        self.0.reply.clone().map(Reply)
    }

    #[getter]
    fn recipients<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let recipients: Vec<Recipient> = self.0.recipients.iter().cloned().map(Recipient).collect();
        PyTuple::new(py, recipients)
    }

    #[getter]
    fn reason(&self) -> Option<String> {
        self.0.reason.as_ref().map(ToString::to_string)
    }

    #[getter]
    fn error(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.1.as_ref().map(|error| error.clone_ref(py))
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.1.as_ref().map_or(Ok(()), |error| visit.call(error))
    }

    #[getter]
    fn command(&self) -> bool {
        self.0.command
    }

    fn __repr__(&self) -> String {
        let why = match (&self.0.reply, &self.0.reason) {
            (_, Some(reason)) => format!(", reason='{reason}'"),
            (Some(reply), None) => format!(", reply='{reply}'"),
            (None, None) => String::new(),
        };
        format!("<smtpipe.Outcome ticket={} status='{}'{why}>", self.0.ticket.get(), self.0.status.as_str())
    }
}

/// The fate of one recipient of a message.
#[pyclass(frozen, module = "smtpipe")]
pub(crate) struct Recipient(RecipientOutcome);

#[pymethods]
impl Recipient {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("address", "status", "reply")
    }

    #[getter]
    fn address(&self) -> &str {
        self.0.address.as_str()
    }

    #[getter]
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        names::status(py, self.0.status)
    }

    #[getter]
    fn reply(&self) -> Option<Reply> {
        self.0.reply.clone().map(Reply)
    }

    fn __repr__(&self) -> String {
        let why = self.0.reply.as_ref().map(|reply| format!(", reply='{reply}'")).unwrap_or_default();
        format!("<smtpipe.Recipient '{}' status='{}'{why}>", self.0.address, self.0.status.as_str())
    }
}

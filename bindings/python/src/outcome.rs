//! `smtpipe.Outcome` and `smtpipe.Recipient`: what `collect` and `send_all` hand out.
//!
//! An outcome keeps the engine's value as it came; every attribute is made when it is asked for. Most callers look
//! at one or two of them, and a million outcomes should cost a million small objects, not ten.
//!
//! Both are values: they compare by what they say, can be pickled (an outcome is what a worker process hands back), and can be made
//! by hand, as the tests of those who use this need it.

use engine::session::{Outcome as EngineOutcome, RecipientOutcome, Status, Ticket};
use engine::wire::{Extension, ExtensionSet};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::error::misuse;
use crate::message::address;
use crate::names;
use crate::numbers;
use crate::reply::{Reduced, Reply};

/// The fate of one ticket.
#[pyclass(frozen, module = "smtpipe")]
pub(crate) struct Outcome {
    known: EngineOutcome,
    /// What few of them have.
    more: Option<Box<More>>,
}

struct More {
    /// What the source of its content raised.
    error: Option<Py<PyAny>>,
    /// Of an outcome that was made by hand: the engine's reasons can't be made of words.
    reason: Option<Box<str>>,
}

impl Outcome {
    pub(crate) fn new(known: EngineOutcome, error: Option<Py<PyAny>>) -> Self {
        Self { known, more: error.map(|error| Box::new(More { error: Some(error), reason: None })) }
    }

    fn raised(&self) -> Option<&Py<PyAny>> {
        self.more.as_ref()?.error.as_ref()
    }
}

#[pymethods]
impl Outcome {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("ticket", "status", "reply")
    }

    #[new]
    #[pyo3(signature = (ticket, status, reply = None, recipients = None, reason = None, left_out = None, command = false, error = None))]
    #[allow(clippy::too_many_arguments)] // one for each attribute
    fn made(
        py: Python<'_>,
        #[pyo3(from_py_with = numbers::ticket)] ticket: u64,
        status: &str,
        reply: Option<&Bound<'_, Reply>>,
        recipients: Option<Vec<Bound<'_, Recipient>>>,
        reason: Option<&str>,
        left_out: Option<Vec<String>>,
        command: bool,
        error: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let mut extensions = ExtensionSet::EMPTY;
        for word in left_out.into_iter().flatten() {
            let known = Extension::from_keyword(&word);
            extensions
                .insert(known.ok_or_else(|| misuse(py, format!("left_out: unknown extension {word:?}")))?);
        }
        let known = EngineOutcome {
            ticket: Ticket::from_number(ticket),
            status: status_from(py, status)?,
            reply: reply.map(|reply| reply.get().0.clone()),
            recipients: recipients.into_iter().flatten().map(|one| one.get().0.clone()).collect(),
            reason: None,
            left_out: extensions,
            command,
        };
        Ok(Self { known, more: Some(Box::new(More { error, reason: reason.map(Into::into) })) })
    }

    #[getter]
    fn ticket(&self) -> u64 {
        self.known.ticket.get()
    }

    #[getter]
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        names::status(py, self.known.status)
    }

    #[getter]
    fn reply(&self) -> Option<Reply> {
        self.known.reply.clone().map(Reply)
    }

    #[getter]
    fn recipients<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let recipients: Vec<Recipient> = self.known.recipients.iter().cloned().map(Recipient).collect();
        PyTuple::new(py, recipients)
    }

    #[getter]
    fn reason(&self) -> Option<String> {
        let by_hand = || self.more.as_ref()?.reason.as_deref().map(str::to_owned);
        self.known.reason.as_ref().map(ToString::to_string).or_else(by_hand)
    }

    #[getter]
    fn left_out<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.known.left_out.iter().map(Extension::keyword).collect::<Vec<_>>())
    }

    #[getter]
    fn error(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.raised().map(|error| error.clone_ref(py))
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.raised().map_or(Ok(()), |error| visit.call(error))
    }

    #[getter]
    fn command(&self) -> bool {
        self.known.command
    }

    fn __repr__(&self) -> String {
        let why = match (&self.known.reply, self.reason()) {
            (_, Some(reason)) => format!(", reason='{reason}'"),
            (Some(reply), None) => format!(", reply='{reply}'"),
            (None, None) => String::new(),
        };
        let (ticket, status) = (self.known.ticket.get(), self.known.status.as_str());
        format!("<smtpipe.Outcome ticket={ticket} status='{status}'{why}>")
    }

    // Not the exception: no two of those are equal, and a copy of an outcome is.
    fn __eq__(&self, other: &Self) -> bool {
        let (one, two) = (&self.known, &other.known);
        (one.ticket, one.status, &one.reply, &one.recipients, one.left_out, one.command)
            == (two.ticket, two.status, &two.reply, &two.recipients, two.left_out, two.command)
            && self.reason() == other.reason()
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        (self.ticket(), self.known.status.as_str(), self.reply()).into_pyobject(py)?.hash()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        let (py, this) = (slf.py(), slf.get());
        let parts = (
            this.ticket(),
            this.status(py)?,
            this.reply(),
            this.recipients(py)?,
            this.reason(),
            this.left_out(py)?,
            this.command(),
            this.error(py),
        );
        Ok((slf.get_type().into_any(), parts.into_pyobject(py)?))
    }
}

fn status_from(py: Python<'_>, word: &str) -> PyResult<Status> {
    names::status_from(word).ok_or_else(|| misuse(py, format!("status: {word:?} is none")))
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

    #[new]
    #[pyo3(signature = (address, status, reply = None))]
    fn new(address: &Bound<'_, PyAny>, status: &str, reply: Option<&Bound<'_, Reply>>) -> PyResult<Self> {
        let py = address.py();
        let status = status_from(py, status)?;
        if status == Status::Partial {
            return Err(misuse(py, "status: no recipient gets a part"));
        }
        let reply = reply.map(|reply| reply.get().0.clone());
        Ok(Self(RecipientOutcome { address: self::address(address, "address")?, status, reply }))
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

    fn __eq__(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        (self.address(), self.0.status.as_str(), self.reply()).into_pyobject(py)?.hash()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Reduced<'py>> {
        let (py, this) = (slf.py(), slf.get());
        let parts = (this.address(), this.status(py)?, this.reply());
        Ok((slf.get_type().into_any(), parts.into_pyobject(py)?))
    }
}

//! `smtpipe.Message`: an envelope and its content, checked when it is made.

use engine::session::{Message as EngineMessage, Recipient};
use engine::wire::{Address, Content};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple, PyType};

use crate::content::bytes_like;
use crate::error::misuse;
use crate::parameters::{self, Wishes};

/// Ready to be sent, any number of times and by any client.
#[pyclass(frozen, module = "smtpipe")]
pub(crate) struct Message(pub(crate) EngineMessage);

impl Message {
    /// From the three parts, each what Python callers have at hand.
    pub(crate) fn from_parts(
        sender: &Bound<'_, PyAny>,
        recipients: &Bound<'_, PyAny>,
        content: &Bound<'_, PyAny>,
        strict: bool,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<EngineMessage> {
        let py = content.py();
        let wishes = Wishes::of(parameters)?;
        let sender = address(sender, "sender")?;
        let bytes = bytes_like(content)?;
        let content = match (wishes.binary, strict) {
            (true, _) => Content::binary(bytes),
            (false, false) => Content::new(bytes),
            (false, true) => {
                Content::strict(bytes).map_err(|error| misuse(py, format!("content: {error}")))?
            }
        };
        let mut message = EngineMessage::new(sender, content);
        wishes.tell(&mut message);
        push_recipients(&mut message, recipients)?;
        if message.recipients().is_empty() {
            return Err(misuse(py, "recipients: there is none"));
        }
        Ok(message)
    }
}

fn push_recipients(message: &mut EngineMessage, recipients: &Bound<'_, PyAny>) -> PyResult<()> {
    if recipients.is_instance_of::<PyString>() {
        message.push_recipient(recipient(recipients)?);
        return Ok(());
    }
    for one in recipients.try_iter()? {
        message.push_recipient(recipient(&one?)?);
    }
    Ok(())
}

/// An address, or an address with the parameters of its RCPT.
fn recipient(one: &Bound<'_, PyAny>) -> PyResult<Recipient> {
    let py = one.py();
    let (path, parameters) = match one.cast::<PyTuple>() {
        Ok(pair) => {
            let (path, parameters): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
            (path, Some(parameters))
        }
        Err(_) => (one.clone(), None),
    };
    let path = address(&path, "recipient")?;
    if path.is_null() {
        return Err(misuse(py, "recipient: the empty path can't be a recipient"));
    }
    let mut recipient = Recipient::new(path);
    if let Some(parameters) = parameters {
        for param in parameters::of_recipient(&parameters)? {
            recipient = recipient.param(param);
        }
    }
    Ok(recipient)
}

fn address(text: &Bound<'_, PyAny>, part: &str) -> PyResult<Address> {
    let py = text.py();
    let text = text
        .cast::<PyString>()
        .map_err(|_| PyTypeError::new_err(format!("{part}: expected str, not {}", type_name(text))))?;
    let text = text.to_str().map_err(|_| misuse(py, format!("{part}: has characters that are not text")))?;
    Address::new(text).map_err(|error| misuse(py, format!("{part} {text:?}: {error}")))
}

fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string())
}

#[pymethods]
impl Message {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("sender", "recipients", "content")
    }

    #[new]
    #[pyo3(signature = (sender, recipients, content, *, strict = false, **parameters))]
    fn new(
        sender: &Bound<'_, PyAny>,
        recipients: &Bound<'_, PyAny>,
        content: &Bound<'_, PyAny>,
        strict: bool,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        Self::from_parts(sender, recipients, content, strict, parameters).map(Self)
    }

    #[classmethod]
    #[pyo3(signature = (email, *, sender = None, recipients = None, **parameters))]
    fn from_email(
        _class: &Bound<'_, PyType>,
        email: &Bound<'_, PyAny>,
        sender: Option<&Bound<'_, PyAny>>,
        recipients: Option<&Bound<'_, PyAny>>,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        crate::convert::email(email, sender, recipients, parameters).map(Self)
    }

    #[getter]
    fn sender(&self) -> &str {
        self.0.sender().as_str()
    }

    #[getter]
    fn recipients<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.recipients().iter().map(|recipient| recipient.address().as_str()))
    }

    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let content = self.0.content();
        let bytes = content.bytes();
        let end: &[u8] = if content.missing_crlf() { b"\r\n" } else { b"" };
        PyBytes::new_with(py, bytes.len() + end.len(), |out| {
            let (head, tail) = out.split_at_mut(bytes.len());
            head.copy_from_slice(bytes);
            tail.copy_from_slice(end);
            Ok(())
        })
    }

    #[getter]
    fn size(&self) -> u64 {
        self.0.content().size()
    }

    fn __repr__(&self) -> String {
        let recipients: Vec<&str> = self.0.recipients().iter().map(|one| one.address().as_str()).collect();
        format!(
            "<smtpipe.Message from='{}' to='{}' size={}>",
            self.0.sender(),
            recipients.join(","),
            self.0.content().size()
        )
    }
}

//! `smtpipe.Message`: an envelope and its content, checked when it is made.

use std::sync::Arc;

use bytes::Bytes;
use engine::session::{Message as EngineMessage, Recipient, Streamed};
use engine::wire::{Address, Content};
use pyo3::exceptions::{PyMemoryError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyMapping, PyMemoryView, PyString, PyTuple, PyType};

use crate::content::bytes_like;
use crate::error::misuse;
use crate::last::Last;
use crate::numbers;
use crate::parameters::{self, BodyKind, Wishes, named};
use crate::source::Origin;

/// Ready to be sent, any number of times and by any client.
#[pyclass(frozen, module = "smtpipe")]
pub(crate) struct Message(pub(crate) EngineMessage, pub(crate) Option<Arc<Origin>>);

/// What there is to send, and where its content comes from, if that is drawn.
pub(crate) type Sendable = (EngineMessage, Option<Arc<Origin>>);

/// What a caller says of a message beside its three parts.
#[derive(Default)]
pub(crate) struct Said<'a, 'py> {
    pub(crate) strict: bool,
    pub(crate) length: Option<u64>,
    pub(crate) parameters: Option<&'a Bound<'py, PyDict>>,
}

impl Message {
    /// From its parts, each what Python callers have at hand. `last`: what the message before had, if nothing was said of either.
    #[inline(always)] // for `send_all`, of whose messages nothing is said: measured, 2 % of its time
    pub(crate) fn from_parts(
        sender: &Bound<'_, PyAny>,
        recipients: &Bound<'_, PyAny>,
        content: &Bound<'_, PyAny>,
        said: &Said<'_, '_>,
        last: &mut Last,
    ) -> PyResult<Sendable> {
        let py = content.py();
        let wishes = said.parameters.map_or_else(|| Ok(Wishes::default()), Wishes::of)?;
        let body = wishes.body;
        let sender = last.sender.of(sender, |text| address(text, "sender"))?;
        let whole = content.is_exact_instance_of::<PyBytes>() || PyMemoryView::from(content).is_ok();
        if !whole && let Some((origin, measured)) = Origin::of(content)? {
            let stream = streamed(&origin, body, said.strict, said.length.or(measured));
            let message = EngineMessage::streamed(sender, stream);
            return Ok((addressed(message, recipients, wishes)?, Some(Arc::new(origin))));
        }
        if body == BodyKind::SevenBit {
            return Err(misuse(py, "parameter body: \"7BIT\" is for content that is drawn as it goes"));
        }
        let octets = |content: &Bound<'_, PyAny>| {
            let bytes = bytes_like(content)?;
            match said.length {
                Some(length) if length != bytes.len() as u64 => {
                    Err(misuse(py, "length: it isn't that of the content"))
                }
                _ => Ok(bytes),
            }
        };
        let content = match (body == BodyKind::Binary, said.strict) {
            (true, _) => Content::binary(octets(content)?),
            (false, false) => last.content.of(content, |content| text(octets(content)?))?,
            (false, true) => {
                let strict = Content::strict(octets(content)?);
                strict.map_err(|error| misuse(py, format!("content: {error}")))?
            }
        };
        Ok((addressed(EngineMessage::new(sender, content), recipients, wishes)?, None))
    }

    /// As it may be kept: what no server could make right is refused now, and not when it is sent.
    fn checked(py: Python<'_>, (message, origin): Sendable) -> PyResult<Self> {
        message.check().map_err(|error| misuse(py, error.to_string()))?;
        Ok(Self(message, origin))
    }
}

fn text(bytes: Bytes) -> PyResult<Content> {
    Content::try_new(bytes).map_err(|error| PyMemoryError::new_err(error.to_string()))
}

/// What is known beforehand of content that is drawn.
fn streamed(origin: &Origin, body: BodyKind, strict: bool, length: Option<u64>) -> Streamed {
    let stream = match (body, strict) {
        (BodyKind::Binary, _) => Streamed::binary(),
        (BodyKind::SevenBit, true) => Streamed::strict().seven_bit(),
        (BodyKind::SevenBit, false) => Streamed::text().seven_bit(),
        (BodyKind::Text, true) => Streamed::strict(),
        (BodyKind::Text, false) => Streamed::text(),
    };
    origin.declare(length.map_or(stream, |length| stream.length(length)))
}

/// The message with its parameters and recipients.
fn addressed(
    mut message: EngineMessage,
    recipients: &Bound<'_, PyAny>,
    wishes: Wishes,
) -> PyResult<EngineMessage> {
    wishes.tell(&mut message);
    push_recipients(&mut message, recipients)?;
    if message.recipients().is_empty() {
        return Err(misuse(recipients.py(), "recipients: there is none"));
    }
    Ok(message)
}

fn push_recipients(message: &mut EngineMessage, recipients: &Bound<'_, PyAny>) -> PyResult<()> {
    if recipients.is_instance_of::<PyString>() {
        message.push_recipient(recipient(recipients)?);
        return Ok(());
    }
    let plain = recipients.is_exact_instance_of::<PyList>() || recipients.is_exact_instance_of::<PyTuple>();
    if !plain && recipients.cast::<PyMapping>().is_ok() {
        // Its keys alone would go, and what it says of each be lost.
        return Err(PyTypeError::new_err(
            "recipients: a mapping; parameters go with an address as a pair of the two",
        ));
    }
    for one in named("recipients", recipients.try_iter())? {
        message.push_recipient(recipient(&one?)?);
    }
    Ok(())
}

/// An address, or an address with the parameters of its RCPT.
fn recipient(one: &Bound<'_, PyAny>) -> PyResult<Recipient> {
    let py = one.py();
    let (path, parameters) = match one.cast::<PyTuple>() {
        Ok(pair) if pair.len() == 2 => (pair.get_item(0)?, Some(pair.get_item(1)?)),
        Ok(_) => {
            return Err(PyTypeError::new_err(
                "recipient: expected an address, or a pair of one and its parameters",
            ));
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

pub(crate) fn address(text: &Bound<'_, PyAny>, part: &str) -> PyResult<Address> {
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
    #[pyo3(signature = (sender, recipients, content, *, strict = false, length = None, **parameters))]
    fn new(
        sender: &Bound<'_, PyAny>,
        recipients: &Bound<'_, PyAny>,
        content: &Bound<'_, PyAny>,
        strict: bool,
        #[pyo3(from_py_with = numbers::length)] length: Option<u64>,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let said = Said { strict, length, parameters };
        let made = Self::from_parts(sender, recipients, content, &said, &mut Last::default())?;
        Self::checked(content.py(), made)
    }

    #[classmethod]
    #[pyo3(signature = (sender, recipients, *, length = None, rewindable = false, strict = false, **parameters))]
    fn streamed(
        _class: &Bound<'_, PyType>,
        sender: &Bound<'_, PyAny>,
        recipients: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = numbers::length)] length: Option<u64>,
        rewindable: bool,
        strict: bool,
        parameters: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let wishes = parameters.map_or_else(|| Ok(Wishes::default()), Wishes::of)?;
        let body = wishes.body;
        let sender = address(sender, "sender")?;
        let stream = streamed(&Origin::Caller, body, strict, length);
        let stream = if rewindable { stream.rewindable() } else { stream };
        let message = addressed(EngineMessage::streamed(sender, stream), recipients, wishes)?;
        Self::checked(recipients.py(), (message, Some(Arc::new(Origin::Caller))))
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
        let message = crate::convert::email(email, sender, recipients, parameters)?;
        Self::checked(email.py(), (message, None))
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
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(origin) = &self.1 {
            let object = origin.object().map(|object| object.clone_ref(py));
            return object.into_pyobject(py).map_err(Into::into);
        }
        let content = self.0.content();
        let bytes = content.bytes();
        let end: &[u8] = if content.missing_crlf() { b"\r\n" } else { b"" };
        PyBytes::new_with(py, bytes.len() + end.len(), |out| {
            let (head, tail) = out.split_at_mut(bytes.len());
            head.copy_from_slice(bytes);
            tail.copy_from_slice(end);
            Ok(())
        })
        .map(Bound::into_any)
    }

    #[getter]
    fn size(&self) -> Option<u64> {
        self.0.size()
    }

    // It never changes.
    const fn __copy__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[allow(clippy::needless_pass_by_value)] // as Python calls it
    fn __deepcopy__(slf: Py<Self>, _memo: &Bound<'_, PyAny>) -> Py<Self> {
        slf
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        match self.1.as_ref().and_then(|origin| origin.object()) {
            Some(object) => visit.call(object),
            None => Ok(()),
        }
    }

    fn __repr__(&self) -> String {
        let recipients: Vec<&str> = self.0.recipients().iter().map(|one| one.address().as_str()).collect();
        let size = self.0.size().map_or_else(|| "None".to_owned(), |size| size.to_string());
        format!("<smtpipe.Message from='{}' to='{}' size={size}>", self.0.sender(), recipients.join(","))
    }
}

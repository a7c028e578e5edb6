//! Whatever may be sent, as the engine's message: a `Message`, `(sender, recipients, content)`, or an e-mail object.

use engine::session::Message as EngineMessage;
use engine::wire::Param;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

use crate::last::Last;
use crate::message::{Message, Said, Sendable};

static IS_EMAIL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static TO_PARTS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// One message.
pub(crate) fn message(item: &Bound<'_, PyAny>) -> PyResult<Sendable> {
    one_of_many(item, &mut Last::default())
}

/// One of a run of them. The forms in the order of their likely number.
pub(crate) fn one_of_many(item: &Bound<'_, PyAny>, last: &mut Last) -> PyResult<Sendable> {
    if let Ok(ready) = item.cast_exact::<Message>() {
        let Message(message, origin) = ready.get();
        return Ok((message.clone(), origin.clone()));
    }
    if let Ok(parts) = item.cast::<PyTuple>()
        && parts.len() == 3
    {
        let (sender, recipients, content) = (parts.get_item(0)?, parts.get_item(1)?, parts.get_item(2)?);
        return Message::from_parts(&sender, &recipients, &content, &Said::default(), last);
    }
    if IS_EMAIL.import(item.py(), "smtpipe._email", "is_email")?.call1((item,))?.is_truthy()? {
        return Ok((email(item, None, None, None)?, None));
    }
    Err(PyTypeError::new_err(format!(
        "expected a Message, (sender, recipients, content) or an email message, not {}",
        item.get_type().name()?
    )))
}

/// A message of the standard library, with what its header doesn't say.
pub(crate) fn email(
    email: &Bound<'_, PyAny>,
    sender: Option<&Bound<'_, PyAny>>,
    recipients: Option<&Bound<'_, PyAny>>,
    parameters: Option<&Bound<'_, PyDict>>,
) -> PyResult<EngineMessage> {
    let parts =
        TO_PARTS.import(email.py(), "smtpipe._email", "to_parts")?.call1((email, sender, recipients))?;
    let (sender, recipients, content, international): (
        Bound<'_, PyAny>,
        Bound<'_, PyAny>,
        Bound<'_, PyAny>,
        bool,
    ) = parts.extract()?;
    let said = Said { parameters, ..Said::default() };
    let (mut message, _) = Message::from_parts(&sender, &recipients, &content, &said, &mut Last::default())?;
    // The caller may know better.
    let known = parameters.map(|given| given.contains("utf8_headers")).transpose()?.unwrap_or(false);
    let smtputf8 = Param::smtputf8();
    if international && !known && !message.params().iter().any(|param| param.keyword() == smtputf8.keyword())
    {
        message.push_param(smtputf8);
    }
    Ok(message)
}

//! Numbers from Python. One that is out of range is the caller's mistake and named as such, whatever it was meant for: what Python
//! would raise by itself is an `OverflowError` that says neither.

use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;

use crate::error::misuse;

/// The number, or why it can't be this argument.
pub(crate) fn number<'py, T>(value: &Bound<'py, PyAny>, name: &str) -> PyResult<T>
where
    T: for<'a> FromPyObject<'a, 'py, Error = PyErr>,
{
    value.extract().map_err(|error: PyErr| {
        let py = value.py();
        if error.is_instance_of::<PyOverflowError>(py) {
            let shown =
                value.str().map_or_else(|_| "it".to_owned(), |text| text.to_string_lossy().into_owned());
            misuse(py, format!("{name}: {shown} is out of range"))
        } else if error.is_instance_of::<PyTypeError>(py) {
            PyTypeError::new_err(format!("{name}: {}", error.value(py)))
        } else {
            error
        }
    })
}

/// A function for each argument, to be named where it is taken.
macro_rules! arguments {
    ($($name:ident: $kind:ty),+ $(,)?) => {
        $(pub(crate) fn $name(value: &Bound<'_, PyAny>) -> PyResult<$kind> {
            number(value, stringify!($name))
        })+
    };
}

arguments! {
    bandwidth: Option<u64>,
    code: u16,
    length: Option<u64>,
    limit: usize,
    mail_max: Option<u32>,
    messages: u64,
    rcpt_domain_max: Option<u32>,
    rcpt_max: Option<u32>,
    round_trips: u32,
    size: Option<u64>,
}

/// A port that can be listened on; 0 is any free one.
pub(crate) fn port(value: &Bound<'_, PyAny>) -> PyResult<u16> {
    number(value, "port")
}

/// A ticket; 0, which nobody was given, in the place of what can't be one.
pub(crate) fn ticket(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    match value.extract() {
        Err(error) if PyErr::is_instance_of::<PyOverflowError>(&error, value.py()) => Ok(0),
        other => other,
    }
}

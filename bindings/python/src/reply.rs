//! `smtpipe.Reply`: a server's reply, whole.

use engine::wire::Reply as WireReply;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyTuple};

use crate::error::misuse;
use crate::numbers;

static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// What `__reduce__` returns: what makes the copy, and of what.
pub(crate) type Reduced<'py> = (Bound<'py, PyAny>, Bound<'py, PyTuple>);

/// A reply keeps the wire's bytes; text is made when it is asked for.
#[pyclass(frozen, eq, module = "smtpipe")]
#[derive(Clone, PartialEq)]
pub(crate) struct Reply(pub(crate) WireReply);

impl Reply {
    fn texts(&self) -> Vec<String> {
        self.0.lines().map(readable).collect()
    }
}

/// UTF-8 where it is UTF-8, and `\xNN` where it isn't: printing it never fails and loses nothing.
pub(crate) fn readable(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

#[pymethods]
impl Reply {
    #[classattr]
    fn __match_args__() -> (&'static str, &'static str, &'static str) {
        ("code", "enhanced", "lines")
    }

    #[new]
    #[pyo3(signature = (code, enhanced = None, lines = None))]
    fn new(
        py: Python<'_>,
        #[pyo3(from_py_with = numbers::code)] code: u16,
        enhanced: Option<&str>,
        lines: Option<Vec<String>>,
    ) -> PyResult<Self> {
        if !(200..=599).contains(&code) {
            return Err(misuse(py, format!("code: {code} is not between 200 and 599")));
        }
        let mut lines = lines.unwrap_or_default();
        if lines.is_empty() {
            lines.push(String::new());
        }
        if lines.iter().any(|line| line.bytes().any(|b| b < b' ' && b != b'\t')) {
            return Err(misuse(py, "lines: control character"));
        }
        if let Some(enhanced) = enhanced {
            // Lines that were read from another reply bear the code already.
            for line in &mut lines {
                if !line.starts_with(enhanced) {
                    *line = format!("{enhanced} {line}");
                }
            }
        }
        let reply = WireReply::new(code, lines.join("\n").as_bytes());
        match enhanced {
            Some(given) if reply.enhanced().map(|e| e.to_string()).as_deref() != Some(given) => Err(misuse(
                py,
                format!("enhanced: {given:?} is no enhanced status code that goes with {code}"),
            )),
            _ => Ok(Self(reply)),
        }
    }

    #[getter]
    fn code(&self) -> u16 {
        self.0.code()
    }

    #[getter]
    fn enhanced(&self) -> Option<String> {
        self.0.enhanced().map(|enhanced| enhanced.to_string())
    }

    #[getter]
    fn lines<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.texts())
    }

    #[getter]
    fn text(&self) -> String {
        self.texts().join("\n")
    }

    #[getter]
    fn raw<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.text())
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let lines = self.lines(py)?.repr()?.to_string();
        let enhanced = self.enhanced().map_or_else(|| "None".to_owned(), |enhanced| format!("'{enhanced}'"));
        Ok(format!("Reply({}, {enhanced}, {lines})", self.code()))
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        (self.0.code(), PyBytes::new(py, self.0.text())).into_pyobject(py)?.hash()
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py>> {
        let make = MAKE.import(py, "smtpipe._native", "_reply")?;
        Ok((make.clone(), (self.code(), self.raw(py)).into_pyobject(py)?))
    }
}

/// The reply whose octets these are: what a constructor for people, which takes text, can't make.
#[pyfunction]
pub(crate) fn _reply(code: u16, raw: &[u8]) -> Reply {
    Reply(WireReply::new(code, raw))
}

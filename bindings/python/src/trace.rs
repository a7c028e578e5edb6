//! The caller's trace function, called between the engine's steps and never inside one.
//!
//! The engine reports lines while its mutex is held; Python code must not run there. So lines are put by and handed over
//! once the mutex is free, in order. What the function raises can't go to whoever happens to drive the connection; it goes
//! to `sys.unraisablehook`. But for Ctrl-C, which is nobody's mistake.

use std::sync::{Arc, Mutex, PoisonError};

use engine::session::Direction;
use pyo3::exceptions::{PyKeyboardInterrupt, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

type Line = (Direction, Box<[u8]>);

pub(crate) struct Trace {
    function: Py<PyAny>,
    lines: Arc<Mutex<Vec<Line>>>,
}

impl Trace {
    /// `function`, which the argument `trace` gave.
    pub(crate) fn new(function: Bound<'_, PyAny>) -> PyResult<Self> {
        if !function.is_callable() {
            let kind = function.get_type().name()?;
            return Err(PyTypeError::new_err(format!("trace: expected something to call, not {kind}")));
        }
        Ok(Self { function: function.unbind(), lines: Arc::default() })
    }

    /// For the garbage collector.
    pub(crate) const fn function(&self) -> &Py<PyAny> {
        &self.function
    }

    /// What the engine calls.
    pub(crate) fn hook(&self) -> engine::session::Trace {
        let lines = Arc::clone(&self.lines);
        Box::new(move |direction, line| {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push((direction, line.into()));
        })
    }

    /// Hands over what has come in. Call it attached, with no mutex of ours held.
    pub(crate) fn deliver(&self, py: Python<'_>) {
        loop {
            let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
            if lines.is_empty() {
                return;
            }
            for (direction, line) in lines {
                let word = match direction {
                    Direction::Sent => "sent",
                    Direction::Received => "received",
                };
                if let Err(error) = self.function.call1(py, (word, PyBytes::new(py, &line))) {
                    self.raised(py, error);
                }
            }
        }
    }

    /// Ctrl-C may come while the function runs, and is meant for whoever waits: it is pressed once more. The rest is only reported.
    fn raised(&self, py: Python<'_>, error: PyErr) {
        let again = || py.import("_thread")?.call_method0("interrupt_main");
        if !error.is_instance_of::<PyKeyboardInterrupt>(py) || again().is_err() {
            error.write_unraisable(py, Some(self.function.bind(py)));
        }
    }
}

//! What the message before had: a caller who sends one text to ten thousand people, or all of it from one sender, hands in the
//! same object each time. `bytes` and `str` can't change, so what was found out about one holds when it comes again.
//!
//! It must never be asked by anything but the object's identity, and so it keeps the object.

use engine::wire::{Address, Content};
use pyo3::PyTypeInfo;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// The last sender and the last content.
#[derive(Default)]
pub(crate) struct Last {
    pub(crate) sender: Known<PyString, Address>,
    pub(crate) content: Known<PyBytes, Content>,
}

/// One object that can't change, and what was made of it.
pub(crate) struct Known<T, V>(Option<(Py<T>, V)>);

impl<T, V> Default for Known<T, V> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: PyTypeInfo, V: Clone> Known<T, V> {
    /// What is known of this very object, or what `make` makes of it.
    pub(crate) fn of<'py>(
        &mut self,
        object: &Bound<'py, PyAny>,
        make: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<V>,
    ) -> PyResult<V> {
        if let Some((known, value)) = &self.0
            && known.is(object)
        {
            return Ok(value.clone());
        }
        let value = make(object)?;
        // Not a subclass, which may change.
        if let Ok(exact) = object.cast_exact::<T>() {
            self.0 = Some((exact.clone().unbind(), value.clone()));
        }
        Ok(value)
    }
}

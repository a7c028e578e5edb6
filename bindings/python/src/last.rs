//! What the message before had: a caller who sends one text to ten thousand people, or all of it from one sender, hands in the
//! same object each time. `bytes` and `str` can't change, so what was found out about one holds when it comes again.
//!
//! It must never be asked by anything but the object's identity, and so it keeps the object.

use engine::wire::{Address, Content};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// The last sender and the last content, each with the object it came from.
#[derive(Default)]
pub(crate) struct Last {
    sender: Option<(Py<PyString>, Address)>,
    content: Option<(Py<PyBytes>, Content)>,
}

impl Last {
    /// The address of this very object, or what `parse` makes of it.
    pub(crate) fn sender<'py>(
        &mut self,
        text: &Bound<'py, PyAny>,
        parse: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<Address>,
    ) -> PyResult<Address> {
        if let Some((object, address)) = &self.sender
            && object.is(text)
        {
            return Ok(address.clone());
        }
        let address = parse(text)?;
        if let Ok(text) = text.cast_exact::<PyString>() {
            self.sender = Some((text.clone().unbind(), address.clone()));
        }
        Ok(address)
    }

    /// The content of this very object, or what `look` makes of it.
    pub(crate) fn content<'py>(
        &mut self,
        object: &Bound<'py, PyAny>,
        look: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<Content>,
    ) -> PyResult<Content> {
        if let Some((bytes, content)) = &self.content
            && bytes.is(object)
        {
            return Ok(content.clone());
        }
        let content = look(object)?;
        if let Ok(bytes) = object.cast_exact::<PyBytes>() {
            self.content = Some((bytes.clone().unbind(), content.clone()));
        }
        Ok(content)
    }
}

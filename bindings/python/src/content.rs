//! Content out of whatever Python holds bytes in.
//!
//! `bytes`, and read-only views of `bytes`, can't change while they are sent, so they are kept where they are and
//! let go exactly once: when the last message that uses them is done. Everything else (`bytearray`, `mmap`, arrays, writable
//! views) can change under our hands, and content that was examined and content that is sent must be the same: there
//! a changed byte would be a line end nobody looked at. Those are copied once, on the way in.

use bytes::Bytes;
use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyMemoryView, PyString};

/// The bytes of any object with the buffer protocol.
pub(crate) fn bytes_like(object: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    // Not a subclass of bytes: its finalizer could run Python code wherever the engine lets go of it.
    if let Ok(bytes) = object.cast_exact::<PyBytes>() {
        return Ok(owned(bytes));
    }
    if object.is_instance_of::<PyString>() {
        return Err(PyTypeError::new_err("content: expected a bytes-like object, not str"));
    }
    if let Some(shared) = window_of_bytes(object) {
        return Ok(shared);
    }
    let Ok(view) = PyMemoryView::from(object) else {
        return Err(PyTypeError::new_err(format!(
            "content: expected a bytes-like object, not {}",
            object.get_type().name()?
        )));
    };
    let copy = view.call_method0("tobytes")?;
    Ok(owned(copy.cast::<PyBytes>()?))
}

fn owned(bytes: &Bound<'_, PyBytes>) -> Bytes {
    Bytes::from_owner(PyBackedBytes::from(bytes.clone()))
}

/// The part of a `bytes` object that a contiguous view shows, without a copy.
fn window_of_bytes(object: &Bound<'_, PyAny>) -> Option<Bytes> {
    let base = object.cast::<PyMemoryView>().ok()?.getattr("obj").ok()?;
    let whole = base.cast_exact::<PyBytes>().ok()?;
    let view = PyUntypedBuffer::get(object).ok()?;
    if !view.is_c_contiguous() {
        return None;
    }
    let start = (view.buf_ptr() as usize).checked_sub(whole.as_bytes().as_ptr() as usize)?;
    let end = start.checked_add(view.len_bytes())?;
    (end <= whole.as_bytes().len()).then(|| owned(whole).slice(start..end))
}

//! Content that is drawn while it is sent, from a file object or an iterable of bytes-like pieces. Python code runs here,
//! always attached and never under a lock: what it raises ends its own message and is kept for the outcome.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use engine::session::Streamed;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyString};

use crate::content::bytes_like;
use crate::error::misuse;

/// How much is read at once, or gathered of smaller pieces.
const PIECE: usize = 64 * 1024;
/// For how long, so that a slow iterable doesn't hold back what it gave.
const GATHER: Duration = Duration::from_millis(200);

/// What a message knows of its content: it is not drawn from before it is sent.
pub(crate) enum Origin {
    /// An object with `read`, and where it stood, if it can be put back there.
    File { object: Py<PyAny>, start: Option<Py<PyAny>>, used: AtomicBool },
    /// Something that can be iterated over, and whether more than once.
    Pieces { object: Py<PyAny>, once: bool, used: AtomicBool },
    /// A `Session` is given it piece by piece.
    Caller,
}

impl Origin {
    /// What `object` is, if it is not bytes-like; and how long, if that can be found out.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Option<(Self, Option<u64>)>> {
        let py = object.py();
        let used = AtomicBool::new(false);
        if object.hasattr("read")? {
            if object.is_instance(&py.import("io")?.getattr("TextIOBase")?)? {
                return Err(PyTypeError::new_err("content: expected a file of bytes, not of text"));
            }
            let seekable = object.hasattr("seekable")? && object.call_method0("seekable")?.is_truthy()?;
            let mut found = (None, None);
            if seekable {
                let start = object.call_method0("tell")?;
                let end = object.call_method1("seek", (0, 2))?.extract::<u64>().ok();
                object.call_method1("seek", (&start,))?;
                let length = end.zip(start.extract::<u64>().ok()).map(|(end, at)| end.saturating_sub(at));
                found = (Some(start.unbind()), length);
            }
            let object = object.clone().unbind();
            return Ok(Some((Self::File { object, start: found.0, used }, found.1)));
        }
        // A mapping's keys are nobody's content; an e-mail object is one.
        if object.is_instance_of::<PyString>() || object.hasattr("keys")? || !object.hasattr("__iter__")? {
            return Ok(None);
        }
        let once = object.hasattr("__next__")?;
        Ok(Some((Self::Pieces { object: object.clone().unbind(), once, used }, None)))
    }

    /// As `stream`, with what is known of it.
    pub(crate) fn declare(&self, stream: Streamed) -> Streamed {
        match self {
            Self::File { start: Some(_), .. } | Self::Pieces { once: false, .. } => stream.rewindable(),
            Self::File { start: None, .. } | Self::Pieces { once: true, .. } | Self::Caller => stream,
        }
    }

    /// A message with this content is to be sent by a client.
    pub(crate) fn begin(&self, py: Python<'_>) -> PyResult<Drawing> {
        let (object, start, used, once) = match self {
            Self::File { object, start, used } => {
                (object, start.as_ref().map(|start| start.clone_ref(py)), used, start.is_none())
            }
            Self::Pieces { object, once, used } => (object, None, used, *once),
            Self::Caller => {
                return Err(misuse(py, "content: it's for a Session, which is given it in pieces"));
            }
        };
        if once && used.swap(true, Ordering::AcqRel) {
            return Err(misuse(py, "content: it was given with an earlier message, and can't begin again"));
        }
        let file = matches!(self, Self::File { .. });
        Ok(Drawing { object: object.clone_ref(py), file, start, iterator: None, begun: false })
    }

    /// It was not sent after all.
    pub(crate) fn take_back(&self) {
        if let Self::File { used, .. } | Self::Pieces { used, .. } = self {
            used.store(false, Ordering::Release);
        }
    }

    pub(crate) const fn is_for_sessions(&self) -> bool {
        matches!(self, Self::Caller)
    }

    /// What the caller gave.
    pub(crate) const fn object(&self) -> Option<&Py<PyAny>> {
        match self {
            Self::File { object, .. } | Self::Pieces { object, .. } => Some(object),
            Self::Caller => None,
        }
    }
}

/// The content of one ticket, being drawn.
pub(crate) struct Drawing {
    object: Py<PyAny>,
    file: bool,
    start: Option<Py<PyAny>>,
    iterator: Option<Py<PyIterator>>,
    begun: bool,
}

impl Drawing {
    pub(crate) fn traverse(&self, visit: &pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        visit.call(&self.object)?;
        visit.call(&self.start)?;
        visit.call(&self.iterator)
    }

    /// The next piece; `None` is the end.
    pub(crate) fn pull(&mut self, py: Python<'_>, rewind: bool) -> PyResult<Option<Bytes>> {
        let first = !std::mem::replace(&mut self.begun, true);
        if !self.file {
            return self.gather(py, rewind);
        }
        let object = self.object.bind(py);
        if (first || rewind)
            && let Some(start) = &self.start
        {
            object.call_method1("seek", (start,))?;
        }
        let read = object.call_method1("read", (PIECE,))?;
        let piece = bytes_like(&read)?;
        Ok((!piece.is_empty()).then_some(piece))
    }

    /// Iterates until there is a piece worth sending, or no more.
    fn gather(&mut self, py: Python<'_>, rewind: bool) -> PyResult<Option<Bytes>> {
        if rewind {
            self.iterator = None;
        }
        let iterator = match &self.iterator {
            Some(iterator) => iterator.clone_ref(py),
            None => self.iterator.insert(self.object.bind(py).try_iter()?.unbind()).clone_ref(py),
        };
        let mut iterator = iterator.into_bound(py);
        let begun = Instant::now();
        let mut first: Option<Bytes> = None;
        let mut more = BytesMut::new();
        for item in iterator.by_ref() {
            let piece = bytes_like(&item?)?;
            if first.is_none() && more.is_empty() {
                first = (!piece.is_empty()).then_some(piece);
            } else {
                more.extend_from_slice(&first.take().unwrap_or_default());
                more.extend_from_slice(&piece);
            }
            let len = first.as_ref().map_or(more.len(), Bytes::len);
            if len >= PIECE || begun.elapsed() >= GATHER {
                return Ok(Some(first.unwrap_or_else(|| more.freeze())));
            }
        }
        let last = first.unwrap_or_else(|| more.freeze());
        Ok((!last.is_empty()).then_some(last))
    }
}

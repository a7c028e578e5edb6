//! `smtpipe.Peers`: what is remembered of servers, shared by all clients that are given it. The records are plain Python values
//! (`smtpipe.PeerRecord`), made here and read here.

use std::path::PathBuf;
use std::time::Duration;

use engine::client::{PeerKey, Peers as EnginePeers};
use engine::session::{PeerRecord, Verdict};
use engine::wire::{Capabilities, Reply};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyIterator, PyList, PyType};

use crate::content::bytes_like;
use crate::error::{misuse, os_error};
use crate::{client, names};

/// The cache; the engine's own is shared by reference.
#[pyclass(frozen, weakref, module = "smtpipe")]
#[derive(Default)]
pub(crate) struct Peers(pub(crate) EnginePeers);

#[pymethods]
impl Peers {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    #[classmethod]
    fn load(_class: &Bound<'_, PyType>, py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        py.detach(|| EnginePeers::load(&path))
            .map(Self)
            .map_err(|error| os_error(&error, &path.display().to_string()))
    }

    #[classmethod]
    fn from_bytes(_class: &Bound<'_, PyType>, data: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(EnginePeers::from_bytes(&bytes_like(data)?)))
    }

    fn save(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.0.save(&path)).map_err(|error| os_error(&error, &path.display().to_string()))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.0.to_bytes()))
    }

    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let keys: Vec<_> = self.0.keys().iter().map(|one| key(py, one)).collect::<PyResult<_>>()?;
        PyList::new(py, keys)
    }

    fn get<'py>(&self, py: Python<'py>, key: &Bound<'_, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.0.get(&key_from(key)?).map(|found| record(py, &found)).transpose()
    }

    fn put(&self, key: &Bound<'_, PyAny>, record: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.put(key_from(key)?, record_from(record)?);
        Ok(())
    }

    fn remove(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(self.0.remove(&key_from(key)?))
    }

    fn clear(&self) {
        self.0.clear();
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.keys(py)?.try_iter()
    }

    fn __len__(&self) -> usize {
        self.0.len()
    }

    // An empty cache is as good to give to `connect` as a full one: it must not read as "none".
    fn __bool__(&self) -> bool {
        true
    }

    fn __repr__(&self) -> String {
        format!("<smtpipe.Peers of {}>", self.0.len())
    }
}

fn key<'py>(py: Python<'py>, key: &PeerKey) -> PyResult<Bound<'py, PyAny>> {
    names::PEER_KEY.get(py)?.call1((&key.address, &key.name, key.tls))
}

fn key_from(key: &Bound<'_, PyAny>) -> PyResult<PeerKey> {
    Ok(PeerKey {
        address: key.getattr("address")?.extract()?,
        name: key.getattr("name")?.extract()?,
        tls: key.getattr("tls")?.extract()?,
    })
}

/// The engine's record as `smtpipe.PeerRecord`.
pub(crate) fn record<'py>(py: Python<'py>, found: &PeerRecord) -> PyResult<Bound<'py, PyAny>> {
    let offered = found.offered.as_ref().map(|offered| client::capabilities(py, offered)).transpose()?;
    names::PEER_RECORD.get(py)?.call1((
        offered,
        names::verdict(py, found.continuous)?,
        names::verdict(py, found.streaming)?,
        names::verdict(py, found.early)?,
        found.round_trip.map(|time| time.as_secs_f64()),
    ))
}

/// A `smtpipe.PeerRecord` as the engine's.
pub(crate) fn record_from(record: &Bound<'_, PyAny>) -> PyResult<PeerRecord> {
    let py = record.py();
    let verdict = |name: &str| -> PyResult<Verdict> {
        let word: String = record.getattr(name)?.extract()?;
        names::verdict_from(&word).ok_or_else(|| misuse(py, format!("{name}: {word:?} is no verdict")))
    };
    let round_trip: Option<f64> = record.getattr("round_trip")?.extract()?;
    let round_trip = round_trip.map(|time| {
        Duration::try_from_secs_f64(time).map_err(|error| misuse(py, format!("round_trip: {error}")))
    });
    let offered = record.getattr("offered")?;
    Ok(PeerRecord {
        continuous: verdict("continuous")?,
        streaming: verdict("streaming")?,
        early: verdict("early")?,
        offered: if offered.is_none() { None } else { Some(capabilities_from(&offered)?) },
        round_trip: round_trip.transpose()?,
    })
}

/// `smtpipe.Capabilities`, read as the reply to EHLO that it came from.
fn capabilities_from(offered: &Bound<'_, PyAny>) -> PyResult<Capabilities> {
    let mut lines: String = offered.getattr("domain")?.extract()?;
    for pair in offered.call_method0("items")?.try_iter()? {
        let (keyword, params): (String, String) = pair?.extract()?;
        lines.push_str(&format!("\n{keyword} {params}"));
    }
    Ok(Capabilities::from_reply(&Reply::new(250, lines.as_bytes())))
}

//! TLS, as Python says it: what `connect` is told, what is known of a connection, and what a sink speaks.

use std::path::PathBuf;

use engine::sink::SinkTls;
use engine::tls::{ClientCertificate, Identity, Pem, Pin, Roots, Tls, TlsInfo, TlsMode, TlsVersion};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::error::misuse;
use crate::names;
use crate::options::Given;

/// What the arguments of `smtpipe.connect` that concern TLS come to, by their names.
pub(crate) fn policy(py: Python<'_>, arguments: &Bound<'_, PyDict>) -> PyResult<Tls> {
    let mut tls = Tls::new(TlsMode::None);
    let (mut file, mut data, mut pins_alone) = (None::<PathBuf>, None::<Vec<u8>>, false);
    for (keyword, value) in arguments {
        let keyword: PyBackedStr = keyword.extract()?;
        let given = Given { keyword: &keyword, value: &value };
        match &*keyword {
            "tls" => tls.mode = mode(py, &given.get::<PyBackedStr>()?)?,
            "ca_file" => file = given.get()?,
            "ca_data" => data = given.get()?,
            "tls_name" => tls.server_name = given.get()?,
            "client_certificate" => {
                let files: Option<(PathBuf, PathBuf)> = given.get()?;
                tls.client_certificate = files
                    .map(|(chain, key)| ClientCertificate { chain: Pem::File(chain), key: Pem::File(key) });
            }
            "tls_pins" => {
                for (kind, digest) in given.get::<Vec<(String, Vec<u8>)>>()? {
                    tls.pins.push(pin(py, &kind, digest)?);
                }
            }
            "tls_pins_alone" => pins_alone = given.get()?,
            "tls_min_version" => {
                tls.min_version = given.one_of(&[("1.2", TlsVersion::Tls12), ("1.3", TlsVersion::Tls13)])?;
            }
            "tls_clear_after_failure" => tls.clear_after_failed_tls = given.get()?,
            "tls_dangerously_accept_any_certificate" => {
                tls.dangerously_accept_any_certificate = given.get()?
            }
            other => {
                return Err(PyTypeError::new_err(format!("got an unexpected keyword argument '{other}'")));
            }
        }
    }
    tls.roots = match (file, data, pins_alone) {
        (None, None, false) => Roots::Platform,
        (Some(path), None, false) => Roots::Only(Pem::File(path)),
        (None, Some(data), false) => Roots::Only(Pem::Data(data.into())),
        (None, None, true) => Roots::PinsAlone,
        _ => return Err(misuse(py, "ca_file: give one of ca_file, ca_data and tls_pins_alone")),
    };
    Ok(tls)
}

fn pin(py: Python<'_>, kind: &str, digest: Vec<u8>) -> PyResult<Pin> {
    let digest = digest.try_into().map_err(|_| misuse(py, "tls_pins: a SHA-256 has 32 bytes"))?;
    match kind {
        "certificate" => Ok(Pin::Certificate(digest)),
        "public_key" => Ok(Pin::PublicKey(digest)),
        other => {
            Err(misuse(py, format!("tls_pins: {other:?} is neither \"certificate\" nor \"public_key\"")))
        }
    }
}

pub(crate) fn mode(py: Python<'_>, name: &str) -> PyResult<TlsMode> {
    TlsMode::from_name(name).ok_or_else(|| {
        let known = "\"none\", \"opportunistic\", \"required\" or \"implicit\"";
        misuse(py, format!("tls: {name:?} is not {known}"))
    })
}

/// The engine's knowledge as `smtpipe.TlsInfo`.
pub(crate) fn info<'py>(py: Python<'py>, found: &TlsInfo) -> PyResult<Bound<'py, PyAny>> {
    let certificates = found.peer_certificates.iter().map(|der| PyBytes::new(py, der));
    let certificates = PyTuple::new(py, certificates.collect::<Vec<_>>())?;
    let fields = (found.version.as_str(), &found.cipher, certificates, found.resumed, found.round_trips);
    names::TLS_INFO.get(py)?.call1(fields)
}

/// What a sink speaks: `None` or `"none"`, `"starttls"` or `"implicit"`, with a certificate and key as PEM, or one of its own.
pub(crate) fn spoken(
    py: Python<'_>,
    mode: Option<&str>,
    certificate: Option<(Vec<u8>, Vec<u8>)>,
) -> PyResult<Option<SinkTls>> {
    let implicit = match mode {
        None | Some("none") => return Ok(None),
        Some("starttls") => false,
        Some("implicit") => true,
        Some(other) => {
            return Err(misuse(py, format!("tls: {other:?} is not \"none\", \"starttls\" or \"implicit\"")));
        }
    };
    let identity = match certificate {
        Some((chain, key)) => Identity::new(Pem::Data(chain.into()), Pem::Data(key.into())),
        None => Identity::self_signed(["localhost", "127.0.0.1", "::1"])
            .map_err(|error| misuse(py, error.to_string()))?,
    };
    Ok(Some(SinkTls { identity, implicit }))
}

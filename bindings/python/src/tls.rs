//! TLS, as Python says it: what `connect` is told, what is known of a connection, and what a sink speaks.

use std::path::PathBuf;

use engine::sink::SinkTls;
use engine::tls::{ClientCertificate, Identity, Pem, Pin, Roots, Tls, TlsInfo, TlsMode, TlsVersion};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::error::misuse;
use crate::names;

/// The arguments of `smtpipe.connect` that concern TLS.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct TlsArguments {
    mode: String,
    ca_file: Option<PathBuf>,
    ca_data: Option<Vec<u8>>,
    server_name: Option<String>,
    client_certificate: Option<(PathBuf, PathBuf)>,
    pins: Vec<(String, Vec<u8>)>,
    pins_alone: bool,
    min_version: String,
    clear_after_failure: bool,
    dangerously_accept_any_certificate: bool,
}

impl TlsArguments {
    pub(crate) fn policy(self, py: Python<'_>) -> PyResult<Tls> {
        let mut tls = Tls::new(mode(py, &self.mode)?);
        tls.roots = match (self.ca_file, self.ca_data, self.pins_alone) {
            (None, None, false) => Roots::Platform,
            (Some(path), None, false) => Roots::Only(Pem::File(path)),
            (None, Some(data), false) => Roots::Only(Pem::Data(data.into())),
            (None, None, true) => Roots::PinsAlone,
            _ => return Err(misuse(py, "ca_file: give one of ca_file, ca_data and tls_pins_alone")),
        };
        tls.server_name = self.server_name;
        tls.client_certificate = self
            .client_certificate
            .map(|(chain, key)| ClientCertificate { chain: Pem::File(chain), key: Pem::File(key) });
        for (kind, digest) in self.pins {
            let digest = digest.try_into().map_err(|_| misuse(py, "tls_pins: a SHA-256 has 32 bytes"))?;
            tls.pins.push(match kind.as_str() {
                "certificate" => Pin::Certificate(digest),
                "public_key" => Pin::PublicKey(digest),
                other => {
                    let text = format!("tls_pins: {other:?} is neither \"certificate\" nor \"public_key\"");
                    return Err(misuse(py, text));
                }
            });
        }
        tls.min_version = match self.min_version.as_str() {
            "1.2" => TlsVersion::Tls12,
            "1.3" => TlsVersion::Tls13,
            other => {
                let text = format!("tls_min_version: {other:?} is neither \"1.2\" nor \"1.3\"");
                return Err(misuse(py, text));
            }
        };
        tls.clear_after_failed_tls = self.clear_after_failure;
        tls.dangerously_accept_any_certificate = self.dangerously_accept_any_certificate;
        Ok(tls)
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

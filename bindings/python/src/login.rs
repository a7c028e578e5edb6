//! Who logs in, as Python says it; and a caller's own SASL. No text made here has a part of a password or token in it.

use std::collections::BTreeMap;

use engine::sasl::{Credentials, Gssapi, Mechanism};
use engine::session::{Auth, SaslCallError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;

use crate::error::misuse;

/// The arguments of `connect` and `Session` that concern AUTH.
#[derive(Default, PartialEq)]
pub(crate) struct Login {
    pub(crate) username: Option<PyBackedStr>,
    pub(crate) password: Option<PyBackedStr>,
    pub(crate) oauth_token: Option<PyBackedStr>,
    pub(crate) authzid: Option<PyBackedStr>,
    pub(crate) auth_mechanisms: Option<Vec<String>>,
    pub(crate) auth_clear_text: bool,
    /// `service`, `host` and `authzid`, as far as they are said.
    pub(crate) gssapi: Option<BTreeMap<String, String>>,
}

impl Login {
    pub(crate) fn auth(&self, py: Python<'_>) -> PyResult<Auth> {
        if let Some(wanted) = &self.gssapi {
            return self.kerberos(py, wanted).map(Auth::Gssapi);
        }
        let only = self.auth_mechanisms.as_deref().map(|names| mechanisms(py, names)).transpose()?;
        let external = only.as_deref() == Some(&[Mechanism::External]);
        let made = match (self.username.as_deref(), self.password.as_deref(), self.oauth_token.as_deref()) {
            (None, None, None) if external => Ok(Credentials::external()),
            (None, None, None) => return Ok(Auth::None),
            (Some(username), Some(password), None) => Credentials::password(username, password),
            (Some(username), None, Some(token)) => Credentials::token(username, token),
            (None, ..) => return Err(misuse(py, "username: a password or token needs one")),
            (Some(_), None, None) => {
                return Err(misuse(py, "password: a username needs one, or an oauth_token"));
            }
            (Some(_), Some(_), Some(_)) => {
                return Err(misuse(py, "password: give either a password or an oauth_token"));
            }
        };
        let name = if self.oauth_token.is_some() { "oauth_token" } else { "password" };
        let mut credentials = made.map_err(|error| misuse(py, format!("{name}: {error}")))?;
        if let Some(other) = self.authzid.as_deref() {
            credentials =
                credentials.acting_for(other).map_err(|error| misuse(py, format!("authzid: {error}")))?;
        }
        if let Some(only) = only {
            credentials = credentials.only(&only);
        }
        Ok(Auth::Credentials(credentials.even_in_clear_text(self.auth_clear_text)))
    }

    fn kerberos(&self, py: Python<'_>, wanted: &BTreeMap<String, String>) -> PyResult<Gssapi> {
        let unfit = |error| misuse(py, format!("gssapi: {error}"));
        let others = [&self.username, &self.password, &self.oauth_token];
        if others.iter().any(|other| other.is_some()) || self.auth_mechanisms.is_some() {
            return Err(misuse(py, "gssapi: it goes without a username, and is the only mechanism then"));
        }
        let mut made = Gssapi::new();
        for (key, value) in wanted {
            made = match key.as_str() {
                "service" => made.service(value).map_err(unfit)?,
                "host" => made.host(value).map_err(unfit)?,
                "authzid" => made.acting_for(value).map_err(unfit)?,
                other => {
                    let text = format!("gssapi: {other:?} is not \"service\", \"host\" or \"authzid\"");
                    return Err(misuse(py, text));
                }
            };
        }
        if let Some(other) = &self.authzid {
            made = made.acting_for(other).map_err(|error| misuse(py, format!("authzid: {error}")))?;
        }
        if Gssapi::is_built() { Ok(made) } else { Err(misuse(py, "gssapi: built without GSSAPI")) }
    }
}

/// Mechanisms by their names.
pub(crate) fn mechanisms(py: Python<'_>, names: &[String]) -> PyResult<Vec<Mechanism>> {
    let one = |name: &String| {
        name.parse().map_err(|error| misuse(py, format!("auth_mechanisms: {name:?}: {error}")))
    };
    names.iter().map(one).collect()
}

/// Why an answer of the caller's SASL isn't taken.
pub(crate) fn refused(py: Python<'_>, error: SaslCallError) -> PyErr {
    let part = match error {
        SaslCallError::Mechanism => "mechanism",
        SaslCallError::TooLong => "response",
        _ => "auth",
    };
    misuse(py, format!("{part}: {error}"))
}

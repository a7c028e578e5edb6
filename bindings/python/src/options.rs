//! What the caller says about a session, checked and named where it is wrong.

use std::time::Duration;

use engine::session::{Auth, Chunking, Level, Options, RecipientPolicy, Timeouts, Utf8Policy};
use engine::wire::{HostName, LineError, RawLine};
use pyo3::exceptions::{PyOverflowError, PyTypeError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyDict;

use crate::error::misuse;
use crate::login::Login;
use crate::parameters::{self, named};

/// The largest `chunk_size`: as much is held of each streamed content that is on its way.
const CHUNK_MAX: u32 = 1 << 30;

/// The session that the keyword arguments ask for which `connect` and `Session` have in common. What isn't given is as the
/// engine has it by default. `caller`: the caller brings his own SASL.
pub(crate) fn session(
    py: Python<'_>,
    local_name: &str,
    keywords: Option<&Bound<'_, PyDict>>,
    caller: Option<&str>,
) -> PyResult<Options> {
    let local_name = HostName::new(local_name).map_err(|error| misuse(py, format!("local_name: {error}")))?;
    let mut options = Options::new(local_name);
    let mut login = Login::default();
    for (keyword, value) in keywords.into_iter().flatten() {
        let keyword: PyBackedStr = keyword.extract()?;
        let given = Given { keyword: &keyword, value: &value };
        match &*keyword {
            "level" => (options.level, options.max_level) = given.parsed(levels)?,
            "max_in_flight" => options.max_in_flight = given.get()?,
            "max_unanswered" => options.max_unanswered = given.get()?,
            "recipients" => {
                options.recipients =
                    given.one_of(&[("any", RecipientPolicy::Any), ("all", RecipientPolicy::All)])?;
            }
            "timeout" => {
                if let Some(limit) = seconds(py, "timeout", given.get()?)? {
                    if limit.is_zero() {
                        return Err(misuse(py, "timeout: 0 would let nothing happen"));
                    }
                    options.timeouts = Timeouts::all(limit);
                }
            }
            "lmtp" => options.lmtp = given.get()?,
            "chunking" => {
                options.chunking = given.one_of(&[
                    ("auto", Chunking::Auto),
                    ("never", Chunking::Never),
                    ("always", Chunking::Always),
                ])?;
            }
            "chunk_size" => {
                options.chunk_size = given.parsed(|size: u64| {
                    let size = u32::try_from(size).ok().filter(|size| (1..=CHUNK_MAX).contains(size));
                    size.ok_or_else(|| format!("from 1 to {CHUNK_MAX} octets"))
                })?
            }
            "eight_bit_anyway" => options.eight_bit_anyway = given.get()?,
            "early" => options.early = given.get()?,
            "utf8" => {
                options.utf8 = given
                    .one_of(&[("refuse", Utf8Policy::Refuse), ("downgrade", Utf8Policy::DowngradeDomain)])?;
            }
            "xclient" if value.is_none() => options.xclient = None,
            "xclient" => options.xclient = Some(parameters::client(&value, "xclient")?),
            "username" => login.username = given.get()?,
            "password" => login.password = given.get()?,
            "oauth_token" => login.oauth_token = given.get()?,
            "authzid" => login.authzid = given.get()?,
            "auth_mechanisms" if value.is_none() => login.auth_mechanisms = None,
            "auth_mechanisms" => {
                login.auth_mechanisms = Some(named("auth_mechanisms", parameters::words(&value))?);
            }
            "gssapi" => login.gssapi = given.get()?,
            "auth_clear_text" => login.auth_clear_text = given.get()?,
            other => {
                return Err(PyTypeError::new_err(format!("got an unexpected keyword argument '{other}'")));
            }
        }
    }
    options.auth = match caller {
        None => login.auth(py)?,
        Some(_) if login == Login::default() => Auth::Caller,
        Some(by) => return Err(misuse(py, format!("{by}: give either that or credentials"))),
    };
    Ok(options)
}

/// One keyword argument.
pub(crate) struct Given<'a, 'py> {
    pub(crate) keyword: &'a str,
    pub(crate) value: &'a Bound<'py, PyAny>,
}

impl<'a, 'py> Given<'a, 'py> {
    /// As a Rust type; of another Python type than that takes, the argument is named.
    pub(crate) fn get<T: FromPyObject<'a, 'py>>(&self) -> PyResult<T> {
        self.value.extract().map_err(|error: T::Error| {
            let error: PyErr = error.into();
            let py = self.value.py();
            if error.is_instance_of::<PyTypeError>(py) {
                PyTypeError::new_err(format!("argument '{}': {}", self.keyword, error.value(py)))
            } else if error.is_instance_of::<PyOverflowError>(py) {
                misuse(py, format!("{}: {} is out of range", self.keyword, self.value))
            } else {
                error
            }
        })
    }

    /// One of these words.
    pub(crate) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> PyResult<T> {
        self.parsed(|word: PyBackedStr| {
            let found = words.iter().find(|(known, _)| *known == &*word);
            found.map(|(_, value)| *value).ok_or_else(|| {
                let known: Vec<String> = words.iter().map(|(known, _)| format!("{known:?}")).collect();
                format!("{:?} is not {}", &*word, known.join(" or "))
            })
        })
    }

    /// What `parse` makes of it, or why it can't.
    pub(crate) fn parsed<T, V: FromPyObject<'a, 'py>>(
        &self,
        parse: impl FnOnce(V) -> Result<T, String>,
    ) -> PyResult<T> {
        parse(self.get()?).map_err(|why| misuse(self.value.py(), format!("{}: {why}", self.keyword)))
    }
}

/// `"auto"`, a level stated as known, or `"<="` and a level as a ceiling for `"auto"`.
fn levels(text: PyBackedStr) -> Result<(Option<Level>, Option<Level>), String> {
    let text = &*text;
    let parse = |name: &str| name.parse::<Level>().map_err(|error| format!("{text:?}: {error}"));
    match (text, text.strip_prefix("<=")) {
        ("auto", _) => Ok((None, None)),
        (_, Some(ceiling)) => Ok((None, Some(parse(ceiling)?))),
        (known, None) => Ok((Some(parse(known)?), None)),
    }
}

/// A name that can be looked up.
pub(crate) fn host<'a>(py: Python<'_>, text: &'a str) -> PyResult<&'a str> {
    match text {
        "" => Err(misuse(py, "host: empty")),
        text if text.chars().any(char::is_control) => Err(misuse(py, "host: has a control character")),
        text => Ok(text),
    }
}

/// A command line that was made of its argument.
pub(crate) fn line(py: Python<'_>, made: Result<RawLine, LineError>) -> PyResult<RawLine> {
    made.map_err(|error| misuse(py, format!("command line: {error}")))
}

/// A number of seconds, as Python counts time. `None` and infinity are no limit.
pub(crate) fn seconds(py: Python<'_>, name: &str, value: Option<f64>) -> PyResult<Option<Duration>> {
    match value {
        None => Ok(None),
        Some(value) if value.is_nan() || value < 0.0 => {
            Err(misuse(py, format!("{name}: {value} is no number of seconds")))
        }
        // What a Duration can't hold is more than anybody waits for.
        Some(value) => Ok(Duration::try_from_secs_f64(value).ok()),
    }
}

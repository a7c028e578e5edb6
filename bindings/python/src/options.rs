//! What the caller says about a session, checked and named where it is wrong.

use std::time::Duration;

use engine::session::{Chunking, Level, Options, RecipientPolicy, Timeouts};
use engine::wire::HostName;
use pyo3::prelude::*;

use crate::error::misuse;
use crate::login::Login;

/// The arguments that `connect` and `Session` have in common.
pub(crate) struct Arguments<'a> {
    pub(crate) local_name: &'a str,
    pub(crate) level: &'a str,
    pub(crate) max_in_flight: usize,
    pub(crate) max_unanswered: usize,
    pub(crate) recipients: &'a str,
    pub(crate) timeout: Option<f64>,
    pub(crate) lmtp: bool,
    pub(crate) chunking: &'a str,
    pub(crate) eight_bit_anyway: bool,
    pub(crate) early: bool,
    pub(crate) login: Login<'a>,
}

impl Arguments<'_> {
    pub(crate) fn options(&self, py: Python<'_>) -> PyResult<Options> {
        let local_name =
            HostName::new(self.local_name).map_err(|error| misuse(py, format!("local_name: {error}")))?;
        let mut options = Options::new(local_name);
        (options.level, options.max_level) = levels(py, self.level)?;
        options.max_in_flight = self.max_in_flight;
        options.max_unanswered = self.max_unanswered;
        options.recipients = match self.recipients {
            "any" => RecipientPolicy::Any,
            "all" => RecipientPolicy::All,
            other => return Err(misuse(py, format!("recipients: {other:?} is neither \"any\" nor \"all\""))),
        };
        if let Some(limit) = seconds(py, "timeout", self.timeout)? {
            options.timeouts = Timeouts::all(limit);
        }
        options.lmtp = self.lmtp;
        options.chunking = match self.chunking {
            "auto" => Chunking::Auto,
            "never" => Chunking::Never,
            "always" => Chunking::Always,
            other => {
                return Err(misuse(
                    py,
                    format!("chunking: {other:?} is not \"auto\", \"never\" or \"always\""),
                ));
            }
        };
        options.eight_bit_anyway = self.eight_bit_anyway;
        options.early = self.early;
        options.auth = self.login.auth(py)?;
        Ok(options)
    }
}

/// `"auto"`, a level stated as known, or `"<="` and a level as a ceiling for `"auto"`.
fn levels(py: Python<'_>, text: &str) -> PyResult<(Option<Level>, Option<Level>)> {
    let parse =
        |name: &str| name.parse::<Level>().map_err(|error| misuse(py, format!("level: {text:?}: {error}")));
    match (text, text.strip_prefix("<=")) {
        ("auto", _) => Ok((None, None)),
        (_, Some(ceiling)) => Ok((None, Some(parse(ceiling)?))),
        (known, None) => Ok((Some(parse(known)?), None)),
    }
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

//! The classes that are written in Python and the native side builds or hands out.
//!
//! Each is looked up once a process. Members of `Status` and `Level` are kept ready, for every outcome has one.

use engine::session::{Level, Status, Verdict};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

const TYPES: &str = "smtpipe._types";

/// One class of `smtpipe._types`, looked up on first use.
pub(crate) struct TypeName {
    name: &'static str,
    class: PyOnceLock<Py<PyType>>,
}

impl TypeName {
    const fn new(name: &'static str) -> Self {
        Self { name, class: PyOnceLock::new() }
    }

    pub(crate) fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyType>> {
        self.class.import(py, TYPES, self.name)
    }
}

pub(crate) static CAPABILITIES: TypeName = TypeName::new("Capabilities");
pub(crate) static STATS: TypeName = TypeName::new("Stats");
pub(crate) static SINK_STATS: TypeName = TypeName::new("SinkStats");
pub(crate) static AUTH_CHALLENGE: TypeName = TypeName::new("AuthChallenge");
pub(crate) static AUTH_WANTED: TypeName = TypeName::new("AuthWanted");
pub(crate) static START_TLS: TypeName = TypeName::new("StartTls");
pub(crate) static TLS_INFO: TypeName = TypeName::new("TlsInfo");
pub(crate) static READY: TypeName = TypeName::new("Ready");
pub(crate) static UPGRADE: TypeName = TypeName::new("Upgrade");
pub(crate) static DOWNGRADE: TypeName = TypeName::new("Downgrade");
pub(crate) static RECONNECT: TypeName = TypeName::new("Reconnect");
pub(crate) static WANT_CONTENT: TypeName = TypeName::new("WantContent");
pub(crate) static CLOSED: TypeName = TypeName::new("Closed");
pub(crate) static PEER_KEY: TypeName = TypeName::new("PeerKey");
pub(crate) static PEER_RECORD: TypeName = TypeName::new("PeerRecord");

/// An enumeration's members in the order of the Rust one.
struct Members<const N: usize> {
    name: TypeName,
    members: PyOnceLock<[Py<PyAny>; N]>,
}

impl<const N: usize> Members<N> {
    const fn new(name: &'static str) -> Self {
        Self { name: TypeName::new(name), members: PyOnceLock::new() }
    }

    fn get<'py>(&self, py: Python<'py>, values: [&str; N], index: usize) -> PyResult<Bound<'py, PyAny>> {
        let members = self.members.get_or_try_init(py, || {
            let class = self.name.get(py)?;
            let found: Vec<Py<PyAny>> = values
                .iter()
                .map(|value| class.call1((*value,)).map(Bound::unbind))
                .collect::<PyResult<_>>()?;
            // The count can't differ: the vector was made from an array of N.
            found.try_into().map_err(|_| pyo3::exceptions::PySystemError::new_err("members went missing"))
        })?;
        let member = members
            .get(index)
            .ok_or_else(|| pyo3::exceptions::PySystemError::new_err("an enumeration has grown unnoticed"))?;
        Ok(member.bind(py).clone())
    }
}

static STATUS: Members<5> = Members::new("Status");
static LEVEL: Members<4> = Members::new("Level");
static VERDICT: Members<3> = Members::new("Verdict");

const STATUSES: [Status; 5] =
    [Status::Delivered, Status::Partial, Status::Refused, Status::NotSent, Status::InDoubt];
const LEVELS: [Level; 4] = [Level::Lockstep, Level::Group, Level::Continuous, Level::Streaming];

const VERDICTS: [(Verdict, &str); 3] =
    [(Verdict::Unknown, "unknown"), (Verdict::Earned, "earned"), (Verdict::Failed, "failed")];

/// The member of `smtpipe.Verdict`.
pub(crate) fn verdict(py: Python<'_>, verdict: Verdict) -> PyResult<Bound<'_, PyAny>> {
    let index = VERDICTS.iter().position(|(one, _)| *one == verdict).unwrap_or(usize::MAX);
    VERDICT.get(py, VERDICTS.map(|(_, word)| word), index)
}

/// What a member of `smtpipe.Verdict`, or its word, stands for.
pub(crate) fn verdict_from(word: &str) -> Option<Verdict> {
    VERDICTS.iter().find(|(_, one)| *one == word).map(|(verdict, _)| *verdict)
}

/// What a member of `smtpipe.Status`, or its word, stands for.
pub(crate) fn status_from(word: &str) -> Option<Status> {
    STATUSES.into_iter().find(|status| status.as_str() == word)
}

/// The member of `smtpipe.Status`.
pub(crate) fn status(py: Python<'_>, status: Status) -> PyResult<Bound<'_, PyAny>> {
    let index = STATUSES.iter().position(|one| *one == status).unwrap_or(usize::MAX);
    STATUS.get(py, STATUSES.map(Status::as_str), index)
}

/// The member of `smtpipe.Level`.
pub(crate) fn level(py: Python<'_>, level: Level) -> PyResult<Bound<'_, PyAny>> {
    let index = LEVELS.iter().position(|one| *one == level).unwrap_or(usize::MAX);
    LEVEL.get(py, LEVELS.map(Level::as_str), index)
}

//! `smtpipe.Session`: the engine without a socket, for drivers written in Python.
//!
//! The same operations as the Rust type, with two things made simpler for Python. Time is a `float` of seconds, as
//! `time.monotonic()` and `loop.time()` give it. And `output` counts what it returns as written: a Python driver hands bytes to
//! a transport that takes all of them, so there is nothing to say afterwards.

use std::io::IoSlice;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use engine::client::fresh_nonce;
use engine::session::{
    Event, ReconnectReason, Secure, Session as EngineSession, Ticket, TlsError, TlsFailure,
};
use engine::tls::Tls;
use engine::wire::RawLine;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::content::bytes_like;
use crate::error::{misuse, session_error, submit_error};
use crate::login::refused;
use crate::options::line;
use crate::outcome::Outcome;
use crate::reply::Reply;
use crate::trace::Trace;
use crate::{client, convert, names, numbers, options, peers, streams, tls};

/// The most that is handed out at once, however much is asked for: what counts as written has to have its memory.
const MOST: usize = 4 * 1024 * 1024;
/// How many slices are asked for at once.
const SLICES: usize = 64;

/// One connection's worth of protocol.
#[pyclass(frozen, weakref, module = "smtpipe")]
pub(crate) struct Session {
    engine: Mutex<EngineSession>,
    trace: Option<Trace>,
}

impl Session {
    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, EngineSession> {
        self.engine.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }

    /// One operation under the lock, then the trace lines that it made.
    fn with<T>(&self, py: Python<'_>, operation: impl FnOnce(&mut EngineSession) -> T) -> T {
        let result = operation(&mut self.lock(py));
        if let Some(trace) = &self.trace {
            trace.deliver(py);
        }
        result
    }
}

/// Seconds since whenever the caller's clock began. It must not be negative or beyond all bounds.
fn time(py: Python<'_>, now: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(now).map_err(|error| misuse(py, format!("now: {error}")))
}

#[pymethods]
impl Session {
    /// `arguments` are those that `connect` has, too, checked in one place for both. What tools are shown of them is a text,
    /// which the tests compare with the stub file.
    #[new]
    #[pyo3(
        signature = (local_name, *, trace = None, peer = None, auth_caller = false, tls = "none", **arguments),
        text_signature = "(local_name, *, level='auto', max_in_flight=100, max_unanswered=0, recipients='any', timeout=None, \
            trace=None, lmtp=False, chunking='auto', chunk_size=65536, eight_bit_anyway=False, early=True, peer=None, \
            username=None, password=None, oauth_token=None, authzid=None, auth_mechanisms=None, auth_clear_text=False, \
            auth_caller=False, utf8='refuse', xclient=None, tls='none')"
    )]
    fn new(
        py: Python<'_>,
        local_name: &str,
        trace: Option<Bound<'_, PyAny>>,
        peer: Option<&Bound<'_, PyAny>>,
        auth_caller: bool,
        tls: &str,
        arguments: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let mut options = options::session(py, local_name, arguments, auth_caller.then_some("auth_caller"))?;
        options.starttls = Tls::new(tls::mode(py, tls)?).starttls();
        options.peer = peer.map(peers::record_from).transpose()?;
        let mut engine = EngineSession::new(options);
        let trace = trace.map(Trace::new).transpose()?;
        engine.set_trace(trace.as_ref().map(Trace::hook));
        Ok(Self { engine: Mutex::new(engine), trace })
    }

    fn submit(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<u64> {
        let (message, origin) = convert::message(message)?;
        streams::for_session(py, origin.as_ref())?;
        self.with(py, |engine| engine.submit(message).map_err(|error| (error, engine.error().cloned())))
            .map(Ticket::get)
            .map_err(|(error, session)| submit_error(py, &error, session.as_ref()))
    }

    fn vrfy(&self, py: Python<'_>, who: &str) -> PyResult<u64> {
        self.command(py, line(py, RawLine::vrfy(who))?.as_str())
    }

    fn expn(&self, py: Python<'_>, name: &str) -> PyResult<u64> {
        self.command(py, line(py, RawLine::expn(name))?.as_str())
    }

    fn etrn(&self, py: Python<'_>, node: &str) -> PyResult<u64> {
        self.command(py, line(py, RawLine::etrn(node))?.as_str())
    }

    fn command(&self, py: Python<'_>, line: &str) -> PyResult<u64> {
        self.with(py, |engine| engine.command(line).map_err(|error| (error, engine.error().cloned())))
            .map(Ticket::get)
            .map_err(|(error, session)| submit_error(py, &error, session.as_ref()))
    }

    fn cancel(&self, py: Python<'_>, #[pyo3(from_py_with = numbers::ticket)] ticket: u64) -> bool {
        self.with(py, |engine| engine.cancel(Ticket::from_number(ticket)))
    }

    #[pyo3(signature = (mechanism, initial = None, *, complete = false))]
    fn auth_begin(
        &self,
        py: Python<'_>,
        mechanism: &str,
        initial: Option<&Bound<'_, PyAny>>,
        complete: bool,
    ) -> PyResult<()> {
        let initial = initial.map(bytes_like).transpose()?;
        self.with(py, |engine| engine.auth_begin(mechanism, initial.as_deref(), complete))
            .map_err(|error| refused(py, error))
    }

    #[pyo3(signature = (response, *, complete = false))]
    fn auth_respond(&self, py: Python<'_>, response: &Bound<'_, PyAny>, complete: bool) -> PyResult<()> {
        let response = bytes_like(response)?;
        self.with(py, |engine| engine.auth_respond(&response, complete)).map_err(|error| refused(py, error))
    }

    fn auth_cancel(&self, py: Python<'_>) -> PyResult<()> {
        self.with(py, EngineSession::auth_cancel).map_err(|error| refused(py, error))
    }

    fn quit(&self, py: Python<'_>) {
        self.with(py, EngineSession::quit);
    }

    fn start(&self, py: Python<'_>, now: f64) -> PyResult<()> {
        let now = time(py, now)?;
        let nonce = fresh_nonce();
        self.with(py, |engine| {
            if let Some(nonce) = nonce {
                engine.set_nonce(nonce);
            }
            engine.start(now);
        });
        Ok(())
    }

    fn feed(&self, py: Python<'_>, now: f64, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let now = time(py, now)?;
        let data = bytes_like(data)?;
        self.with(py, |engine| engine.feed(now, &data));
        Ok(())
    }

    fn end_of_input(&self, py: Python<'_>, now: f64) -> PyResult<()> {
        let now = time(py, now)?;
        self.with(py, |engine| engine.end_of_input(now));
        Ok(())
    }

    fn connection_lost(&self, py: Python<'_>, now: f64, why: &str) -> PyResult<()> {
        let now = time(py, now)?;
        self.with(py, |engine| engine.connection_lost(now, why));
        Ok(())
    }

    #[pyo3(signature = (now, exporter = None, *, round_trips = 0))]
    fn tls_established(
        &self,
        py: Python<'_>,
        now: f64,
        exporter: Option<Vec<u8>>,
        #[pyo3(from_py_with = numbers::round_trips)] round_trips: u32,
    ) -> PyResult<()> {
        let now = time(py, now)?;
        let secure = Secure { exporter: exporter.unwrap_or_default(), round_trips, unverified: false };
        self.with(py, |engine| engine.tls_established(now, secure));
        Ok(())
    }

    fn tls_failed(&self, py: Python<'_>, now: f64, failure: &str, why: &str) -> PyResult<()> {
        let now = time(py, now)?;
        let known = TlsFailure::ALL.into_iter().find(|known| known.as_str() == failure);
        let known = known.ok_or_else(|| misuse(py, format!("failure: {failure:?} is none")))?;
        self.with(py, |engine| engine.tls_failed(now, TlsError::new(known, why)));
        Ok(())
    }

    fn truncated(&self, py: Python<'_>, now: f64) -> PyResult<()> {
        let now = time(py, now)?;
        self.with(py, |engine| engine.truncated(now));
        Ok(())
    }

    fn handle_timeout(&self, py: Python<'_>, now: f64) -> PyResult<()> {
        let now = time(py, now)?;
        self.with(py, |engine| engine.handle_timeout(now));
        Ok(())
    }

    fn content(
        &self,
        py: Python<'_>,
        now: f64,
        #[pyo3(from_py_with = numbers::ticket)] ticket: u64,
        data: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let (now, data) = (time(py, now)?, bytes_like(data)?);
        Ok(self.with(py, |engine| engine.content(now, Ticket::from_number(ticket), data)))
    }

    fn content_end(
        &self,
        py: Python<'_>,
        now: f64,
        #[pyo3(from_py_with = numbers::ticket)] ticket: u64,
    ) -> PyResult<bool> {
        let now = time(py, now)?;
        Ok(self.with(py, |engine| engine.content_end(now, Ticket::from_number(ticket))))
    }

    fn content_failed(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = numbers::ticket)] ticket: u64,
        why: &str,
    ) -> bool {
        self.with(py, |engine| engine.content_failed(Ticket::from_number(ticket), why))
    }

    #[pyo3(signature = (now, limit = 262_144))]
    fn output<'py>(
        &self,
        py: Python<'py>,
        now: f64,
        #[pyo3(from_py_with = numbers::limit)] limit: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let now = time(py, now)?;
        let taken = self.with(py, |engine| take_output(engine, now, limit.min(MOST)));
        Ok(PyBytes::new(py, &taken))
    }

    #[getter]
    fn wants_output(&self, py: Python<'_>) -> bool {
        self.with(py, EngineSession::wants_output)
    }

    fn next_event<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let event = self.lock(py).next_event();
        event.map(|event| self.event(py, event)).transpose()
    }

    #[getter]
    fn deadline(&self, py: Python<'_>) -> Option<f64> {
        self.lock(py).deadline().map(|deadline| deadline.as_secs_f64())
    }

    #[getter]
    fn half_close(&self, py: Python<'_>) -> bool {
        self.lock(py).half_close()
    }

    #[getter]
    fn level<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let level = self.lock(py).level();
        names::level(py, level)
    }

    #[getter]
    fn capabilities<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = self.lock(py).capabilities().cloned();
        found.map(|found| client::capabilities(py, &found)).transpose()
    }

    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let found = self.lock(py).stats().clone();
        client::stats(py, &found)
    }

    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let found = self.lock(py).error().cloned();
        found.map(|error| session_error(py, &error).into_value(py).into_bound(py).into_any())
    }

    #[getter]
    fn peer_record<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let found = self.lock(py).peer_record().clone();
        peers::record(py, &found)
    }

    #[getter]
    fn unfinished(&self, py: Python<'_>) -> usize {
        self.lock(py).unfinished()
    }

    #[getter]
    fn has_room(&self, py: Python<'_>) -> bool {
        self.lock(py).has_room()
    }

    #[getter]
    fn closed(&self, py: Python<'_>) -> bool {
        self.lock(py).is_closed()
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        self.trace.as_ref().map_or(Ok(()), |trace| visit.call(trace.function()))
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let engine = self.lock(py);
        let state = if engine.is_closed() { "closed" } else { engine.level().as_str() };
        format!("<smtpipe.Session {state} unfinished={}>", engine.unfinished())
    }
}

impl Session {
    fn event<'py>(&self, py: Python<'py>, event: Event) -> PyResult<Bound<'py, PyAny>> {
        match event {
            Event::WantContent { ticket, rewind } => {
                names::WANT_CONTENT.get(py)?.call1((ticket.get(), rewind))
            }
            Event::Outcome(outcome) => Ok(Outcome::new(outcome, None).into_pyobject(py)?.into_any()),
            Event::AuthChallenge(challenge) => {
                names::AUTH_CHALLENGE.get(py)?.call1((PyBytes::new(py, challenge.as_bytes()),))
            }
            Event::AuthWanted { mechanisms, refused } => {
                let mechanisms = PyTuple::new(py, mechanisms.split_ascii_whitespace().collect::<Vec<_>>())?;
                let reply = refused.map(|reply| Reply(reply).into_pyobject(py)).transpose()?;
                names::AUTH_WANTED.get(py)?.call1((mechanisms, reply))
            }
            Event::StartTls => names::START_TLS.get(py)?.call0(),
            Event::Ready => names::READY.get(py)?.call1((self.capabilities(py)?,)),
            Event::Upgrade { to } => names::UPGRADE.get(py)?.call1((names::level(py, to)?,)),
            Event::Downgrade { from, to, why } => {
                let (from, to) = (names::level(py, from)?, names::level(py, to)?);
                names::DOWNGRADE.get(py)?.call1((from, to, why.as_str()))
            }
            Event::Reconnect { why } => names::RECONNECT.get(py)?.call1((reconnect_word(why),)),
            Event::Closed => names::CLOSED.get(py)?.call1((self.error(py),)),
            other => Err(pyo3::exceptions::PySystemError::new_err(format!("unknown event {other:?}"))),
        }
    }
}

const fn reconnect_word(why: ReconnectReason) -> &'static str {
    match why {
        ReconnectReason::Abandoned => "a transaction that must not be completed is open on this one",
        ReconnectReason::MailMax => "as many messages as the server takes on one connection",
        ReconnectReason::TlsFailed => "TLS failed on this one",
        ReconnectReason::Trial => "a trial left this one out of step",
        _ => "this one is of no more use",
    }
}

/// Copies what is to be written, up to `limit` bytes, and counts it as written.
fn take_output(engine: &mut EngineSession, now: Duration, limit: usize) -> Vec<u8> {
    let mut taken = Vec::new();
    loop {
        let before = taken.len();
        let mut slices = [IoSlice::new(&[]); SLICES];
        let count = engine.output(&mut slices);
        for slice in slices.iter().take(count) {
            let room = limit.saturating_sub(taken.len());
            taken.extend_from_slice(slice.get(..room).unwrap_or(slice));
        }
        let written = taken.len() - before;
        engine.sent(now, written);
        if written == 0 || taken.len() >= limit {
            return taken;
        }
    }
}

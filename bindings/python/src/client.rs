//! `smtpipe.Client`, and the `connect` under `smtpipe.connect`.

use std::ffi::CString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use engine::client::{Client as EngineClient, Config};
use engine::session::{Outcome as EngineOutcome, SessionError, Stats, Ticket, Wait};
use engine::wire::{Capabilities, RawLine};
use pyo3::exceptions::PyResourceWarning;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use std::os::fd::{AsRawFd, RawFd};

use crate::drive::{Core, Shared};
use crate::error::{closed, connect_error, misuse, session_error, submit_error};
use crate::options::{line, seconds};
use crate::outcome::Outcome;
use crate::peers::Peers;
use crate::sasl::Sasl;
use crate::send_all::SendAll;
use crate::tls;
use crate::trace::Trace;
use crate::{convert, names, numbers, options};

/// Connects and waits for EHLO, and AUTH if it is to be. The wait can be interrupted; only the resolver can't. `arguments`: those
/// of the session.
#[pyfunction]
#[pyo3(signature = (host, port, *, unix_path, local_name, peers, trace, auth, tls, **arguments))]
#[allow(clippy::too_many_arguments)] // what smtpipe.connect sorts its arguments into
pub(crate) fn connect(
    py: Python<'_>,
    host: Option<&Bound<'_, PyString>>,
    #[pyo3(from_py_with = numbers::port)] port: u16,
    unix_path: Option<PathBuf>,
    local_name: &str,
    peers: Option<&Bound<'_, Peers>>,
    trace: Option<Bound<'_, PyAny>>,
    auth: Option<Bound<'_, PyAny>>,
    tls: &Bound<'_, PyDict>,
    arguments: Option<&Bound<'_, PyDict>>,
) -> PyResult<Client> {
    let auth = auth.map(Sasl::new).transpose()?;
    let caller = auth.is_some().then_some("auth");
    let options = options::session(py, local_name, arguments, caller)?;
    let mut config = match (host, unix_path) {
        (Some(host), None) => Config::new(
            options::host(
                py,
                host.to_str().map_err(|_| misuse(py, "host: has characters that are not text"))?,
            )?,
            connectable(py, port)?,
        ),
        (None, Some(path)) => Config::unix(self::path(py, path)?),
        _ => return Err(misuse(py, "host: give either a host or unix_path")),
    };
    config.session = options;
    config.tls = tls::policy(py, tls)?;
    config.peers = peers.map(|peers| peers.get().0.clone());
    let trace = trace.map(Trace::new).transpose()?;
    let mut client = py.detach(|| EngineClient::open(config)).map_err(|error| connect_error(py, error))?;
    client.set_trace(trace.as_ref().map(Trace::hook));
    let client = Client { shared: Arc::new(Shared::new(client, auth)?), trace };
    let ready = client.shared.until(py, None, |core| {
        let client = &core.client;
        (client.is_open() || client.is_closed()).then(|| client.error().cloned())
    });
    client.deliver_trace(py);
    // Interrupted: nobody else could close it.
    let ready = ready.inspect_err(|_| client.abort(py))?.flatten();
    if let Some(error) = client.shared.lock(py).client.take_connect_error() {
        return Err(connect_error(py, error));
    }
    match ready {
        None if client.is_closed(py) => Err(session_error(py, &SessionError::Closed { waiting_for: None })),
        None => Ok(client),
        Some(error) => Err(session_error(py, &error)),
    }
}

fn connectable(py: Python<'_>, port: u16) -> PyResult<u16> {
    if port == 0 { Err(misuse(py, "port: 0 can't be connected to")) } else { Ok(port) }
}

fn path(py: Python<'_>, path: PathBuf) -> PyResult<PathBuf> {
    match path.as_os_str().as_encoded_bytes() {
        [] => Err(misuse(py, "unix_path: empty")),
        octets if octets.contains(&0) => Err(misuse(py, "unix_path: has a NUL")),
        _ => Ok(path),
    }
}

/// A connection to a server. Any number of threads may use it.
#[pyclass(frozen, weakref, module = "smtpipe")]
pub(crate) struct Client {
    pub(crate) shared: Arc<Shared>,
    trace: Option<Trace>,
}

impl Client {
    pub(crate) fn deliver_trace(&self, py: Python<'_>) {
        if let Some(trace) = &self.trace {
            trace.deliver(py);
        }
    }

    /// Drives until `done` has something to say, then lets the trace function have its lines, whatever came of it.
    pub(crate) fn until<T: Send>(
        &self,
        py: Python<'_>,
        timeout: Option<Duration>,
        done: impl FnMut(&mut Core) -> Option<T> + Send,
    ) -> PyResult<Option<T>> {
        let result = self.shared.until(py, timeout, done);
        self.deliver_trace(py);
        result
    }

    pub(crate) fn is_closed(&self, py: Python<'_>) -> bool {
        self.shared.lock(py).client.is_closed()
    }

    /// An outcome that was waited for. If a signal came meanwhile its handler runs now, when what it raises can still leave the outcome
    /// to be collected: behind our return it would be lost.
    pub(crate) fn hand_over(&self, py: Python<'_>, outcome: EngineOutcome) -> PyResult<Outcome> {
        if let Err(error) = py.check_signals() {
            self.shared.lock(py).returned.push_front(outcome);
            return Err(error);
        }
        Ok(self.shared.outcome(py, outcome))
    }

    /// Why nothing more can be queued.
    pub(crate) fn ended(&self, py: Python<'_>) -> PyErr {
        let error = self.shared.lock(py).client.error().cloned();
        error.map_or_else(|| closed(py), |error| session_error(py, &error))
    }

    /// Ends the connection now. What is open is settled by what is known.
    fn abort(&self, py: Python<'_>) {
        if self.shared.is_elsewhere() {
            return;
        }
        py.detach(|| {
            let mut core = self.shared.lock_detached();
            core.client.abort();
            self.shared.nudge(&core);
        });
        self.deliver_trace(py);
    }
}

impl Drop for Client {
    /// What a socket says that nobody closed: mail may be on its way, and nobody will know what became of it.
    fn drop(&mut self) {
        if self.shared.is_elsewhere() {
            return;
        }
        let core = self.shared.lock_detached();
        let (closed, outstanding) = (core.client.is_closed(), core.client.outstanding());
        // What the warning calls may come back to us.
        drop(core);
        if closed {
            return;
        }
        Python::try_attach(|py| {
            // Whatever is being raised just now stays what it was.
            let raised = PyErr::take(py);
            let text = format!("unclosed <smtpipe.Client outstanding={outstanding}>");
            let text = CString::new(text).unwrap_or_default();
            if let Err(error) = PyErr::warn(py, &py.get_type::<PyResourceWarning>(), &text, 1) {
                error.write_unraisable(py, None);
            }
            if let Some(raised) = raised {
                raised.restore(py);
            }
        });
    }
}

#[pymethods]
impl Client {
    /// Queues a message; see the stub file for this and the others.
    fn send(&self, py: Python<'_>, message: &Bound<'_, PyAny>) -> PyResult<u64> {
        let sent = self.shared.queue(py, convert::message(message)?, EngineClient::send);
        self.deliver_trace(py);
        sent.map(Ticket::get)
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
        self.shared.at_home(py)?;
        let sent = py.detach(|| {
            let mut core = self.shared.lock_detached();
            let sent = core.client.command(line);
            self.shared.nudge(&core);
            sent.map_err(|error| (error, core.client.error().cloned()))
        });
        self.deliver_trace(py);
        sent.map(Ticket::get).map_err(|(error, session)| submit_error(py, &error, session.as_ref()))
    }

    fn send_all(slf: Bound<'_, Self>, messages: &Bound<'_, PyAny>) -> PyResult<SendAll> {
        Ok(SendAll::new(slf.unbind(), messages.try_iter()?.unbind()))
    }

    #[pyo3(signature = (timeout = None))]
    fn collect(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<Outcome>> {
        let timeout = seconds(py, "timeout", timeout)?;
        // What is known already needs no system call.
        if let Some(outcome) = self.shared.lock(py).pop() {
            return Ok(Some(self.shared.outcome(py, outcome)));
        }
        let outcome = self.until(py, timeout, |core| match core.pop() {
            Some(outcome) => Some(Some(outcome)),
            None => core.is_idle().then_some(None),
        })?;
        outcome.flatten().map(|outcome| self.hand_over(py, outcome)).transpose()
    }

    #[pyo3(signature = (timeout = None))]
    fn flush(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let timeout = seconds(py, "timeout", timeout)?;
        let known = self.until(py, timeout, |core| core.client.flush(Some(Duration::ZERO)).then_some(()))?;
        Ok(known.is_some())
    }

    fn cancel(&self, py: Python<'_>, #[pyo3(from_py_with = numbers::ticket)] ticket: u64) -> PyResult<bool> {
        self.shared.at_home(py)?;
        let mut core = self.shared.lock(py);
        let cancelled = core.client.cancel(Ticket::from_number(ticket));
        self.shared.nudge(&core);
        Ok(cancelled)
    }

    #[pyo3(signature = (timeout = None))]
    fn quit(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        self.shared.at_home(py)?;
        let timeout = seconds(py, "timeout", timeout)?;
        py.detach(|| {
            let mut core = self.shared.lock_detached();
            core.client.quit(Some(Duration::ZERO));
            self.shared.nudge(&core);
        });
        let gone = self.until(py, timeout, |core| core.client.is_closed().then_some(()))?;
        Ok(gone.is_some())
    }

    fn close(&self, py: Python<'_>) {
        self.abort(py);
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*exception))]
    fn __exit__(&self, py: Python<'_>, exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        if exception.get_item(0).is_ok_and(|kind| !kind.is_none()) {
            self.abort(py);
            return Ok(());
        }
        self.quit(py, None).map(|_| ())
    }

    fn fileno(&self, py: Python<'_>) -> PyResult<RawFd> {
        let core = self.shared.lock(py);
        let fd = core.client.as_fd().map(|fd| fd.as_raw_fd());
        drop(core);
        fd.ok_or_else(|| self.ended(py))
    }

    fn drive(&self, py: Python<'_>) -> PyResult<()> {
        self.shared.at_home(py)?;
        self.shared.drive(py, |_| ());
        let fed = self.shared.feed(py);
        self.deliver_trace(py);
        fed
    }

    fn interest(&self, py: Python<'_>) -> (bool, bool) {
        let interest = self.shared.lock(py).client.interest();
        (interest.read, interest.write)
    }

    fn next_timeout(&self, py: Python<'_>) -> Option<f64> {
        let core = self.shared.lock(py);
        // Content that is wanted is for `drive` to draw, and so is what a caller's SASL is asked.
        let wanted =
            (core.client.wanted_content().is_some() || core.client.auth_event().is_some()).then_some(0.0);
        wanted.or_else(|| core.client.timeout().map(|timeout| timeout.as_secs_f64()))
    }

    #[getter]
    fn level<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let level = self.shared.lock(py).client.level();
        names::level(py, level)
    }

    #[getter]
    fn capabilities<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let found = self.shared.lock(py).client.capabilities().cloned();
        capabilities(py, &found.unwrap_or_default())
    }

    #[getter]
    fn tls<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let found = self.shared.lock(py).client.tls().cloned();
        found.map(|found| tls::info(py, &found)).transpose()
    }

    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let found = self.shared.lock(py).client.stats().clone();
        stats(py, &found)
    }

    #[getter]
    fn error<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let found = self.shared.lock(py).client.error().cloned();
        found.map(|error| session_error(py, &error).into_value(py).into_bound(py).into_any())
    }

    #[getter]
    fn outstanding(&self, py: Python<'_>) -> usize {
        let core = self.shared.lock(py);
        core.client.outstanding().saturating_add(core.returned.len())
    }

    #[getter]
    fn closed(&self, py: Python<'_>) -> bool {
        self.is_closed(py)
    }

    fn __traverse__(&self, visit: pyo3::PyVisit<'_>) -> Result<(), pyo3::PyTraverseError> {
        if let Some(trace) = &self.trace {
            visit.call(trace.function())?;
        }
        self.shared.streams.traverse(&visit)?;
        match &self.shared.sasl {
            Some(sasl) => visit.call(sasl.object()),
            None => Ok(()),
        }
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let core = self.shared.lock(py);
        let client = &core.client;
        let state = if client.is_closed() { "closed" } else { client.level().as_str() };
        format!("<smtpipe.Client {state} outstanding={}>", client.outstanding())
    }
}

/// The engine's capabilities as `smtpipe.Capabilities`.
pub(crate) fn capabilities<'py>(py: Python<'py>, found: &Capabilities) -> PyResult<Bound<'py, PyAny>> {
    let keywords: Vec<(&str, &str)> = found.iter().collect();
    names::CAPABILITIES.get(py)?.call1((found.domain(), keywords))
}

/// The engine's figures as `smtpipe.Stats`.
pub(crate) fn stats<'py>(py: Python<'py>, found: &Stats) -> PyResult<Bound<'py, PyAny>> {
    let waits = PyDict::new(py);
    for (wait, count) in Wait::ALL.iter().zip(found.waits) {
        waits.set_item(wait.as_str(), count)?;
    }
    let fields = PyDict::new(py);
    fields.set_item("round_trips", found.round_trips)?;
    fields.set_item("commands", found.commands)?;
    fields.set_item("replies", found.replies)?;
    fields.set_item("negative_replies", found.negative_replies)?;
    fields.set_item("messages", found.messages)?;
    fields.set_item("delivered", found.delivered)?;
    fields.set_item("raw_commands", found.raw_commands)?;
    fields.set_item("bytes_sent", found.bytes_sent)?;
    fields.set_item("bytes_received", found.bytes_received)?;
    fields.set_item("max_in_flight", found.max_in_flight)?;
    fields.set_item("downgrades", found.downgrades)?;
    fields.set_item("connections", found.connections)?;
    fields.set_item("encrypted", found.encrypted)?;
    fields.set_item("in_clear", found.in_clear)?;
    fields.set_item("waits", waits)?;
    names::STATS.get(py)?.call((), Some(&fields))
}

//! `smtpipe.Sink`: a mail server to test against, and what it received.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use engine::sink::{
    Keep, Received as EngineReceived, Rule, RuleAction, RuleStage, Sink as EngineSink, SinkOptions, SinkStats,
};
use engine::tls::Pem;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};

use crate::error::{misuse, os_error};
use crate::login::mechanisms;
use crate::names;
use crate::numbers::{self, number};
use crate::options::{self, seconds};
use crate::parameters::{named, words};
use crate::reply::Reply;
use crate::tls::spoken;

/// The longest that a signal may go unnoticed.
const SLICE: Duration = Duration::from_millis(100);

/// A server on a thread of its own, from construction to `stop()`.
#[pyclass(frozen, weakref, module = "smtpipe")]
pub(crate) struct Sink {
    state: Mutex<State>,
    port: u16,
    certificate: Option<Vec<u8>>,
    /// The process that has the thread.
    owner: u32,
}

/// A sink tells what it has seen when it is stopped, too.
enum State {
    Running(EngineSink),
    Stopped(Vec<EngineReceived>, SinkStats),
}

impl State {
    fn messages(&self) -> Vec<EngineReceived> {
        match self {
            Self::Running(sink) => sink.messages(),
            Self::Stopped(messages, _) => messages.clone(),
        }
    }

    fn take_messages(&mut self) -> Vec<EngineReceived> {
        match self {
            Self::Running(sink) => sink.take_messages(),
            Self::Stopped(messages, _) => std::mem::take(messages),
        }
    }

    fn stats(&self) -> SinkStats {
        match self {
            Self::Running(sink) => sink.stats(),
            Self::Stopped(_, stats) => *stats,
        }
    }

    /// Whether so many messages were seen; waits for them as long as more may come.
    fn wait(&self, limit: Duration, messages: u64) -> Waited {
        let seen = match self {
            Self::Running(sink) => sink.wait(limit, |stats| stats.messages >= messages),
            Self::Stopped(_, stats) if stats.messages < messages => return Waited::InVain,
            Self::Stopped(..) => true,
        };
        if seen { Waited::Seen } else { Waited::NotYet }
    }
}

enum Waited {
    Seen,
    NotYet,
    InVain,
}

impl Sink {
    /// Something of the sink, worked out while detached: its thread may hold the lock for a while.
    fn with<T: Send>(&self, py: Python<'_>, look: impl FnOnce(&mut State) -> T + Send) -> PyResult<T> {
        if self.owner != std::process::id() {
            return Err(misuse(py, "sink: it runs in another process, which forked this one"));
        }
        Ok(py.detach(|| look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))))
    }
}

#[pymethods]
impl Sink {
    #[new]
    #[pyo3(signature = (
        port = 0, *, host = "127.0.0.1", unix_path = None, lmtp = false, rtt = 0.0, bandwidth = None, keep = None, imitate = None,
        pipelining = None, chunking = None, binary_mime = None, eight_bit_mime = None, smtputf8 = None, dsn = None, enhanced = None,
        size = None,
        rcpt_max = None, mail_max = None, rcpt_domain_max = None, extensions = None, rules = None, users = None,
        auth_mechanisms = None, require_auth = false, auth_needs_tls = false, tls = None, certificate = None
    ))]
    #[allow(clippy::too_many_arguments)] // one for each documented argument
    fn new(
        py: Python<'_>,
        #[pyo3(from_py_with = numbers::port)] port: u16,
        host: &str,
        unix_path: Option<PathBuf>,
        lmtp: bool,
        rtt: f64,
        #[pyo3(from_py_with = numbers::bandwidth)] bandwidth: Option<u64>,
        keep: Option<&Bound<'_, PyAny>>,
        imitate: Option<&str>,
        pipelining: Option<bool>,
        chunking: Option<bool>,
        binary_mime: Option<bool>,
        eight_bit_mime: Option<bool>,
        smtputf8: Option<bool>,
        dsn: Option<bool>,
        enhanced: Option<bool>,
        #[pyo3(from_py_with = numbers::size)] size: Option<u64>,
        #[pyo3(from_py_with = numbers::rcpt_max)] rcpt_max: Option<u32>,
        #[pyo3(from_py_with = numbers::mail_max)] mail_max: Option<u32>,
        #[pyo3(from_py_with = numbers::rcpt_domain_max)] rcpt_domain_max: Option<u32>,
        extensions: Option<Vec<String>>,
        rules: Option<&Bound<'_, PyAny>>,
        users: Option<BTreeMap<String, String>>,
        auth_mechanisms: Option<Bound<'_, PyAny>>,
        require_auth: bool,
        auth_needs_tls: bool,
        tls: Option<&str>,
        certificate: Option<(Vec<u8>, Vec<u8>)>,
    ) -> PyResult<Self> {
        let mut options = match imitate {
            None => SinkOptions::default(),
            Some(name) => SinkOptions::imitate(name)
                .ok_or_else(|| misuse(py, format!("imitate: no server called {name:?} is known")))?,
        };
        options::host(py, host)?.clone_into(&mut options.host);
        options.port = port;
        options.unix_path = unix_path;
        options.lmtp |= lmtp;
        options.rtt = seconds(py, "rtt", Some(rtt))?.unwrap_or_default();
        options.bandwidth = bandwidth;
        options.keep = kept(py, keep)?;
        options.users = users.into_iter().flatten().collect();
        let wanted = auth_mechanisms.as_ref().map(words).transpose()?;
        options.auth_mechanisms = mechanisms(py, &wanted.unwrap_or_default())?;
        options.require_auth = require_auth;
        options.auth_needs_tls = auth_needs_tls;
        options.tls = spoken(py, tls, certificate)?;
        let certificate = options.tls.as_ref().and_then(|tls| match &tls.identity.chain {
            Pem::Data(pem) => Some(pem.to_vec()),
            Pem::File(_) => None,
        });
        let offers = [
            (&mut options.pipelining, pipelining),
            (&mut options.chunking, chunking),
            (&mut options.binary_mime, binary_mime),
            (&mut options.eight_bit_mime, eight_bit_mime),
            (&mut options.smtputf8, smtputf8),
            (&mut options.dsn, dsn),
            (&mut options.enhanced, enhanced),
        ];
        for (offer, said) in offers {
            *offer = said.unwrap_or(*offer);
        }
        options.size = size.or(options.size);
        options.limits.rcpt_max = rcpt_max.or(options.limits.rcpt_max);
        options.limits.mail_max = mail_max.or(options.limits.mail_max);
        options.limits.rcpt_domain_max = rcpt_domain_max.or(options.limits.rcpt_domain_max);
        for line in extensions.into_iter().flatten() {
            if line.is_empty() || !line.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ') {
                return Err(misuse(py, format!("extensions: {line:?} is not printable ASCII")));
            }
            options.extensions.push(line);
        }
        for rule_given in rules
            .into_iter()
            .map(|rules| rules.try_iter())
            .collect::<PyResult<Vec<_>>>()?
            .into_iter()
            .flatten()
        {
            options.rules.push(named("rules", rule(&rule_given?))?);
        }
        let place = options
            .unix_path
            .as_ref()
            .map_or_else(|| format!("{}:{}", options.host, options.port), |path| path.display().to_string());
        let sink = py.detach(|| EngineSink::start(options)).map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => misuse(py, error.to_string()),
            ErrorKind::InvalidData => misuse(py, format!("certificate: {error}")),
            _ => os_error(&error, &place),
        })?;
        Ok(Self {
            port: sink.port(),
            certificate,
            state: Mutex::new(State::Running(sink)),
            owner: std::process::id(),
        })
    }

    #[getter]
    const fn port(&self) -> u16 {
        self.port
    }

    #[getter]
    fn certificate<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        self.certificate.as_ref().map(|pem| PyBytes::new(py, pem))
    }

    #[getter]
    fn messages(&self, py: Python<'_>) -> PyResult<Vec<Received>> {
        Ok(self.with(py, |sink| sink.messages())?.into_iter().map(Received).collect())
    }

    fn take_messages(&self, py: Python<'_>) -> PyResult<Vec<Received>> {
        Ok(self.with(py, State::take_messages)?.into_iter().map(Received).collect())
    }

    #[getter]
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let found = self.with(py, |sink| sink.stats())?;
        let fields = PyDict::new(py);
        fields.set_item("connections", found.connections)?;
        fields.set_item("messages", found.messages)?;
        fields.set_item("recipients", found.recipients)?;
        fields.set_item("handshakes", found.handshakes)?;
        fields.set_item("resumed", found.resumed)?;
        fields.set_item("commands", found.commands)?;
        fields.set_item("refused", found.refused)?;
        fields.set_item("bytes_in", found.bytes_in)?;
        fields.set_item("bytes_out", found.bytes_out)?;
        names::SINK_STATS.get(py)?.call((), Some(&fields))
    }

    #[pyo3(signature = (messages, timeout = None))]
    fn wait(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = numbers::messages)] messages: u64,
        timeout: Option<f64>,
    ) -> PyResult<bool> {
        let timeout = seconds(py, "timeout", timeout)?;
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let left = end.map_or(SLICE, |end| end.saturating_duration_since(Instant::now()).min(SLICE));
            match self.with(py, |sink| sink.wait(left, messages))? {
                Waited::Seen => return Ok(true),
                Waited::InVain => return Ok(false),
                Waited::NotYet if left < SLICE => return Ok(false),
                Waited::NotYet => {}
            }
            py.check_signals()?;
        }
    }

    fn stop(&self, py: Python<'_>) {
        // In a process that was forked off there is nothing to stop.
        let _ = self.with(py, |state| {
            let stopped = State::Stopped(Vec::new(), state.stats());
            let (messages, stats) = match std::mem::replace(state, stopped) {
                State::Running(sink) => sink.stop(),
                State::Stopped(messages, stats) => (messages, stats),
            };
            *state = State::Stopped(messages, stats);
        });
    }

    const fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) {
        self.stop(py);
    }

    fn __repr__(&self) -> String {
        format!("<smtpipe.Sink port={}>", self.port)
    }
}

/// `True` or `"all"`, `False` or `"count"`, `"discard"`.
fn kept(py: Python<'_>, keep: Option<&Bound<'_, PyAny>>) -> PyResult<Keep> {
    let Some(keep) = keep else { return Ok(Keep::All) };
    if let Ok(flag) = keep.extract::<bool>() {
        return Ok(if flag { Keep::All } else { Keep::Count });
    }
    match keep.extract::<&str>() {
        Ok("all") => Ok(Keep::All),
        Ok("count") => Ok(Keep::Count),
        Ok("discard") => Ok(Keep::Discard),
        _ => Err(misuse(py, "keep: neither a bool nor one of \"all\", \"count\", \"discard\"")),
    }
}

/// A `smtpipe.Rule`.
fn rule(given: &Bound<'_, PyAny>) -> PyResult<Rule> {
    let py = given.py();
    let at = match given.getattr("at")?.extract::<&str>()? {
        "connect" => RuleStage::Connect,
        "mail" => RuleStage::Mail,
        "rcpt" => RuleStage::Rcpt,
        "data" => RuleStage::Data,
        "content" => RuleStage::Content,
        "hello" => RuleStage::Hello,
        "auth" => RuleStage::Auth,
        "rset" => RuleStage::Rset,
        "quit" => RuleStage::Quit,
        "starttls" => RuleStage::StartTls,
        other => return Err(misuse(py, format!("rule: at: {other:?} is no stage"))),
    };
    let reply: Option<Bound<'_, Reply>> = given.getattr("reply")?.extract()?;
    let reply = reply.map(|reply| reply.get().0.clone());
    let then = given.getattr("then")?;
    let action = match (reply, then.extract::<&str>()?) {
        (Some(reply), "go on") => RuleAction::Reply(reply),
        (Some(reply), "drop") => RuleAction::ReplyThenDrop(reply),
        (None, "drop") => RuleAction::Drop,
        (None, "stall") => RuleAction::Stall,
        _ => return Err(misuse(py, "rule: give a reply, then=\"drop\" (or both), or then=\"stall\"")),
    };
    Ok(Rule {
        at,
        pattern: given.getattr("pattern")?.extract()?,
        action,
        after: number(&given.getattr("after")?, "rule: after")?,
        count: number(&given.getattr("count")?, "rule: count")?,
    })
}

/// One message as a sink received it.
#[pyclass(frozen, module = "smtpipe")]
pub(crate) struct Received(EngineReceived);

#[pymethods]
impl Received {
    #[getter]
    const fn connection(&self) -> u64 {
        self.0.connection
    }

    #[getter]
    fn user(&self) -> Option<&str> {
        Some(&*self.0.user).filter(|user| !user.is_empty())
    }

    #[getter]
    fn sender(&self) -> &str {
        &self.0.sender
    }

    #[getter]
    fn recipients<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.recipients.iter())
    }

    #[getter]
    fn content<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let content = &self.0.content;
        PyBytes::new_with(py, content.len(), |out| {
            out.copy_from_slice(content);
            Ok(())
        })
    }

    #[getter]
    fn mail_params(&self) -> &str {
        &self.0.mail_params
    }

    #[getter]
    fn rcpt_params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.0.rcpt_params.iter())
    }

    #[getter]
    fn xforward(&self) -> &str {
        &self.0.xforward
    }

    #[getter]
    fn xclient(&self) -> &str {
        &self.0.xclient
    }

    #[getter]
    const fn via_bdat(&self) -> bool {
        self.0.via_bdat
    }

    fn __repr__(&self) -> String {
        format!(
            "<smtpipe.Received from='{}' to='{}' size={}>",
            self.0.sender,
            self.0.recipients.join(","),
            self.0.content.len()
        )
    }
}

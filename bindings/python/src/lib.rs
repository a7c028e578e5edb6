//! The Python module `smtpipe._native`: the engine and its drivers as Python sees them.
//!
//! This crate translates and waits; it decides nothing about SMTP. Three rules hold throughout:
//! every class is frozen and keeps what changes behind a `Mutex`, so free-threaded builds need nothing more;
//! no Python code runs while such a mutex is held; and whatever may block does so detached from the interpreter.
#![forbid(unsafe_code)]
#![allow(missing_docs)] // the classes are documented in `_native.pyi`, where their users look

mod client;
mod content;
mod convert;
mod drive;
mod error;
mod last;
mod login;
mod message;
mod names;
mod numbers;
mod options;
mod outcome;
mod parameters;
mod peers;
mod reply;
mod sasl;
mod send_all;
mod session;
mod sink;
mod source;
mod streams;
mod tls;
mod trace;

/// Everything `import smtpipe._native` gives.
#[pyo3::pymodule]
mod _native {
    use engine::sasl::Gssapi;
    use pyo3::prelude::*;
    use pyo3::types::PyFrozenSet;

    #[pymodule_export]
    use crate::client::{Client, connect};
    #[pymodule_export]
    use crate::message::Message;
    #[pymodule_export]
    use crate::outcome::{Outcome, Recipient};
    #[pymodule_export]
    use crate::peers::Peers;
    #[pymodule_export]
    use crate::reply::Reply;
    #[pymodule_export]
    use crate::send_all::SendAll;
    #[pymodule_export]
    use crate::session::Session;
    #[pymodule_export]
    use crate::sink::{Received, Sink};

    #[pymodule_export]
    #[allow(non_upper_case_globals)]
    const __version__: &str = env!("CARGO_PKG_VERSION");

    /// What not every build has, by Cargo's names.
    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let built: &[&str] = if Gssapi::is_built() { &["gssapi"] } else { &[] };
        // For pickles, and nobody's to call: so it isn't among the names that the module is for.
        module.setattr("_reply", wrap_pyfunction!(crate::reply::_reply, module)?)?;
        module.add("FEATURES", PyFrozenSet::new(module.py(), built)?)
    }
}

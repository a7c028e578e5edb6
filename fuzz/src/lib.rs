//! What is fuzzed: one module for each target, each with a `run` that takes any bytes and panics where a promise is broken.
//!
//! The same functions are called by libFuzzer (`fuzz_targets/`) and, for the corpus and the seeds, by an ordinary test
//! (`tests/corpus.rs`). Nothing here may depend on anything but the bytes: no clock, no socket, no randomness, or a crash
//! could not be had again.

pub mod capi;
pub mod content;
pub mod ehlo;
pub mod injection;
pub mod peers;
pub mod reply;
pub mod seeds;
pub mod server_session;
pub mod session_hostile;
pub mod session_model;

mod choices;
#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/hostile/memory.rs"]
mod memory;

/// A target's name, and what it does with an input.
pub type Target = (&'static str, fn(&[u8]));

/// Every target, by the name of its file.
pub const TARGETS: [Target; 9] = [
    ("capi", capi::run),
    ("content", content::run),
    ("ehlo", ehlo::run),
    ("injection", injection::run),
    ("peers", peers::run),
    ("reply", reply::run),
    ("server_session", server_session::run),
    ("session_hostile", session_hostile::run),
    ("session_model", session_model::run),
];

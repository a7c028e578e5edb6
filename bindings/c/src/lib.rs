//! The C ABI of smtpipe: `include/smtpipe.h` is made from these files, function by function, comments included.
//!
//! Nothing of the protocol is here. C goes through the public Rust API like anybody else; what this crate adds is
//! handles, statuses and views. `SAFETY.md` says what must hold for that to be sound, and who keeps it.

mod borrowed;
mod capabilities;
mod client;
mod client_loop;
mod config;
mod constants;
mod error;
mod event;
mod handle;
mod message;
mod outcome;
mod reply;
mod request;
mod server;
mod server_options;
mod session;
mod session_io;
mod stats;
mod status;
mod trace;
mod version;
mod views;

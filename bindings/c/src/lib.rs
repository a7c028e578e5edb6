//! The C ABI of smtpipe: `include/smtpipe.h` is made from these files, function by function, comments included.
//!
//! Nothing of the protocol is here. C goes through the public Rust API like anybody else; what this crate adds is
//! handles, statuses and views. `SAFETY.md` says what must hold for that to be sound, and who keeps it.

#[macro_use]
pub mod constants;

pub mod auth;
pub mod borrowed;
pub mod capabilities;
pub mod client;
pub mod client_loop;
pub mod client_state;
pub mod config;
pub mod config_auth;
pub mod config_extensions;
pub mod config_limits;
pub mod config_tls;
pub mod error;
pub mod event;
mod handle;
pub mod message;
pub mod message_options;
pub mod message_origin;
pub mod message_source;
pub mod outcome;
pub mod peers;
pub mod peers_use;
pub mod query;
pub mod received;
pub mod reply;
pub mod request;
pub mod server;
pub mod server_options;
pub mod session;
pub mod session_content;
pub mod session_io;
pub mod session_tls;
pub mod sink;
pub mod sink_auth;
pub mod sink_offer;
pub mod sink_options;
pub mod sink_rules;
pub mod sink_tls;
pub mod stats;
pub mod status;
pub mod tls_info;
pub mod trace;
pub mod version;
mod views;

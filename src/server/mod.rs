//! The server half of command pipelining, sans-I/O: RFC 2920 §3.2 with CHUNKING, LMTP and what goes with them.
//!
//! [`ServerSession`] turns bytes into one question at a time, and answers into bytes. It keeps the rules by
//! which a pipelining client lives: commands are answered in order, replies are gathered and yet never held
//! back when the client waits for them, no input is ever lost, content goes to nobody unless a recipient was
//! accepted, and a refused chunk is swallowed to its last octet. It knows no clock, socket or thread.
//!
//! ```
//! use smtpipe::server::{Request, ServerOptions, ServerSession};
//!
//! let mut session = ServerSession::new(ServerOptions::default());
//! session.feed(b"EHLO client.example\r\nNOOP\r\n");
//! let mut asked = 0;
//! while let Some(request) = session.next_request() {
//!     asked += 1;
//!     match request {
//!         Request::Noop => session.reply(250, "still here")?,
//!         _ => session.accept()?,
//!     }
//! }
//! assert_eq!(asked, 3); // the greeting counts
//! assert!(session.output().ends_with(b"250 2.0.0 still here\r\n"));
//! # Ok::<(), smtpipe::server::AnswerError>(())
//! ```

mod answer;
mod auth;
mod content;
mod engine;
mod judge;
mod lines;
mod options;
mod output;
mod params;
mod parse;
mod path;
mod refusal;
mod request;
mod session;
mod transaction;

#[cfg(test)]
mod tests;

pub use engine::ServerStats;
pub use options::{Quirks, RefusedChunk, ServerLimits, ServerOptions};
pub use params::Params;
pub use path::Path;
pub use request::{Hello, Request};
pub use session::{AnswerError, ServerSession};

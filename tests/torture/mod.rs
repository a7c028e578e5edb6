//! Cut everywhere: a session of a hundred messages, a link that breaks behind any byte, and the truth of what the server
//! had accepted by then.
//!
//! `plan` is what is sent, `fate` what has to become of it, `sources` gives the contents that are drawn as they go; `worlds` are
//! the levels and servers; `server` is the far end, which keeps the ledger; `link` joins both and breaks; `positions` says where;
//! `truth` compares what was reported with what was accepted. `relay` breaks real connections.
#![allow(dead_code, reason = "each test crate uses a part of this module")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

pub(crate) mod fate;
pub(crate) mod link;
pub(crate) mod plan;
pub(crate) mod positions;
pub(crate) mod random;
pub(crate) mod relay;
pub(crate) mod server;
pub(crate) mod sources;
pub(crate) mod truth;
pub(crate) mod worlds;

//! What the integration tests share: the fixture format, a referee that knows the truth, and the ways to run a session.
//!
//! Every test crate compiles this module and uses its own part of it.
#![allow(dead_code, reason = "each test crate uses a part of this module")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that can't go on has failed")]

pub(crate) mod build;
pub(crate) mod escape;
pub(crate) mod fixture;
pub(crate) mod parse;
pub(crate) mod referee;
pub(crate) mod replay;
pub(crate) mod replies;
pub(crate) mod run;

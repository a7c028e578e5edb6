//! Mail at the speed of the wire instead of the speed of the round trip.
#![forbid(unsafe_code)]

pub mod client;
mod random;
pub mod sasl;
pub mod server;
pub mod session;
pub mod sink;
pub mod tls;
pub mod wire;

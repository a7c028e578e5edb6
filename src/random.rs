//! Random octets from the system, for those floors that know a system: the client, which needs a nonce for each connection, and
//! the sink, which plays the other side.

use crate::sasl::Nonce;

/// Octets that nobody could guess; `None` if the system has none to give.
pub(crate) fn octets<const N: usize>() -> Option<[u8; N]> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).ok()?;
    Some(octets)
}

/// A fresh nonce.
pub(crate) fn nonce() -> Option<Nonce> {
    octets().map(|octets| Nonce::from_random(&octets))
}

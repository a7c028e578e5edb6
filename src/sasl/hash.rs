//! The cryptography that the mechanisms are made of, from its crates, with the two hashes of SCRAM behind one face. Nothing
//! here knows a mechanism. What is derived from a password is overwritten when dropped.

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::Secret;

/// SCRAM's hash functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    /// `H(data)` of RFC 5802 §2.2.
    pub(crate) fn digest(self, data: &[u8]) -> Secret {
        Secret::new(match self {
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
        })
    }

    /// `HMAC(key, data)`.
    pub(crate) fn hmac(self, key: &[u8], data: &[u8]) -> Secret {
        // A key of any length will do, so there is no error to be had; an empty result would pass for no proof at all.
        Secret::new(match self {
            Self::Sha1 => Hmac::<Sha1>::new_from_slice(key)
                .map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec())
                .unwrap_or_default(),
            Self::Sha256 => Hmac::<Sha256>::new_from_slice(key)
                .map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec())
                .unwrap_or_default(),
        })
    }

    /// Whether `tag` is `HMAC(key, data)`; how long that takes doesn't depend on where it isn't.
    pub(crate) fn verify(self, key: &[u8], data: &[u8], tag: &[u8]) -> bool {
        match self {
            Self::Sha1 => Hmac::<Sha1>::new_from_slice(key)
                .is_ok_and(|mac| mac.chain_update(data).verify_slice(tag).is_ok()),
            Self::Sha256 => Hmac::<Sha256>::new_from_slice(key)
                .is_ok_and(|mac| mac.chain_update(data).verify_slice(tag).is_ok()),
        }
    }

    /// `Hi(password, salt, rounds)`, which is PBKDF2.
    pub(crate) fn salted(self, password: &[u8], salt: &[u8], rounds: u32) -> Secret {
        Secret::new(match self {
            Self::Sha1 => pbkdf2::pbkdf2_hmac_array::<Sha1, 20>(password, salt, rounds).to_vec(),
            Self::Sha256 => pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, rounds).to_vec(),
        })
    }
}

/// HMAC-MD5, for CRAM-MD5 and nothing else.
pub(super) fn hmac_md5(key: &[u8], data: &[u8]) -> Secret {
    Secret::new(
        Hmac::<Md5>::new_from_slice(key)
            .map(|mac| mac.chain_update(data).finalize().into_bytes().to_vec())
            .unwrap_or_default(),
    )
}

/// `a XOR b`, as long as the shorter.
pub(crate) fn xor(a: &[u8], b: &[u8]) -> Secret {
    Secret::new(a.iter().zip(b).map(|(a, b)| a ^ b).collect())
}

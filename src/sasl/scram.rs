//! SCRAM (RFC 5802, RFC 7677) from the client's side, with channel binding by `tls-exporter` (RFC 9266). The server proves that
//! it knows the password, too: an exchange is complete only when that proof was right.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::credentials::Credentials;
use super::hash::{Hash, xor};
use super::{Mechanism, Nonce, SaslError, Secret};

/// Fewer iterations than this would make the password easy to find for whoever hears the proof, or asked for it
/// (RFC 5802 §5.1, RFC 7677 §4).
const ROUNDS_MIN: u32 = 4096;
/// More would let a server keep us busy.
const ROUNDS_MAX: u32 = 600_000;
/// How much of the server's error is kept.
const COMPLAINT_MAX: usize = 100;

/// What is said about the TLS connection underneath (RFC 5802 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding<'a> {
    /// `n`: there is nothing to bind to, or it isn't wanted.
    None,
    /// `y`: we could, but the server doesn't offer it. A server that did will know that its offer was tampered with.
    NotOffered,
    /// `p=tls-exporter`: these octets.
    Exporter(&'a [u8]),
}

impl Binding<'_> {
    const fn flag(self) -> &'static str {
        match self {
            Binding::None => "n",
            Binding::NotOffered => "y",
            Binding::Exporter(_) => "p=tls-exporter",
        }
    }
}

/// What is to be said of the channel (RFC 5802 §6). `exporter` is empty where there is none.
pub(crate) fn binding<'a>(
    mechanism: Mechanism,
    credentials: &Credentials,
    offered: &str,
    exporter: &'a [u8],
) -> Binding<'a> {
    let bound = || Mechanism::ALL.into_iter().filter(|mechanism| mechanism.is_bound());
    let known = |name: &str| bound().any(|mechanism| name.eq_ignore_ascii_case(mechanism.as_str()));
    if exporter.is_empty() {
        Binding::None
    } else if mechanism.is_bound() {
        Binding::Exporter(exporter)
    } else if !offered.split_ascii_whitespace().any(known)
        && bound().any(|mechanism| credentials.allow(mechanism))
    {
        Binding::NotOffered
    } else {
        Binding::None
    }
}

/// The hash of a SCRAM mechanism.
pub(crate) const fn hash(mechanism: Mechanism) -> Option<Hash> {
    match mechanism {
        Mechanism::ScramSha1 | Mechanism::ScramSha1Plus => Some(Hash::Sha1),
        Mechanism::ScramSha256 | Mechanism::ScramSha256Plus => Some(Hash::Sha256),
        _ => None,
    }
}

/// Whether user name and password can be prepared (RFC 4013).
pub(super) fn can_prepare(credentials: &Credentials) -> bool {
    prepare(&credentials.username).is_some() && prepare(credentials.secret()).is_some()
}

/// SASLprep (RFC 4013). An empty result is none.
pub(crate) fn prepare(text: &str) -> Option<Zeroizing<String>> {
    let prepared = Zeroizing::new(stringprep::saslprep(text).ok()?.into_owned());
    (!prepared.is_empty()).then_some(prepared)
}

/// `saslname` (RFC 5802 §7): a name in which `,` and `=` separate nothing.
pub(crate) fn saslname(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

pub(super) struct Scram {
    hash: Hash,
    password: Zeroizing<String>,
    nonce: Nonce,
    client_first_bare: String,
    /// The `c=` of the last message: what was said about the channel, and its octets.
    channel: String,
    state: State,
}

enum State {
    First,
    /// What the server must say: HMAC of the message with the key.
    Final {
        server_key: Secret,
        message: String,
    },
    Verified,
    Complained(String),
    Failed,
}

impl Scram {
    pub(super) fn start(
        mechanism: Mechanism,
        credentials: &Credentials,
        binding: Binding<'_>,
        nonce: &Nonce,
    ) -> Result<(Self, Secret), SaslError> {
        let hash = hash(mechanism).ok_or(SaslError::Malformed)?;
        let username = prepare(&credentials.username).ok_or(SaslError::Unpreparable)?;
        let password = prepare(credentials.secret()).ok_or(SaslError::Unpreparable)?;
        let authzid = credentials.authzid.as_deref().map(|name| format!("a={}", saslname(name)));
        let gs2 = format!("{},{},", binding.flag(), authzid.unwrap_or_default());
        let client_first_bare = format!("n={},r={}", saslname(&username), nonce.as_str());
        let initial = Secret::new(format!("{gs2}{client_first_bare}").into_bytes());
        let mut channel = gs2.into_bytes();
        if let Binding::Exporter(octets) = binding {
            channel.extend_from_slice(octets);
        }
        let channel = STANDARD.encode(channel);
        let nonce = nonce.clone();
        Ok((Self { hash, password, nonce, client_first_bare, channel, state: State::First }, initial))
    }

    pub(super) fn step(&mut self, challenge: &[u8]) -> Result<Secret, SaslError> {
        let text = std::str::from_utf8(challenge).map_err(|_| SaslError::Malformed)?;
        match core::mem::replace(&mut self.state, State::Failed) {
            State::First => self.answer(text),
            State::Final { server_key, message } => self.check(text, &server_key, &message),
            State::Verified | State::Complained(_) | State::Failed => Err(SaslError::Unexpected),
        }
    }

    pub(super) const fn is_complete(&self) -> bool {
        matches!(self.state, State::Verified)
    }

    pub(super) fn complaint(&self) -> Option<&str> {
        match &self.state {
            State::Complained(text) => Some(text),
            _ => None,
        }
    }

    /// server-first-message in, client-final-message out (RFC 5802 §5.1).
    fn answer(&mut self, server_first: &str) -> Result<Secret, SaslError> {
        if let Some(error) = server_first.strip_prefix("e=") {
            return self.complain(error);
        }
        // In this order and no other; a mandatory extension (m=) in front is one we don't know.
        let mut parts = server_first.split(',');
        let mut part = |name: &str| parts.next().and_then(|part| part.strip_prefix(name));
        let (Some(nonce), Some(salt), Some(rounds)) = (part("r="), part("s="), part("i=")) else {
            return Err(SaslError::Malformed);
        };
        if nonce.strip_prefix(self.nonce.as_str()).is_none_or(str::is_empty) {
            return Err(SaslError::Nonce);
        }
        let salt = STANDARD.decode(salt).ok().filter(|salt| !salt.is_empty()).ok_or(SaslError::Malformed)?;
        let rounds = digits(rounds)?;
        if !(ROUNDS_MIN..=ROUNDS_MAX).contains(&rounds) {
            return Err(SaslError::Iterations(rounds));
        }
        let salted = self.hash.salted(self.password.as_bytes(), &salt, rounds);
        let client_key = self.hash.hmac(&salted, b"Client Key");
        let server_key = self.hash.hmac(&salted, b"Server Key");
        let without_proof = format!("c={},r={nonce}", self.channel);
        let message = format!("{},{server_first},{without_proof}", self.client_first_bare);
        let signature = self.hash.hmac(&self.hash.digest(&client_key), message.as_bytes());
        let proof = STANDARD.encode(&*xor(&client_key, &signature));
        self.state = State::Final { server_key, message };
        Ok(Secret::new(format!("{without_proof},p={proof}").into_bytes()))
    }

    /// server-final-message: the server's proof, or what is wrong.
    fn check(&mut self, server_final: &str, server_key: &[u8], message: &str) -> Result<Secret, SaslError> {
        if let Some(error) = server_final.strip_prefix("e=") {
            return self.complain(error);
        }
        let proof = server_final.split(',').next().and_then(|part| part.strip_prefix("v="));
        let proof = proof.and_then(|proof| STANDARD.decode(proof).ok()).ok_or(SaslError::Malformed)?;
        if !self.hash.verify(server_key, message.as_bytes(), &proof) {
            return Err(SaslError::Forged);
        }
        self.state = State::Verified;
        Ok(Secret::default())
    }

    /// The server says why not; it wants an answer before its reply.
    fn complain(&mut self, error: &str) -> Result<Secret, SaslError> {
        let text = error.chars().filter(|c| !c.is_control() && *c != ',').take(COMPLAINT_MAX).collect();
        self.state = State::Complained(text);
        Ok(Secret::default())
    }
}

/// `posit-number`; one that is too large to be read is too large.
fn digits(text: &str) -> Result<u32, SaslError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SaslError::Malformed);
    }
    Ok(text.parse().unwrap_or(u32::MAX))
}

#[cfg(test)]
#[path = "scram_tests.rs"]
mod tests;

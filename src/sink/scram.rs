//! SCRAM from the server's side (RFC 5802 §5): what the client is measured by in tests. Reads strictly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::login::{Said, Users};
use crate::random;
use crate::sasl::Mechanism;
use crate::sasl::hash::{Hash, xor};
use crate::sasl::scram::{hash, prepare};

/// The least that RFC 7677 §4 allows: tests are in a hurry.
const ROUNDS: u32 = 4096;

pub(super) struct Scram {
    hash: Hash,
    /// What the client must say of its channel, and the octets behind it.
    exporter: Vec<u8>,
    bound: bool,
    state: State,
}

enum State {
    First,
    Final {
        name: String,
        gs2: String,
        nonce: String,
        salted: Vec<u8>,
        messages: String,
    },
    /// The proof was right and ours has been sent; an empty response ends it.
    Proved(String),
    Over,
}

impl Scram {
    /// `None`: not a SCRAM mechanism, or one that needs a channel and has none.
    pub(super) fn new(mechanism: Mechanism, exporter: &[u8]) -> Option<Self> {
        if mechanism.is_bound() && exporter.is_empty() {
            return None;
        }
        let (exporter, bound) = (exporter.to_vec(), mechanism.is_bound());
        Some(Self { hash: hash(mechanism)?, exporter, bound, state: State::First })
    }

    pub(super) fn respond(&mut self, users: &Users, text: &str) -> Said {
        match std::mem::replace(&mut self.state, State::Over) {
            State::First => self.first(users, text),
            State::Final { name, gs2, nonce, salted, messages } => {
                self.last(name, &gs2, &nonce, &salted, &messages, text)
            }
            State::Proved(name) if text.is_empty() => Said::Accept(name),
            State::Proved(_) | State::Over => Said::Refuse,
        }
    }

    fn first(&mut self, users: &Users, text: &str) -> Said {
        self.try_first(users, text).unwrap_or(Said::Refuse)
    }

    fn try_first(&mut self, users: &Users, text: &str) -> Option<Said> {
        let mut parts = text.splitn(3, ',');
        let (flag, authzid, bare) = (parts.next()?, parts.next()?, parts.next()?);
        let wanted = if self.bound { "p=tls-exporter" } else { "n" };
        // `y` says that we didn't offer to be bound: true only where there was nothing to be bound to.
        if flag != wanted && !(flag == "y" && !self.bound && self.exporter.is_empty()) {
            return None;
        }
        let mut parts = bare.split(',');
        let name = parts.next()?.strip_prefix("n=")?.replace("=2C", ",").replace("=3D", "=");
        let client_nonce = parts.next()?.strip_prefix("r=").filter(|nonce| !nonce.is_empty())?;
        let nonce = format!("{client_nonce}{}", random::nonce()?.as_str());
        let salt = random::octets::<16>()?;
        let password = prepare(users.password(&name)?)?;
        let salted = self.hash.salted(password.as_bytes(), &salt, ROUNDS).to_vec();
        let server_first = format!("r={nonce},s={},i={ROUNDS}", STANDARD.encode(salt));
        let messages = format!("{bare},{server_first}");
        let gs2 = format!("{flag},{authzid},");
        self.state = State::Final { name, gs2, nonce, salted, messages };
        Some(Said::Challenge(server_first.into_bytes()))
    }

    fn last(
        &mut self,
        name: String,
        gs2: &str,
        nonce: &str,
        salted: &[u8],
        messages: &str,
        text: &str,
    ) -> Said {
        let Some((without_proof, proof)) = text.rsplit_once(",p=") else { return Said::Refuse };
        let mut channel = gs2.as_bytes().to_vec();
        if self.bound {
            channel.extend_from_slice(&self.exporter);
        }
        let Ok(proof) = STANDARD.decode(proof) else { return Said::Refuse };
        let message = format!("{messages},{without_proof}");
        let stored = self.hash.digest(&self.hash.hmac(salted, b"Client Key"));
        // The proof hides the client's key, whose hash is what is known here.
        let key = xor(&proof, &self.hash.hmac(&stored, message.as_bytes()));
        if without_proof != format!("c={},r={nonce}", STANDARD.encode(channel))
            || *self.hash.digest(&key) != *stored
        {
            return Said::Refuse;
        }
        let server_key = self.hash.hmac(salted, b"Server Key");
        let signature = STANDARD.encode(&*self.hash.hmac(&server_key, message.as_bytes()));
        self.state = State::Proved(name);
        Said::Challenge(format!("v={signature}").into_bytes())
    }
}

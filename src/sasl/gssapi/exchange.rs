//! The order of a GSSAPI exchange (RFC 4752 §3.1), whoever makes the tokens: first the context, then the security layer, which is
//! always none. It must never call the exchange complete before the server has proved itself.

use core::fmt;

use super::GssapiError;
use crate::sasl::Secret;

/// RFC 4752 §3.3: the bit of "no security layer".
const NO_LAYER: u8 = 1;

/// What makes and reads the tokens: a security context of RFC 2743 under way.
pub(crate) trait Context {
    /// The next token for the server, if there is one, from the server's last (at first, from none).
    fn step(&mut self, token: Option<&[u8]>) -> Result<Option<Secret>, GssapiError>;
    /// Whether the context stands.
    fn is_complete(&self) -> bool;
    /// Whether the server has proved itself, and messages can be sealed: the context's own word, once it stands.
    fn is_mutual(&self) -> bool;
    /// A sealed message of the server's.
    fn unwrap(&mut self, sealed: &[u8]) -> Result<Secret, GssapiError>;
    /// A message for the server, sealed so that nobody can change it. Everybody may read it.
    fn wrap(&mut self, message: &[u8]) -> Result<Secret, GssapiError>;
}

/// One exchange.
pub(crate) struct Exchange<C> {
    context: C,
    authzid: Box<str>,
    next: Next,
}

/// What the server's next challenge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Token,
    Layers,
    Nothing,
}

/// What there is to say to the server.
pub(crate) struct Said {
    pub(crate) response: Secret,
    /// Nothing more is wanted of the server but its yes.
    pub(crate) complete: bool,
}

impl<C: Context> Exchange<C> {
    /// Begins, and hands back the first token with it.
    pub(crate) fn start(context: C, authzid: &str) -> Result<(Self, Secret), GssapiError> {
        let mut this = Self { context, authzid: authzid.into(), next: Next::Token };
        let token = this.step(None)?;
        Ok((this, token))
    }

    /// Answers a challenge.
    pub(crate) fn respond(&mut self, challenge: &[u8]) -> Result<Said, GssapiError> {
        match self.next {
            Next::Token => Ok(Said { response: self.step(Some(challenge))?, complete: false }),
            Next::Layers => {
                let answer = Layers::read(&self.context.unwrap(challenge)?)?.choose_none(&self.authzid)?;
                let response = self.context.wrap(&answer)?;
                self.next = Next::Nothing;
                Ok(Said { response, complete: true })
            }
            Next::Nothing => Err(GssapiError::Unexpected),
        }
    }

    /// A token that isn't there is said by an empty response (RFC 4752 §3.1).
    fn step(&mut self, token: Option<&[u8]>) -> Result<Secret, GssapiError> {
        let out = self.context.step(token)?;
        if self.context.is_complete() {
            if !self.context.is_mutual() {
                return Err(GssapiError::NotMutual);
            }
            self.next = Next::Layers;
        }
        Ok(out.unwrap_or_default())
    }
}

impl<C> fmt::Debug for Exchange<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("next", &self.next).finish_non_exhaustive()
    }
}

/// What the server says behind the tickets, out of its wrapping: the layers that it can do and how much it takes at once
/// (RFC 4752 §3.1).
#[derive(Clone, Copy, PartialEq, Eq)]
struct Layers(u8);

impl Layers {
    /// Reads the offer. The size in it is of messages in a layer, and there will be none: RFC 4752 would have it verified that it
    /// is 0 where no layer is offered, but Dovecot says 0xffffff there.
    ///
    /// # Errors
    ///
    /// It hasn't four octets.
    fn read(offer: &[u8]) -> Result<Self, GssapiError> {
        let &[layers, ..] = <&[u8; 4]>::try_from(offer).map_err(|_| GssapiError::Malformed)?;
        Ok(Self(layers))
    }

    /// The answer, still to be wrapped: no layer, therefore no size, and who it is for; nobody else if that's empty.
    ///
    /// # Errors
    ///
    /// No layer is not among what it offers.
    fn choose_none(self, authzid: &str) -> Result<Vec<u8>, GssapiError> {
        if self.0 & NO_LAYER == 0 {
            return Err(GssapiError::LayerWanted(self.0));
        }
        Ok([&[NO_LAYER, 0, 0, 0], authzid.as_bytes()].concat())
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layers({:#04x})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;

    /// Tokens are "1", "2", ...; what is sealed has an "s" in front.
    struct Fake {
        tokens: u8,
        wanted: u8,
        mutual: bool,
    }

    impl Context for Fake {
        fn step(&mut self, token: Option<&[u8]>) -> Result<Option<Secret>, GssapiError> {
            let expected = (self.tokens > 0).then_some([self.tokens]);
            if token != expected.as_ref().map(|token| &token[..]) {
                return Err(GssapiError::Forged("fake".into()));
            }
            self.tokens += 1;
            Ok((!self.is_complete()).then(|| Secret::new(vec![self.tokens])))
        }

        fn is_complete(&self) -> bool {
            self.tokens >= self.wanted
        }

        fn is_mutual(&self) -> bool {
            self.mutual
        }

        fn unwrap(&mut self, sealed: &[u8]) -> Result<Secret, GssapiError> {
            let open = sealed.strip_prefix(b"s").ok_or_else(|| GssapiError::Forged(Arc::from("fake")))?;
            Ok(Secret::new(open.to_vec()))
        }

        fn wrap(&mut self, message: &[u8]) -> Result<Secret, GssapiError> {
            Ok(Secret::new([b"s", message].concat()))
        }
    }

    fn start() -> (Exchange<Fake>, Secret) {
        Exchange::start(Fake { tokens: 0, wanted: 2, mutual: true }, "who").unwrap()
    }

    #[test]
    fn tokens_first_then_the_layer_then_nothing() {
        let (mut exchange, first) = start();
        assert_eq!(**first, [1]);
        let said = exchange.respond(&[1]).unwrap();
        assert_eq!((said.response.len(), said.complete), (0, false));
        let said = exchange.respond(b"s\x07\x00\x10\x00").unwrap();
        assert_eq!((&**said.response, said.complete), (&b"s\x01\0\0\0who"[..], true));
        assert_eq!(exchange.respond(b"").err(), Some(GssapiError::Unexpected));
    }

    #[test]
    fn a_longer_exchange_goes_on_as_long_as_there_are_tokens() {
        let (mut exchange, _) = Exchange::start(Fake { tokens: 0, wanted: 4, mutual: true }, "").unwrap();
        assert_eq!(**exchange.respond(&[1]).unwrap().response, [2]);
        assert_eq!(**exchange.respond(&[2]).unwrap().response, [3]);
        assert!(exchange.respond(&[3]).unwrap().response.is_empty());
        assert!(exchange.respond(b"s\x01\0\0\0").unwrap().complete);
    }

    #[test]
    fn an_offer_that_is_not_sealed_is_not_read() {
        let (mut exchange, _) = start();
        exchange.respond(&[1]).unwrap();
        assert!(exchange.respond(&[1, 0, 0, 0]).err().unwrap().is_attack());
    }

    #[test]
    fn a_server_that_need_not_prove_itself_is_none() {
        let one_sided = Fake { tokens: 0, wanted: 2, mutual: false };
        let (mut exchange, _) = Exchange::start(one_sided, "").unwrap();
        assert_eq!(exchange.respond(&[1]).err(), Some(GssapiError::NotMutual));
        let at_once = Exchange::start(Fake { tokens: 0, wanted: 1, mutual: false }, "");
        assert_eq!(at_once.err(), Some(GssapiError::NotMutual));
    }

    fn answer(offer: &[u8]) -> Result<Vec<u8>, GssapiError> {
        Layers::read(offer)?.choose_none("")
    }

    #[test]
    fn no_layer_is_chosen_where_it_is_offered() {
        assert_eq!(answer(&[1, 0, 0, 0]), Ok(vec![1, 0, 0, 0]));
        assert_eq!(answer(&[7, 0, 0xff, 0xff]), Ok(vec![1, 0, 0, 0]));
        // Dovecot's.
        assert_eq!(answer(&[1, 0xff, 0xff, 0xff]), Ok(vec![1, 0, 0, 0]));
        let who = Layers::read(&[5, 1, 0, 0]).unwrap().choose_none("gr\u{fc}n@EXAMPLE");
        assert_eq!(who.unwrap(), [b"\x01\0\0\0".as_slice(), "gr\u{fc}n@EXAMPLE".as_bytes()].concat());
    }

    #[test]
    fn a_layer_that_is_insisted_on_ends_it() {
        for layers in [2, 4, 6, 0x80] {
            assert_eq!(answer(&[layers, 1, 0, 0]), Err(GssapiError::LayerWanted(layers)));
        }
        assert_eq!(answer(&[0, 0, 0, 0]), Err(GssapiError::LayerWanted(0)));
    }

    #[test]
    fn an_offer_has_four_octets() {
        for offer in [&[][..], &[1], &[1, 0, 0], &[1, 0, 0, 0, 0]] {
            assert_eq!(answer(offer), Err(GssapiError::Malformed), "{offer:?}");
        }
    }

    proptest! {
        /// Whatever it offers: an answer is for no layer, of no size, and given only where that was offered.
        #[test]
        fn nothing_but_no_layer_is_ever_agreed_on(
            offer in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..8),
                proptest::collection::vec(any::<u8>(), 4),
            ],
            authzid in ".{0,20}",
        ) {
            match Layers::read(&offer).and_then(|layers| layers.choose_none(&authzid)) {
                Ok(answer) => {
                    prop_assert_eq!(&answer[..4], [1, 0, 0, 0]);
                    prop_assert_eq!(&answer[4..], authzid.as_bytes());
                    prop_assert!(offer.len() == 4 && offer[0] & 1 == 1);
                }
                Err(error) => prop_assert!(!error.is_attack()),
            }
        }
    }
}

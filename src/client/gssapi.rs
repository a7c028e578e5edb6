//! A login by Kerberos, as the client does it: the session asks, the library answers. The first token is made before anything is
//! connected: who has no ticket learns that at once, and where the library asks a KDC and blocks it does so where a name is
//! resolved, which blocks as well.

use std::time::{Duration, Instant};

use super::kerberos::Kerberos;
use super::{Client, Config, ConnectError, Target};
use crate::sasl::{Gssapi, GssapiError, GssapiExchange, Secret};
use crate::session::{Auth, AuthError, Event, SaslCallError, SessionError};

/// How old a first token may get. It has the time in it, and servers take no more than a few minutes (RFC 4120 §3.2.3: five).
const FRESH: Duration = Duration::from_secs(60);

/// A login by Kerberos: none, made ready, or under way.
#[derive(Default)]
pub(super) struct Login {
    ready: Option<Ready>,
    exchange: Option<GssapiExchange<Kerberos>>,
}

struct Ready {
    exchange: GssapiExchange<Kerberos>,
    token: Secret,
    since: Instant,
}

impl Login {
    /// Gets the ticket, where there is to be such a login.
    pub(super) fn new(config: &Config) -> Result<Self, ConnectError> {
        let Auth::Gssapi(wanted) = &config.session.auth else { return Ok(Self::default()) };
        let ready = ready(config, wanted)
            .map_err(|why| SessionError::from(AuthError::Gssapi { why, reply: None }))?;
        Ok(Self { ready: Some(ready), exchange: None })
    }
}

impl Client {
    /// Answers the session, if it asks for Kerberos. True: it did, and there is something to write.
    pub(super) fn answer_gssapi(&mut self) -> bool {
        let Auth::Gssapi(wanted) = &self.config.session.auth else { return false };
        let answer = match self.asked.take() {
            Some(Event::AuthWanted { .. }) => {
                let ready = self.login.ready.take().filter(|ready| ready.since.elapsed() < FRESH);
                ready.map_or_else(|| self::ready(&self.config, wanted), Ok).and_then(|ready| {
                    self.login.exchange = Some(ready.exchange);
                    said(self.session.auth_begin("GSSAPI", Some(&ready.token), false))
                })
            }
            Some(Event::AuthChallenge(challenge)) => {
                let exchange = self.login.exchange.as_mut().ok_or(GssapiError::Unexpected);
                exchange
                    .and_then(|exchange| exchange.respond(challenge.as_bytes()))
                    .and_then(|answer| said(self.session.auth_respond(&answer.response, answer.complete)))
            }
            _ => return false,
        };
        if let Err(why) = answer {
            self.login = Login::default();
            // It has asked, so it listens.
            let _ = self.session.auth_fail(why);
        }
        self.take_events();
        true
    }
}

fn ready(config: &Config, wanted: &Gssapi) -> Result<Ready, GssapiError> {
    let connected = match &config.target {
        Target::Tcp { host, .. } => Some(host.as_str()),
        Target::Unix(_) => None,
    };
    let host = config.tls.server_name.as_deref().or(connected);
    let context = Kerberos::new(&wanted.target(config.session.lmtp, host)?)?;
    let (exchange, token) = GssapiExchange::start(context, wanted.authzid())?;
    Ok(Ready { exchange, token, since: Instant::now() })
}

/// The session takes everything at its time but what is too long.
fn said(result: Result<(), SaslCallError>) -> Result<(), GssapiError> {
    result.map_err(|error| match error {
        SaslCallError::TooLong => GssapiError::TooLarge,
        SaslCallError::Mechanism | SaslCallError::NotAsked => GssapiError::Unexpected,
    })
}

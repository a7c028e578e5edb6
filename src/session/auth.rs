//! AUTH (RFC 4954): who this is, between EHLO and the first message. The mechanisms are in `sasl`; here they get their commands,
//! their base64 and their replies. Or the caller brings the mechanism, and answers the challenges himself.
//!
//! 1. Nothing else is in flight from AUTH to its last reply (RFC 2920 §3.1, RFC 4954 §4); commands before the greeting and
//!    AUTH don't go together.
//! 2. Nothing of the credentials leaves before it's clear that a mechanism may be used on this line: see `sasl::choose`.
//! 3. The next mechanism is tried only where this one is refused as such (504, 534). A wrong password stays wrong, and
//!    servers count the attempts.
//! 4. 235 is believed only when the mechanism has said and heard all it has to. A server that failed to prove itself gets
//!    not a word more, and no message.
//! 5. What can't be answered is answered `*`, once; the reply to that ends the session.
//! 6. No security layer is ever agreed on, so there is no second EHLO (RFC 4954 §4).

use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::autherror::{AuthError, SaslCallError};
use super::event::Event;
use super::ledger::Sent;
use super::options::{Auth, Options};
use super::{Session, Stage};
use crate::sasl::{Choice, Exchange, GssapiError, Mechanism, Nonce, SaslError, Secret, choose, scram};
use crate::wire::{Class, MechanismName, Reply, ReplyRef, command};

/// The longest AUTH command with its initial response; a longer one waits for a challenge (RFC 4954 §4).
const LINE_MAX: usize = 512;
/// The longest response, before it is base64 (RFC 4954 §4).
const RESPONSE_MAX: usize = 12288 / 4 * 3;
/// A line with the longest challenge: its code, and its line end.
const CHALLENGE_LINE: usize = 4 + 12288 + 2;
/// The one mechanism that [`Auth::Gssapi`] is about (RFC 4752).
const GSSAPI: &str = "GSSAPI";
/// Challenges in one exchange. Kerberos has three, and there is nothing with many more.
const CHALLENGES: u32 = 32;

/// The authentication of one connection.
#[derive(Default)]
pub(super) struct Login {
    /// Fresh from the driver; used once.
    nonce: Option<Nonce>,
    /// What may still be tried.
    mechanisms: VecDeque<Mechanism>,
    who: Who,
    /// As the mechanism was named in the command.
    name: Option<MechanismName>,
    /// An initial response that was too long for the command.
    withheld: Option<Secret>,
    challenges: u32,
    /// Why the exchange was given up.
    given_up: Option<GivenUp>,
}

/// Who speaks the mechanism.
#[derive(Default)]
enum Who {
    #[default]
    Nobody,
    Ours(Box<Exchange>),
    /// It is the caller's turn to begin.
    CallerBegins,
    /// It is the caller's turn to respond.
    CallerResponds,
    /// It is the server's turn; `complete`: the caller wants nothing more of it than its yes.
    Caller {
        complete: bool,
    },
}

enum GivenUp {
    Mechanism(SaslError),
    Gssapi(GssapiError),
    Caller,
}

impl Session {
    /// Gives a nonce for SCRAM: before each [`start`](Self::start), where there are
    /// [`Credentials`](crate::sasl::Credentials). It is used once.
    pub fn set_nonce(&mut self, nonce: Nonce) {
        self.login.nonce = Some(nonce);
    }

    /// The answer to [`Event::AuthWanted`]: begins with a mechanism, and its initial response if it has one. `complete`: the
    /// mechanism wants to hear nothing more of the server but its yes.
    ///
    /// # Errors
    ///
    /// It is not the time for it, or something can't be sent. Nothing was.
    pub fn auth_begin(
        &mut self,
        mechanism: &str,
        initial: Option<&[u8]>,
        complete: bool,
    ) -> Result<(), SaslCallError> {
        if !matches!(self.login.who, Who::CallerBegins) {
            return Err(SaslCallError::NotAsked);
        }
        let name = MechanismName::new(mechanism).map_err(|_| SaslCallError::Mechanism)?;
        let initial = initial.map(secret).transpose()?;
        self.login.who = Who::Caller { complete };
        self.send_auth(name, initial);
        Ok(())
    }

    /// The answer to [`Event::AuthChallenge`]. `complete` as with [`auth_begin`](Self::auth_begin): a 235 before that is not
    /// believed, and ends the session.
    ///
    /// # Errors
    ///
    /// It is not the time for it, or the response is too long. Nothing was sent.
    pub fn auth_respond(&mut self, response: &[u8], complete: bool) -> Result<(), SaslCallError> {
        if !matches!(self.login.who, Who::CallerResponds) {
            return Err(SaslCallError::NotAsked);
        }
        let response = secret(response)?;
        self.login.who = Who::Caller { complete };
        self.send_response(&response);
        Ok(())
    }

    /// Gives up, in place of an answer to [`Event::AuthWanted`] or [`Event::AuthChallenge`]. The session ends.
    ///
    /// # Errors
    ///
    /// It is not the time for it.
    pub fn auth_cancel(&mut self) -> Result<(), SaslCallError> {
        match self.login.who {
            Who::CallerBegins => self.end(AuthError::Cancelled { reply: None }.into()),
            Who::CallerResponds => self.give_up(GivenUp::Caller),
            _ => return Err(SaslCallError::NotAsked),
        }
        Ok(())
    }

    /// As [`auth_cancel`](Self::auth_cancel), with the reason why: Kerberos gave no login. A server that didn't prove itself gets
    /// not a word more.
    ///
    /// # Errors
    ///
    /// It is not the time for it.
    pub fn auth_fail(&mut self, why: GssapiError) -> Result<(), SaslCallError> {
        match self.login.who {
            Who::CallerBegins => self.end(AuthError::Gssapi { why, reply: None }.into()),
            Who::CallerResponds if why.is_attack() => self.end(AuthError::Gssapi { why, reply: None }.into()),
            Who::CallerResponds => self.give_up(GivenUp::Gssapi(why)),
            _ => return Err(SaslCallError::NotAsked),
        }
        Ok(())
    }

    /// EHLO is answered, and TLS is there if it is to be: is there somebody to log in?
    pub(super) const fn wants_auth(&self) -> bool {
        !matches!(self.options.auth, Auth::None)
    }

    pub(super) fn begin_auth(&mut self) {
        let offered = self.capabilities.as_ref().and_then(|offered| offered.params("AUTH"));
        let Some(offered) = offered else { return self.end(AuthError::NotOffered.into()) };
        let choice = match &self.options.auth {
            Auth::None => return,
            Auth::Caller => {
                let mechanisms = offered.into();
                return self.ask_caller(mechanisms);
            }
            Auth::Gssapi(_) => {
                let has = |name: &str| name.eq_ignore_ascii_case(GSSAPI);
                if !offered.split_ascii_whitespace().any(has) {
                    let offered = offered.into();
                    return self.end(AuthError::NoMechanism { offered }.into());
                }
                return self.ask_caller(GSSAPI.into());
            }
            Auth::Credentials(credentials) => {
                let bound = self.secure.as_ref().is_some_and(|secure| !secure.exporter.is_empty());
                choose(offered, credentials, self.secure.is_some(), bound)
            }
        };
        match choice {
            Choice::Mechanisms(mechanisms) => {
                self.stage = Stage::Auth;
                self.login.mechanisms = mechanisms.into();
                self.try_next();
            }
            Choice::OnlyClearText(mechanism) => self.end(AuthError::ClearText { mechanism }.into()),
            Choice::Nothing => {
                let offered = offered.into();
                self.end(AuthError::NoMechanism { offered }.into());
            }
        }
    }

    /// Somebody outside the session has the mechanism.
    fn ask_caller(&mut self, mechanisms: Arc<str>) {
        self.stage = Stage::Auth;
        self.login.who = Who::CallerBegins;
        self.events.push_back(Event::AuthWanted { mechanisms, refused: None });
    }

    /// Begins with the strongest mechanism that is left.
    fn try_next(&mut self) {
        let Auth::Credentials(credentials) = &self.options.auth else { return };
        let Some(mechanism) = self.login.mechanisms.pop_front() else { return };
        let offered =
            self.capabilities.as_ref().and_then(|offered| offered.params("AUTH")).unwrap_or_default();
        let exporter = self.secure.as_ref().map_or(&[][..], |secure| &secure.exporter);
        let binding = scram::binding(mechanism, credentials, offered, exporter);
        let started = Exchange::start(mechanism, credentials, binding, self.login.nonce.as_ref());
        if scram::hash(mechanism).is_some() {
            self.login.nonce = self.login.nonce.take().map(|nonce| nonce.next());
        }
        let name = MechanismName::new(mechanism.as_str()).ok();
        match (started, name) {
            (Ok((exchange, initial)), Some(name)) => {
                self.login.who = Who::Ours(Box::new(exchange));
                self.send_auth(name, initial);
            }
            (Err(why), name) => self.end(AuthError::Failed { mechanism: name, why, reply: None }.into()),
            (Ok(_), None) => {}
        }
    }

    pub(super) fn on_auth(&mut self, reply: ReplyRef<'_>) {
        // The whole of what was sent is gone, or the server would not know what to answer.
        self.output.wipe();
        match reply.class() {
            Class::Intermediate => self.on_challenge(reply),
            Class::Positive => self.on_success(reply),
            Class::Transient | Class::Permanent => self.on_auth_refused(reply.to_owned()),
        }
    }

    /// The reply to `*`.
    pub(super) fn on_auth_given_up(&mut self, reply: Reply) {
        let mechanism = self.login.name.take();
        let error = match self.login.given_up.take() {
            Some(GivenUp::Mechanism(why)) => AuthError::Failed { mechanism, why, reply: Some(reply) },
            Some(GivenUp::Gssapi(why)) => AuthError::Gssapi { why, reply: Some(reply) },
            _ => AuthError::Cancelled { reply: Some(reply) },
        };
        self.end(error.into());
    }

    fn on_success(&mut self, reply: ReplyRef<'_>) {
        let complete = match &self.login.who {
            Who::Ours(exchange) => exchange.is_complete() && self.login.withheld.is_none(),
            Who::Caller { complete } => *complete && self.login.withheld.is_none(),
            Who::Nobody | Who::CallerBegins | Who::CallerResponds => false,
        };
        if complete {
            self.login = Login::default();
            return self.ready();
        }
        let (mechanism, reply) = (self.login.name.take(), Some(reply.to_owned()));
        self.end(AuthError::Failed { mechanism, why: SaslError::Unproven, reply }.into());
    }

    fn on_auth_refused(&mut self, reply: Reply) {
        // RFC 4954 §6: 504, the mechanism isn't known after all; 534, it is too weak for this user.
        let of_mechanism = matches!(reply.code(), 504 | 534);
        match &self.login.who {
            Who::Ours(_) if of_mechanism && !self.login.mechanisms.is_empty() => {
                self.login.challenges = 0;
                self.login.withheld = None;
                return self.try_next();
            }
            Who::Caller { .. } if of_mechanism && matches!(self.options.auth, Auth::Caller) => {
                let nonce = self.login.nonce.take();
                self.login = Login { nonce, who: Who::CallerBegins, ..Login::default() };
                let offered = self.capabilities.as_ref().and_then(|offered| offered.params("AUTH"));
                let mechanisms = offered.unwrap_or_default().into();
                return self.events.push_back(Event::AuthWanted { mechanisms, refused: Some(reply) });
            }
            _ => {}
        }
        let complaint = match &self.login.who {
            Who::Ours(exchange) => exchange.complaint().map(Arc::from),
            _ => None,
        };
        let mechanism = self.login.name.take();
        self.end(AuthError::Refused { mechanism, reply, complaint }.into());
    }

    fn on_challenge(&mut self, reply: ReplyRef<'_>) {
        self.login.challenges = self.login.challenges.saturating_add(1);
        if self.login.challenges > CHALLENGES {
            return self.give_up(GivenUp::Mechanism(SaslError::Unexpected));
        }
        let Ok(challenge) = STANDARD.decode(reply.text().trim_ascii()).map(Secret::new) else {
            return self.give_up(GivenUp::Mechanism(SaslError::NotBase64));
        };
        if let Some(withheld) = self.login.withheld.take() {
            // It asks for what would have been in the command, and can't know more than that.
            if !challenge.is_empty() {
                return self.give_up(GivenUp::Mechanism(SaslError::Malformed));
            }
            return self.send_response(&withheld);
        }
        match &mut self.login.who {
            Who::Ours(exchange) => match exchange.step(&challenge) {
                Ok(response) => self.send_response(&response),
                Err(why @ SaslError::Forged) => {
                    let mechanism = self.login.name.take();
                    self.end(AuthError::Failed { mechanism, why, reply: None }.into());
                }
                Err(why) => self.give_up(GivenUp::Mechanism(why)),
            },
            Who::Caller { .. } => {
                self.login.who = Who::CallerResponds;
                self.events.push_back(Event::AuthChallenge(challenge.into()));
            }
            Who::Nobody | Who::CallerBegins | Who::CallerResponds => {}
        }
    }

    fn give_up(&mut self, why: GivenUp) {
        self.login.given_up = Some(why);
        self.login.who = Who::Nobody;
        self.login.withheld = None;
        self.send(Sent::AuthGivenUp, command::auth_cancel);
    }

    fn send_auth(&mut self, name: MechanismName, initial: Option<Secret>) {
        let fits = command::auth_len(&name, initial.as_ref().map(|initial| &***initial)) <= LINE_MAX;
        let (now, later) = if fits { (initial, None) } else { (None, initial) };
        let initial = now.as_ref().map(|initial| &***initial);
        self.output.command(|out| command::auth(out, &name, initial));
        self.stats.commands += 1;
        self.trace_masked(&format!("AUTH {}{}", name.as_str(), if now.is_some() { " ***" } else { "" }));
        self.note(Sent::Auth);
        self.login.withheld = later;
        self.login.name = Some(name);
    }

    fn send_response(&mut self, response: &[u8]) {
        self.output.command(|out| command::auth_response(out, response));
        self.trace_masked(if response.is_empty() { "" } else { "***" });
        self.note(Sent::Auth);
    }
}

/// A caller's mechanism may be asked more in a line than a reply has otherwise (RFC 4954 §4: 12288 octets).
pub(super) fn make_room(options: &mut Options) {
    if matches!(options.auth, Auth::Caller | Auth::Gssapi(_)) {
        options.reply_limits.line = options.reply_limits.line.max(CHALLENGE_LINE);
    }
}

fn secret(octets: &[u8]) -> Result<Secret, SaslCallError> {
    if octets.len() > RESPONSE_MAX { Err(SaslCallError::TooLong) } else { Ok(Secret::new(octets.to_vec())) }
}

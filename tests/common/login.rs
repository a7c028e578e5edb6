//! Who logs in, in a fixture: the head's keys into the library's values, and the caller's own SASL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use smtpipe::sasl::{Credentials, Mechanism, Nonce};
use smtpipe::session::{Auth, SaslCallError, Session};

use super::fixture::Settings;

/// What `auth` and the keys that go with it stand for.
pub(crate) fn auth(settings: &Settings) -> Auth {
    let words: Vec<&str> = settings.auth.iter().map(String::as_str).collect();
    let mut credentials = match *words {
        [] => return Auth::None,
        ["caller"] => return Auth::Caller,
        ["external"] => Credentials::external(),
        ["password", user, password] => Credentials::password(user, password).unwrap(),
        ["token", user, token] => Credentials::token(user, token).unwrap(),
        ref other => panic!("auth: {other:?}"),
    };
    if let Some(name) = &settings.authzid {
        credentials = credentials.acting_for(name).unwrap();
    }
    if !settings.mechanisms.is_empty() {
        let only: Vec<Mechanism> = settings.mechanisms.iter().map(|name| name.parse().unwrap()).collect();
        credentials = credentials.only(&only);
    }
    Auth::Credentials(credentials.even_in_clear_text(settings.clear_text))
}

pub(crate) fn nonce(settings: &Settings) -> Option<Nonce> {
    settings.nonce.as_deref().map(|text| Nonce::new(text).unwrap())
}

/// `begin MECHANISM BASE64|- [complete]`, `respond BASE64|= [complete]`, `cancel`.
pub(crate) fn answer<S: AsRef<str>>(session: &mut Session, words: &[S]) -> Result<(), SaslCallError> {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let octets = |text: &str| STANDARD.decode(text.trim_start_matches('=')).unwrap();
    match *words {
        ["begin", mechanism, "-", ref rest @ ..] => session.auth_begin(mechanism, None, complete(rest)),
        ["begin", mechanism, initial, ref rest @ ..] => {
            session.auth_begin(mechanism, Some(&octets(initial)), complete(rest))
        }
        ["respond", response, ref rest @ ..] => session.auth_respond(&octets(response), complete(rest)),
        ["cancel"] => session.auth_cancel(),
        ref other => panic!("SASL {other:?}"),
    }
}

fn complete(words: &[&str]) -> bool {
    match words {
        [] => false,
        ["complete"] => true,
        other => panic!("SASL {other:?}"),
    }
}

pub(crate) fn shown(octets: &[u8]) -> String {
    if octets.is_empty() { "=".to_owned() } else { STANDARD.encode(octets) }
}

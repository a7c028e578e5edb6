//! A login by Kerberos, as the engine sees it: whom it asks and for what, and what leaves when the library has no answer. The
//! exchange itself is in `src/sasl/gssapi`, and with real tickets in `tests/gssapi`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::io::IoSlice;
use std::time::Duration;

use smtpipe::sasl::{Gssapi, GssapiError};
use smtpipe::session::{Auth, AuthError, Event, Options, SaslCallError, Session, SessionError};

const NOW: Duration = Duration::ZERO;

/// A session that has heard this in answer to EHLO.
fn session(offer: &str) -> Session {
    let options = Options { auth: Auth::Gssapi(Gssapi::new()), ..Options::default() };
    let mut session = Session::new(options);
    session.start(NOW);
    session.feed(NOW, b"220 mail.test\r\n");
    assert_eq!(output(&mut session), "EHLO localhost\r\n");
    session.feed(NOW, format!("250-mail.test\r\n250 {offer}\r\n").as_bytes());
    session
}

fn output(session: &mut Session) -> String {
    let mut text = Vec::new();
    while session.wants_output() {
        let mut slices = [IoSlice::new(&[]); 8];
        let count = session.output(&mut slices);
        let portion: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
        session.sent(NOW, portion.len());
        text.extend(portion);
    }
    String::from_utf8(text).unwrap()
}

fn wanted(session: &mut Session) -> String {
    match session.next_event() {
        Some(Event::AuthWanted { mechanisms, refused: None }) => mechanisms.to_string(),
        other => panic!("{other:?}"),
    }
}

/// As far as the server's first token.
fn challenged() -> Session {
    let mut session = session("AUTH PLAIN gssapi");
    wanted(&mut session);
    session.auth_begin("GSSAPI", Some(b"ticket"), false).unwrap();
    assert_eq!(output(&mut session), "AUTH GSSAPI dGlja2V0\r\n");
    session.feed(NOW, b"334 cHJvb2Y=\r\n");
    assert!(
        matches!(session.next_event(), Some(Event::AuthChallenge(challenge)) if challenge.as_bytes() == b"proof")
    );
    session
}

fn error(session: &Session) -> &AuthError {
    match session.error() {
        Some(SessionError::Auth(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn it_is_gssapi_or_nothing() {
    for offer in ["AUTH PLAIN SCRAM-SHA-256 GSS-SPNEGO GSSAPI2", "AUTH"] {
        let mut session = session(offer);
        assert!(matches!(error(&session), AuthError::NoMechanism { .. }) && error(&session).is_unsaid());
        assert_eq!(output(&mut session), "");
    }
    assert_eq!(wanted(&mut session("AUTH PLAIN GSSAPI SCRAM-SHA-256")), "GSSAPI");
}

#[test]
fn without_a_ticket_nothing_is_said() {
    let mut session = session("AUTH GSSAPI");
    wanted(&mut session);
    let why = GssapiError::NoTicket("no cache".into());
    session.auth_fail(why.clone()).unwrap();
    assert_eq!(*error(&session), AuthError::Gssapi { why, reply: None });
    assert!(error(&session).is_unsaid() && !error(&session).is_attack());
    assert_eq!(error(&session).to_string(), "GSSAPI: no Kerberos ticket: no cache");
    assert_eq!(output(&mut session), "");
    assert_eq!(session.auth_fail(GssapiError::Malformed), Err(SaslCallError::NotAsked));
}

#[test]
fn what_cannot_be_agreed_on_is_called_off() {
    let mut session = challenged();
    session.auth_fail(GssapiError::LayerWanted(6)).unwrap();
    assert_eq!(output(&mut session), "*\r\n");
    session.feed(NOW, b"501 5.7.0 as you like\r\n");
    let AuthError::Gssapi { why: GssapiError::LayerWanted(6), reply: Some(reply) } = error(&session) else {
        panic!("{:?}", error(&session));
    };
    assert_eq!(reply.code(), 501);
    assert!(!error(&session).is_unsaid() && !error(&session).is_attack());
    assert!(session.is_closed());
}

#[test]
fn a_server_that_does_not_prove_itself_gets_not_a_word_more() {
    let mut session = challenged();
    session.auth_fail(GssapiError::Forged("wrong".into())).unwrap();
    assert_eq!(output(&mut session), "");
    assert!(session.is_closed());
    assert!(error(&session).is_attack() && !error(&session).is_unsaid());
}

#[test]
fn a_yes_before_the_server_has_proved_itself_is_not_believed() {
    let mut session = challenged();
    session.auth_respond(b"", false).unwrap();
    assert_eq!(output(&mut session), "\r\n");
    session.feed(NOW, b"235 come in\r\n");
    assert!(error(&session).is_attack());
}

#[test]
fn a_mechanism_that_is_refused_is_not_asked_for_again() {
    for refusal in ["504 5.5.4 not that", "534 5.7.9 too weak", "535 5.7.8 no"] {
        let mut session = session("AUTH GSSAPI PLAIN");
        wanted(&mut session);
        session.auth_begin("GSSAPI", Some(b"ticket"), false).unwrap();
        output(&mut session);
        session.feed(NOW, format!("{refusal}\r\n").as_bytes());
        assert!(matches!(error(&session), AuthError::Refused { .. }), "{refusal}");
        assert_eq!(output(&mut session), "");
    }
}

#[cfg(not(feature = "gssapi"))]
#[test]
fn a_build_without_it_says_so_before_it_connects() {
    use smtpipe::client::{Client, Config, ConnectError};

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut config = Config::new("127.0.0.1", listener.local_addr().unwrap().port());
    config.session.auth = Auth::Gssapi(Gssapi::new());
    let Err(ConnectError::Session(SessionError::Auth(error))) = Client::connect(config) else { panic!() };
    assert_eq!(error, AuthError::Gssapi { why: GssapiError::NotBuilt, reply: None });
    assert!(listener.accept().is_err() && !Gssapi::is_built());
}

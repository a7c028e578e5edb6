//! AUTH over TLS, from both ends: what may be said there, and what is bound to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]
#![allow(dead_code, reason = "the scene has more than is used here")]

#[path = "tls/certificates.rs"]
mod certificates;
#[path = "tls/scene.rs"]
mod scene;

use std::sync::{Arc, Mutex};

use scene::{LONG, Scene, config, send_one, sink};
use smtpipe::client::{Client, ConnectError};
use smtpipe::sasl::{Credentials, Mechanism};
use smtpipe::session::{Auth, AuthError, SessionError, Status};
use smtpipe::sink::{Sink, SinkOptions};
use smtpipe::tls::{TlsMode, TlsVersion};

const BOTH: [TlsMode; 2] = [TlsMode::Required, TlsMode::Implicit];

fn users(options: &mut SinkOptions) {
    options.users = vec![("tim".to_owned(), "secret".to_owned())];
    options.require_auth = true;
    options.auth_needs_tls = true;
}

fn credentials() -> Credentials {
    Credentials::password("tim", "secret").unwrap()
}

/// Logs in and sends; the AUTH command as it was traced.
fn log_in(scene: &Scene, sink: &Sink, mode: TlsMode, credentials: Credentials) -> String {
    let mut config = config(sink.port(), scene.policy(mode));
    config.session.auth = Auth::Credentials(credentials);
    let mut client = Client::open(config).unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&lines);
    client.set_trace(Some(Box::new(move |_, line: &[u8]| {
        hook.lock().unwrap().push(String::from_utf8_lossy(line).into_owned());
    })));
    let outcome = send_one(&mut client);
    assert_eq!(outcome.status, Status::Delivered, "{outcome:?} {:?}", client.error());
    assert!(client.quit(Some(LONG)));
    let lines = lines.lock().unwrap();
    lines.iter().find(|line| line.starts_with("AUTH ")).unwrap().clone()
}

#[test]
fn the_strongest_is_bound_to_the_channel() {
    let scene = Scene::new();
    for mode in BOTH {
        let sink = sink(scene.good.identity(), mode, users);
        assert_eq!(log_in(&scene, &sink, mode, credentials()), "AUTH SCRAM-SHA-256-PLUS ***");
        for mechanism in [Mechanism::ScramSha1Plus, Mechanism::ScramSha1, Mechanism::Plain] {
            let said = log_in(&scene, &sink, mode, credentials().only(&[mechanism]));
            assert_eq!(said, format!("AUTH {mechanism} ***"));
        }
    }
}

#[test]
fn nothing_to_bind_to_under_tls_1_2() {
    let scene = Scene::new();
    let mut identity = scene.good.identity();
    identity.max_version = TlsVersion::Tls12;
    let sink = sink(identity, TlsMode::Required, users);
    assert_eq!(log_in(&scene, &sink, TlsMode::Required, credentials()), "AUTH SCRAM-SHA-256 ***");
}

/// The server doesn't bind: the client says that it could have (`y`), and nobody minds.
#[test]
fn a_server_that_does_not_bind() {
    let scene = Scene::new();
    let sink = sink(scene.good.identity(), TlsMode::Implicit, |options| {
        users(options);
        options.auth_mechanisms = vec![Mechanism::ScramSha256];
    });
    assert_eq!(log_in(&scene, &sink, TlsMode::Implicit, credentials()), "AUTH SCRAM-SHA-256 ***");
}

#[test]
fn in_clear_a_careful_server_offers_nothing() {
    let scene = Scene::new();
    let sink = sink(scene.good.identity(), TlsMode::Required, users);
    let mut config = config(sink.port(), scene.policy(TlsMode::None));
    config.session.auth = Auth::Credentials(credentials().even_in_clear_text(true));
    let error = Client::connect(config).unwrap_err();
    let ConnectError::Session(SessionError::Auth(AuthError::NotOffered)) = error else { panic!("{error:?}") };
}

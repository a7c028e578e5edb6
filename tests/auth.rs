//! AUTH from both ends: the client against the sink, by every mechanism; what is seen of the credentials, and where.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use smtpipe::client::{Client, Config, ConnectError, fresh_nonce};
use smtpipe::sasl::{Credentials, Mechanism};
use smtpipe::session::{Auth, AuthError, Direction, Event, Message, SessionError, Status};
use smtpipe::sink::{Sink, SinkOptions};
use smtpipe::wire::{Address, Content};

const PASSWORD: &str = "correct horse \u{e9} battery";

/// The mechanisms that a password or a token serves for, without TLS underneath.
const PASSWORDS: [Mechanism; 5] =
    [Mechanism::ScramSha256, Mechanism::ScramSha1, Mechanism::CramMd5, Mechanism::Plain, Mechanism::Login];
const TOKENS: [Mechanism; 2] = [Mechanism::OauthBearer, Mechanism::Xoauth2];

fn message() -> Message {
    let content = Content::new(Bytes::from_static(b"Subject: x\r\n\r\nx\r\n"));
    Message::new(Address::new("me@a.example").unwrap(), content).to(Address::new("you@b.example").unwrap())
}

fn sink(change: impl FnOnce(&mut SinkOptions)) -> Sink {
    let users = vec![("tim,=\u{fc}".to_owned(), PASSWORD.to_owned()), ("tok".to_owned(), "t0k3n".to_owned())];
    let mut options = SinkOptions { users, require_auth: true, ..SinkOptions::default() };
    change(&mut options);
    Sink::start(options).unwrap()
}

fn config(sink: &Sink, credentials: Credentials) -> Config {
    let mut config = Config::new("127.0.0.1", sink.port());
    config.session.auth = Auth::Credentials(credentials);
    config
}

fn password() -> Credentials {
    Credentials::password("tim,=\u{fc}", PASSWORD).unwrap().even_in_clear_text(true)
}

fn token(token: &str) -> Credentials {
    Credentials::token("tok", token).unwrap().even_in_clear_text(true)
}

fn auth_error(result: Result<Client, ConnectError>) -> AuthError {
    match result.err() {
        Some(ConnectError::Session(SessionError::Auth(error))) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_mechanism_logs_in_and_mail_follows() {
    let sink = sink(|_| {});
    let all = PASSWORDS.map(|mechanism| (mechanism, password(), "tim,=\u{fc}"));
    let all = all.into_iter().chain(TOKENS.map(|mechanism| (mechanism, token("t0k3n"), "tok")));
    for (mechanism, credentials, user) in all {
        let mut client = Client::connect(config(&sink, credentials.only(&[mechanism]))).unwrap();
        client.send(message()).unwrap();
        assert_eq!(client.collect(None).unwrap().status, Status::Delivered, "{mechanism}");
        assert!(client.quit(None));
        let received = sink.take_messages();
        assert_eq!(received.iter().map(|m| &*m.user).collect::<Vec<_>>(), [user], "{mechanism}");
    }
}

#[test]
fn every_mechanism_finds_out_a_wrong_password() {
    let sink = sink(|_| {});
    let wrong = Credentials::password("tim,=\u{fc}", "wrong").unwrap().even_in_clear_text(true);
    let all = PASSWORDS.map(|mechanism| (mechanism, wrong.clone()));
    for (mechanism, credentials) in all.into_iter().chain(TOKENS.map(|mechanism| (mechanism, token("wrong"))))
    {
        let error = auth_error(Client::connect(config(&sink, credentials.only(&[mechanism]))));
        assert_eq!(error.reply().unwrap().code(), 535, "{mechanism}");
        let AuthError::Refused { mechanism: name, complaint, .. } = error else { panic!("{error:?}") };
        assert_eq!(name.unwrap().as_str(), mechanism.as_str());
        assert_eq!(complaint.is_some_and(|text| text.contains("invalid_token")), TOKENS.contains(&mechanism));
    }
    assert_eq!(sink.stats().refused, 7, "one attempt each");
}

#[test]
fn a_user_that_nobody_knows() {
    let sink = sink(|_| {});
    let unknown = Credentials::password("nobody", PASSWORD).unwrap();
    assert!(matches!(auth_error(Client::connect(config(&sink, unknown))), AuthError::Refused { .. }));
}

#[test]
fn without_login_no_mail() {
    let sink = sink(|_| {});
    let mut client = Client::connect(Config::new("127.0.0.1", sink.port())).unwrap();
    client.send(message()).unwrap();
    let outcome = client.collect(None).unwrap();
    assert_eq!((outcome.status, outcome.reply.unwrap().code()), (Status::Refused, 530));
}

#[test]
fn clear_text_over_tcp_only_when_told_and_over_a_unix_socket_always() {
    let plain = |options: &mut SinkOptions| options.auth_mechanisms = vec![Mechanism::Plain];
    let sink_tcp = sink(plain);
    let careful = password().even_in_clear_text(false);
    let error = auth_error(Client::connect(config(&sink_tcp, careful.clone())));
    assert_eq!(error, AuthError::ClearText { mechanism: Mechanism::Plain });
    let path = std::env::temp_dir().join(format!("smtpipe-auth-{}", std::process::id()));
    let sink_unix = sink(|options| {
        plain(options);
        options.unix_path = Some(path.clone());
    });
    let mut config = Config::unix(&path);
    config.session.auth = Auth::Credentials(careful);
    assert!(Client::connect(config).unwrap().quit(None));
    drop(sink_unix);
}

#[test]
fn external_and_a_sink_without_users() {
    let sink = sink(|options| options.auth_mechanisms = vec![Mechanism::External]);
    assert!(Client::connect(config(&sink, Credentials::external())).unwrap().quit(None));
    let open = Sink::start(SinkOptions::default()).unwrap();
    assert_eq!(auth_error(Client::connect(config(&open, password()))), AuthError::NotOffered);
}

/// A trace of one connection, and the same for `Debug`: nobody learns the password from either.
#[test]
fn nothing_secret_is_traced_or_shown() {
    for mechanism in PASSWORDS.into_iter().chain(TOKENS) {
        for right in [true, false] {
            let sink = sink(|_| {});
            let (user, secret) = match (TOKENS.contains(&mechanism), right) {
                (false, true) => ("tim,=\u{fc}", PASSWORD),
                (true, true) => ("tok", "t0k3n"),
                (_, false) => ("tok", "wr0ng"),
            };
            let credentials = if TOKENS.contains(&mechanism) {
                Credentials::token(user, secret)
            } else {
                Credentials::password(user, secret)
            };
            let credentials = credentials.unwrap().even_in_clear_text(true).only(&[mechanism]);
            let config = config(&sink, credentials);
            let mut shown = format!("{config:?} {:?}", config.session);
            let mut client = Client::open(config).unwrap();
            let lines = Arc::new(Mutex::new(Vec::new()));
            let hook = Arc::clone(&lines);
            client.set_trace(Some(Box::new(move |direction, line: &[u8]| {
                hook.lock().unwrap().push((direction, String::from_utf8_lossy(line).into_owned()));
            })));
            shown += &format!("{client:?}");
            client.send(message()).unwrap();
            client.flush(None);
            let outcome = client.collect(None);
            shown += &format!("{client:?} {:?} {outcome:?}", client.error());
            let lines = lines.lock().unwrap();
            let auth = lines.iter().find(|(_, line)| line.starts_with("AUTH ")).unwrap();
            assert!(auth.1.trim_end_matches(" ***") == format!("AUTH {mechanism}"), "{auth:?}");
            for text in lines.iter().map(|(_, line)| line).chain([&shown]) {
                assert_silent(text, user, secret);
            }
            let challenges =
                lines.iter().filter(|(from, line)| *from == Direction::Received && line.starts_with("334"));
            assert!(
                challenges.into_iter().all(|(_, line)| matches!(&**line, "334 ***" | "334 ")),
                "{lines:?}"
            );
        }
    }
}

/// Neither the secret nor anything that can be decoded to hold it.
fn assert_silent(text: &str, user: &str, secret: &str) {
    assert!(!text.contains(secret), "{text}");
    for word in text.split_ascii_whitespace() {
        let Ok(octets) = STANDARD.decode(word) else { continue };
        let plain = String::from_utf8_lossy(&octets);
        assert!(!plain.contains(secret) && !plain.contains(user), "{text}");
    }
    assert!(!text.contains(&STANDARD.encode(secret)), "{text}");
}

#[test]
fn a_callers_own_mechanism() {
    let sink = sink(|_| {});
    let mut config = Config::new("127.0.0.1", sink.port());
    config.session.auth = Auth::Caller;
    let mut client = Client::connect(config.clone()).unwrap();
    let Some(Event::AuthWanted { mechanisms, refused: None }) = client.auth_event() else {
        panic!("{:?}", client.auth_event());
    };
    assert!(mechanisms.contains("LOGIN"));
    assert!(client.auth_respond(b"", false).is_err() && client.auth_begin("A B", None, true).is_err());
    client.auth_begin("login", None, false).unwrap();
    for answer in ["tim,=\u{fc}", PASSWORD] {
        assert!(client.wait_auth(Some(Duration::from_secs(30))));
        assert!(matches!(client.auth_event(), Some(Event::AuthChallenge(_))));
        client.auth_respond(answer.as_bytes(), answer == PASSWORD).unwrap();
    }
    client.send(message()).unwrap();
    assert_eq!(client.collect(None).unwrap().status, Status::Delivered);

    let mut client = Client::connect(config).unwrap();
    client.auth_begin("LOGIN", None, false).unwrap();
    assert!(client.wait_auth(None));
    client.auth_cancel().unwrap();
    assert!(client.wait_auth(None) && client.is_closed());
    let Some(SessionError::Auth(AuthError::Cancelled { reply: Some(reply) })) = client.error() else {
        panic!("{:?}", client.error());
    };
    assert_eq!(reply.code(), 501);
}

#[test]
fn who_submitted_the_message() {
    let sink = sink(|_| {});
    let mut client = Client::connect(config(&sink, password())).unwrap();
    let mailbox = Address::new("e=mc2@example.com").unwrap();
    for message in [message().submitter(Some(&mailbox)), message().submitter(Some(&mailbox)).submitter(None)]
    {
        client.send(message).unwrap();
        assert_eq!(client.collect(None).unwrap().status, Status::Delivered);
    }
    let params: Vec<_> = sink.messages().iter().map(|m| m.mail_params.clone()).collect();
    assert!(params[0].ends_with("AUTH=e+3Dmc2@example.com") && params[1].ends_with("AUTH=<>"), "{params:?}");
}

#[test]
fn nonces_are_never_the_same() {
    assert_ne!(fresh_nonce().unwrap(), fresh_nonce().unwrap());
}

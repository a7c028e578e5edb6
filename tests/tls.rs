//! TLS, from both ends over real sockets: what works, and what a user reads when it doesn't.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

#[path = "tls/certificates.rs"]
mod certificates;
#[path = "tls/scene.rs"]
mod scene;

use std::io::Read as _;
use std::time::Duration;

use certificates::{expired, not_yet_valid, pem, self_signed};
use scene::{LONG, NAME, Scene, config, message, scripted, send_one, sink, tls_failure};
use smtpipe::client::{Client, ConnectError, Peers};
use smtpipe::session::{Level, PeerError, Reason, SessionError, Status, TlsFailure};
use smtpipe::sink::{Rule, RuleAction, RuleStage, Sink, SinkOptions};
use smtpipe::tls::{ClientCertificate, Pem, Pin, Roots, Tls, TlsConfigError, TlsMode, TlsVersion};
use smtpipe::wire::{Param, Reply};

const BOTH: [TlsMode; 2] = [TlsMode::Required, TlsMode::Implicit];

#[test]
fn messages_go_encrypted_in_either_mode() {
    let scene = Scene::new();
    for mode in BOTH {
        let sink = scene.sink(mode);
        let mut client = Client::connect(config(sink.port(), scene.policy(mode))).unwrap();
        let info = client.tls().expect("TLS").clone();
        assert_eq!((info.version, info.resumed, info.round_trips), (TlsVersion::Tls13, false, 1));
        assert!(info.cipher.starts_with("TLS_"), "{}", info.cipher);
        assert_eq!(info.peer_certificates, std::slice::from_ref(&scene.good.der));
        assert!(!client.capabilities().unwrap().starttls(), "it's not offered again");
        let outcome = send_one(&mut client);
        assert_eq!(outcome.status, Status::Delivered, "{outcome:?}");
        assert_eq!((client.stats().encrypted, client.stats().in_clear), (1, 0));
        assert!(client.quit(Some(LONG)) && client.error().is_none());
        assert_eq!((sink.stats().handshakes, sink.messages().len()), (1, 1));
        assert_eq!(client.tls(), Some(&info), "it can still be asked for");
    }
}

#[test]
fn the_older_version_works_too_and_a_newer_one_can_be_asked_for() {
    let scene = Scene::new();
    let mut identity = scene.good.identity();
    identity.max_version = TlsVersion::Tls12;
    let sink = sink(identity, TlsMode::Required, |_| {});
    let mut client = Client::connect(config(sink.port(), scene.policy(TlsMode::Required))).unwrap();
    let info = client.tls().unwrap();
    assert_eq!((info.version, info.version.as_str(), info.round_trips), (TlsVersion::Tls12, "TLSv1.2", 2));
    assert!(info.cipher.starts_with("TLS_ECDHE_"), "{}", info.cipher);
    assert_eq!(send_one(&mut client).status, Status::Delivered);

    let mut tls = scene.policy(TlsMode::Required);
    tls.min_version = TlsVersion::Tls13;
    let error = Client::connect(config(sink.port(), tls)).unwrap_err();
    assert_eq!(tls_failure(&error).0, TlsFailure::Refused);
    assert_eq!(error.to_string(), "TLS: the server refused the handshake: not that version");
}

/// The error that a user sees for a certificate that is wrong in one way.
fn verdict(scene: &Scene, mode: TlsMode, issued: &certificates::Issued) -> (TlsFailure, String) {
    let sink = sink(issued.identity(), mode, |_| {});
    let error = Client::connect(config(sink.port(), scene.policy(mode))).unwrap_err();
    assert_eq!(sink.stats().messages, 0);
    tls_failure(&error)
}

#[test]
fn each_wrong_certificate_has_its_own_words() {
    let scene = Scene::new();
    for mode in BOTH {
        let check = |issued: &certificates::Issued, failure, words: &str| {
            assert_eq!(verdict(&scene, mode, issued), (failure, words.to_owned()));
        };
        check(
            &scene.authority.issue(NAME, expired),
            TlsFailure::Expired,
            "TLS: the server's certificate has expired",
        );
        check(
            &scene.authority.issue(NAME, not_yet_valid),
            TlsFailure::NotYetValid,
            "TLS: the server's certificate is not valid yet",
        );
        let (failure, words) = verdict(&scene, mode, &scene.authority.issue("mx.example", |_| {}));
        assert_eq!(failure, TlsFailure::WrongName);
        assert!(words.contains("mx.example") && words.ends_with(", not for localhost"), "{words}");
        let stranger = "TLS: the server's certificate is self-signed, or its issuer is not trusted";
        check(&self_signed(NAME), TlsFailure::UnknownIssuer, stranger);
        check(
            &certificates::Authority::new("another").issue(NAME, |_| {}),
            TlsFailure::UnknownIssuer,
            stranger,
        );
    }
}

#[test]
fn the_name_can_be_another_than_the_host() {
    let scene = Scene::new();
    let sink = sink(scene.authority.issue("mx.example", |_| {}).identity(), TlsMode::Required, |_| {});
    let mut tls = scene.policy(TlsMode::Required);
    tls.server_name = Some("mx.example.".to_owned());
    assert!(Client::connect(config(sink.port(), tls.clone())).is_ok());
    tls.server_name = Some("no name".to_owned());
    let error = Client::connect(config(sink.port(), tls)).unwrap_err();
    assert_eq!(error.to_string(), "TLS: server name: not a name: no name");
}

#[test]
fn pins_narrow_the_choice_or_make_it() {
    let scene = Scene::new();
    // For another name, and long expired: for DANE that is nobody's business.
    let odd = scene.authority.issue("mx.example", expired);
    let good = scene.sink(TlsMode::Required);
    let strange = sink(odd.identity(), TlsMode::Required, |_| {});
    let pins = |issued: &certificates::Issued| {
        [Pin::Certificate(sha256(&issued.der)), Pin::PublicKey(sha256(&issued.public_key))]
    };
    for (right, wrong) in pins(&scene.good).into_iter().zip(pins(&odd)) {
        let mut tls = scene.policy(TlsMode::Required);
        tls.pins = vec![wrong, right];
        assert!(Client::connect(config(good.port(), tls.clone())).is_ok());
        tls.pins = vec![wrong];
        let error = Client::connect(config(good.port(), tls.clone())).unwrap_err();
        assert_eq!(tls_failure(&error).0, TlsFailure::NotPinned);
        assert_eq!(error.to_string(), "TLS: the server's certificate is not the one that is pinned");
        // With authorities, pins don't replace them.
        let error = Client::connect(config(strange.port(), tls.clone())).unwrap_err();
        assert_ne!(tls_failure(&error).0, TlsFailure::NotPinned);
        tls.roots = Roots::PinsAlone;
        assert!(Client::connect(config(strange.port(), tls.clone())).is_ok());
        tls.pins.clear();
        let error = Client::connect(config(strange.port(), tls)).unwrap_err();
        assert!(matches!(error, ConnectError::Tls(TlsConfigError::NoPin)), "{error}");
    }
}

#[test]
fn nothing_is_verified_only_where_that_was_said_aloud() {
    let scene = Scene::new();
    let sink = sink(self_signed("elsewhere.example").identity(), TlsMode::Required, |_| {});
    let mut tls = Tls::new(TlsMode::Required);
    tls.roots = Roots::Only(scene.authority.pem());
    tls.dangerously_accept_any_certificate = true;
    assert!(Client::connect(config(sink.port(), tls.clone())).is_ok());
    // A session made without looking is not resumed by somebody who looks.
    tls.dangerously_accept_any_certificate = false;
    let error = Client::connect(config(sink.port(), tls)).unwrap_err();
    assert_eq!(tls_failure(&error).0, TlsFailure::UnknownIssuer);
}

/// RFC 8689 §4.2.1: the server's certificate is to be verified.
#[test]
fn what_requires_tls_goes_to_nobody_unverified() {
    let scene = Scene::new();
    let sink = sink(scene.good.identity(), TlsMode::Required, |options| {
        options.extensions = vec!["REQUIRETLS".to_owned()];
    });
    let mut tls = scene.policy(TlsMode::Required);
    let outcome = |tls: &Tls| {
        let mut client = Client::connect(config(sink.port(), tls.clone())).unwrap();
        client.send(message(1, 10).param(Param::require_tls())).unwrap();
        client.collect(None).unwrap()
    };
    assert_eq!(outcome(&tls).status, Status::Delivered);
    tls.dangerously_accept_any_certificate = true;
    let refused = outcome(&tls);
    assert_eq!((refused.status, refused.reason), (Status::Refused, Some(Reason::NeedsTls)));
    assert_eq!(sink.take_messages().len(), 1);
}

#[test]
fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let scene = Scene::new();
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let mut identity = scene.good.identity();
        identity.client_roots = Some(scene.authority.pem());
        identity.max_version = version;
        let sink = sink(identity, TlsMode::Implicit, |_| {});
        let mut tls = scene.policy(TlsMode::Implicit);
        let error = Client::connect(config(sink.port(), tls.clone())).unwrap_err();
        assert_eq!(tls_failure(&error).0, TlsFailure::Refused, "{error}");
        let mine = scene.authority.issue("client.example", |_| {});
        tls.client_certificate = Some(ClientCertificate { chain: pem(&mine.chain), key: pem(&mine.key) });
        let mut client = Client::connect(config(sink.port(), tls)).unwrap();
        assert_eq!(send_one(&mut client).status, Status::Delivered);
    }
}

#[test]
fn a_policy_that_cannot_be_followed_fails_before_anything_is_connected() {
    let scene = Scene::new();
    let words = |change: &dyn Fn(&mut Tls)| {
        let mut tls = scene.policy(TlsMode::Required);
        change(&mut tls);
        // Nobody listens there: it must not get so far.
        Client::connect(config(1, tls)).unwrap_err().to_string()
    };
    let missing = || Pem::File("/nonexistent/ca.pem".into());
    assert_eq!(
        words(&|tls| tls.roots = Roots::Only(missing())),
        "TLS: certificate authorities: /nonexistent/ca.pem: No such file or directory (os error 2)"
    );
    assert_eq!(
        words(&|tls| tls.roots = Roots::Only(pem("not PEM"))),
        "TLS: certificate authorities: the data given: no certificate in PEM"
    );
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(words(&|tls| tls.roots = Roots::Only(pem(broken))).starts_with("TLS: certificate authorities: "));
    let client = |chain: Pem, key: Pem| {
        move |tls: &mut Tls| {
            tls.client_certificate = Some(ClientCertificate { chain: chain.clone(), key: key.clone() });
        }
    };
    let (chain, other) = (pem(&scene.good.chain), self_signed(NAME));
    assert_eq!(
        words(&client(chain.clone(), chain.clone())),
        "TLS: client certificate: the data given: no private key in PEM"
    );
    assert!(words(&client(chain, pem(&other.key))).contains("client certificate: "));
    let mut unix = smtpipe::client::Config::unix("/nonexistent/socket");
    unix.tls = scene.policy(TlsMode::Required);
    let error = Client::connect(unix).unwrap_err();
    assert_eq!(error.to_string(), "TLS: server name: a unix socket has none: it must be given");
}

#[test]
fn an_injection_behind_starttls_ends_it() {
    let scene = Scene::new();
    let answers = &["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n250 mx.evil\r\n"];
    let mut tls = scene.policy(TlsMode::Opportunistic);
    tls.clear_after_failed_tls = true;
    let error = Client::connect(config(scripted(answers, |_| {}), tls)).unwrap_err();
    assert!(matches!(error, ConnectError::Session(SessionError::Peer(PeerError::Injected))), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the server sent more behind its reply to STARTTLS, in clear: an attack, or a broken proxy"
    );
}

#[test]
fn a_downgrade_ends_it_where_tls_is_required() {
    let scene = Scene::new();
    let plain = Sink::start(SinkOptions::default()).unwrap();
    let error = Client::connect(config(plain.port(), scene.policy(TlsMode::Required))).unwrap_err();
    assert!(matches!(error, ConnectError::Session(SessionError::StartTlsNotOffered)));
    assert_eq!(error.to_string(), "TLS is required, and the server does not offer STARTTLS");

    let refuse = Rule::new(RuleStage::StartTls, "", RuleAction::Reply(Reply::new(454, b"4.7.0 not now")));
    let refusing =
        sink(scene.good.identity(), TlsMode::Required, |options| options.rules = vec![refuse.clone()]);
    let error = Client::connect(config(refusing.port(), scene.policy(TlsMode::Required))).unwrap_err();
    assert_eq!(error.to_string(), "TLS is required, and the server refused STARTTLS: 454 4.7.0 not now");
    assert_eq!(error.reply().map(Reply::code), Some(454));

    for sink in [plain, refusing] {
        let mut client = Client::connect(config(sink.port(), scene.policy(TlsMode::Opportunistic))).unwrap();
        assert_eq!(send_one(&mut client).status, Status::Delivered);
        assert_eq!((client.stats().encrypted, client.stats().in_clear), (0, 1));
        assert_eq!(client.tls(), None);
    }
}

#[test]
fn clear_text_follows_a_failed_handshake_only_where_that_is_allowed() {
    let scene = Scene::new();
    let sink = sink(self_signed(NAME).identity(), TlsMode::Opportunistic, |_| {});
    let mut tls = scene.policy(TlsMode::Opportunistic);
    let error = Client::connect(config(sink.port(), tls.clone())).unwrap_err();
    assert_eq!(tls_failure(&error).0, TlsFailure::UnknownIssuer);
    tls.clear_after_failed_tls = true;
    let mut client = Client::connect(config(sink.port(), tls)).unwrap();
    assert_eq!(send_one(&mut client).status, Status::Delivered);
    let stats = client.stats();
    assert_eq!((stats.connections, stats.encrypted, stats.in_clear), (2, 0, 1));
    assert_eq!(client.tls(), None);
}

#[test]
fn a_truncated_close_is_told_from_a_proper_one() {
    let scene = Scene::new();
    for mode in BOTH {
        let drop = Rule::new(RuleStage::Content, "", RuleAction::Drop);
        let sink = sink(scene.good.identity(), mode, |options| options.rules = vec![drop]);
        let mut client = Client::connect(config(sink.port(), scene.policy(mode))).unwrap();
        let outcome = send_one(&mut client);
        assert_eq!(outcome.status, Status::InDoubt, "{outcome:?}");
        assert_eq!(
            client.error().unwrap().to_string(),
            "the connection was cut off without a TLS close_notify while the reply to content was awaited"
        );
        assert!(matches!(client.error(), Some(SessionError::Truncated { .. })));

        // The same with a proper end: a server that shuts down says so.
        let reply = RuleAction::Reply(Reply::new(421, b"4.3.2 going down"));
        let sink = sink_with(&scene, mode, Rule::new(RuleStage::Mail, "", reply));
        let mut client = Client::connect(config(sink.port(), scene.policy(mode))).unwrap();
        assert_eq!(send_one(&mut client).status, Status::NotSent);
        assert!(matches!(client.error(), Some(SessionError::ShutDown(_))), "{:?}", client.error());
    }
}

fn sink_with(scene: &Scene, mode: TlsMode, rule: Rule) -> Sink {
    sink(scene.good.identity(), mode, |options| options.rules = vec![rule])
}

#[test]
fn what_is_not_tls_is_called_so() {
    let scene = Scene::new();
    let plain = Sink::start(SinkOptions::default()).unwrap();
    let error = Client::connect(config(plain.port(), scene.policy(TlsMode::Implicit))).unwrap_err();
    assert_eq!(tls_failure(&error).0, TlsFailure::Protocol, "{error}");

    let go = &["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", "220 go\r\n"];
    // A ClientHello is there before it hangs up: otherwise the kernel might say more than the server did.
    let hang_up = |mut stream: std::net::TcpStream| drop(stream.read(&mut [0; 5000]));
    let error = Client::connect(config(scripted(go, hang_up), scene.policy(TlsMode::Required))).unwrap_err();
    assert_eq!(tls_failure(&error).0, TlsFailure::HungUp, "{error}");

    for (mode, answers) in [(TlsMode::Required, &go[..]), (TlsMode::Implicit, &[])] {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let silent = scripted(answers, move |stream| {
            let _ = receiver.recv();
            drop(stream);
        });
        let mut config = config(silent, scene.policy(mode));
        config.session.timeouts.tls = Duration::from_millis(50);
        let error = Client::connect(config).unwrap_err();
        assert_eq!(tls_failure(&error).0, TlsFailure::TimedOut);
        assert!(error.is_timeout());
        drop(sender);
    }
}

#[test]
fn a_session_is_resumed_by_the_next_client() {
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let scene = Scene::new();
        let mut identity = scene.good.identity();
        identity.max_version = version;
        let sink = sink(identity, TlsMode::Required, |_| {});
        let mut spent = Vec::new();
        for nth in 0..3 {
            let mut client = Client::connect(config(sink.port(), scene.policy(TlsMode::Required))).unwrap();
            assert_eq!(send_one(&mut client).status, Status::Delivered);
            let info = client.tls().unwrap();
            assert_eq!((info.version, info.resumed), (version, nth > 0));
            assert_eq!(info.peer_certificates, std::slice::from_ref(&scene.good.der));
            spent.push(client.stats().round_trips);
            client.quit(Some(LONG));
        }
        assert_eq!(sink.stats().resumed, 2);
        // Greeting, EHLO, STARTTLS; the handshake; EHLO, the group, the content.
        let saved = u32::from(version == TlsVersion::Tls12);
        assert_eq!(spent, [7 + saved, 7, 7]);
    }
}

#[test]
fn everything_arrives_at_every_level_however_small_the_buffers() {
    let scene = Scene::new();
    for level in Level::ALL {
        for buffers in [None, Some(4096)] {
            let sink =
                sink(scene.good.identity(), TlsMode::Implicit, |options| options.socket_buffers = buffers);
            let mut config = config(sink.port(), scene.policy(TlsMode::Implicit));
            config.session.level = Some(level);
            let mut client = Client::connect(config).unwrap();
            let sizes = [0, 1, 100, 16_000, 16_384, 16_400, 70_000, 300_000, 5];
            let messages = sizes.iter().enumerate().map(|(number, &size)| message(number, size));
            for outcome in client.send_all(messages) {
                assert_eq!(outcome.unwrap().status, Status::Delivered, "{level} {buffers:?}");
            }
            assert!(client.quit(Some(LONG)));
            assert!(sink.wait(LONG, |stats| stats.open == 0));
            let received = sink.take_messages();
            assert_eq!(received.len(), sizes.len());
            for (number, received) in received.iter().enumerate() {
                assert_eq!(received.sender, format!("from{number}@a.example"));
                assert_eq!(&received.content, message(number, sizes[number]).content().bytes());
            }
        }
    }
}

#[test]
fn an_encrypted_server_is_remembered_apart_from_the_clear_one() {
    let scene = Scene::new();
    let peers = Peers::new();
    let sink = sink(scene.good.identity(), TlsMode::Implicit, |options| {
        options.extensions = vec!["PIPECONNECT".to_owned()];
    });
    let mut trips = Vec::new();
    for _ in 0..2 {
        let mut config = config(sink.port(), scene.policy(TlsMode::Implicit));
        config.peers = Some(peers.clone());
        let mut client = Client::open(config).unwrap();
        assert_eq!(send_one(&mut client).status, Status::Delivered);
        client.quit(Some(LONG));
        trips.push(client.stats().round_trips);
    }
    // The second speaks with the end of the handshake: greeting, EHLO and the group are one round trip.
    assert_eq!(trips, [5, 3]);
    assert_eq!(peers.len(), 1);
    assert!(String::from_utf8(peers.to_bytes()).unwrap().contains("\ttls\t"));
}

fn sha256(data: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(data).into()
}

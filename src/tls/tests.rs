//! Two channels with nothing in between.

use std::io::IoSlice;

use super::*;
use crate::session::TlsFailure;

fn pem(text: String) -> Pem {
    Pem::Data(text.into_bytes().into())
}

fn identity() -> Identity {
    let made = rcgen::generate_simple_self_signed(["mx.example".to_owned()]).unwrap();
    Identity::new(pem(made.cert.pem()), pem(made.signing_key.serialize_pem()))
}

fn pair(version: TlsVersion) -> (Channel, Channel) {
    let identity = Identity { max_version: version, ..identity() };
    let mut tls = Tls::new(TlsMode::Implicit);
    tls.roots = Roots::Only(identity.chain.clone());
    let client = Connector::new(&tls, Some("MX.Example.")).unwrap().channel().unwrap();
    (client, Acceptor::new(&identity).unwrap().channel().unwrap())
}

/// Everything that one of them has to say, heard by the other.
fn carry(from: &mut Channel, to: &mut Channel) -> Vec<u8> {
    let (mut clear, encrypted) = (Vec::new(), from.outgoing().to_vec());
    from.written(encrypted.len());
    to.receive(&encrypted, &mut clear).unwrap();
    clear
}

fn established(version: TlsVersion) -> (Channel, Channel) {
    let (mut client, mut server) = pair(version);
    while client.is_handshaking() || server.is_handshaking() {
        assert_eq!(carry(&mut client, &mut server), b"");
        assert_eq!(carry(&mut server, &mut client), b"");
    }
    (client, server)
}

#[test]
fn what_has_not_left_is_known_to_the_octet() {
    for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
        let (mut client, mut server) = established(version);
        let data: Vec<u8> = (0..40_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let slices = [IoSlice::new(&data[..3]), IoSlice::new(&[]), IoSlice::new(&data[3..])];
        assert_eq!(client.send(&slices, 0), data.len());
        assert_eq!(client.held(), 40_000);
        let encrypted = client.outgoing().to_vec();
        let mut arrived = Vec::new();
        for octet in &encrypted {
            client.written(1);
            server.receive(std::slice::from_ref(octet), &mut arrived).unwrap();
            assert_eq!(arrived.len() as u64 + client.held(), 40_000, "what the server can't have is held");
        }
        assert_eq!(arrived, data);
    }
}

#[test]
fn what_is_encrypted_ahead_is_bounded() {
    let (mut client, mut server) = established(TlsVersion::Tls13);
    let data = vec![7; 1_000_000];
    let mut taken = client.send(&[IoSlice::new(&data)], 0);
    assert!(taken < 100_000 && client.outgoing().len() < 100_000, "{taken}");
    assert_eq!(client.send(&[IoSlice::new(&data)], taken), 0, "no room");
    let mut arrived = Vec::new();
    while !client.outgoing().is_empty() {
        arrived.extend(carry(&mut client, &mut server));
        taken += client.send(&[IoSlice::new(&data)], taken);
    }
    assert_eq!((taken, arrived.len(), client.held()), (1_000_000, 1_000_000, 0));
}

#[test]
fn a_proper_end_is_told_from_a_cut() {
    let (mut client, mut server) = established(TlsVersion::Tls13);
    client.send(&[IoSlice::new(b"bye")], 0);
    client.close();
    assert_eq!((server.is_closed(), server.ended()), (false, Ended::Cut));
    assert_eq!(carry(&mut client, &mut server), b"bye");
    assert_eq!((server.is_closed(), server.ended()), (true, Ended::Properly));
    let mut clear = Vec::new();
    server.receive(b"anything", &mut clear).unwrap();
    assert_eq!(clear, b"", "behind the end there is nothing");
}

#[test]
fn both_sides_bind_to_the_same_channel() {
    let (client, server) = established(TlsVersion::Tls13);
    let bound = client.secure().exporter;
    assert_eq!(bound.len(), 32);
    assert_eq!(bound, server.secure().exporter);
    assert_ne!(bound, established(TlsVersion::Tls13).0.secure().exporter);
    assert_eq!(established(TlsVersion::Tls12).0.secure().exporter, b"");
}

#[test]
fn a_changed_octet_is_noticed_and_the_other_side_is_told() {
    let (mut client, mut server) = established(TlsVersion::Tls13);
    client.send(&[IoSlice::new(b"250 ok\r\n")], 0);
    let mut encrypted = client.outgoing().to_vec();
    *encrypted.last_mut().unwrap() ^= 1;
    let mut clear = Vec::new();
    let error = server.receive(&encrypted, &mut clear).unwrap_err();
    assert_eq!((error.failure(), clear.len()), (TlsFailure::Protocol, 0));
    let alert = server.outgoing().to_vec();
    let error = client.receive(&alert, &mut clear).unwrap_err();
    assert_eq!(error.failure(), TlsFailure::Refused);
}

#[test]
fn policies_that_say_the_same_share_their_sessions_and_others_do_not() {
    let identity = identity();
    let acceptor = Acceptor::new(&identity).unwrap();
    let mut tls = Tls::new(TlsMode::Required);
    tls.roots = Roots::Only(identity.chain.clone());
    let resumed = |tls: &Tls| {
        let mut client = Connector::new(tls, Some("mx.example")).unwrap().channel().unwrap();
        let mut server = acceptor.channel().unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            carry(&mut client, &mut server);
            carry(&mut server, &mut client);
        }
        // The tickets come with the first answer.
        carry(&mut server, &mut client);
        client.info().unwrap().resumed
    };
    assert!(!resumed(&tls));
    assert!(resumed(&tls.clone()));
    let mut strict = tls.clone();
    strict.min_version = TlsVersion::Tls13;
    assert!(!resumed(&strict));
    assert!(resumed(&strict) && resumed(&tls));
    let mut lax = tls.clone();
    lax.dangerously_accept_any_certificate = true;
    assert!(!resumed(&lax));
}

#[test]
fn no_key_is_shown() {
    let identity = identity();
    let tls = Tls {
        client_certificate: Some(ClientCertificate {
            chain: identity.chain.clone(),
            key: identity.key.clone(),
        }),
        ..Tls::default()
    };
    let shown = format!("{tls:?} {identity:?}");
    assert!(!shown.contains("PRIVATE") && !shown.contains("BEGIN"), "{shown}");
}

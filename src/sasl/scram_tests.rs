//! SCRAM against the examples of its RFCs, and against servers that lie.

use super::*;

const SHA1_NONCE: &str = "fyko+d2lbbFgONRv9qkxdawL";
const SHA1_FIRST: &str = "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
const SHA256_NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const SHA256_FIRST: &str =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

fn start(mechanism: Mechanism, nonce: &str, binding: Binding<'_>) -> (Scram, String) {
    let credentials = Credentials::password("user", "pencil").unwrap();
    let (scram, initial) =
        Scram::start(mechanism, &credentials, binding, &Nonce::new(nonce).unwrap()).unwrap();
    (scram, text(&initial))
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// RFC 5802 §5.
#[test]
fn rfc_5802() {
    let (mut scram, initial) = start(Mechanism::ScramSha1, SHA1_NONCE, Binding::None);
    assert_eq!(initial, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
    assert_eq!(
        text(&scram.step(SHA1_FIRST.as_bytes()).unwrap()),
        "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    );
    assert!(!scram.is_complete());
    assert_eq!(text(&scram.step(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=").unwrap()), "");
    assert!(scram.is_complete());
    assert_eq!(scram.step(b"v=").err(), Some(SaslError::Unexpected));
    assert!(!scram.is_complete());
}

/// RFC 7677 §3.
#[test]
fn rfc_7677() {
    let (mut scram, initial) = start(Mechanism::ScramSha256, SHA256_NONCE, Binding::None);
    assert_eq!(initial, "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert_eq!(
        text(&scram.step(SHA256_FIRST.as_bytes()).unwrap()),
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    scram.step(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=,x=an extension").unwrap();
    assert!(scram.is_complete());
}

#[test]
fn a_wrong_proof_is_a_forgery() {
    for (last, error) in [
        ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G5=", SaslError::Malformed),
        ("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", SaslError::Forged),
        ("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsg==", SaslError::Forged),
        ("v=", SaslError::Forged),
        ("", SaslError::Malformed),
        ("x=1,v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", SaslError::Malformed),
    ] {
        let (mut scram, _) = start(Mechanism::ScramSha256, SHA256_NONCE, Binding::None);
        scram.step(SHA256_FIRST.as_bytes()).unwrap();
        assert_eq!(scram.step(last.as_bytes()).err(), Some(error), "{last}");
        assert!(!scram.is_complete());
    }
}

#[test]
fn first_messages_that_no_honest_server_sends() {
    let salt = "s=QSXCR+Q6sek8bf92";
    let ours = "r=fyko+d2lbbFgONRv9qkxdawL";
    for (first, error) in [
        (format!("{ours},{salt},i=4096"), SaslError::Nonce),
        (format!("r=other,{salt},i=4096"), SaslError::Nonce),
        (format!("{ours}x,{salt},i=4095"), SaslError::Iterations(4095)),
        (format!("{ours}x,{salt},i=600001"), SaslError::Iterations(600_001)),
        (format!("{ours}x,{salt},i=99999999999"), SaslError::Iterations(u32::MAX)),
        (format!("{ours}x,{salt},i=+4096"), SaslError::Malformed),
        (format!("{ours}x,{salt},i="), SaslError::Malformed),
        (format!("{ours}x,{salt}"), SaslError::Malformed),
        (format!("{ours}x,s=,i=4096"), SaslError::Malformed),
        (format!("{ours}x,s=*,i=4096"), SaslError::Malformed),
        (format!("{salt},{ours}x,i=4096"), SaslError::Malformed),
        (format!("m=1,{ours}x,{salt},i=4096"), SaslError::Malformed),
        ("v=x".to_owned(), SaslError::Malformed),
        (String::new(), SaslError::Malformed),
    ] {
        let (mut scram, _) = start(Mechanism::ScramSha1, SHA1_NONCE, Binding::None);
        assert_eq!(scram.step(first.as_bytes()).err(), Some(error), "{first}");
        assert!(!scram.is_complete());
    }
    let (mut scram, _) = start(Mechanism::ScramSha1, SHA1_NONCE, Binding::None);
    assert_eq!(scram.step(b"\xff").err(), Some(SaslError::Malformed));
}

#[test]
fn the_channel_is_part_of_what_is_proved() {
    for (binding, header, channel) in [
        (Binding::NotOffered, "y,,", "y,,".as_bytes().to_vec()),
        (Binding::Exporter(&[7; 32]), "p=tls-exporter,,", [&b"p=tls-exporter,,"[..], &[7; 32]].concat()),
    ] {
        let (mut scram, initial) = start(Mechanism::ScramSha256Plus, SHA256_NONCE, binding);
        assert!(initial.starts_with(header), "{initial}");
        let last = text(&scram.step(SHA256_FIRST.as_bytes()).unwrap());
        assert!(last.starts_with(&format!("c={},r=", STANDARD.encode(channel))), "{last}");
    }
}

#[test]
fn names_are_prepared_and_escaped() {
    let nonce = Nonce::new("n").unwrap();
    let credentials = Credentials::password("a=b,\u{2168}", "I\u{ad}X").unwrap().acting_for("x,y").unwrap();
    let (scram, initial) = Scram::start(Mechanism::ScramSha1, &credentials, Binding::None, &nonce).unwrap();
    assert_eq!(text(&initial), "n,a=x=2Cy,n=a=3Db=2CIX,r=n");
    assert_eq!(scram.password.as_str(), "IX");
    let odd = Credentials::password("u", "\u{7}").unwrap();
    let refused = Scram::start(Mechanism::ScramSha1, &odd, Binding::None, &nonce);
    assert_eq!(refused.err(), Some(SaslError::Unpreparable));
}

#[test]
fn a_complaint_is_kept_and_answered_with_nothing() {
    let (mut scram, _) = start(Mechanism::ScramSha256, SHA256_NONCE, Binding::None);
    scram.step(SHA256_FIRST.as_bytes()).unwrap();
    assert_eq!(text(&scram.step(b"e=invalid-proof").unwrap()), "");
    assert_eq!(scram.complaint(), Some("invalid-proof"));
    assert!(!scram.is_complete());
}

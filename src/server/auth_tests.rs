//! AUTH from the server's side, line by line.

use crate::server::{AnswerError, Request, ServerOptions, ServerSession};

fn session(required: bool) -> ServerSession {
    let options = ServerOptions {
        auth: vec!["PLAIN".to_owned(), "X\r\n250 EVIL".to_owned(), "X-OWN".to_owned()],
        auth_required: required,
        ..ServerOptions::default()
    };
    let mut session = ServerSession::new(options);
    assert_eq!(session.next_request(), Some(Request::Greeting));
    session.accept().unwrap();
    say(&mut session, "EHLO x");
    session.accept().unwrap();
    assert!(output(&mut session).contains("AUTH PLAIN X-OWN\r\n"));
    session
}

/// Feeds a line; whether something was asked.
fn say(session: &mut ServerSession, line: &str) -> bool {
    session.feed(format!("{line}\r\n").as_bytes());
    session.next_request().is_some()
}

fn output(session: &mut ServerSession) -> String {
    let text = String::from_utf8(session.output().to_vec()).unwrap();
    session.sent(text.len());
    text
}

#[test]
fn an_initial_response() {
    let mut session = session(false);
    session.feed(b"auth plain AHUAcA==\r\n");
    assert_eq!(session.next_request(), Some(Request::Auth { mechanism: "plain", initial: Some(b"\0u\0p") }));
    session.accept().unwrap();
    assert_eq!(output(&mut session), "235 2.7.0 Authentication successful\r\n");
    assert!(session.is_authenticated());
    assert!(!say(&mut session, "AUTH PLAIN AHUAcA=="));
    assert!(output(&mut session).starts_with("503 5.5.1"));
}

#[test]
fn challenges_and_responses() {
    let mut session = session(false);
    session.feed(b"AUTH X-OWN =\r\n");
    assert_eq!(session.next_request(), Some(Request::Auth { mechanism: "X-OWN", initial: Some(b"") }));
    session.challenge(b"who?").unwrap();
    assert_eq!(output(&mut session), "334 d2hvPw==\r\n");
    assert_eq!(session.challenge(b""), Err(AnswerError::NothingAsked));
    // Cut anywhere: it is kept until its line end.
    session.feed(b"bW");
    assert_eq!(session.next_request(), None);
    session.feed(b"U=\r\n");
    assert_eq!(session.next_request(), Some(Request::AuthResponse(b"me")));
    session.challenge(b"").unwrap();
    assert_eq!(output(&mut session), "334 \r\n");
    session.feed(b"\r\nNOOP\r\n");
    assert_eq!(session.next_request(), Some(Request::AuthResponse(b"")));
    session.reply(535, "no").unwrap();
    assert_eq!(output(&mut session), "535 5.7.8 no\r\n");
    assert!(!session.is_authenticated());
    assert_eq!(session.next_request(), Some(Request::Noop));
    assert_eq!(session.challenge(b""), Err(AnswerError::Code(334)));
}

#[test]
fn without_initial_response() {
    let mut session = session(false);
    session.feed(b"AUTH PLAIN\r\n");
    assert_eq!(session.next_request(), Some(Request::Auth { mechanism: "PLAIN", initial: None }));
}

#[test]
fn what_is_refused_without_asking() {
    for (line, reply) in [
        ("AUTH", "501 5.5.4"),
        ("AUTH PLAIN a b", "501 5.5.4"),
        ("AUTH PLAIN ?", "501 5.5.2"),
        ("AUTH PLAIN QQ", "501 5.5.2"),
        ("AUTH CRAM-MD5", "504 5.5.4"),
        ("AUTH EVIL", "504 5.5.4"),
    ] {
        let mut session = session(false);
        assert!(!say(&mut session, line), "{line}");
        let said = output(&mut session);
        assert!(said.starts_with(reply), "{line}: {said}");
    }
}

#[test]
fn giving_up_and_nonsense_end_the_exchange() {
    let long = "A".repeat(12292);
    for (line, reply) in [("*", "501 5.7.0"), ("=", "501 5.5.2"), ("a b", "501 5.5.2"), (&long, "500 5.5.6")]
    {
        let mut session = session(false);
        assert!(say(&mut session, "AUTH PLAIN"));
        session.challenge(b"").unwrap();
        output(&mut session);
        assert!(!say(&mut session, line));
        assert!(output(&mut session).starts_with(reply), "{line}");
        assert!(say(&mut session, "NOOP"));
    }
    let mut session = session(false);
    assert!(say(&mut session, "AUTH PLAIN"));
    session.challenge(b"").unwrap();
    assert!(say(&mut session, &"A".repeat(12288)));
}

#[test]
fn mail_waits_for_auth_where_it_is_required() {
    let mut session = session(true);
    for line in ["MAIL FROM:<a@b>", "RCPT TO:<a@b>", "VRFY x", "ETRN x"] {
        assert!(!say(&mut session, line));
        assert!(output(&mut session).starts_with("530 5.7.0"), "{line}");
    }
    // The chunk of a refused BDAT is swallowed all the same.
    session.feed(b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n");
    assert_eq!(session.next_request(), Some(Request::Noop));
    session.accept().unwrap();
    assert!(output(&mut session).starts_with("530 5.7.0"));
    for line in ["RSET", "NOOP", "HELP", "EHLO y", "AUTH PLAIN AHUAcA=="] {
        assert!(say(&mut session, line), "{line}");
        session.accept().unwrap();
    }
    assert!(say(&mut session, "MAIL FROM:<a@b> AUTH=a+2Bb@example.org"));
    session.accept().unwrap();
    assert!(!say(&mut session, "AUTH PLAIN AHUAcA=="));
}

#[test]
fn only_over_tls_where_that_is_wanted() {
    let options = ServerOptions {
        auth: vec!["PLAIN".to_owned(), "SCRAM-SHA-256-PLUS".to_owned()],
        auth_needs_tls: true,
        auth_required: true,
        starttls: true,
        ..ServerOptions::default()
    };
    let mut session = ServerSession::new(options);
    session.next_request();
    session.accept().unwrap();
    say(&mut session, "EHLO x");
    session.accept().unwrap();
    assert!(!output(&mut session).contains("AUTH"));
    assert!(!say(&mut session, "AUTH PLAIN AHUAcA=="));
    assert!(output(&mut session).starts_with("538 5.7.11"));
    assert!(say(&mut session, "STARTTLS"), "that needs no login");
    session.accept().unwrap();
    output(&mut session);
    assert!(session.tls_established());
    say(&mut session, "EHLO x");
    session.accept().unwrap();
    assert!(output(&mut session).contains("AUTH PLAIN SCRAM-SHA-256-PLUS\r\n"));
    assert!(say(&mut session, "AUTH SCRAM-SHA-256-PLUS"));
}

#[test]
fn the_parameter_of_mail() {
    for (value, good) in [("<>", true), ("e+3Dmc2@example.com", true), ("+zz", false), ("", false)] {
        let mut session = session(false);
        assert_eq!(say(&mut session, &format!("MAIL FROM:<a@b> AUTH={value}")), good, "{value}");
    }
    let mut session = ServerSession::new(ServerOptions { hello_optional: true, ..ServerOptions::default() });
    session.next_request();
    session.accept().unwrap();
    assert!(!say(&mut session, "MAIL FROM:<a@b> AUTH=<>"), "not offered");
    session.feed(b"AUTH PLAIN\r\n");
    assert_eq!(session.next_request(), Some(Request::Unknown { verb: "AUTH", argument: "PLAIN" }));
}

#[test]
fn debug_shows_nothing_of_what_was_said() {
    let mut session = session(false);
    assert!(say(&mut session, "AUTH PLAIN AHVzZXIAcGVuY2ls"));
    let shown = format!("{session:?}");
    let octets = format!("{:?}", b"AHVzZXIAcGVuY2ls");
    assert!(!shown.contains(octets.trim_matches(['[', ']'])) && !shown.contains("99, 105, 108"), "{shown}");
}

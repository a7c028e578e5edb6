//! RFC 2920 (and RFC 2197, its predecessor) §3.2, what it asks of a server: S1 to S8, a test or more for each.
#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use smtpipe::server::{Hello, Request, ServerOptions, ServerSession};

/// A session behind its greeting and EHLO, its output so far taken.
fn ready() -> ServerSession {
    let mut session = ServerSession::new(ServerOptions::default());
    session.feed(b"EHLO client.example\r\n");
    accept_all(&mut session);
    take(&mut session);
    session
}

/// Accepts whatever is asked; returns what that was.
fn accept_all(session: &mut ServerSession) -> Vec<String> {
    let mut asked = Vec::new();
    while let Some(request) = session.next_request() {
        asked.push(name(&request));
        if !matches!(request, Request::Content(_)) {
            session.accept().unwrap();
        }
    }
    asked
}

fn name(request: &Request<'_>) -> String {
    match request {
        Request::Mail { from, .. } => format!("MAIL {}", from.as_str()),
        Request::Rcpt { to, .. } => format!("RCPT {}", to.as_str()),
        Request::Content(piece) => format!("content {}", String::from_utf8_lossy(piece)),
        other => format!("{other:?}"),
    }
}

/// What may be written now, as if it were written.
fn take(session: &mut ServerSession) -> String {
    let output = String::from_utf8_lossy(session.output()).into_owned();
    session.sent(output.len());
    output
}

fn codes(output: &str) -> Vec<u16> {
    output.lines().map(|line| line[..3].parse().unwrap()).collect()
}

#[test]
fn s1_commands_are_answered_in_the_order_received() {
    let mut session = ready();
    session.feed(b"MAIL FROM:<a@b>\r\nRCPT TO:<one@x>\r\nRCPT TO:<two@x>\r\nRCPT TO:<>\r\nRCPT TO:<three@x>\r\nFOO\r\n");
    let mut number = 0;
    while let Some(request) = session.next_request() {
        let code = if matches!(request, Request::Unknown { .. }) { 500 } else { 250 };
        number += 1;
        session.reply(code, &format!("answer {number}")).unwrap();
    }
    assert_eq!(
        take(&mut session),
        "250 2.1.0 answer 1\r\n250 2.1.5 answer 2\r\n250 2.1.5 answer 3\r\n501 5.1.3 Recipient must not be empty\r\n\
         250 2.1.5 answer 4\r\n500 5.5.1 answer 5\r\n"
    );
}

#[test]
fn s1_an_answer_that_takes_its_time_holds_up_the_ones_behind_it() {
    let mut session = ready();
    session.feed(b"NOOP\r\nVRFY someone\r\nQUIT\r\n");
    assert_eq!(session.next_request(), Some(Request::Noop));
    assert_eq!(session.next_request(), None, "one question at a time");
    session.feed(b"late input\r\n");
    assert_eq!(session.next_request(), None);
    assert!(session.output().is_empty());
    session.reply(250, "slow").unwrap();
    assert_eq!(session.next_request(), Some(Request::Vrfy("someone")));
    session.reply(250, "<someone@x>").unwrap();
    assert_eq!(session.next_request(), Some(Request::Quit));
    session.accept().unwrap();
    assert_eq!(codes(&take(&mut session)), [250, 250, 221]);
}

#[test]
fn s2_replies_to_grouped_commands_are_gathered_and_sent_as_a_unit() {
    let mut session = ready();
    session.feed(
        b"RSET\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nSEND FROM:<a@b>\r\nSOML FROM:<a@b>\r\n\
          SAML FROM:<a@b>\r\nRSET\r\n",
    );
    let mut asked = 0;
    while session.next_request().is_some() {
        session.accept().unwrap();
        asked += 1;
        if asked < 5 {
            assert!(session.output().is_empty(), "reply {asked} left alone");
        }
    }
    assert_eq!(codes(&take(&mut session)), [250, 250, 250, 250, 502, 502, 502, 250]);
}

#[test]
fn s2_the_last_command_of_the_group_takes_the_gathered_replies_with_it() {
    let mut session = ready();
    session.feed(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n");
    for expected in [&[][..], &[], &[250, 250, 354]] {
        assert!(session.next_request().is_some());
        session.accept().unwrap();
        let ready: Vec<_> = codes(&String::from_utf8_lossy(session.output()));
        assert_eq!(ready, expected);
    }
}

#[test]
fn s3_replies_to_commands_that_end_a_group_are_never_held_back() {
    for (command, code) in [
        ("EHLO x", 250),
        ("VRFY x", 252),
        ("EXPN x", 502),
        ("TURN", 502),
        ("NOOP", 250),
        ("HELP", 214),
        ("ETRN x", 502),
        ("FOO", 500),
        ("DATA", 503),
        ("STARTTLS", 500),
        ("QUIT", 221),
    ] {
        let mut session = ready();
        // More input waits, so that nothing but the command itself can be the reason to send.
        session.feed(format!("{command}\r\nRSET\r\nNOOP\r\n").as_bytes());
        let asked = session.next_request().is_some_and(|request| !matches!(request, Request::Rset));
        if asked {
            session.accept().unwrap();
        }
        assert_eq!(codes(&take(&mut session))[0], code, "{command}");
    }
    let mut session = ServerSession::new(ServerOptions::default());
    session.feed(b"HELO x\r\nRSET\r\n");
    for expected in [220, 250] {
        assert!(session.next_request().is_some());
        session.accept().unwrap();
        assert_eq!(codes(&take(&mut session)), [expected]);
    }
}

#[test]
fn s4_pending_replies_are_sent_before_the_server_waits_for_input() {
    // Behind each of these the client may wait, although none of them ends a group.
    for (input, expected) in [
        ("RSET\r\n", &[250][..]),
        ("MAIL FROM:<a@b>\r\n", &[250]),
        ("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRC", &[250, 250]),
        ("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 4\r\nab", &[250, 250]),
        ("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2\r\nab", &[250, 250, 250]),
        ("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 2 LAST\r\nab", &[250, 250, 250]),
        ("RCPT TO:<c@d>\r\nBDAT 9 LAST\r\nab", &[503]),
    ] {
        let mut session = ready();
        session.feed(input.as_bytes());
        accept_all(&mut session);
        assert_eq!(codes(&take(&mut session)), expected, "{input}");
    }
}

#[test]
fn s4_a_group_without_end_is_answered_all_the_same() {
    let mut session = ready();
    session.feed(b"MAIL FROM:<a@b>\r\n");
    session.feed(&b"RSET\r\n".repeat(50_000));
    let mut most = 0;
    while let Some(_request) = session.next_request() {
        session.accept().unwrap();
        most = most.max(session.output().len());
        take(&mut session);
    }
    assert!(most > 0 && most < 100_000, "{most} octets were gathered");
}

#[test]
fn s5_input_is_never_lost_whatever_is_answered() {
    let mut session = ready();
    session.feed(
        b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nMAIL FROM:<e@f>\r\nBDAT 6 LAST\r\nNOOP\r\nRSET\r\n\
          MAIL FROM:<g@h>\r\nRCPT TO:<i@j>\r\nBDAT 2 LAST\r\nhiNOOP\r\n",
    );
    // Every refusal a server might be tempted to empty its buffer at: MAIL, RCPT, DATA, a chunk.
    let mut asked = Vec::new();
    while let Some(request) = session.next_request() {
        asked.push(name(&request));
        match request {
            Request::Rcpt { to, .. } if to.as_str() == "c@d" => session.reply(550, "no").unwrap(),
            Request::Content(_) => {}
            _ => session.accept().unwrap(),
        }
    }
    assert_eq!(codes(&take(&mut session)), [250, 550, 554, 503, 554, 250, 250, 250, 250, 250]);
    let expected = [
        "MAIL a@b",
        "RCPT c@d",
        "Rset",
        "MAIL g@h",
        "RCPT i@j",
        "Bdat { size: 2, last: true }",
        "content hi",
        "ContentEnd { replies: 1 }",
        "Noop",
    ];
    assert_eq!(asked, expected);
}

proptest! {
    #[test]
    fn s5_input_is_never_lost_wherever_it_is_cut(cuts in prop::collection::vec(1usize..30, 1..40)) {
        let input = b"MAIL FROM:<a@b>\r\nRCPT TO:<>\r\nRCPT TO:<c@d>\r\nDATA\r\n..x\r\n.\r\nMAIL FROM:<e@f>\r\n\
                      BDAT 6 LAST\r\nNOOP\r\nRSET\r\nMAIL FROM:<g@h>\r\nRCPT TO:<i@j>\r\nBDAT 3\r\nabcBDAT 0 LAST\r\n";
        let mut session = ready();
        let mut rest = &input[..];
        let mut asked = Vec::new();
        for cut in cuts.into_iter().cycle() {
            let (piece, left) = rest.split_at(cut.min(rest.len()));
            session.feed(piece);
            rest = left;
            asked.extend(accept_all(&mut session));
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(codes(&take(&mut session)), [250, 501, 250, 354, 250, 250, 503, 250, 250, 250, 250, 250]);
        let content: String = asked.iter().filter_map(|name| name.strip_prefix("content ")).collect();
        prop_assert_eq!(content, ".x\r\nabc");
    }
}

#[test]
fn s6_data_is_answered_positively_only_if_a_recipient_was_accepted() {
    let mut session = ready();
    session.feed(b"DATA\r\nMAIL FROM:<a@b>\r\nDATA\r\nRCPT TO:<no@x>\r\nDATA\r\nRCPT TO:<yes@x>\r\nDATA\r\n");
    while let Some(request) = session.next_request() {
        match request {
            Request::Rcpt { to, .. } if to.as_str() == "no@x" => session.reply(550, "no").unwrap(),
            Request::Data => {
                assert_eq!(session.reply(250, "wrong"), Err(smtpipe::server::AnswerError::Code(250)));
                session.accept().unwrap();
            }
            _ => session.accept().unwrap(),
        }
    }
    assert_eq!(codes(&take(&mut session)), [503, 250, 503, 550, 554, 250, 354]);
}

#[test]
fn s7_content_after_354_without_recipients_goes_to_nobody() {
    let mut options = ServerOptions::default();
    options.quirks.data_without_recipients = true;
    let mut session = ServerSession::new(options);
    session.feed(b"EHLO x\r\n");
    accept_all(&mut session);
    take(&mut session);
    session.feed(b"MAIL FROM:<a@b>\r\nDATA\r\nsecret\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<no@x>\r\nDATA\r\n.\r\nNOOP\r\n");
    let mut asked = Vec::new();
    while let Some(request) = session.next_request() {
        asked.push(name(&request));
        match request {
            Request::Rcpt { .. } => session.reply(550, "no").unwrap(),
            _ => session.accept().unwrap(),
        }
    }
    assert_eq!(asked, ["MAIL a@b", "MAIL a@b", "RCPT no@x", "Noop"]);
    assert_eq!(codes(&take(&mut session)), [250, 354, 554, 250, 550, 354, 554, 250]);
}

#[test]
fn s7_a_refused_chunk_goes_to_nobody_either() {
    let mut session = ready();
    session.feed(b"MAIL FROM:<a@b>\r\nBDAT 12 LAST\r\nNOOP\r\nQUIT\r\nRSET\r\n");
    assert_eq!(accept_all(&mut session), ["MAIL a@b", "Rset"]);
    assert_eq!(codes(&take(&mut session)), [250, 503, 250]);
}

#[test]
fn s8_pipelining_is_advertised_in_ehlo_and_only_there() {
    let lines = |command: &str, options: ServerOptions| {
        let mut session = ServerSession::new(options);
        assert_eq!(session.next_request(), Some(Request::Greeting));
        session.accept().unwrap();
        take(&mut session);
        session.feed(format!("{command} client.example\r\n").as_bytes());
        let kind = match session.next_request() {
            Some(Request::Hello { kind, name: "client.example" }) => kind,
            other => panic!("{other:?}"),
        };
        session.accept().unwrap();
        let lines: Vec<String> = take(&mut session).lines().map(str::to_owned).collect();
        (kind, lines)
    };
    let has = |lines: &[String]| lines.iter().skip(1).any(|line| &line[4..] == "PIPELINING");
    let (kind, offered) = lines("EHLO", ServerOptions::default());
    assert!(kind == Hello::Ehlo && has(&offered), "{offered:?}");
    let (kind, offered) = lines("LHLO", ServerOptions { lmtp: true, ..ServerOptions::default() });
    assert!(kind == Hello::Lhlo && has(&offered), "{offered:?}");
    let (kind, offered) = lines("HELO", ServerOptions::default());
    assert!(kind == Hello::Helo && offered.len() == 1, "{offered:?}");
    let (_, offered) = lines("EHLO", ServerOptions { pipelining: false, ..ServerOptions::default() });
    assert!(!has(&offered));
    assert!(!offered.iter().any(|line| line.contains("STARTTLS")), "nothing is offered that isn't there");
}

/// Behind EHLO, with STARTTLS to be offered.
fn before_tls() -> ServerSession {
    let mut session = ServerSession::new(ServerOptions { starttls: true, ..ServerOptions::default() });
    session.feed(b"EHLO client.example\r\n");
    accept_all(&mut session);
    assert!(take(&mut session).contains("250-STARTTLS\r\n"));
    session
}

#[test]
fn s5_but_what_is_pipelined_in_clear_behind_starttls_ends_the_connection() {
    let mut session = before_tls();
    session.feed(b"STARTTLS\r\nMAIL FROM:<a@b>\r\n");
    assert_eq!(accept_all(&mut session), [""; 0]);
    assert!(take(&mut session).starts_with("554 5.5.0 Something in clear behind STARTTLS"));
    assert!(session.is_closed());

    // The same in a piece of its own: before the answer, behind it, and where the handshake is due.
    for behind in [&b"E"[..], b"EHLO x\r\n"] {
        for late in 0..3 {
            let mut session = before_tls();
            session.feed(b"STARTTLS\r\n");
            assert_eq!(session.next_request(), Some(Request::StartTls));
            if late == 0 {
                session.feed(behind);
            }
            session.accept().unwrap();
            if late == 1 {
                session.feed(behind);
            }
            assert_eq!(take(&mut session), "220 2.0.0 Go ahead with TLS\r\n");
            if late == 2 {
                assert!(session.awaits_handshake() && !session.wants_input());
                session.feed(behind);
            }
            assert!(!session.awaits_handshake() && !session.tls_established());
            assert_eq!(session.next_request(), None);
            assert!(session.is_closed() && session.output().is_empty());
        }
    }
}

#[test]
fn behind_starttls_everything_learnt_is_forgotten() {
    let mut session = before_tls();
    session.feed(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nSTARTTLS\r\n");
    assert_eq!(accept_all(&mut session), ["MAIL a@b", "RCPT c@d", "StartTls"]);
    assert_eq!(codes(&take(&mut session)), [250, 250, 220]);
    assert!(session.awaits_handshake() && session.tls_established() && session.is_secure());
    session.feed(b"DATA\r\n");
    assert_eq!(accept_all(&mut session), [""; 0]);
    session.feed(b"EHLO client.example\r\n");
    accept_all(&mut session);
    let said = take(&mut session);
    assert!(said.starts_with("503") && !said.contains("STARTTLS"), "{said}");
    session.feed(b"DATA\r\n");
    session.feed(b"STARTTLS\r\n");
    assert_eq!(accept_all(&mut session), [""; 0]);
    assert_eq!(codes(&take(&mut session)), [503, 503], "no transaction, and no second TLS");
    assert!(!session.tls_established(), "nobody asked");
}

#[test]
fn starttls_can_be_refused_and_takes_no_argument() {
    let mut session = before_tls();
    session.feed(b"STARTTLS now\r\nstarttls \r\n");
    assert_eq!(session.next_request(), Some(Request::StartTls));
    assert!(session.reply(250, "no such answer").is_err());
    session.reply(454, "not now").unwrap();
    session.feed(b"NOOP\r\n");
    assert_eq!(accept_all(&mut session), ["Noop"]);
    assert_eq!(codes(&take(&mut session)), [501, 454, 250]);
    // Encrypted from the beginning, there is nothing to offer.
    let mut session = ServerSession::new(ServerOptions { starttls: true, ..ServerOptions::default() });
    assert!(session.tls_established());
    session.feed(b"EHLO client.example\r\n");
    accept_all(&mut session);
    assert!(!take(&mut session).contains("STARTTLS"));
}

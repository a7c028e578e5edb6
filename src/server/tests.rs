//! The session as a whole: rules, and that segmentation changes nothing.

use proptest::prelude::*;

use super::*;

/// Accepts everything; returns all output. `cut` tells how long each piece of input is.
fn run(options: &ServerOptions, input: &[u8], mut cut: impl FnMut(usize) -> usize) -> String {
    let mut session = ServerSession::new(options.clone());
    let mut output = Vec::new();
    let mut rest = input;
    loop {
        while let Some(request) = session.next_request() {
            if !matches!(request, Request::Content(_)) {
                session.accept().unwrap();
            }
        }
        output.extend_from_slice(session.output());
        session.sent(session.output().len());
        if session.is_closed() || rest.is_empty() {
            break;
        }
        let (piece, left) = rest.split_at(cut(rest.len()).clamp(1, rest.len()));
        session.feed(piece);
        rest = left;
    }
    String::from_utf8_lossy(&output).into_owned()
}

/// Codes of all replies to `input`, the greeting's and EHLO's left out.
fn codes(options: &ServerOptions, input: &str) -> Vec<u16> {
    let hello = if options.lmtp { "LHLO x\r\n" } else { "EHLO x\r\n" };
    let whole = run(options, format!("{hello}{input}").as_bytes(), |all| all);
    let bytes = run(options, format!("{hello}{input}").as_bytes(), |_| 1);
    if options.quirks == Quirks::default() {
        assert_eq!(whole, bytes, "cut into single bytes");
    }
    let finals = whole.lines().filter(|line| line.as_bytes().get(3) != Some(&b'-'));
    finals.skip(2).map(|line| line[..3].parse().unwrap()).collect()
}

fn check(options: &ServerOptions, table: &[(&str, &[u16])]) {
    for (input, expected) in table {
        assert_eq!(codes(options, &input.replace('\n', "\r\n")), *expected, "{input}");
    }
}

const M: &str = "MAIL FROM:<a@b>\n";
const R: &str = "RCPT TO:<c@d>\n";

#[test]
fn sequence() {
    check(
        &ServerOptions::default(),
        &[
            (&format!("{M}{M}{R}{R}RSET\n{R}"), &[250, 503, 250, 250, 250, 503]),
            (&format!("{R}DATA\n{M}DATA\n"), &[503, 503, 250, 503]),
            (&format!("{M}RCPT TO:<>\nDATA\n"), &[250, 501, 503]),
            (&format!("{M}{R}DATA\nhi\n.\n{M}"), &[250, 250, 354, 250, 250]),
            (&format!("{M}{R}BDAT 2 LAST\nhi{M}"), &[250, 250, 250, 250]),
            (
                "NOOP\nVRFY x\nEXPN x\nHELP\nETRN x\nTURN\nSEND FROM:<a@b>\nFOO\nQUIT\nNOOP\n",
                &[250, 252, 502, 214, 502, 502, 502, 500, 221],
            ),
            (
                &format!("{M}{R}BDAT 3\nabc{R}BDAT 0\nDATA\nBDAT 1 LAST\nx{M}"),
                &[250, 250, 250, 503, 250, 503, 250, 250],
            ),
            (&format!("BDAT x\n{M}"), &[501]),
            (&format!("MAIL FROM:<a@b> BODY=BINARYMIME\n{R}DATA\nBDAT 1 LAST\nx"), &[250, 250, 503, 250]),
            ("MAIL FROM:<\u{e9}@b>\nMAIL FROM:<\u{e9}@b> SMTPUTF8\nRCPT TO:<\u{e9}@b>\n", &[553, 250, 250]),
            (&format!("{M}RCPT TO:<\u{e9}@b>\n"), &[250, 553]),
            (&format!("{M}EHLO y\n{R}"), &[250, 250, 503]),
        ],
    );
}

#[test]
fn a_refused_chunk_is_swallowed_and_answered_once() {
    let chunk = "BDAT 6 LAST\nNOOP\n";
    let table = |policy| {
        let quirks = Quirks { refused_chunk: policy, ..Quirks::default() };
        let options = ServerOptions { quirks, ..ServerOptions::default() };
        codes(&options, &format!("{M}{chunk}{M}{R}{chunk}RSET\n{M}{R}{chunk}").replace('\n', "\r\n"))
    };
    assert_eq!(table(RefusedChunk::NeedsRset), [250, 503, 503, 503, 503, 250, 250, 250, 250]);
    assert_eq!(table(RefusedChunk::Resets), [250, 503, 250, 250, 250, 250, 250, 250, 250]);
    assert_eq!(table(RefusedChunk::KeepsSender), [250, 503, 503, 250, 250, 250, 250, 250, 250]);
    assert_eq!(table(RefusedChunk::RefusesChunks), [250, 503, 503, 250, 503, 250, 250, 250, 250]);
}

#[test]
fn size_limits() {
    let options = ServerOptions { size: Some(4), ..ServerOptions::default() };
    check(
        &options,
        &[
            (&format!("MAIL FROM:<a@b> SIZE=5\nMAIL FROM:<a@b> SIZE=4\n{R}"), &[552, 250, 250]),
            (
                &format!("{M}{R}DATA\nab\n.\n{M}{R}DATA\nabc\n.\n{M}"),
                &[250, 250, 354, 250, 250, 250, 354, 552, 250],
            ),
            (&format!("{M}{R}BDAT 4\nNOOPBDAT 1 LAST\nxNOOP\n"), &[250, 250, 250, 552, 250]),
        ],
    );
}

#[test]
fn limits_end_or_refuse() {
    let limits = ServerLimits { recipients: 1, commands: 6, line: 20, ..ServerLimits::default() };
    check(
        &ServerOptions { limits, ..ServerOptions::default() },
        &[(&format!("{M}{R}{R}NOOP xxxxxxxxxxxxxxxxx\nNOOP\nNOOP\nNOOP\n"), &[250, 250, 452, 500, 250, 421])],
    );
    let limits = ServerLimits { errors: 2, messages: 1, ..ServerLimits::default() };
    let options = ServerOptions { limits, ..ServerOptions::default() };
    check(
        &options,
        &[
            ("FOO\nFOO\nNOOP\nNOOP\n", &[500, 500, 421]),
            (&format!("FOO\n{M}{R}DATA\n.\nFOO\n{M}NOOP\n"), &[500, 250, 250, 354, 250, 500, 421]),
        ],
    );
}

#[test]
fn lmtp_answers_for_each_recipient() {
    let options = ServerOptions { lmtp: true, ..ServerOptions::default() };
    check(
        &options,
        &[
            (&format!("{M}{R}{R}DATA\n.\nNOOP\n"), &[250, 250, 250, 354, 250, 250, 250]),
            (&format!("{M}{R}{R}BDAT 1\nxBDAT 1 LAST\nxNOOP\n"), &[250, 250, 250, 250, 250, 250, 250]),
            ("EHLO x\nHELO x\n", &[500, 500]),
        ],
    );
    let mut session = ServerSession::new(options);
    session.feed(b"LHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n.\r\nNOOP\r\n");
    loop {
        match session.next_request() {
            Some(Request::ContentEnd { replies }) => {
                assert_eq!(replies, 2);
                session.reply(250, "one").unwrap();
                assert_eq!(session.next_request(), None);
                session.reply(550, "other").unwrap();
                assert_eq!(session.next_request(), Some(Request::Noop));
                break;
            }
            Some(_) => session.accept().unwrap(),
            None => panic!("no content"),
        }
    }
    session.flush();
    assert!(session.output().ends_with(b"250 2.0.0 one\r\n550 5.0.0 other\r\n"));
}

#[test]
fn answers_must_fit() {
    let mut session = ServerSession::new(ServerOptions::default());
    assert_eq!(session.accept(), Err(AnswerError::NothingAsked));
    session.feed(b"EHLO x\r\nMAIL FROM:<a@b>\r\n");
    assert_eq!(session.next_request(), Some(Request::Greeting));
    for code in [250, 354, 199, 600, 0] {
        assert_eq!(session.reply(code, "x"), Err(AnswerError::Code(code)));
        assert!(session.next_request().is_none() && session.awaits_answer());
    }
    assert_eq!(session.reply(220, "x"), Ok(()));
}

#[test]
fn quirks_of_real_servers() {
    let quirk = |quirks| ServerOptions { quirks, ..ServerOptions::default() };
    let two = format!("{M}{R}DATA\nx\n.\n{M}{R}");
    let courier = Quirks { swallow_after_dot: true, ..Quirks::default() };
    check(&quirk(courier), &[(&two, &[250, 250, 354, 250])]);
    let haraka = Quirks { refuse_after_dot: true, ..Quirks::default() };
    check(&quirk(haraka), &[(&two, &[250, 250, 354, 250, 503, 503])]);
    let go = Quirks { undrained_chunk: true, ..Quirks::default() };
    check(&quirk(go), &[(&format!("{M}BDAT 6 LAST\nNOOP\nRSET\n"), &[250, 503, 250, 250])]);
    let lone = Quirks { data_without_recipients: true, ..Quirks::default() };
    check(&quirk(lone), &[(&format!("{M}DATA\n.\nNOOP\n"), &[250, 354, 554, 250])]);
    let whole = |quirks, input: &str| run(&quirk(quirks), input.as_bytes(), |all| all);
    let opensmtpd = Quirks { no_pipelining: true, ..Quirks::default() };
    assert!(
        whole(opensmtpd, "EHLO x\r\nNOOP\r\n")
            .ends_with("500 5.5.1 Invalid command: Pipelining not supported\r\n")
    );
    let exim = Quirks { enforce_sync: true, ..Quirks::default() };
    assert!(whole(exim, "EHLO x\r\nNOOP\r\n").ends_with("554 5.5.0 SMTP protocol synchronization error\r\n"));
}

#[test]
fn early_input_is_an_offence_only_where_asked_for() {
    let quirks = Quirks { enforce_sync: true, ..Quirks::default() };
    let mut session = ServerSession::new(ServerOptions { quirks, ..ServerOptions::default() });
    session.feed(b"EHLO x\r\n");
    assert_eq!(session.next_request(), None);
    assert!(session.output().starts_with(b"554 "));
    session.sent(usize::MAX);
    assert!(session.is_closed());
}

#[test]
fn a_service_that_refuses_takes_only_quit() {
    let mut session = ServerSession::new(ServerOptions::default());
    session.feed(b"EHLO x\r\nQUIT\r\n");
    assert_eq!(session.next_request(), Some(Request::Greeting));
    session.reply(554, "not here").unwrap();
    assert_eq!(session.next_request(), Some(Request::Quit));
    session.accept().unwrap();
    let output = String::from_utf8_lossy(session.output()).into_owned();
    assert_eq!(output, "554 not here\r\n503 5.5.1 No service here: only QUIT\r\n221 2.0.0 Bye\r\n");
}

#[test]
fn end_of_input_and_shutdown() {
    let mut session = ServerSession::new(ServerOptions::default());
    session.feed(b"EHLO x\r\nNOO");
    session.end_of_input();
    while session.next_request().is_some() {
        session.accept().unwrap();
    }
    assert!(!session.is_closed());
    session.sent(usize::MAX);
    assert!(session.is_closed() && !session.wants_input());

    let mut session = ServerSession::new(ServerOptions::default());
    assert!(session.next_request().is_some());
    session.shut_down("too slow");
    assert_eq!(session.output(), b"421 too slow\r\n");
}

#[test]
fn output_that_is_not_taken_stops_the_session() {
    let limits = ServerLimits { output: 100, ..ServerLimits::default() };
    let mut session = ServerSession::new(ServerOptions { limits, ..ServerOptions::default() });
    session.feed(&b"NOOP\r\n".repeat(50));
    let mut asked = 0;
    loop {
        while session.next_request().is_some() {
            session.accept().unwrap();
            asked += 1;
        }
        if session.output().is_empty() {
            break;
        }
        assert!(session.output().len() < 200);
        session.sent(session.output().len());
    }
    assert_eq!(asked, 51);
}

#[test]
fn borrowed_input_behaves_like_fed_input() {
    let input = b"EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 4 LAST\r\nabcdQUIT\r\n";
    let expected = run(&ServerOptions::default(), input, |all| all);
    for cut in 0..input.len() {
        let mut session = ServerSession::new(ServerOptions::default());
        for mut part in [&input[..cut], &input[cut..]] {
            while let Some(request) = session.next_request_in(&mut part) {
                if !matches!(request, Request::Content(_)) {
                    session.accept().unwrap();
                }
            }
            assert!(part.is_empty());
        }
        assert_eq!(String::from_utf8_lossy(session.output()), expected);
    }
}

fn words() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![
        Just(b"MAIL FROM:<a@b>\r\n".to_vec()),
        Just(b"MAIL FROM:<> SIZE=9 BODY=8BITMIME\r\n".to_vec()),
        Just(b"RCPT TO:<c@d>\r\n".to_vec()),
        Just(b"DATA\r\n".to_vec()),
        Just(b"\r\n.\r\n".to_vec()),
        Just(b"BDAT 3 LAST\r\n".to_vec()),
        Just(b"BDAT 7\r\n".to_vec()),
        Just(b"BDAT 99999999999999999999\r\n".to_vec()),
        Just(b"RSET\r\n".to_vec()),
        Just(b"NOOP\n".to_vec()),
        Just(b"EHLO x\r\n".to_vec()),
        Just(b"LHLO x\r\n".to_vec()),
        prop::collection::vec(any::<u8>(), 0..30),
        prop::collection::vec(prop::sample::select(&b"\r\n. <>@:\"AZ\0\xff"[..]), 0..30),
    ];
    prop::collection::vec(word, 0..25).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn any_segmentation_gives_the_same_output(
        input in words(),
        cuts in prop::collection::vec(1usize..40, 1..60),
        lmtp in any::<bool>(),
        policy in 0..4,
    ) {
        let refused_chunk = [
            RefusedChunk::NeedsRset, RefusedChunk::Resets, RefusedChunk::KeepsSender, RefusedChunk::RefusesChunks,
        ][policy as usize];
        let options = ServerOptions {
            lmtp,
            size: Some(20),
            limits: ServerLimits { line: 40, errors: 12, recipients: 3, ..ServerLimits::default() },
            quirks: Quirks { refused_chunk, ..Quirks::default() },
            ..ServerOptions::default()
        };
        let hello: &[u8] = if lmtp { b"LHLO x\r\n" } else { b"EHLO x\r\n" };
        let input = [hello, &input].concat();
        let whole = run(&options, &input, |all| all);
        let mut cuts = cuts.into_iter().cycle();
        prop_assert_eq!(&run(&options, &input, |_| cuts.next().unwrap_or(1)), &whole);
        prop_assert_eq!(&run(&options, &input, |_| 1), &whole);
    }

    #[test]
    fn no_input_and_no_answer_can_break_it(
        input in words(),
        codes in prop::collection::vec(prop::sample::select(&[0u16, 199, 220, 250, 354, 421, 450, 550, 600][..]), 1..40),
        cuts in prop::collection::vec(1usize..60, 1..40),
        flags in any::<[bool; 8]>(),
    ) {
        let [swallow, refuse, undrained, alone, sync, nobody, lmtp, late] = flags;
        let quirks = Quirks {
            swallow_after_dot: swallow,
            refuse_after_dot: refuse,
            undrained_chunk: undrained,
            no_pipelining: alone,
            enforce_sync: sync,
            data_without_recipients: nobody,
            ..Quirks::default()
        };
        let mut session = ServerSession::new(ServerOptions { quirks, lmtp, ..ServerOptions::default() });
        let mut codes = codes.into_iter().cycle();
        let mut cuts = cuts.into_iter().cycle();
        let mut rest = &input[..];
        while !rest.is_empty() {
            let (piece, left) = rest.split_at(cuts.next().unwrap_or(1).min(rest.len()));
            session.feed(piece);
            rest = left;
            loop {
                // An open question may wait for a turn or two.
                if session.awaits_answer() && !late {
                    if session.reply(codes.next().unwrap_or(0), "x\r\ny").is_err() {
                        prop_assert!(session.awaits_answer());
                        session.accept().unwrap();
                    }
                } else if session.next_request().is_none() {
                    break;
                }
            }
            if session.awaits_answer() {
                session.accept().unwrap();
            }
            // Whole lines, each with a code: whatever was answered, a client can parse it.
            for line in session.output().split_inclusive(|&byte| byte == b'\n') {
                prop_assert!(line.len() >= 6 && line.ends_with(b"\r\n") && line[..3].iter().all(u8::is_ascii_digit));
            }
            session.sent(session.output().len());
        }
        session.end_of_input();
        while session.next_request().is_some() {
            let _ = session.accept();
        }
        session.sent(usize::MAX);
        prop_assert!(session.is_closed() || session.awaits_answer());
    }
}

//! What RFC 2197 (2920) asks of a client, by the numbers of the design (section 7). Each test bears its number.
//!
//! The referee in `common` watches every one of these conversations too, and ends the test at any breach of C1, C3 or C6.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod common;

use std::collections::BTreeSet;

use common::build;
use common::fixture::Settings;
use common::talk::{Talk, letter, level};

const GROUP_OF_A: &str = "MAIL FROM:<a@a.example> | RCPT TO:<x@b.example> | DATA";

#[test]
fn c1_pipelining_only_after_ehlo_has_offered_it() {
    let offers: [(&[&str], bool); 10] = [
        (&["PIPELINING"], true),
        (&["pipelining"], true),
        (&["PipeLining", "8BITMIME"], true),
        (&["8BITMIME", "PIPELINING with parameters"], true),
        (&[], false),
        (&["8BITMIME"], false),
        (&["XPIPELINING"], false),
        (&["PIPELININGS"], false),
        (&["X PIPELINING"], false),
        (&["PIPE-LINING", "CHUNKING", "SIZE 1000"], false),
    ];
    for (offered, pipelined) in offers {
        for stated in ["auto", "group", "continuous", "streaming"] {
            let settings =
                Settings { level: Some(stated.to_owned()).filter(|l| l != "auto"), ..Settings::default() };
            let mut talk = Talk::begin(&settings, &[letter("a", &["x@b.example"])], offered);
            let lines = talk.heard().matches(" | ").count() + 1;
            assert_eq!(lines > 1, pipelined, "{offered:?} at {stated}: {lines} lines");
        }
    }
}

#[test]
fn c1_not_after_helo_whatever_it_says() {
    let mut run =
        common::run::Run::new(build::options(&level("streaming")), &[letter("a", &["x@b.example"])]);
    run.submit("a", build::message(&letter("a", &["x@b.example"]))).unwrap();
    run.start();
    run.feed(b"220-PIPELINING\r\n220 PIPELINING\r\n");
    run.feed(b"502 PIPELINING\r\n");
    run.feed(b"250-PIPELINING\r\n250 PIPELINING\r\n");
    assert_eq!(run.sent, b"EHLO client.example\r\nHELO client.example\r\nMAIL FROM:<a@a.example>\r\n");
}

#[test]
fn c1_the_greeting_line_of_ehlo_is_no_keyword() {
    let mut run =
        common::run::Run::new(build::options(&level("streaming")), &[letter("a", &["x@b.example"])]);
    run.submit("a", build::message(&letter("a", &["x@b.example"]))).unwrap();
    run.start();
    run.feed(b"220 mx\r\n");
    run.feed(b"250-PIPELINING CHUNKING\r\n250 HELP\r\n");
    assert_eq!(run.sent, b"EHLO client.example\r\nMAIL FROM:<a@a.example>\r\n");
}

#[test]
fn c2_rset_mail_and_rcpt_stand_anywhere_in_a_group() {
    let letters = [letter("a", &["x@b.example"]), letter("b", &["x@b.example", "y@b.example"])];
    let mut talk = Talk::begin(&level("group"), &letters, &["PIPELINING"]);
    assert_eq!(talk.heard(), GROUP_OF_A);
    talk.says("550 no\n503 no\n503 no");
    assert_eq!(
        talk.heard(),
        "RSET | MAIL FROM:<b@a.example> | RCPT TO:<x@b.example> | RCPT TO:<y@b.example> | DATA",
        "RSET in front, MAIL and RCPT in the middle"
    );
}

#[test]
fn c3_commands_that_end_a_group_stand_last() {
    for command in ["NOOP", "VRFY x", "EXPN x", "HELP", "ETRN example.org", "XUNKNOWN y", "noop"] {
        for (stated, expected) in [
            ("continuous", "content of a | . | "),
            (
                "streaming",
                "MAIL FROM:<a@a.example> SIZE=14 | RCPT TO:<x@b.example> | BDAT 14 LAST | content of a | ",
            ),
        ] {
            let mut talk = Talk::begin(
                &level(stated),
                &[letter("a", &["x@b.example"])],
                &["PIPELINING", "CHUNKING", "SIZE"],
            );
            talk.run.command("c", command).unwrap();
            // What is behind it in the queue doesn't follow it on the wire.
            talk.run.submit_letter(&letter("b", &["x@b.example"]));
            if stated == "continuous" {
                talk.heard();
                talk.says("250 ok\n250 ok\n354 go on");
            }
            assert_eq!(talk.heard(), format!("{expected}{command}"), "{stated}");
            let before = if stated == "continuous" { "250 queued" } else { "250 ok\n250 ok\n250 queued" };
            talk.says(before);
            assert_eq!(talk.heard(), "", "{command}: its own reply is missing yet");
            talk.says("252 done");
            assert!(talk.heard().contains("MAIL FROM:<b@a.example>"), "{command}");
        }
    }
}

#[test]
fn c3_nothing_follows_ehlo_data_or_quit() {
    // EHLO: `begin` has heard it alone although a message was waiting. DATA:
    let mut talk = Talk::begin(
        &level("streaming"),
        &[letter("a", &["x@b.example"]), letter("b", &["x@b.example"])],
        &["PIPELINING"],
    );
    assert_eq!(talk.heard(), GROUP_OF_A);
    talk.run.session.quit();
    talk.run.drain();
    assert_eq!(talk.heard(), "");
    talk.says("250 ok\n250 ok");
    assert_eq!(talk.heard(), "");
    talk.says("354 go on");
    assert_eq!(talk.heard(), "content of a | . | MAIL FROM:<b@a.example> | RCPT TO:<x@b.example> | DATA");
    talk.says("250 queued\n250 ok\n250 ok\n354 go on");
    assert_eq!(talk.heard(), "content of b | .", "QUIT goes alone");
    talk.says("250 queued");
    assert_eq!(talk.heard(), "QUIT");
}

#[test]
fn c4_content_may_be_the_first_thing_in_a_group() {
    let letters = [letter("a", &["x@b.example"]), letter("b", &["x@b.example"])];
    let mut talk = Talk::begin(&level("continuous"), &letters, &["PIPELINING"]);
    talk.heard();
    talk.says("250 ok\n250 ok\n354 go on");
    assert_eq!(talk.heard(), "content of a | . | MAIL FROM:<b@a.example> | RCPT TO:<x@b.example> | DATA");
}

/// Every command of two groups in a row is refused in turn; each refusal has its own consequence.
#[test]
fn c5_the_status_of_every_command_is_checked() {
    let replies = [
        "250 ok",
        "250 x",
        "250 y",
        "354 go on",
        "250 queued a",
        "250 ok",
        "250 x",
        "354 go on",
        "250 queued b",
    ];
    let mut seen = BTreeSet::new();
    for refused in 0..replies.len() {
        let letters = [letter("a", &["x@b.example", "y@b.example"]), letter("b", &["x@b.example"])];
        let mut talk = Talk::begin(&level("group"), &letters, &["PIPELINING"]);
        for (at, reply) in replies.iter().enumerate() {
            if talk.run.session.unfinished() == 0 {
                break;
            }
            // A refused MAIL or DATA has others follow; the server is as consistent as real ones are.
            let skipped = match refused {
                0 => (1..=4).contains(&at),
                3 => at == 4,
                5 => (6..=8).contains(&at),
                6 => at == 7 || at == 8,
                7 => at == 8,
                _ => false,
            };
            let follows = matches!((refused, at), (0, 1..=3) | (5, 6..=7) | (6, 7));
            if at == 5 && matches!(refused, 0 | 3) {
                talk.says("250 reset");
            }
            if at == refused {
                talk.says("550 5.0.0 refused");
            } else if follows {
                talk.says("503 5.5.1 sequence");
            } else if !skipped {
                talk.says(reply);
            }
        }
        assert_eq!(talk.error(), "none", "reply {refused} refused");
        talk.run.judge().unwrap_or_else(|e| panic!("reply {refused} refused: {e}"));
        seen.insert(format!("{} / {}", talk.outcome("a"), talk.outcome("b")));
    }
    let expected = [
        "refused refused refused / delivered delivered",
        "partial refused delivered / delivered delivered",
        "partial delivered refused / delivered delivered",
        "delivered delivered delivered / refused refused",
    ];
    assert_eq!(seen, expected.map(str::to_owned).into());
}

#[test]
fn c6_no_recipient_accepted_and_data_refused() {
    let letters = [letter("a", &["x@b.example"]), letter("b", &["x@b.example"])];
    let mut talk = Talk::begin(&level("continuous"), &letters, &["PIPELINING"]);
    talk.heard();
    talk.says("250 ok\n550 no x\n554 no valid recipients");
    assert!(talk.heard().starts_with("RSET | MAIL FROM:<b@a.example>"));
    assert_eq!(talk.outcome("a"), "refused refused");
}

#[test]
fn c6_no_recipient_accepted_and_data_accepted() {
    let letters = [letter("a", &["x@b.example"]), letter("b", &["x@b.example"])];
    for last in ["250 fine", "554 no valid recipients", "451 hm"] {
        let mut talk = Talk::begin(&level("group"), &letters, &["PIPELINING"]);
        talk.heard();
        talk.says("250 ok\n550 no x\n354 go on");
        assert_eq!(talk.heard(), ".", "a lone dot, never content");
        talk.says(last);
        assert_eq!(talk.outcome("a"), "refused refused", "{last}");
        assert!(talk.heard().starts_with("MAIL FROM:<b@a.example>"), "its reply was read, and we're in step");
    }
}

/// The texts lie, and so do the enhanced codes; only the order counts.
#[test]
fn c7_replies_are_matched_by_counting() {
    let letters = [letter("a", &["x@b.example", "y@b.example"]), letter("b", &["x@b.example"])];
    let mut talk = Talk::begin(&level("streaming"), &letters, &["PIPELINING", "CHUNKING", "SIZE"]);
    talk.heard();
    talk.says(
        "250 2.6.0 message queued as b
         550 5.1.8 Bad sender address <b@a.example>
         250 2.0.0 RSET ok
         250 RCPT TO:<x@b.example> no such user
         250 2.1.0 MAIL FROM:<a@a.example> ok
         250 554 5.7.1 DATA refused
         250 2.1.5 RCPT ok
         552 5.1.1 no such recipient",
    );
    assert_eq!(talk.outcome("a"), "partial refused delivered");
    assert_eq!(talk.outcome("b"), "refused refused");
    assert_eq!(talk.error(), "none");
}

#[test]
fn c8_a_reply_of_many_lines_is_one_reply() {
    let mut talk =
        Talk::begin(&level("group"), &[letter("a", &["x@b.example", "y@b.example"])], &["PIPELINING"]);
    talk.heard();
    talk.says("250-ok\n250-354 go on\n250-\n250 550 no");
    talk.says("550-no x\n550-250 ok\n550 250 ok");
    talk.says("250-y\n250 y");
    assert_eq!(talk.heard(), "", "three replies, and the fourth is missing");
    talk.says("354-go\n354 on");
    assert_eq!(talk.heard(), "content of a | .");
    talk.says("250-queued\n250-as");
    assert_eq!(talk.outcome("a"), "open", "it isn't whole yet");
    talk.says("250 a");
    assert_eq!(talk.outcome("a"), "partial refused delivered");
}

/// And several replies in one segment are several.
#[test]
fn c8_several_replies_are_not_one() {
    let mut talk = Talk::begin(&level("group"), &[letter("a", &["x@b.example"])], &["PIPELINING"]);
    talk.says("250 ok\n250 ok\n354 go on");
    talk.heard();
    talk.says("250 queued");
    assert_eq!(talk.outcome("a"), "delivered delivered");
    assert_eq!(talk.run.session.stats().replies, 6);
}

/// Replies are taken, and outcomes known, while output waits for room. (`deadlock.rs` has the sockets.)
#[test]
fn c9_replies_are_taken_while_data_is_pending() {
    let letters: Vec<_> = ["a", "b", "c"].map(|name| letter(name, &["x@b.example"])).into();
    let settings = level("streaming");
    let mut run = common::run::Run::new(build::options(&settings), &letters);
    for letter in &letters {
        run.submit(&letter.name, build::message(letter)).unwrap();
    }
    run.start();
    run.feed(b"220 mx\r\n");
    // Room for the first transaction and a part of the second.
    run.room = Some(100);
    run.feed(b"250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 SIZE\r\n");
    assert!(run.session.wants_output(), "something is pending");
    run.feed(b"250 ok\r\n250 ok\r\n250 queued\r\n");
    assert_eq!(run.outcome("a").map(|o| o.status.as_str()), Some("delivered"));
    assert!(run.session.wants_output(), "something is still pending");
    run.room = None;
    run.drain();
    run.feed(b"250 ok\r\n250 ok\r\n250 ok\r\n250 queued\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 queued\r\n");
    run.judge().unwrap();
    assert!(run.outcomes.values().all(|o| o.status.as_str() == "delivered"));
}

#[test]
fn c10_noop_is_a_synchronization_point() {
    let letters = [letter("a", &["x@b.example"]), letter("b", &["y@b.example"])];
    let mut talk = Talk::begin(&level("streaming"), &letters, &["PIPELINING", "CHUNKING", "SIZE"]);
    talk.run.command("sync", "NOOP").unwrap();
    assert!(talk.heard().ends_with(" | NOOP"));
    talk.says("250 ok\n250 ok\n250 queued\n250 ok\n250 ok\n250 ok");
    assert_eq!((talk.outcome("b"), talk.outcome("sync")), ("open".to_owned(), "open".to_owned()));
    talk.says("250 queued\n250 2.0.0 ok");
    // With the reply to NOOP, everything before it is known.
    assert_eq!(talk.outcome("sync"), "delivered");
    assert_eq!(
        (talk.outcome("a"), talk.outcome("b")),
        ("delivered delivered".to_owned(), "delivered delivered".to_owned())
    );
}

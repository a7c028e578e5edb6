//! The traps that other clients paid for, each by its name: first those of the study of the peers, then those of the
//! design's rules 4.2 to 4.5. A trap that a transcript shows is played whole, byte by byte, and cut at every byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod common;

use common::build;
use common::fixture::{Letter, Settings, Step};
use common::replay::{Cut, End, Feed, cut, replay};
use common::run::{Run, Take};
use common::server::{Manners, Server};
use common::talk::{Talk, letter, level};
use smtpipe::session::{Session, Status, SubmitError};
use smtpipe::wire::{Address, HostName, Param};

/// Plays transcripts in every way there is.
fn plays(names: &[&str]) {
    for name in names {
        let fixture = common::fixture::named(name);
        let whole = replay(&fixture, Feed::Pieces, Take::All);
        replay(&fixture, Feed::Portions(1), Take::Portions { bytes: 1, slices: 1 });
        let said: usize =
            fixture.steps.iter().map(|s| if let Step::Server(b) = s { b.len() } else { 0 }).sum();
        for end in [End::Eof, End::Reset, End::Silence] {
            (0..=said).for_each(|n| drop(cut(&fixture, Cut::Server(n), end)));
            (0..=whole.sent_in_all).for_each(|n| drop(cut(&fixture, Cut::Client(n), end)));
        }
    }
}

// The traps of the peers.

/// MailKit#1459: with DATA in the group, an empty message went to the recipients that were accepted.
#[test]
fn pipelined_data_never_sends_an_empty_message() {
    plays(&["refuse-one-recipient", "refuse-all-recipients-lone-dot", "refuse-sender-yet-354"]);
}

/// MailKit#1459, Horde, libESMTP: all or nobody can't be had once DATA is out.
#[test]
fn all_or_nobody_holds_data_back() {
    plays(&["policy-all-refused", "policy-all-streaming"]);
}

/// go-smtp#315: a refused chunk that isn't swallowed runs as commands.
#[test]
fn a_refused_chunk_does_not_run_as_commands() {
    plays(&["trial-streaming-not-swallowed", "trial-streaming-early-reply", "chunking-always-group"]);
    plays(&["trial-streaming-nobody-let-in", "record-of-another-host", "early-streaming-another-server"]);
}

/// The same, end to end: content full of commands, a server that runs it, first contact.
#[test]
fn content_that_looks_like_commands_is_never_executed() {
    let mut letters: Vec<Letter> = (0..8).map(|n| letter(&format!("m{n}"), &["no@b.example"])).collect();
    for letter in &mut letters {
        letter.content =
            b"RSET\r\nMAIL FROM:<evil@a.example>\r\nRCPT TO:<victim@b.example>\r\nBDAT 2 LAST\r\n\r\n"
                .repeat(3);
    }
    for undrained in [true, false] {
        let manners =
            Manners { pipelining: true, chunking: true, size: Some(0), undrained, ..Manners::default() };
        let mut run = Run::new(build::options(&Settings::default()), &letters);
        for letter in &letters {
            run.submit(&letter.name, build::message(letter)).unwrap();
        }
        let mut server = Server::new(&manners);
        run.start();
        let mut arrived = 0;
        for _ in 0..200 {
            if run.wants_connection() {
                assert!(server.taken.is_empty());
                (server, arrived) = (Server::new(&manners), 0);
                run.events.push("connected".to_owned());
                run.connect();
            }
            let bytes = run.sent[arrived..].to_vec();
            arrived = run.sent.len();
            let answer = server.exchange(&bytes);
            run.feed(&answer);
        }
        assert!(server.taken.is_empty(), "{:?}", server.taken);
        run.judge().unwrap();
        assert!(run.outcomes.values().all(|o| o.status == Status::Refused));
    }
}

/// Postfix 2005, aiosmtplib#350, symfony#54169: a line too many shifts every later reply.
#[test]
fn an_unsolicited_line_ends_the_session() {
    plays(&["reply-unsolicited", "reply-unsolicited-idle", "early-reply-to-mail"]);
}

/// The same: a line too few shows by a 354 in the wrong place, and what was committed by then is in doubt.
#[test]
fn a_354_to_another_command_ends_the_session() {
    plays(&["reply-354-to-rcpt", "reply-354-to-content", "reply-250-to-data"]);
}

/// symfony#54169: after a timeout the late reply was taken for that to the next command.
#[test]
fn a_timeout_ends_the_session() {
    plays(&["timeout-content", "timeout-rcpt", "timeout-in-stream"]);
    let run = replay(&common::fixture::named("timeout-content"), Feed::Pieces, Take::All);
    let mut session: Session = run.session;
    let sent = run.sent.len();
    session.feed(run.now, b"250 late\r\n");
    assert!(session.is_closed() && !session.wants_output() && sent > 0);
    assert!(session.next_event().is_none(), "a late reply changes nothing");
}

/// mox: Outlook says 5xx to MAIL and hangs up; "connection reset" was all that was reported.
#[test]
fn a_5xx_before_the_hang_up_is_kept() {
    plays(&["hang-up-behind-refusal"]);
}

/// filtermail#143, smtppool#18: a 421 waiting on a reused connection was read as the reply to the next command.
#[test]
fn a_421_before_our_command_is_not_its_reply() {
    plays(&["shutdown-idle", "shutdown-server-stays"]);
    // It comes while the next message is being queued.
    let mut talk = Talk::begin(&level("group"), &[letter("a", &["x@b.example"])], &["PIPELINING"]);
    talk.says("250 ok\n250 ok\n354 go on");
    talk.says("250 queued");
    talk.heard();
    talk.run.room = Some(0);
    talk.run.submit_letter(&letter("b", &["x@b.example"]));
    talk.says("421 4.4.2 idle too long");
    assert_eq!(
        (talk.outcome("a"), talk.outcome("b")),
        ("delivered delivered".into(), "not_sent not_sent".into())
    );
    assert!(talk.error().starts_with("ShutDown"), "{}", talk.error());
}

#[test]
fn a_421_with_the_next_command() {
    plays(&[
        "shutdown-at-mail",
        "shutdown-in-rcpt",
        "shutdown-at-content",
        "greeting-421",
        "greeting-ehlo-421",
    ]);
}

/// Exim, Kumo, mox: too many recipients is no refusal.
#[test]
fn too_many_recipients_go_in_another_transaction() {
    plays(&["split-452", "split-552", "split-452-to-the-first", "split-rcptmax", "lmtp-split"]);
}

/// MailKit, libESMTP: fragile servers don't take a command that comes in two writes. (`common::run` looks at every slice.)
#[test]
fn a_command_is_never_split_over_two_slices() {
    for name in ["level-group", "level-streaming", "refuse-four-in-a-row", "stuffing-sparse-dots"] {
        replay(&common::fixture::named(name), Feed::Pieces, Take::Portions { bytes: usize::MAX, slices: 1 });
    }
}

/// Kumo, go-mail#551: some servers don't know RSET.
#[test]
fn rset_is_not_sent_before_the_first_message_and_may_be_refused() {
    for stated in ["lockstep", "group", "continuous", "streaming"] {
        let mut talk = Talk::begin(
            &level(stated),
            &[letter("a", &["x@b.example"])],
            &["PIPELINING", "CHUNKING", "SIZE"],
        );
        assert!(talk.heard().starts_with("MAIL FROM"), "{stated}");
    }
    plays(&["reset-refused-harmless", "reset-refused-group", "streaming-reset-refused"]);
}

/// CPython's smtplib and Kumo read one reply.
#[test]
fn lmtp_has_a_reply_for_each_accepted_recipient() {
    plays(&["lmtp-lockstep", "lmtp-group", "lmtp-continuous", "lmtp-streaming", "lmtp-cut-between-replies"]);
    plays(&["lmtp-order-of-rcpt", "lmtp-trial-domains"]);
}

/// Kumo counts only 250.
#[test]
fn any_2yz_to_rcpt_is_an_acceptance() {
    plays(&["reply-odd-codes"]);
}

/// Postfix 2005: QUIT behind the dot is where mail was lost; Courier loses it there.
#[test]
fn quit_is_not_pipelined_behind_the_dot() {
    plays(&["quit-idle", "quit-waits-for-the-queue"]);
}

// The rules of the design.

/// 4.2: Exim and new Postfix hang up on as much as a RSET behind DATA. (The referee watches for it everywhere.)
#[test]
fn nothing_is_in_flight_behind_data() {
    let letters = [letter("a", &["no@b.example"]), letter("b", &["x@b.example"])];
    let mut talk = Talk::begin(&level("streaming"), &letters, &["PIPELINING"]);
    assert!(talk.heard().ends_with("DATA"));
    talk.says("250 ok\n550 no");
    assert_eq!(talk.heard(), "", "not even RSET, though the refusal is certain");
}

/// 4.2: without RSET Exim delivers the next message under the wrong sender.
#[test]
fn no_message_goes_out_under_another_sender() {
    plays(&["streaming-refusals", "refuse-data", "refuse-all-recipients", "refuse-recipients-lockstep"]);
    // The server of the tests joins senders as Exim does; `interleave` sends it everything. Here the sharpest case.
    let letters = [letter("a", &["no@b.example"]), letter("b", &["x@b.example"])];
    for stated in ["lockstep", "group", "continuous", "streaming"] {
        let manners = Manners { pipelining: true, chunking: true, size: Some(0), ..Manners::default() };
        let mut run = Run::new(build::options(&level(stated)), &letters);
        letters.iter().for_each(|l| run.submit(&l.name, build::message(l)).unwrap());
        let mut server = Server::new(&manners);
        run.start();
        let mut arrived = 0;
        for _ in 0..30 {
            let bytes = run.sent[arrived..].to_vec();
            arrived = run.sent.len();
            let answer = server.exchange(&bytes);
            run.feed(&answer);
        }
        let senders: Vec<&str> = server.taken.iter().map(|t| t.sender.as_str()).collect();
        assert_eq!(senders, ["b@a.example"], "{stated}");
    }
}

/// 4.2: a refused MAIL condemns its transaction.
#[test]
fn a_refused_sender_condemns_what_follows() {
    plays(&["refuse-sender", "refuse-sender-yet-354", "streaming-accepted-after-refused-sender"]);
}

/// 4.2: servers count errors.
#[test]
fn four_refusals_in_a_row_end_blind_sending() {
    plays(&["refuse-four-in-a-row", "streaming-refusals-in-a-row"]);
}

/// 4.2: an over-size chunk isn't drained by Exim.
#[test]
fn size_is_always_told_and_an_over_size_message_never_sent() {
    plays(&["size-too-large"]);
    for (offer, expected) in [("SIZE", true), ("SIZE 0", true), ("SIZE 14", true), ("SIZE 13", false)] {
        let mut talk = Talk::begin(
            &level("streaming"),
            &[letter("a", &["x@b.example"])],
            &["PIPELINING", "CHUNKING", offer],
        );
        let heard = talk.heard();
        assert_eq!(heard.contains("SIZE=14"), expected, "{offer}: {heard}");
        assert_eq!(heard.is_empty(), !expected, "{offer}: {heard}");
    }
}

/// 4.2: the window bounds what can be in doubt.
#[test]
fn no_more_is_in_doubt_than_the_window_holds() {
    plays(&["window-one", "window-two-streaming", "window-bytes"]);
    for window in [1, 2, 7] {
        let letters: Vec<Letter> = (0..20).map(|n| letter(&format!("m{n}"), &["x@b.example"])).collect();
        let settings = Settings { window: Some(window), ..level("streaming") };
        let mut talk = Talk::begin(&settings, &letters, &["PIPELINING", "CHUNKING", "SIZE"]);
        talk.run.end_of_input();
        talk.run.judge().unwrap();
        let in_doubt = talk.run.outcomes.values().filter(|o| o.status == Status::InDoubt).count();
        assert_eq!(in_doubt, window);
    }
}

/// 4.2: MAILMAX, so that no 421 has to be earned; and the probe counts.
#[test]
fn mailmax_asks_for_another_connection() {
    plays(&["split-mailmax", "trial-streaming-counts-as-mail"]);
}

/// 4.3: Haraka.
#[test]
fn commands_behind_the_dot_answered_503_go_again() {
    plays(&["trial-continuous-503", "trial-continuous-earned-by-refusal"]);
}

/// 4.3: Courier.
#[test]
fn commands_behind_the_dot_swallowed_go_again() {
    plays(&["trial-continuous-swallowed", "trial-continuous-hang-up"]);
    plays(&["trial-continuous-swallowed-in-part", "stream-trial-swallowed"]);
}

/// 4.3: what is earned is used.
#[test]
fn a_trial_passed_raises_the_level() {
    plays(&["trial-continuous-earned", "trial-streaming-earned"]);
}

/// 4.3: BDAT mangled on the way (MailKit, hmailserver#261).
#[test]
fn a_chunk_without_an_answer_ends_the_trial() {
    plays(&["trial-streaming-silent"]);
}

/// 4.4: a final reply that can't be read, is cut short or never ends leaves doubt, never a refusal.
#[test]
fn a_final_reply_that_is_none_leaves_doubt() {
    plays(&[
        "reply-mixed-codes-final",
        "reply-bare-lf",
        "reply-overlong-line",
        "reply-endless",
        "hang-up-half-reply",
        "hang-up-behind-content",
    ]);
}

/// 4.4: cancelled means not begun.
#[test]
fn only_what_has_not_begun_can_be_cancelled() {
    plays(&["cancel"]);
}

/// 4.5: mixed codes, no code, NUL, bare LF: nothing later is believed.
#[test]
fn a_malformed_reply_ends_the_session() {
    plays(&["reply-mixed-codes", "reply-no-code", "reply-code-out-of-range", "reply-nul"]);
}

/// 4.5: Exim says 421 and stays.
#[test]
fn a_421_ends_the_session_even_if_the_server_stays() {
    plays(&["shutdown-server-stays"]);
}

/// 4.5: 431, 517, a 503 of three lines, an EHLO line with nothing in it.
#[test]
fn odd_but_valid_replies_are_read() {
    plays(&["reply-odd-codes", "reply-multiline", "ehlo-empty-last-line", "reply-8bit-text"]);
}

/// 4.5: what a server can make us hold is bounded, and found as soon as it's too much.
#[test]
fn an_endless_reply_costs_a_bounded_amount() {
    for (piece, most) in [("250-x\r\n", 2_000), ("250-\u{e9}", 10_000), ("2", 10_000), ("250 x", 10_000)] {
        let mut talk = Talk::begin(&level("group"), &[letter("a", &["x@b.example"])], &["PIPELINING"]);
        let mut fed = 0;
        while talk.error() == "none" {
            talk.run.feed(piece.as_bytes());
            fed += piece.len();
            assert!(fed <= most, "{piece:?}: {fed} octets, and no limit yet");
        }
        assert!(talk.error().starts_with("Peer(Malformed"), "{piece:?}: {}", talk.error());
    }
}

/// SMTP smuggling: what is sent can't be read as a second message anywhere.
#[test]
fn bare_line_ends_do_not_smuggle() {
    plays(&["content-bare-line-ends", "stuffing-dots", "content-no-final-crlf"]);
}

/// Section 8: nothing the caller hands in becomes a second command.
#[test]
fn nothing_can_be_injected() {
    for bad in ["\r\nRSET", "\nRSET", "\rRSET", "\0", "\u{7f}", "\t", "\u{1b}[0m"] {
        for place in
            [format!("a{bad}@b.example"), format!("a@b{bad}.example"), format!("\"a{bad}\"@b.example")]
        {
            assert!(Address::new(&place).is_err(), "address {place:?}");
        }
        assert!(Param::new("ENVID", Some(&format!("x{bad}"))).is_err(), "value {bad:?}");
        assert!(Param::new(&format!("X{bad}"), None).is_err(), "keyword {bad:?}");
        assert!(HostName::new(&format!("client{bad}.example")).is_err(), "host name {bad:?}");
        let mut session = Session::new(build::options(&Settings::default()));
        assert!(
            matches!(session.command(&format!("NOOP{bad}")), Err(SubmitError::Line(_))),
            "command {bad:?}"
        );
    }
    for bad in ["a@b> SIZE=1", "a b@c", "<a@b", "a@b>", "@relay:a@b", "@b.example", "a@", "a@b..c"] {
        assert!(Address::new(bad).is_err(), "address {bad:?}");
    }
    for bad in [
        "EHLO x",
        "HELO x",
        "LHLO x",
        "MAIL FROM:<>",
        "RCPT TO:<a@b>",
        "DATA",
        "BDAT 1",
        "QUIT",
        "STARTTLS",
        "AUTH PLAIN",
        "mail from:<>",
    ] {
        let mut session = Session::new(build::options(&Settings::default()));
        assert!(matches!(session.command(bad), Err(SubmitError::ForbiddenCommand(_))), "command {bad:?}");
    }
}

/// Section 8: an address over RFC 5321's limits.
#[test]
fn addresses_have_the_limits_of_rfc_5321() {
    let address = |local: usize, domain: usize| {
        let labels = "d".repeat(60) + ".";
        let domain: String = labels.repeat(5).chars().take(domain - 1).chain(['d']).collect();
        Address::new(&format!("{}@{domain}", "l".repeat(local)))
    };
    assert!(address(64, 100).is_ok());
    assert!(address(65, 100).is_err(), "a local part of 65 octets");
    assert!(address(64, 189).is_ok(), "a path of 256 octets, brackets counted");
    assert!(address(64, 190).is_err(), "a path of 257 octets");
    assert!(address(1, 256).is_err(), "a domain of 256 octets");
}

/// Section 8: refused where it enters, and the others aren't touched.
#[test]
fn bad_input_touches_no_other_message() {
    plays(&[
        "submit-no-recipient",
        "eight-bit-refused",
        "smtputf8-missing",
        "binary-refused",
        "size-too-large",
    ]);
}

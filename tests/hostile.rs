//! Servers that misbehave in every way that DESIGN 4.5 and the history of other clients know. For each: what has to come of
//! it, within bounded time and memory, and never more than is known. (`tests/transcripts/` has the single dialogues; here the
//! same faults strike at every reply and at every level.)
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

#[path = "torture/mod.rs"]
mod harness;

#[path = "hostile/memory.rs"]
mod memory;
#[path = "hostile/peers.rs"]
mod peers;
#[path = "hostile/scene.rs"]
mod scene;
#[path = "hostile/sockets.rs"]
mod sockets;

use std::time::Duration;

use harness::plan::Plan;
use harness::random::Random;
use peers::{Bent, Deaf, Parrot, Trickle, Verbose};
use scene::{Played, plain, play};
use smtpipe::session::{Level, Options, PeerError, Recipient, SessionError, Status};
use smtpipe::wire::{Address, Verb};

const MESSAGES: usize = 5;
const LEVELS: [Option<Level>; 5] =
    [Some(Level::Lockstep), Some(Level::Group), Some(Level::Continuous), Some(Level::Streaming), None];

fn at(level: Option<Level>) -> Options {
    Options { level, ..Options::default() }
}

/// How many replies an undisturbed session has.
fn replies(plan: &Plan, level: Option<Level>) -> usize {
    let mut peer = Bent::straight(plan);
    let played = play(at(level), plan, &mut peer);
    assert!(played.all(Status::Delivered) && played.error.is_none(), "{played:?}");
    // The last is that to QUIT, which nobody waits for.
    peer.replies - 1
}

/// Every reply in turn becomes something else; what comes of it is handed over with the number of the reply.
fn each_reply(levels: &[Option<Level>], bend: impl Fn(&[u8]) -> Vec<u8>, check: impl Fn(usize, &Played)) {
    let plan = plain(MESSAGES);
    for &level in levels {
        for bent in 0..replies(&plan, level) {
            let mut peer =
                Bent::new(&plan, |nth, reply| if nth == bent { bend(reply) } else { reply.to_vec() });
            let played = play(at(level), &plan, &mut peer);
            played.judge(&plan, &peer.ledger);
            check(bent, &played);
        }
    }
}

#[test]
fn replies_may_be_split_and_merged_at_will() {
    let plan = plain(40);
    for level in LEVELS {
        // Octet by octet, with a second between them; both ways.
        let mut peer = Bent::straight(&plan);
        peer.slow = true;
        let played = play(at(level), &plan, &mut peer);
        assert!(played.all(Status::Delivered), "{level:?}: {played:?}");
        played.judge(&plan, &peer.ledger);
    }
}

/// A final reply that can't be read leaves `in_doubt`; nothing behind it is believed.
#[test]
fn a_malformed_reply_poisons_the_session_wherever_it_stands() {
    let overlong = [b"250 ".as_slice(), &[b'x'; 3000], b"\r\n"].concat();
    let endless = b"250-more\r\n".repeat(1000);
    let broken: [&[u8]; 13] = [
        b"250-one\r\n251 two\r\n",
        b"250 bare\n",
        b"250 bare\rcr\r\n",
        b"250 nul\0\r\n",
        b"250_ok\r\n",
        b"25 ok\r\n",
        b"199 low\r\n",
        b"600 high\r\n",
        b"\r\n",
        b"hello\r\n",
        b"\xff\xfe\xfd\r\n",
        &overlong,
        &endless,
    ];
    for bytes in broken {
        each_reply(
            &LEVELS,
            |_| bytes.to_vec(),
            |_, played| {
                assert!(
                    matches!(played.error, Some(SessionError::Peer(PeerError::Malformed(_))))
                        || played.reconnects > 0,
                    "{bytes:?}: {played:?}"
                );
                assert!(!played.all(Status::Delivered));
            },
        );
    }
}

#[test]
fn eight_bit_text_is_text() {
    let bend = |reply: &[u8]| {
        let (text, end) = reply.split_at(reply.len() - 2);
        [text, b" \xe4\xf6\xfc \xff".as_slice(), end].concat()
    };
    each_reply(&LEVELS, bend, |_, played| assert!(played.all(Status::Delivered), "{played:?}"));
}

/// With at most one reply outstanding, or a group, a reply too many is always found out.
#[test]
fn one_reply_too_many_ends_the_session_with_the_truth() {
    let levels = [Some(Level::Lockstep), Some(Level::Group)];
    each_reply(
        &levels,
        |reply| [reply, b"250 once more\r\n"].concat(),
        |_, played| {
            assert!(
                matches!(
                    played.error,
                    Some(SessionError::Peer(
                        PeerError::Unsolicited(_) | PeerError::Early { .. } | PeerError::WrongClass { .. }
                    ))
                ) || played.all(Status::Delivered),
                "{played:?}"
            );
        },
    );
}

#[test]
fn one_reply_too_few_ends_the_session_with_the_truth() {
    let levels = [Some(Level::Lockstep), Some(Level::Group)];
    each_reply(
        &levels,
        |_| Vec::new(),
        |_, played| {
            assert!(
                matches!(
                    played.error,
                    Some(SessionError::Timeout { .. } | SessionError::Peer(PeerError::WrongClass { .. }))
                ),
                "{played:?}"
            );
            assert!(played.elapsed <= Duration::from_secs(10 * 60 + 1), "{played:?}");
        },
    );
}

/// At every level: out of step by one to the end, and found out there at the latest.
#[test]
fn a_stream_one_reply_short_or_long_is_never_taken_for_whole() {
    let plan = plain(MESSAGES);
    for level in LEVELS {
        for bent in 0..replies(&plan, level) {
            let mut peer =
                Bent::new(&plan, |nth, reply| if nth == bent { Vec::new() } else { reply.to_vec() });
            let played = play(at(level), &plan, &mut peer);
            assert!(played.error.is_some() || played.reconnects > 0, "{level:?} {bent}: {played:?}");
        }
    }
}

#[test]
fn intermediate_replies_to_anything_but_data_poison_the_session() {
    let levels = [Some(Level::Lockstep), Some(Level::Group), Some(Level::Continuous), Some(Level::Streaming)];
    let bend = |reply: &[u8]| {
        if reply.starts_with(b"354") { b"250 go ahead\r\n".to_vec() } else { b"354 go ahead\r\n".to_vec() }
    };
    each_reply(&levels, bend, |_, played| {
        assert!(matches!(played.error, Some(SessionError::Peer(PeerError::WrongClass { .. }))), "{played:?}");
    });
}

#[test]
fn a_421_at_any_point_with_and_without_a_close() {
    let plan = plain(MESSAGES);
    for level in LEVELS {
        for stays in [false, true] {
            for question in 0..replies(&plan, level) {
                let mut peer = Bent::shutting_down(&plan, question);
                peer.stays = stays;
                let played = play(at(level), &plan, &mut peer);
                played.judge(&plan, &peer.ledger);
                // A server that says this has done nothing behind it: nothing is in doubt.
                let known = |s: &Status| matches!(s, Status::Delivered | Status::NotSent);
                assert!(played.statuses().iter().all(known), "{level:?} {question}: {played:?}");
                let shut_down = matches!(played.error, Some(SessionError::ShutDown(_)));
                assert!(shut_down || played.all(Status::Delivered), "{level:?} {question}: {played:?}");
                assert!(played.elapsed < Duration::from_secs(60), "{played:?}");
            }
        }
    }
}

/// A server that throws its input away whenever it replies: one command at a time is all it can take.
#[test]
fn input_thrown_away_behind_each_reply() {
    let plan = plain(MESSAGES);
    for level in LEVELS {
        let mut peer = Bent::straight(&plan);
        peer.forgetful = true;
        let played = play(at(level), &plan, &mut peer);
        played.judge(&plan, &peer.ledger);
        if level == Some(Level::Lockstep) {
            assert!(played.all(Status::Delivered), "{played:?}");
        } else {
            assert!(played.all(Status::NotSent) || played.all(Status::InDoubt), "{level:?}: {played:?}");
            assert!(played.error.is_some() && played.elapsed < Duration::from_secs(15 * 60));
        }
    }
}

#[test]
fn replies_before_their_commands_are_believed_by_nobody() {
    let plan = plain(MESSAGES);
    let early: [&[u8]; 3] = [b"250 ok\r\n", b"250-x\r\n250 PIPELINING\r\n", b"354 go\r\n"];
    for level in LEVELS {
        for (reply, times) in early.iter().flat_map(|&reply| [(reply, 1), (reply, 100)]) {
            let said = [b"220 hi\r\n".as_slice(), &reply.repeat(times)].concat();
            let mut peer = Deaf { said, reads: usize::MAX, gone: None };
            let played = play(at(level), &plan, &mut peer);
            assert!(played.all(Status::NotSent), "{played:?}");
            assert!(
                matches!(played.error, Some(SessionError::Peer(PeerError::Early { verb: Verb::Ehlo, .. }))),
                "{played:?}"
            );
        }
    }
}

#[test]
fn the_same_answer_to_everything() {
    let plan = plain(MESSAGES);
    let cases: [(&[u8], Status); 6] = [
        (b"250 yes\r\n", Status::NotSent),
        (b"354 yes\r\n", Status::NotSent),
        (b"550 no\r\n", Status::Refused),
        (b"450 no\r\n", Status::Refused),
        (b"503 no\r\n", Status::Refused),
        (b"421 no\r\n", Status::NotSent),
    ];
    for level in [Some(Level::Lockstep), Some(Level::Group), Some(Level::Continuous), None] {
        for (reply, status) in cases {
            let played = play(at(level), &plan, &mut Parrot::new(reply));
            // A probe's chunk was read as a command: another connection would have been made.
            let tried = level.is_none() && played.reconnects > 0 && played.all(Status::NotSent);
            assert!(played.all(status) || tried, "{level:?} {}: {played:?}", reply.escape_ascii());
        }
    }
}

#[test]
fn a_server_that_never_writes() {
    let plan = plain(MESSAGES);
    let mut peer = Deaf { said: Vec::new(), reads: usize::MAX, gone: None };
    let played = play(at(None), &plan, &mut peer);
    assert!(played.all(Status::NotSent), "{played:?}");
    assert_eq!(played.error, Some(SessionError::Timeout { waiting_for: Some(Verb::Greeting) }));
    assert_eq!(played.elapsed, Duration::from_secs(300));
}

#[test]
fn a_server_that_never_reads() {
    let plan = plain(2000);
    for (reads, waits) in [(0, 180), (10, 180), (26, 180)] {
        let said = b"220 hi\r\n".to_vec();
        let mut peer = Deaf { said, reads, gone: None };
        let mut played = None;
        let grown = memory::peak(|| played = Some(play(at(None), &plan, &mut peer)));
        let played = played.unwrap();
        assert!(played.all(Status::NotSent), "{played:?}");
        assert!(matches!(played.error, Some(SessionError::Timeout { .. })), "{:?}", played.error);
        assert!(played.elapsed <= Duration::from_secs(waits.max(300)), "{:?}", played.elapsed);
        assert!(grown < 8 << 20, "{grown} octets");
    }
}

#[test]
fn a_server_that_resets_or_closes_at_once() {
    let plan = plain(MESSAGES);
    for gone in [true, false] {
        let mut peer = Deaf { said: Vec::new(), reads: usize::MAX, gone: Some(gone) };
        let played = play(at(None), &plan, &mut peer);
        assert!(played.all(Status::NotSent), "{played:?}");
        match played.error {
            Some(SessionError::Lost(_)) if gone => {}
            Some(SessionError::Closed { waiting_for: Some(Verb::Greeting) }) if !gone => {}
            error => panic!("{error:?}"),
        }
    }
}

/// A byte a second keeps nobody waiting longer than RFC 5321 §4.5.3.2 allows.
#[test]
fn a_greeting_that_trickles_is_given_up() {
    let plan = plain(MESSAGES);
    for of in [b"2".as_slice(), b"220-hi\r\n", b"220 ", b"\0"] {
        let mut peer = Trickle { of, at: 0, last: Duration::ZERO };
        let played = play(at(None), &plan, &mut peer);
        assert!(played.all(Status::NotSent), "{played:?}");
        assert!(played.error.is_some());
        assert!(played.elapsed <= Duration::from_secs(301), "{played:?}");
    }
}

#[test]
fn endless_replies_cost_no_memory() {
    let plan = plain(MESSAGES);
    let endless: [&[u8]; 4] = [b"250-more\r\n", b"2", b"250-", b"250 ok\r\n"];
    for piece in endless {
        let much = piece.repeat((16 << 20) / piece.len());
        let said = [b"220 hi\r\n".as_slice(), &much].concat();
        let mut peer = Deaf { said, reads: usize::MAX, gone: None };
        let grown = memory::peak(|| {
            let played = play(at(None), &plan, &mut peer);
            assert!(played.all(Status::NotSent), "{played:?}");
        });
        assert!(grown < 1 << 20, "{grown} octets");
    }
}

/// Each recipient is refused, or accepted, in as many words as a reply may have, and no two are the same.
#[test]
fn long_replies_to_many_recipients_cost_little_memory() {
    const RECIPIENTS: usize = 1500;
    for (code, status) in [("550", Status::Refused), ("250", Status::Delivered), ("452", Status::Refused)] {
        let mut plan = plain(1);
        let mail = plan.mails.first_mut().unwrap();
        for nth in 1..RECIPIENTS {
            let address = format!("to0x{nth}@b.example");
            let recipient = Recipient::new(Address::new(&address).unwrap());
            mail.message.push_recipient(recipient);
            mail.recipients.push(address);
        }
        for lmtp in [false, true] {
            let mut peer = Verbose { code, waiting: Vec::new(), said: 0 };
            let mut played = None;
            let options = Options { lmtp, ..at(Some(Level::Group)) };
            let grown = memory::peak(|| played = Some(play(options, &plan, &mut peer)));
            let played = played.unwrap();
            assert!(played.all(status), "{:?}", played.statuses());
            assert!(grown < 8 << 20, "{code} {lmtp}: {grown} octets");
        }
    }
}

/// A server that says anything at all, at any time. It can't be lied to more than that.
#[test]
fn anything_at_any_time_ends_with_one_outcome_each() {
    const SAYINGS: [&[u8]; 16] = [
        b"250 ok\r\n",
        b"250 ok\r\n",
        b"250 ok\r\n",
        b"250-a\r\n250-PIPELINING\r\n250 CHUNKING\r\n",
        b"354 go\r\n",
        b"354 go\r\n",
        b"550 no\r\n",
        b"452 later\r\n",
        b"503 what\r\n",
        b"421 bye\r\n",
        b"220 hi\r\n",
        b"25",
        b"0 split\r\n",
        b"250-a\r\n",
        b"\r\n",
        b"",
    ];
    struct Any(Random, bool, u32);
    impl scene::Peer for Any {
        fn hear(&mut self, _bytes: &[u8]) {
            self.1 = true;
        }

        fn say(&mut self, _now: Duration) -> Vec<u8> {
            // Mostly in answer to something; the greeting comes by itself.
            let mut said = Vec::new();
            if self.2 == 0 {
                self.2 = 1;
                return b"220 hi\r\n".to_vec();
            }
            if self.2 == 1 && self.1 {
                self.2 = 2;
                self.1 = false;
                return SAYINGS[3].to_vec();
            }
            if std::mem::take(&mut self.1) {
                for _ in 0..self.0.below(6) {
                    // The later ones break things: seldom.
                    let most = if self.0.once_in(8) { SAYINGS.len() } else { 9 };
                    said.extend_from_slice(SAYINGS[self.0.below(most)]);
                }
            }
            said
        }

        fn gone(&self) -> Option<bool> {
            match self.0.0 % 7 {
                0 => Some(true),
                1 => Some(false),
                _ => None,
            }
        }
    }
    let plan = plain(8);
    for seed in 0..4000 {
        for level in LEVELS {
            let mut peer = Any(Random(seed), false, 0);
            let played = play(at(level), &plan, &mut peer);
            assert!(played.outcomes.iter().all(Option::is_some), "{seed} {level:?}: {played:?}");
        }
    }
}

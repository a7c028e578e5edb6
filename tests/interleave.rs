//! Submit, send in parts, receive in parts, let time pass, cancel, cut, quit: in any order, at every level, against a
//! server in memory. A lock-step client's outcomes are known beforehand (the server is deterministic); every level has to
//! come to the same ones, and the server must have taken each message as often as its outcome says, from its own sender.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod common;

use common::fixture::{Letter, Mailbox, Settings, Streaming};
use common::server::Manners;
use common::world::{Case, Op, check, levels};
use proptest::prelude::*;

fn letters() -> impl Strategy<Value = Vec<Letter>> {
    let sender = prop_oneof![4 => Just(""), 1 => Just("bad")];
    let recipient = prop_oneof![6 => Just(""), 1 => Just("no"), 1 => Just("later"), 1 => Just("full")];
    let content = prop_oneof![
        5 => Just("text\r\n"), 1 => Just("spam"), 1 => Just(".dot\n..\r.\r\n"), 1 => Just("RSET\r\nQUIT\r\n"), 1 => Just("")
    ];
    let long = prop_oneof![5 => Just(0_usize), 1 => 1..400_usize];
    let source = (1..40_usize, any::<bool>(), any::<bool>(), prop::option::weighted(0.2, 0..20_usize));
    let stream = prop::option::weighted(0.3, source);
    let wishes =
        (prop::bool::weighted(0.3), prop::option::weighted(0.3, 1..255_u8), prop::bool::weighted(0.1));
    let letter = (sender, prop::collection::vec(recipient, 1..5), content, long, stream, wishes);
    prop::collection::vec(letter, 1..9).prop_map(|all| {
        let mailbox = |address: String| Mailbox { address, params: Vec::new() };
        let one = |(at, (sender, recipients, content, long, stream, (prdr, origin, binary))): (
            usize,
            Drawn<'_>,
        )| {
            let content = format!("{content}{}", "x".repeat(long)).into_bytes();
            Letter {
                name: format!("m{at}"),
                sender: Mailbox {
                    address: format!("{sender}s{at}@a.example"),
                    params: prdr.then(|| "PRDR".to_owned()).into_iter().collect(),
                },
                // Each message has recipients of its own, so that what the server took can be told apart.
                recipients: recipients
                    .iter()
                    .enumerate()
                    .map(|(nth, r)| mailbox(format!("{r}r{at}-{nth}@b.example")))
                    .collect(),
                stream: stream.map(|source| streaming(content.len(), source)),
                content,
                binary,
                require: Vec::new(),
                forward: origin.map(|n| format!("ADDR=192.0.2.{n}")).into_iter().collect(),
            }
        };
        all.into_iter().enumerate().map(one).collect()
    })
}

/// Sender, recipients, content, filler, source; PRDR, whom it came from, binary.
type Drawn<'a> = (&'a str, Vec<&'a str>, &'a str, usize, Option<Source>, (bool, Option<u8>, bool));
/// Piece, length known, can be rewound, fails.
type Source = (usize, bool, bool, Option<usize>);

fn streaming(content: usize, (piece, length, rewind, fails): Source) -> Streaming {
    Streaming {
        piece,
        length: length.then_some(content as u64),
        rewind,
        fails: fails.map(|at| at.min(content)),
        ..Streaming::default()
    }
}

fn manners() -> impl Strategy<Value = Manners> {
    let flags =
        (any::<bool>(), prop::bool::weighted(0.8), prop::bool::weighted(0.6), any::<bool>(), any::<bool>());
    let limits = (
        prop_oneof![3 => Just(None), 1 => Just(Some(0)), 1 => Just(Some(200))],
        prop::option::weighted(0.2, 1..4_usize),
    );
    let more = (
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.2),
        prop::option::weighted(0.15, 1..4_usize),
        prop::bool::weighted(0.4),
        prop::bool::weighted(0.3),
    );
    let extensions = (
        any::<bool>(),
        prop_oneof![2 => Just(None), 2 => Just(Some(true)), 1 => Just(Some(false))],
        any::<bool>(),
    );
    (flags, limits, more, extensions).prop_map(
        |(flags, (size, recipients), (old, lmtp, transactions, early, strict), (prdr, forwards, binary))| {
            let (tells_limit, pipelining, chunking, polite, undrained) = flags;
            let old = old && !lmtp;
            // Limits can be told with EHLO only.
            let (transactions, size) = (transactions.filter(|_| !old), size.filter(|_| !old));
            // RFC 2033 §4.2: DATA without recipients is refused under LMTP.
            let polite = polite && !lmtp;
            Manners {
                lmtp,
                old,
                pipelining,
                chunking,
                size,
                recipients,
                tells_limit,
                transactions,
                polite,
                early: early && pipelining && !old,
                strict,
                undrained,
                prdr,
                forwards,
                binary,
            }
        },
    )
}

fn ops(cuts: bool) -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        6 => Just(Op::Submit),
        1 => Just(Op::Command),
        8 => (1..300_usize).prop_map(Op::Receive),
        8 => (1..500_usize).prop_map(Op::Arrive),
        8 => (1..500_usize).prop_map(Op::Room),
        1 => (1..50_usize, 1..4_usize).prop_map(|(bytes, slices)| Op::Portions(bytes, slices)),
        1 => (0..4_u64).prop_map(Op::Wait),
        1 => (0..8_usize).prop_map(Op::Cancel),
    ];
    let end = if cuts {
        prop_oneof![Just(vec![Op::Cut(true)]), Just(vec![Op::Cut(false)])].boxed()
    } else {
        prop_oneof![Just(vec![Op::Quit]), Just(Vec::new())].boxed()
    };
    (prop::collection::vec(op, 0..40), end).prop_map(|(ops, end)| [ops, end].concat())
}

fn cases(cuts: bool) -> impl Strategy<Value = Case> {
    let unanswered = prop_oneof![Just(0), Just(300_usize)];
    let settings = (prop::bool::weighted(0.2), 0..4_usize, unanswered, 0..4_u8, 1..100_usize);
    (manners(), settings, letters(), ops(cuts)).prop_map(
        |(manners, (all_recipients, window, unanswered, how, chunk_size), letters, ops)| {
            let chunking = match how {
                0 => Some("always".to_owned()),
                1 => Some("never".to_owned()),
                _ => None,
            };
            let settings = Settings {
                lmtp: manners.lmtp,
                window: Some(window),
                unanswered: Some(unanswered),
                all_recipients,
                chunking,
                chunk_size: Some(chunk_size),
                // A client that was here before, and remembers.
                remembers: if manners.early { manners.offers() } else { Vec::new() },
                earned: if manners.undrained { Vec::new() } else { vec!["streaming".to_owned()] },
                ..Settings::default()
            };
            Case { manners, settings, letters, ops }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_level_comes_to_the_outcomes_of_lockstep(case in cases(false)) {
        levels(&case).for_each(|level| check(&case, level));
    }

    #[test]
    fn a_cut_at_any_moment_leaves_the_truth(case in cases(true)) {
        levels(&case).for_each(|level| check(&case, level));
    }
}

//! Every transcript, ended at every byte of either direction: by the server's close, by a reset, and by silence.
//!
//! Wherever it ends, each ticket has exactly one outcome, within bounded steps; and the referee, who has seen the bytes,
//! agrees with it: `delivered` only after the final 2yz, `not_sent` only if the last byte of the content didn't leave (or
//! a 421 came), `in_doubt` only in between. This is what the library exists for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod common;

use std::cell::Cell;

use common::fixture::{Fixture, Step};
use common::replay::{Cut, End, Feed, cut, replay};
use common::run::Take;
use smtpipe::session::{Session, Status};

const ENDS: [End; 3] = [End::Eof, End::Reset, End::Silence];

fn server_bytes(fixture: &Fixture) -> usize {
    fixture.steps.iter().map(|s| if let Step::Server(bytes) = s { bytes.len() } else { 0 }).sum()
}

/// What was done, and what it came to.
#[derive(Default)]
struct Total {
    cuts: Cell<u64>,
    in_doubt: Cell<u64>,
}

impl Total {
    fn cut_at(&self, fixture: &Fixture, at: Cut) {
        for end in ENDS {
            let done = std::panic::AssertUnwindSafe(|| cut(fixture, at, end));
            let run = std::panic::catch_unwind(done).unwrap_or_else(|panic| {
                eprintln!("^^^ {} {at:?} {end:?}", fixture.name);
                std::panic::resume_unwind(panic);
            });
            let recipients = run.outcomes.values().flat_map(|outcome| &outcome.recipients);
            let in_doubt = recipients.filter(|recipient| recipient.status == Status::InDoubt).count();
            self.cuts.set(self.cuts.get() + 1);
            self.in_doubt.set(self.in_doubt.get() + in_doubt as u64);
        }
    }

    fn print(&self, what: &str) {
        let (cuts, in_doubt) = (self.cuts.get(), self.in_doubt.get());
        println!("transcripts: {cuts} cuts behind the bytes of {what}; {in_doubt} recipients in doubt");
        assert!(cuts > 10_000 && in_doubt > 100, "{cuts} cuts, {in_doubt} in doubt");
    }
}

#[test]
fn behind_every_byte_of_the_server() {
    let total = Total::default();
    common::for_each_fixture(|f| (0..=server_bytes(f)).for_each(|n| total.cut_at(f, Cut::Server(n))));
    total.print("the server");
}

#[test]
fn behind_every_byte_of_the_client() {
    let total = Total::default();
    common::for_each_fixture(|f| {
        let all = replay(f, Feed::Pieces, Take::All).sent_in_all;
        (0..=all).for_each(|n| total.cut_at(f, Cut::Client(n)));
    });
    total.print("the client");
}

/// The commitment point is where the last byte is handed out: a driver that is stopped between its write and its report
/// can't say whether the byte left.
#[test]
fn handed_out_and_not_reported_is_in_doubt() {
    for (slices, expected) in [(1, Status::NotSent), (16, Status::InDoubt)] {
        let mut run = common::with_content_pending("level-group");
        let mut room = [std::io::IoSlice::new(&[]); 16];
        let handed: usize = run.session.output(&mut room[..slices]).min(slices);
        assert!(handed > 0);
        run.session.connection_lost(run.now, "gone");
        assert_eq!(first_status(&mut run.session), Some(expected), "{slices} slices handed out");
    }
}

/// What was handed out and, as reported, not written hasn't left.
#[test]
fn handed_out_and_reported_unwritten_is_not_sent() {
    let mut run = common::with_content_pending("level-group");
    let mut room = [std::io::IoSlice::new(&[]); 16];
    let count = run.session.output(&mut room);
    let total: usize = room[..count].iter().map(|s| s.len()).sum();
    run.session.sent(run.now, total - 1);
    run.session.connection_lost(run.now, "gone");
    assert_eq!(first_status(&mut run.session), Some(Status::NotSent));
}

fn first_status(session: &mut Session) -> Option<Status> {
    std::iter::from_fn(|| session.next_event()).find_map(|event| match event {
        smtpipe::session::Event::Outcome(outcome) => Some(outcome.status),
        _ => None,
    })
}

//! Every transcript in portions: however the server's bytes arrive and however the transport takes the client's, the
//! session says the same bytes, and comes to the same outcomes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod common;

use common::fixture::{Fixture, Step};
use common::replay::{Feed, replay};
use common::run::{Run, Take};
use proptest::prelude::*;

/// What must not depend on portions.
fn result(run: &Run) -> impl PartialEq + std::fmt::Debug {
    let outcomes: Vec<_> = run.outcomes.values().cloned().collect();
    let error = run.session.error().cloned();
    (outcomes, run.events.clone(), error, run.sent_in_all, run.session.stats().round_trips)
}

fn server_bytes(fixture: &Fixture) -> usize {
    fixture.steps.iter().map(|s| if let Step::Server(bytes) = s { bytes.len() } else { 0 }).sum()
}

fn same_as_whole(fixture: &Fixture, feed: Feed, take: Take) {
    let whole = replay(fixture, Feed::Pieces, Take::All);
    let parts = replay(fixture, feed, take);
    if fixture.options.wire_may_differ {
        let statuses = |run: &Run| run.outcomes.values().map(|o| o.status).collect::<Vec<_>>();
        assert_eq!(statuses(&whole), statuses(&parts), "{} {feed:?} {take:?}", fixture.name);
    } else {
        assert_eq!(result(&whole), result(&parts), "{} {feed:?} {take:?}", fixture.name);
    }
}

fn for_all(test: impl Fn(&Fixture)) {
    common::for_each_fixture(test);
}

#[test]
fn byte_by_byte() {
    for_all(|f| same_as_whole(f, Feed::Portions(1), Take::All));
}

#[test]
fn at_every_split() {
    for_all(|f| (1..server_bytes(f)).for_each(|at| same_as_whole(f, Feed::Split(at), Take::All)));
}

#[test]
fn output_taken_byte_by_byte() {
    for_all(|f| same_as_whole(f, Feed::Pieces, Take::Portions { bytes: 1, slices: 16 }));
}

#[test]
fn output_taken_slice_by_slice() {
    for_all(|f| {
        for bytes in [2, 3, 7, 64, usize::MAX] {
            for slices in [1, 2, 5] {
                same_as_whole(f, Feed::Pieces, Take::Portions { bytes, slices });
            }
        }
    });
}

#[test]
fn both_directions_byte_by_byte() {
    for_all(|f| same_as_whole(f, Feed::Portions(1), Take::Portions { bytes: 1, slices: 1 }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_portions(read in 1..200_usize, bytes in 1..200_usize, slices in 1..16_usize) {
        for_all(|f| same_as_whole(f, Feed::Portions(read), Take::Portions { bytes, slices }));
    }
}

//! Every transcript, replayed as it is written: exact bytes, exact batches, every outcome.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod common;

use common::replay::{Feed, replay};
use common::run::Take;

#[test]
fn every_transcript_is_replayed() {
    let count = common::fixture::all().len();
    assert!(count >= 60, "there are only {count} transcripts");
    common::for_each_fixture(|f| drop(replay(f, Feed::Pieces, Take::All)));
}

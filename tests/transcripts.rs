//! Every transcript, replayed as it is written: exact bytes, exact batches, every outcome.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that can't go on has failed")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::replay::{Feed, replay};
use common::run::Take;

#[test]
fn every_transcript_is_replayed() {
    let fixtures = common::fixture::all();
    assert!(fixtures.len() >= 60, "there are only {} transcripts", fixtures.len());
    let failed: Vec<&str> = fixtures
        .iter()
        .filter(|f| {
            catch_unwind(AssertUnwindSafe(|| replay(f, Feed::Pieces, Take::All)))
                .inspect_err(|_| eprintln!("^^^ {}\n", f.name))
                .is_err()
        })
        .map(|f| f.name.as_str())
        .collect();
    assert!(failed.is_empty(), "{} of {} failed: {failed:?}", failed.len(), fixtures.len());
}

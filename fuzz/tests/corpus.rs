//! Every input of the corpus, and every seed, once, without a fuzzer: what was found stays mended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use smtpipe_fuzz::{TARGETS, seeds};

/// The committed inputs of a target. A crash that was mended is one of them, by a name that says what it was.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = std::fs::read_dir(&directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut inputs: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.display().to_string(), std::fs::read(&path).unwrap())
        })
        .collect();
    inputs.sort();
    inputs
}

fn replay(target: &str) {
    let run = TARGETS.iter().find(|(name, _)| *name == target).expect("a target").1;
    let (corpus, seeds) = (corpus(target), seeds::of(target));
    assert!(!corpus.is_empty() && !seeds.is_empty(), "{target} has no inputs");
    let mut failed = Vec::new();
    for (name, input) in corpus.iter().chain(&seeds) {
        if catch_unwind(AssertUnwindSafe(|| run(input))).is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "{target}: {failed:#?}");
    println!("{target}: {} inputs and {} seeds", corpus.len(), seeds.len());
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test] fn $name() { replay(stringify!($name)); })*

        #[test]
        fn every_target_is_replayed() {
            let all = [$(stringify!($name)),*];
            assert!(TARGETS.iter().all(|(name, _)| all.contains(name)));
        }
    };
}

targets!(capi content ehlo injection peers reply server_session session_hostile session_model);

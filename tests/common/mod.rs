//! What the integration tests share: the fixture format, a referee that knows the truth, and the ways to run a session.
//!
//! Every test crate compiles this module and uses its own part of it.
#![allow(dead_code, reason = "each test crate uses a part of this module")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

pub(crate) mod build;
pub(crate) mod escape;
pub(crate) mod fixture;
pub(crate) mod login;
pub(crate) mod parse;
pub(crate) mod peer;
pub(crate) mod referee;
pub(crate) mod replay;
pub(crate) mod replies;
pub(crate) mod run;
pub(crate) mod server;
pub(crate) mod talk;
pub(crate) mod world;

/// Runs a test for every fixture, and names those that failed.
pub(crate) fn for_each_fixture(test: impl Fn(&fixture::Fixture)) {
    let mut failed = Vec::new();
    for fixture in fixture::all() {
        let run = std::panic::AssertUnwindSafe(|| test(&fixture));
        if std::panic::catch_unwind(run).is_err() {
            eprintln!("^^^ {}\n", fixture.name);
            failed.push(fixture.name);
        }
    }
    assert!(failed.is_empty(), "{} failed: {failed:?}", failed.len());
}

/// Plays a fixture until 354 has come and nothing of the content has been taken yet.
pub(crate) fn with_content_pending(name: &str) -> run::Run {
    use fixture::Step;
    let fixture = fixture::named(name);
    let mut run = run::Run::new(build::options(&fixture.options), &fixture.messages);
    for (name, message) in build::first(&fixture) {
        run.submit(&name, message).unwrap();
    }
    run.start();
    for step in &fixture.steps {
        if let Step::Server(bytes) = step {
            let go_ahead = bytes.windows(4).any(|w| w == b"354 ");
            if go_ahead {
                run.room = Some(0);
            }
            run.feed(bytes);
            if go_ahead {
                return run;
            }
        }
    }
    panic!("{name}: no 354");
}

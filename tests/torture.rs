//! Cut everywhere: whatever breaks, and wherever, what is reported of every recipient is true.
//!
//! A hundred messages go over a link that is cut behind byte k of either direction: by FIN, by RST, by silence. In memory
//! for many k (all of them with `SMTPIPE_TORTURE=1`, which takes about an hour), and through the blocking client over real sockets for some. How many
//! cuts were made, and how much was left in doubt, is printed. `secure.rs` does it to encrypted sessions, byte by byte of what is on
//! the wire.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

#[path = "torture/mod.rs"]
mod harness;

#[path = "tls/certificates.rs"]
#[allow(dead_code, reason = "only a good certificate is needed here")]
mod certificates;
#[path = "torture/secure.rs"]
mod secure;
#[path = "torture/sockets.rs"]
mod sockets;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use harness::link::{Cut, Direction, Report, Run};
use harness::plan::Plan;
use harness::positions::{Depth, cuts, everywhere};
use harness::truth::Tally;
use harness::worlds::{self, World};

/// `SMTPIPE_TORTURE`: 1 is everything, a larger number is so many positions in each world beside the promised ones.
fn effort() -> usize {
    std::env::var("SMTPIPE_TORTURE").ok().and_then(|value| value.parse().ok()).unwrap_or(0)
}

fn thorough() -> bool {
    effort() == 1
}

/// Runs a job for every item, on as many threads as there are processors.
fn in_parallel<T: Sync>(items: &[T], job: impl Fn(&T) + Sync) {
    on_threads(std::thread::available_parallelism().map_or(1, usize::from), items, job);
}

fn on_threads<T: Sync>(threads: usize, items: &[T], job: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    job(item);
                }
            });
        }
    });
}

#[derive(Debug, Default)]
struct Sum {
    cuts: u64,
    runs: u64,
    connections: u64,
    tally: Tally,
    failures: Vec<String>,
}

impl Sum {
    fn add(&mut self, name: &str, cut: Cut, result: Result<Report, String>) {
        self.runs += 1;
        match result {
            Ok(report) => {
                self.cuts += report.cuts;
                self.connections += u64::from(report.connections);
                self.tally.add(&report.tally);
            }
            Err(why) => self.failures.push(format!("{name}: {cut:?}\n{why}")),
        }
    }

    fn conclude(&self, what: &str) {
        let Self { cuts, runs, connections, tally, failures } = self;
        println!(
            "{what}: {cuts} cuts in {runs} runs, {connections} connections; recipients: {} delivered, {} refused, \
             {} not sent, {} in doubt ({} of them accepted)",
            tally.delivered, tally.refused, tally.not_sent, tally.in_doubt, tally.doubt_accepted
        );
        for failure in failures.iter().take(5) {
            println!("{failure}\n");
        }
        assert!(failures.is_empty(), "{} runs reported what isn't true", failures.len());
    }
}

/// How many cuts, or bytes, a thread takes at a time.
const PART: usize = 256;

/// Made into cuts only when it's their turn: all of them would not fit into memory.
enum Work {
    Some(Vec<Cut>),
    Everywhere(Direction, Range<usize>),
}

impl Work {
    fn cuts(&self) -> Vec<Cut> {
        match self {
            Self::Some(cuts) => cuts.clone(),
            Self::Everywhere(direction, positions) => everywhere(*direction, positions.clone()),
        }
    }
}

fn guarded<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("it panicked".to_owned()))
}

#[test]
fn the_engine_tells_the_truth_wherever_the_link_breaks() {
    let plan = Plan::new();
    let worlds = worlds::all();
    let mut work: Vec<(&World, Work)> = Vec::new();
    for (world, seed) in worlds.iter().zip(1..) {
        let record =
            guarded(|| Run::recorded(&plan, world)).unwrap_or_else(|why| panic!("{}: {why}", world.name));
        let (up, down) = (record.up.len(), record.down.len());
        println!("{}: {up} bytes up, {down} bytes down", world.name);
        if thorough() {
            for (direction, total) in [(Direction::Up, up), (Direction::Down, down)] {
                let parts = (0..=total).step_by(PART);
                let part = |from: usize| Work::Everywhere(direction, from..(from + PART).min(total + 1));
                work.extend(parts.map(|from| (world, part(from))));
            }
        } else {
            let depth = match world.main {
                true => Depth::Promised(effort().max(300)),
                false => Depth::Sample(effort().max(1000)),
            };
            let cuts = cuts(&record, &plan, depth, seed);
            work.extend(cuts.chunks(PART).map(|some| (world, Work::Some(some.to_vec()))));
        }
    }
    let sum = Mutex::new(Sum::default());
    in_parallel(&work, |(world, work)| {
        for cut in work.cuts() {
            let result = guarded(|| Run::new(&plan, world, Some(cut)).cut());
            sum.lock().unwrap().add(&world.name, cut, result);
        }
    });
    sum.into_inner().unwrap().conclude("engine");
}

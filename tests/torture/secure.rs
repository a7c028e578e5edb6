//! The same to encrypted sessions: the link breaks behind byte k of what is on the wire, so in the middle of the handshake,
//! of a record, of the close. A short session is cut at every byte of either direction, a long one at a sample.
//!
//! Beside the truth about every recipient: nothing but EHLO and STARTTLS is ever said in clear, whatever breaks; and a
//! connection that ends without TLS's `close_notify` is not taken for one that was closed (RFC 8446 §6.1).

use std::sync::Mutex;

use smtpipe::session::{Level, SessionError};
use smtpipe::tls::{Roots, Tls, TlsMode};

use super::certificates::{Authority, Issued};
use super::harness::plan::Plan;
use super::harness::random::Random;
use super::harness::relay::{Cut, Ending, From};
use super::harness::truth::Tally;
use super::sockets::Bench;
use super::{on_threads, thorough};

/// More than there are processors: behind a silence everybody waits.
const THREADS: usize = 12;
/// So many cuts are made with one sink and one relay.
const PART: usize = 48;
const ENDINGS: [Ending; 3] = [Ending::Fin, Ending::Rst, Ending::Silence];

struct World {
    mode: TlsMode,
    lmtp: bool,
    level: Option<Level>,
}

impl World {
    fn name(&self) -> String {
        let protocol = if self.lmtp { "lmtp" } else { "smtp" };
        format!("{:?} {protocol} {}", self.mode, self.level.map_or("auto", Level::as_str))
    }
}

#[derive(Default)]
struct Sum {
    tally: Tally,
    cuts: u64,
    /// Cut before the handshake was done.
    unencrypted: u64,
    truncated: u64,
    failures: Vec<String>,
}

struct Scene {
    authority: Authority,
    issued: Issued,
}

impl Scene {
    fn new() -> Self {
        let authority = Authority::new("an authority for tests");
        let issued = authority.issue("127.0.0.1", |_| {});
        Self { authority, issued }
    }

    fn bench(&self, plan: &Plan, world: &World) -> Bench {
        let mut tls = Tls::new(world.mode);
        tls.roots = Roots::Only(self.authority.pem());
        let bench = Bench::new(plan, world.lmtp, Some((tls, self.issued.identity())));
        bench.relay.heard();
        bench
    }
}

/// What was said on a connection: before the first record nothing but EHLO (or LHLO) and STARTTLS, and then nothing but records
/// (RFC 8446 §5.1), of which the last may be cut short.
fn nothing_in_clear(heard: &[u8]) -> Result<(), String> {
    let mut rest = heard;
    while let Some((line, behind)) =
        rest.iter().position(|&octet| octet == b'\n').map(|end| rest.split_at(end + 1))
    {
        let allowed: [&[u8]; 3] = [b"EHLO ", b"LHLO ", b"STARTTLS\r\n"];
        if !allowed.iter().any(|start| line.starts_with(start)) {
            break;
        }
        rest = behind;
    }
    while let [kind, major, _, high, low, behind @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if !(20..=23).contains(kind) || *major != 3 || length > 16_384 + 256 {
            return Err(format!("said in clear: {:?}", String::from_utf8_lossy(rest)));
        }
        rest = behind.get(length..).unwrap_or_default();
    }
    Ok(())
}

fn play(bench: &Bench, plan: &Plan, world: &World, cut: Cut, sum: &mut Sum) {
    let result = bench.play(plan, world.level, Some(cut)).and_then(|played| {
        bench.relay.heard().iter().try_for_each(|own| nothing_in_clear(own))?;
        let told = matches!(played.error, Some(SessionError::Truncated { .. }));
        let truncated = cut.from == From::Server && cut.ending == Ending::Fin && played.encrypted;
        // Without an error it was behind the end, as far as the client cares.
        if truncated && !told && played.error.is_some() {
            return Err(format!("truncated, and told as {:?}", played.error));
        }
        sum.truncated += u64::from(truncated && told);
        sum.unencrypted += u64::from(!played.encrypted);
        Ok(played.tally)
    });
    match result {
        Ok(tally) => sum.tally.add(&tally),
        Err(why) => sum.failures.push(format!("{}: {cut:?}\n{why}", world.name())),
    }
}

/// Makes these cuts in each world; `choose` is told how much passes on either side, and a seed.
fn torture(what: &str, plan: &Plan, worlds: &[World], choose: impl Fn(u64, u64, u64) -> Vec<Cut>) -> Sum {
    let scene = Scene::new();
    let mut work = Vec::new();
    for (world, seed) in worlds.iter().zip(1..) {
        let bench = scene.bench(plan, world);
        let played = bench.play(plan, world.level, None).unwrap();
        assert!(played.encrypted && played.error.is_none(), "{}: {:?}", world.name(), played.error);
        bench.relay.heard().iter().for_each(|own| nothing_in_clear(own).unwrap());
        let (client, server) = bench.relay.passed();
        println!("{}: {client} bytes up, {server} bytes down", world.name());
        work.extend(choose(client, server, seed).chunks(PART).map(|part| (world, part.to_vec())));
    }
    let total = Mutex::new(Sum::default());
    on_threads(THREADS, &work, |(world, cuts)| {
        let bench = scene.bench(plan, world);
        let mut sum = Sum::default();
        for &cut in cuts {
            play(&bench, plan, world, cut, &mut sum);
        }
        let mut total = total.lock().unwrap();
        total.tally.add(&sum.tally);
        total.cuts += bench.relay.made();
        total.unencrypted += sum.unencrypted;
        total.truncated += sum.truncated;
        total.failures.extend(sum.failures);
    });
    let sum = total.into_inner().unwrap();
    let Sum { tally, cuts, unencrypted, truncated, .. } = &sum;
    println!(
        "{what}: {cuts} cuts of encrypted connections, {unencrypted} before the handshake was done, {truncated} told as \
         truncated; {} recipients in doubt ({tally:?})",
        tally.in_doubt
    );
    assert!(sum.failures.is_empty(), "{} runs:\n{}", sum.failures.len(), sum.failures.join("\n\n"));
    sum
}

#[test]
fn the_client_tells_the_truth_wherever_the_wire_of_an_encrypted_session_is_cut() {
    let plan = Plan::new().first(4);
    let worlds = [
        World { mode: TlsMode::Required, lmtp: false, level: Some(Level::Streaming) },
        World { mode: TlsMode::Implicit, lmtp: false, level: Some(Level::Continuous) },
    ];
    let every = |client: u64, server: u64, _: u64| -> Vec<Cut> {
        let sides = [(From::Client, client), (From::Server, server)];
        let places = sides.into_iter().flat_map(|(from, total)| (0..=total).map(move |at| (from, at)));
        places
            .flat_map(|(from, at)| ENDINGS.map(|ending| Cut { from, at, ending }))
            // Every silence costs the client its patience.
            .filter(|cut| thorough() || cut.ending != Ending::Silence || cut.at.is_multiple_of(5))
            .collect()
    };
    let sum = torture("short", &plan, &worlds, every);
    assert!(sum.unencrypted > 500 && sum.truncated > 100 && sum.tally.in_doubt > 500, "{}", sum.truncated);
}

#[test]
fn and_anywhere_in_a_long_one() {
    let plan = Plan::new();
    let modes = [TlsMode::Required, TlsMode::Implicit];
    let level = |at: usize| Level::ALL.get(at).copied();
    let worlds: Vec<World> =
        (0..10).map(|at| World { mode: modes[at % 2], lmtp: at % 4 > 1, level: level(at / 2) }).collect();
    let each = if thorough() { 1000 } else { 24 };
    let some = |client: u64, server: u64, seed: u64| -> Vec<Cut> {
        let mut random = Random(seed);
        let mut cut = |nth: usize| {
            let (from, total) =
                if random.once_in(2) { (From::Client, client) } else { (From::Server, server) };
            let at = random.below(usize::try_from(total).unwrap()) as u64;
            Cut { from, at, ending: ENDINGS[nth % 3] }
        };
        (0..each).map(&mut cut).collect()
    };
    torture("long", &plan, &worlds, some);
}

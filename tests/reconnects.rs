//! Another connection, and another, each to a server that is not the one before: the session always gets on or comes to its end,
//! and what it then says is true. Each connection that it asks for has settled a recipient, or lost a trial of a kind that it
//! doesn't make again; so their number is bounded.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod common;

#[path = "reconnects/foe.rs"]
mod foe;
#[path = "torture/random.rs"]
mod random;

use common::build;
use common::fixture::{Letter, Settings, Streaming};
use common::run::Run;
use common::talk::letter;
use foe::{Foe, Taken};
use random::Random;
use smtpipe::session::Status;

/// Trials: continuous, streaming, early.
const TRIALS: usize = 3;

fn letters(random: &mut Random) -> Vec<Letter> {
    let one = |number: usize, random: &mut Random| {
        let addresses: Vec<String> = (0..1 + random.below(4))
            .map(|nth| format!("r{number}-{nth}@{}.example", ["b", "c", "d"][random.below(3)]))
            .collect();
        let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
        let mut letter = letter(&format!("m{number}"), &addresses);
        let lines = ["NOOP", "RSET", "hello", "MAIL FROM:<evil@a.example>", "RCPT TO:<evil@b.example>"];
        let mut content = format!("Number: {number}\r\n");
        if random.once_in(3) {
            // So that it can't be told from a command by its first line either.
            content.clear();
        }
        for _ in 0..random.below(4) {
            content.push_str(lines[random.below(lines.len())]);
            content.push_str("\r\n");
        }
        letter.content = format!("{content}NOOP {number}\r\n").into_bytes();
        if random.once_in(4) {
            let length = random.once_in(2).then_some(letter.content.len() as u64);
            let piece = 1 + random.below(30);
            letter.stream =
                Some(Streaming { piece, length, rewind: random.once_in(2), ..Streaming::default() });
        }
        if random.once_in(3) {
            letter.sender.params = vec!["PRDR".to_owned()];
        }
        if random.once_in(4) {
            letter.forward = vec!["ADDR=192.0.2.7".to_owned()];
        }
        letter
    };
    (0..1 + random.below(9)).map(|number| one(number, random)).collect()
}

fn settings(random: &mut Random) -> Settings {
    let early = random.once_in(3);
    let words = |text: &str| text.split(',').map(str::to_owned).collect();
    Settings {
        lmtp: random.once_in(4),
        window: Some([0, 1, 2, 100][random.below(4)]),
        all_recipients: random.once_in(5),
        chunking: [None, Some("always"), Some("never"), None][random.below(4)].map(str::to_owned),
        chunk_size: Some(1 + random.below(40)),
        // No server that comes offers just that: the record is another one's, and EHLO shows it.
        remembers: if early { words("PIPELINING,PIPECONNECT,CHUNKING,SIZE,X-OLD") } else { Vec::new() },
        earned: words("continuous,streaming"),
        ..Settings::default()
    }
}

/// Plays it to its end; what was taken, and how many connections it took.
fn play(seed: u64) -> (Run, Vec<Letter>, Vec<Taken>, usize) {
    let mut random = Random(seed);
    let (letters, settings) = (letters(&mut random), settings(&mut random));
    let most = 1 + TRIALS + letters.iter().map(|letter| letter.recipients.len()).sum::<usize>();
    let mut run = Run::new(build::options(&settings), &letters);
    for letter in &letters {
        run.submit(&letter.name, build::message(letter)).unwrap();
    }
    run.session.quit();
    let (mut taken, mut connections, mut arrived) = (Vec::new(), 1, 0);
    let mut foe = Foe::new(1, Random(random.next()), settings.lmtp);
    run.start();
    for _ in 0..10_000 {
        if run.session.is_closed() {
            taken.append(&mut foe.taken);
            return (run, letters, taken, connections);
        }
        if run.wants_connection() {
            taken.append(&mut foe.taken);
            connections += 1;
            assert!(connections <= most, "seed {seed}: {connections} connections");
            (foe, arrived) = (Foe::new(connections, Random(random.next()), settings.lmtp), 0);
            run.events.push("connected".to_owned());
            run.connect();
        }
        let bytes = run.sent[arrived..].to_vec();
        arrived = run.sent.len();
        let answer = foe.exchange(&bytes);
        if !answer.is_empty() {
            run.feed(&answer);
        } else if foe.closed || run.session.half_close() {
            run.end_of_input();
        } else if bytes.is_empty() && !run.time_out() {
            panic!("seed {seed}: nothing will ever happen: {:?}", run.session);
        }
    }
    panic!("seed {seed}: it goes on for ever");
}

fn judge(seed: u64, run: &Run, letters: &[Letter], taken: &[Taken]) {
    for letter in letters {
        let outcome =
            run.outcome(&letter.name).unwrap_or_else(|| panic!("seed {seed}: {} has none", letter.name));
        for recipient in &outcome.recipients {
            let address = recipient.address.as_str();
            let content = |taken: &&Taken| taken.content == letter.canonical();
            let times: Vec<_> = taken
                .iter()
                .filter(content)
                .filter(|taken| taken.recipients.iter().any(|r| r == address))
                .collect();
            let fits = match recipient.status {
                Status::Delivered => times.len() == 1 && times[0].sender == letter.sender.address,
                Status::InDoubt => times.len() <= 1,
                Status::Refused | Status::NotSent | Status::Partial => times.is_empty(),
            };
            assert!(
                fits,
                "seed {seed}: {} <{address}> is {}, and {times:?}\n{outcome:?}",
                letter.name, recipient.status
            );
        }
    }
}

#[test]
fn each_connection_gets_on_and_the_truth_is_told() {
    let mut connections = 0;
    for seed in 0..10_000 {
        let (run, letters, taken, here) = play(seed);
        judge(seed, &run, &letters, &taken);
        connections += here;
    }
    println!("{connections} connections");
    assert!(connections > 15_000, "{connections} connections: nothing was tried");
}

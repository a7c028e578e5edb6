//! P2 and P8, from Rust: `bench-queue HOST PORT MESSAGES RECIPIENTS FILE [WINDOW [CONTACTS]]` feeds messages from an iterator,
//! one at a time, and tells the time, the processor time and the largest resident set. With CONTACTS it does so that often,
//! each time over a new connection, with what was learnt of the server before, and tells of the last.

use std::time::Instant;

use bytes::Bytes;
use smtpipe::client::{Client, Config, Peers};
use smtpipe::session::{Level, Message, Status};
use smtpipe::wire::{Address, Content};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [host, port, messages, recipients, file, more @ ..] = &arguments[..] else {
        return Err("usage: bench-queue HOST PORT MESSAGES RECIPIENTS FILE [WINDOW [CONTACTS]]".into());
    };
    let window = more.first().map_or(Ok(100), |window| window.parse())?;
    let contacts = more.get(1).map_or(Ok(1), |contacts| contacts.parse::<u32>())?;
    let (messages, recipients): (u64, u32) = (messages.parse()?, recipients.parse()?);
    let bytes = Bytes::from(std::fs::read(file)?);
    let sender = Address::new("sender@a.test")?;
    let to: Vec<Address> =
        (0..recipients).map(|n| Address::new(&format!("r{n}@b.test"))).collect::<Result<_, _>>()?;

    let mut config = Config::new(host.as_str(), port.parse()?);
    config.session.max_in_flight = window;
    config.peers = Some(Peers::new());
    for _ in 1..contacts {
        send(config.clone(), messages, &sender, &to, &bytes)?;
    }
    let run = send(config, messages, &sender, &to, &bytes)?;
    println!(
        "{{\"messages\": {messages}, \"accepted\": {}, \"seconds\": {:.6}, \"cpu\": {:.6}, \
         \"rss_kib\": {}, \"round_trips\": {}, \"level\": \"{}\"}}",
        run.accepted,
        run.seconds,
        processor_seconds()?,
        status_kib("VmHWM:")?,
        run.round_trips,
        run.level.as_str()
    );
    Ok(())
}

/// What one connection came to.
struct Run {
    accepted: u64,
    seconds: f64,
    round_trips: u32,
    level: Level,
}

fn send(
    config: Config,
    messages: u64,
    sender: &Address,
    to: &[Address],
    bytes: &Bytes,
) -> Result<Run, Box<dyn std::error::Error>> {
    let began = Instant::now();
    let mut client = Client::connect(config)?;
    let queue = (0..messages).map(|_| {
        let message = Message::new(sender.clone(), Content::new(bytes.clone()));
        to.iter().fold(message, |message, to| message.to(to.clone()))
    });
    let mut accepted = 0_u64;
    for outcome in client.send_all(queue) {
        accepted += u64::from(outcome.is_ok_and(|outcome| outcome.status == Status::Delivered));
    }
    let seconds = began.elapsed().as_secs_f64();
    let run = Run { accepted, seconds, round_trips: client.stats().round_trips, level: client.level() };
    client.quit(None);
    Ok(run)
}

/// User and system time of this process, from the clock ticks of /proc (100 a second on Linux).
fn processor_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: u64 =
        fields.get(11).ok_or("stat")?.parse::<u64>()? + fields.get(12).ok_or("stat")?.parse::<u64>()?;
    Ok(ticks as f64 / 100.0)
}

fn status_kib(key: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(key)).ok_or("no such line")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

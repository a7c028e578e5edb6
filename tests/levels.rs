//! First contact with imitations of real servers: `auto` finds the level of DESIGN 4.1's table, and every message arrives
//! once and whole.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::Duration;

use bytes::Bytes;
use smtpipe::client::{Client, Config};
use smtpipe::session::{Level, Message, Status};
use smtpipe::sink::{Sink, SinkOptions};
use smtpipe::wire::{Address, Content};

const MESSAGES: usize = 40;

fn content(n: usize) -> String {
    format!("Subject: {n}\r\n\r\n.leading dot\r\nmessage {n}\r\n")
}

fn meet(imitation: &str, rtt: Duration) -> (Level, u32) {
    let mut options = SinkOptions::imitate(imitation).unwrap();
    options.rtt = rtt;
    let lmtp = options.lmtp;
    let sink = Sink::start(options).unwrap();
    let mut config = Config::new("127.0.0.1", sink.port());
    config.session.lmtp = lmtp;
    let mut client = Client::connect(config).unwrap();
    let messages = (0..MESSAGES).map(|n| {
        Message::new(Address::new("me@a.example").unwrap(), Content::new(Bytes::from(content(n))))
            .to(Address::new("you@b.example").unwrap())
    });
    let mut tickets: Vec<u64> = Vec::new();
    for outcome in client.send_all(messages) {
        let outcome = outcome.unwrap();
        assert_eq!(outcome.status, Status::Delivered, "{imitation}: {outcome:?}");
        tickets.push(outcome.ticket.get());
    }
    tickets.sort_unstable();
    assert_eq!(tickets, (1..=MESSAGES as u64).collect::<Vec<_>>(), "{imitation}: one outcome a ticket");
    let mut received: Vec<String> =
        sink.take_messages().iter().map(|m| String::from_utf8(m.content.to_vec()).unwrap()).collect();
    received.sort_unstable();
    let mut sent: Vec<String> = (0..MESSAGES).map(content).collect();
    sent.sort_unstable();
    assert_eq!(received, sent, "{imitation}: each message once, byte for byte");
    (client.level(), client.stats().connections)
}

#[test]
fn auto_finds_the_level_of_each_server() {
    for (imitation, level, connections) in [
        ("postfix", Level::Streaming, 1),
        ("exim", Level::Streaming, 1),
        ("dovecot", Level::Streaming, 1),
        ("sendmail", Level::Continuous, 1),
        ("haraka", Level::Group, 1),
        ("courier", Level::Group, 2),
        ("go-smtp", Level::Continuous, 2),
        ("opensmtpd", Level::Lockstep, 1),
        ("aiosmtpd", Level::Lockstep, 1),
    ] {
        let found = meet(imitation, Duration::from_millis(2));
        assert_eq!(found, (level, connections), "{imitation}");
    }
}

//! A server that is nearer than anything: what is written is answered before the call that writes it returns. On a busy machine any
//! server on loopback is like that, because the kernel runs it first.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use bytes::Bytes;

use super::exchange::TURNS;
use super::faults::{Call, arm, behind_sendmsg, made};
use super::{Client, Config};
use crate::session::{Level, Message, Status};
use crate::wire::{Address, Content};

const MESSAGES: u32 = 20;
/// More than are sent in one go.
const MANY: u32 = 200;
/// Only a hang takes so long.
const LONG: Duration = Duration::from_secs(60);

/// Answers each line in the socket, and each end of content.
struct Near {
    socket: UnixStream,
    unread: Vec<u8>,
    content: bool,
}

impl Near {
    fn answer(&mut self) {
        let mut buffer = [0; 4096];
        loop {
            match self.socket.read(&mut buffer) {
                Ok(0) => return,
                Ok(n) => self.unread.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        while let Some(end) = self.unread.windows(2).position(|two| two == b"\r\n") {
            let line: Vec<u8> = self.unread.drain(..end + 2).collect();
            let reply: &[u8] = match line.get(..4) {
                _ if self.content && line != b".\r\n" => continue,
                Some(b"EHLO") => b"250-near.example\r\n250 PIPELINING\r\n",
                Some(b"DATA") => b"354 go on\r\n",
                _ => b"250 ok\r\n",
            };
            self.content = line == b"DATA\r\n";
            self.socket.write_all(reply).unwrap();
        }
    }
}

fn message(number: u32) -> Message {
    let content = Content::new(Bytes::from_static(b"Subject: near\r\n\r\nhello\r\n"));
    Message::new(Address::new("me@a.example").unwrap(), content)
        .to(Address::new(&format!("to{number}@b.example")).unwrap())
}

/// A client and its server, which has greeted.
fn meet(name: &str) -> Client {
    let path = std::env::temp_dir().join(format!("smtpipe-{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let client = Client::open(Config::unix(&path)).unwrap();
    let (mut socket, _) = listener.accept().unwrap();
    std::fs::remove_file(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.write_all(b"220 near.example\r\n").unwrap();
    let mut server = Near { socket, unread: Vec::new(), content: false };
    arm(None);
    behind_sendmsg(Some(Box::new(move || server.answer())));
    client
}

/// `send` doesn't stay for the answers, or each message would be over before there is another to go with it: no group behind its
/// content, nothing to earn a level by, two round trips for every one of them.
#[test]
fn sending_leaves_time_for_the_next() {
    let mut client = meet("send");
    for number in 0..MESSAGES {
        let before = made(Call::Sendmsg);
        client.send(message(number)).unwrap();
        assert!(made(Call::Sendmsg) <= before + 1, "message {number} held its caller up");
    }
    assert_eq!(client.level(), Level::Continuous);
    assert!(client.outstanding() > 0, "the last one was not waited for");
    for _ in 0..MESSAGES {
        assert_eq!(client.collect(Some(LONG)).unwrap().status, Status::Delivered);
    }
    assert!(client.stats().round_trips <= MESSAGES + 4, "{}", client.stats().round_trips);
    behind_sendmsg(None);
}

/// Driving doesn't stop at the first answer, and yet it comes back: the caller's event loop has others to serve, and whoever waits
/// wants the outcomes that are known. What is left is to be done at once.
#[test]
fn driving_takes_its_turn() {
    let mut client = meet("drive");
    for number in 0..MANY {
        client.submit(message(number)).unwrap();
    }
    let (mut known, mut calls) = (0, 0);
    while known < MANY {
        let before = made(Call::Sendmsg);
        client.drive();
        calls += 1;
        let spent = made(Call::Sendmsg) - before;
        assert!(spent <= TURNS, "{spent} writes in one call");
        let left = client.timeout();
        let collected = core::iter::from_fn(|| client.try_collect()).count();
        assert!(collected > 1, "it came back for {collected}");
        known += u32::try_from(collected).unwrap();
        assert!(known == MANY || left == Some(Duration::ZERO) && client.timeout() == Some(Duration::ZERO));
    }
    assert!(calls > 2 && client.outstanding() == 0, "{calls} calls");
    behind_sendmsg(None);
}

/// Whoever collects gets what there is, although there is more to do.
#[test]
fn collecting_does_not_wait_for_all() {
    let mut client = meet("collect");
    for number in 0..MANY {
        client.submit(message(number)).unwrap();
    }
    assert_eq!(client.collect(Some(LONG)).unwrap().status, Status::Delivered);
    let rest = core::iter::from_fn(|| client.try_collect()).count();
    assert!(rest + 1 < MANY as usize, "all of them were sent first");
    while client.collect(Some(LONG)).is_some() {}
    assert_eq!(client.stats().delivered, u64::from(MANY));
    behind_sendmsg(None);
}

//! A server that doesn't read until its replies are read, with the smallest buffers there are, and ten thousand
//! recipients: nobody may wait for the other (RFC 2920 §3.1, C9). Once in memory, where a standstill shows at once, and
//! once over sockets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

mod common;

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;

use common::build;
use common::fixture::{Letter, Mailbox, Settings};
use common::peer::{LONG, Listener};
use common::run::Run;
use common::server::{Manners, Server};
use rustix::net::sockopt;
use smtpipe::client::Client;
use smtpipe::session::Status;

const RECIPIENTS: usize = 10_000;
const PIPE: usize = 4096;

fn letter(number: usize, recipients: usize) -> Letter {
    let mailbox = |address| Mailbox { address, params: Vec::new() };
    Letter {
        name: format!("m{number}"),
        sender: mailbox(format!("s{number}@a.example")),
        recipients: (0..recipients).map(|n| mailbox(format!("r{n}@b.example"))).collect(),
        content: "a line of text\r\n".repeat(2000).into_bytes(),
        binary: false,
        require: Vec::new(),
        forward: Vec::new(),
        stream: None,
    }
}

fn settings(level: &str) -> Settings {
    Settings { level: Some(level.to_owned()), ..Settings::default() }
}

/// The server takes a byte only if its last reply has been taken.
#[test]
fn in_memory_with_pipes_of_4_kib() {
    let manners = Manners { pipelining: true, chunking: true, size: Some(0), ..Manners::default() };
    let letters = [letter(0, RECIPIENTS), letter(1, 100), letter(2, 1)];
    for level in ["group", "continuous", "streaming"] {
        let mut run = Run::new(build::options(&settings(level)), &letters);
        for letter in &letters {
            run.submit(&letter.name, build::message(letter)).unwrap();
        }
        run.room = Some(PIPE);
        run.start();
        let mut server = Server::new(&manners);
        let mut down = server.exchange(&[]);
        let mut arrived = 0;
        while run.session.unfinished() > 0 {
            let before = (run.sent.len(), arrived, run.fed_in_all);
            // The pipe to the server: what is in it, and the room that is left.
            while down.len() < PIPE && arrived < run.sent.len() {
                let next = run.sent[arrived..]
                    .iter()
                    .position(|&b| b == b'\n')
                    .map_or(run.sent.len(), |at| arrived + at + 1);
                down.extend_from_slice(&server.exchange(&run.sent[arrived..next]));
                arrived = next;
            }
            run.room = Some(PIPE.saturating_sub(run.sent.len() - arrived));
            run.drain();
            let part: Vec<u8> = down.drain(..down.len().min(PIPE)).collect();
            if !part.is_empty() {
                run.feed(&part);
            }
            assert_ne!(before, (run.sent.len(), arrived, run.fed_in_all), "{level}: nothing moves any more");
        }
        run.judge().unwrap_or_else(|e| panic!("{level}: {e}"));
        assert!(run.outcomes.values().all(|o| o.status == Status::Delivered), "{level}");
        assert_eq!(server.taken.len(), letters.len(), "{level}");
    }
}

/// Reads a line, answers it, and reads no further until the answer is written. The answers are long.
fn stubborn(stream: &UnixStream) -> std::io::Result<usize> {
    let mut input = BufReader::with_capacity(256, stream);
    let mut output = stream;
    let noise = "x".repeat(200);
    let mut taken = 0;
    output.write_all(b"220 stubborn.example\r\n")?;
    let mut line = String::new();
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(taken);
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let reply = match words[0] {
            "EHLO" => "250-stubborn.example\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 SIZE\r\n".to_owned(),
            "QUIT" => return Ok(taken),
            "DATA" => {
                output.write_all(b"354 go on\r\n")?;
                while line != ".\r\n" {
                    line.clear();
                    input.read_line(&mut line)?;
                }
                taken += 1;
                format!("250 taken {noise}\r\n")
            }
            "BDAT" => {
                let mut chunk = vec![0; words[1].parse().expect("a size")];
                input.read_exact(&mut chunk)?;
                taken += 1;
                format!("250 taken {noise}\r\n")
            }
            _ => format!("250 ok {noise}\r\n"),
        };
        output.write_all(reply.as_bytes())?;
    }
}

/// Over a unix socket: its buffers are what they're said to be. (TCP with such windows moves by its persist timer, five
/// times a second.)
fn over_sockets(level: &str) {
    let listener = Listener::unix();
    let mut config = listener.config();
    config.session = build::options(&settings(level));
    let mut client = Client::open(config).unwrap();
    let server = thread::spawn(move || {
        let stream = listener.accept_unix();
        // The kernel rounds up to the smallest that it can do with.
        sockopt::set_socket_send_buffer_size(&stream, 1).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        match stubborn(&stream) {
            Ok(taken) => taken,
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("both sides wait")
            }
            Err(e) => panic!("{e}"),
        }
    });
    sockopt::set_socket_send_buffer_size(client.as_fd().unwrap(), 1).unwrap();
    for number in 0..3 {
        client.submit(build::message(&letter(number, if number == 0 { RECIPIENTS } else { 10 }))).unwrap();
    }
    assert!(client.flush(Some(LONG)), "{level}: both sides wait");
    for number in 0..3 {
        let outcome = client.try_collect().unwrap();
        assert_eq!(outcome.status, Status::Delivered, "{level}: {:?}", outcome.reason);
        assert_eq!(outcome.recipients.len(), if number == 0 { RECIPIENTS } else { 10 });
    }
    assert!(client.quit(Some(LONG)));
    assert_eq!(server.join().unwrap(), 3);
}

#[test]
fn over_sockets_group() {
    over_sockets("group");
}

#[test]
fn over_sockets_continuous() {
    over_sockets("continuous");
}

#[test]
fn over_sockets_streaming() {
    over_sockets("streaming");
}

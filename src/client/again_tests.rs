//! Another connection: that it is made when one is wanted, however the last one went, and what is believed of whoever answers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use rustix::io::Errno;

use super::exchange::key;
use super::faults::{Call, Fault, What, arm, behind_sendmsg, made};
use super::socket::Socket;
use super::{Client, Config, Peers};
use crate::session::{Level, Message, PeerRecord, Status, Timeouts, Verdict};
use crate::wire::{Address, Content};

/// Only a hang takes so long.
const LONG: Duration = Duration::from_secs(60);

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Reads up to the end of `words`, and not an octet more.
fn hear(mut stream: &TcpStream, words: &[u8]) {
    let mut heard = Vec::new();
    let mut octet = [0];
    while !heard.ends_with(words) {
        stream.read_exact(&mut octet).unwrap();
        heard.extend_from_slice(&octet);
    }
}

fn say(mut stream: &TcpStream, words: &[u8]) {
    stream.write_all(words).unwrap();
}

/// As far as the go-ahead for the content.
fn begin(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    say(&stream, b"220 hi\r\n");
    hear(&stream, b"\r\n");
    say(&stream, b"250-hi\r\n250 PIPELINING\r\n");
    hear(&stream, b"DATA\r\n");
    say(&stream, b"250 ok\r\n250 ok\r\n354 go on\r\n");
    stream
}

fn message(size: usize) -> Message {
    let line = b"0123456789 abcdef\r\n";
    let content = Content::new(Bytes::from(line.repeat(size / line.len() + 1)));
    Message::new(Address::new("me@a.example").unwrap(), content).to(Address::new("you@b.example").unwrap())
}

/// The server refuses content that is on its way and hangs up, and it's by writing that we learn of it. Its last words are read;
/// they cost the first message, and what they ask for, another connection, is made for the second.
#[test]
fn last_words_that_want_another_connection_have_it() {
    let (listener, address) = listen();
    let (tell, told) = mpsc::channel();
    let (said, heard) = mpsc::channel();
    let server = thread::spawn(move || {
        let first = begin(&listener);
        told.recv().unwrap();
        say(&first, b"552 enough\r\n");
        said.send(()).unwrap();
        let second = begin(&listener);
        hear(&second, b"\r\n.\r\n");
        say(&second, b"250 taken\r\n");
        hear(&second, b"QUIT\r\n");
    });
    let mut config = Config::new("127.0.0.1", address.port());
    config.session.level = Some(Level::Group);
    config.session.timeouts = Timeouts::all(LONG);
    // EHLO, the envelope, and as much of the content as the kernel takes; then it says that nobody is there.
    arm(Some(Fault { call: Call::Sendmsg, nth: 3, times: 1, what: What::Error(Errno::PIPE) }));
    behind_sendmsg(Some(Box::new(move || {
        if made(Call::Sendmsg) == 3 {
            tell.send(()).unwrap();
            heard.recv().unwrap();
        }
    })));
    let mut client = Client::open(config).unwrap();
    let large = client.submit(message(64 << 20)).unwrap();
    let small = client.submit(message(10)).unwrap();
    while made(Call::Sendmsg) < 4 {
        client.drive_once();
        client.wait(None);
    }
    behind_sendmsg(None);
    let mut outcomes = Vec::new();
    while let Some(outcome) = client.collect(Some(LONG)) {
        outcomes.push((outcome.ticket, outcome.status, outcome.reply.map(|reply| reply.code())));
    }
    assert_eq!(outcomes, [(large, Status::Refused, Some(552)), (small, Status::Delivered, Some(250))]);
    assert!(client.quit(Some(LONG)) && client.error().is_none());
    server.join().unwrap();
}

/// A name may have several addresses. What was learnt of one of them is neither believed nor remembered of another.
#[test]
fn another_address_is_another_server() {
    let ((_one, first), (_two, second)) = (listen(), listen());
    let peers = Peers::new();
    let mut config = Config::new("127.0.0.1", first.port());
    config.peers = Some(peers.clone());
    let earned = PeerRecord { streaming: Verdict::Earned, ..PeerRecord::default() };
    let failed = PeerRecord { continuous: Verdict::Failed, ..PeerRecord::default() };
    peers.put(key(&config, Some(first)), earned.clone());
    let mut client = Client::open(config.clone()).unwrap();
    let to = |address| Socket::tcp(address, false).unwrap();
    client.recall(&to(first));
    assert_eq!(client.peer_record(), &earned);
    client.recall(&to(second));
    assert_eq!(client.peer_record(), &PeerRecord::default());
    peers.put(key(&config, Some(second)), failed.clone());
    client.recall(&to(second));
    assert_eq!(client.peer_record(), &PeerRecord::default(), "the session itself knows better");
    client.recall(&to(first));
    assert_eq!(client.peer_record(), &earned);
    client.recall(&to(second));
    assert_eq!(client.peer_record(), &failed);
}

/// What the caller says of the server is for the first that answers.
#[test]
fn a_callers_own_record_is_for_the_first_address() {
    let ((_one, first), (_two, second)) = (listen(), listen());
    let mut config = Config::new("127.0.0.1", first.port());
    let earned = PeerRecord { streaming: Verdict::Earned, ..PeerRecord::default() };
    config.session.peer = Some(earned.clone());
    let mut client = Client::open(config).unwrap();
    let to = |address| Socket::tcp(address, false).unwrap();
    client.recall(&to(first));
    assert_eq!(client.peer_record(), &earned);
    client.recall(&to(second));
    assert_eq!(client.peer_record(), &PeerRecord::default());
}

//! The worst of them over real sockets, through the blocking client: it comes back, and tells the truth. How long it waits is
//! the caller's to say: here very short where it has to wait, so that nobody waits for the test.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use smtpipe::client::{Client, Config, ConnectError};
use smtpipe::session::{Outcome, PeerError, SessionError, Status, Timeouts};

use super::scene::plain;

const SHORT: Duration = Duration::from_millis(150);
/// Only a hang takes so long.
const LONG: Duration = Duration::from_secs(60);
const GREETING: &[u8] = b"220 hi\r\n";
const HELLO: &[u8] = b"250-hi\r\n250 PIPELINING\r\n";

/// Soon tired of waiting for a greeting, and of a connection that takes nothing; patient otherwise.
fn timeouts() -> Timeouts {
    Timeouts { greeting: SHORT, block: SHORT, ..Timeouts::all(LONG) }
}

/// A client, and the server that serves one connection in this way.
fn client(timeouts: Timeouts, serve: impl FnOnce(TcpStream) + Send + 'static) -> Client {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut config = Config::new("127.0.0.1", listener.local_addr().unwrap().port());
    config.session.timeouts = timeouts;
    thread::spawn(move || serve(listener.accept().unwrap().0));
    Client::open(config).unwrap()
}

/// Everything is sent; everything comes back.
fn outcomes(client: &mut Client, messages: usize) -> Vec<Outcome> {
    let plan = plain(messages);
    for mail in &plan.mails {
        client.submit(mail.message.clone()).unwrap();
    }
    let all: Vec<_> = std::iter::from_fn(|| client.collect(None)).collect();
    assert_eq!(all.len(), messages);
    assert!(client.is_closed());
    all
}

fn none_was_sent(client: &mut Client, messages: usize) {
    let all = outcomes(client, messages);
    assert!(all.iter().all(|outcome| outcome.status == Status::NotSent), "{all:?}");
}

/// Reads until the client has had enough.
fn listen(mut stream: &TcpStream) {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|n| n > 0) {}
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

#[test]
fn it_never_writes() {
    let mut client = client(timeouts(), |stream| listen(&stream));
    none_was_sent(&mut client, 3);
    assert!(matches!(client.error(), Some(SessionError::Timeout { .. })), "{:?}", client.error());
}

/// Nor does it read: the kernel's buffers are full some time.
#[test]
fn it_never_reads() {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let timeouts = Timeouts { block: SHORT, ..Timeouts::all(LONG) };
    let mut client = client(timeouts, move |mut stream| {
        stream.write_all(GREETING).unwrap();
        hear(&stream, b"EHLO localhost\r\n");
        stream.write_all(HELLO).unwrap();
        hear(&stream, b"DATA\r\n");
        stream.write_all(b"250 ok\r\n250 ok\r\n354 go\r\n").unwrap();
        let _ = wait.recv();
    });
    let content = smtpipe::wire::Content::new(vec![b'x'; 32 << 20].into());
    let plan = plain(1);
    let like = &plan.mails[0].message;
    let big = smtpipe::session::Message::new(like.sender().clone(), content)
        .to(like.recipients()[0].address().clone());
    client.submit(big).unwrap();
    let outcome = client.collect(None).unwrap();
    assert_eq!(outcome.status, Status::NotSent);
    assert_eq!(client.error(), Some(&SessionError::Timeout { waiting_for: None }));
    drop(done);
}

#[test]
fn it_resets_at_once() {
    let mut client = client(Timeouts::all(LONG), |stream| {
        rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
    });
    none_was_sent(&mut client, 3);
    assert!(client.error().is_some());
}

#[test]
fn it_never_stops_talking() {
    for endless in [b"250-more\r\n".as_slice(), b"x", b"250 ok\r\n"] {
        let mut client = client(Timeouts::all(LONG), move |mut stream| {
            let much = endless.repeat(10_000);
            if stream.write_all(GREETING).is_ok() {
                while stream.write_all(&much).is_ok() {}
            }
        });
        none_was_sent(&mut client, 3);
        assert!(
            matches!(
                client.error(),
                Some(SessionError::Peer(
                    PeerError::Malformed(_) | PeerError::Early { .. } | PeerError::Unsolicited(_)
                ))
            ),
            "{:?}",
            client.error()
        );
    }
}

#[test]
fn connect_says_what_it_was() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let mut config = Config::new("127.0.0.1", listener.local_addr().unwrap().port());
    config.session.timeouts = timeouts();
    thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        let _ = stream.write_all(b"220-and so on\r\n");
        listen(&stream);
    });
    match Client::connect(config) {
        Err(error @ ConnectError::Session(SessionError::Timeout { .. })) => assert!(error.is_timeout()),
        other => panic!("{other:?}"),
    }
}

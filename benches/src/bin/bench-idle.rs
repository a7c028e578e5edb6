//! P9: what an idle session holds, the struct and its heap: after greeting and EHLO, and after a message has gone through
//! at `streaming`. Prints one line of JSON, in octets.

use std::io::IoSlice;
use std::time::Duration;

use bytes::Bytes;
use smtpipe::session::{Level, Message, Options, Session};
use smtpipe::wire::{Address, Content};
use smtpipe_bench::{Counting, live_bytes, message};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SESSIONS: usize = 1000;
const NOW: Duration = Duration::ZERO;
const EHLO: &[u8] =
    b"250-mx.b.test\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-ETRN\r\n250-ENHANCEDSTATUSCODES\r\n\
    250-8BITMIME\r\n250-DSN\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n";

fn main() {
    let content = Content::new(Bytes::from(message(2048)));
    let mut sessions = Vec::with_capacity(SESSIONS);
    let before = live_bytes();
    for _ in 0..SESSIONS {
        sessions.push(greeted());
    }
    let ready = (live_bytes() - before) / SESSIONS;
    for session in &mut sessions {
        send_one(session, &content);
    }
    let used = (live_bytes() - before) / SESSIONS;
    let size = size_of::<Session>();
    println!(
        "{{\"struct\": {size}, \"ready_heap\": {ready}, \"used_heap\": {used}, \"ready\": {}, \"used\": {}}}",
        size + ready,
        size + used
    );
}

/// A session that waits for its first message.
fn greeted() -> Session {
    let mut session = Session::new(Options { level: Some(Level::Streaming), ..Options::default() });
    session.start(NOW);
    session.feed(NOW, b"220 mx.b.test ESMTP\r\n");
    drain(&mut session);
    session.feed(NOW, EHLO);
    drain(&mut session);
    assert_eq!(session.level(), Level::Streaming);
    session
}

fn send_one(session: &mut Session, content: &Content) {
    let sender = Address::new("sender@a.test").expect("an address");
    let recipient = Address::new("r0@b.test").expect("an address");
    session.submit(Message::new(sender, content.clone()).to(recipient)).expect("a message");
    assert!(drain(session) > 2048);
    session.feed(NOW, b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 Ok: queued\r\n");
    drain(session);
    assert_eq!(session.unfinished(), 0);
}

/// Takes all output and all events; the number of octets that went out.
fn drain(session: &mut Session) -> usize {
    let mut sent = 0;
    loop {
        let mut slices = [IoSlice::new(&[]); 16];
        let filled = session.output(&mut slices);
        let n = slices[..filled].iter().map(|slice| slice.len()).sum();
        session.sent(NOW, n);
        sent += n;
        while session.next_event().is_some() {}
        if n == 0 {
            return sent;
        }
    }
}

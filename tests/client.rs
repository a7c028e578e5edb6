//! The blocking driver against the embedded sink: connecting, blocking and not blocking, and how it ends.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::cell::Cell;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use bytes::Bytes;
use smtpipe::client::{Client, Config, ConnectError, Peers};
use smtpipe::session::{Level, Message, Status, SubmitError};
use smtpipe::sink::{Keep, Rule, RuleAction, RuleStage, Sink, SinkOptions};
use smtpipe::wire::{Address, Content, Reply};

fn message(recipient: &str) -> Message {
    Message::new(
        Address::new("me@a.example").unwrap(),
        Content::new(Bytes::from_static(b"Subject: x\r\n\r\nx\r\n")),
    )
    .to(Address::new(recipient).unwrap())
}

fn sink(change: impl FnOnce(&mut SinkOptions)) -> Sink {
    let mut options = SinkOptions::default();
    change(&mut options);
    Sink::start(options).unwrap()
}

fn rule(at: RuleStage, pattern: &str, action: RuleAction) -> Rule {
    Rule::new(at, pattern, action)
}

#[test]
fn a_name_with_addresses_that_refuse_is_connected_by_another() {
    // "localhost" is usually ::1 and 127.0.0.1; the sink listens on one of them only.
    let sink = sink(|_| {});
    let mut client = Client::connect(Config::new("localhost", sink.port())).unwrap();
    client.send(message("you@b.example")).unwrap();
    assert_eq!(client.collect(None).unwrap().status, Status::Delivered);
}

#[test]
fn a_unix_socket_is_a_server_too() {
    let path = std::env::temp_dir().join(format!("smtpipe-client-{}", std::process::id()));
    let sink = sink(|options| {
        options.unix_path = Some(path.clone());
        options.lmtp = true;
    });
    let mut config = Config::unix(&path);
    config.session.lmtp = true;
    let mut client = Client::connect(config).unwrap();
    client.send(message("you@b.example")).unwrap();
    assert_eq!(client.collect(None).unwrap().status, Status::Delivered);
    assert!(client.quit(None));
    assert_eq!(sink.messages().len(), 1);
}

#[test]
fn a_refused_connection_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    match Client::connect(Config::new("127.0.0.1", port)) {
        Err(ConnectError::Tcp { address, source }) => {
            assert_eq!((address.port(), source.kind()), (port, ErrorKind::ConnectionRefused));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(Client::connect(Config::unix("/nonexistent/socket")), Err(ConnectError::Unix { .. })));
}

#[test]
fn a_host_name_with_a_line_end_is_refused_here() {
    for host in ["a\r\nb", "", "a b", "\0"] {
        match Client::open(Config::new(host, 25)) {
            Err(ConnectError::Resolve { source, .. }) => assert_eq!(source.kind(), ErrorKind::InvalidInput),
            other => panic!("{host:?}: {other:?}"),
        }
    }
}

#[test]
fn a_refusing_greeting_is_the_error_and_has_its_reply() {
    let refusal = RuleAction::ReplyThenDrop(Reply::new(554, b"go away"));
    let sink = sink(|options| options.rules = vec![rule(RuleStage::Connect, "", refusal)]);
    let error = Client::connect(Config::new("127.0.0.1", sink.port())).unwrap_err();
    assert_eq!(error.reply().map(Reply::code), Some(554));
}

#[test]
fn collect_waits_for_nothing_when_there_is_nothing() {
    let sink = sink(|_| {});
    let mut client = Client::connect(Config::new("127.0.0.1", sink.port())).unwrap();
    assert_eq!(client.collect(None), None);
    assert_eq!(client.collect(Some(Duration::ZERO)), None);
    assert!(client.flush(None));
}

#[test]
fn send_and_a_timed_collect_do_not_block_on_a_server_that_stalls() {
    let sink = sink(|options| options.rules = vec![rule(RuleStage::Mail, "", RuleAction::Stall)]);
    let mut client = Client::connect(Config::new("127.0.0.1", sink.port())).unwrap();
    for _ in 0..1000 {
        client.send(message("you@b.example")).unwrap();
    }
    assert_eq!(client.collect(Some(Duration::from_millis(1))), None);
    assert_eq!(client.outstanding(), 1000);
}

#[test]
fn every_open_ticket_has_its_outcome_when_the_connection_ends() {
    let sink = sink(|options| options.rules = vec![rule(RuleStage::Rcpt, "drop@*", RuleAction::Drop)]);
    let mut client = Client::connect(Config::new("127.0.0.1", sink.port())).unwrap();
    let mut tickets: Vec<_> = Vec::new();
    for recipient in ["you@b.example", "drop@b.example", "you@b.example", "you@b.example"] {
        tickets.push(client.submit(message(recipient)).unwrap());
    }
    let mut outcomes: Vec<_> = std::iter::from_fn(|| client.collect(None)).collect();
    outcomes.sort_by_key(|outcome| outcome.ticket);
    assert_eq!(outcomes.iter().map(|outcome| outcome.ticket).collect::<Vec<_>>(), tickets);
    assert_eq!(outcomes.first().unwrap().status, Status::Delivered);
    assert!(outcomes.iter().skip(1).all(|outcome| outcome.status != Status::Delivered));
    assert!(client.is_closed() && client.error().is_some());
    assert_eq!(client.send(message("you@b.example")), Err(SubmitError::Closed));
    assert_eq!(client.collect(None), None);
    assert!(client.as_fd().is_none());
}

#[test]
fn send_all_draws_only_as_the_window_opens() {
    let sink = sink(|options| options.keep = Keep::Count);
    let mut config = Config::new("127.0.0.1", sink.port());
    config.session.max_in_flight = 7;
    let mut client = Client::connect(config).unwrap();
    let drawn = Cell::new(0u32);
    let messages = (0..500).map(|_| {
        drawn.set(drawn.get() + 1);
        message("you@b.example")
    });
    let mut done = 0;
    for outcome in client.send_all(messages) {
        assert!(drawn.get() - done <= 7 + 7, "{} drawn, {done} done", drawn.get());
        assert_eq!(outcome.unwrap().status, Status::Delivered);
        done += 1;
    }
    assert_eq!(done, 500);
    assert!(client.stats().max_in_flight <= 7);
}

#[test]
fn send_all_goes_on_behind_a_message_that_cannot_be_sent() {
    let sink = sink(|_| {});
    let mut client = Client::connect(Config::new("127.0.0.1", sink.port())).unwrap();
    let bad = Message::new(Address::null(), Content::new(Bytes::new()));
    let results: Vec<_> = client.send_all([message("a@b.example"), bad, message("c@b.example")]).collect();
    let delivered = results.iter().flatten().filter(|outcome| outcome.status == Status::Delivered).count();
    let rejected: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert_eq!(delivered, 2);
    assert_eq!(rejected.len(), 1);
    assert_eq!((rejected[0].0.index, &rejected[0].1), (1, &SubmitError::NoRecipient));
}

#[test]
fn an_event_loop_of_ones_own_drives_many_connections() {
    let sink = sink(|_| {});
    let mut clients: Vec<_> =
        (0..20).map(|_| Client::open(Config::new("127.0.0.1", sink.port())).unwrap()).collect();
    for client in &mut clients {
        for _ in 0..10 {
            client.send(message("you@b.example")).unwrap();
        }
    }
    let give_up = Instant::now() + Duration::from_secs(30);
    let mut delivered = 0;
    while delivered < 200 {
        assert!(Instant::now() < give_up, "{delivered} delivered");
        let mut fds = Vec::new();
        for client in &mut clients {
            let interest = client.interest();
            let fd = client.as_fd().unwrap();
            assert!(fd.as_raw_fd() >= 0);
            let mut flags = rustix::event::PollFlags::empty();
            flags.set(rustix::event::PollFlags::IN, interest.read);
            flags.set(rustix::event::PollFlags::OUT, interest.write);
            fds.push(rustix::event::PollFd::from_borrowed_fd(fd, flags));
        }
        rustix::event::poll(&mut fds, Some(&rustix::event::Timespec { tv_sec: 5, tv_nsec: 0 })).unwrap();
        drop(fds);
        for client in &mut clients {
            client.drive();
            while let Some(outcome) = client.try_collect() {
                assert_eq!(outcome.status, Status::Delivered);
                delivered += 1;
            }
        }
    }
    assert_eq!(sink.messages().len(), 200);
}

#[test]
fn a_stated_level_is_used_without_a_trial() {
    for level in Level::ALL {
        let sink = sink(|_| {});
        let mut config = Config::new("127.0.0.1", sink.port());
        config.session.level = Some(level);
        let mut client = Client::connect(config).unwrap();
        let outcomes = client.send_all((0..5).map(|_| message("you@b.example"))).count();
        assert_eq!((outcomes, client.level()), (5, level));
        // A probe or trial would show as more commands than these.
        let (rset, ending) = if level == Level::Streaming { (4, 5) } else { (0, 5) };
        assert_eq!(client.stats().commands, 1 + 5 * 2 + rset + ending);
    }
}

#[test]
fn what_is_learnt_of_a_server_is_remembered_for_the_next_client() {
    let peers = Peers::new();
    let sink = sink(|options| options.extensions = vec!["PIPECONNECT".into()]);
    let mut spent = Vec::new();
    for _ in 0..2 {
        let mut config = Config::new("127.0.0.1", sink.port());
        config.session.max_in_flight = 0;
        config.peers = Some(peers.clone());
        let mut client = Client::open(config).unwrap();
        for _ in 0..50 {
            client.submit(message("you@b.example")).unwrap();
        }
        let delivered = std::iter::from_fn(|| client.collect(None)).filter(|o| o.status == Status::Delivered);
        assert_eq!(delivered.count(), 50);
        spent.push(client.stats().round_trips);
        assert_eq!(client.stats().downgrades, 0);
    }
    // Greeting, EHLO, the first group with the probe, its content, the rest; then all of it at once.
    assert_eq!(spent, [5, 1]);
    assert_eq!(sink.messages().len(), 100);
}

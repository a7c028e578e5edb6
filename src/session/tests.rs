//! The engine against a server written by hand: what is sent, in which flight, and what is then known.

use core::time::Duration;
use std::io::IoSlice;

use bytes::Bytes;

use super::*;
use crate::wire::{Address, Content, HostName};

/// A session with its bytes out and events in.
struct Rig {
    session: Session,
    now: Duration,
    events: Vec<Event>,
}

impl Rig {
    fn new(change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::new(HostName::new("client.example").unwrap());
        change(&mut options);
        let mut session = Session::new(options);
        session.start(Duration::ZERO);
        Self { session, now: Duration::ZERO, events: Vec::new() }
    }

    /// Greeted, and offered `keywords`.
    fn greeted(keywords: &[&str], change: impl FnOnce(&mut Options)) -> Self {
        let mut rig = Self::new(change);
        rig.hear("220 mx.example\r\n");
        assert_eq!(rig.flight(), "EHLO client.example\r\n");
        let mut reply = String::new();
        let mut lines: Vec<_> = std::iter::once("mx.example").chain(keywords.iter().copied()).collect();
        let last = lines.pop().unwrap();
        for line in lines {
            reply += &format!("250-{line}\r\n");
        }
        rig.hear(&format!("{reply}250 {last}\r\n"));
        assert_eq!(rig.events.pop(), Some(Event::Ready));
        rig
    }

    fn submit(&mut self, name: &str, recipients: &[&str]) -> Ticket {
        let content = Content::new(Bytes::from(format!("Subject: {name}\r\n\r\n.{name}\r\n")));
        let mut message = Message::new(Address::new(&format!("{name}@a.example")).unwrap(), content);
        for recipient in recipients {
            message = message.to(Address::new(&format!("{recipient}@b.example")).unwrap());
        }
        self.session.submit(message).unwrap()
    }

    fn hear(&mut self, text: &str) {
        self.now += Duration::from_millis(50);
        self.session.feed(self.now, text.as_bytes());
        self.events.extend(std::iter::from_fn(|| self.session.next_event()));
    }

    /// All that goes out now.
    fn flight(&mut self) -> String {
        let mut out = Vec::new();
        loop {
            let mut slices = [IoSlice::new(&[]); 4];
            let count = self.session.output(&mut slices);
            let bytes: Vec<u8> = slices[..count].iter().flat_map(|slice| slice.to_vec()).collect();
            self.session.sent(self.now, bytes.len());
            if bytes.is_empty() {
                return String::from_utf8(out).unwrap();
            }
            out.extend(bytes);
        }
    }

    fn outcomes(&mut self) -> Vec<(u64, &'static str)> {
        self.events.extend(std::iter::from_fn(|| self.session.next_event()));
        let (outcomes, others) = std::mem::take(&mut self.events)
            .into_iter()
            .partition(|event| matches!(event, Event::Outcome(_)));
        self.events = others;
        outcomes
            .into_iter()
            .filter_map(|event| match event {
                Event::Outcome(outcome) => Some((outcome.ticket.get(), outcome.status.as_str())),
                _ => None,
            })
            .collect()
    }
}

const MODERN: &[&str] = &["PIPELINING", "SIZE 1000000", "CHUNKING", "8BITMIME"];

#[test]
fn lockstep_sends_one_command_at_a_time() {
    let mut rig = Rig::greeted(&["SIZE"], |_| {});
    rig.submit("x", &["b", "c"]);
    for (flight, reply) in [
        ("MAIL FROM:<x@a.example> SIZE=18\r\n", "250 ok\r\n"),
        ("RCPT TO:<b@b.example>\r\n", "550 no\r\n"),
        ("RCPT TO:<c@b.example>\r\n", "250 ok\r\n"),
        ("DATA\r\n", "354 go\r\n"),
        ("Subject: x\r\n\r\n..x\r\n.\r\n", "250 queued\r\n"),
    ] {
        assert_eq!(rig.flight(), flight);
        rig.hear(reply);
    }
    assert_eq!(rig.outcomes(), [(1, "partial")]);
    assert_eq!(rig.session.stats().round_trips, 7);
}

#[test]
fn a_refused_data_is_followed_by_rset() {
    let mut rig = Rig::greeted(&["PIPELINING"], |_| {});
    rig.submit("x", &["b"]);
    rig.submit("y", &["b"]);
    assert_eq!(rig.flight(), "MAIL FROM:<x@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n");
    rig.hear("250 ok\r\n550 no\r\n554 no valid recipients\r\n");
    assert_eq!(rig.flight(), "RSET\r\nMAIL FROM:<y@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n");
    rig.hear("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    assert!(rig.flight().ends_with("\r\n.\r\n"));
    rig.hear("250 ok\r\n");
    assert_eq!(rig.outcomes(), [(1, "refused"), (2, "delivered")]);
}

#[test]
fn continuous_is_earned_by_the_first_group_behind_a_dot() {
    let mut rig = Rig::greeted(&["PIPELINING"], |_| {});
    for name in ["x", "y", "z"] {
        rig.submit(name, &["b"]);
    }
    rig.flight();
    rig.hear("250 ok\r\n250 ok\r\n354 go\r\n");
    assert_eq!(
        rig.flight(),
        "Subject: x\r\n\r\n..x\r\n.\r\nMAIL FROM:<y@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n"
    );
    assert_eq!(rig.session.level(), Level::Group);
    rig.hear("250 queued\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    assert_eq!(rig.session.level(), Level::Continuous);
    assert!(rig.flight().contains(".\r\nMAIL FROM:<z@a.example>"));
    rig.hear("250 queued\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    rig.flight();
    rig.hear("250 queued\r\n");
    assert_eq!(rig.outcomes(), [(1, "delivered"), (2, "delivered"), (3, "delivered")]);
    // Greeting, EHLO, the first group, and one for each message.
    assert_eq!(rig.session.stats().round_trips, 6);
}

#[test]
fn a_server_that_refuses_what_follows_a_dot_gets_it_again() {
    let mut rig = Rig::greeted(&["PIPELINING"], |_| {});
    rig.submit("x", &["b"]);
    rig.submit("y", &["b"]);
    rig.flight();
    rig.hear("250 ok\r\n250 ok\r\n354 go\r\n");
    rig.flight();
    rig.hear("250 queued\r\n503 bad\r\n503 bad\r\n503 bad\r\n");
    assert_eq!(rig.flight(), "RSET\r\nMAIL FROM:<y@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n");
    assert_eq!(rig.session.level(), Level::Group);
    assert_eq!(rig.session.peer_record().continuous, Verdict::Failed);
    rig.hear("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    rig.flight();
    rig.hear("250 queued\r\n");
    assert_eq!(rig.outcomes(), [(1, "delivered"), (2, "delivered")]);
}

#[test]
fn a_server_that_swallows_what_follows_a_dot_gets_it_on_another_connection() {
    let mut rig = Rig::greeted(&["PIPELINING"], |_| {});
    rig.submit("x", &["b"]);
    rig.submit("y", &["b"]);
    rig.flight();
    rig.hear("250 ok\r\n250 ok\r\n354 go\r\n");
    rig.flight();
    rig.hear("250 queued\r\n");
    let deadline = rig.session.deadline().unwrap();
    assert_eq!(deadline, rig.now + Duration::from_secs(2));
    rig.session.handle_timeout(deadline);
    assert_eq!(rig.outcomes(), [(1, "delivered")]);
    assert_eq!(rig.events.last(), Some(&Event::Reconnect { why: ReconnectReason::Trial }));
    rig.session.start(deadline);
    rig.hear("220 hi\r\n");
    rig.flight();
    rig.hear("250-hi\r\n250 PIPELINING\r\n");
    assert_eq!(rig.flight(), "MAIL FROM:<y@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n");
}

#[test]
fn streaming_is_earned_by_a_probe() {
    let mut rig = Rig::greeted(MODERN, |options| options.max_in_flight = 0);
    for name in ["v", "w", "x", "y", "z"] {
        rig.submit(name, &["b"]);
    }
    assert_eq!(
        rig.flight(),
        "MAIL FROM:<v@a.example>\r\nRCPT TO:<>\r\nBDAT 12 LAST\r\nRCPT TO:<>\r\nRSET\r\n\
         MAIL FROM:<v@a.example> SIZE=18\r\nRCPT TO:<b@b.example>\r\nDATA\r\n"
    );
    rig.hear("250 ok\r\n501 no\r\n503 no\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    assert_eq!(rig.session.level(), Level::Streaming);
    assert!(!rig.flight().contains("MAIL"), "nothing behind a dot that is not trusted");
    rig.hear("250 queued\r\n");
    let flight = rig.flight();
    assert_eq!(flight.matches("RSET\r\nMAIL").count(), 4);
    assert_eq!(flight.matches("BDAT 18 LAST\r\n").count(), 4);
    rig.hear(&"250 ok\r\n250 ok\r\n250 ok\r\n250 queued\r\n".repeat(4));
    assert_eq!(rig.outcomes().len(), 5);
    assert_eq!(rig.session.stats().round_trips, 5);
}

#[test]
fn an_undrained_chunk_ends_the_connection_and_nothing_else() {
    let mut rig = Rig::greeted(MODERN, |_| {});
    for name in ["v", "w", "x", "y", "z"] {
        rig.submit(name, &["b"]);
    }
    rig.flight();
    rig.hear("250 ok\r\n501 no\r\n503 no\r\n503 executed\r\n");
    assert_eq!(rig.session.peer_record().streaming, Verdict::Failed);
    assert_eq!(rig.events.last(), Some(&Event::Reconnect { why: ReconnectReason::Trial }));
    assert_eq!(rig.session.unfinished(), 5);
}

#[test]
fn what_was_handed_out_is_in_doubt_until_the_driver_says_otherwise() {
    for (written, status) in [(None, "in_doubt"), (Some(0), "not_sent"), (Some(10_000), "in_doubt")] {
        let mut rig = Rig::greeted(&["PIPELINING"], |_| {});
        rig.submit("x", &["b"]);
        rig.flight();
        rig.hear("250 ok\r\n250 ok\r\n354 go\r\n");
        let mut slices = [IoSlice::new(&[]); 8];
        rig.session.output(&mut slices);
        if let Some(n) = written {
            rig.session.sent(rig.now, n);
        }
        rig.session.end_of_input(rig.now);
        assert_eq!(rig.outcomes(), [(1, status)]);
    }
}

#[test]
fn a_421_makes_what_follows_not_sent_even_if_it_had_left() {
    let mut rig = Rig::greeted(MODERN, |options| options.level = Some(Level::Streaming));
    for name in ["x", "y", "z"] {
        rig.submit(name, &["b"]);
    }
    rig.flight();
    rig.hear("250 ok\r\n250 ok\r\n250 queued\r\n250 ok\r\n421 too many\r\n");
    assert_eq!(rig.outcomes(), [(1, "delivered")]);
    rig.session.end_of_input(rig.now);
    assert_eq!(rig.outcomes(), [(2, "not_sent"), (3, "not_sent")]);
}

#[test]
fn a_421_without_a_hang_up_is_not_believed_against_an_acceptance() {
    let mut rig = Rig::greeted(MODERN, |options| options.level = Some(Level::Streaming));
    rig.submit("x", &["b", "c"]);
    rig.submit("y", &["b"]);
    rig.flight();
    rig.hear("250 ok\r\n421 busy\r\n250 ok\r\n250 queued\r\n250 ok\r\n421 x\r\n421 x\r\n421 x\r\n");
    assert_eq!(rig.outcomes(), [(1, "partial"), (2, "not_sent")]);
    assert!(rig.session.is_closed());
}

#[test]
fn quit_goes_alone_and_is_not_waited_for() {
    let mut rig = Rig::greeted(&["PIPELINING"], |_| {});
    rig.submit("x", &["b"]);
    rig.session.quit();
    rig.flight();
    rig.hear("250 ok\r\n250 ok\r\n354 go\r\n");
    assert!(!rig.flight().contains("QUIT"));
    rig.hear("250 queued\r\n");
    assert_eq!(rig.flight(), "QUIT\r\n");
    assert!(rig.session.half_close());
    rig.session.end_of_input(rig.now);
    assert!(rig.session.is_closed());
    assert_eq!(rig.session.error(), None);
}

/// What is remembered of a server that offers early pipelining.
fn acquainted(keywords: &str) -> PeerRecord {
    let offered = Capabilities::from_reply(&crate::wire::Reply::new(250, keywords.as_bytes()));
    PeerRecord { streaming: Verdict::Earned, offered: Some(offered), ..PeerRecord::default() }
}

const EARLY: &str = "mx\nPIPELINING\nCHUNKING\nPIPECONNECT";

#[test]
fn an_acquaintance_is_told_everything_before_it_greets() {
    let mut rig = Rig::new(|options| {
        options.peer = Some(acquainted(EARLY));
        options.max_in_flight = 0;
    });
    for name in ["x", "y"] {
        rig.submit(name, &["b"]);
    }
    let flight = rig.flight();
    assert!(flight.starts_with("EHLO client.example\r\nMAIL FROM:<x@a.example>\r\n"));
    assert_eq!(flight.matches("BDAT").count(), 2);
    rig.hear("220 hi\r\n250-mx\r\n250-PIPELINING\r\n250-PIPECONNECT\r\n250 CHUNKING\r\n");
    rig.hear("250 ok\r\n250 ok\r\n250 queued\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 queued\r\n");
    assert_eq!(rig.outcomes(), [(1, "delivered"), (2, "delivered")]);
    assert_eq!(rig.session.stats().round_trips, 1);
}

#[test]
fn an_acquaintance_that_minds_has_executed_nothing_and_gets_all_of_it_again() {
    let mut rig = Rig::new(|options| options.peer = Some(acquainted(EARLY)));
    rig.submit("x", &["b"]);
    assert!(rig.flight().contains("BDAT"));
    rig.hear("554 SMTP synchronization error\r\n");
    assert_eq!(rig.outcomes(), []);
    assert_eq!(rig.events.last(), Some(&Event::Reconnect { why: ReconnectReason::Trial }));
    assert_eq!(rig.session.peer_record().early, Verdict::Failed);
    rig.session.start(rig.now);
    assert_eq!(rig.flight(), "", "the greeting is waited for");
    rig.hear("220 hi\r\n");
    assert_eq!(rig.flight(), "EHLO client.example\r\n");
    assert_eq!(rig.session.unfinished(), 1);
}

#[test]
fn what_was_said_to_nobody_is_said_again() {
    let mut rig = Rig::new(|options| options.peer = Some(acquainted(EARLY)));
    rig.submit("x", &["b"]);
    let flight = rig.flight();
    assert!(flight.contains("BDAT"));
    rig.session.never_connected();
    assert_eq!(rig.outcomes(), [], "nobody can have it");
    assert_eq!(rig.events.last(), Some(&Event::Reconnect { why: ReconnectReason::Trial }));
    assert_eq!(rig.session.peer_record().early, Verdict::Unknown);
    rig.session.start(rig.now);
    assert_eq!(rig.flight(), flight);
    rig.session.never_connected();
    rig.session.end_of_input(rig.now);
    assert_eq!(rig.outcomes(), [(1, "not_sent")]);
    rig.session.never_connected();
    assert!(rig.session.is_closed());
}

#[test]
fn an_offer_that_shrank_leaves_in_doubt_what_was_streamed() {
    let mut rig = Rig::new(|options| options.peer = Some(acquainted(EARLY)));
    rig.submit("x", &["b"]);
    rig.flight();
    rig.hear("220 hi\r\n250-mx\r\n250 PIPELINING\r\n250 ok\r\n");
    assert_eq!(rig.outcomes(), [(1, "in_doubt")]);
    assert!(matches!(rig.events.last(), Some(Event::Reconnect { .. })));
    assert!(!rig.session.peer_record().offered.as_ref().unwrap().chunking());
}

#[test]
fn an_offer_that_grew_costs_nothing() {
    let mut rig = Rig::new(|options| options.peer = Some(acquainted("mx\nPIPELINING\nPIPECONNECT")));
    rig.submit("x", &["b"]);
    assert!(rig.flight().ends_with("RCPT TO:<b@b.example>\r\nDATA\r\n"));
    rig.hear("220 hi\r\n250-mx\r\n250-PIPELINING\r\n250 SIZE\r\n250 ok\r\n250 ok\r\n354 go\r\n");
    assert!(rig.flight().ends_with(".\r\n"));
    rig.hear("250 queued\r\n");
    assert_eq!(rig.outcomes(), [(1, "delivered")]);
}

/// The source of a message in lock-step fails when XFORWARD has gone in front of it: the next one came from somebody else.
#[test]
fn what_was_said_of_a_message_that_does_not_come_is_taken_back() {
    use crate::wire::{ClientAttribute, ClientInfo};
    let mut rig = Rig::greeted(&["XFORWARD ADDR"], |_| {});
    let client = ClientInfo::new().with(ClientAttribute::Addr, Some("192.0.2.7")).unwrap();
    let address = Address::new("a@a.example").unwrap();
    let streamed = Message::streamed(address.clone(), Streamed::text()).to(address).forward(client);
    let first = rig.session.submit(streamed).unwrap();
    rig.submit("b", &["x"]);
    assert_eq!(rig.flight(), "XFORWARD ADDR=192.0.2.7\r\n");
    assert!(rig.session.content_failed(first, "it broke"));
    rig.hear("550 no\r\n");
    assert_eq!(rig.flight(), "RSET\r\n");
    rig.hear("250 ok\r\n");
    assert_eq!(rig.flight(), "MAIL FROM:<b@a.example>\r\n");
    for said in ["250 ok\r\n", "250 ok\r\n", "354 go on\r\n", "250 ok\r\n"] {
        rig.hear(said);
        rig.flight();
    }
    let left_out = rig.events.iter().filter_map(|event| match event {
        Event::Outcome(outcome) => Some(outcome.left_out.is_empty()),
        _ => None,
    });
    assert!(left_out.eq([true, true]), "{:?}", rig.events);
}

#[test]
fn what_is_asked_for_ends_with_the_connection() {
    // The request is queued with the reply's last byte, and the byte behind it ends the session before anybody has seen it.
    let mut rig = Rig::new(|options| options.starttls = StartTls::Required);
    rig.submit("m", &["x"]);
    rig.hear("220 mx.example\r\n");
    rig.flight();
    rig.hear("250-mx.example\r\n250 STARTTLS\r\n");
    rig.flight();
    rig.session.feed(rig.now, b"220 go ahead\r\n");
    rig.session.feed(rig.now, b"2");
    let events: Vec<_> = core::iter::from_fn(|| rig.session.next_event()).collect();
    assert!(matches!(events[..], [Event::Outcome(_), Event::Closed]), "{events:?}");
}

#[test]
fn what_a_driver_still_holds_has_not_left() {
    let content = |held: u64| {
        let mut rig = Rig::greeted(&["PIPELINING"], |options| options.level = Some(Level::Group));
        let ticket = rig.submit("a", &["x"]);
        rig.flight();
        rig.hear("250 ok\r\n250 ok\r\n354 go\r\n");
        let mut slices = [IoSlice::new(&[]); 8];
        let count = rig.session.output(&mut slices);
        let all: usize = slices[..count].iter().map(|slice| slice.len()).sum();
        rig.session.sent_holding(rig.now, all, held);
        assert!(!rig.session.wants_output(), "it was all taken");
        (rig, ticket)
    };
    for (held, status) in [(0, "in_doubt"), (1, "not_sent"), (20, "not_sent")] {
        let (mut rig, ticket) = content(held);
        rig.session.connection_lost(rig.now, "gone");
        assert_eq!(rig.outcomes(), [(ticket.get(), status)], "{held} held");
    }
    // As long as something is held it is progress that is awaited; then the reply.
    let (mut rig, _) = content(1);
    let limits = Timeouts::default();
    assert_eq!(rig.session.deadline(), Some(rig.now + limits.block));
    rig.now += Duration::from_secs(100);
    rig.session.sent_holding(rig.now, 0, 1);
    assert_eq!(rig.session.deadline(), Some(rig.now - Duration::from_secs(100) + limits.block));
    rig.session.sent_holding(rig.now, 0, 0);
    assert_eq!(rig.session.deadline(), Some(rig.now + limits.content));
    // An acceptance of what is still here is not believed.
    let (mut rig, ticket) = content(1);
    rig.hear("250 queued\r\n");
    assert_eq!(rig.outcomes(), [(ticket.get(), "not_sent")]);
    // QUIT is over when it has left.
    let mut rig = Rig::greeted(&[], |_| {});
    rig.session.quit();
    let mut slices = [IoSlice::new(&[]); 8];
    assert_eq!(rig.session.output(&mut slices), 1);
    rig.session.sent_holding(rig.now, 6, 6);
    assert!(!rig.session.half_close());
    rig.session.sent_holding(rig.now, 0, 0);
    assert!(rig.session.half_close());
}

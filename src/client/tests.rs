//! Every system call of the client that can fail does, once, and in storms: at every place where a session makes it. What is
//! passing costs nothing but time; what is not ends the connection, and the truth is told of every message.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use rustix::io::Errno;

use super::faults::{Call, Fault, What, arm, made};
use super::{Client, Config};
use crate::session::{Level, Message, Status, Timeouts};
use crate::sink::{Rule, RuleAction, RuleStage, Sink, SinkOptions};
use crate::wire::{Address, Content, Reply};

const MESSAGES: usize = 12;
/// Only a hang takes so long.
const LONG: Duration = Duration::from_secs(60);

fn message(number: usize) -> Message {
    let size = if number == 5 { 20_000 } else { number * 40 };
    let content = "0123456789 abcdef\r\n".repeat(size / 19);
    Message::new(Address::new("me@a.example").unwrap(), Content::new(Bytes::from(content)))
        .to(Address::new(&format!("to{number}@b.example")).unwrap())
        .to(Address::new(&format!("no{number}@b.example")).unwrap())
}

fn sink() -> Sink {
    let refuse = RuleAction::Reply(Reply::new(550, b"no"));
    let rules = vec![Rule::new(RuleStage::Rcpt, "no*", refuse)];
    Sink::start(SinkOptions { rules, ..SinkOptions::default() }).unwrap()
}

/// A session in which that goes wrong. True if everything was delivered all the same.
fn play(sink: &Sink, level: Option<Level>, fault: Option<Fault>) -> Result<bool, String> {
    let mut config = Config::new("127.0.0.1", sink.port());
    config.session.level = level;
    config.session.timeouts = Timeouts::all(LONG);
    arm(fault);
    let mut client = Client::open(config).unwrap();
    let mut tickets = BTreeMap::new();
    for number in 0..MESSAGES {
        tickets.insert(client.send(message(number)).map_err(|error| error.to_string()).ok(), number);
    }
    let mut outcomes = vec![None; MESSAGES];
    while client.outstanding() > 0 {
        let outcome = client.collect(Some(LONG)).ok_or("it hangs")?;
        let slot = tickets.get(&Some(outcome.ticket)).and_then(|&number| outcomes.get_mut(number));
        if slot.ok_or("an outcome for nothing")?.replace(outcome).is_some() {
            return Err("a second outcome".to_owned());
        }
    }
    client.quit(Some(LONG));
    drop(client);
    if !sink.wait(LONG, |stats| stats.open == 0) {
        return Err("the connection stays open".to_owned());
    }
    let mut accepted = [0; MESSAGES];
    for received in sink.take_messages() {
        for recipient in received.recipients {
            let number = recipient.trim_start_matches("to").split('@').next().and_then(|n| n.parse().ok());
            let count = number.and_then(|number: usize| accepted.get_mut(number));
            *count.ok_or_else(|| format!("{recipient} was accepted"))? += 1;
        }
    }
    judge(&outcomes, &accepted)
}

fn judge(outcomes: &[Option<crate::session::Outcome>], accepted: &[u32]) -> Result<bool, String> {
    let mut all = true;
    for (number, (outcome, &times)) in outcomes.iter().zip(accepted).enumerate() {
        // What the session, ended already, would not take has no outcome, and must not have been sent.
        let status = outcome.as_ref().map_or(Status::NotSent, |outcome| outcome.recipients[0].status);
        let true_of_it = match status {
            Status::Delivered => times == 1,
            Status::InDoubt => times <= 1,
            Status::NotSent => times == 0,
            Status::Refused | Status::Partial => false,
        };
        if !true_of_it {
            return Err(format!("message {number} was accepted {times} times, and is {outcome:?}"));
        }
        all &= status == Status::Delivered;
    }
    Ok(all)
}

const LEVELS: [Option<Level>; 3] = [Some(Level::Lockstep), Some(Level::Continuous), None];

/// `what` at every place where `call` is made. Returns how often it struck.
fn everywhere(call: Call, what: What, times: usize, harmless: bool) -> usize {
    let sink = sink();
    let mut struck = 0;
    for level in LEVELS {
        assert_eq!(play(&sink, level, None), Ok(true), "nothing went wrong");
        let calls = made(call);
        for nth in 0..calls.min(40) {
            let fault = Fault { call, nth, times, what };
            let result = play(&sink, level, Some(fault));
            let true_of_it = if harmless { result == Ok(true) } else { result.is_ok() };
            assert!(true_of_it, "{level:?} {fault:?}: {result:?}");
            struck += usize::from(made(call) > nth);
        }
    }
    struck
}

#[test]
fn interrupted_calls_are_made_again() {
    for call in [Call::Recv, Call::Sendmsg, Call::Poll, Call::Connect] {
        for times in [1, 3] {
            let times = if call == Call::Connect { 1 } else { times };
            assert!(everywhere(call, What::Error(Errno::INTR), times, true) > 0, "{call:?}");
        }
    }
}

#[test]
fn storms_of_not_now_cost_nothing_but_time() {
    for call in [Call::Recv, Call::Sendmsg] {
        for times in [1, 2, 100] {
            assert!(everywhere(call, What::Error(Errno::AGAIN), times, true) > 0, "{call:?}");
        }
    }
}

#[test]
fn want_of_buffers_passes() {
    for times in [1, 20] {
        assert!(everywhere(Call::Sendmsg, What::Error(Errno::NOBUFS), times, true) > 0);
    }
}

#[test]
fn short_writes_and_reads_lose_nothing() {
    for call in [Call::Sendmsg, Call::Recv] {
        for (octets, times) in [(1, 1), (13, 50), (1, usize::MAX)] {
            assert!(everywhere(call, What::Short(octets), times, true) > 0, "{call:?}");
        }
    }
}

#[test]
fn a_connection_in_progress_is_waited_for() {
    assert!(everywhere(Call::Connect, What::Error(Errno::INPROGRESS), 1, true) > 0);
}

#[test]
fn a_connection_that_cannot_be_shut_down_is_closed() {
    assert!(everywhere(Call::Shutdown, What::Error(Errno::NOTCONN), 1, true) > 0);
}

#[test]
fn resets_end_the_connection_and_the_truth_is_told() {
    for call in [Call::Recv, Call::Sendmsg] {
        for error in [Errno::CONNRESET, Errno::PIPE, Errno::TIMEDOUT, Errno::NOMEM, Errno::HOSTUNREACH] {
            assert!(everywhere(call, What::Error(error), 1, false) > 0, "{call:?}");
        }
    }
}

#[test]
fn behind_a_short_write_a_reset_is_told_truly() {
    // The first part of a group leaves, the next write fails: what was not written was not sent.
    let sink = sink();
    for octets in [1, 40, 1000, 10_000] {
        for nth in 0..10 {
            let fault = Fault { call: Call::Sendmsg, nth, times: 1, what: What::Short(octets) };
            assert_eq!(play(&sink, None, Some(fault)), Ok(true));
            let fault = Fault { nth: nth + 1, what: What::Error(Errno::CONNRESET), ..fault };
            assert!(play(&sink, None, Some(fault)).is_ok());
        }
    }
}

#[test]
fn no_socket_no_connection_and_nothing_was_sent() {
    let errors = [
        (Call::Socket, Errno::MFILE),
        (Call::Nodelay, Errno::INVAL),
        (Call::Connect, Errno::CONNREFUSED),
        (Call::Connect, Errno::NETUNREACH),
        (Call::SocketError, Errno::CONNREFUSED),
    ];
    let sink = sink();
    for (call, error) in errors {
        let fault = Fault { call, nth: 0, times: 1, what: What::Error(error) };
        assert_eq!(play(&sink, None, Some(fault)), Ok(false), "{fault:?}");
        assert_eq!(made(call), 1);
    }
}

#[test]
fn polling_that_fails_is_no_reason_to_lie() {
    for times in [1, 5] {
        assert!(everywhere(Call::Poll, What::Error(Errno::NOMEM), times, false) > 0);
    }
}

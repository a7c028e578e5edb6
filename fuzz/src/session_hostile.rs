//! The engine against a server that says anything at any time, and a caller and a network that do what they like. Exactly one
//! outcome for each ticket, and one that the bytes prove (`tests/common/referee.rs` sees them all); no command where none may
//! be. And the same with the server's bytes one at a time: the same events, the same bytes sent.

mod sayings;
mod script;
mod split;

use std::time::Duration;

pub(crate) use self::sayings::SAYINGS;
pub(crate) use self::script::*;
use crate::choices::Choices;
use crate::common::build;
use crate::common::login;
use crate::common::run::{Run, Take};

pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let script = Script::read(&mut choices);
    let truth = std::panic::AssertUnwindSafe(|| watched(&script));
    truth();
    split::split(&script);
}

/// With the referee, who panics at what may not be and knows at the end what is true.
fn watched(script: &Script<'_>) {
    let mut run = Run::new(build::options(&script.settings), &script.letters);
    let (mut waiting, mut commands) = (script.letters.iter(), 0);
    for letter in waiting.by_ref().take(script.first) {
        run.submit(&letter.name, build::message(letter)).expect("it is open");
    }
    run.set_up(&script.settings);
    run.start();
    for op in &script.ops {
        if cfg!(feature = "talk") {
            let known = run
                .outcomes
                .values()
                .map(|o| (o.ticket.get(), o.status, o.reason.clone()))
                .collect::<Vec<_>>();
            let sent = run.sent.split_at(run.sent.len().saturating_sub(400)).1;
            eprintln!("  {}\n  {:?} {known:?}\n{op:?}", sent.escape_ascii(), run.events);
        }
        match *op {
            Op::Feed(said) => feed(&mut run, said.0),
            Op::Wait(seconds) => run.wait(Duration::from_secs(seconds)),
            Op::EndOfInput => run.end_of_input(),
            Op::Lost => run.lose(),
            Op::Room(room) => {
                run.room = room;
                run.drain();
            }
            Op::Submit => {
                if let Some(letter) = waiting.next() {
                    let _ = run.submit(&letter.name, build::message(letter));
                }
            }
            Op::Command => {
                commands += 1;
                let _ = run.command(&format!("command {commands}"), "NOOP");
            }
            Op::Cancel(which) => {
                if let Some(&ticket) = run.tickets.values().nth(which) {
                    run.session.cancel(ticket);
                }
                run.drain();
            }
            Op::Quit => {
                run.session.quit();
                run.drain();
            }
            Op::Connect if run.wants_connection() => {
                run.events.push("connected".to_owned());
                run.connect();
            }
            Op::Connect => {}
            Op::Tls(works) => {
                run.handshake((!works).then_some("expired"));
            }
            Op::Sasl(words) => {
                // Refused where none is wanted.
                let _ = login::answer(&mut run.session, words);
                run.drain();
            }
            Op::Truncate => run.truncate(),
        }
    }
    end(&mut run, script.end);
    assert!(run.session.is_closed(), "it does not end: {:?}", run.session);
    assert_eq!(run.session.deadline(), None);
    run.judge().unwrap_or_else(|why| panic!("{why}\n{:?}\n{script:?}", run.session.error()));
}

/// All of it at once, but the referee hears no more than the session does: nobody hears what is said on a connection that has
/// been dropped, be it in the middle of what was read.
pub(crate) fn feed(run: &mut Run, bytes: &[u8]) {
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if run.session.is_detached() || run.session.half_close() {
            break;
        }
        run.referee.server(line);
        run.session.feed(run.now, line);
    }
    run.drain();
}

fn end(run: &mut Run, way: u8) {
    run.take = Take::All;
    if way & 4 != 0 {
        run.room = None;
        run.drain();
    }
    match way & 3 {
        0 => run.lose(),
        1 => run.end_of_input(),
        _ => {
            // Silence. A session with nothing to wait for has no deadline, and one with anything has.
            for _ in 0..100 {
                if !run.time_out() {
                    break;
                }
            }
            run.end_of_input();
        }
    }
    // Another connection may have been asked for in place of the one that ended; there is none.
    if !run.session.is_closed() {
        run.end_of_input();
    }
}

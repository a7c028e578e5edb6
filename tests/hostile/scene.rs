//! A session, a peer that does as it likes, and a clock that goes when nothing else happens.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::time::Duration;

use bytes::Bytes;
use smtpipe::server::ServerOptions;
use smtpipe::session::{Event, Message, Options, Outcome, Session, SessionError, Status, Ticket};
use smtpipe::wire::{Address, Content};

use super::harness::fate::Terms;
use super::harness::plan::{Mail, Plan};
use super::harness::truth::Ledger;

/// What the client's side sees of a server.
pub(crate) trait Peer {
    /// What the client sent arrives.
    fn hear(&mut self, bytes: &[u8]);
    /// What arrives at the client now.
    fn say(&mut self, now: Duration) -> Vec<u8>;
    /// How much it reads in this turn.
    fn room(&mut self, _now: Duration) -> usize {
        usize::MAX
    }
    /// Whether it has closed (false) or reset (true) the connection.
    fn gone(&self) -> Option<bool> {
        None
    }
    /// When it will do something by itself.
    fn next(&self, _now: Duration) -> Option<Duration> {
        None
    }
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) outcomes: Vec<Option<Outcome>>,
    pub(crate) error: Option<SessionError>,
    pub(crate) elapsed: Duration,
    pub(crate) reconnects: u32,
}

impl Played {
    pub(crate) fn statuses(&self) -> Vec<Status> {
        self.outcomes.iter().map(|outcome| outcome.as_ref().unwrap().status).collect()
    }

    pub(crate) fn all(&self, status: Status) -> bool {
        self.statuses().iter().all(|&own| own == status)
    }

    pub(crate) fn judge(&self, plan: &Plan, ledger: &Ledger) {
        if let Err(why) = ledger.judge(plan, &self.outcomes, &Terms::of(&ServerOptions::default())) {
            panic!("{why}\n{:?}", self.error);
        }
    }
}

/// So many messages with one recipient each, all of which any server accepts.
pub(crate) fn plain(messages: usize) -> Plan {
    let mail = |number: usize| {
        let sender = format!("from{number}@a.example");
        let recipient = format!("to{number}x0@b.example");
        let stored = format!("Subject: {number}\r\n\r\n.\r\n").into_bytes();
        let content = Content::new(Bytes::from(stored.clone()));
        let message =
            Message::new(Address::new(&sender).unwrap(), content).to(Address::new(&recipient).unwrap());
        Mail { message, sender, recipients: vec![recipient], stored, base: number, given: None }
    };
    Plan { mails: (0..messages).map(mail).collect(), recipients: messages }
}

const TURNS: u32 = 200_000;

/// Plays it to its end. A connection that the session asks for anew is refused.
pub(crate) fn play(options: Options, plan: &Plan, peer: &mut dyn Peer) -> Played {
    let mut session = Session::new(options);
    let mut tickets: BTreeMap<Ticket, usize> = BTreeMap::new();
    for (number, mail) in plan.mails.iter().enumerate() {
        tickets.insert(session.submit(mail.message.clone()).unwrap(), number);
    }
    session.quit();
    let start = Duration::from_secs(3);
    let mut now = start;
    let mut played =
        Played { outcomes: vec![None; plan.mails.len()], error: None, elapsed: now, reconnects: 0 };
    session.start(now);
    for turn in 0.. {
        assert!(turn < TURNS, "it goes on for ever: {session:?}");
        let mut moved = write(&mut session, peer, now);
        if session.half_close() {
            session.end_of_input(now);
        }
        let said = peer.say(now);
        if !said.is_empty() && !session.is_detached() {
            session.feed(now, &said);
            moved = true;
        }
        if !moved && !session.is_detached() {
            match peer.gone() {
                Some(true) => session.connection_lost(now, "reset by peer"),
                Some(false) => session.end_of_input(now),
                None => {
                    now = wait(&session, peer, now);
                    session.handle_timeout(now);
                }
            }
        }
        events(&mut session, &tickets, &mut played, now);
        if session.is_closed() {
            break;
        }
    }
    // What comes now is heard by nobody.
    session.feed(now, b"250 ok\r\n");
    assert_eq!(session.next_event(), None);
    assert_eq!((session.unfinished(), session.deadline()), (0, None));
    played.error = session.error().cloned();
    played.elapsed = now - start;
    played
}

fn write(session: &mut Session, peer: &mut dyn Peer, now: Duration) -> bool {
    let mut any = false;
    let mut room = peer.room(now);
    loop {
        let mut bytes = Vec::new();
        let mut slices = [IoSlice::new(&[]); 16];
        let count = session.output(&mut slices);
        for slice in slices.get(..count).unwrap() {
            bytes.extend_from_slice(slice.get(..slice.len().min(room - bytes.len())).unwrap());
        }
        session.sent(now, bytes.len());
        if bytes.is_empty() {
            return any;
        }
        room -= bytes.len();
        any = true;
        peer.hear(&bytes);
    }
}

fn wait(session: &Session, peer: &dyn Peer, now: Duration) -> Duration {
    let next = [session.deadline(), peer.next(now)].into_iter().flatten().min();
    let next = next.unwrap_or_else(|| panic!("nothing will ever happen: {session:?}"));
    next.max(now)
}

fn events(session: &mut Session, tickets: &BTreeMap<Ticket, usize>, played: &mut Played, now: Duration) {
    while let Some(event) = session.next_event() {
        match event {
            Event::Outcome(outcome) => {
                let number = *tickets.get(&outcome.ticket).unwrap();
                let second = played.outcomes.get_mut(number).unwrap().replace(outcome);
                assert!(second.is_none(), "a second outcome: {second:?}");
            }
            Event::Reconnect { .. } => {
                played.reconnects += 1;
                session.end_of_input(now);
            }
            _ => {}
        }
    }
}

//! Operations in any order, at any level, against the server in memory: what `interleave.rs` and the fuzzer share.
//!
//! A lock-step client's outcomes are known beforehand (the server is deterministic); every level has to come to the same
//! ones, and the server must have taken each message as often as its outcome says, from its own sender.

use std::collections::BTreeMap;
use std::time::Duration;

use smtpipe::session::Status;

use super::build;
use super::fixture::{Letter, Settings};
use super::run::{Run, Take};
use super::server::{Manners, Server, Taken};

#[derive(Debug, Clone)]
pub(crate) enum Op {
    /// The next message is submitted.
    Submit,
    Command,
    /// So many bytes of the server's arrive at the client.
    Receive(usize),
    /// So many bytes of the client's arrive at the server.
    Arrive(usize),
    /// The transport has room for so many bytes more.
    Room(usize),
    Portions(usize, usize),
    Wait(u64),
    Cancel(usize),
    Quit,
    Cut(bool),
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) manners: Manners,
    pub(crate) settings: Settings,
    pub(crate) letters: Vec<Letter>,
    pub(crate) ops: Vec<Op>,
}

/// Client, wire and server.
struct World {
    run: Run,
    manners: Manners,
    server: Server,
    /// On the way to the client.
    down: Vec<u8>,
    /// What left the client on this connection and has arrived.
    arrived: usize,
    taken: Vec<Taken>,
    cut: bool,
}

impl World {
    fn new(case: &Case, level: Option<&str>) -> Self {
        let settings = Settings { level: level.map(str::to_owned), ..case.settings.clone() };
        let mut run = Run::new(build::options(&settings), &case.letters);
        run.room = Some(0);
        run.start();
        let manners = case.manners.clone();
        Self {
            run,
            server: Server::new(&manners),
            manners,
            down: Vec::new(),
            arrived: 0,
            taken: Vec::new(),
            cut: false,
        }
    }

    fn arrive(&mut self, most: usize) {
        let end = self.run.sent.len().min(self.arrived.saturating_add(most));
        let bytes = self.run.sent[self.arrived.min(end)..end].to_vec();
        self.arrived = end;
        let answer = self.server.exchange(&bytes);
        self.down.extend_from_slice(&answer);
    }

    fn receive(&mut self, most: usize) {
        let part: Vec<u8> = self.down.drain(..most.min(self.down.len())).collect();
        if !part.is_empty() {
            self.run.feed(&part);
        } else if self.server.closed && self.arrived == self.run.sent.len() {
            self.run.end_of_input();
        }
        self.reconnect();
    }

    /// A new connection as soon as one is asked for.
    fn reconnect(&mut self) {
        if self.run.wants_connection() && !self.cut {
            let server = std::mem::replace(&mut self.server, Server::new(&self.manners));
            self.taken.extend(server.taken);
            self.down.clear();
            self.arrived = 0;
            self.run.events.push("connected".to_owned());
            self.run.connect();
        }
    }

    fn apply(&mut self, op: &Op, letters: &mut std::slice::Iter<'_, Letter>, commands: &mut usize) {
        match *op {
            Op::Submit => {
                if let Some(letter) = letters.next() {
                    // After QUIT or the end nothing is taken: that's said at once, and no ticket exists.
                    let _ = self.run.submit(&letter.name, build::message(letter));
                }
            }
            Op::Command => {
                *commands += 1;
                let _ = self.run.command(&format!("command {commands}"), "NOOP");
            }
            Op::Receive(most) => self.receive(most),
            Op::Arrive(most) => self.arrive(most),
            Op::Room(more) => {
                self.run.room = self.run.room.map(|room| room + more);
                self.run.drain();
            }
            Op::Portions(bytes, slices) => self.run.take = Take::Portions { bytes, slices },
            Op::Wait(seconds) => {
                self.run.wait(Duration::from_secs(seconds));
                self.reconnect();
            }
            Op::Cancel(which) => {
                let ticket = self.run.tickets.values().nth(which).copied();
                if let Some(ticket) = ticket {
                    self.run.session.cancel(ticket);
                }
                self.run.drain();
            }
            Op::Quit => {
                self.run.session.quit();
                self.run.drain();
            }
            Op::Cut(reset) => {
                self.cut = true;
                self.down.clear();
                if reset {
                    self.run.lose()
                } else {
                    self.run.end_of_input()
                }
                if self.run.wants_connection() {
                    self.run.end_of_input();
                }
            }
        }
    }

    /// Everything flows until nothing moves any more.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            if self.run.session.is_closed() {
                break;
            }
            let before = (self.run.sent_in_all, self.run.fed_in_all, self.run.events.len());
            self.run.room = None;
            self.run.drain();
            self.arrive(usize::MAX);
            self.receive(usize::MAX);
            if before == (self.run.sent_in_all, self.run.fed_in_all, self.run.events.len()) {
                break;
            }
        }
        self.taken.extend(std::mem::take(&mut self.server.taken));
    }
}

/// What becomes of a message, one command at a time, by the server's rules.
fn by_lockstep(letter: &Letter, manners: &Manners, settings: &Settings) -> BTreeMap<String, Status> {
    let all = settings.all_recipients;
    let content = letter.canonical();
    let over_limit = |size: usize| manners.size.is_some_and(|limit| limit > 0 && size > limit);
    let too_large = match &letter.stream {
        Some(stream) => stream.length.is_some_and(|length| over_limit(length as usize)),
        None => over_limit(content.len()),
    };
    // What turns out only when the content is there.
    let broken =
        letter.stream.as_ref().is_some_and(|stream| stream.fails.is_some() || over_limit(content.len()));
    let spam = content.windows(4).any(|w| w == b"spam");
    let bad = letter.sender.address.starts_with("bad");
    let refused = |address: &str| address.starts_with("no") || address.starts_with("later");
    let over = manners.recipients.is_some_and(|most| letter.recipients.len() > most);
    let good = letter.recipients.iter().filter(|r| !refused(&r.address)).count();
    // Under `all`, one refusal (and too many recipients are one) takes it from everybody.
    let spoilt = all && (good < letter.recipients.len() || over);
    let chunks = manners.chunking && manners.binary && settings.chunking.as_deref() != Some("never");
    let unfit = too_large || letter.binary && (!chunks || manners.old);
    let prdr = letter.sender.params.iter().any(|param| param == "PRDR") && manners.prdr && !manners.old;
    let one = |address: &str| {
        if unfit || bad || refused(address) {
            Status::Refused
        } else if spoilt || broken {
            Status::NotSent
        } else if spam || (manners.lmtp || prdr) && address.starts_with("full") {
            Status::Refused
        } else {
            Status::Delivered
        }
    };
    letter.recipients.iter().map(|r| (r.address.clone(), one(&r.address))).collect()
}

/// Plays a case at a level (`None`: found out), and holds it against the model.
pub(crate) fn check(case: &Case, level: Option<&str>) {
    let mut world = World::new(case, level);
    let (mut letters, mut commands) = (case.letters.iter(), 0);
    for op in &case.ops {
        world.apply(op, &mut letters, &mut commands);
    }
    world.settle();
    world.run.judge().unwrap_or_else(|e| panic!("{level:?}: {e}"));
    assert!(world.cut || world.run.session.error().is_none(), "{level:?}: {:?}", world.run.session.error());
    for letter in &case.letters {
        let Some(outcome) = world.run.outcome(&letter.name) else { continue };
        let expected = by_lockstep(letter, &case.manners, &case.settings);
        let cancelled = outcome.reason.as_ref().is_some_and(|r| r.to_string().contains("cancelled"));
        for recipient in &outcome.recipients {
            let address = recipient.address.as_str();
            let times = world.taken.iter().filter(|t| t.recipients.iter().any(|r| r == address));
            let times: Vec<_> = times.filter(|t| t.content == letter.canonical()).collect();
            assert!(
                times.iter().all(|t| t.sender == letter.sender.address),
                "{level:?}: under a wrong sender: {times:?}"
            );
            let told = !letter.forward.is_empty() && case.manners.forwards == Some(true) && !case.manners.old;
            let forwarded = |t: &&Taken| letter.forward.iter().all(|said| t.forward.contains(said.as_str()));
            assert!(
                times.iter().all(|t| if told { forwarded(t) } else { t.forward.is_empty() }),
                "{level:?}: from somebody else: {times:?}"
            );
            let fits = match recipient.status {
                Status::Delivered => times.len() == 1,
                Status::InDoubt => times.len() <= 1,
                Status::Refused | Status::NotSent | Status::Partial => times.is_empty(),
            };
            assert!(
                fits,
                "{level:?}: {} <{address}> {} and taken {} times",
                letter.name,
                recipient.status,
                times.len()
            );
            if !world.cut && !cancelled {
                // Under `all` too many recipients may be found out before or after the others' acceptance.
                let spoilt =
                    case.settings.all_recipients && expected.values().any(|&s| s != Status::Delivered);
                // A source that can't begin again serves one transaction's recipients; one that fails stops at the first.
                let broken = expected.values().any(|&status| status == Status::NotSent);
                let once = letter.stream.as_ref().is_some_and(|stream| !stream.rewind || broken);
                let over = case.manners.recipients.is_some_and(|most| letter.recipients.len() > most);
                let same = recipient.status == expected[address]
                    || once && over && matches!(recipient.status, Status::Refused | Status::NotSent)
                    || spoilt && matches!(recipient.status, Status::Refused | Status::NotSent);
                assert!(
                    same,
                    "{level:?}: {} <{address}> {}, {} by lock-step",
                    letter.name, recipient.status, expected[address]
                );
            }
        }
    }
}

const STATED: [Option<&str>; 5] =
    [None, Some("lockstep"), Some("group"), Some("continuous"), Some("streaming")];

/// The levels to try: what is stated as known must be true, and a server that runs refused chunks as commands has not
/// earned streaming.
pub(crate) fn levels(case: &Case) -> impl Iterator<Item = Option<&'static str>> {
    let undrained = case.manners.undrained;
    STATED.into_iter().filter(move |level| !(undrained && *level == Some("streaming")))
}

//! Engine and server joined in memory, by a link that may break behind any byte of either direction. Time is what the
//! deadlines say. Every turn is counted: a session that gets nowhere is found, not waited for.

use std::collections::BTreeMap;
use std::io::IoSlice;
use std::time::Duration;

use smtpipe::session::{Event, Outcome, Session, Ticket};

use super::plan::{MESSAGES, Plan};
use super::random::Random;
use super::server::Server;
use super::sources::Sources;
use super::truth::{Ledger, Tally};
use super::worlds::{Pace, World};

/// What the link holds of the client's before it takes no more.
const CAPACITY: usize = 64 * 1024;
/// No run needs a tenth of this.
const TURNS: u32 = 500_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the client.
    Up,
    /// From the server.
    Down,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Rst,
    /// Nothing passes any more, and nobody is told.
    Silence,
}

pub(crate) const ENDS: [End; 3] = [End::Fin, End::Rst, End::Silence];

/// Where and how the link breaks. Positions count the bytes that arrive, over all connections of the run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) direction: Direction,
    pub(crate) at: usize,
    pub(crate) end: End,
    /// What the client writes from then on is taken, and lost; otherwise the link fills up and takes no more.
    pub(crate) swallow: bool,
    /// What is on its way to the server when the client gives up still arrives.
    pub(crate) late: bool,
    /// Behind an RST, replies that had arrived are still read.
    pub(crate) read: bool,
    /// The next connection, if there is one, is cut as well, so many bytes later.
    pub(crate) again: Option<usize>,
}

impl Cut {
    pub(crate) const fn new(direction: Direction, at: usize, end: End, random: &mut Random) -> Self {
        Self {
            direction,
            at,
            end,
            swallow: random.once_in(2),
            late: random.once_in(2),
            read: random.once_in(2),
            again: if random.once_in(4) { Some(random.below(3000)) } else { None },
        }
    }
}

/// What a run without a cut looked like: where cuts are of interest.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) up: Vec<u8>,
    pub(crate) down: Vec<u8>,
    /// How much had come down when the server was asked for the MAIL of a message.
    pub(crate) mails: Vec<(Option<usize>, usize)>,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Report {
    pub(crate) tally: Tally,
    pub(crate) cuts: u64,
    pub(crate) connections: u32,
}

pub(crate) struct Run<'a> {
    plan: &'a Plan,
    world: &'a World,
    session: Session,
    server: Server,
    ledger: Ledger,
    now: Duration,
    random: Random,
    tickets: BTreeMap<Ticket, usize>,
    sources: Sources,
    outcomes: Vec<Option<Outcome>>,
    closed: bool,
    reconnect: bool,
    /// On their way.
    up: Vec<u8>,
    down: Vec<u8>,
    /// Arrived, on all connections.
    up_total: usize,
    down_total: usize,
    /// The cut to come.
    pending: Option<Cut>,
    /// The cut that was made on this connection.
    made: Option<Cut>,
    report: Report,
    record: Option<Record>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(plan: &'a Plan, world: &'a World, cut: Option<Cut>) -> Self {
        Self {
            plan,
            world,
            session: Session::new(world.client.clone()),
            server: Server::new(world.server.clone()),
            ledger: Ledger::new(plan),
            now: Duration::from_secs(7),
            random: Random(2920),
            tickets: BTreeMap::new(),
            sources: Sources::new(plan),
            outcomes: vec![None; MESSAGES],
            closed: false,
            reconnect: false,
            up: Vec::new(),
            down: Vec::new(),
            up_total: 0,
            down_total: 0,
            pending: cut,
            made: None,
            report: Report::default(),
            record: None,
        }
    }

    /// Without a cut: everything comes out as planned, and what passed is kept.
    pub(crate) fn recorded(plan: &'a Plan, world: &'a World) -> Result<Record, String> {
        let mut this = Self::new(plan, world, None);
        this.record = Some(Record::default());
        let all = world.client.recipients == smtpipe::session::RecipientPolicy::All;
        let tally = this.play()?;
        if world.exact {
            this.ledger.as_planned(plan, &this.outcomes, &world.terms(), all)?;
            if tally.in_doubt > 0 {
                return Err(format!("nothing broke, and yet: {tally:?}"));
            }
        }
        Ok(this.record.unwrap_or_default())
    }

    pub(crate) fn cut(mut self) -> Result<Report, String> {
        self.report.tally = self.play()?;
        if self.report.cuts == 0 {
            return Err("the position of the cut was never reached".to_owned());
        }
        Ok(self.report)
    }

    fn play(&mut self) -> Result<Tally, String> {
        for (number, mail) in self.plan.mails.iter().enumerate() {
            let ticket = self.session.submit(mail.message.clone()).map_err(|e| e.to_string())?;
            self.tickets.insert(ticket, number);
        }
        self.session.quit();
        self.connect()?;
        for _ in 0..TURNS {
            let progress = self.turn()?;
            if self.session.is_detached() {
                self.leave();
                if !self.reconnect {
                    break;
                }
                self.again()?;
            } else if !progress {
                self.idle()?;
            }
        }
        if !self.session.is_closed() || !self.closed || self.session.unfinished() > 0 {
            return Err(format!("not over: {:?}, {} unfinished", self.session, self.session.unfinished()));
        }
        self.ledger.judge(self.plan, &self.outcomes, &self.world.terms())
    }

    fn connect(&mut self) -> Result<(), String> {
        self.report.connections += 1;
        self.session.start(self.now);
        self.server.receive(&[], self.plan, &mut self.ledger);
        self.strike()?;
        self.events()
    }

    /// The session wants another connection.
    fn again(&mut self) -> Result<(), String> {
        if self.report.connections > 20 {
            return Err("there is no end of connections".to_owned());
        }
        self.reconnect = false;
        self.server = Server::new(self.world.server.clone());
        if let Some((cut, more)) = self.made.take().and_then(|cut| Some((cut, cut.again?))) {
            let at = match cut.direction {
                Direction::Up => self.up_total,
                Direction::Down => self.down_total,
            };
            self.pending = Some(Cut { at: at + more, again: None, ..cut });
        }
        self.connect()
    }

    /// Everything that can happen now happens once. False: nothing could.
    fn turn(&mut self) -> Result<bool, String> {
        self.now += Duration::from_millis(1);
        let mut progress = self.sources.answer(self.plan, &mut self.session, self.now)?;
        self.events()?;
        progress |= self.write()?;
        if !self.session.is_detached() {
            progress |= self.carry_up()?;
        }
        if !self.session.is_detached() {
            progress |= self.carry_down()?;
        }
        if !self.session.is_detached() && self.server.is_closed() && self.down.is_empty() && self.hears() {
            self.session.end_of_input(self.now);
            self.events()?;
            progress = true;
        }
        Ok(progress || self.sources.owe())
    }

    /// Whether the client is told what the server does.
    fn hears(&self) -> bool {
        self.made.is_none_or(|cut| cut.direction == Direction::Up && cut.end != End::Silence)
    }

    fn severed(&self, direction: Direction) -> bool {
        self.made.is_some_and(|cut| cut.direction == direction)
    }

    fn write(&mut self) -> Result<bool, String> {
        let lost = self.severed(Direction::Up) && self.made.is_some_and(|cut| cut.swallow);
        let mut any = false;
        loop {
            let room = if lost { usize::MAX } else { CAPACITY.saturating_sub(self.up.len()) };
            let mut slices = [IoSlice::new(&[]); 32];
            let count = self.session.output(&mut slices);
            let mut taken = 0;
            for slice in slices.get(..count).unwrap_or_default() {
                let part = slice.get(..slice.len().min(room - taken)).unwrap_or_default();
                if !lost {
                    self.up.extend_from_slice(part);
                }
                taken += part.len();
            }
            self.session.sent(self.now, taken);
            self.events()?;
            if self.session.half_close() {
                self.session.end_of_input(self.now);
                self.events()?;
                return Ok(true);
            }
            if taken == 0 {
                return Ok(any);
            }
            any = true;
        }
    }

    /// How much arrives in this turn, and no byte behind the cut.
    fn portion(&mut self, direction: Direction) -> usize {
        let (waiting, total) = match direction {
            Direction::Up => (self.up.len(), self.up_total),
            Direction::Down => (self.down.len(), self.down_total),
        };
        let n = match self.world.pace {
            Pace::Whole => waiting,
            Pace::Pieces(most) => waiting.min(1 + self.random.below(most)),
        };
        match self.pending.filter(|cut| cut.direction == direction) {
            Some(cut) => n.min(cut.at.saturating_sub(total)),
            None => n,
        }
    }

    fn carry_up(&mut self) -> Result<bool, String> {
        if self.severed(Direction::Up) || self.up.is_empty() {
            return Ok(false);
        }
        let n = self.portion(Direction::Up);
        let before = self.server.mails.len();
        let part: Vec<u8> = self.up.drain(..n).collect();
        self.up_total += n;
        if let Some(record) = &mut self.record {
            record.up.extend_from_slice(&part);
        }
        self.deliver(&part);
        if let Some(record) = &mut self.record {
            let down = self.down_total + self.down.len();
            let mails = self.server.mails.get(before..).unwrap_or_default();
            record.mails.extend(mails.iter().map(|&number| (number, down)));
        }
        self.strike()?;
        Ok(true)
    }

    fn deliver(&mut self, part: &[u8]) {
        self.server.receive(part, self.plan, &mut self.ledger);
        self.hear();
    }

    /// Takes what the server says.
    fn hear(&mut self) {
        self.server.say(&mut self.down);
        // There may be more than it holds at once.
        self.server.receive(&[], self.plan, &mut self.ledger);
        while self.server.say(&mut self.down) > 0 {
            self.server.receive(&[], self.plan, &mut self.ledger);
        }
        if self.severed(Direction::Down) {
            self.down.clear();
        }
    }

    fn carry_down(&mut self) -> Result<bool, String> {
        self.hear();
        if self.down.is_empty() {
            return Ok(false);
        }
        let n = self.portion(Direction::Down);
        let part: Vec<u8> = self.down.drain(..n).collect();
        self.down_total += n;
        if let Some(record) = &mut self.record {
            record.down.extend_from_slice(&part);
        }
        self.session.feed(self.now, &part);
        self.events()?;
        self.strike()?;
        Ok(true)
    }

    /// Breaks the link if that is due.
    fn strike(&mut self) -> Result<(), String> {
        let due = self.pending.filter(|cut| match cut.direction {
            Direction::Up => self.up_total >= cut.at,
            Direction::Down => self.down_total >= cut.at,
        });
        let Some(cut) = due else { return Ok(()) };
        self.pending = None;
        self.made = Some(cut);
        self.report.cuts += 1;
        match cut.direction {
            Direction::Up => {
                if cut.swallow {
                    self.up.clear();
                }
                if cut.end != End::Silence {
                    self.server.end_of_input(self.plan, &mut self.ledger);
                    self.hear();
                }
            }
            Direction::Down => self.down.clear(),
        }
        match (cut.direction, cut.end) {
            (_, End::Rst) => {
                if cut.read && cut.direction == Direction::Up {
                    let part = std::mem::take(&mut self.down);
                    self.session.feed(self.now, &part);
                    self.events()?;
                }
                self.session.connection_lost(self.now, "reset by peer");
            }
            (Direction::Down, End::Fin) => self.session.end_of_input(self.now),
            (Direction::Up, End::Fin) | (_, End::Silence) => {}
        }
        self.events()
    }

    /// The session has no use for this connection any more.
    fn leave(&mut self) {
        let quit = self.session.error().is_none() && self.session.is_closed();
        let arrives = self.made.map_or(quit || self.random.once_in(2), |cut| cut.late);
        if arrives && !self.severed(Direction::Up) {
            // Not counted: what may or may not arrive is no place for a cut.
            let part = std::mem::take(&mut self.up);
            self.deliver(&part);
        }
        self.server.end_of_input(self.plan, &mut self.ledger);
        self.sources.forget();
        self.up.clear();
        self.down.clear();
    }

    /// Nothing moves: time passes, until a deadline does.
    fn idle(&mut self) -> Result<(), String> {
        let Some(deadline) = self.session.deadline() else {
            return Err(format!("nothing is awaited, and it isn't over: {:?}", self.session));
        };
        self.now = self.now.max(deadline);
        self.session.handle_timeout(self.now);
        self.events()?;
        if self.session.deadline().is_some_and(|next| next <= self.now) {
            return Err("the deadline has passed and is still there".to_owned());
        }
        Ok(())
    }

    fn events(&mut self) -> Result<(), String> {
        while let Some(event) = self.session.next_event() {
            if self.closed {
                return Err(format!("{event:?} came behind the end"));
            }
            match event {
                Event::Outcome(outcome) => {
                    let number = self.tickets.get(&outcome.ticket).copied();
                    let Some(slot) = number.and_then(|number| self.outcomes.get_mut(number)) else {
                        return Err(format!("an outcome for nothing: {outcome:?}"));
                    };
                    if let Some(first) = slot.replace(outcome) {
                        return Err(format!("a second outcome; the first was {first:?}"));
                    }
                }
                Event::WantContent { ticket, rewind } => {
                    let Some(&number) = self.tickets.get(&ticket) else {
                        return Err(format!("content is wanted for nothing: {ticket}"));
                    };
                    if self.outcomes.get(number).is_some_and(Option::is_some) {
                        return Err(format!("content is wanted of message {number}, which has its outcome"));
                    }
                    self.sources.ask(self.plan, ticket, number, rewind)?;
                }
                Event::Closed => self.closed = true,
                Event::Reconnect { .. } => self.reconnect = true,
                _ => {}
            }
        }
        Ok(())
    }
}

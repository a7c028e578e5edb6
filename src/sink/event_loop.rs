//! The sink's thread: sockets and timers to connections, and nothing else.
//!
//! Keys of the poller are never used twice, so an event that comes late meets nobody.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::{Connection, Context, Fate};
use super::ledger::{MINUS_ONE, Received, Shared, SinkStats};
use super::listener::Listener;
use super::login::Users;
use super::options::SinkOptions;
use super::poller::{Interest, Poller, Ready};
use super::rules::Rules;
use crate::server::ServerOptions;
use crate::tls::Acceptor;

/// One read, and so one write, is for this much at most.
const BUFFER: usize = 256 * 1024;
/// Connections accepted before others get their turn.
const ACCEPT: usize = 128;
/// How long to leave the listener alone when the system is out of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

const STOP: u64 = 0;
const LISTENER: u64 = 1;
/// Keys of connections: their number, counted from 1, plus this.
const FIRST: u64 = 1;

pub(super) struct EventLoop {
    poller: Poller,
    listener: Listener,
    /// Ends when the sink is to stop.
    stop: Arc<OwnedFd>,
    shared: Arc<Shared>,
    options: SinkOptions,
    server: ServerOptions,
    users: Users,
    rules: Rules,
    /// Begins TLS.
    acceptor: Option<Acceptor>,
    connections: HashMap<u64, Connection>,
    accepted: u64,
    timers: BinaryHeap<Reverse<(Duration, u64)>>,
    /// The listener isn't watched until then.
    paused: Option<Duration>,
    messages: Vec<Received>,
    start: Instant,
}

fn unusable(identity: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, identity)
}

impl EventLoop {
    pub(super) fn new(
        options: SinkOptions,
        listener: Listener,
        stop: OwnedFd,
        shared: Arc<Shared>,
    ) -> io::Result<Self> {
        let mut poller = Poller::new()?;
        let stop = Arc::new(stop);
        poller.add(&stop, STOP, Interest::READ)?;
        poller.add(&listener.fd, LISTENER, Interest::READ)?;
        Ok(Self {
            poller,
            listener,
            stop,
            shared,
            server: options.server(),
            users: Users::new(&options.users),
            rules: Rules::new(options.rules.clone())?,
            acceptor: match &options.tls {
                Some(tls) => Some(Acceptor::new(&tls.identity).map_err(unusable)?),
                None => None,
            },
            options,
            connections: HashMap::new(),
            accepted: 0,
            timers: BinaryHeap::new(),
            paused: None,
            messages: Vec::new(),
            start: Instant::now(),
        })
    }

    /// Runs until told to stop, or until the poller fails, which nothing here can cure.
    pub(super) fn run(mut self) {
        let mut ready = Vec::new();
        let mut buffer = vec![0; BUFFER];
        while !self.shared.stop_requested() {
            let timeout = self.next_timer().map(|due| due.saturating_sub(self.start.elapsed()));
            if self.poller.wait(&mut ready, timeout).is_err() {
                break;
            }
            for &event in &ready {
                self.handle(event, &mut buffer);
            }
            self.run_timers(&mut buffer);
        }
        let open = self.connections.len() as u64;
        self.connections.clear();
        let delta = SinkStats { open: open.wrapping_neg(), ..SinkStats::default() };
        self.shared.publish(&mut self.messages, &delta);
        self.poller.remove(&self.stop, STOP, Interest::READ);
    }

    fn handle(&mut self, event: Ready, buffer: &mut [u8]) {
        match event.key {
            // Looked at by the loop's condition.
            STOP => {}
            LISTENER => self.accept(buffer),
            key => self.with(key, buffer, |connection, context| {
                if event.write && connection.go_on(context) == Fate::Close {
                    return Fate::Close;
                }
                if event.read { connection.readable(context) } else { Fate::Keep }
            }),
        }
    }

    fn accept(&mut self, buffer: &mut [u8]) {
        for _ in 0..ACCEPT {
            match self.listener.accept() {
                Ok(fd) => self.welcome(fd, buffer),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => return,
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                    _ => return self.pause(),
                },
            }
        }
    }

    fn welcome(&mut self, fd: OwnedFd, buffer: &mut [u8]) {
        self.accepted += 1;
        let key = FIRST + self.accepted;
        let surplus = self.connections.len() >= self.options.max_connections;
        let connection = Connection::new(
            fd,
            self.accepted,
            &self.options,
            self.server.clone(),
            self.users.clone(),
            surplus,
        );
        let delta = SinkStats { connections: 1, open: 1, ..SinkStats::default() };
        self.shared.publish(&mut self.messages, &delta);
        let watched = self.poller.add(&connection.fd, key, connection.interest);
        self.connections.insert(key, connection);
        self.with(key, buffer, |connection, context| match watched {
            Ok(()) => connection.open(context),
            Err(_) => Fate::Close,
        });
    }

    /// Out of descriptors: the listener stays readable, and would keep the thread busy.
    fn pause(&mut self) {
        self.poller.remove(&self.listener.fd, LISTENER, Interest::READ);
        let until = self.start.elapsed() + PAUSE;
        self.paused = Some(until);
        self.timers.push(Reverse((until, LISTENER)));
    }

    fn resume(&mut self) {
        if self.paused.take().is_some()
            && self.poller.add(&self.listener.fd, LISTENER, Interest::READ).is_err()
        {
            self.pause();
        }
    }

    /// Lets one connection work, and sees to its interest and timer, or to its end.
    fn with(
        &mut self,
        key: u64,
        buffer: &mut [u8],
        work: impl FnOnce(&mut Connection, &mut Context<'_>) -> Fate,
    ) {
        let Some(connection) = self.connections.get_mut(&key) else { return };
        let mut context = Context {
            now: self.start.elapsed(),
            rules: &mut self.rules,
            acceptor: self.acceptor.as_ref(),
            buffer,
            shared: &self.shared,
            messages: &mut self.messages,
            delta: SinkStats::default(),
        };
        let mut fate = work(connection, &mut context);
        if fate == Fate::Keep {
            let wanted = connection.wanted();
            if wanted != connection.interest {
                if self.poller.modify(&connection.fd, key, connection.interest, wanted).is_err() {
                    fate = Fate::Close;
                }
                connection.interest = wanted;
            }
            if let Some(due) = connection.deadline()
                && connection.timer.is_none_or(|set| due < set)
            {
                connection.timer = Some(due);
                self.timers.push(Reverse((due, key)));
            }
        }
        if fate == Fate::Close {
            context.delta.open = context.delta.open.wrapping_add(MINUS_ONE);
            self.poller.remove(&connection.fd, key, connection.interest);
            context.publish();
            self.connections.remove(&key);
        } else {
            context.publish();
        }
    }

    fn next_timer(&self) -> Option<Duration> {
        self.timers.peek().map(|Reverse((due, _))| *due)
    }

    fn run_timers(&mut self, buffer: &mut [u8]) {
        // Timers that are set meanwhile are for the next round: a path without delay would never come to an end.
        let now = self.start.elapsed();
        while let Some(&Reverse((due, key))) = self.timers.peek().filter(|Reverse((due, _))| *due <= now) {
            self.timers.pop();
            if key == LISTENER {
                self.resume();
                continue;
            }
            self.with(key, buffer, |connection, context| {
                if connection.timer == Some(due) {
                    connection.timer = None;
                }
                connection.go_on(context)
            });
        }
    }
}

//! A relay that passes bytes between a client and a server, and cuts one connection behind byte k of either direction.
//!
//! It stands alone: tests include it, and `examples/rust/cutting_relay.rs` makes a program of it for clients in other
//! languages.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::net::sockopt::set_socket_linger;

/// So much is held of one direction.
const HOLD: usize = 64 * 1024;

/// Whose bytes are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// The client's.
    Client,
    /// The server's.
    Server,
}

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The direction that is cut ends as if its sender had closed.
    Fin,
    /// Both connections are reset.
    Rst,
    /// Nothing passes in that direction any more; what is sent is taken, and lost.
    Silence,
}

/// Where to cut, counted over all connections made since [`Relay::arm`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) from: From,
    pub(crate) at: u64,
    pub(crate) ending: Ending,
}

#[derive(Debug, Default)]
struct State {
    cut: Option<Cut>,
    made: u64,
    client: u64,
    server: u64,
    open: u32,
    closed: bool,
    /// All that clients have said, whether or not it went on, connection by connection, since somebody asked for it.
    heard: Option<Vec<Vec<u8>>>,
}

impl State {
    /// A connection begins: which of those that are kept it is.
    fn begin(&mut self) -> Option<usize> {
        self.open += 1;
        let heard = self.heard.as_mut()?;
        heard.push(Vec::new());
        heard.len().checked_sub(1)
    }

    fn hear(&mut self, nth: Option<usize>, bytes: &[u8]) {
        if let Some(own) = nth.and_then(|nth| self.heard.as_mut()?.get_mut(nth)) {
            own.extend_from_slice(bytes);
        }
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Listens on a port of its own. It ends when it's dropped.
#[derive(Debug)]
pub(crate) struct Relay {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl Relay {
    pub(crate) fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                if own.state().closed {
                    return;
                }
                let _ = connect(client, target, &own);
            }
        });
        Ok(Self { shared, address })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// What is to happen to the connections from now on; counts start from nothing.
    pub(crate) fn arm(&self, cut: Option<Cut>) {
        let mut state = self.shared.state();
        (state.cut, state.client, state.server) = (cut, 0, 0);
    }

    /// How many bytes of the client's and the server's passed since [`arm`](Self::arm).
    pub(crate) fn passed(&self) -> (u64, u64) {
        let state = self.shared.state();
        (state.client, state.server)
    }

    /// What was said on each connection since this was last asked: from the first time on, it is kept. To be asked between
    /// connections.
    pub(crate) fn heard(&self) -> Vec<Vec<u8>> {
        self.shared.state().heard.replace(Vec::new()).unwrap_or_default()
    }

    /// How many cuts were made in all.
    pub(crate) fn made(&self) -> u64 {
        self.shared.state().made
    }

    /// Waits until no connection is open. False if it takes too long.
    pub(crate) fn idle(&self, patience: Duration) -> bool {
        let state = self.shared.state();
        let waited = self.shared.changed.wait_timeout_while(state, patience, |state| state.open > 0);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        // So that the thread looks.
        let _ = TcpStream::connect(self.address);
    }
}

fn connect(client: TcpStream, target: SocketAddr, shared: &Arc<Shared>) -> io::Result<()> {
    let server = TcpStream::connect(target)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
    }
    let nth = shared.state().begin();
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        // An error is the end of the connection, like any other.
        let _ = Connection::new(client, server, nth, &shared).run();
        shared.state().open -= 1;
        shared.changed.notify_all();
    });
    Ok(())
}

/// One direction.
#[derive(Debug)]
struct Way {
    /// On its way.
    held: Vec<u8>,
    /// Its sender has ended it, or the cut has.
    ended: bool,
    /// Its receiver was told.
    told: bool,
    /// Cut: what still comes is lost.
    cut: Option<Ending>,
}

impl Way {
    const fn new() -> Self {
        Self { held: Vec::new(), ended: false, told: false, cut: None }
    }

    const fn wants_input(&self) -> bool {
        !self.ended && self.held.len() < HOLD
    }

    fn wants_output(&self) -> bool {
        !self.held.is_empty()
    }
}

/// Both sockets are owned here and nowhere else, so that closing them is what the peers see.
struct Connection<'a> {
    client: TcpStream,
    server: TcpStream,
    up: Way,
    down: Way,
    nth: Option<usize>,
    shared: &'a Shared,
    buffer: Vec<u8>,
}

impl<'a> Connection<'a> {
    fn new(client: TcpStream, server: TcpStream, nth: Option<usize>, shared: &'a Shared) -> Self {
        let (up, down) = (Way::new(), Way::new());
        Self { client, server, up, down, nth, shared, buffer: vec![0; HOLD] }
    }

    fn run(mut self) -> io::Result<()> {
        loop {
            for from in [From::Client, From::Server] {
                self.admit(from, &[]);
                self.pass(from)?;
            }
            if self.up.cut == Some(Ending::Rst) || self.down.cut == Some(Ending::Rst) {
                // Closing with a linger time of zero resets.
                set_socket_linger(&self.client, Some(Duration::ZERO))?;
                set_socket_linger(&self.server, Some(Duration::ZERO))?;
                return Ok(());
            }
            if self.up.told && self.down.told {
                return Ok(());
            }
            let flags = |input: &Way, output: &Way| {
                let mut flags = PollFlags::empty();
                flags.set(PollFlags::IN, input.wants_input());
                flags.set(PollFlags::OUT, output.wants_output());
                flags
            };
            let mut fds = [
                PollFd::new(&self.client, flags(&self.up, &self.down)),
                PollFd::new(&self.server, flags(&self.down, &self.up)),
            ];
            match poll(&mut fds, None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Reads what there is of one direction, and writes what can be.
    fn pass(&mut self, from: From) -> io::Result<()> {
        let (mut source, way) = match from {
            From::Client => (&self.client, &self.up),
            From::Server => (&self.server, &self.down),
        };
        if way.wants_input() {
            let mut buffer = std::mem::take(&mut self.buffer);
            match source.read(&mut buffer) {
                Ok(0) => self.way(from).ended = true,
                Ok(n) => {
                    let bytes = buffer.get(..n).unwrap_or_default();
                    if from == From::Client {
                        self.shared.state().hear(self.nth, bytes);
                    }
                    self.admit(from, bytes);
                }
                Err(error) if passing(&error) => {}
                Err(error) => return Err(error),
            }
            self.buffer = buffer;
        }
        let (mut sink, way) = match from {
            From::Client => (&self.server, &mut self.up),
            From::Server => (&self.client, &mut self.down),
        };
        while !way.held.is_empty() {
            match sink.write(&way.held) {
                Ok(n) => drop(way.held.drain(..n)),
                Err(error) if passing(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        let over = match way.cut {
            // The receiver hears of it at once; the sender's bytes are still taken.
            Some(Ending::Fin) => true,
            Some(Ending::Silence | Ending::Rst) | None => way.ended,
        };
        if over && !way.told {
            way.told = true;
            sink.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }

    fn way(&mut self, from: From) -> &mut Way {
        match from {
            From::Client => &mut self.up,
            From::Server => &mut self.down,
        }
    }

    /// Takes bytes in, up to the cut.
    fn admit(&mut self, from: From, bytes: &[u8]) {
        let shared = self.shared;
        let way = self.way(from);
        if way.cut.is_some() {
            return;
        }
        let mut state = shared.state();
        let passed = match from {
            From::Client => state.client,
            From::Server => state.server,
        };
        let cut = state.cut.filter(|cut| cut.from == from && passed + bytes.len() as u64 >= cut.at);
        let pass = cut.map_or(bytes.len(), |cut| usize::try_from(cut.at.saturating_sub(passed)).unwrap_or(0));
        way.held.extend_from_slice(bytes.get(..pass).unwrap_or_default());
        match from {
            From::Client => state.client += pass as u64,
            From::Server => state.server += pass as u64,
        }
        if let Some(cut) = cut {
            // Once: the connection that follows is whole.
            way.cut = Some(cut.ending);
            state.cut = None;
            state.made += 1;
        }
    }
}

fn passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

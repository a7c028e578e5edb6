//! One connection shared by threads: who drives it, who waits, and how both stay interruptible.
//!
//! The client is behind a mutex that is only ever held for work that can't block. Waiting happens outside: at most one thread, the
//! *leader*, waits for the socket; the others wait for the leader to change something. So `send` from a second thread never
//! waits for a `collect` in the first, and nobody waits for a socket whose news another thread has already taken.
//!
//! Every wait ends after `SLICE` at the latest and the interpreter is asked for signals: normally a signal interrupts `poll` at
//! once, but one that arrives just before it would not. Nothing is lost by leaving a wait: state changes only while driving.

use std::collections::VecDeque;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::error::misuse;
use crate::sasl::Sasl;
use crate::streams::Streams;
use engine::client::{Client, Interest};
use engine::session::{Event, Outcome, Ticket};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The longest that a signal may go unnoticed.
const SLICE: Duration = Duration::from_millis(100);

/// What the mutex guards.
pub(crate) struct Core {
    pub(crate) client: Client,
    /// Outcomes that were taken for a caller who then could not have them: first in line.
    pub(crate) returned: VecDeque<Outcome>,
    /// A thread waits for the socket.
    led: bool,
    /// A thread draws content that is wanted.
    drawing: bool,
    /// The thread that asks the caller's own SASL.
    asking: Option<ThreadId>,
    /// Threads that wait for the leader.
    followers: usize,
}

impl Core {
    /// The next outcome that is known.
    pub(crate) fn pop(&mut self) -> Option<Outcome> {
        self.returned.pop_front().or_else(|| self.client.try_collect())
    }

    /// What content is wanted that no thread draws yet: the caller is to, and then says so by `drawn`.
    pub(crate) fn want(&mut self) -> Option<(Ticket, bool)> {
        let wanted = self.client.wanted_content().filter(|_| !self.drawing)?;
        self.drawing = true;
        Some(wanted)
    }

    pub(crate) const fn drawn(&mut self) {
        self.drawing = false;
    }

    /// What the caller's own SASL is asked, if no thread asks it yet: this one is to, and then says so by `answered`.
    pub(crate) fn ask(&mut self) -> Option<Event> {
        let asked = self.client.auth_event().filter(|_| self.asking.is_none())?.clone();
        self.asking = Some(std::thread::current().id());
        Some(asked)
    }

    pub(crate) const fn answered(&mut self) {
        self.asking = None;
    }

    /// Whether the caller waits for the connection from within what the connection waits for.
    fn is_knot(&self) -> bool {
        self.asking.is_some_and(|thread| thread == std::thread::current().id())
    }

    /// Whether there will be no further outcome.
    pub(crate) fn is_idle(&self) -> bool {
        self.returned.is_empty() && self.client.outstanding() == 0
    }
}

/// A client that any thread may use.
pub(crate) struct Shared {
    core: Mutex<Core>,
    changed: Condvar,
    bell: Bell,
    pub(crate) streams: Streams,
    /// The caller's own.
    pub(crate) sasl: Option<Sasl>,
    /// The process that made the connection.
    owner: u32,
}

/// How one stretch of waiting ended.
enum Step<T> {
    Done(T),
    /// Content is wanted, and this thread is to draw it.
    Wanted(Ticket, bool),
    /// The caller's own SASL is asked, and this thread is to ask it.
    Asked(Event),
    /// It would wait for itself.
    Knot,
    TimeUp,
    Again,
}

impl Shared {
    pub(crate) fn new(client: Client, sasl: Option<Sasl>) -> io::Result<Self> {
        let core = Core {
            client,
            returned: VecDeque::new(),
            led: false,
            drawing: false,
            asking: None,
            followers: 0,
        };
        Ok(Self {
            core: Mutex::new(core),
            changed: Condvar::new(),
            bell: Bell::new()?,
            streams: Streams::default(),
            sasl,
            owner: std::process::id(),
        })
    }

    /// Whether this process was forked off the one that made the connection: whatever it did with its copy would be done to the other's,
    /// which would lose replies, and the mutex may be held for ever by a thread that is only there.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.owner != std::process::id()
    }

    /// Refuses what would use the connection of another process.
    pub(crate) fn at_home(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_elsewhere() {
            return Err(misuse(
                py,
                "client: its connection is that of another process, which forked this one",
            ));
        }
        Ok(())
    }

    /// For a moment's work while attached. No Python code may run under it.
    pub(crate) fn lock<'a>(&'a self, py: Python<'_>) -> MutexGuard<'a, Core> {
        self.core.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }

    /// As `lock`, for a thread that is detached.
    pub(crate) fn lock_detached(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was queued or taken: whoever waits must look again.
    pub(crate) fn nudge(&self, core: &Core) {
        if core.led {
            self.bell.ring();
        }
        if core.followers > 0 {
            self.changed.notify_all();
        }
    }

    /// Does what can be done without waiting, and then `work`.
    pub(crate) fn drive<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Core) -> T + Send) -> T {
        py.detach(|| {
            let mut core = self.lock_detached();
            core.client.drive();
            let result = work(&mut core);
            self.nudge(&core);
            result
        })
    }

    /// Drives until `done` has something to say. `None`: the time passed. An error: a signal's handler raised.
    pub(crate) fn until<T: Send>(
        &self,
        py: Python<'_>,
        timeout: Option<Duration>,
        mut done: impl FnMut(&mut Core) -> Option<T> + Send,
    ) -> PyResult<Option<T>> {
        self.at_home(py)?;
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            match py.detach(|| self.step(end, &mut done)) {
                Step::Done(value) => return Ok(Some(value)),
                Step::Wanted(ticket, rewind) => self.draw(py, ticket, rewind)?,
                Step::Asked(question) => self.answer(py, &question)?,
                Step::Knot => {
                    return Err(misuse(py, "auth: it can't wait for the connection that waits for it"));
                }
                Step::TimeUp => return Ok(None),
                Step::Again => py.check_signals()?,
            }
        }
    }

    fn step<T>(&self, end: Option<Instant>, done: &mut impl FnMut(&mut Core) -> Option<T>) -> Step<T> {
        let mut core = self.lock_detached();
        core.client.drive();
        if let Some(value) = done(&mut core) {
            self.nudge(&core);
            return Step::Done(value);
        }
        if let Some((ticket, rewind)) = core.want() {
            self.nudge(&core);
            return Step::Wanted(ticket, rewind);
        }
        if let Some(question) = core.ask() {
            self.nudge(&core);
            return Step::Asked(question);
        }
        if core.is_knot() {
            return Step::Knot;
        }
        let left = end.map_or(SLICE, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            self.nudge(&core);
            return Step::TimeUp;
        }
        if core.led {
            core.followers += 1;
            let woken = self.changed.wait_timeout(core, left.min(SLICE));
            woken.unwrap_or_else(PoisonError::into_inner).0.followers -= 1;
            return Step::Again;
        }
        self.nudge(&core);
        let slice = left.min(SLICE).min(core.client.timeout().unwrap_or(SLICE));
        let interest = core.client.interest();
        // A descriptor of our own: the client may drop its own for another connection while we wait.
        let fd = core.client.as_fd().and_then(|fd| fd.try_clone_to_owned().ok());
        core.led = true;
        drop(core);
        self.bell.wait(fd, interest, slice);
        let mut core = self.lock_detached();
        core.led = false;
        if core.followers > 0 {
            // One of them may have to lead from here on.
            self.changed.notify_all();
        }
        Step::Again
    }
}

/// Wakes the leader out of its wait for the socket.
struct Bell {
    reader: PipeReader,
    writer: PipeWriter,
    rung: AtomicBool,
}

impl Bell {
    fn new() -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        Ok(Self { reader, writer, rung: AtomicBool::new(false) })
    }

    /// At most one byte is ever in the pipe, so this never blocks.
    fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // It can only fail if the pipe is gone; then the slice ends the wait.
            let _ = (&self.writer).write(&[0]);
        }
    }

    /// Waits for the socket, the bell, a signal or the time, whichever comes first. Which it was does not matter: the caller
    /// drives and looks.
    fn wait(&self, socket: Option<OwnedFd>, interest: Interest, limit: Duration) {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, interest.read);
        flags.set(PollFlags::OUT, interest.write);
        let mut fds = vec![PollFd::new(&self.reader, PollFlags::IN)];
        if let Some(socket) = &socket {
            hurry(socket);
            fds.push(PollFd::new(socket, flags));
        }
        let limit = Timespec::try_from(limit).ok();
        let _ = poll(&mut fds, limit.as_ref());
        let rung = fds.first().is_some_and(|bell| bell.revents().contains(PollFlags::IN));
        // The flag goes first: a ring between the two then writes a second byte, which only costs a turn.
        if rung {
            self.rung.store(false, Ordering::Release);
            let _ = (&self.reader).read(&mut [0; 16]);
        }
    }
}

/// Acknowledge at once what comes: some servers hold the next reply back until they see that (40 ms each time).
fn hurry(socket: &impl AsFd) {
    #[cfg(target_os = "linux")]
    // Fails on a unix socket, which knows no delay.
    let _ = rustix::net::sockopt::set_tcp_quickack(socket, true);
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

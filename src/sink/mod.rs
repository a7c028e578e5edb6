//! An embedded SMTP and LMTP server that takes mail and goes no further: for tests, demonstrations, measurements.
//!
//! One thread serves all connections. It can seem as far away as wanted ([`SinkOptions::rtt`]), refuse, drop or
//! stall by script ([`SinkOptions::rules`]), and imitate the faults of real servers ([`SinkOptions::imitate`]). What
//! it really accepted can be asked at any time, from any thread. Not a server for mail that matters: it stores
//! nothing, and believes everybody.
//!
//! ```
//! use smtpipe::sink::{Sink, SinkOptions};
//!
//! let sink = Sink::start(SinkOptions::default())?;
//! println!("send mail to port {}", sink.port());
//! assert_eq!(sink.messages().len(), 0);
//! sink.stop();
//! # Ok::<(), std::io::Error>(())
//! ```

mod connection;
mod delay;
mod event_loop;
mod far;
mod imitate;
mod ledger;
mod listener;
mod login;
mod mail;
mod options;
mod poller;
mod rules;
mod scram;
mod secure;

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

pub use crate::server::{Quirks, RefusedChunk};
pub use ledger::{Received, SinkStats};
pub use options::{Keep, Rule, RuleAction, RuleStage, SinkOptions, SinkTls};

use event_loop::EventLoop;
use ledger::Shared;
use listener::Listener;

/// A running sink. It ends when it's dropped.
#[derive(Debug)]
pub struct Sink {
    shared: Arc<Shared>,
    address: Option<SocketAddr>,
    /// Shutting it down wakes the thread.
    waker: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
    /// The process that has the thread.
    owner: u32,
}

impl Sink {
    /// Binds, and serves on a thread of its own from now on.
    ///
    /// # Errors
    ///
    /// The address can't be bound, the certificate can't be used, a rule's reply doesn't fit its stage, or the system is short of something.
    pub fn start(options: SinkOptions) -> io::Result<Self> {
        let listener = Listener::bind(&options)?;
        let address = listener.address();
        let (waker, stop) = UnixStream::pair()?;
        let shared = Arc::new(Shared::default());
        let event_loop = EventLoop::new(options, listener, OwnedFd::from(stop), Arc::clone(&shared))?;
        let thread =
            std::thread::Builder::new().name("smtpipe-sink".to_owned()).spawn(|| event_loop.run())?;
        Ok(Self { shared, address, waker: Some(waker), thread: Some(thread), owner: std::process::id() })
    }

    /// The TCP port; 0 for a unix socket.
    pub fn port(&self) -> u16 {
        self.address.map_or(0, |address| address.port())
    }

    /// The TCP address; none for a unix socket.
    pub fn addr(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The messages accepted and kept so far, in the order of their acceptance. Content isn't copied.
    pub fn messages(&self) -> Vec<Received> {
        self.shared.messages().clone()
    }

    /// The same, and they are kept no longer.
    pub fn take_messages(&self) -> Vec<Received> {
        std::mem::take(&mut self.shared.messages())
    }

    /// The counters, read without a lock. Whoever has seen a reply finds it counted.
    pub fn stats(&self) -> SinkStats {
        self.shared.stats()
    }

    /// Waits until the counters are as wanted; false if `timeout` passes first.
    pub fn wait(&self, timeout: Duration, enough: impl Fn(&SinkStats) -> bool) -> bool {
        self.shared.wait(timeout, enough)
    }

    /// Ends all connections, waits until the thread has ended, and returns what was kept and counted until then. In a process that was
    /// forked off the one that started it there is nothing to end: the sink goes on where it was.
    pub fn stop(mut self) -> (Vec<Received>, SinkStats) {
        self.join();
        if self.is_elsewhere() { (Vec::new(), self.stats()) } else { (self.take_messages(), self.stats()) }
    }

    /// Whether its thread is in another process: this one is a copy of that, and the lock may be held for ever.
    fn is_elsewhere(&self) -> bool {
        self.owner != std::process::id()
    }

    fn join(&mut self) {
        let thread = self.thread.take();
        if self.is_elsewhere() {
            // There is nothing behind the handle here that could be joined or let go.
            std::mem::forget(thread);
            return;
        }
        self.shared.request_stop();
        if let Some(waker) = self.waker.take() {
            // Closing it would not do: a process forked off this one may have a copy of it.
            let _ = waker.shutdown(std::net::Shutdown::Both);
        }
        if let Some(thread) = thread {
            // An Err would be a panic of the thread, which has been reported where it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.join();
    }
}

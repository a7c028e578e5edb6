//! One connection: its socket, its session, and the simulated path between the two.
//!
//! Without a simulated path, bytes are parsed in the buffer they were read into and replies leave from the session's
//! own. With one, bytes wait in two queues; the end of the stream does too.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown};

use super::far::{Far, WINDOW};
use super::ledger::{Received, Shared, SinkStats};
use super::login::{Login, Said, Users};
use super::mail::{Answer, Mail, look_up};
use super::options::{Keep, RuleAction, RuleStage, SinkOptions};
use super::poller::Interest;
use super::rules::Rules;
use super::secure::Secured;
use crate::server::{Request, ServerOptions, ServerSession, ServerStats};
use crate::tls::Acceptor;

/// How long a connection that is over waits for the client's end. Closing earlier would make the kernel throw away
/// replies that the client hasn't read.
const LINGER: Duration = Duration::from_secs(2);

/// What a connection needs of the thread it runs in.
pub(super) struct Context<'t> {
    pub(super) now: Duration,
    pub(super) rules: &'t mut Rules,
    pub(super) acceptor: Option<&'t Acceptor>,
    pub(super) buffer: &'t mut [u8],
    pub(super) shared: &'t Shared,
    pub(super) messages: &'t mut Vec<Received>,
    pub(super) delta: SinkStats,
}

impl Context<'_> {
    /// Makes everything noted so far visible. Always before the replies that speak of it are written.
    pub(super) fn publish(&mut self) {
        self.shared.publish(self.messages, &self.delta);
        self.delta = SinkStats::default();
    }
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Fate {
    Keep,
    Close,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) fd: Arc<OwnedFd>,
    pub(super) session: ServerSession,
    counted: ServerStats,
    mail: Mail,
    users: Users,
    login: Option<Login>,
    /// Mechanisms are offered that are bound to the TLS channel.
    binds: bool,
    pub(super) far: Option<Box<Far>>,
    /// The connection is encrypted, or is about to be.
    pub(super) tls: Option<Box<Secured>>,
    implicit_tls: bool,
    /// Greeted with 421: there are too many.
    surplus: bool,
    /// The client has ended its side.
    ended: bool,
    /// A rule ended the connection.
    pub(super) dropped: bool,
    /// A rule ended all answers.
    stalled: bool,
    /// We have ended our side; until when to wait for the client's.
    lingering: Option<Duration>,
    /// What the poller was last told. Kept by the event loop.
    pub(super) interest: Interest,
    /// The earliest timer that is set. Kept by the event loop.
    pub(super) timer: Option<Duration>,
}

impl Connection {
    pub(super) fn new(
        fd: OwnedFd,
        id: u64,
        options: &SinkOptions,
        server: ServerOptions,
        users: Users,
        surplus: bool,
    ) -> Self {
        let far = (!options.rtt.is_zero() || options.bandwidth.is_some())
            .then(|| Box::new(Far::new(options.rtt / 2, options.bandwidth)));
        let binds = server.auth.iter().any(|name| name.ends_with("-PLUS"));
        let names = options.keep == Keep::All || !options.rules.is_empty();
        Self {
            fd: Arc::new(fd),
            session: ServerSession::new(server),
            counted: ServerStats::default(),
            mail: Mail::new(id, options.keep, options.lmtp, names, options.offers()),
            users,
            login: None,
            binds,
            far,
            tls: None,
            implicit_tls: options.tls.as_ref().is_some_and(|tls| tls.implicit),
            surplus,
            ended: false,
            dropped: false,
            stalled: false,
            lingering: None,
            interest: Interest::READ,
            timer: None,
        }
    }

    /// The connection was accepted: its greeting is due, or the client's handshake is on its way.
    pub(super) fn open(&mut self, context: &mut Context<'_>) -> Fate {
        if self.implicit_tls && !self.secure(context) {
            return Fate::Close;
        }
        match &mut self.far {
            None => self.near_turn(&[], context),
            Some(far) => {
                far.inward.send_moment(context.now);
                Fate::Keep
            }
        }
    }

    /// One read. The poller calls again if there's more.
    pub(super) fn readable(&mut self, context: &mut Context<'_>) -> Fate {
        if self.ended {
            return Fate::Keep;
        }
        // The buffer is lent out for the turn, so that input can be parsed where it lies.
        let buffer = std::mem::take(&mut context.buffer);
        let fate = match rustix::net::recv(&self.fd, &mut *buffer, RecvFlags::empty()) {
            Ok((_, 0)) => self.end_of_input(context),
            Ok((_, n)) => self.received(buffer.get(..n).unwrap_or_default(), context),
            Err(Errno::INTR | Errno::AGAIN) => Fate::Keep,
            Err(_) => Fate::Close,
        };
        context.buffer = buffer;
        fate
    }

    fn received(&mut self, data: &[u8], context: &mut Context<'_>) -> Fate {
        context.delta.bytes_in += data.len() as u64;
        context.delta.reads += 1;
        if self.lingering.is_some() {
            return Fate::Keep;
        }
        match &mut self.far {
            None if self.tls.is_some() => {
                let clear = self.unwrap(data, context);
                let fate = self.near_turn(&clear, context);
                self.give_back(clear);
                fate
            }
            None => self.near_turn(data, context),
            Some(far) => {
                far.inward.send(context.now, data);
                self.far_turn(context)
            }
        }
    }

    fn end_of_input(&mut self, context: &mut Context<'_>) -> Fate {
        self.ended = true;
        if self.lingering.is_some() || self.stalled {
            return Fate::Close;
        }
        match &mut self.far {
            None => {
                self.session.end_of_input();
                self.near_turn(&[], context)
            }
            Some(far) => {
                far.inward.send_end(context.now);
                self.far_turn(context)
            }
        }
    }

    /// The socket takes bytes again, or a timer has gone off.
    pub(super) fn go_on(&mut self, context: &mut Context<'_>) -> Fate {
        if let Some(until) = self.lingering {
            return if until <= context.now { Fate::Close } else { Fate::Keep };
        }
        if self.far.is_some() { self.far_turn(context) } else { self.near_turn(&[], context) }
    }

    /// Without a simulated path: parse, publish, write, until there's nothing left to do.
    fn near_turn(&mut self, mut rest: &[u8], context: &mut Context<'_>) -> Fate {
        loop {
            let asked = self.ask_all(&mut rest, context);
            context.publish();
            self.wrap();
            let written = write(&self.fd, self.outgoing(), context);
            let Ok(n) = written else { return Fate::Close };
            let blocked = n < self.outgoing().len();
            self.written(n);
            if blocked || !asked {
                break;
            }
        }
        if !rest.is_empty() && !self.dropped {
            self.session.feed(rest);
        }
        if self.session.awaits_handshake() && !self.secure(context) {
            return Fate::Close;
        }
        if self.is_over() { self.end(context) } else { self.stalled_for_good() }
    }

    /// Asks and answers. False: there was nothing to ask.
    pub(super) fn ask_all(&mut self, rest: &mut &[u8], context: &mut Context<'_>) -> bool {
        let mut any = false;
        while !self.dropped
            && !self.stalled
            && let Some(request) = self.session.next_request_in(rest)
        {
            any = true;
            if let Request::ContentEnd { replies } = request {
                self.mail.answers(replies as usize);
                for index in 0..replies as usize {
                    let answer = match self.mail.verdict(index, context.rules) {
                        // To accept would be to accept for all.
                        Answer::Accept if replies > 1 => Answer::Fine,
                        answer => answer,
                    };
                    give(&mut self.session, &answer, &mut self.dropped, &mut self.stalled);
                    if self.dropped || self.stalled {
                        break;
                    }
                }
                self.mail.finish(context.messages, &mut context.delta);
            } else if let Request::Auth { .. } | Request::AuthResponse(_) = request {
                let exporter =
                    self.tls.as_ref().map(|tls| tls.exporter()).filter(|_| self.binds).unwrap_or_default();
                let answer = match look_up(context.rules, RuleStage::Auth, "") {
                    Answer::Accept => Answer::Sasl(sasl(&mut self.login, &self.users, &request, &exporter)),
                    ruled => ruled,
                };
                if let Answer::Sasl(Said::Accept(user)) = &answer {
                    self.mail.user.clone_from(user);
                }
                give(&mut self.session, &answer, &mut self.dropped, &mut self.stalled);
            } else if self.surplus && request == Request::Greeting {
                let _ = self.session.reply(421, "Too many connections");
            } else {
                let answer = self.mail.ask(&request, context.rules);
                give(&mut self.session, &answer, &mut self.dropped, &mut self.stalled);
            }
        }
        let stats = self.session.stats();
        context.delta.commands += stats.commands - self.counted.commands;
        context.delta.refused += stats.refusals - self.counted.refusals;
        self.counted = stats;
        any
    }

    /// Everything has been said and written.
    pub(super) fn end(&mut self, context: &mut Context<'_>) -> Fate {
        if self.ended || rustix::net::shutdown(&self.fd, Shutdown::Write).is_err() {
            return Fate::Close;
        }
        self.lingering.get_or_insert(context.now.saturating_add(LINGER));
        Fate::Keep
    }

    /// Who waits for a stalled server and has ended its own side waits in vain.
    pub(super) fn stalled_for_good(&self) -> Fate {
        if self.stalled && self.ended && self.pending().is_empty() { Fate::Close } else { Fate::Keep }
    }

    fn pending(&self) -> &[u8] {
        self.far.as_ref().map_or_else(|| self.outgoing(), |far| &far.wire)
    }

    /// What the socket is to be watched for.
    pub(super) fn wanted(&self) -> Interest {
        if self.lingering.is_some() {
            return Interest { read: !self.ended, write: false };
        }
        let room = match &self.far {
            None => self.wants_input(),
            Some(far) => far.inward.octets() < WINDOW,
        };
        Interest { read: room && !self.ended, write: !self.pending().is_empty() }
    }

    /// When [`go_on`](Self::go_on) has to be called at the latest.
    pub(super) fn deadline(&self) -> Option<Duration> {
        if self.lingering.is_some() {
            return self.lingering;
        }
        let far = self.far.as_ref()?;
        // A parcel that nobody takes must not keep the thread busy.
        let inward = far.inward.next_due().filter(|_| self.wants_input());
        let outward = far.outward.next_due().filter(|_| far.wire.len() < WINDOW);
        inward.into_iter().chain(outward).min()
    }
}

/// The next step of the exchange that AUTH began.
fn sasl(login: &mut Option<Login>, users: &Users, request: &Request<'_>, exporter: &[u8]) -> Said {
    let (next, said) = match (request, login.take()) {
        (Request::Auth { mechanism, initial }, _) => Login::begin(users, mechanism, *initial, exporter),
        (Request::AuthResponse(response), Some(login)) => login.respond(users, response),
        _ => (None, Said::Refuse),
    };
    *login = next;
    said
}

fn give(session: &mut ServerSession, answer: &Answer<'_>, dropped: &mut bool, stalled: &mut bool) {
    let said = match answer {
        Answer::Nothing => return,
        Answer::Accept => session.accept(),
        Answer::Fine => session.reply(250, "Ok"),
        Answer::Sasl(Said::Challenge(challenge)) => session.challenge(challenge),
        Answer::Sasl(Said::Accept(_)) => session.accept(),
        Answer::Sasl(Said::Refuse) => session.reply(535, "Authentication credentials invalid"),
        Answer::Act(action) => match action {
            RuleAction::Reply(reply) => session.reply(reply.code(), &String::from_utf8_lossy(reply.text())),
            RuleAction::ReplyThenDrop(reply) => {
                *dropped = true;
                let said = session.reply(reply.code(), &String::from_utf8_lossy(reply.text()));
                session.flush();
                said
            }
            RuleAction::Drop => {
                *dropped = true;
                session.flush();
                Ok(())
            }
            RuleAction::Stall => {
                *stalled = true;
                session.flush();
                Ok(())
            }
        },
    };
    // Rules were checked at the start; should one not fit all the same, the connection ends.
    *dropped |= said.is_err();
}

/// Writes what the socket takes.
pub(super) fn write(fd: &OwnedFd, mut data: &[u8], context: &mut Context<'_>) -> io::Result<usize> {
    let mut written = 0;
    while !data.is_empty() {
        match rustix::net::send(fd, data, no_signal()) {
            Ok(n) => {
                context.delta.bytes_out += n as u64;
                context.delta.writes += 1;
                written += n;
                data = data.get(n..).unwrap_or_default();
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(written)
}

/// A client that went away is an error here, not the end of the host process.
fn no_signal() -> SendFlags {
    #[cfg(not(target_vendor = "apple"))]
    return SendFlags::NOSIGNAL;
    #[cfg(target_vendor = "apple")]
    return SendFlags::empty();
}

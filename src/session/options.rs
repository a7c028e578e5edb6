//! What the caller may decide about a session before it starts. Plain values; nothing here acts.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use super::peer::PeerRecord;
use crate::sasl::{Credentials, Gssapi};
use crate::wire::{ClientInfo, HostName, ReplyLimits};

/// How much is sent without waiting for replies (RFC 2920 and what grew on it).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// One command at a time: 3 + recipients round trips a message. Needs nothing of the server.
    Lockstep,
    /// MAIL, every RCPT and DATA in one command group: 2 round trips a message. Needs PIPELINING.
    Group,
    /// Content and the next command group together (RFC 2920 §3.1): 1 round trip a message.
    Continuous,
    /// Whole transactions with BDAT, back to back (RFC 3030): about 1 round trip for all messages.
    Streaming,
}

impl Level {
    /// Every level, lowest first.
    pub const ALL: [Self; 4] = [Self::Lockstep, Self::Group, Self::Continuous, Self::Streaming];

    /// The level's name: `lockstep`, `group`, `continuous`, `streaming`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lockstep => "lockstep",
            Self::Group => "group",
            Self::Continuous => "continuous",
            Self::Streaming => "streaming",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        Self::ALL.into_iter().find(|level| level.as_str() == name).ok_or(UnknownLevel)
    }
}

/// The name given is not that of a [`Level`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown level; the levels are lockstep, group, continuous and streaming")]
pub struct UnknownLevel;

/// When BDAT (RFC 3030) is used in place of DATA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chunking {
    /// Where it gains something: at [`Level::Streaming`] and for binary content.
    #[default]
    Auto,
    /// Never; this also rules out [`Level::Streaming`].
    Never,
    /// Wherever CHUNKING is offered.
    Always,
}

/// Who gets a message when some of its recipients are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecipientPolicy {
    /// Whoever was accepted.
    #[default]
    Any,
    /// Everybody or nobody: content is held back until every RCPT was accepted.
    All,
}

/// Who logs in (RFC 4954).
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Nobody.
    #[default]
    None,
    /// Whoever these say, by the strongest mechanism that both sides have. If that fails, the session ends.
    Credentials(Credentials),
    /// The caller brings the mechanisms: see [`Event::AuthWanted`](super::Event::AuthWanted).
    Caller,
    /// By Kerberos, and nothing else: see [`Gssapi`]. A [`Client`](crate::client::Client) does that by itself. The driver of a
    /// session of his own is asked as with [`Caller`](Self::Caller), and begins with `GSSAPI` or gives up.
    Gssapi(Gssapi),
}

/// Whether STARTTLS (RFC 3207) is used. On a connection that is encrypted from the beginning it never is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StartTls {
    /// Never: everything is sent in clear.
    #[default]
    Never,
    /// Where the server offers it. Whoever can change what is on the wire can take the offer out.
    IfOffered,
    /// Without it nothing is sent.
    Required,
}

/// What becomes of internationalized addresses where SMTPUTF8 (RFC 6531) isn't offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Utf8Policy {
    /// The message is refused, with [`Reason::NeedsSmtputf8`](super::Reason::NeedsSmtputf8).
    #[default]
    Refuse,
    /// Domains are sent in their ASCII form (IDNA, RFC 5891): the same domain for the DNS. A local part has no such form;
    /// with one that isn't ASCII, or UTF-8 in the headers ([`Param::smtputf8`](crate::wire::Param::smtputf8)), the message
    /// is refused.
    DowngradeDomain,
}

/// How long to wait for what (RFC 5321 §4.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Establishing the connection; used by drivers, not by the engine.
    pub connect: Duration,
    /// The greeting.
    pub greeting: Duration,
    /// The reply to EHLO, HELO or LHLO.
    pub ehlo: Duration,
    /// Each step to TLS: the reply to STARTTLS, and the handshake.
    pub tls: Duration,
    /// The reply to MAIL.
    pub mail: Duration,
    /// The reply to RCPT.
    pub rcpt: Duration,
    /// The reply to DATA.
    pub data: Duration,
    /// Progress of any kind while something waits to be written.
    pub block: Duration,
    /// The reply to the end of content.
    pub content: Duration,
    /// The reply to any other command.
    pub other: Duration,
    /// The next piece of a streamed content, from the caller.
    pub source: Duration,
}

impl Timeouts {
    /// The same limit for everything.
    pub const fn all(limit: Duration) -> Self {
        Self {
            connect: limit,
            greeting: limit,
            ehlo: limit,
            tls: limit,
            mail: limit,
            rcpt: limit,
            data: limit,
            block: limit,
            content: limit,
            other: limit,
            source: limit,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Self {
            connect: minutes(1),
            greeting: minutes(5),
            ehlo: minutes(5),
            tls: minutes(2),
            mail: minutes(5),
            rcpt: minutes(5),
            data: minutes(2),
            block: minutes(3),
            content: minutes(10),
            other: minutes(5),
            // A server need not wait for more than five (RFC 5321 §4.5.3.2.7).
            source: minutes(4),
        }
    }
}

/// Everything a [`Session`](super::Session) can be told before it starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name given with EHLO.
    pub local_name: HostName,
    /// Speak LMTP (RFC 2033): LHLO, and a reply per accepted recipient after the content.
    pub lmtp: bool,
    /// `None`: find out (each level above [`Level::Group`] is earned by a trial). `Some`: the caller knows;
    /// no trial is made, and the highest level up to it that EHLO allows is used.
    pub level: Option<Level>,
    /// Never go above this level.
    pub max_level: Option<Level>,
    /// At most so many messages begun and not finished; 0 is no limit.
    pub max_in_flight: usize,
    /// At most so many bytes sent and not answered; 0 is no limit. One message may always go.
    pub max_unanswered: usize,
    /// Who gets a message when some recipients are refused.
    pub recipients: RecipientPolicy,
    /// When BDAT is used.
    pub chunking: Chunking,
    /// How many octets one BDAT chunk of a streamed content has; 0 is taken for 1. A chunk is announced when all of it is there,
    /// so as much is held in memory of each streamed content that is on its way.
    pub chunk_size: u32,
    /// Send 8-bit content although the server did not offer 8BITMIME (RFC 6152).
    pub eight_bit_anyway: bool,
    /// Who logs in. With somebody to log in, nothing is sent before the greeting (see `early`).
    pub auth: Auth,
    /// Whether STARTTLS is used.
    pub starttls: StartTls,
    /// With [`StartTls::IfOffered`]: when TLS fails, send in clear on another connection. Otherwise the session ends.
    pub clear_after_failed_tls: bool,
    /// What becomes of internationalized addresses where SMTPUTF8 isn't offered.
    pub utf8: Utf8Policy,
    /// Whom the session speaks for: said by XCLIENT (Postfix) before the first message, as far as the server offers to hear it.
    /// A server that doesn't offer XCLIENT, or refuses it, ends the session: it would take the messages for ours.
    pub xclient: Option<ClientInfo>,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// Bounds of one reply.
    pub reply_limits: ReplyLimits,
    /// Send EHLO and what follows before the greeting, to a server that offered PIPECONNECT last time.
    pub early: bool,
    /// What was learnt of this server before.
    pub peer: Option<PeerRecord>,
}

impl Options {
    /// The defaults, under this name.
    pub fn new(local_name: HostName) -> Self {
        Self {
            local_name,
            lmtp: false,
            level: None,
            max_level: None,
            max_in_flight: 100,
            max_unanswered: 0,
            recipients: RecipientPolicy::Any,
            chunking: Chunking::Auto,
            chunk_size: 64 * 1024,
            eight_bit_anyway: false,
            auth: Auth::None,
            starttls: StartTls::Never,
            clear_after_failed_tls: false,
            utf8: Utf8Policy::Refuse,
            xclient: None,
            timeouts: Timeouts::default(),
            reply_limits: ReplyLimits::default(),
            early: true,
            peer: None,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new(HostName::default())
    }
}

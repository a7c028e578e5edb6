//! What a sink is told: what to offer, how far away to seem, what to keep, and whom to refuse.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::sasl::Mechanism;
use crate::server::{Quirks, ServerLimits, ServerOptions};
use crate::tls::Identity;
use crate::wire::{Extension, ExtensionSet, Limits, Reply};

/// Settings of a [`Sink`](super::Sink). The default is a modern server that offers everything and takes any mail,
/// on a free port of the loopback interface.
#[derive(Clone)]
pub struct SinkOptions {
    /// Host name or address to listen on.
    pub host: String,
    /// TCP port; 0 for a free one, see [`Sink::port`](super::Sink::port).
    pub port: u16,
    /// Listen on this unix socket instead. A stale socket file is replaced, a live one isn't.
    pub unix_path: Option<PathBuf>,
    /// Speak LMTP.
    pub lmtp: bool,
    /// Simulated round-trip time: each byte is held half of it in either direction, the greeting included, and so is
    /// the end of the stream. Zero for none.
    pub rtt: Duration,
    /// Simulated bandwidth of each connection, in octets per second in either direction.
    pub bandwidth: Option<u64>,
    /// What becomes of accepted messages.
    pub keep: Keep,
    /// Name in the greeting.
    pub host_name: String,
    /// Offer PIPELINING.
    pub pipelining: bool,
    /// Offer CHUNKING.
    pub chunking: bool,
    /// Offer BINARYMIME, if CHUNKING is offered.
    pub binary_mime: bool,
    /// Offer 8BITMIME.
    pub eight_bit_mime: bool,
    /// Offer SMTPUTF8.
    pub smtputf8: bool,
    /// Offer DSN.
    pub dsn: bool,
    /// Offer ENHANCEDSTATUSCODES and use them.
    pub enhanced: bool,
    /// Offer SIZE: `Some(0)` without a fixed limit, `None` not at all. A limit is enforced.
    pub size: Option<u64>,
    /// Offer LIMITS (RFC 9422) and enforce them: 452 to further recipients and domains, 421 to further messages.
    pub limits: Limits,
    /// Speak TLS, with this certificate.
    pub tls: Option<SinkTls>,
    /// Who may log in, each with a password (or an OAuth token). If there are any, AUTH is offered.
    pub users: Vec<(String, String)>,
    /// The SASL mechanisms offered, if there are users; empty for all that the sink knows but EXTERNAL, which lets in whoever
    /// asks.
    pub auth_mechanisms: Vec<Mechanism>,
    /// Offer AUTH only over TLS.
    pub auth_needs_tls: bool,
    /// Take no mail from a client that hasn't logged in.
    pub require_auth: bool,
    /// Further lines of the EHLO reply. What [`ServerOptions::extensions`] knows is taken, and kept with the message.
    pub extensions: Vec<String>,
    /// Negative replies without an accepted message between them that end a connection (421); 0 for any number.
    pub error_limit: u32,
    /// Imitated faults.
    pub quirks: Quirks,
    /// Scripted refusals and worse. The first rule that applies decides.
    pub rules: Vec<Rule>,
    /// Connections over this are greeted 421.
    pub max_connections: usize,
    /// Size of the sockets' buffers in octets, as small as the kernel allows; and no further command is taken up
    /// while this much output waits. `None` for the system's.
    pub socket_buffers: Option<usize>,
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 0,
            unix_path: None,
            lmtp: false,
            rtt: Duration::ZERO,
            bandwidth: None,
            keep: Keep::All,
            host_name: "sink.example".to_owned(),
            pipelining: true,
            chunking: true,
            binary_mime: true,
            eight_bit_mime: true,
            smtputf8: true,
            dsn: true,
            enhanced: true,
            size: Some(0),
            limits: Limits::default(),
            tls: None,
            users: Vec::new(),
            auth_mechanisms: Vec::new(),
            auth_needs_tls: false,
            require_auth: false,
            extensions: Vec::new(),
            error_limit: 0,
            quirks: Quirks::default(),
            rules: Vec::new(),
            max_connections: 10_000,
            socket_buffers: None,
        }
    }
}

/// Without the passwords.
impl fmt::Debug for SinkOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users: Vec<&str> = self.users.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("SinkOptions")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("unix_path", &self.unix_path)
            .field("lmtp", &self.lmtp)
            .field("users", &users)
            .finish_non_exhaustive()
    }
}

impl SinkOptions {
    /// The extensions that further lines of the EHLO reply offer.
    pub(super) fn offers(&self) -> ExtensionSet {
        let keyword = |line: &String| line.split([' ', '=']).next().and_then(Extension::from_keyword);
        self.extensions.iter().filter_map(keyword).collect()
    }

    /// The names of the mechanisms offered.
    fn mechanisms(&self) -> Vec<String> {
        let known = Mechanism::ALL.into_iter().filter(|&mechanism| mechanism != Mechanism::External);
        let chosen: Vec<Mechanism> = match &*self.auth_mechanisms {
            _ if self.users.is_empty() && self.auth_mechanisms.is_empty() => Vec::new(),
            [] => known.collect(),
            chosen => chosen.to_vec(),
        };
        chosen.into_iter().map(|mechanism| mechanism.as_str().to_owned()).collect()
    }

    /// The settings of each connection's session.
    pub(super) fn server(&self) -> ServerOptions {
        let mut extensions = self.extensions.clone();
        let limits = [
            ("RCPTMAX", self.limits.rcpt_max),
            ("MAILMAX", self.limits.mail_max),
            ("RCPTDOMAINMAX", self.limits.rcpt_domain_max),
        ];
        let offered: String =
            limits.iter().filter_map(|(name, max)| max.map(|max| format!(" {name}={max}"))).collect();
        if !offered.is_empty() {
            extensions.push(format!("LIMITS{offered}"));
        }
        let defaults = ServerLimits::default();
        ServerOptions {
            host_name: self.host_name.clone(),
            lmtp: self.lmtp,
            pipelining: self.pipelining,
            chunking: self.chunking,
            binary_mime: self.binary_mime,
            eight_bit_mime: self.eight_bit_mime,
            smtputf8: self.smtputf8,
            dsn: self.dsn,
            enhanced_status_codes: self.enhanced,
            size: self.size,
            starttls: self.tls.as_ref().is_some_and(|tls| !tls.implicit),
            auth: self.mechanisms(),
            auth_needs_tls: self.auth_needs_tls,
            auth_required: self.require_auth,
            extensions,
            limits: ServerLimits {
                recipients: self.limits.rcpt_max.unwrap_or(0),
                domains: self.limits.rcpt_domain_max.unwrap_or(0),
                messages: self.limits.mail_max.map_or(0, u64::from),
                errors: self.error_limit,
                output: self.socket_buffers.unwrap_or(defaults.output).max(1),
                ..defaults
            },
            quirks: self.quirks,
            ..ServerOptions::default()
        }
    }
}

/// How a sink speaks TLS.
#[derive(Clone, Debug)]
pub struct SinkTls {
    /// Its certificate and key.
    pub identity: Identity,
    /// From the first octet; otherwise STARTTLS is offered.
    pub implicit: bool,
}

/// What becomes of accepted messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// They are kept whole until taken: see [`Sink::messages`](super::Sink::messages).
    #[default]
    All,
    /// They are counted, as are their recipients and octets.
    Count,
    /// Nothing about them is kept or counted.
    Discard,
}

/// One scripted refusal, or worse.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Where in the conversation.
    pub at: RuleStage,
    /// Which address, with `*` for any run of characters and without regard to case; empty for all. The sender at
    /// `Mail`, `Data` and `Content`; the recipient at `Rcpt`, and at `Content` under LMTP; the client's name at
    /// `Hello`. Elsewhere it must be empty to match.
    pub pattern: String,
    /// What happens.
    pub action: RuleAction,
    /// Let this many matches pass first.
    pub after: u64,
    /// Apply this many times and no more.
    pub count: Option<u64>,
}

impl Rule {
    /// A rule that always applies.
    pub fn new(at: RuleStage, pattern: &str, action: RuleAction) -> Self {
        Self { at, pattern: pattern.to_owned(), action, after: 0, count: None }
    }
}

/// Where a [`Rule`] applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleStage {
    /// A new connection, instead of the greeting.
    Connect,
    /// EHLO, HELO or LHLO.
    Hello,
    /// AUTH, and each response to a challenge of it.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, and each BDAT before its chunk.
    Data,
    /// The end of the content.
    Content,
    /// STARTTLS.
    StartTls,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
}

/// What a [`Rule`] does.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RuleAction {
    /// This reply, positive ones included. Codes that RFC 5321 doesn't allow there are refused by
    /// [`Sink::start`](super::Sink::start).
    Reply(Reply),
    /// This reply, and then the connection ends.
    ReplyThenDrop(Reply),
    /// The connection ends without a reply. Earlier replies still go out.
    Drop,
    /// Neither this nor anything behind it is ever answered; the connection stays.
    Stall,
}

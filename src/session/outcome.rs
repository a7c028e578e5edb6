//! What became of a ticket. An outcome says what is known and never more: see [`Status`].

use core::fmt;
use std::sync::Arc;

use super::error::SessionError;
use crate::wire::{Address, Extension, ExtensionSet, Reply};

/// What [`Session::submit`](super::Session::submit) returns: the name of one outstanding outcome. Never reused within a
/// session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(super) u64);

impl Ticket {
    /// The ticket as a number, starting from 1.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The ticket with that number, for a caller that keeps numbers. Nothing is known of it until a session is asked.
    pub const fn from_number(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is known of a message, or of one recipient of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Accepted for every recipient. Don't send it again.
    Delivered,
    /// Accepted for some; the others' replies say why not. Only of a message, never of a recipient.
    Partial,
    /// A valid negative reply, or refused here before a byte of it left. 4yz: later; 5yz: no.
    Refused,
    /// The connection ended before the commitment point, or a 421 came first. Safe to send again.
    NotSent,
    /// The last byte of the content was handed out and no reply came. Perhaps delivered: the caller decides.
    InDoubt,
}

impl Status {
    /// `delivered`, `partial`, `refused`, `not_sent` or `in_doubt`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Partial => "partial",
            Self::Refused => "refused",
            Self::NotSent => "not_sent",
            Self::InDoubt => "in_doubt",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an outcome is what it is, where no reply of the server explains it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The server accepted content after it had refused the sender: under which sender is unknown.
    #[error("the content was accepted although the sender had been refused")]
    AcceptedAfterRefusal,
    /// The server accepted the last chunk although it had refused one before (RFC 3030).
    #[error("the content was accepted although a part of it had been refused")]
    AcceptedInPart,
    /// The caller cancelled it.
    #[error("cancelled before it began")]
    Cancelled,
    /// To be returned if not delivered in less time than the server promises anything for (RFC 2852 section 2).
    #[error("to be delivered in {seconds} s or returned, and the server needs at least {minimum} s")]
    DeliverByTooSoon {
        /// The time that the message has, in seconds.
        seconds: i32,
        /// The least that the server takes, in seconds.
        minimum: u32,
    },
    /// The session ended first.
    #[error("{0}")]
    Ended(Arc<SessionError>),
    /// To be held for longer than the server holds messages (RFC 4865 section 4).
    #[error("to be held for longer than the server offers ({limit})")]
    HeldTooLong {
        /// The server's limit: seconds, or a moment.
        limit: Box<str>,
    },
    /// The content is not text, and the server offers no BINARYMIME with CHUNKING (RFC 3030).
    #[error("binary content, and the server offers no BINARYMIME with CHUNKING")]
    NeedsBinaryMime,
    /// The content has 8-bit data and the server offers no 8BITMIME (RFC 6152).
    #[error("8-bit content, and the server offers no 8BITMIME")]
    NeedsEightBitMime,
    /// The envelope or the header is internationalized and the server offers no SMTPUTF8 (RFC 6531).
    #[error("internationalized {part}, and the server offers no SMTPUTF8")]
    NeedsSmtputf8 {
        /// What of it, and which.
        part: Box<str>,
    },
    /// REQUIRETLS was asked for, and the connection is not encrypted, or nobody checked the server's certificate (RFC 8689
    /// section 4.2.1).
    #[error("REQUIRETLS, and the connection is not encrypted to a server that was verified")]
    NeedsTls,
    /// An extension without which the message is not to be sent isn't offered.
    #[error("it needs {0}, and the server does not offer it")]
    NotOffered(Extension),
    /// The caller quit before it began.
    #[error("the session was closed before it began")]
    Quit,
    /// Another recipient was refused, and the policy is that all are to get it or nobody.
    #[error("another recipient was refused, and the message is for all or nobody")]
    RecipientPolicy,
    /// The server refused RSET while it may have held an older transaction open.
    #[error("the server refused RSET, so an older transaction may be mixed in")]
    ResetRefused,
    /// A class of solicitation that the server says it refuses (RFC 3865 section 2.1).
    #[error("solicitation of class {0}, which the server does not take")]
    Solicitation(Box<str>),
    /// Recipients in more domains than the server takes on one connection (RFC 9422), and the message is for all or nobody.
    #[error("the server takes at most {limit} domains at once, and the message is for all or nobody")]
    TooManyDomains {
        /// The server's limit.
        limit: usize,
    },
    /// The source of its content failed: what had left of it was taken back.
    #[error("the source of the content failed: {0}")]
    SourceFailed(Arc<str>),
    /// It would have had to go again, and the source of its content can't be rewound.
    #[error("the content was drawn already, and its source can't begin again")]
    SourceSpent,
    /// More recipients than the server takes in one transaction (RFC 9422), and the message is for all or nobody.
    #[error("the server takes at most {limit} recipients at once, and the message is for all or nobody")]
    TooManyRecipients {
        /// The server's limit.
        limit: usize,
    },
    /// Larger than the server accepts (RFC 1870).
    #[error("{size} octets, and the server accepts at most {limit}")]
    TooLarge {
        /// The message's size in octets.
        size: u64,
        /// The server's limit in octets.
        limit: u64,
    },
}

/// What became of one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientOutcome {
    /// The forward-path as it was submitted.
    pub address: Address,
    /// What is known; never [`Status::Partial`].
    pub status: Status,
    /// The reply that decided it: that to its RCPT, to the content (when that was refused), or, under LMTP, its own after
    /// the content. Where those of a message come to more than 256 KiB, the first 512 octets of each of the others.
    pub reply: Option<Reply>,
}

/// What became of one ticket. There is exactly one for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Which ticket.
    pub ticket: Ticket,
    /// What is known of it as a whole.
    pub status: Status,
    /// The final reply, or the one that decided. Of a raw command: its reply.
    pub reply: Option<Reply>,
    /// One for each recipient, in the order submitted. Empty for a raw command.
    pub recipients: Vec<RecipientOutcome>,
    /// Why, where no reply explains it.
    pub reason: Option<Reason>,
    /// Extensions that the message asked for and the server did not offer, so that it was sent without them. DSN here means
    /// that no report was asked for; SMTPUTF8, that domains were sent in their ASCII form.
    pub left_out: ExtensionSet,
    /// The ticket was that of a raw command, not of a message; then `Delivered` means a positive reply.
    pub command: bool,
}

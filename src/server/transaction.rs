//! The mail transaction, and the rules of sequence: which command is allowed when (RFC 5321 §4.1.4, RFC 3030 §2).
//!
//! Pure rules: each function looks at the state and says yes or what the refusal is. Nothing is sent here.

use super::options::{RefusedChunk, ServerOptions};
use super::params::MailInfo;
use super::refusal::{self, Canned};
use crate::wire::Body;

/// What is known of the message under way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Transaction {
    /// MAIL was accepted, and no RSET or end of content has come since.
    pub(super) open: bool,
    pub(super) info: MailInfo,
    pub(super) accepted: u32,
    pub(super) refused: u32,
    /// A chunk has begun: RCPT and DATA are too late.
    chunked: bool,
    /// A chunk was refused.
    failed: bool,
    /// Octets of content so far.
    pub(super) size: u64,
}

impl Transaction {
    pub(super) fn may_mail(&self, info: MailInfo, options: &ServerOptions) -> Result<(), Canned> {
        if self.open {
            return Err(refusal::NESTED_MAIL);
        }
        match limit(options) {
            Some(limit) if info.size.is_some_and(|size| size > limit) => Err(refusal::TOO_LARGE),
            _ => Ok(()),
        }
    }

    pub(super) fn may_rcpt(&self, options: &ServerOptions) -> Result<(), Canned> {
        if !self.open {
            return Err(refusal::NEED_MAIL);
        }
        if self.failed && options.quirks.refused_chunk != RefusedChunk::RefusesChunks {
            return Err(refusal::CHUNK_FAILED);
        }
        if self.chunked && !self.failed {
            return Err(refusal::AFTER_BDAT);
        }
        if options.limits.recipients > 0 && self.accepted >= options.limits.recipients {
            return Err(refusal::TOO_MANY_RECIPIENTS);
        }
        Ok(())
    }

    /// Whether content by DATA may come. `Ok(false)`: it may, but belongs to nobody (RFC 2920 §3.1).
    pub(super) fn may_data(&self, options: &ServerOptions) -> Result<bool, Canned> {
        if !self.open {
            return Err(refusal::NEED_MAIL);
        }
        if self.failed {
            return Err(refusal::CHUNK_FAILED);
        }
        if self.chunked {
            return Err(refusal::AFTER_BDAT);
        }
        if self.info.body == Some(Body::BinaryMime) {
            return Err(refusal::BINARY_NEEDS_BDAT);
        }
        match self.no_recipient() {
            Some(_) if options.quirks.data_without_recipients => Ok(false),
            Some(refused) => Err(refused),
            None => Ok(true),
        }
    }

    pub(super) fn may_bdat(&self, size: u64, options: &ServerOptions) -> Result<(), Canned> {
        if !self.open {
            return Err(refusal::NEED_MAIL);
        }
        if self.failed {
            return Err(refusal::CHUNK_FAILED);
        }
        if let Some(refused) = self.no_recipient() {
            return Err(refused);
        }
        match limit(options) {
            Some(limit) if self.size.saturating_add(size) > limit => Err(refusal::TOO_LARGE),
            _ => Ok(()),
        }
    }

    /// A chunk is let in.
    pub(super) fn begin_chunk(&mut self) {
        self.chunked = true;
    }

    /// A chunk was refused, before or after its content came.
    pub(super) fn fail_chunk(&mut self, last: bool, options: &ServerOptions) {
        if !self.open {
            return;
        }
        match options.quirks.refused_chunk {
            RefusedChunk::Resets if last => *self = Self::default(),
            RefusedChunk::KeepsSender => {
                self.chunked = false;
                self.size = 0;
            }
            _ => self.failed = true,
        }
    }

    /// Counts content octets; false once there are more than allowed.
    pub(super) fn count(&mut self, octets: usize, options: &ServerOptions) -> bool {
        self.size = self.size.saturating_add(octets as u64);
        limit(options).is_none_or(|limit| self.size <= limit)
    }

    /// How many replies the end of content gets (RFC 2033 §4.2). Under LMTP the client counts on one for each
    /// recipient that was accepted, whatever they say.
    pub(super) fn replies(&self, options: &ServerOptions) -> u32 {
        if options.lmtp { self.accepted.max(1) } else { 1 }
    }

    /// Whether a reply for each recipient comes before that to the whole: PRDR was asked for and, as with Exim, there are several.
    pub(super) fn has_own_replies(&self, options: &ServerOptions) -> bool {
        self.info.prdr && !options.lmtp && self.accepted > 1
    }

    fn no_recipient(&self) -> Option<Canned> {
        match (self.accepted, self.refused) {
            (0, 0) => Some(refusal::NEED_RCPT),
            (0, _) => Some(refusal::NO_VALID_RECIPIENTS),
            _ => None,
        }
    }
}

fn limit(options: &ServerOptions) -> Option<u64> {
    options.size.filter(|&size| size > 0)
}

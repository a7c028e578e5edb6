//! PRDR (draft-hall-prdr, as Exim does it): if MAIL asked for it, the server may answer the content with 353, one reply for
//! each recipient that was accepted, in their order, and one for the whole. Or with one reply, as ever: Exim does so for a
//! single recipient, so nothing but the 353 tells. That is no matching by code (RFC 2920 §3.1): the reply is to the content
//! either way, and says how many more there are.
//!
//! A recipient's acceptance holds only if the whole is accepted too; a refusal holds in any case.

use super::job::Verdict;
use super::transaction::Transaction;
use crate::wire::{Class, ReplyRef};

/// Whether the content has a reply for each recipient before the one to the whole (draft-hall-prdr). The server decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prdr {
    No,
    /// MAIL asked for it: 353 may come.
    Asked,
    /// 353 came.
    Running,
}

impl Transaction {
    /// Whether 353 may be the next reply.
    pub(super) fn may_announce(&self) -> bool {
        self.prdr == Prdr::Asked && self.accepted > 0
    }

    /// 353, or a reply for one recipient, where PRDR is used. False: this is the reply to the whole.
    pub(super) fn on_prdr(&mut self, reply: ReplyRef<'_>) -> bool {
        match self.prdr {
            Prdr::Asked if reply.class() == Class::Intermediate => self.prdr = Prdr::Running,
            Prdr::Running if self.finals < self.accepted && self.is_condemned() => {
                // No acceptance in it is believed, but a refusal is, unless it may be that of an older message's recipient.
                if reply.class() != Class::Positive && !self.is_void() {
                    self.decline(self.finals);
                }
                self.finals += 1;
            }
            Prdr::Running if self.finals < self.accepted => {
                self.finals += 1;
                let status = self.negative();
                let place = self.next_accepted();
                let own = self.job.excerpt(reply).to_owned();
                // An acceptance holds only if the whole is accepted too.
                self.set(
                    place,
                    match reply.class() {
                        Class::Positive => Verdict::Accepted(own),
                        _ => Verdict::Settled(status, Some(own)),
                    },
                );
            }
            Prdr::No | Prdr::Asked | Prdr::Running => return false,
        }
        true
    }
}

//! One attempt at (part of) a message on the wire: here replies become verdicts on recipients. Nothing here sends.
//!
//! Why a message can't be reported delivered that wasn't: `Delivered` is written in one place, [`Transaction::on_final`],
//! from a positive reply to the content, for recipients whose RCPT was accepted, of a sender that was not refused.

use core::ops::Range;

use super::job::{Job, Keeper, Verdict};
use super::outcome::{Outcome, Reason, Status};
use super::prdr::Prdr;
use crate::wire::{Class, ExtensionSet, Reply, ReplyRef};

/// How the content travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    Data,
    Bdat,
}

/// How a transaction came to its end, for what is to happen next.
#[derive(Debug)]
pub(super) enum Closed {
    /// The ticket has its outcome.
    Done(Outcome),
    /// Recipients are left for a further transaction.
    Again(Box<Job>),
}

/// One MAIL, its RCPTs and its content.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) job: Box<Job>,
    pub(super) via: Via,
    /// How many recipients it names.
    pub(super) count: usize,
    /// How many RCPTs are queued.
    pub(super) named: usize,
    /// How many RCPTs are answered.
    pub(super) answered: usize,
    /// How many were accepted by the server, whatever became of MAIL: the number of LMTP's replies after the content.
    pub(super) accepted: usize,
    refused: usize,
    /// Replies to the content so far.
    pub(super) finals: usize,
    /// Behind the last who had a reply of his own to it.
    place: usize,
    /// One of them was positive: the server is done with this transaction.
    pub(super) taken: bool,
    /// The content itself was refused, for everybody; not so under LMTP, where each reply is about one recipient.
    content_refused: bool,
    /// The sender was refused, or older state may be mixed in: nothing may be delivered by this.
    condemned: Option<Option<Reason>>,
    /// Recipients whose own RCPT was refused in a condemned transaction: what is accepted all the same isn't for them.
    turned_away: Vec<u32>,
    /// The position behind the last byte of the content: the commitment point.
    pub(super) commit: Option<u64>,
    /// It rides behind an end of content for the first time, and every reply so far was 503.
    pub(super) trial: bool,
    /// The end of content in front of it is a dot. What rides behind a chunk proves nothing of dots.
    pub(super) behind_dot: bool,
    pub(super) all_503: bool,
    /// Replies come behind a 421: a refusal only says that the server is going.
    pub(super) after_421: bool,
    pub(super) prdr: Prdr,
    /// Recipients let in by their RCPT whom PRDR's replies refused, in a condemned transaction: not taken, whatever was.
    declined: Vec<u32>,
}

impl Transaction {
    pub(super) fn new(job: Box<Job>, via: Via, count: usize) -> Self {
        Self {
            job,
            via,
            count,
            named: 0,
            answered: 0,
            accepted: 0,
            refused: 0,
            finals: 0,
            place: 0,
            taken: false,
            content_refused: false,
            condemned: None,
            turned_away: Vec::new(),
            commit: None,
            trial: false,
            behind_dot: false,
            all_503: true,
            after_421: false,
            prdr: Prdr::No,
            declined: Vec::new(),
        }
    }

    pub(super) const fn is_condemned(&self) -> bool {
        self.condemned.is_some()
    }

    /// Whether the content may be sent: somebody is to get it.
    pub(super) const fn may_deliver(&self) -> bool {
        !self.is_condemned() && self.accepted > 0
    }

    pub(super) const fn any_refused(&self) -> bool {
        self.refused > 0
    }

    /// RSET in front of it was refused while an older transaction may be open.
    pub(super) fn condemn(&mut self, reason: Reason) {
        self.condemned.get_or_insert(Some(reason));
    }

    /// It stands behind a refused RSET, and none of its content was accepted: what was said in it is no verdict.
    pub(super) const fn is_void(&self) -> bool {
        matches!(self.condemned, Some(Some(Reason::ResetRefused)))
    }

    /// The sender was refused and so was everybody else: it opened nothing that could be open still (RFC 5321 §3.3). What
    /// XFORWARD said in front of it stays said.
    pub(super) fn left_nothing(&self) -> bool {
        matches!(self.condemned, Some(None)) && self.accepted == 0 && self.job.forwarded == 0
    }

    pub(super) fn on_mail(&mut self, reply: ReplyRef<'_>) {
        if reply.class() == Class::Positive {
            return;
        }
        let reply = reply.to_owned();
        let status = self.negative();
        for nth in 0..self.count {
            self.set(nth, Verdict::Settled(status, Some(reply.clone())));
        }
        self.job.reply = Some(reply);
        // The sender's refusal explains everything that follows, unless that was somebody else's.
        self.condemned.get_or_insert(None);
    }

    pub(super) fn on_rcpt(&mut self, index: u32, reply: ReplyRef<'_>, keeper: &mut Keeper) {
        self.answered += 1;
        let reply = self.job.excerpt(reply);
        let positive = reply.class() == Class::Positive;
        let others = self.accepted > 0;
        self.accepted += usize::from(positive);
        self.refused += usize::from(!positive);
        if self.is_condemned() {
            if !positive {
                self.turn_away(index, reply);
            }
            return;
        }
        let verdict = if positive {
            Verdict::Accepted(keeper.keep(reply))
        } else if others && matches!(reply.code(), 452 | 552) {
            Verdict::Later(reply.to_owned())
        } else {
            Verdict::Settled(self.negative(), Some(reply.to_owned()))
        };
        if let Some(slot) = self.job.verdicts.get_mut(index as usize) {
            *slot = verdict;
        }
    }

    fn turn_away(&mut self, index: u32, reply: ReplyRef<'_>) {
        self.turned_away.push(index);
        let status = self.negative();
        if let Some(slot) = self.job.verdicts.get_mut(index as usize)
            && matches!(slot, Verdict::Open)
        {
            *slot = Verdict::Settled(status, Some(reply.to_owned()));
        }
    }

    /// DATA was refused: nobody gets it.
    pub(super) fn on_data_refused(&mut self, reply: ReplyRef<'_>) {
        let reply = reply.to_owned();
        // With nobody accepted it is no verdict on the content: others may yet be accepted (RCPTMAX).
        self.content_refused = self.accepted > 0;
        self.all_refused(&reply);
        if !self.is_condemned() && self.accepted > 0 {
            self.job.reply = Some(reply);
        }
    }

    /// A chunk that is not the last was refused, and so is the content (RFC 3030 §2).
    pub(super) fn on_part_refused(&mut self, reply: &Reply) {
        if self.is_condemned() {
            return;
        }
        self.content_refused = true;
        self.all_refused(reply);
        self.job.reply = Some(reply.clone());
        self.condemned = Some(Some(Reason::AcceptedInPart));
    }

    /// A reply to the content. True when it was the last.
    pub(super) fn on_final(&mut self, reply: ReplyRef<'_>, lmtp: bool, keeper: &mut Keeper) -> bool {
        if self.prdr != Prdr::No && self.on_prdr(reply) {
            return false;
        }
        let nth = self.finals;
        self.finals += 1;
        let positive = reply.class() == Class::Positive;
        self.taken |= positive;
        if positive && self.is_condemned() {
            // It can't be known whom the server took for the sender; nor, where it took recipients of an older message as well, whose
            // turn it was.
            let one = lmtp && !self.is_void();
            let reason = self.condemned.take().flatten().unwrap_or(Reason::AcceptedAfterRefusal);
            self.condemned = Some(None);
            self.job.reason.get_or_insert(reason);
            if self.accepted > 0 {
                self.doubt(if one { nth..nth + 1 } else { 0..self.accepted });
            }
            self.job.reply = Some(reply.to_owned());
        } else if self.is_condemned() && lmtp && !self.is_void() {
            // RFC 2033 §4.2: this refusal is one recipient's own, whatever the others were told.
            let status = self.negative();
            let own = self.job.excerpt(reply).to_owned();
            if let Some(slot) = self.let_in(nth).and_then(|index| self.job.verdicts.get_mut(index as usize))
                && matches!(slot, Verdict::Open)
            {
                *slot = Verdict::Settled(status, Some(own));
            }
        } else if !self.is_condemned() {
            let status = if positive { Status::Delivered } else { self.negative() };
            if lmtp {
                // RFC 2033 §4.2: one reply for each accepted recipient, in the order of their RCPTs.
                let place = self.next_accepted();
                let own = self.job.excerpt(reply).to_owned();
                self.set(place, Verdict::Settled(status, Some(own)));
                if nth == 0 || !positive {
                    self.job.reply = Some(reply.to_owned());
                }
            } else {
                let reply = keeper.keep(reply);
                self.content_refused = !positive && self.accepted > 0;
                for verdict in &mut self.job.verdicts {
                    // An acceptance keeps its own words (251 says where to); a refusal is the content's.
                    verdict.settle(status, (!positive).then_some(&reply));
                }
                if self.accepted > 0 {
                    self.job.reply = Some(reply);
                }
            }
        }
        !lmtp || self.finals >= self.accepted
    }

    /// The content was refused while it was on its way, and is not sent to its end: nobody gets it. Under LMTP the reply is the
    /// first recipient's own, and no verdict on the others.
    pub(super) fn on_cut_short(&mut self, reply: ReplyRef<'_>, lmtp: bool, keeper: &mut Keeper) {
        self.on_final(reply, lmtp && self.accepted > 0, keeper);
        for verdict in &mut self.job.verdicts {
            verdict.settle(Status::NotSent, None);
        }
    }

    /// Not everybody was accepted, and the policy is all or nobody.
    pub(super) fn on_policy(&mut self) {
        self.job.decided = Some(self.negative());
        self.job.reason = Some(Reason::RecipientPolicy);
        let refusal = self.job.verdicts.iter().find_map(|verdict| match verdict {
            Verdict::Settled(_, reply) => reply.clone(),
            Verdict::Later(reply) => Some(reply.clone()),
            Verdict::Open | Verdict::Accepted(_) => None,
        });
        self.job.reply = refusal;
        for verdict in &mut self.job.verdicts {
            match verdict {
                Verdict::Accepted(reply) => *verdict = Verdict::Settled(Status::NotSent, Some(reply.clone())),
                Verdict::Later(reply) => *verdict = Verdict::Settled(Status::Refused, Some(reply.clone())),
                Verdict::Open | Verdict::Settled(..) => {}
            }
        }
    }

    /// It is over on the wire. What 452 or RCPTMAX left goes on, if somebody got this part.
    pub(super) fn close(mut self) -> Closed {
        let mut rest: Vec<u32> = Vec::new();
        if self.count < self.job.remaining()
            || self.job.verdicts.iter().any(|v| matches!(v, Verdict::Later(_)))
        {
            rest.extend((self.count..self.job.remaining()).filter_map(|nth| self.job.recipient(nth)));
            let later = (0u32..).zip(&self.job.verdicts).filter(|(_, v)| matches!(v, Verdict::Later(_)));
            rest.extend(later.map(|(index, _)| index));
            rest.sort_unstable();
        }
        if !rest.is_empty() && self.job.is_spent() {
            // The others could only have what is no more.
            self.job.reason.get_or_insert(Reason::SourceSpent);
            for verdict in self.job.verdicts.iter_mut().filter(|verdict| matches!(verdict, Verdict::Open)) {
                *verdict = Verdict::Settled(Status::NotSent, None);
            }
        } else if !rest.is_empty() && self.goes_on() {
            for &index in &rest {
                if let Some(verdict) = self.job.verdicts.get_mut(index as usize) {
                    *verdict = Verdict::Open;
                }
            }
            self.job.todo = Some(rest);
            self.job.forwarded = 0;
            return Closed::Again(self.job);
        }
        // A 421 is no verdict on those who were to come: nothing was sent to them, and nothing said of them.
        let status = self.negative();
        let reply = self.job.reply.clone().filter(|_| !self.after_421);
        for verdict in &mut self.job.verdicts {
            match verdict {
                Verdict::Later(own) => *verdict = Verdict::Settled(status, Some(own.clone())),
                Verdict::Open => *verdict = Verdict::Settled(status, reply.clone()),
                Verdict::Accepted(_) | Verdict::Settled(..) => {}
            }
        }
        Closed::Done(self.job.into_outcome())
    }

    /// The connection ended under it: committed or not is all that is known of the recipients still open.
    pub(super) fn lost(mut self, handed: u64, reason: Reason) -> Outcome {
        let committed = self.is_committed(handed) && !self.after_421;
        let named = self.count;
        let in_part = matches!(self.condemned, Some(Some(Reason::AcceptedInPart)));
        if committed && self.is_condemned() && !in_part && self.accepted > 0 {
            // Refused as the message's sender or not: somebody was let in, the content has left, and whether it was taken, under
            // whatever name, nobody has said.
            self.doubt(if self.prdr == Prdr::No { self.finals } else { 0 }..self.accepted);
        }
        if self.is_void() && !committed {
            (0..named).for_each(|nth| self.set(nth, Verdict::Open));
            self.job.reply = None;
        }
        let mut in_transaction: Vec<u32> = (0..named).filter_map(|nth| self.job.recipient(nth)).collect();
        in_transaction.sort_unstable();
        let open = self.job.verdicts.iter().any(|verdict| !matches!(verdict, Verdict::Settled(..)));
        for (index, verdict) in (0u32..).zip(&mut self.job.verdicts) {
            let here = in_transaction.binary_search(&index).is_ok();
            let status = if committed && here { Status::InDoubt } else { Status::NotSent };
            match verdict {
                Verdict::Accepted(reply) => *verdict = Verdict::Settled(status, Some(reply.clone())),
                Verdict::Open => *verdict = Verdict::Settled(status, None),
                // Named, refused for now, and no further transaction will come.
                Verdict::Later(reply) => *verdict = Verdict::Settled(Status::NotSent, Some(reply.clone())),
                Verdict::Settled(..) => {}
            }
        }
        let known = self.job.over;
        self.job.settle(Status::NotSent, (open && !known).then_some(reason))
    }

    /// Takes everything back: the attempt did not count, the message is to go again.
    pub(super) fn undo(mut self) -> Box<Job> {
        for nth in 0..self.count {
            self.set(nth, Verdict::Open);
        }
        self.job.decided = None;
        self.job.reply = None;
        self.job.forwarded = 0;
        if let Some(todo) = &mut self.job.todo {
            // In the message's own order, whatever one connection's limits made of it.
            todo.sort_unstable();
        }
        if self.job.todo.as_ref().is_some_and(|todo| todo.len() == self.job.verdicts.len()) {
            self.job.todo = None;
        }
        if !self.job.verdicts.iter().any(|verdict| matches!(verdict, Verdict::Settled(..))) {
            // Nobody has had it: what it goes without is for the next attempt to say.
            self.job.left_out = ExtensionSet::EMPTY;
        }
        self.job
    }

    /// Whether the last byte of the content may have left.
    pub(super) fn is_committed(&self, handed: u64) -> bool {
        self.commit.is_some_and(|commit| commit <= handed)
    }

    /// Whether a refusal of the sender or of the content rules out a further transaction of the same message.
    fn goes_on(&self) -> bool {
        !self.is_condemned() && !self.after_421 && !self.content_refused && self.job.decided.is_none()
    }

    pub(super) const fn negative(&self) -> Status {
        if self.after_421 { Status::NotSent } else { Status::Refused }
    }

    fn all_refused(&mut self, reply: &Reply) {
        let status = self.negative();
        for verdict in &mut self.job.verdicts {
            if matches!(verdict, Verdict::Accepted(_)) {
                *verdict = Verdict::Settled(status, Some(reply.clone()));
            }
        }
    }

    /// Who was accepted by his own RCPT in a condemned transaction: the nth of them.
    fn let_in(&self, nth: usize) -> Option<u32> {
        let named = (0..self.count).filter_map(|nth| self.job.recipient(nth));
        named.filter(|index| !self.turned_away.contains(index)).nth(nth)
    }

    /// One of them was refused by a reply of his own to the content.
    pub(super) fn decline(&mut self, nth: usize) {
        self.declined.extend(self.let_in(nth));
    }

    /// Those of them are in doubt, but for whom PRDR's replies refused.
    fn doubt(&mut self, nths: Range<usize>) {
        for nth in nths {
            let taken = self.let_in(nth).filter(|index| !self.declined.contains(index));
            if let Some(slot) = taken.and_then(|index| self.job.verdicts.get_mut(index as usize)) {
                *slot = Verdict::Settled(Status::InDoubt, None);
            }
        }
    }

    /// Whose reply of his own comes next: the next of the accepted in the order in which RCPT named them. That isn't always the
    /// message's own (RCPTDOMAINMAX).
    pub(super) fn next_accepted(&mut self) -> usize {
        let accepted = |nth: &usize| {
            let index = self.job.recipient(*nth).map(|index| index as usize);
            let verdict = index.and_then(|index| self.job.verdicts.get(index));
            matches!(verdict, Some(Verdict::Accepted(_)))
        };
        let place = (self.place..self.count).find(accepted).unwrap_or(self.count);
        self.place = place.saturating_add(1);
        place
    }

    pub(super) fn set(&mut self, nth: usize, verdict: Verdict) {
        if let Some(slot) =
            self.job.recipient(nth).and_then(|index| self.job.verdicts.get_mut(index as usize))
        {
            *slot = verdict;
        }
    }
}

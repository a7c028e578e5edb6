//! The truth: what a server has accepted, and whether what was reported fits it.
//!
//! For every recipient: reported delivered ⊆ accepted; accepted ⊆ delivered ∪ in_doubt; not_sent and refused are disjoint
//! from accepted; nothing was accepted twice, from another's sender or with another's content; nothing is reported refused
//! that this server wouldn't refuse, nor in doubt if its source never came to its end.

use smtpipe::session::{Outcome, Status};
use smtpipe::wire::Reply;

use super::fate::{Terms, fate, refused_at_once};
use super::plan::{self, Mail, Plan};

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// How often each recipient of the plan was accepted.
    accepted: Vec<u8>,
    wrong: Option<String>,
}

/// What came out of a run, in recipients.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) delivered: u64,
    pub(crate) refused: u64,
    pub(crate) not_sent: u64,
    pub(crate) in_doubt: u64,
    /// In doubt, and accepted indeed.
    pub(crate) doubt_accepted: u64,
}

impl Tally {
    pub(crate) const fn add(&mut self, other: &Self) {
        self.delivered += other.delivered;
        self.refused += other.refused;
        self.not_sent += other.not_sent;
        self.in_doubt += other.in_doubt;
        self.doubt_accepted += other.doubt_accepted;
    }
}

impl Ledger {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self { accepted: vec![0; plan.recipients], wrong: None }
    }

    /// The server has seen what can't be.
    pub(crate) fn complain(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    /// A server has taken responsibility.
    pub(crate) fn accept<'a>(
        &mut self,
        plan: &Plan,
        sender: &str,
        recipients: impl Iterator<Item = &'a str>,
        content: &[u8],
    ) {
        for address in recipients {
            let planned = plan::numbers(address)
                .and_then(|(number, nth)| plan.mails.get(number).map(|mail| (mail, nth)))
                .filter(|(mail, nth)| mail.recipients.get(*nth).is_some_and(|own| own == address));
            let Some((mail, nth)) = planned else {
                self.wrong = Some(format!("{address} was never written to"));
                continue;
            };
            if mail.sender != sender {
                self.wrong = Some(format!("{address} got it from {sender:?}, not from {:?}", mail.sender));
            }
            if mail.stored != content {
                self.wrong = Some(format!("{address} got {} octets that aren't its own", content.len()));
            }
            if let Some(count) = self.accepted.get_mut(mail.base + nth) {
                *count = count.saturating_add(1);
            }
        }
    }

    fn times(&self, mail: &Mail, nth: usize) -> u8 {
        self.accepted.get(mail.base + nth).copied().unwrap_or(0)
    }

    /// Compares outcomes (in the order of the plan) with the truth.
    pub(crate) fn judge(
        &self,
        plan: &Plan,
        outcomes: &[Option<Outcome>],
        terms: &Terms,
    ) -> Result<Tally, String> {
        if let Some(wrong) = &self.wrong {
            return Err(wrong.clone());
        }
        let mut tally = Tally::default();
        for (mail, outcome) in plan.mails.iter().zip(outcomes) {
            let Some(outcome) = outcome else { return Err(format!("{:?} has no outcome", mail.sender)) };
            self.judge_one(mail, outcome, terms, &mut tally)?;
        }
        Ok(tally)
    }

    fn judge_one(
        &self,
        mail: &Mail,
        outcome: &Outcome,
        terms: &Terms,
        tally: &mut Tally,
    ) -> Result<(), String> {
        if outcome.recipients.len() != mail.recipients.len() {
            return Err(format!("a recipient without an outcome\n{}", brief(outcome)));
        }
        for (nth, recipient) in outcome.recipients.iter().enumerate() {
            let address = recipient.address.as_str();
            let times = self.times(mail, nth);
            let wrong = |what: &str| {
                Err(format!(
                    "{address} {what}: accepted {times} times, reported {}\n{}",
                    recipient.status,
                    brief(outcome)
                ))
            };
            if times > 1 {
                return wrong("got it twice");
            }
            let fate = fate(mail, address, terms);
            // Who was one too many for this transaction, and there is no other.
            let spent = mail.is_cut_short() && recipient.reply.as_ref().is_some_and(|r| r.code() == 452);
            match (recipient.status, times) {
                (Status::InDoubt, _) if fate == Status::NotSent => {
                    return wrong("can't have got what never came to its end");
                }
                (Status::Delivered, 1) => tally.delivered += 1,
                (Status::InDoubt, _) => {
                    tally.in_doubt += 1;
                    tally.doubt_accepted += u64::from(times);
                }
                (Status::NotSent, 0) => tally.not_sent += 1,
                (Status::Refused, 0) if fate != Status::Refused && !spent => {
                    return wrong("is not one that this server refuses");
                }
                (Status::Refused, 0) => tally.refused += 1,
                _ => return wrong("has a false outcome"),
            }
        }
        let got = (0..mail.recipients.len()).filter(|&nth| self.times(mail, nth) > 0).count();
        let fits = match outcome.status {
            Status::Delivered => got == mail.recipients.len(),
            Status::Partial => got > 0,
            Status::Refused | Status::NotSent => got == 0,
            Status::InDoubt => true,
        };
        if fits { Ok(()) } else { Err(format!("{got} recipients got it\n{}", brief(outcome))) }
    }

    /// Nothing broke: everything has to be as planned, and to be told so. With `all`, nobody gets what somebody can't have.
    pub(crate) fn as_planned(
        &self,
        plan: &Plan,
        outcomes: &[Option<Outcome>],
        terms: &Terms,
        all: bool,
    ) -> Result<(), String> {
        for (mail, outcome) in plan.mails.iter().zip(outcomes) {
            let held = all && mail.recipients.iter().any(|recipient| refused_at_once(recipient));
            let told = outcome.as_ref().map(|outcome| &outcome.recipients[..]).unwrap_or_default();
            for (nth, recipient) in told.iter().enumerate() {
                let address = recipient.address.as_str();
                let fate = fate(mail, address, terms);
                let gets = self.times(mail, nth) > 0;
                let fits = if mail.is_cut_short() && recipient.status != Status::Delivered {
                    !gets
                } else if held {
                    !gets && matches!(recipient.status, Status::Refused | Status::NotSent)
                } else {
                    gets == (fate == Status::Delivered) && recipient.status == fate
                };
                if !fits {
                    let status = recipient.status;
                    return Err(format!("{address} of {:?}: {status}, and {fate} was expected", mail.sender));
                }
            }
        }
        Ok(())
    }
}

/// For people.
fn brief(outcome: &Outcome) -> String {
    let reply = |reply: &Option<Reply>| reply.as_ref().map_or_else(|| "-".to_owned(), Reply::to_string);
    let mut text = format!("{} ({}", outcome.status, reply(&outcome.reply));
    if let Some(reason) = &outcome.reason {
        text += &format!("; {reason}");
    }
    text += ")";
    for recipient in &outcome.recipients {
        text += &format!("\n  {} {} ({})", recipient.address, recipient.status, reply(&recipient.reply));
    }
    text
}

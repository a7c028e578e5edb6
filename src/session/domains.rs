//! RCPTDOMAINMAX (RFC 9422 §4.3): how many different recipient domains a server takes on one connection. Recipients over that
//! go on the next one. Nothing is kept here for a server that states no such limit.

use std::collections::HashSet;

use super::job::Job;
use crate::wire::Address;

/// The domains that recipients on this connection had, in lower case.
#[derive(Debug, Default)]
pub(super) struct Domains {
    seen: HashSet<Box<str>>,
}

impl Domains {
    /// A new connection.
    pub(super) fn clear(&mut self) {
        self.seen.clear();
    }

    /// Whether those still to be tried may be named on this connection: one of them at least, or with `all`, every one.
    pub(super) fn admits(&self, job: &Job, most: usize, all: bool) -> bool {
        if all {
            let new: HashSet<_> = domains(job).filter(|domain| !self.seen.contains(domain)).collect();
            return self.seen.len().saturating_add(new.len()) <= most;
        }
        self.seen.len() < most
            || domains(job).any(|domain| self.seen.contains(&domain))
            || domains(job).count() < job.remaining()
    }

    /// Puts those first who may be named on this connection, and says how many of them go in one transaction.
    pub(super) fn choose(&mut self, job: &mut Job, most: usize, together: usize) -> usize {
        let mut named = 0_usize;
        let seen = &mut self.seen;
        job.sort(|address| {
            let fits = named < together
                && domain(address)
                    .is_none_or(|domain| seen.contains(&domain) || seen.len() < most && seen.insert(domain));
            named = named.saturating_add(usize::from(fits));
            fits
        })
    }
}

impl Job {
    /// Puts those still to be tried in another order: first whom `first` names, each part as it was. Returns how many those are.
    fn sort(&mut self, first: impl FnMut(&Address) -> bool) -> usize {
        let mut first = first;
        let recipients = &self.message.recipients;
        let todo = (0..self.remaining()).filter_map(|nth| self.recipient(nth));
        let (mut chosen, others): (Vec<u32>, Vec<u32>) = todo.partition(|&index| {
            recipients.get(index as usize).is_some_and(|recipient| first(&recipient.address))
        });
        let count = chosen.len();
        chosen.extend(others);
        self.todo = Some(chosen);
        count
    }
}

/// The domains of those still to be tried, as often as they come.
fn domains(job: &Job) -> impl Iterator<Item = Box<str>> {
    (0..job.remaining())
        .filter_map(|nth| job.recipient(nth))
        .filter_map(|index| job.message.recipients.get(index as usize))
        .filter_map(|recipient| domain(&recipient.address))
}

/// `None` for a local part without a domain, which is of no domain's.
fn domain(address: &Address) -> Option<Box<str>> {
    address.domain().map(|domain| domain.to_lowercase().into())
}

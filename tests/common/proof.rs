//! What the bytes that the referee has seen prove about one recipient of a message, and whether an outcome says so.

use super::fixture::Letter;
use super::referee::{Deal, Referee};

impl Referee {
    /// Is this status of a recipient of a message true? (The reasons are checked by the fixtures.)
    pub(crate) fn judge(
        &self,
        letter: &Letter,
        address: &str,
        status: &str,
        local_reason: bool,
    ) -> Result<(), String> {
        let proofs: Vec<Proof> = self
            .deals
            .iter()
            .filter(|d| d.sender == letter.sender.address)
            .filter_map(|d| self.proof(d, address))
            .collect();
        let accepted = proofs.contains(&Proof::Accepted);
        let open = proofs.contains(&Proof::Open);
        let murky = proofs.contains(&Proof::Murky);
        let refused = local_reason || murky || proofs.contains(&Proof::Refused);
        let right = match status {
            "delivered" => accepted,
            "in_doubt" => (open || murky) && !accepted,
            "not_sent" => !accepted && (!open || self.shut),
            "refused" => !accepted && !open && refused,
            _ => false,
        };
        if right {
            Ok(())
        } else {
            Err(format!("{}: <{address}> is said to be {status}; {proofs:?}", letter.name))
        }
    }

    fn proof(&self, deal: &Deal, address: &str) -> Option<Proof> {
        let no = |code: Option<u16>| code.is_some_and(|c| c >= 400);
        let at = deal.recipients.iter().position(|(a, _)| a == address);
        let Some(at) = at else {
            // Not named here (RCPTMAX): a refusal of the sender or the content is one of the message.
            let content = !deal.finals.is_empty() && deal.finals.iter().all(|&c| c >= 400);
            return (no(deal.mail) || no(deal.data) || content).then_some(Proof::Refused);
        };
        let own = deal.recipients[at].1;
        // RFC 3030 §4.2: with a chunk the message is refused.
        let taken = deal.finals.iter().any(|&c| c < 300);
        if no(own) || no(deal.data) || (no(deal.part) && !taken) {
            return Some(Proof::Refused);
        }
        let place = deal.recipients[..at].iter().filter(|(_, c)| c.is_some_and(|c| c < 300)).count();
        let own_final = deal.own_finals.as_ref().and_then(|own| own.get(place));
        // Where it joined an older transaction, that recipient's place may be another's.
        if own_final.is_some_and(|&code| code >= 400) && !deal.mixed {
            return Some(Proof::Refused);
        }
        // In LMTP the replies to the content are those of the accepted recipients, in their order.
        let place = if self.lmtp { place } else { 0 };
        let last = deal
            .finals
            .get(place)
            .or(deal.finals.first().filter(|c| self.lmtp && **c >= 500 && own.is_none()));
        Some(match (no(deal.mail) || deal.mixed, last) {
            _ if no(deal.part) => Proof::Murky,
            (true, Some(code)) if *code < 300 => Proof::Murky,
            // The replies to it begin with those for an older transaction's recipients, if it joined one.
            (true, Some(_)) if self.lmtp && deal.mixed && own.is_some() => Proof::Murky,
            // Somebody was let in, under whatever name.
            (true, None) if deal.committed && own.is_some() && !self.shut => Proof::Open,
            (true, None) if deal.committed => Proof::Murky,
            (true, _) => Proof::Refused,
            (false, Some(code)) if *code < 300 && own.is_some() => Proof::Accepted,
            (false, Some(_)) => Proof::Refused,
            (false, None) if deal.committed => Proof::Open,
            (false, None) => Proof::Untouched,
        })
    }
}

/// What one transaction proves about one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    Accepted,
    Refused,
    /// The content has left, and no reply to it came.
    Open,
    /// The sender was refused and the content left (or was accepted) all the same.
    Murky,
    /// Its content hasn't left.
    Untouched,
}

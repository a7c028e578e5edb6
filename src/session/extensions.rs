//! What of a message's wishes is sent to a server, what is left out, and for want of what the message is refused. The table
//! is in `docs/extensions.md`; the reasons are here.
//!
//! The rule: a wish is left out if the message may travel without it by the wish's own RFC, and the outcome says so; else the
//! message is refused before a byte of it leaves. A wish that the caller requires is never left out.
//!
//! | extension | not offered | why |
//! | --- | --- | --- |
//! | DSN | left out | RFC 3461 §5.2.2: a relay does so |
//! | DELIVERBY, notify | left out | RFC 2852 §4.1.4.2: relayed, and the sender is told |
//! | DELIVERBY, return | refused | RFC 2852 §4.1.4.1: must not be relayed |
//! | MT-PRIORITY | left out | RFC 6710 §4.3 |
//! | FUTURERELEASE | refused | RFC 4865 §4.1: it would be sent at once |
//! | REQUIRETLS | refused | RFC 8689 §4.2.1: over TLS with a certificate that was verified, too |
//! | NO-SOLICITING | left out | RFC 3865 §2.7: it repeats what a header field says |
//! | PRDR, XFORWARD | left out | they tell of the message, and change nothing about it |

use std::borrow::Cow;

use super::Session;
use super::domains::Domains;
use super::job::Job;
use super::ledger::Sent;
use super::message::{Message, SUBMITTER};
use super::options::Utf8Policy;
use super::outcome::Reason;
use super::prdr::Prdr;
use super::transaction::Transaction;
use crate::wire::{Address, Body, ByMode, DeliverBy, Extension, ExtensionSet, Param, command, is_moment};

/// Extensions whose parameter can't be left out.
const INDISPENSABLE: [Extension; 3] = [Extension::FutureRelease, Extension::RequireTls, Extension::Smtputf8];
/// Parameters that state a fact which the server may do without: leaving them out is nothing to tell.
const FACTS: [Extension; 2] = [Extension::Size, Extension::EightBitMime];

/// Whether a parameter of MAIL is sent where `offered` is: one that the library doesn't know always is.
pub(super) fn goes_on_mail(param: &Param, offered: ExtensionSet) -> bool {
    Extension::of_mail(param.keyword()).is_none_or(|extension| offered.contains(extension))
}

/// The same of RCPT.
pub(super) fn goes_on_rcpt(param: &Param, offered: ExtensionSet) -> bool {
    Extension::of_rcpt(param.keyword()).is_none_or(|extension| offered.contains(extension))
}

/// An address as it goes on the wire: with its domain in ASCII, where the server takes nothing else. That this can be done was
/// seen to beforehand; what can't be spelt otherwise stays as it is.
pub(super) fn spelt(address: &Address, utf8: bool) -> Cow<'_, Address> {
    if utf8 || address.is_ascii() {
        return Cow::Borrowed(address);
    }
    ascii(address).map_or(Cow::Borrowed(address), Cow::Owned)
}

/// The address with its domain as A-labels (RFC 5891); `None` if the local part isn't ASCII, or the domain isn't one of IDNA.
fn ascii(address: &Address) -> Option<Address> {
    let domain = address.domain().filter(|_| address.local_part().is_ascii())?;
    let domain = idna::domain_to_ascii(domain).ok()?;
    Address::new(&format!("{}@{domain}", address.local_part())).ok()
}

impl Session {
    /// MAIL, with what goes on it.
    pub(super) fn mail(&mut self, transaction: &mut Transaction) {
        if transaction.job.message.asks {
            self.note_wishes(transaction);
        }
        let offered = self.offered();
        let message = &transaction.job.message;
        let size = message.size().filter(|_| self.offer.size.is_some() && !message.has_param("SIZE"));
        let body = if message.has_param("BODY") {
            None
        } else if message.is_binary() {
            Some(Body::BinaryMime)
        } else {
            (message.is_eight_bit() && self.offer.eight_bit_mime).then_some(Body::EightBitMime)
        };
        let international = message.is_internationalized();
        let utf8 = international && self.offer.smtputf8 && !message.has_param("SMTPUTF8");
        let sender = spelt(&message.sender, self.offer.smtputf8);
        // Who submitted it is for servers that know of submitting (RFC 4954 §5).
        let auth = self.offer.auth;
        let told = |param: &&Param| auth || !param.keyword().eq_ignore_ascii_case(SUBMITTER);
        let params = message.params.iter().filter(|param| goes_on_mail(param, offered)).filter(told);
        self.send(Sent::Mail, |out| {
            command::mail(out, &sender, size, body, utf8, params);
        });
        if international && !self.offer.smtputf8 {
            transaction.job.left_out.insert(Extension::Smtputf8);
        }
    }

    /// The next RCPT, with what goes on it.
    pub(super) fn rcpt(&mut self, transaction: &mut Transaction) {
        let index = transaction.job.recipient(transaction.named);
        transaction.named += 1;
        let recipient = index.and_then(|index| transaction.job.message.recipients.get(index as usize));
        if let (Some(index), Some(recipient)) = (index, recipient) {
            let address = spelt(&recipient.address, self.offer.smtputf8);
            let offered = self.offer.extensions;
            let params = recipient.params.iter().filter(|param| goes_on_rcpt(param, offered));
            self.send(Sent::Rcpt(index), |out| command::rcpt(out, &address, params));
        }
    }

    /// What this session can make use of.
    pub(super) fn offered(&self) -> ExtensionSet {
        let mut offered = self.offer.extensions;
        if self.options.lmtp {
            // LMTP has a reply for each recipient without it.
            offered.remove(Extension::Prdr);
        }
        if !self.is_verified() {
            offered.remove(Extension::RequireTls);
        }
        offered
    }

    /// Whether it is known whom the connection leads to, and nobody else can listen.
    fn is_verified(&self) -> bool {
        self.secure.as_ref().is_some_and(|secure| !secure.unverified)
    }

    /// Rule 9 of `scheduler`: why a message can't go to this server at all.
    pub(super) fn unsuitable(&self, job: &Job) -> Option<Reason> {
        let offer = &self.offer;
        let content = &job.message.content;
        let size = job.message.size().unwrap_or(0);
        if let Some(limit) = offer.size.filter(|&limit| limit > 0 && size > limit) {
            return Some(Reason::TooLarge { size, limit });
        }
        if self.for_all() && job.remaining() > offer.rcpt_max {
            return Some(Reason::TooManyRecipients { limit: offer.rcpt_max });
        }
        if let Some(limit) = offer.domain_max.filter(|_| self.for_all())
            && !Domains::default().admits(job, limit, true)
        {
            return Some(Reason::TooManyDomains { limit });
        }
        if job.message.asks
            && let Some(reason) = self.unfulfilled(&job.message)
        {
            return Some(reason);
        }
        if !offer.smtputf8
            && job.message.is_internationalized()
            && let Some(reason) = self.untranslatable(&job.message)
        {
            return Some(reason);
        }
        if job.message.is_binary() {
            return (!(offer.binarymime && self.chunks())).then_some(Reason::NeedsBinaryMime);
        }
        (content.eight_bit() && !offer.eight_bit_mime && !self.options.eight_bit_anyway)
            .then_some(Reason::NeedsEightBitMime)
    }

    /// For want of what a message that asks for something can't be sent to this server.
    pub(super) fn unfulfilled(&self, message: &Message) -> Option<Reason> {
        let offered = self.offered();
        if let Some(missing) = message.required.without(offered).iter().next() {
            return Some(self.missing(missing));
        }
        message.params.iter().find_map(|param| {
            let extension = Extension::of_mail(param.keyword())?;
            let value = param.value().unwrap_or_default();
            if offered.contains(extension) {
                return self.beyond_limit(extension, param.keyword(), value);
            }
            let by = || DeliverBy::read(value).is_some_and(|by| by.mode() == ByMode::Return);
            let indispensable =
                INDISPENSABLE.contains(&extension) || (extension == Extension::DeliverBy && by());
            indispensable.then(|| self.missing(extension))
        })
    }

    /// The reason that says it best.
    fn missing(&self, extension: Extension) -> Reason {
        match extension {
            Extension::RequireTls if !self.is_verified() => Reason::NeedsTls,
            Extension::Smtputf8 => Reason::NeedsSmtputf8 { part: "header".into() },
            Extension::EightBitMime => Reason::NeedsEightBitMime,
            Extension::BinaryMime => Reason::NeedsBinaryMime,
            _ => Reason::NotOffered(extension),
        }
    }

    /// What an extension's own limits, as EHLO tells them, say to a value.
    fn beyond_limit(&self, extension: Extension, keyword: &str, value: &str) -> Option<Reason> {
        let limits = self.capabilities.as_ref()?.params_of(extension)?;
        let mut words = limits.split_ascii_whitespace();
        match extension {
            // RFC 2852 §2: the least time the server takes, for messages to be returned.
            Extension::DeliverBy => {
                let minimum = u32::try_from(DeliverBy::least(limits)?).ok()?;
                let by = DeliverBy::read(value)?;
                by.is_too_soon(minimum.into())
                    .then(|| Reason::DeliverByTooSoon { seconds: by.seconds(), minimum })
            }
            // RFC 4865 §3, §4.1: the longest time and the last moment. Which of them is now is for the server to say.
            Extension::FutureRelease => {
                let (longest, last) = (words.next(), words.next());
                let limit = if keyword.eq_ignore_ascii_case("HOLDFOR") {
                    longest.filter(|most| exceeds(value, most))
                } else {
                    // Moments in UTC compare as text.
                    last.filter(|last| is_moment(last) && is_moment(value) && value > *last)
                };
                limit.map(|limit| Reason::HeldTooLong { limit: limit.into() })
            }
            // RFC 3865 §2.1: the classes that the server refuses.
            Extension::NoSoliciting => {
                let refused =
                    |class: &&str| limits.split([',', ' ']).any(|word| word.eq_ignore_ascii_case(class));
                value.split(',').find(refused).map(|class| Reason::Solicitation(class.into()))
            }
            _ => None,
        }
    }

    /// What of an envelope can't go to a server without SMTPUTF8, by the policy for that.
    pub(super) fn untranslatable(&self, message: &Message) -> Option<Reason> {
        let translates = self.options.utf8 == Utf8Policy::DowngradeDomain;
        let stays = |address: &Address| !(address.is_ascii() || translates && ascii(address).is_some());
        let recipient = || message.recipients.iter().find(|recipient| stays(&recipient.address));
        let part = if stays(&message.sender) {
            format!("sender {}", message.sender)
        } else if let Some(recipient) = recipient() {
            format!("recipient {}", recipient.address)
        } else {
            format!("parameter {}", message.params.iter().find(|param| !param.is_ascii())?.keyword())
        };
        Some(Reason::NeedsSmtputf8 { part: part.into() })
    }

    /// MAIL is about to be written: what of the message's wishes goes with it, and what doesn't.
    pub(super) fn note_wishes(&self, transaction: &mut Transaction) {
        let offered = self.offered();
        let job = &mut transaction.job;
        let message = &job.message;
        let mail = message.params.iter().filter_map(|param| Extension::of_mail(param.keyword()));
        let rcpt = message.recipients.iter().flat_map(|recipient| &recipient.params);
        let rcpt = rcpt.filter_map(|param| Extension::of_rcpt(param.keyword()));
        let mut asked: ExtensionSet = mail.chain(rcpt).collect();
        FACTS.into_iter().for_each(|fact| asked.remove(fact));
        if asked.contains(Extension::Prdr) && offered.contains(Extension::Prdr) {
            transaction.prdr = Prdr::Asked;
        }
        if self.options.lmtp {
            asked.remove(Extension::Prdr);
        }
        job.left_out = job.left_out.union(asked.without(offered));
        if message.forward.is_some() && job.forwarded == 0 {
            job.left_out.insert(Extension::Xforward);
        }
    }
}

/// Whether a number of digits is larger than another. What isn't one is no limit.
fn exceeds(value: &str, most: &str) -> bool {
    matches!((value.parse::<u64>(), most.parse::<u64>()), (Ok(value), Ok(most)) if value > most)
}

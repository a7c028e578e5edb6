//! What the lines of [`ServerOptions::extensions`] mean to the session itself: the parameters of MAIL that DELIVERBY (RFC 2852),
//! MT-PRIORITY (RFC 6710), FUTURERELEASE (RFC 4865), REQUIRETLS (RFC 8689), NO-SOLICITING (RFC 3865) and PRDR bring, with their
//! limits, the commands XCLIENT and XFORWARD (Postfix), and how many recipient domains there may be (RFC 9422).
//!
//! Checked here, acted upon by the application: it finds the parameters with MAIL, and the commands as unknown ones.

use std::collections::HashSet;

use super::options::ServerOptions;
use super::params::MailInfo;
use super::refusal::{self, Canned};
use crate::wire::{
    Capabilities, ClientAttribute, DeliverBy, Extension, Priority, Reply, is_class, is_moment, xtext,
};

/// The extensions that the application brings along, as far as they are known here.
#[derive(Debug, Default)]
pub(super) struct Offers {
    offered: Capabilities,
    /// The domains that RCPT has named in this session, in lower case; only kept if they are limited.
    domains: HashSet<Vec<u8>>,
}

/// A command that is answered if it is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Xclient,
    Xforward,
}

impl Offers {
    pub(super) fn new(options: &ServerOptions) -> Self {
        if options.extensions.is_empty() {
            return Self::default();
        }
        let text = format!("x\n{}", options.extensions.join("\n"));
        let offered = Capabilities::from_reply(&Reply::new(250, text.as_bytes()));
        Self { offered, domains: HashSet::new() }
    }

    /// Whether a parameter of MAIL is one of theirs, and then whether its value may be.
    pub(super) fn mail(
        &self,
        keyword: &[u8],
        value: Option<&[u8]>,
        info: &mut MailInfo,
    ) -> Option<Result<(), Canned>> {
        let keyword = std::str::from_utf8(keyword).ok()?;
        let extension = Extension::of_mail(keyword)?;
        let limits = self.offered.params_of(extension)?;
        let value = value.map(|value| std::str::from_utf8(value).unwrap_or_default());
        let fits = match (extension, value) {
            (Extension::RequireTls | Extension::Prdr, Some(_)) => Err(refusal::BAD_PARAMETER),
            (Extension::RequireTls, None) => Ok(()),
            (Extension::Prdr, None) => {
                info.prdr = true;
                Ok(())
            }
            (Extension::DeliverBy, Some(value)) => deliver_by(value, limits),
            (Extension::FutureRelease, Some(value)) => hold(keyword, value, limits),
            (Extension::MtPriority, Some(value)) => {
                let priority = value.parse().ok().and_then(|priority| Priority::new(priority).ok());
                priority.map(|_| ()).ok_or(refusal::BAD_PARAMETER)
            }
            (Extension::NoSoliciting, Some(value)) => solicitation(value, limits),
            (
                Extension::DeliverBy
                | Extension::FutureRelease
                | Extension::MtPriority
                | Extension::NoSoliciting,
                None,
            ) => Err(refusal::BAD_PARAMETER),
            _ => return None,
        };
        Some(fits)
    }

    /// Whether a verb that nobody else knows is one of theirs.
    pub(super) fn command(&self, verb: &[u8]) -> Option<Told> {
        let is = |name: &str, extension| {
            verb.eq_ignore_ascii_case(name.as_bytes()) && self.offered.offers(extension)
        };
        if is("XCLIENT", Extension::Xclient) {
            Some(Told::Xclient)
        } else {
            is("XFORWARD", Extension::Xforward).then_some(Told::Xforward)
        }
    }

    /// Whether XCLIENT or XFORWARD may say this: attributes that are offered, each with a value in xtext.
    pub(super) fn may_tell(&self, told: Told, argument: &[u8]) -> Result<(), Canned> {
        let extension = if told == Told::Xclient { Extension::Xclient } else { Extension::Xforward };
        let offered = self.offered.params_of(extension).unwrap_or_default();
        let fits = |word: &[u8]| {
            let text = std::str::from_utf8(word).ok()?;
            let (name, value) = text.split_once('=')?;
            let known = offered.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case(name));
            let decoded = xtext::decode(value.as_bytes()).filter(|value| !value.is_empty());
            (known && ClientAttribute::from_name(name).is_some()).then_some(())?;
            decoded.map(|_| ())
        };
        let mut words = argument.split(|&b| b == b' ').filter(|word| !word.is_empty()).peekable();
        if words.peek().is_none() || words.any(|word| fits(word).is_none()) {
            return Err(refusal::BAD_ATTRIBUTE);
        }
        Ok(())
    }

    /// Whether RCPT may name this path, with so many domains allowed (0: any number).
    pub(super) fn may_name(&mut self, path: &[u8], most: u32) -> Result<(), Canned> {
        let Some(at) = path.iter().rposition(|&b| b == b'@').filter(|_| most > 0) else { return Ok(()) };
        let domain = path.get(at + 1..).unwrap_or_default().to_ascii_lowercase();
        if !self.domains.contains(&domain) && self.domains.len() >= most as usize {
            return Err(refusal::TOO_MANY_DOMAINS);
        }
        self.domains.insert(domain);
        Ok(())
    }
}

/// RFC 2852 §2: no sooner than the server can.
fn deliver_by(value: &str, limits: &str) -> Result<(), Canned> {
    let by = DeliverBy::read(value).ok_or(refusal::BAD_PARAMETER)?;
    if by.is_too_soon(DeliverBy::least(limits).unwrap_or(0)) { Err(refusal::TOO_SOON) } else { Ok(()) }
}

/// RFC 4865 §3: no longer than the server will.
fn hold(keyword: &str, value: &str, limits: &str) -> Result<(), Canned> {
    let mut limits = limits.split_ascii_whitespace();
    let (longest, last) = (limits.next(), limits.next());
    let too_long = if keyword.eq_ignore_ascii_case("HOLDFOR") {
        let seconds: u64 = value.parse().map_err(|_| refusal::BAD_PARAMETER)?;
        longest.and_then(|longest| longest.parse().ok()).is_some_and(|longest: u64| seconds > longest)
    } else {
        if !is_moment(value) {
            return Err(refusal::BAD_PARAMETER);
        }
        last.is_some_and(|last| is_moment(last) && value > last)
    };
    if too_long { Err(refusal::HELD_TOO_LONG) } else { Ok(()) }
}

/// RFC 3865 §2: none of the classes that are refused.
fn solicitation(value: &str, refused: &str) -> Result<(), Canned> {
    if !value.split(',').all(is_class) {
        return Err(refusal::BAD_PARAMETER);
    }
    let unwanted = |class: &str| refused.split([',', ' ']).any(|word| word.eq_ignore_ascii_case(class));
    if value.split(',').any(unwanted) { Err(refusal::SOLICITATION) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(lines: &[&str]) -> Offers {
        let extensions = lines.iter().map(|&line| line.to_owned()).collect();
        Offers::new(&ServerOptions { extensions, ..ServerOptions::default() })
    }

    #[test]
    fn parameters_of_mail() {
        let all = offers(&[
            "DELIVERBY 120,NOSUCHOPTION",
            "MT-PRIORITY",
            "FUTURERELEASE 86400 2030-01-01T00:00:00Z",
            "REQUIRETLS",
            "NO-SOLICITING net.example:ADV",
            "PRDR",
        ]);
        let mail = |offers: &Offers, word: &str| {
            let (keyword, value) =
                word.split_once('=').map_or((word, None), |(k, v)| (k, Some(v.as_bytes())));
            offers.mail(keyword.as_bytes(), value, &mut MailInfo::default())
        };
        for word in [
            "BY=120;R",
            "by=-5;NT",
            "MT-PRIORITY=-9",
            "HOLDFOR=86400",
            "HOLDUNTIL=2030-01-01T00:00:00Z",
            "REQUIRETLS",
            "SOLICIT=org.example:NEWS",
            "PRDR",
        ] {
            assert_eq!(mail(&all, word), Some(Ok(())), "{word}");
            assert_eq!(mail(&offers(&[]), word), None, "{word} isn't offered");
        }
        for (word, why) in [
            ("BY=119;R", refusal::TOO_SOON),
            ("BY=x", refusal::BAD_PARAMETER),
            ("BY", refusal::BAD_PARAMETER),
            ("MT-PRIORITY=10", refusal::BAD_PARAMETER),
            ("HOLDFOR=86401", refusal::HELD_TOO_LONG),
            ("HOLDFOR=x", refusal::BAD_PARAMETER),
            ("HOLDUNTIL=2030-01-01T00:00:01Z", refusal::HELD_TOO_LONG),
            ("HOLDUNTIL=tomorrow", refusal::BAD_PARAMETER),
            ("REQUIRETLS=1", refusal::BAD_PARAMETER),
            ("SOLICIT=a.example,net.example:adv", refusal::SOLICITATION),
            ("SOLICIT=1", refusal::BAD_PARAMETER),
            ("PRDR=1", refusal::BAD_PARAMETER),
        ] {
            assert_eq!(mail(&all, word), Some(Err(why)), "{word}");
        }
        assert_eq!(mail(&all, "X-NEW=1"), None);
    }

    #[test]
    fn attributes_of_a_client() {
        let offers = offers(&["XFORWARD NAME ADDR"]);
        assert_eq!((offers.command(b"xforward"), offers.command(b"XCLIENT")), (Some(Told::Xforward), None));
        assert_eq!(offers.may_tell(Told::Xforward, b"NAME=[UNAVAILABLE] addr=IPV6:::1"), Ok(()));
        for bad in ["", "NAME", "NAME=", "PORT=25", "NAME=+1", "NAME=a=b"] {
            assert_eq!(offers.may_tell(Told::Xforward, bad.as_bytes()), Err(refusal::BAD_ATTRIBUTE), "{bad}");
        }
    }

    #[test]
    fn domains_are_counted_once() {
        let mut offers = offers(&[]);
        assert_eq!(offers.may_name(b"a@x", 1), Ok(()));
        assert_eq!(offers.may_name(b"b@X", 1), Ok(()));
        assert_eq!(offers.may_name(b"postmaster", 1), Ok(()));
        assert_eq!(offers.may_name(b"a@y", 1), Err(refusal::TOO_MANY_DOMAINS));
        assert_eq!(offers.may_name(b"a@y", 0), Ok(()));
    }
}

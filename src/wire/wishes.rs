//! What a sender may ask of the transport beside reports: DELIVERBY (RFC 2852), MT-PRIORITY (RFC 6710), FUTURERELEASE
//! (RFC 4865), REQUIRETLS (RFC 8689), NO-SOLICITING (RFC 3865), PRDR, and who submitted it (RFC 4954). All of them are
//! parameters of MAIL.
//!
//! Each is checked when it is made. Whether it may be sent to a given server is none of this file's business.

use super::command::{Param, ParamError};
use super::{Address, xtext};

/// What to do with a message that isn't delivered in time (RFC 2852 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByMode {
    /// `N`: go on, and tell the sender that it is late.
    Notify,
    /// `R`: give up, and return it to the sender.
    Return,
}

/// When a message is to be delivered, at the latest: `BY=` (RFC 2852 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeliverBy {
    seconds: i32,
    mode: ByMode,
    trace: bool,
}

impl DeliverBy {
    /// In so many seconds from now. With `trace`, each relay reports to the sender.
    ///
    /// # Errors
    ///
    /// More than nine digits, or [`ByMode::Return`] with a time that isn't in the future.
    pub fn new(seconds: i32, mode: ByMode, trace: bool) -> Result<Self, ParamError> {
        let late = mode == ByMode::Return && seconds <= 0;
        if late || seconds.unsigned_abs() > 999_999_999 {
            return Err(ParamError::BadValue);
        }
        Ok(Self { seconds, mode, trace })
    }

    /// What a parameter BY says.
    pub(crate) fn read(value: &str) -> Option<Self> {
        let (seconds, mode) = value.split_once(';')?;
        let (mode, trace) = match mode.to_ascii_uppercase().as_str() {
            "N" => (ByMode::Notify, false),
            "R" => (ByMode::Return, false),
            "NT" => (ByMode::Notify, true),
            "RT" => (ByMode::Return, true),
            _ => return None,
        };
        Self::new(seconds.parse().ok()?, mode, trace).ok()
    }

    /// The time left, in seconds.
    pub const fn seconds(self) -> i32 {
        self.seconds
    }

    /// What is to be done when it is over.
    pub const fn mode(self) -> ByMode {
        self.mode
    }

    /// The least time, in seconds, that a server says it takes (RFC 2852 §2). Options may stand behind it, and commas.
    pub(crate) fn least(offered: &str) -> Option<i64> {
        offered.split([',', ' ']).next()?.parse().ok()
    }

    /// Whether it is to be returned sooner than a server with that least time can.
    pub(crate) fn is_too_soon(self, least: i64) -> bool {
        self.mode == ByMode::Return && i64::from(self.seconds) < least
    }
}

impl From<DeliverBy> for Param {
    fn from(by: DeliverBy) -> Self {
        let mode = if by.mode == ByMode::Notify { "N" } else { "R" };
        let trace = if by.trace { "T" } else { "" };
        Self::checked(format!("BY={};{mode}{trace}", by.seconds))
    }
}

/// How urgent a message is: `MT-PRIORITY=` (RFC 6710 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Priority(i8);

impl Priority {
    /// From -9, the least, to 9.
    ///
    /// # Errors
    ///
    /// Another number.
    pub fn new(priority: i8) -> Result<Self, ParamError> {
        if (-9..=9).contains(&priority) { Ok(Self(priority)) } else { Err(ParamError::BadValue) }
    }
}

impl From<Priority> for Param {
    fn from(priority: Priority) -> Self {
        Self::checked(format!("MT-PRIORITY={}", priority.0))
    }
}

/// How long the server is to hold a message before it sends it on (RFC 4865 section 3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hold(Param);

impl Hold {
    /// `HOLDFOR=`: so many seconds.
    ///
    /// # Errors
    ///
    /// None, or more than nine digits of them.
    pub fn seconds(seconds: u32) -> Result<Self, ParamError> {
        if !(1..=999_999_999).contains(&seconds) {
            return Err(ParamError::BadValue);
        }
        Ok(Self(Param::checked(format!("HOLDFOR={seconds}"))))
    }

    /// `HOLDUNTIL=`: a moment in UTC, as RFC 3339 writes it: `2026-12-24T18:00:00Z`. Text, because this floor knows no
    /// calendar.
    ///
    /// # Errors
    ///
    /// Another form.
    pub fn until(moment: &str) -> Result<Self, ParamError> {
        if !is_moment(moment) {
            return Err(ParamError::BadValue);
        }
        Ok(Self(Param::checked(format!("HOLDUNTIL={moment}"))))
    }
}

impl From<Hold> for Param {
    fn from(hold: Hold) -> Self {
        hold.0
    }
}

/// `YYYY-MM-DDTHH:MM:SSZ` with numbers that a calendar and a clock may have. Two of them compare as text.
pub(crate) fn is_moment(text: &str) -> bool {
    let form = b"0000-00-00T00:00:00Z";
    let fits = text.len() == form.len()
        && text.bytes().zip(form).all(|(b, &f)| if f == b'0' { b.is_ascii_digit() } else { b == f });
    let within = |at: usize, low: u8, high: u8| {
        text.get(at..at + 2).and_then(|two| two.parse().ok()).is_some_and(|n| (low..=high).contains(&n))
    };
    fits && within(5, 1, 12)
        && within(8, 1, 31)
        && within(11, 0, 23)
        && within(14, 0, 59)
        && within(17, 0, 60)
}

/// What kinds of solicitation a message is: `SOLICIT=` (RFC 3865 section 2.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Solicitation(Param);

impl Solicitation {
    /// From class keywords, each a name that its owner has registered as a domain: `net.example:ADV`.
    ///
    /// # Errors
    ///
    /// No keyword, one that isn't a letter followed by letters, digits and `.-_:`, or too many.
    pub fn new<'a>(classes: impl IntoIterator<Item = &'a str>) -> Result<Self, ParamError> {
        let classes: Vec<&str> = classes.into_iter().collect();
        if classes.is_empty() || !classes.iter().all(|class| is_class(class)) {
            return Err(ParamError::BadValue);
        }
        Param::new("SOLICIT", Some(&classes.join(","))).map(Self)
    }
}

impl From<Solicitation> for Param {
    fn from(solicitation: Solicitation) -> Self {
        solicitation.0
    }
}

pub(crate) fn is_class(class: &str) -> bool {
    class.starts_with(|c: char| c.is_ascii_alphabetic())
        && class.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:".contains(&b))
}

impl Param {
    /// `REQUIRETLS` of MAIL (RFC 8689): deliver it over verified TLS all the way, or not at all.
    pub fn require_tls() -> Self {
        Self::checked("REQUIRETLS".to_owned())
    }

    /// `PRDR` of MAIL (draft-hall-prdr): a reply for each recipient behind the content.
    pub fn prdr() -> Self {
        Self::checked("PRDR".to_owned())
    }

    /// `SMTPUTF8` of MAIL (RFC 6531): the message has UTF-8 in its headers. For addresses it is sent unasked.
    pub fn smtputf8() -> Self {
        Self::checked("SMTPUTF8".to_owned())
    }

    /// `AUTH=` of MAIL (RFC 4954 section 5): who submitted the message first, as xtext; `<>` if that isn't known, which
    /// `None` and the null path both say.
    pub fn submitter(mailbox: Option<&Address>) -> Self {
        let known = mailbox.filter(|mailbox| !mailbox.is_null());
        let value =
            known.map_or_else(|| "<>".to_owned(), |mailbox| xtext::encode(mailbox.as_str().as_bytes()));
        Self::checked(format!("AUTH={value}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(param: impl Into<Param>) -> String {
        param.into().as_str().to_owned()
    }

    #[test]
    fn deliver_by() {
        for (by, expected) in [
            (DeliverBy::new(120, ByMode::Return, false), "BY=120;R"),
            (DeliverBy::new(-5, ByMode::Notify, true), "BY=-5;NT"),
            (DeliverBy::new(999_999_999, ByMode::Return, true), "BY=999999999;RT"),
        ] {
            let by = by.unwrap();
            assert_eq!(text(by), expected);
            assert_eq!(DeliverBy::read(&expected[3..]), Some(by));
        }
        assert!(DeliverBy::new(0, ByMode::Return, false).is_err(), "RFC 2852 section 4: only in the future");
        assert!(DeliverBy::new(0, ByMode::Notify, false).is_ok());
        for seconds in [1_000_000_000, -1_000_000_000, i32::MIN] {
            assert!(DeliverBy::new(seconds, ByMode::Notify, false).is_err());
        }
        for bad in ["", "12", "12;", "12;X", ";R", "x;R", "0;R", "1;R;T"] {
            assert_eq!(DeliverBy::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn priorities() {
        assert_eq!(
            (text(Priority::new(-9).unwrap()), text(Priority::new(0).unwrap())),
            ("MT-PRIORITY=-9".into(), "MT-PRIORITY=0".into())
        );
        assert!(Priority::new(10).is_err() && Priority::new(-10).is_err());
    }

    #[test]
    fn submitters() {
        let of = |mailbox: &str| text(Param::submitter(Some(&Address::new(mailbox).unwrap())));
        assert_eq!(of("e=mc2@example.com"), "AUTH=e+3Dmc2@example.com", "the example of RFC 4954 section 5");
        assert_eq!(of("<\"a b\"@x>"), "AUTH=\"a+20b\"@x");
        assert_eq!(of("j\u{fc}@x"), "AUTH=j+C3+BC@x");
        assert_eq!((of(""), text(Param::submitter(None))), ("AUTH=<>".into(), "AUTH=<>".into()));
    }

    #[test]
    fn holds() {
        assert_eq!(text(Hold::seconds(60).unwrap()), "HOLDFOR=60");
        assert!(Hold::seconds(0).is_err() && Hold::seconds(1_000_000_000).is_err());
        assert_eq!(text(Hold::until("2026-12-24T18:00:00Z").unwrap()), "HOLDUNTIL=2026-12-24T18:00:00Z");
        for bad in [
            "",
            "2026-12-24",
            "2026-13-24T18:00:00Z",
            "2026-12-32T18:00:00Z",
            "2026-12-24T24:00:00Z",
            "2026-12-24T18:60:00Z",
            "2026-12-24T18:00:00+01:00",
            "2026-12-24T18:00:00Z\r\n",
            "2026-12-2\u{e9}T18:00:00Z",
        ] {
            assert!(Hold::until(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn solicitations() {
        assert_eq!(
            text(Solicitation::new(["net.example:ADV", "org.x"]).unwrap()),
            "SOLICIT=net.example:ADV,org.x"
        );
        for bad in ["", "1x", "a,b", "a b", "a\r\n", "a=b"] {
            assert!(Solicitation::new([bad]).is_err(), "{bad:?}");
        }
        assert!(Solicitation::new([]).is_err());
    }
}

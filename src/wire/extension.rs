//! The extensions that this library knows, by the keyword that EHLO gives them, and whose parameters are whose.
//!
//! Plain names and sets of them: nothing here decides what is sent.

use std::fmt;

/// A service extension (RFC 5321 section 2.2) that the library acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Extension {
    /// AUTH (RFC 4954).
    Auth,
    /// BINARYMIME (RFC 3030).
    BinaryMime,
    /// CHUNKING (RFC 3030).
    Chunking,
    /// DELIVERBY (RFC 2852).
    DeliverBy,
    /// DSN (RFC 3461).
    Dsn,
    /// 8BITMIME (RFC 6152).
    EightBitMime,
    /// ENHANCEDSTATUSCODES (RFC 2034).
    EnhancedStatusCodes,
    /// ETRN (RFC 1985).
    Etrn,
    /// EXPN (RFC 5321 section 3.5).
    Expn,
    /// FUTURERELEASE (RFC 4865).
    FutureRelease,
    /// LIMITS (RFC 9422).
    Limits,
    /// MT-PRIORITY (RFC 6710).
    MtPriority,
    /// NO-SOLICITING (RFC 3865).
    NoSoliciting,
    /// PIPECONNECT, or one of the two names it bore before (Exim).
    PipeConnect,
    /// PIPELINING (RFC 2920).
    Pipelining,
    /// PRDR (draft-hall-prdr).
    Prdr,
    /// REQUIRETLS (RFC 8689).
    RequireTls,
    /// SIZE (RFC 1870).
    Size,
    /// SMTPUTF8 (RFC 6531).
    Smtputf8,
    /// STARTTLS (RFC 3207).
    Starttls,
    /// VRFY (RFC 5321 section 3.5).
    Vrfy,
    /// XCLIENT (Postfix).
    Xclient,
    /// XFORWARD (Postfix).
    Xforward,
}

impl Extension {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::Auth,
        Self::BinaryMime,
        Self::Chunking,
        Self::DeliverBy,
        Self::Dsn,
        Self::EightBitMime,
        Self::EnhancedStatusCodes,
        Self::Etrn,
        Self::Expn,
        Self::FutureRelease,
        Self::Limits,
        Self::MtPriority,
        Self::NoSoliciting,
        Self::PipeConnect,
        Self::Pipelining,
        Self::Prdr,
        Self::RequireTls,
        Self::Size,
        Self::Smtputf8,
        Self::Starttls,
        Self::Vrfy,
        Self::Xclient,
        Self::Xforward,
    ];

    /// The keyword in EHLO's reply.
    pub const fn keyword(self) -> &'static str {
        match self {
            Self::Auth => "AUTH",
            Self::BinaryMime => "BINARYMIME",
            Self::Chunking => "CHUNKING",
            Self::DeliverBy => "DELIVERBY",
            Self::Dsn => "DSN",
            Self::EightBitMime => "8BITMIME",
            Self::EnhancedStatusCodes => "ENHANCEDSTATUSCODES",
            Self::Etrn => "ETRN",
            Self::Expn => "EXPN",
            Self::FutureRelease => "FUTURERELEASE",
            Self::Limits => "LIMITS",
            Self::MtPriority => "MT-PRIORITY",
            Self::NoSoliciting => "NO-SOLICITING",
            Self::PipeConnect => "PIPECONNECT",
            Self::Pipelining => "PIPELINING",
            Self::Prdr => "PRDR",
            Self::RequireTls => "REQUIRETLS",
            Self::Size => "SIZE",
            Self::Smtputf8 => "SMTPUTF8",
            Self::Starttls => "STARTTLS",
            Self::Vrfy => "VRFY",
            Self::Xclient => "XCLIENT",
            Self::Xforward => "XFORWARD",
        }
    }

    /// The extension of that keyword, in any case.
    pub fn from_keyword(keyword: &str) -> Option<Self> {
        let is = |name: &str| keyword.eq_ignore_ascii_case(name);
        if is("PIPE_CONNECT") || is("X_PIPE_CONNECT") {
            return Some(Self::PipeConnect);
        }
        Self::ALL.into_iter().find(|extension| is(extension.keyword()))
    }

    /// The extension that brings a parameter of MAIL. `None`: no one that the library knows, or one that it leaves alone
    /// (AUTH).
    pub fn of_mail(keyword: &str) -> Option<Self> {
        find(keyword, &MAIL)
    }

    /// The extension that brings a parameter of RCPT.
    pub fn of_rcpt(keyword: &str) -> Option<Self> {
        find(keyword, &RCPT)
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword())
    }
}

const MAIL: [(&str, Extension); 12] = [
    ("SIZE", Extension::Size),
    ("BODY", Extension::EightBitMime),
    ("SMTPUTF8", Extension::Smtputf8),
    ("RET", Extension::Dsn),
    ("ENVID", Extension::Dsn),
    ("BY", Extension::DeliverBy),
    ("MT-PRIORITY", Extension::MtPriority),
    ("HOLDFOR", Extension::FutureRelease),
    ("HOLDUNTIL", Extension::FutureRelease),
    ("REQUIRETLS", Extension::RequireTls),
    ("SOLICIT", Extension::NoSoliciting),
    ("PRDR", Extension::Prdr),
];
const RCPT: [(&str, Extension); 2] = [("NOTIFY", Extension::Dsn), ("ORCPT", Extension::Dsn)];

fn find(keyword: &str, table: &[(&str, Extension)]) -> Option<Extension> {
    table.iter().find(|(name, _)| name.eq_ignore_ascii_case(keyword)).map(|&(_, extension)| extension)
}

/// A set of extensions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ExtensionSet(u32);

impl ExtensionSet {
    /// None of them.
    pub const EMPTY: Self = Self(0);

    /// Adds one.
    pub const fn insert(&mut self, extension: Extension) {
        self.0 |= 1 << extension as u8;
    }

    /// Takes one out.
    pub const fn remove(&mut self, extension: Extension) {
        self.0 &= !(1 << extension as u8);
    }

    /// Whether it is among them.
    pub const fn contains(self, extension: Extension) -> bool {
        self.0 & 1 << extension as u8 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that aren't in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Each of them, in the order of [`Extension::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Extension> {
        Extension::ALL.into_iter().filter(move |&extension| self.contains(extension))
    }
}

impl FromIterator<Extension> for ExtensionSet {
    fn from_iter<T: IntoIterator<Item = Extension>>(extensions: T) -> Self {
        let mut set = Self::EMPTY;
        extensions.into_iter().for_each(|extension| set.insert(extension));
        set
    }
}

impl fmt::Debug for ExtensionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// The keywords, separated by spaces.
impl fmt::Display for ExtensionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, extension) in self.iter().enumerate() {
            if at > 0 {
                f.write_str(" ")?;
            }
            f.write_str(extension.keyword())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found_in_any_case() {
        for extension in Extension::ALL {
            assert_eq!(Extension::from_keyword(&extension.keyword().to_ascii_lowercase()), Some(extension));
        }
        assert_eq!(Extension::from_keyword("x_pipe_connect"), Some(Extension::PipeConnect));
        assert_eq!(Extension::from_keyword("XEXDATA"), None);
    }

    #[test]
    fn each_parameter_has_its_command() {
        assert_eq!(Extension::of_mail("by"), Some(Extension::DeliverBy));
        assert_eq!(Extension::of_rcpt("BY"), None, "RFC 2852 section 4: on MAIL");
        assert_eq!(Extension::of_mail("NOTIFY"), None);
        assert_eq!(Extension::of_rcpt("orcpt"), Some(Extension::Dsn));
        assert_eq!(Extension::of_mail("X-NEW"), None);
    }

    #[test]
    fn sets() {
        let mut set: ExtensionSet = [Extension::Xforward, Extension::Auth].into_iter().collect();
        assert_eq!(set.to_string(), "AUTH XFORWARD");
        assert!(set.contains(Extension::Auth) && !set.contains(Extension::Dsn) && !set.is_empty());
        set.remove(Extension::Auth);
        set.remove(Extension::Dsn);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Extension::Xforward]);
        assert!(set.without(set).is_empty() && set.union(ExtensionSet::EMPTY) == set);
        assert_eq!(Extension::ALL.into_iter().collect::<ExtensionSet>().iter().count(), Extension::ALL.len());
    }
}

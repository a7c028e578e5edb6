//! What a server offers: the reply to EHLO or LHLO (RFC 5321 section 4.1.1.1).
//!
//! Every keyword is kept as sent; those the library acts on are also kept typed, so that asking costs
//! nothing. What isn't understood is never an error: an extension we can't read is one we don't use.

use super::{Reply, ReplyRef};

/// The extensions that a server offers. The default offers nothing, as after HELO.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    domain: Box<str>,
    /// Keywords in upper case, with their parameters; in the order sent.
    keywords: Vec<(Box<str>, Box<str>)>,
    known: Known,
    size: Option<u64>,
    limits: Limits,
}

/// How much a server takes in one session or transaction (LIMITS, RFC 9422). `None`: it doesn't say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// RCPT commands in one transaction.
    pub rcpt_max: Option<u32>,
    /// MAIL commands in one session.
    pub mail_max: Option<u32>,
    /// Distinct recipient domains in one session.
    pub rcpt_domain_max: Option<u32>,
}

/// The keywords that accessors ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    pipelining: bool,
    chunking: bool,
    eight_bit_mime: bool,
    smtputf8: bool,
    dsn: bool,
    enhanced_status_codes: bool,
    binarymime: bool,
    starttls: bool,
    pipeconnect: bool,
}

/// What may stand between words (RFC 5321 section 4.1.1.1 has the space only). Nothing else is blank: a form feed is a part
/// of the word that it stands in.
const BLANKS: [char; 2] = [' ', '\t'];

impl Capabilities {
    /// Reads the reply to EHLO or LHLO. Its code isn't looked at.
    ///
    /// Keywords may be of any case; empty lines are ignored; of a keyword sent twice the first counts
    /// (the mechanisms of several AUTH lines are put together). `AUTH=PLAIN`, the form that old servers
    /// send for old clients, is read as `AUTH PLAIN`. What isn't UTF-8 is replaced.
    pub fn from_reply(reply: &Reply) -> Self {
        Self::read(reply.as_ref())
    }

    fn read(reply: ReplyRef<'_>) -> Self {
        let mut this = Self::default();
        for (index, line) in reply.text_lines().enumerate() {
            let line = String::from_utf8_lossy(line);
            let line = line.trim_matches(BLANKS);
            if index == 0 {
                this.domain = line.split(BLANKS).next().unwrap_or_default().into();
                continue;
            }
            let (keyword, params) = line.split_once([' ', '\t', '=']).unwrap_or((line, ""));
            if !keyword.is_empty() {
                this.add(&keyword.to_ascii_uppercase(), params.trim_matches(BLANKS));
            }
        }
        this.learn();
        this
    }

    /// The name by which the server calls itself; empty if it gave none.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether `keyword` (of any case) is offered.
    pub fn has(&self, keyword: &str) -> bool {
        self.params(keyword).is_some()
    }

    /// The parameters of `keyword` (of any case): empty if it has none, `None` if it isn't offered.
    pub fn params(&self, keyword: &str) -> Option<&str> {
        self.iter().find(|(name, _)| name.eq_ignore_ascii_case(keyword)).map(|(_, params)| params)
    }

    /// All keywords, in upper case, with their parameters, in the order sent.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.keywords.iter().map(|(keyword, params)| (&**keyword, &**params))
    }

    /// PIPELINING (RFC 2920), with or without parameters.
    pub fn pipelining(&self) -> bool {
        self.known.pipelining
    }

    /// CHUNKING (RFC 3030): BDAT may be used.
    pub fn chunking(&self) -> bool {
        self.known.chunking
    }

    /// 8BITMIME (RFC 6152).
    pub fn eight_bit_mime(&self) -> bool {
        self.known.eight_bit_mime
    }

    /// SMTPUTF8 (RFC 6531).
    pub fn smtputf8(&self) -> bool {
        self.known.smtputf8
    }

    /// DSN (RFC 3461).
    pub fn dsn(&self) -> bool {
        self.known.dsn
    }

    /// ENHANCEDSTATUSCODES (RFC 2034).
    pub fn enhanced_status_codes(&self) -> bool {
        self.known.enhanced_status_codes
    }

    /// BINARYMIME (RFC 3030).
    pub fn binarymime(&self) -> bool {
        self.known.binarymime
    }

    /// STARTTLS (RFC 3207).
    pub fn starttls(&self) -> bool {
        self.known.starttls
    }

    /// Early pipelining: PIPECONNECT, or one of the two names it bore before.
    pub fn pipeconnect(&self) -> bool {
        self.known.pipeconnect
    }

    /// SIZE (RFC 1870): the largest content taken, in octets. `Some(0)`: offered, with no limit that
    /// could be read. `None`: not offered.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// LIMITS (RFC 9422). Values of 0 and values that can't be read are ignored.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The same without `keyword` (of any case), for policies that don't want it used.
    #[must_use]
    pub fn without(mut self, keyword: &str) -> Self {
        self.keywords.retain(|(name, _)| !name.eq_ignore_ascii_case(keyword));
        self.learn();
        self
    }

    fn add(&mut self, keyword: &str, params: &str) {
        if keyword == "AUTH"
            && let Some((_, known)) = self.keywords.iter_mut().find(|(name, _)| &**name == keyword)
        {
            let mut all: Vec<&str> = known.split_ascii_whitespace().collect();
            for mechanism in params.split_ascii_whitespace() {
                if !all.iter().any(|known| known.eq_ignore_ascii_case(mechanism)) {
                    all.push(mechanism);
                }
            }
            *known = all.join(" ").into();
            return;
        }
        self.keywords.push((keyword.into(), params.into()));
    }

    /// Derives what is kept typed from the keywords.
    fn learn(&mut self) {
        self.known = Known {
            pipelining: self.has("PIPELINING"),
            chunking: self.has("CHUNKING"),
            eight_bit_mime: self.has("8BITMIME"),
            smtputf8: self.has("SMTPUTF8"),
            dsn: self.has("DSN"),
            enhanced_status_codes: self.has("ENHANCEDSTATUSCODES"),
            binarymime: self.has("BINARYMIME"),
            starttls: self.has("STARTTLS"),
            pipeconnect: ["PIPECONNECT", "PIPE_CONNECT", "X_PIPE_CONNECT"].iter().any(|name| self.has(name)),
        };
        self.size = self.params("SIZE").map(read_size);
        self.limits = self.params("LIMITS").map(Limits::read).unwrap_or_default();
    }
}

impl Limits {
    fn read(params: &str) -> Self {
        let mut limits = Self::default();
        for (name, value) in params.split_ascii_whitespace().filter_map(|param| param.split_once('=')) {
            let value = digits(value).and_then(|value| value.parse().ok()).filter(|&value| value > 0);
            let slot = match &*name.to_ascii_uppercase() {
                "RCPTMAX" => &mut limits.rcpt_max,
                "MAILMAX" => &mut limits.mail_max,
                "RCPTDOMAINMAX" => &mut limits.rcpt_domain_max,
                _ => continue,
            };
            *slot = slot.or(value);
        }
        limits
    }
}

/// The limit that SIZE states. One beyond 64 bits is as good as the largest number.
fn read_size(params: &str) -> u64 {
    let first = params.split_ascii_whitespace().next().unwrap_or_default();
    digits(first).map_or(0, |value| value.parse().unwrap_or(u64::MAX))
}

/// `text` if it's digits and nothing else: `parse` would take a sign as well.
fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(text: &str) -> Capabilities {
        Capabilities::from_reply(&Reply::new(250, text.as_bytes()))
    }

    #[test]
    fn a_modern_server() {
        let caps = offered(
            "mx.example.org Hello\nPIPELINING\nSIZE 10240000\nETRN\nSTARTTLS\nENHANCEDSTATUSCODES\n\
             8BITMIME\nDSN\nSMTPUTF8\nCHUNKING\nBINARYMIME\nPIPECONNECT\nLIMITS MAILMAX=1000 RCPTMAX=50000",
        );
        assert_eq!(caps.domain(), "mx.example.org");
        assert!(
            caps.pipelining() && caps.chunking() && caps.eight_bit_mime() && caps.smtputf8() && caps.dsn()
        );
        assert!(caps.enhanced_status_codes() && caps.binarymime() && caps.starttls() && caps.pipeconnect());
        assert_eq!(caps.size(), Some(10_240_000));
        let limits = Limits { rcpt_max: Some(50_000), mail_max: Some(1000), rcpt_domain_max: None };
        assert_eq!(caps.limits(), limits);
        assert_eq!(caps.iter().count(), 12);
        assert!(caps.has("etrn") && !caps.has("VRFY"));
    }

    #[test]
    fn nothing_is_offered_by_default() {
        let caps = Capabilities::default();
        assert_eq!(caps, offered(""));
        assert_eq!(caps.known, Known::default());
        assert_eq!((caps.domain(), caps.size(), caps.limits()), ("", None, Limits::default()));
        assert_eq!(offered("PIPELINING").known, Known::default(), "the first line is the greeting");
    }

    #[test]
    fn keywords_of_any_case_with_or_without_parameters() {
        assert!(offered("mx\npipelining").pipelining());
        assert!(offered("mx\nPipelining of some kind").pipelining());
        assert!(!offered("mx\nPIPELINING2").pipelining());
        assert_eq!(offered("mx\npipelining\tx").iter().next(), Some(("PIPELINING", "x")));
    }

    #[test]
    fn odd_lines_do_no_harm() {
        let caps = offered("mx\n\n   \n=x\n X-Y  z \nDSN\n");
        assert_eq!(caps.iter().collect::<Vec<_>>(), [("X-Y", "z"), ("DSN", "")]);
        let caps = Capabilities::from_reply(&Reply::new(250, b"m\xff\nX\xff y\xfe"));
        assert_eq!(caps.domain(), "m\u{fffd}");
        assert_eq!(caps.iter().next(), Some(("X\u{fffd}", "y\u{fffd}")));
    }

    #[test]
    fn nothing_but_space_and_tab_is_blank() {
        let caps = offered("mx\u{b} \tx\n\t DSN\u{c}\t \nX \u{a0}y");
        assert_eq!(caps.domain(), "mx\u{b}");
        assert_eq!(caps.iter().collect::<Vec<_>>(), [("DSN\u{c}", ""), ("X", "\u{a0}y")]);
        assert!(!caps.dsn());
    }

    #[test]
    fn auth_in_both_forms() {
        assert_eq!(offered("mx\nAUTH=PLAIN LOGIN").params("auth"), Some("PLAIN LOGIN"));
        let caps = offered("mx\nAUTH PLAIN LOGIN\nAUTH=login CRAM-MD5\nDSN");
        assert_eq!(caps.params("AUTH"), Some("PLAIN LOGIN CRAM-MD5"));
        assert_eq!(caps.iter().count(), 2);
    }

    #[test]
    fn sizes() {
        for (line, size) in [
            ("SIZE", Some(0)),
            ("SIZE 0", Some(0)),
            ("size 52428800", Some(52_428_800)),
            ("SIZE=77", Some(77)),
            ("SIZE 1000 2", Some(1000)),
            ("SIZE unlimited", Some(0)),
            ("SIZE -1", Some(0)),
            ("SIZE +1", Some(0)),
            ("SIZE 99999999999999999999999", Some(u64::MAX)),
            ("SIZES 5", None),
        ] {
            assert_eq!(offered(&format!("mx\n{line}")).size(), size, "{line}");
        }
    }

    #[test]
    fn limits_that_make_no_sense_are_ignored() {
        let limits =
            offered("mx\nlimits rcptmax=0 MAILMAX=x RCPTDOMAINMAX=7 RCPTDOMAINMAX=8 NEW=1 MAILMAX").limits();
        assert_eq!(limits, Limits { rcpt_domain_max: Some(7), ..Limits::default() });
        let limits = offered("mx\nLIMITS RCPTMAX=+5 MAILMAX=99999999999").limits();
        assert_eq!(limits, Limits::default());
    }

    #[test]
    fn a_policy_can_hide_a_keyword() {
        let caps = offered("mx\nPIPELINING\nSIZE 5\nX_PIPE_CONNECT").without("pipelining").without("SIZE");
        assert!(!caps.pipelining() && !caps.has("PIPELINING") && caps.pipeconnect());
        assert_eq!(caps.size(), None);
    }

    #[test]
    fn all_names_of_early_pipelining() {
        for name in ["PIPECONNECT", "PIPE_CONNECT", "X_PIPE_CONNECT", "x_pipe_connect"] {
            assert!(offered(&format!("mx\n{name}")).pipeconnect(), "{name}");
        }
    }
}

//! The verbs that commands begin with, and the two steps of a session that have a reply but no verb.

/// What a reply is an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verb {
    /// Nothing: the server speaks first.
    Greeting,
    /// EHLO.
    Ehlo,
    /// HELO.
    Helo,
    /// LHLO (RFC 2033).
    Lhlo,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, as far as its 354.
    Data,
    /// The end of the content that follows DATA: the lone dot.
    Content,
    /// BDAT (RFC 3030).
    Bdat,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
    /// NOOP.
    Noop,
    /// VRFY.
    Vrfy,
    /// EXPN.
    Expn,
    /// HELP.
    Help,
    /// ETRN (RFC 1985).
    Etrn,
    /// STARTTLS (RFC 3207).
    Starttls,
    /// AUTH (RFC 4954).
    Auth,
    /// XCLIENT (Postfix).
    Xclient,
    /// XFORWARD (Postfix).
    Xforward,
    /// SEND (RFC 821).
    Send,
    /// SOML (RFC 821).
    Soml,
    /// SAML (RFC 821).
    Saml,
    /// TURN (RFC 821).
    Turn,
    /// Any other.
    Other,
}

/// All that can stand at the head of a line.
const SPELT: [(Verb, &str); 22] = [
    (Verb::Mail, "MAIL"),
    (Verb::Rcpt, "RCPT"),
    (Verb::Bdat, "BDAT"),
    (Verb::Rset, "RSET"),
    (Verb::Data, "DATA"),
    (Verb::Ehlo, "EHLO"),
    (Verb::Helo, "HELO"),
    (Verb::Lhlo, "LHLO"),
    (Verb::Quit, "QUIT"),
    (Verb::Noop, "NOOP"),
    (Verb::Vrfy, "VRFY"),
    (Verb::Expn, "EXPN"),
    (Verb::Help, "HELP"),
    (Verb::Etrn, "ETRN"),
    (Verb::Starttls, "STARTTLS"),
    (Verb::Auth, "AUTH"),
    (Verb::Xclient, "XCLIENT"),
    (Verb::Xforward, "XFORWARD"),
    (Verb::Send, "SEND"),
    (Verb::Soml, "SOML"),
    (Verb::Saml, "SAML"),
    (Verb::Turn, "TURN"),
];

impl Verb {
    /// The verb of a command line (without its line end), of any case. [`Verb::Greeting`] and
    /// [`Verb::Content`] are never returned.
    pub fn of(line: &[u8]) -> Self {
        // The usual verbs have four letters: one comparison each, on the letters as a number.
        if let [a, b, c, d, rest @ ..] = line
            && matches!(rest, [] | [b' ' | b'\t', ..])
        {
            return match &[*a, *b, *c, *d].map(|byte| byte.to_ascii_uppercase()) {
                b"MAIL" => Self::Mail,
                b"RCPT" => Self::Rcpt,
                b"BDAT" => Self::Bdat,
                b"RSET" => Self::Rset,
                b"DATA" => Self::Data,
                word => SPELT
                    .iter()
                    .find(|(_, text)| text.as_bytes() == word)
                    .map_or(Self::Other, |&(verb, _)| verb),
            };
        }
        let word = line.split(|byte| matches!(byte, b' ' | b'\t')).next().unwrap_or_default();
        [Self::Starttls, Self::Xclient, Self::Xforward]
            .into_iter()
            .find(|verb| word.eq_ignore_ascii_case(verb.as_str().as_bytes()))
            .unwrap_or(Self::Other)
    }

    /// The verb as it's written; `greeting`, `content` and `other` for what has none.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "greeting",
            Self::Content => "content",
            verb => SPELT.iter().find(|&&(spelt, _)| spelt == verb).map_or("other", |&(_, text)| text),
        }
    }
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_is_known_in_any_case() {
        for (verb, text) in SPELT {
            assert_eq!(verb.as_str(), text);
            assert_eq!(Verb::of(text.as_bytes()), verb);
            assert_eq!(Verb::of(format!("{} x", text.to_lowercase()).as_bytes()), verb);
            assert_eq!(Verb::of(format!("{text}\tx").as_bytes()), verb);
            assert_eq!(Verb::of(format!("{text}X").as_bytes()), Verb::Other);
        }
    }

    #[test]
    fn anything_else_is_other() {
        for line in
            ["", " ", "X", "MAI", "MAIL:", " MAIL", "XEXCH50 1 2", "greeting", "content", "\u{e9}\u{e9}"]
        {
            assert_eq!(Verb::of(line.as_bytes()), Verb::Other, "{line:?}");
        }
    }

    #[test]
    fn pseudo_verbs_have_names() {
        let names = [Verb::Greeting, Verb::Content, Verb::Other].map(Verb::as_str);
        assert_eq!(names, ["greeting", "content", "other"]);
        assert_eq!(Verb::Rcpt.to_string(), "RCPT");
    }
}

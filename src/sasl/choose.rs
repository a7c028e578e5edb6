//! Which mechanism is used: the strongest that the server offers, the credentials suit and the line is safe for. Decided
//! before an octet of the credentials is sent.

use super::{Credentials, Mechanism, scram};

/// What may be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// These, in this order; at least one.
    Mechanisms(Vec<Mechanism>),
    /// None in common but such as show the password or token to whoever listens.
    OnlyClearText(Mechanism),
    /// None in common.
    Nothing,
}

/// Chooses among `offered`, the parameters of AUTH. `private`: nobody else can read what is said; `bound`: there is a TLS
/// connection to bind to.
pub(crate) fn choose(offered: &str, credentials: &Credentials, private: bool, bound: bool) -> Choice {
    let is_offered = |mechanism: &Mechanism| {
        offered.split_ascii_whitespace().any(|name| name.eq_ignore_ascii_case(mechanism.as_str()))
    };
    let mut common: Vec<Mechanism> = Mechanism::ALL
        .into_iter()
        .filter(|&mechanism| credentials.suit(mechanism) && (bound || !mechanism.is_bound()))
        .filter(is_offered)
        .collect();
    if common.iter().any(|&mechanism| scram::hash(mechanism).is_some()) && !scram::can_prepare(credentials) {
        common.retain(|&mechanism| scram::hash(mechanism).is_none());
    }
    let clear = common.iter().copied().find(|mechanism| mechanism.is_clear_text());
    if !private && !credentials.clear_text {
        common.retain(|mechanism| !mechanism.is_clear_text());
    }
    match (common.is_empty(), clear) {
        (false, _) => Choice::Mechanisms(common),
        (true, Some(mechanism)) => Choice::OnlyClearText(mechanism),
        (true, None) => Choice::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mechanism as M;

    fn password() -> Credentials {
        Credentials::password("user", "pencil").unwrap()
    }

    const ALL: &str =
        "LOGIN plain XOAUTH2 OAUTHBEARER CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-256-PLUS EXTERNAL";

    #[test]
    fn the_strongest_first() {
        assert_eq!(
            choose(ALL, &password(), true, true),
            Choice::Mechanisms(vec![
                M::ScramSha256Plus,
                M::ScramSha256,
                M::ScramSha1,
                M::CramMd5,
                M::Plain,
                M::Login
            ])
        );
        let token = Credentials::token("user", "token").unwrap();
        assert_eq!(choose(ALL, &token, true, true), Choice::Mechanisms(vec![M::OauthBearer, M::Xoauth2]));
        assert_eq!(
            choose(ALL, &Credentials::external(), false, false),
            Choice::Mechanisms(vec![M::External])
        );
    }

    #[test]
    fn nothing_in_clear_text_unless_told() {
        assert_eq!(
            choose(ALL, &password(), false, false),
            Choice::Mechanisms(vec![M::ScramSha256, M::ScramSha1, M::CramMd5])
        );
        assert_eq!(choose("LOGIN PLAIN", &password(), false, false), Choice::OnlyClearText(M::Plain));
        let told = password().even_in_clear_text(true);
        assert_eq!(choose("LOGIN PLAIN", &told, false, false), Choice::Mechanisms(vec![M::Plain, M::Login]));
        let token = Credentials::token("user", "token").unwrap();
        assert_eq!(choose(ALL, &token, false, false), Choice::OnlyClearText(M::OauthBearer));
    }

    #[test]
    fn restrictions_and_other_identities() {
        let only = password().only(&[M::Login, M::CramMd5]);
        assert_eq!(choose(ALL, &only, true, true), Choice::Mechanisms(vec![M::CramMd5, M::Login]));
        let other = password().acting_for("boss").unwrap();
        assert_eq!(choose("LOGIN CRAM-MD5 PLAIN", &other, true, true), Choice::Mechanisms(vec![M::Plain]));
        assert_eq!(choose("GSSAPI NTLM", &password(), true, true), Choice::Nothing);
        assert_eq!(choose("PLAINER SCRAM", &password(), true, true), Choice::Nothing);
    }

    #[test]
    fn a_password_that_scram_cannot_take_goes_another_way() {
        let odd = Credentials::password("user", "a\u{7}b").unwrap();
        assert_eq!(choose("SCRAM-SHA-256 PLAIN", &odd, true, true), Choice::Mechanisms(vec![M::Plain]));
    }
}

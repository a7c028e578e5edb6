//! Addresses that pass, addresses that don't, and why.

use proptest::prelude::*;

use super::*;

fn accepts(text: &str, local: &str, domain: Option<&str>) {
    for form in [text.to_owned(), format!("<{text}>")] {
        let address = Address::new(&form).unwrap_or_else(|error| panic!("{form:?}: {error}"));
        assert_eq!(address.as_str(), text);
        assert_eq!((address.local_part(), address.domain()), (local, domain), "{form:?}");
        assert_eq!(address.is_ascii(), text.is_ascii(), "{form:?}");
        assert_eq!(address.to_string(), text);
        assert!(!address.is_null());
    }
}

#[test]
fn mailboxes() {
    accepts("a@b", "a", Some("b"));
    accepts("john.doe+tag@mail.example.org", "john.doe+tag", Some("mail.example.org"));
    accepts("!#$%&'*+-/=?^_`{|}~@x_y.-z", "!#$%&'*+-/=?^_`{|}~", Some("x_y.-z"));
    accepts("a..b.@docomo.example", "a..b.", Some("docomo.example"));
    accepts("j\u{fc}rgen@b\u{fc}cher.example", "j\u{fc}rgen", Some("b\u{fc}cher.example"));
    accepts("a@b\u{fc}cher.example", "a", Some("b\u{fc}cher.example"));
}

#[test]
fn unqualified_local_parts() {
    accepts("postmaster", "postmaster", None);
    accepts("\"the root\"", "\"the root\"", None);
}

#[test]
fn quoted_local_parts() {
    accepts(r#""a b"@c"#, r#""a b""#, Some("c"));
    accepts(r#""a@b"@c"#, r#""a@b""#, Some("c"));
    accepts(r#""a\"\\b>"@c"#, r#""a\"\\b>""#, Some("c"));
    accepts(r#"""@c"#, r#""""#, Some("c"));
    accepts("\"\u{e9} x\"@c", "\"\u{e9} x\"", Some("c"));
}

#[test]
fn address_literals() {
    accepts("a@[192.0.2.1]", "a", Some("[192.0.2.1]"));
    accepts("a@[IPv6:2001:db8::1]", "a", Some("[IPv6:2001:db8::1]"));
    accepts("a@[x-tag:some!thing]", "a", Some("[x-tag:some!thing]"));
}

#[test]
fn the_null_reverse_path() {
    for text in ["", "<>"] {
        let null = Address::new(text).unwrap();
        assert_eq!(null, Address::null());
        assert!(null.is_null() && null.is_ascii());
        assert_eq!((null.as_str(), null.local_part(), null.domain()), ("", "", None));
    }
    assert!(!Address::new("a").unwrap().is_null());
}

#[test]
fn refusals_name_the_reason_and_the_place() {
    use AddressError::*;
    for (text, error) in [
        ("a\r\nRCPT TO:<x@y>", Control { at: 1 }),
        ("a@b\n", Control { at: 3 }),
        ("a@b\0", Control { at: 3 }),
        ("a\tb@c", Control { at: 1 }),
        ("a@[1.2.3.4\r\n]", Control { at: 10 }),
        ("\"a\r\n\"@b", Control { at: 2 }),
        ("\"a\\\r\n\"@b", Control { at: 3 }),
        ("a\u{85}b@c", Control { at: 1 }),
        ("a@b\u{9b}c", Control { at: 3 }),
        ("<a@b\u{7f}>", Control { at: 4 }),
        (" a@b", Space { at: 0 }),
        ("a b@c", Space { at: 1 }),
        ("a@b ", Space { at: 3 }),
        ("<a@b c>", Space { at: 4 }),
        ("a@b> SIZE=1", AngleBracket { at: 3 }),
        ("a>b@c", AngleBracket { at: 1 }),
        ("<a@b", AngleBracket { at: 0 }),
        ("a@b>", AngleBracket { at: 3 }),
        ("<<a@b>>", AngleBracket { at: 1 }),
        ("<", AngleBracket { at: 0 }),
        ("a@[t:<]", AngleBracket { at: 5 }),
        ("@a,@b:c@d", SourceRoute),
        ("<@a:c@d>", SourceRoute),
        ("@b", EmptyLocalPart),
        ("a,b@c", BadLocalPart { at: 1 }),
        ("a:b@c", BadLocalPart { at: 1 }),
        ("a\\b@c", BadLocalPart { at: 1 }),
        ("a\"b\"@c", BadLocalPart { at: 1 }),
        ("a(b)@c", BadLocalPart { at: 1 }),
        ("a@", BadDomain { at: 2 }),
        ("a@.b", BadDomain { at: 2 }),
        ("a@b.", BadDomain { at: 4 }),
        ("a@b..c", BadDomain { at: 4 }),
        ("a@b@c", BadDomain { at: 3 }),
        ("<a@b,c>", BadDomain { at: 4 }),
        ("a@[1.2.3]", BadLiteral { at: 2 }),
        ("a@[1.2.3.4", BadLiteral { at: 2 }),
        ("a@[1.2.3.4].b", BadLiteral { at: 2 }),
        ("a@1.2.3.4]", BadDomain { at: 9 }),
        ("\"a", BadQuotes { at: 2 }),
        ("\"", BadQuotes { at: 1 }),
        ("\"a\\\"", BadQuotes { at: 4 }),
        ("\"a\"b@c", BadQuotes { at: 3 }),
        ("\"a\" @c", BadQuotes { at: 3 }),
        ("\"a\\\u{e9}\"@c", BadQuotes { at: 3 }),
    ] {
        assert_eq!(Address::new(text), Err(error), "{text:?}");
    }
}

#[test]
fn limits() {
    let local = "l".repeat(64);
    let domain = |octets: usize| "d".repeat(octets);
    assert!(Address::new(&local).is_ok());
    assert_eq!(Address::new(&format!("{local}l")), Err(AddressError::LocalPartTooLong));
    assert_eq!(Address::new(&format!("{local}l@d")), Err(AddressError::LocalPartTooLong));
    // 254 octets and two brackets.
    let longest = format!("{local}@{}", domain(189));
    assert_eq!(longest.len(), 254);
    assert_eq!(Address::new(&longest).unwrap().as_str(), longest);
    assert_eq!(Address::new(&format!("{longest}d")), Err(AddressError::TooLong));
    assert_eq!(Address::new(&format!("a@{}", domain(255))), Err(AddressError::TooLong));
    assert_eq!(Address::new(&format!("a@{}", domain(256))), Err(AddressError::DomainTooLong));
    assert_eq!(Address::new(&"a".repeat(100_000)), Err(AddressError::LocalPartTooLong));
    let octets = "\u{e9}".repeat(33);
    assert_eq!(Address::new(&octets), Err(AddressError::LocalPartTooLong));
}

#[test]
fn messages_are_plain() {
    assert_eq!(Address::new("a b").unwrap_err().to_string(), "a space in the address (offset 1)");
}

proptest! {
    /// Whatever passes can be written between angle brackets.
    #[test]
    fn what_passes_is_safe(text in "[a-c@.\"\\\\<> \\[\\]:\r\n\0\u{85}\u{e9}1]{0,12}") {
        if let Ok(address) = Address::new(&text) {
            let text = address.as_str();
            prop_assert!(!text.chars().any(char::is_control));
            let quoted = text.starts_with('"');
            prop_assert!(quoted || !text.contains(['<', '>', ' ', '"', '\\']));
            prop_assert!(!quoted || text.get(1..).is_some_and(|rest| rest.contains('"')));
            prop_assert_eq!(Address::new(text), Ok(address.clone()));
            prop_assert_eq!(Address::new(&format!("<{text}>")), Ok(address.clone()));
            let joined = address.domain().map_or_else(
                || address.local_part().to_owned(),
                |domain| format!("{}@{domain}", address.local_part()),
            );
            prop_assert_eq!(joined, text);
        }
    }
}

//! The reply to EHLO. Any text is one; nothing offered is lost or invented; what is kept, written out again, is read the same.

use crate::choices::Choices;
use smtpipe::wire::{Capabilities, Reply};

pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let code = 200 + choices.byte() as u16;
    let reply = Reply::new(code, choices.rest());
    let offered = Capabilities::from_reply(&reply);
    check(&offered);
    let kept = offered.iter().filter(|(name, _)| *name != "AUTH").count();
    let sent = reply.lines().skip(1).filter(|line| keyword(line).is_some_and(|word| word != "AUTH")).count();
    assert_eq!(kept, sent, "each line is one keyword, AUTH excepted");
    for line in reply.lines().skip(1) {
        if let Some(word) = keyword(line) {
            assert!(offered.has(&word) && offered.has(&word.to_ascii_lowercase()), "{word} was lost");
        }
    }
    let mut text = offered.domain().to_owned();
    for (name, params) in offered.iter() {
        text.push_str(&format!("\n{name} {params}"));
    }
    assert_eq!(Capabilities::from_reply(&Reply::new(code, text.as_bytes())), offered, "written out again");
}

fn keyword(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line).into_owned();
    let word = text
        .trim_matches([' ', '\t'])
        .split([' ', '\t', '='])
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    (!word.is_empty()).then_some(word)
}

fn check(offered: &Capabilities) {
    assert!(!offered.domain().contains([' ', '\t', '\n']));
    for (name, params) in offered.iter() {
        assert!(!name.is_empty() && !name.contains([' ', '\t', '=', '\r', '\n', '\0']));
        assert!(!params.contains(['\r', '\n', '\0']));
        assert!(offered.params(name).is_some());
        assert!(!offered.clone().without(&name.to_ascii_lowercase()).has(name));
    }
    assert_eq!(offered.size().is_some(), offered.has("size"));
    assert_eq!(offered.pipelining(), offered.has("pipelining"));
    assert_eq!(offered.chunking(), offered.has("chunking"));
    assert_eq!(offered.eight_bit_mime(), offered.has("8bitmime"));
    assert_eq!(offered.starttls(), offered.has("starttls"));
    let limits = offered.limits();
    assert!([limits.rcpt_max, limits.mail_max, limits.rcpt_domain_max].iter().all(|limit| *limit != Some(0)));
}

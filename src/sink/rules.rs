//! Which scripted rule applies. The counts of a rule are those of the whole sink, not of a connection.

use std::io;

use super::options::{Rule, RuleAction, RuleStage};

#[derive(Debug)]
pub(super) struct Rules {
    rules: Vec<(Rule, u64)>,
}

impl Rules {
    /// Checks that every reply fits its stage.
    pub(super) fn new(rules: Vec<Rule>) -> io::Result<Self> {
        for rule in &rules {
            let (RuleAction::Reply(reply) | RuleAction::ReplyThenDrop(reply)) = &rule.action else {
                continue;
            };
            let fits = match (rule.at, reply.code()) {
                (_, 400..=599) | (RuleStage::Connect | RuleStage::StartTls, 220) | (RuleStage::Data, 354) => {
                    true
                }
                (at, 200..=299) => !matches!(at, RuleStage::Connect | RuleStage::Data | RuleStage::StartTls),
                _ => false,
            };
            if !fits {
                let message = format!("a rule's reply code {} does not fit its stage", reply.code());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        }
        Ok(Self { rules: rules.into_iter().map(|rule| (rule, 0)).collect() })
    }

    /// Whether there is nothing to look for.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The action of the first rule that applies now.
    pub(super) fn find(&mut self, at: RuleStage, text: &str) -> Option<&RuleAction> {
        for (rule, seen) in &mut self.rules {
            if rule.at != at
                || !(rule.pattern.is_empty() || matches(rule.pattern.as_bytes(), text.as_bytes()))
            {
                continue;
            }
            *seen = seen.saturating_add(1);
            let applied = seen.checked_sub(rule.after).filter(|&n| n > 0);
            if applied.is_some_and(|n| rule.count.is_none_or(|count| n <= count)) {
                return Some(&rule.action);
            }
        }
        None
    }
}

/// `*` stands for any run of characters. Linear but for the last star, which is all that can vary.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if text.get(t).is_some_and(|d| c.eq_ignore_ascii_case(d)) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, taken)) = star else { return false };
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|&c| c == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Reply;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("a@b", "A@B", true),
            ("a@b", "a@bc", false),
            ("reject*", "reject1@x", true),
            ("*@x", "a@y@x", true),
            ("*a*b*", "xxaxxb", true),
            ("*a*b", "ab ba", false),
            ("*", "", true),
            ("?", "x", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn counts() {
        let rule = Rule { after: 1, count: Some(2), ..Rule::new(RuleStage::Mail, "", RuleAction::Drop) };
        let mut rules = Rules::new(vec![rule, Rule::new(RuleStage::Mail, "x", RuleAction::Stall)]).unwrap();
        let found: Vec<_> = (0..5).map(|_| rules.find(RuleStage::Mail, "x").cloned()).collect();
        let (drop, stall) = (Some(RuleAction::Drop), Some(RuleAction::Stall));
        assert_eq!(found, [stall.clone(), drop.clone(), drop, stall.clone(), stall]);
        assert_eq!(rules.find(RuleStage::Rcpt, "x"), None);
    }

    #[test]
    fn replies_must_fit() {
        let rule = |at, code| vec![Rule::new(at, "", RuleAction::Reply(Reply::new(code, b"x")))];
        assert!(Rules::new(rule(RuleStage::Rcpt, 354)).is_err());
        assert!(Rules::new(rule(RuleStage::Data, 250)).is_err());
        assert!(Rules::new(rule(RuleStage::Rcpt, 251)).is_ok());
    }
}

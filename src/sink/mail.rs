//! The application behind each connection: says yes unless a rule says otherwise, and notes what was accepted.
//!
//! Counting allocates nothing per command: the texts of an envelope live in buffers that are used again.

use bytes::Bytes;

use super::ledger::{Received, SinkStats};
use super::login::Said;
use super::options::{Keep, RuleAction, RuleStage};
use super::rules::Rules;
use crate::server::Request;

/// Octets reserved for a chunk before they are there.
const RESERVE: usize = 1024 * 1024;

/// What to answer.
#[derive(Debug)]
pub(super) enum Answer<'r> {
    /// Nothing was asked.
    Nothing,
    Accept,
    /// 250, to one of several questions.
    Fine,
    Act(&'r RuleAction),
    /// What the other side of a SASL exchange says.
    Sasl(Said),
}

impl Answer<'_> {
    fn is_positive(&self) -> bool {
        match self {
            Self::Act(RuleAction::Reply(reply) | RuleAction::ReplyThenDrop(reply)) => reply.code() < 400,
            Self::Act(_) | Self::Sasl(_) => false,
            Self::Accept | Self::Fine | Self::Nothing => true,
        }
    }
}

/// The message under way on one connection.
#[derive(Debug)]
pub(super) struct Mail {
    connection: u64,
    keep: Keep,
    lmtp: bool,
    /// Who has logged in; empty for nobody.
    pub(super) user: String,
    /// Somebody will ask for the addresses.
    names: bool,
    sender: String,
    /// All recipients, one behind the other.
    recipients: String,
    /// Where each one ends.
    ends: Vec<usize>,
    mail_params: String,
    rcpt_params: Vec<String>,
    content: Vec<u8>,
    octets: u64,
    via_bdat: bool,
    /// Which recipients have been accepted after the content.
    delivered: Vec<bool>,
}

impl Mail {
    pub(super) fn new(connection: u64, keep: Keep, lmtp: bool, names: bool) -> Self {
        Self {
            connection,
            keep,
            lmtp,
            user: String::new(),
            names,
            sender: String::new(),
            recipients: String::new(),
            ends: Vec::new(),
            mail_params: String::new(),
            rcpt_params: Vec::new(),
            content: Vec::new(),
            octets: 0,
            via_bdat: false,
            delivered: Vec::new(),
        }
    }

    /// Answers a question, all but the end of content.
    #[inline]
    pub(super) fn ask<'r>(&mut self, request: &Request<'_>, rules: &'r mut Rules) -> Answer<'r> {
        match *request {
            Request::Content(piece) => {
                self.octets += piece.len() as u64;
                if self.keep == Keep::All {
                    self.content.extend_from_slice(piece);
                }
                Answer::Nothing
            }
            Request::Mail { from, params, .. } => {
                self.clear();
                if !self.names {
                    return Answer::Accept;
                }
                self.sender.push_str(from.as_str());
                if self.keep == Keep::All {
                    self.mail_params.push_str(params.as_str());
                }
                look_up(rules, RuleStage::Mail, from.as_str())
            }
            Request::Rcpt { .. } if !self.names => {
                self.ends.push(0);
                Answer::Accept
            }
            Request::Rcpt { to, params } => {
                let answer = look_up(rules, RuleStage::Rcpt, to.as_str());
                if answer.is_positive() {
                    self.recipients.push_str(to.as_str());
                    self.ends.push(self.recipients.len());
                    if self.keep == Keep::All {
                        self.rcpt_params.push(params.as_str().to_owned());
                    }
                }
                answer
            }
            Request::Bdat { size, .. } => {
                self.via_bdat = true;
                if self.keep == Keep::All {
                    // No more than a moderate guess: the size is only the client's word.
                    self.content.reserve(usize::try_from(size).map_or(RESERVE, |size| size.min(RESERVE)));
                }
                look_up(rules, RuleStage::Data, &self.sender)
            }
            Request::Data => look_up(rules, RuleStage::Data, &self.sender),
            Request::Rset => look_up(rules, RuleStage::Rset, ""),
            Request::Greeting => look_up(rules, RuleStage::Connect, ""),
            Request::Hello { name, .. } => look_up(rules, RuleStage::Hello, name),
            Request::StartTls => look_up(rules, RuleStage::StartTls, ""),
            Request::Quit => look_up(rules, RuleStage::Quit, ""),
            _ => Answer::Accept,
        }
    }

    /// Answers for the message, or under LMTP for its `index`th recipient.
    pub(super) fn verdict<'r>(&mut self, index: usize, rules: &'r mut Rules) -> Answer<'r> {
        let answer = if rules.is_empty() {
            Answer::Accept
        } else {
            let text = if self.lmtp { self.recipient(index) } else { &self.sender };
            look_up(rules, RuleStage::Content, text)
        };
        self.delivered.push(answer.is_positive());
        answer
    }

    /// All verdicts are in: notes what was accepted.
    pub(super) fn finish(&mut self, messages: &mut Vec<Received>, delta: &mut SinkStats) {
        let accepted =
            |index: usize| self.delivered.get(if self.lmtp { index } else { 0 }).copied().unwrap_or_default();
        let count = (0..self.ends.len()).filter(|&index| accepted(index)).count();
        if count > 0 && self.keep != Keep::Discard {
            delta.messages += 1;
            delta.recipients += count as u64;
            delta.content += self.octets;
        }
        if count > 0 && self.keep == Keep::All {
            let chosen = || (0..self.ends.len()).filter(|&index| accepted(index));
            messages.push(Received {
                connection: self.connection,
                user: self.user.clone(),
                sender: self.sender.clone(),
                recipients: chosen().map(|index| self.recipient(index).to_owned()).collect(),
                mail_params: self.mail_params.clone(),
                rcpt_params: chosen().filter_map(|index| self.rcpt_params.get(index).cloned()).collect(),
                content: Bytes::from(std::mem::take(&mut self.content)),
                via_bdat: self.via_bdat,
            });
        }
        self.clear();
    }

    fn recipient(&self, index: usize) -> &str {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|&end| self.recipients.get(start..end)).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.sender.clear();
        self.recipients.clear();
        self.ends.clear();
        self.mail_params.clear();
        self.rcpt_params.clear();
        self.content.clear();
        self.octets = 0;
        self.via_bdat = false;
        self.delivered.clear();
    }
}

pub(super) fn look_up<'r>(rules: &'r mut Rules, at: RuleStage, text: &str) -> Answer<'r> {
    if rules.is_empty() {
        return Answer::Accept;
    }
    rules.find(at, text).map_or(Answer::Accept, Answer::Act)
}

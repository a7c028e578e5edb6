//! What has to become of each recipient if nothing breaks. Senders, recipients and sources say it themselves:
//!
//! - senders: `bad…` is refused at MAIL, `nodata…` at DATA or BDAT, `spam…` after the content;
//! - recipients: `no…` (5yz) and `later…` (4yz) are refused at RCPT; `full…` after the content, where each recipient has a
//!   reply of his own: under LMTP, and with PRDR if there are several;
//! - a source that breaks sends its message to nobody.

use smtpipe::server::ServerOptions;
use smtpipe::session::Status;

use super::plan::{Mail, has_prdr, is_binary, numbers};

/// What the server offers, as far as it matters here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) lmtp: bool,
    pub(crate) prdr: bool,
    pub(crate) binary: bool,
    /// How large a message may be.
    pub(crate) size: Option<u64>,
}

impl Terms {
    pub(crate) fn of(server: &ServerOptions) -> Self {
        Self {
            lmtp: server.lmtp,
            prdr: server.extensions.iter().any(|line| line == "PRDR"),
            binary: server.chunking && server.binary_mime,
            size: server.size.filter(|&size| size > 0),
        }
    }

    /// Whether the content is answered for each recipient.
    fn own_replies(&self, mail: &Mail, number: usize) -> bool {
        let several = mail.recipients.iter().filter(|recipient| !refused_at_once(recipient)).count() > 1;
        self.lmtp || self.prdr && has_prdr(number) && several
    }
}

pub(crate) fn refused_at_once(recipient: &str) -> bool {
    recipient.starts_with("no") || recipient.starts_with("later")
}

/// Whether the server would refuse the sender or the beginning of the content.
fn refused_before_content(sender: &str) -> bool {
    sender.starts_with("bad") || sender.starts_with("nodata")
}

/// What has to become of this recipient.
pub(crate) fn fate(mail: &Mail, recipient: &str, terms: &Terms) -> Status {
    let number = numbers(recipient).map_or(0, |(number, _)| number);
    let over = |size: u64| terms.size.is_some_and(|limit| size > limit);
    let known = match &mail.given {
        Some(_) => mail.message.stream().and_then(|stream| stream.declared_length()),
        None => Some(mail.stored.len() as u64),
    };
    let too_large = known.is_some_and(over) || is_binary(number) && !terms.binary;
    let broken = mail.given.as_ref().is_some_and(|given| given.breaks() || over(mail.stored.len() as u64));
    let full = recipient.starts_with("full") && terms.own_replies(mail, number);
    if too_large || refused_before_content(&mail.sender) || refused_at_once(recipient) {
        Status::Refused
    } else if broken {
        Status::NotSent
    } else if mail.sender.starts_with("spam") || full {
        Status::Refused
    } else {
        Status::Delivered
    }
}

/// Whether anybody can come to hear of its content: only then may its source be drawn from.
pub(crate) fn may_be_drawn(mail: &Mail) -> bool {
    !mail.sender.starts_with("bad") && mail.recipients.iter().any(|recipient| !refused_at_once(recipient))
}

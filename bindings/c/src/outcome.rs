//! `smtpipe_outcome`: what became of one ticket.
//!
//! A program that only counts outcomes pays for no text: addresses and replies become C strings, all at once,
//! when the first of them is asked for.

use crate::handle::{Opaque, c_text, free, read, shareable};
use crate::reply::{ReplyView, smtpipe_reply};
use crate::status::smtpipe_status;
use engine::session::{Outcome, Reason, Status};
use std::ffi::{CStr, CString, c_char};
use std::ptr;
use std::sync::OnceLock;

/// What became of one ticket. There is exactly one for each, whatever happens.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_outcome {
    _private: [u8; 0],
}

impl Opaque for smtpipe_outcome {
    type Inner = OutcomeHandle;
}

const _: () = shareable::<OutcomeHandle>();

pub(crate) struct OutcomeHandle {
    outcome: Outcome,
    texts: OnceLock<Texts>,
}

/// What C reads as text, made once.
struct Texts {
    reply: Option<ReplyView>,
    reason: Option<CString>,
    recipients: Vec<(CString, Option<ReplyView>)>,
}

impl OutcomeHandle {
    pub(crate) const fn new(outcome: Outcome) -> Self {
        Self { outcome, texts: OnceLock::new() }
    }

    fn texts(&self) -> &Texts {
        self.texts.get_or_init(|| Texts {
            reply: self.outcome.reply.as_ref().map(ReplyView::new),
            reason: self.outcome.reason.as_ref().map(|reason| c_text(&reason.to_string())),
            recipients: self
                .outcome
                .recipients
                .iter()
                .map(|one| (c_text(one.address.as_str()), one.reply.as_ref().map(ReplyView::new)))
                .collect(),
        })
    }
}

/// What is known of a message, or of one recipient of it.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_delivery {
    /// Accepted for every recipient. Don't send it again.
    SMTPIPE_DELIVERED = 0,
    /// Accepted for some; the others' replies say why not. Send again only to them. Never of a recipient.
    SMTPIPE_PARTIAL = 1,
    /// A valid negative reply, or refused before a byte of it left. 4yz: later; 5yz: no.
    SMTPIPE_REFUSED = 2,
    /// The connection ended before the content was committed, or a 421 came first. Safe to send again.
    SMTPIPE_NOT_SENT = 3,
    /// The last byte of the content was handed out and no reply came. Perhaps delivered: the caller decides.
    SMTPIPE_IN_DOUBT = 4,
}

/// Why an outcome is what it is, where no reply of the server explains it.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_reason {
    /// The reply says it all.
    SMTPIPE_REASON_NONE = 0,
    /// A reason that has no number of its own; the text says which.
    SMTPIPE_REASON_OTHER = 1,
    /// The server accepted content after it had refused the sender.
    SMTPIPE_REASON_ACCEPTED_AFTER_REFUSAL = 2,
    /// The caller cancelled it before it began.
    SMTPIPE_REASON_CANCELLED = 3,
    /// The session ended first; its error says why.
    SMTPIPE_REASON_ENDED = 4,
    /// Binary content, and the server offers no BINARYMIME with CHUNKING (RFC 3030).
    SMTPIPE_REASON_NEEDS_BINARYMIME = 5,
    /// 8-bit content, and the server offers no 8BITMIME (RFC 6152).
    SMTPIPE_REASON_NEEDS_8BITMIME = 6,
    /// An internationalized address or header, and the server offers no SMTPUTF8 (RFC 6531); the text says which.
    SMTPIPE_REASON_NEEDS_SMTPUTF8 = 7,
    /// The caller quit before it began.
    SMTPIPE_REASON_QUIT = 8,
    /// Another recipient was refused, and the policy is SMTPIPE_RECIPIENTS_ALL.
    SMTPIPE_REASON_RECIPIENT_POLICY = 9,
    /// The server refused RSET while it may have held an older transaction open.
    SMTPIPE_REASON_RESET_REFUSED = 10,
    /// Larger than the server accepts (RFC 1870).
    SMTPIPE_REASON_TOO_LARGE = 11,
    /// The source of its content failed; the text says how. Nobody got a part of it.
    SMTPIPE_REASON_SOURCE_FAILED = 12,
    /// It would have had to go again, and the source of its content can't begin again.
    SMTPIPE_REASON_SOURCE_SPENT = 13,
    /// The server accepted the last chunk of a content although it had refused one before (RFC 3030).
    SMTPIPE_REASON_ACCEPTED_IN_PART = 14,
    /// An extension that the message requires, or can't do without, isn't offered.
    SMTPIPE_REASON_NOT_OFFERED = 15,
    /// REQUIRETLS (RFC 8689), and the connection isn't encrypted, or nobody checked the server's certificate.
    SMTPIPE_REASON_NEEDS_TLS = 16,
    /// To be returned sooner than the server takes (RFC 2852).
    SMTPIPE_REASON_DELIVERBY_TOO_SOON = 17,
    /// To be held longer than the server holds messages (RFC 4865).
    SMTPIPE_REASON_HELD_TOO_LONG = 18,
    /// A class of solicitation that the server refuses (RFC 3865).
    SMTPIPE_REASON_SOLICITATION = 19,
    /// More recipients, or more of their domains, than the server takes at once (RFC 9422), and the policy is
    /// SMTPIPE_RECIPIENTS_ALL.
    SMTPIPE_REASON_TOO_MANY_RECIPIENTS = 20,
}

const fn status_number(status: Status) -> i32 {
    (match status {
        Status::Delivered => smtpipe_delivery::SMTPIPE_DELIVERED,
        Status::Partial => smtpipe_delivery::SMTPIPE_PARTIAL,
        Status::Refused => smtpipe_delivery::SMTPIPE_REFUSED,
        Status::NotSent => smtpipe_delivery::SMTPIPE_NOT_SENT,
        Status::InDoubt => smtpipe_delivery::SMTPIPE_IN_DOUBT,
    }) as i32
}

const fn reason_number(reason: &Reason) -> i32 {
    use smtpipe_reason as R;
    (match reason {
        Reason::AcceptedInPart => R::SMTPIPE_REASON_ACCEPTED_IN_PART,
        Reason::SourceFailed(_) => R::SMTPIPE_REASON_SOURCE_FAILED,
        Reason::SourceSpent => R::SMTPIPE_REASON_SOURCE_SPENT,
        Reason::AcceptedAfterRefusal => R::SMTPIPE_REASON_ACCEPTED_AFTER_REFUSAL,
        Reason::Cancelled => R::SMTPIPE_REASON_CANCELLED,
        Reason::Ended(_) => R::SMTPIPE_REASON_ENDED,
        Reason::NeedsBinaryMime => R::SMTPIPE_REASON_NEEDS_BINARYMIME,
        Reason::NeedsEightBitMime => R::SMTPIPE_REASON_NEEDS_8BITMIME,
        Reason::NeedsSmtputf8 { .. } => R::SMTPIPE_REASON_NEEDS_SMTPUTF8,
        Reason::Quit => R::SMTPIPE_REASON_QUIT,
        Reason::RecipientPolicy => R::SMTPIPE_REASON_RECIPIENT_POLICY,
        Reason::ResetRefused => R::SMTPIPE_REASON_RESET_REFUSED,
        Reason::TooLarge { .. } => R::SMTPIPE_REASON_TOO_LARGE,
        Reason::NotOffered(_) => R::SMTPIPE_REASON_NOT_OFFERED,
        Reason::NeedsTls => R::SMTPIPE_REASON_NEEDS_TLS,
        Reason::DeliverByTooSoon { .. } => R::SMTPIPE_REASON_DELIVERBY_TOO_SOON,
        Reason::HeldTooLong { .. } => R::SMTPIPE_REASON_HELD_TOO_LONG,
        Reason::Solicitation(_) => R::SMTPIPE_REASON_SOLICITATION,
        Reason::TooManyRecipients { .. } | Reason::TooManyDomains { .. } => {
            R::SMTPIPE_REASON_TOO_MANY_RECIPIENTS
        }
        _ => R::SMTPIPE_REASON_OTHER,
    }) as i32
}

/// For a getter that answers with a number: the status itself, which is negative.
const fn number(status: smtpipe_status) -> i32 {
    status as i32
}

const fn null<T>(_: smtpipe_status) -> *const T {
    ptr::null()
}

const fn no_such_recipient() -> i32 {
    number(smtpipe_status::SMTPIPE_ERR_INDEX)
}

/// The word for an outcome's status: "delivered", "partial", "refused", "not_sent" or "in_doubt".
///
/// @param status  A `smtpipe_delivery`; any number is allowed.
///
/// @return A NUL-terminated text that lives as long as the library is loaded; NULL for a number that is none.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn smtpipe_outcome_status_text(status: i32) -> *const c_char {
    const WORDS: [&CStr; 5] = [c"delivered", c"partial", c"refused", c"not_sent", c"in_doubt"];
    usize::try_from(status).ok().and_then(|index| WORDS.get(index)).map_or(ptr::null(), |word| word.as_ptr())
}

/// Frees an outcome and all that was borrowed from it.
///
/// @param outcome  May be NULL.
///
/// Threads: no other call on `outcome` at the same time, none after.
///
/// # Safety
/// `outcome` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_free(outcome: *mut smtpipe_outcome) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(outcome) }
}

/// The ticket that this is the outcome of.
///
/// @param outcome  May be NULL.
///
/// @return The ticket, from 1 on; 0 for NULL.
///
/// Threads: any number may read one outcome at a time.
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_ticket(outcome: *const smtpipe_outcome) -> u64 {
    // SAFETY: the caller's promise, see above.
    unsafe { read(outcome, |_| 0, |handle| handle.outcome.ticket.get()) }
}

/// Whether the message was sent without an extension that it asked for, since the server doesn't offer it: its parameters
/// were left out. For SMTPUTF8: domains were sent in their ASCII form.
///
/// @param outcome    May be NULL.
/// @param extension  A `smtpipe_extension`; any number is allowed.
///
/// @return false also for NULL, and for a number that is no extension.
///
/// Threads: any number may read one outcome at a time.
///
/// Since: 0.1.0
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_left_out(outcome: *const smtpipe_outcome, extension: i32) -> bool {
    let Ok(extension) = crate::constants::extension(extension) else { return false };
    // SAFETY: the caller's promise, see above.
    unsafe { read(outcome, |_| false, |handle| handle.outcome.left_out.contains(extension)) }
}

/// What is known of the message as a whole. For a command SMTPIPE_DELIVERED means a positive reply.
///
/// @param outcome  May be NULL.
///
/// @return A `smtpipe_delivery`; SMTPIPE_ERR_NULL for NULL.
///
/// Threads: any number may read one outcome at a time.
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_status(outcome: *const smtpipe_outcome) -> i32 {
    // SAFETY: the caller's promise, see above.
    unsafe { read(outcome, number, |handle| status_number(handle.outcome.status)) }
}

/// Whether the ticket was that of smtpipe_client_command(), not of a message.
///
/// @param outcome  May be NULL.
///
/// @return true for a command; false for a message and for NULL.
///
/// Threads: any number may read one outcome at a time.
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_is_command(outcome: *const smtpipe_outcome) -> bool {
    // SAFETY: the caller's promise, see above.
    unsafe { read(outcome, |_| false, |handle| handle.outcome.command) }
}

/// The final reply: that to the content, or the one that decided before it came to that. For a command its reply.
///
/// @param outcome  May be NULL.
///
/// @return The reply; NULL if none explains the outcome (then smtpipe_outcome_reason() does), and for NULL.
///
/// Ownership: borrowed as long as `outcome` lives.
/// Threads: any number may read one outcome at a time.
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_reply(outcome: *const smtpipe_outcome) -> *const smtpipe_reply {
    // SAFETY: the caller's promise, see above.
    unsafe { read(outcome, null, |handle| ReplyView::pointer(handle.texts().reply.as_ref())) }
}

/// Why the outcome is what it is, where no reply explains it.
///
/// @param outcome  May be NULL.
///
/// @return A `smtpipe_reason`; SMTPIPE_ERR_NULL for NULL.
///
/// Threads: any number may read one outcome at a time.
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_reason(outcome: *const smtpipe_outcome) -> i32 {
    const NONE: i32 = smtpipe_reason::SMTPIPE_REASON_NONE as i32;
    // SAFETY: the caller's promise, see above.
    unsafe { read(outcome, number, |handle| handle.outcome.reason.as_ref().map_or(NONE, reason_number)) }
}

/// The reason in words, with what it is about: sizes, the error that ended the session.
///
/// @param outcome  May be NULL.
///
/// @return A NUL-terminated text; NULL if a reply explains the outcome, and for NULL.
///
/// Ownership: borrowed as long as `outcome` lives.
/// Threads: any number may read one outcome at a time.
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_reason_text(outcome: *const smtpipe_outcome) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe {
        read(outcome, null, |handle| handle.texts().reason.as_deref().map_or(ptr::null(), CStr::as_ptr))
    }
}

/// How many recipients the message had.
///
/// @param outcome  May be NULL.
///
/// @return Their number; 0 for a command and for NULL.
///
/// Threads: any number may read one outcome at a time.
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_recipient_count(outcome: *const smtpipe_outcome) -> usize {
    // SAFETY: the caller's promise, see above.
    unsafe { read(outcome, |_| 0, |handle| handle.outcome.recipients.len()) }
}

/// The address of one recipient, without angle brackets.
///
/// @param outcome  May be NULL.
/// @param index    In the order in which they were added, from 0.
///
/// @return A NUL-terminated text; NULL past the last recipient and for NULL.
///
/// Ownership: borrowed as long as `outcome` lives.
/// Threads: any number may read one outcome at a time.
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_recipient_address(
    outcome: *const smtpipe_outcome,
    index: usize,
) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe {
        read(outcome, null, |handle| {
            handle.texts().recipients.get(index).map_or(ptr::null(), |one| one.0.as_ptr())
        })
    }
}

/// What is known of one recipient.
///
/// @param outcome  May be NULL.
/// @param index    In the order in which they were added, from 0.
///
/// @return A `smtpipe_delivery`, never SMTPIPE_PARTIAL; SMTPIPE_ERR_INDEX past the last recipient; SMTPIPE_ERR_NULL.
///
/// Threads: any number may read one outcome at a time.
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_recipient_status(
    outcome: *const smtpipe_outcome,
    index: usize,
) -> i32 {
    // SAFETY: the caller's promise, see above.
    unsafe {
        read(outcome, number, |handle| {
            handle
                .outcome
                .recipients
                .get(index)
                .map_or_else(no_such_recipient, |one| status_number(one.status))
        })
    }
}

/// The reply that decided about one recipient: to its RCPT, to the content, or under LMTP (RFC 2033) its own after the content.
///
/// @param outcome  May be NULL.
/// @param index    In the order in which they were added, from 0.
///
/// @return The reply; NULL if there is none, past the last recipient and for NULL.
///
/// Ownership: borrowed as long as `outcome` lives.
/// Threads: any number may read one outcome at a time.
///
/// # Safety
/// `outcome` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_outcome_recipient_reply(
    outcome: *const smtpipe_outcome,
    index: usize,
) -> *const smtpipe_reply {
    // SAFETY: the caller's promise, see above.
    unsafe {
        read(outcome, null, |handle| {
            ReplyView::pointer(handle.texts().recipients.get(index).and_then(|one| one.1.as_ref()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_words_are_the_engines() {
        for status in [Status::Delivered, Status::Partial, Status::Refused, Status::NotSent, Status::InDoubt]
        {
            // SAFETY: smtpipe_outcome_status_text() gives a static text for a known status.
            let word = unsafe { CStr::from_ptr(smtpipe_outcome_status_text(status_number(status))) };
            assert_eq!(word.to_str(), Ok(status.as_str()));
        }
        assert!(smtpipe_outcome_status_text(-1).is_null());
        assert!(smtpipe_outcome_status_text(5).is_null());
    }
}

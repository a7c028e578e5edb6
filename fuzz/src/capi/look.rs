//! Looking at what the library hands out, all of it, as the header says it may be looked at.

use std::ffi::{CStr, c_char};

use capi::outcome::*;
use capi::reply::*;
use capi::status::smtpipe_status;

/// What no call may come to.
pub(super) fn fine(status: smtpipe_status) -> bool {
    assert_ne!(status, smtpipe_status::SMTPIPE_ERR_PANIC);
    assert_ne!(status, smtpipe_status::SMTPIPE_ERR_NULL, "nothing here is NULL");
    status == smtpipe_status::SMTPIPE_OK
}

/// A text of ours may be NULL or ends in NUL; either way it can be read.
pub(super) fn readable(text: *const c_char) -> usize {
    // SAFETY: the header says that it is a string, living at least until the next call.
    if text.is_null() { 0 } else { unsafe { CStr::from_ptr(text) }.to_bytes().len() }
}

/// # Safety
/// A live outcome.
pub(super) unsafe fn look_at_outcome(outcome: *mut smtpipe_outcome) {
    // SAFETY: the caller's promise.
    unsafe {
        readable(smtpipe_outcome_reason_text(outcome));
        smtpipe_outcome_reason(outcome);
        for extension in -1..=40 {
            // One that there isn't was not left out.
            assert!(!smtpipe_outcome_left_out(outcome, extension) || (0..40).contains(&extension));
        }
        look_at_reply(smtpipe_outcome_reply(outcome));
        let count = smtpipe_outcome_recipient_count(outcome);
        assert_eq!(count == 0, smtpipe_outcome_is_command(outcome));
        for index in 0..count {
            assert!(readable(smtpipe_outcome_recipient_address(outcome, index)) > 0);
            look_at_reply(smtpipe_outcome_recipient_reply(outcome, index));
        }
        assert!(smtpipe_outcome_recipient_address(outcome, count).is_null());
        assert!(smtpipe_outcome_recipient_status(outcome, count) < 0);
    }
}

/// # Safety
/// NULL or a live reply.
pub(super) unsafe fn look_at_reply(reply: *const smtpipe_reply) {
    let (mut class, mut subject, mut detail) = (-1, -1, -1);
    // SAFETY: the caller's promise.
    unsafe {
        if !reply.is_null() {
            assert!((200..600).contains(&smtpipe_reply_code(reply)));
            readable(smtpipe_reply_text(reply));
            let found =
                fine(smtpipe_reply_enhanced(reply, &raw mut class, &raw mut subject, &raw mut detail));
            assert_eq!(found, class > 0);
        }
    }
}

//! Scripted refusals, and the faults that a sink can imitate.

use crate::handle::{Failure, text, with_mut};
use crate::sink_options::smtpipe_sink_options;
use crate::status::smtpipe_status;
use engine::sink::{Rule, RuleAction, RuleStage};
use engine::wire::Reply;
use std::ffi::c_char;

/// Faults of real servers. A server for mail that matters has none: each breaks a rule of RFC 2920, RFC 3030 or RFC 5321.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_sink_quirk {
    /// Input that has arrived behind the final dot is thrown away.
    SMTPIPE_QUIRK_SWALLOW_AFTER_DOT = 1,
    /// Each command that has arrived behind the final dot gets 503.
    SMTPIPE_QUIRK_REFUSE_AFTER_DOT = 2,
    /// A refused chunk isn't swallowed: its content runs as commands.
    SMTPIPE_QUIRK_UNDRAINED_CHUNK = 3,
    /// More than one command in a read ends the connection with 500.
    SMTPIPE_QUIRK_NO_PIPELINING = 4,
    /// Anything in flight behind EHLO, HELO, LHLO, DATA or before the greeting ends the connection with 554.
    SMTPIPE_QUIRK_ENFORCE_SYNC = 5,
    /// DATA is answered 354 although no recipient was accepted (allowed by RFC 2920 section 3.1, done by few).
    SMTPIPE_QUIRK_DATA_WITHOUT_RECIPIENTS = 6,
    /// A transaction one of whose chunks was refused ends with its last chunk, as if RSET had come.
    SMTPIPE_QUIRK_REFUSED_CHUNK_RESETS = 7,
    /// Such a transaction stays open, so that the next message's recipients join the old sender.
    SMTPIPE_QUIRK_REFUSED_CHUNK_KEEPS_SENDER = 8,
    /// Such a transaction goes on, but every chunk is refused until RSET.
    SMTPIPE_QUIRK_REFUSED_CHUNK_REFUSES = 9,
}

/// Where in the conversation a rule applies.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_sink_stage {
    /// A new connection, instead of the greeting.
    SMTPIPE_STAGE_CONNECT = 1,
    /// EHLO, HELO or LHLO.
    SMTPIPE_STAGE_HELLO = 2,
    /// MAIL.
    SMTPIPE_STAGE_MAIL = 3,
    /// RCPT.
    SMTPIPE_STAGE_RCPT = 4,
    /// DATA, and each BDAT before its chunk.
    SMTPIPE_STAGE_DATA = 5,
    /// The end of the content.
    SMTPIPE_STAGE_CONTENT = 6,
    /// RSET.
    SMTPIPE_STAGE_RSET = 7,
    /// QUIT.
    SMTPIPE_STAGE_QUIT = 8,
    /// AUTH, and each response to a challenge of it.
    SMTPIPE_STAGE_AUTH = 9,
    /// STARTTLS.
    SMTPIPE_STAGE_STARTTLS = 10,
}

/// What a rule does.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_sink_action {
    /// Sends the reply.
    SMTPIPE_ACTION_REPLY = 1,
    /// Sends the reply and ends the connection.
    SMTPIPE_ACTION_REPLY_THEN_DROP = 2,
    /// Ends the connection without a reply. Earlier replies still go out.
    SMTPIPE_ACTION_DROP = 3,
    /// Answers neither this nor anything behind it; the connection stays.
    SMTPIPE_ACTION_STALL = 4,
}

/// Adds a scripted refusal, or worse. The first rule that applies decides.
///
/// @param options  Must not be NULL.
/// @param stage    A `smtpipe_sink_stage`.
/// @param pattern  Which address, `*` standing for any run of characters, without regard to case; "" for all. The sender at MAIL,
///                 DATA and content; the recipient at RCPT, and at content under LMTP; the client's name at EHLO. Must not be
///                 NULL. Copied.
/// @param action   A `smtpipe_sink_action`.
/// @param code     200 to 599; not used to drop or stall. Codes that RFC 5321 doesn't allow there are refused by
///                 smtpipe_sink_start().
/// @param text     Its text, lines separated by LF. Not used, and may be NULL, to drop or stall. Copied.
/// @param after    Lets this many matches pass first.
/// @param count    Applies this many times and no more; 0 is any number.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_VALUE if stage or action is unknown or the code no reply's.
///
/// Threads: one at a time per options.
///
/// # Safety
/// `options` is NULL or live; `pattern` and `text` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_sink_options_add_rule(
    options: *mut smtpipe_sink_options,
    stage: i32,
    pattern: *const c_char,
    action: i32,
    code: i32,
    text: *const c_char,
    after: u64,
    count: u64,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    let reply = || unsafe { reply(code, text) };
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(options, |options| {
            let at = choose!(smtpipe_sink_stage, "stage", stage, {
                SMTPIPE_STAGE_CONNECT => RuleStage::Connect,
                SMTPIPE_STAGE_HELLO => RuleStage::Hello,
                SMTPIPE_STAGE_MAIL => RuleStage::Mail,
                SMTPIPE_STAGE_RCPT => RuleStage::Rcpt,
                SMTPIPE_STAGE_DATA => RuleStage::Data,
                SMTPIPE_STAGE_CONTENT => RuleStage::Content,
                SMTPIPE_STAGE_RSET => RuleStage::Rset,
                SMTPIPE_STAGE_QUIT => RuleStage::Quit,
                SMTPIPE_STAGE_AUTH => RuleStage::Auth,
                SMTPIPE_STAGE_STARTTLS => RuleStage::StartTls,
            });
            let action = choose!(smtpipe_sink_action, "action", action, {
                SMTPIPE_ACTION_REPLY => RuleAction::Reply(reply()?),
                SMTPIPE_ACTION_REPLY_THEN_DROP => RuleAction::ReplyThenDrop(reply()?),
                SMTPIPE_ACTION_DROP => RuleAction::Drop,
                SMTPIPE_ACTION_STALL => RuleAction::Stall,
            });
            let pattern = self::text(pattern)?.to_owned();
            options.rules.push(Rule { at, pattern, action, after, count: (count != 0).then_some(count) });
            Ok(())
        })
    }
}

/// # Safety
/// `text` is NULL or NUL-terminated.
unsafe fn reply(code: i32, text: *const c_char) -> Result<Reply, Failure> {
    // SAFETY: by the contract above.
    let text = unsafe { self::text(text)? };
    match u16::try_from(code) {
        Ok(code @ 200..=599) if !text.contains('\r') => Ok(Reply::new(code, text.as_bytes())),
        Ok(200..=599) => Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, "the text has a CR")),
        _ => Err(Failure::new(smtpipe_status::SMTPIPE_ERR_VALUE, format!("{code} is no reply code"))),
    }
}

//! `smtpipe_message`: an envelope and its content. Every part is checked when it is set, so that nothing which
//! could inject a command gets as far as a session.

use crate::borrowed::{Borrowed, smtpipe_release};
use crate::constants::smtpipe_content;
use crate::handle::{
    Failure, Opaque, Out, bytes, copied, free, give, guard, no_memory, reason, shareable, text, with_mut,
};
use crate::message_source::Drawn;
use crate::status::smtpipe_status;
use bytes::Bytes;
use engine::client::Client;
use engine::session::{Message, Recipient, Streamed, Ticket};
use engine::wire::{Address, ClientInfo, Content, Extension, Param};
use std::ffi::{c_char, c_void};

/// A message: sender, recipients, parameters, content. Sending takes a copy of the envelope and a share of the
/// content, so a message can be sent, changed and sent again, by any number of clients.
#[allow(non_camel_case_types)]
#[derive(Debug)]
pub struct smtpipe_message {
    _private: [u8; 0],
}

impl Opaque for smtpipe_message {
    type Inner = MessageHandle;
}

const _: () = shareable::<MessageHandle>();

#[derive(Default)]
pub(crate) struct MessageHandle {
    sender: Option<Address>,
    pub(crate) params: Vec<Param>,
    pub(crate) recipients: Vec<Recipient>,
    content: Option<Held>,
    kind: Kind,
    pub(crate) required: Vec<Extension>,
    pub(crate) forward: ClientInfo,
}

/// Where the content is.
enum Held {
    Whole(Content),
    Drawn(Drawn),
}

#[derive(Clone, Copy, Default)]
enum Kind {
    #[default]
    Text,
    Strict,
    Binary,
}

impl MessageHandle {
    /// Gives the message to a client.
    pub(crate) fn submit(&self, client: &mut Client) -> Result<Ticket, Failure> {
        let message = self.envelope(Drawn::declared)?;
        let Some(Held::Drawn(drawn)) = &self.content else { return Ok(client.submit(message)?) };
        // The source is taken only when nothing can go wrong any more.
        let ((), source) = drawn.source(|| Ok(client.check_stream(&message)?))?;
        Ok(client.submit_stream(message, source)?)
    }

    /// The message as a session takes it.
    pub(crate) fn message(&self) -> Result<Message, Failure> {
        self.envelope(Drawn::pieces)
    }

    /// How content to be drawn is taken.
    pub(crate) const fn streamed(&self) -> Streamed {
        match self.kind {
            Kind::Text => Streamed::text(),
            Kind::Strict => Streamed::strict(),
            Kind::Binary => Streamed::binary(),
        }
    }

    pub(crate) fn set_drawn(&mut self, drawn: Drawn) {
        self.content = Some(Held::Drawn(drawn));
    }

    fn envelope(&self, drawn: fn(&Drawn) -> Result<Streamed, Failure>) -> Result<Message, Failure> {
        let sender = self.sender.clone().ok_or(smtpipe_status::SMTPIPE_ERR_NO_SENDER)?;
        if self.recipients.is_empty() {
            return Err(smtpipe_status::SMTPIPE_ERR_NO_RECIPIENT.into());
        }
        let mut message = match self.content.as_ref().ok_or(smtpipe_status::SMTPIPE_ERR_NO_CONTENT)? {
            Held::Whole(content) => Message::new(sender, content.clone()),
            Held::Drawn(content) => Message::streamed(sender, drawn(content)?),
        };
        for param in &self.params {
            message.push_param(param.clone());
        }
        message.reserve(self.recipients.len());
        for recipient in &self.recipients {
            message.push_recipient(recipient.clone());
        }
        for extension in &self.required {
            message.push_requirement(*extension);
        }
        if !self.forward.is_empty() {
            message.set_forward(self.forward.clone());
        }
        Ok(message)
    }

    fn set_content(&mut self, bytes: Bytes) -> Result<(), Failure> {
        self.content = Some(Held::Whole(match self.kind {
            Kind::Text => Content::try_new(bytes).map_err(no_memory)?,
            Kind::Binary => Content::binary(bytes),
            Kind::Strict => Content::strict(bytes).map_err(|error| {
                Failure::new(smtpipe_status::SMTPIPE_ERR_CONTENT, format!("content: {error}"))
            })?,
        }));
        Ok(())
    }
}

/// An address, or what is wrong with it as which part.
pub(crate) fn address(part: &str, text: &str) -> Result<Address, Failure> {
    Address::new(text).map_err(|error| {
        Failure::new(smtpipe_status::SMTPIPE_ERR_ADDRESS, format!("{part} {text:?}: {error}"))
    })
}

/// A parameter from C; a NULL value is none.
///
/// # Safety
/// Both are NULL or NUL-terminated.
unsafe fn param(keyword: *const c_char, value: *const c_char) -> Result<Param, Failure> {
    // SAFETY: by the contract above.
    let keyword = unsafe { text(keyword)? };
    // SAFETY: by the contract above.
    let value = if value.is_null() { None } else { Some(unsafe { text(value)? }) };
    Param::new(keyword, value).map_err(|error| {
        let named = format!("parameter {}: {error}", keyword.escape_debug());
        Failure::new(smtpipe_status::SMTPIPE_ERR_PARAMETER, named)
    })
}

/// Makes an empty message.
///
/// @param message  Gets the message. Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Ownership: free it with smtpipe_message_free().
/// Threads: any.
///
/// # Safety
/// `message` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_new(message: *mut *mut smtpipe_message) -> smtpipe_status {
    guard(|| {
        // SAFETY: the caller's promise, see above.
        let out = unsafe { Out::new(message)? };
        out.set(give(MessageHandle::default()));
        Ok(())
    })
}

/// Frees a message. What was sent of it goes on, and borrowed content is released when that is done.
///
/// @param message  May be NULL.
///
/// Threads: no other call on `message` at the same time, none after.
///
/// # Safety
/// `message` is NULL or live, and not used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_free(message: *mut smtpipe_message) {
    // SAFETY: the caller's promise, see above.
    unsafe { free(message) }
}

/// Why the last refused call on this message was refused, in words; it names the offending part.
///
/// @param message  May be NULL.
///
/// @return A NUL-terminated text; NULL if no call was refused.
///
/// Ownership: borrowed until the next refused call on `message`, or its end.
/// Threads: as for reading `message`.
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_reason(message: *const smtpipe_message) -> *const c_char {
    // SAFETY: the caller's promise, see above.
    unsafe { reason(message) }
}

/// Sets the sender: the reverse-path of MAIL (RFC 5321 section 4.1.1.2).
///
/// @param message  Must not be NULL.
/// @param address  "user@example.org", with or without angle brackets; "" or "<>" is the null reverse-path, for bounces.
///                 Non-ASCII needs a server with SMTPUTF8 (RFC 6531). Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_ADDRESS, and then the sender is as it was.
///
/// Threads: one at a time per message.
///
/// # Safety
/// `message` is NULL or live; `address` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_sender(
    message: *mut smtpipe_message,
    address: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            message.sender = Some(self::address("sender", text(address)?)?);
            Ok(())
        })
    }
}

/// Adds a recipient: a forward-path of RCPT (RFC 5321 section 4.1.1.3).
///
/// @param message  Must not be NULL.
/// @param address  As for smtpipe_message_set_sender(), but not the null path. Must not be NULL. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_ADDRESS, and then nothing was added.
///
/// Threads: one at a time per message.
///
/// # Safety
/// `message` is NULL or live; `address` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_add_recipient(
    message: *mut smtpipe_message,
    address: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let address = self::address("recipient", text(address)?)?;
            if address.is_null() {
                return Err(Failure::new(
                    smtpipe_status::SMTPIPE_ERR_ADDRESS,
                    "recipient: the empty path can't be a recipient",
                ));
            }
            message.recipients.push(Recipient::new(address));
            Ok(())
        })
    }
}

/// Adds a parameter to the RCPT of the recipient added last: one that has no setter of its own, and is sent as it is.
///
/// @param message  Must not be NULL.
/// @param keyword  Must not be NULL. Copied.
/// @param value    As it goes on the wire: xtext where the parameter's RFC says so. NULL for a keyword without a value. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_PARAMETER; SMTPIPE_ERR_NO_RECIPIENT if none was
///         added yet.
///
/// Threads: one at a time per message.
///
/// # Safety
/// `message` is NULL or live; `keyword` and `value` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_add_recipient_param(
    message: *mut smtpipe_message,
    keyword: *const c_char,
    value: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            let param = param(keyword, value)?;
            let last = message.recipients.pop().ok_or(smtpipe_status::SMTPIPE_ERR_NO_RECIPIENT)?;
            message.recipients.push(last.param(param));
            Ok(())
        })
    }
}

/// Forgets all recipients, to send the same content to others.
///
/// @param message  Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per message.
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_clear_recipients(message: *mut smtpipe_message) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            message.recipients.clear();
            Ok(())
        })
    }
}

/// Adds a parameter to MAIL: one that has no setter of its own, such as those of extensions the library doesn't know, which
/// are sent as they are. SIZE, BODY and SMTPUTF8 are added by the session where they are needed; one given here takes the
/// place of the session's own.
///
/// @param message  Must not be NULL.
/// @param keyword  Must not be NULL. Copied.
/// @param value    As it goes on the wire. NULL for a keyword without a value. Copied.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_TEXT; SMTPIPE_ERR_PARAMETER, and then nothing was added.
///
/// Threads: one at a time per message.
///
/// # Safety
/// `message` is NULL or live; `keyword` and `value` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_add_param(
    message: *mut smtpipe_message,
    keyword: *const c_char,
    value: *const c_char,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            message.params.push(param(keyword, value)?);
            Ok(())
        })
    }
}

/// Forgets all parameters of MAIL.
///
/// @param message  Must not be NULL.
///
/// @return SMTPIPE_OK or SMTPIPE_ERR_NULL.
///
/// Threads: one at a time per message.
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_clear_params(message: *mut smtpipe_message) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            message.params.clear();
            Ok(())
        })
    }
}

/// Decides how the content set from here on is taken.
///
/// @param message  Must not be NULL.
/// @param kind     A `smtpipe_content`. Default SMTPIPE_CONTENT_TEXT.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `kind` is unknown.
///
/// Threads: one at a time per message.
///
/// # Safety
/// `message` is NULL or live.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_content_kind(
    message: *mut smtpipe_message,
    kind: i32,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe {
        with_mut(message, |message| {
            message.kind = choose!(smtpipe_content, "kind of content", kind, {
                SMTPIPE_CONTENT_TEXT => Kind::Text,
                SMTPIPE_CONTENT_STRICT => Kind::Strict,
                SMTPIPE_CONTENT_BINARY => Kind::Binary,
            });
            Ok(())
        })
    }
}

/// Sets the content, copying it. Dots are stuffed and the final dot added by the session (RFC 5321 section 4.5.2).
///
/// @param message  Must not be NULL.
/// @param data     Headers, an empty line, the body. May be NULL when `len` is 0.
/// @param len      Number of bytes at `data`.
///
/// @return SMTPIPE_OK; SMTPIPE_ERR_NULL; SMTPIPE_ERR_VALUE if `len` is larger than an object can be;
///         SMTPIPE_ERR_CONTENT or SMTPIPE_ERR_NO_MEMORY, and then the content is as it was.
///
/// Ownership: `data` may be reused when the call returns.
/// Threads: one at a time per message.
///
/// # Safety
/// `message` is NULL or live; `data` is readable for `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_content(
    message: *mut smtpipe_message,
    data: *const u8,
    len: usize,
) -> smtpipe_status {
    // SAFETY: the caller's promise, see above.
    unsafe { with_mut(message, |message| message.set_content(copied(bytes(data, len)?)?)) }
}

/// Sets the content without copying it: it is sent from the caller's memory. (Text with a bare CR or LF is copied, once.)
///
/// @param message  Must not be NULL.
/// @param data     As for smtpipe_message_set_content().
/// @param len      Number of bytes at `data`.
/// @param release  Called exactly once, whatever this function returns, when the memory is no longer needed: perhaps before
///                 this call returns, at the latest when the message and every client that it was given to are freed.
///                 NULL for memory that outlives all of them.
/// @param user     Passed to `release`. May be NULL.
///
/// @return As smtpipe_message_set_content(). After an error the memory has been released.
///
/// Ownership: the memory is lent until `release` is called, and must not change before.
/// Threads: one at a time per message. `release` is called on the thread of the call that lets go of the content.
///
/// # Safety
/// `message` is NULL or live; `data` is readable for `len` bytes until it is released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_message_set_content_borrowed(
    message: *mut smtpipe_message,
    data: *const u8,
    len: usize,
    release: smtpipe_release,
    user: *mut c_void,
) -> smtpipe_status {
    let loan = Borrowed::new(data, len, release, user);
    // SAFETY: the caller's promise, see above. `bytes` refuses what `into_bytes` may not be called for.
    unsafe {
        with_mut(message, move |message| {
            bytes(data, len)?;
            message.set_content(loan.into_bytes())
        })
    }
}

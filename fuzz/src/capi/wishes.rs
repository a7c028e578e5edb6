//! What a message may ask for by name, with any values a caller might have, and what a session remembers of its server.

use std::ptr::{null, null_mut};

use capi::config::smtpipe_config;
use capi::config_extensions::*;
use capi::message_options::*;
use capi::message_origin::*;
use capi::peers::*;
use capi::peers_use::*;
use capi::query::*;
use capi::session::*;

use super::look::fine;
use super::{World, fine_or_null, text};
use crate::choices::Choices;

/// A number that means something to most functions, and now and then one that does to none.
fn number(choices: &mut Choices<'_>) -> i32 {
    match choices.byte() {
        0xff => i32::MIN,
        0xfe => i32::MAX,
        byte => i32::from(byte) - 8,
    }
}

/// On whose behalf it speaks.
///
/// # Safety
/// A live configuration.
pub(super) unsafe fn introduce(config: *mut smtpipe_config, choices: &mut Choices<'_>) {
    let (attribute, value) = (choices.one_of(&[c"ADDR", c"NAME", c"LOGIN", c"NONE"]), text(choices));
    let value = if value.is_empty() { null() } else { value.as_ptr() };
    // SAFETY: the caller's promise; a value may be NULL.
    unsafe { fine_or_null(smtpipe_config_set_xclient(config, attribute.as_ptr(), value)) };
}

impl World {
    /// # Safety
    /// As `World::turn`.
    pub(super) unsafe fn wish(&mut self, how: u8, choices: &mut Choices<'_>) {
        let message = self.message;
        // SAFETY: the caller's promise; where a text may be NULL, the header says so.
        unsafe {
            let status = match how {
                0 => smtpipe_message_set_ret(message, number(choices)),
                1 => smtpipe_message_set_envid(message, text(choices).as_ptr()),
                2 => smtpipe_message_set_recipient_notify(message, number(choices)),
                3 => {
                    let (kind, original) = (text(choices), text(choices));
                    let kind = if kind.is_empty() { c"rfc822" } else { kind.as_c_str() };
                    smtpipe_message_set_recipient_orcpt(message, kind.as_ptr(), original.as_ptr())
                }
                4 => {
                    let seconds = number(choices).saturating_mul(64);
                    smtpipe_message_set_deliver_by(message, seconds, number(choices), number(choices))
                }
                5 => smtpipe_message_set_priority(message, number(choices)),
                6 => smtpipe_message_set_hold_for(message, number(choices).unsigned_abs()),
                7 => smtpipe_message_set_hold_until(message, text(choices).as_ptr()),
                8 => smtpipe_message_set_require_tls(message, number(choices)),
                9 => smtpipe_message_set_prdr(message, i32::from(choices.flag())),
                10 => smtpipe_message_set_utf8_headers(message, i32::from(choices.flag())),
                11 => smtpipe_message_set_solicitation(message, text(choices).as_ptr()),
                12 => smtpipe_message_require(message, number(choices)),
                13 => {
                    let mailbox = text(choices);
                    let none = mailbox.is_empty() && choices.flag();
                    smtpipe_message_set_submitter(message, if none { null() } else { mailbox.as_ptr() })
                }
                _ => {
                    let attribute = choices.one_of(&[c"ADDR", c"NAME", c"IDENT", c"PROTO", c"NONE"]);
                    let value = text(choices);
                    let value = if value.is_empty() { null() } else { value.as_ptr() };
                    smtpipe_message_set_forward(message, attribute.as_ptr(), value)
                }
            };
            fine_or_null(status);
        }
    }

    /// Raw commands that have functions of their own.
    ///
    /// # Safety
    /// As `World::turn`.
    pub(super) unsafe fn ask(&mut self, choices: &mut Choices<'_>, ticket: *mut u64) -> bool {
        let (session, what) = (self.session, choices.up_to(3));
        let argument = text(choices);
        // SAFETY: the caller's promise.
        fine(unsafe {
            match what {
                0 => smtpipe_session_vrfy(session, argument.as_ptr(), ticket),
                1 => smtpipe_session_expn(session, argument.as_ptr(), ticket),
                2 => smtpipe_session_etrn(session, argument.as_ptr(), ticket),
                _ => smtpipe_session_command(session, argument.as_ptr(), ticket),
            }
        })
    }

    /// What is known of the server, before and after; written out and read again it is the same.
    ///
    /// # Safety
    /// As `World::turn`.
    pub(super) unsafe fn peers(&mut self, choices: &mut Choices<'_>) {
        let (address, name) = (c"192.0.2.1:25", text(choices));
        let tls = i32::from(choices.byte() & 1);
        // SAFETY: the caller's promise; what was made is freed once.
        unsafe {
            let (mut peers, mut again) = (null_mut(), null_mut());
            assert!(fine(smtpipe_peers_new(&raw mut peers)));
            let kept =
                fine(smtpipe_session_remember(self.session, peers, address.as_ptr(), name.as_ptr(), tls));
            assert!(kept || smtpipe_peers_count(peers) == 0);
            let (mut data, mut len) = (null_mut(), 0);
            assert!(fine(smtpipe_peers_to_bytes(peers, &raw mut data, &raw mut len)));
            assert!(fine(smtpipe_peers_from_bytes(data, len, &raw mut again)));
            smtpipe_peers_bytes_free(data, len);
            assert_eq!(smtpipe_peers_count(again), smtpipe_peers_count(peers));
            smtpipe_peers_free(peers);
            fine(smtpipe_session_recall(self.session, again, address.as_ptr(), name.as_ptr(), tls));
            smtpipe_peers_free(again);
        }
    }
}

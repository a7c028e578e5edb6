//! What a session asks its caller for, and a caller who answers, or speaks unasked: a handshake, a login, content piece by piece.

use std::ptr::null;

use capi::auth::*;
use capi::message_source::*;
use capi::session_content::*;
use capi::session_tls::*;

use super::look::fine;
use super::{World, text};
use crate::choices::Choices;

impl World {
    /// The content of the message will be given as it goes.
    ///
    /// # Safety
    /// As `World::turn`.
    pub(super) unsafe fn pieces(&mut self, how: u8, choices: &mut Choices<'_>) {
        let length = if how & 0x10 == 0 { -1 } else { i64::from(choices.byte()) };
        // SAFETY: the caller's promise.
        unsafe { fine(smtpipe_message_set_content_pieces(self.message, length, how & 0x20 != 0)) };
    }

    /// # Safety
    /// As `World::turn`.
    pub(super) unsafe fn answer(&mut self, choices: &mut Choices<'_>) {
        let (session, now) = (self.session, self.now);
        let what = choices.up_to(10);
        // Mostly the ticket that was asked for.
        let other = choices.byte();
        let ticket = if other < 0xf0 { self.asked } else { u64::from(other & 7) };
        let len = choices.up_to(40);
        let octets = choices.take(len);
        let data = if octets.is_empty() { null() } else { octets.as_ptr() };
        // SAFETY: the caller's promise. The octets are copied by each of these; none may be NULL only where there are some.
        unsafe {
            match what {
                0..4 => drop(fine(smtpipe_session_content(session, now, ticket, data, octets.len()))),
                4 => drop(fine(smtpipe_session_content_end(session, now, ticket))),
                5 => drop(fine(smtpipe_session_content_failed(session, ticket, text(choices).as_ptr()))),
                6 => drop(fine(smtpipe_session_tls_established(session, now, data, octets.len(), 1))),
                7 => {
                    let failure = i32::from(choices.byte() % 14);
                    fine(smtpipe_session_tls_failed(session, now, failure, text(choices).as_ptr()));
                }
                8 => {
                    let complete = i32::from(choices.flag());
                    let mechanism = text(choices);
                    fine(smtpipe_session_auth_begin(
                        session,
                        mechanism.as_ptr(),
                        data,
                        octets.len(),
                        complete,
                    ));
                }
                9 => drop(fine(smtpipe_server_tls_established(self.server))),
                _ if octets.is_empty() && choices.flag() => drop(fine(smtpipe_session_auth_cancel(session))),
                _ => {
                    let complete = i32::from(choices.flag());
                    fine(smtpipe_session_auth_respond(session, data, octets.len(), complete));
                }
            }
        }
    }
}

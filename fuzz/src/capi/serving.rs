//! The application behind the server half: it looks at each question and answers it in some way.

use std::ptr::null;

use capi::request::*;
use capi::server::*;
use capi::session_io::smtpipe_bytes;

use super::look::fine;
use super::{World, text};
use crate::choices::Choices;

impl World {
    /// The application behind the server half.
    ///
    /// # Safety
    /// As `World::turn`.
    pub(super) unsafe fn serve(&mut self, choices: &mut Choices<'_>) {
        // SAFETY: a request is numbers and pointers, for which all zeroes will do; see `turn`. What it points at lives until
        // the next call on the server.
        unsafe {
            let mut request: smtpipe_request = std::mem::zeroed();
            if fine(smtpipe_server_next_request(self.server, &raw mut request, size_of::<smtpipe_request>()))
            {
                self.content_asked = request.kind == smtpipe_request_kind::SMTPIPE_REQUEST_CONTENT_END as i32;
                for bytes in [request.text, request.params] {
                    assert!(bytes.len == 0 || !bytes.data.is_null());
                    if bytes.len > 0 {
                        assert!(std::slice::from_raw_parts(bytes.data, bytes.len).len() == bytes.len);
                    }
                }
            }
            for _ in 0..request.replies.max(1) {
                if !smtpipe_server_awaits_answer(self.server) {
                    return;
                }
                let how = choices.byte();
                if how < 0xe0 {
                    let accepted = fine(smtpipe_server_accept(self.server));
                    self.accepted += u64::from(accepted && self.content_asked);
                } else {
                    let code = i32::from(u16::from(choices.byte()) * 3);
                    let replied = fine(smtpipe_server_reply(self.server, code, text(choices).as_ptr()));
                    self.accepted += u64::from(replied && self.content_asked && code < 300);
                }
            }
        }
    }

    /// # Safety
    /// As `World::turn`.
    pub(super) unsafe fn server_output(&mut self, choices: &mut Choices<'_>) {
        let mut bytes = smtpipe_bytes { data: null(), len: 0 };
        // SAFETY: see `turn`; the output lives until the next call on the server.
        unsafe {
            assert!(fine(smtpipe_server_output(self.server, &raw mut bytes)));
            let len = bytes.len.min(usize::from(choices.byte()) * 2);
            if len > 0 {
                self.down.extend_from_slice(std::slice::from_raw_parts(bytes.data, len));
            }
            assert!(fine(smtpipe_server_sent(self.server, len)));
            smtpipe_server_wants_input(self.server);
        }
    }
}

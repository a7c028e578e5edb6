//! The C functions, called in any order that the header allows: a session and a server half in one memory, and a caller who
//! makes, keeps, looks at and frees things as he likes. No call may panic (a status tells), what isn't successful may write
//! nothing, every ticket has one outcome, every loan is given back once, and what is delivered was accepted.
#![allow(unsafe_code, reason = "this is what a C caller does")]

mod answers;
mod look;
mod serving;
mod wishes;

use std::ffi::{CString, c_void};
use std::ptr::{null, null_mut};

use capi::capabilities::*;
use capi::config::*;
use capi::config_auth::*;
use capi::config_limits::*;
use capi::config_tls::*;
use capi::error::*;
use capi::event::*;
use capi::message::*;
use capi::outcome::*;
use capi::server::*;
use capi::server_options::*;
use capi::session::*;
use capi::session_io::*;
use capi::session_tls::smtpipe_session_truncated;
use capi::stats::*;
use capi::status::smtpipe_status;

use self::look::{fine, look_at_outcome, look_at_reply, readable};
use crate::choices::Choices;
use crate::common::fixture::Letter;
use crate::session_hostile::SAYINGS;

pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let mut world = World::new(&mut choices);
    let mut turns = 0;
    while !choices.is_empty() && turns < 300 {
        world.turn(&mut choices);
        turns += 1;
    }
    world.end();
}

/// As the fuzzer would have to find it out: messages first, then a session that flows, or the server's words as they are.
pub(crate) fn seed(said: &[u8], letters: &[Letter]) -> Vec<u8> {
    let mut input = vec![0, 0, 0, 0, 0];
    let text = |input: &mut Vec<u8>, op: u8, text: &str| {
        input.extend([op, text.len().min(255) as u8]);
        input.extend_from_slice(&text.as_bytes()[..text.len().min(255)]);
    };
    for letter in letters.iter().take(4) {
        text(&mut input, 1, &letter.sender.address);
        letter.recipients.iter().take(4).for_each(|to| text(&mut input, 2, &to.address));
        input.extend([4, 0, letter.content.len().min(100) as u8]);
        input.extend_from_slice(&letter.content[..letter.content.len().min(100)]);
        input.extend([6, 0]);
    }
    input.push(8);
    if letters.len() % 2 == 1 {
        for piece in said.chunks(255).take(4) {
            input.extend([11, piece.len() as u8]);
            input.extend_from_slice(piece);
            input.extend([9, 7, 255, 13, 14]);
        }
    }
    for _ in 0..4 {
        input.extend([15, 255, 16, 0, 16, 0, 16, 0, 17, 255, 10, 255, 9, 7, 255, 13, 14]);
    }
    input
}

struct World {
    session: *mut smtpipe_session,
    server: *mut smtpipe_server,
    message: *mut smtpipe_message,
    outcomes: Vec<*mut smtpipe_outcome>,
    /// On the way to the server, and to the session.
    up: Vec<u8>,
    down: Vec<u8>,
    now: u64,
    /// Whose content was asked for last.
    asked: u64,
    /// The session asked for another connection, or has had none yet.
    unconnected: bool,
    started: bool,
    /// The question that is open is about content.
    content_asked: bool,
    tickets: u64,
    outcomes_seen: u64,
    delivered: u64,
    accepted: u64,
    /// Words were put into the server's mouth.
    forged: bool,
    loans: Box<Loans>,
}

#[derive(Default)]
struct Loans {
    given: u64,
    back: u64,
}

/// # Safety
/// Called by the library for a loan of `World::lend`, once.
unsafe extern "C" fn give_back(data: *const u8, len: usize, user: *mut c_void) {
    // SAFETY: both pointers are those that `lend` gave; nothing else uses them at this moment.
    unsafe {
        drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(data.cast_mut(), len)));
        (*user.cast::<Loans>()).back += 1;
    }
}

impl World {
    fn new(choices: &mut Choices<'_>) -> Self {
        let (mut config, mut options) = (null_mut(), null_mut());
        let (mut session, mut server, mut message) = (null_mut(), null_mut(), null_mut());
        let (flags, level) = (choices.byte(), i32::from(choices.byte() % 6));
        let (window, number, asks) = (choices.byte(), choices.byte(), choices.byte());
        // SAFETY: each handle is made before it is used, and the places are writable.
        unsafe {
            assert!(fine(smtpipe_config_new(&raw mut config)));
            assert!(fine(smtpipe_config_set_lmtp(config, i32::from(flags & 1))));
            fine(smtpipe_config_set_level(config, level));
            fine(smtpipe_config_set_chunking(config, i32::from(flags >> 1 & 3)));
            fine(smtpipe_config_set_recipients(config, i32::from(flags >> 3 & 1)));
            fine(smtpipe_config_set_max_in_flight(config, usize::from(window)));
            fine(smtpipe_config_set_max_unanswered(config, usize::from(number) * 8));
            fine(smtpipe_config_set_timeout(config, i32::from(number % 12), u64::from(number) * 100));
            fine(smtpipe_config_set_tls(config, i32::from(asks & 3)));
            fine(smtpipe_config_set_chunk_size(config, usize::from(asks >> 5) * 8));
            match asks >> 2 & 3 {
                1 => drop(fine(smtpipe_config_set_auth_caller(config))),
                2 => drop(fine(smtpipe_config_set_credentials(config, c"user".as_ptr(), c"pencil".as_ptr()))),
                _ => {}
            }
            if asks & 0x10 != 0 {
                wishes::introduce(config, choices);
            }
            readable(smtpipe_config_reason(config));
            assert!(fine(smtpipe_session_new(config, &raw mut session)));
            smtpipe_config_free(config);
            assert!(fine(smtpipe_server_options_new(&raw mut options)));
            assert!(fine(smtpipe_server_options_set_lmtp(options, i32::from(flags & 1))));
            fine(smtpipe_server_options_offer(options, i32::from(number % 10), i32::from(flags >> 4 & 1)));
            fine(smtpipe_server_options_set_limit(options, i32::from(window % 9), u64::from(number)));
            assert!(fine(smtpipe_server_new(options, &raw mut server)));
            smtpipe_server_options_free(options);
            assert!(fine(smtpipe_message_new(&raw mut message)));
        }
        Self {
            session,
            server,
            message,
            outcomes: Vec::new(),
            up: Vec::new(),
            down: Vec::new(),
            now: 1000,
            asked: 1,
            unconnected: true,
            started: false,
            content_asked: false,
            tickets: 0,
            outcomes_seen: 0,
            delivered: 0,
            accepted: 0,
            forged: false,
            loans: Box::default(),
        }
    }

    fn turn(&mut self, choices: &mut Choices<'_>) {
        let (session, message) = (self.session, self.message);
        // SAFETY: every handle lives until `end`, is used by this thread alone, and was made by its own function; texts end in
        // NUL, lengths are those of the memory, places are writable.
        unsafe {
            match choices.byte() % 23 {
                0 => {
                    let mut fresh = null_mut();
                    assert!(fine(smtpipe_message_new(&raw mut fresh)));
                    smtpipe_message_free(message);
                    self.message = fresh;
                }
                1 => drop(fine(smtpipe_message_set_sender(message, text(choices).as_ptr()))),
                2 => drop(fine(smtpipe_message_add_recipient(message, text(choices).as_ptr()))),
                3 => self.parameters(choices),
                4 => self.content(choices),
                5 => {
                    fine(smtpipe_message_clear_recipients(message));
                    fine(smtpipe_message_clear_params(message));
                }
                6 => self.send(choices),
                7 => self.output(choices),
                8 => self.start(),
                9 => self.now += choices.byte() as u64,
                10 => {
                    let piece: Vec<u8> =
                        self.down.drain(..usize::from(choices.byte()).min(self.down.len())).collect();
                    if !self.unconnected {
                        assert!(fine(smtpipe_session_feed(session, self.now, piece.as_ptr(), piece.len())));
                    }
                }
                11 => {
                    let len = usize::from(choices.byte());
                    let piece = if len == 0 { choices.one_of(&SAYINGS) } else { choices.take(len) };
                    if !self.unconnected && !piece.is_empty() {
                        self.forged = true;
                        assert!(fine(smtpipe_session_feed(session, self.now, piece.as_ptr(), piece.len())));
                    }
                }
                12 => self.interrupt(choices),
                13 => self.events(1 + choices.up_to(7)),
                14 => self.look(choices),
                15 => {
                    let piece: Vec<u8> =
                        self.up.drain(..usize::from(choices.byte()).min(self.up.len())).collect();
                    assert!(fine(smtpipe_server_feed(self.server, piece.as_ptr(), piece.len())));
                }
                16 => self.serve(choices),
                17 => self.server_output(choices),
                18 => match choices.up_to(15) {
                    0 => drop(fine(smtpipe_server_shut_down(self.server, text(choices).as_ptr()))),
                    1 => drop(fine(smtpipe_server_end_of_input(self.server))),
                    _ => drop(fine(smtpipe_server_flush(self.server))),
                },
                19 => drop(fine(smtpipe_session_cancel(session, choices.byte() as u64))),
                20 => drop(self.outcomes.pop().map(|outcome| smtpipe_outcome_free(outcome))),
                22 if choices.flag() => self.peers(choices),
                21 => self.answer(choices),
                _ => {
                    readable(smtpipe_session_reason(session));
                    readable(smtpipe_message_reason(message));
                    readable(smtpipe_server_reason(self.server));
                }
            }
        }
    }

    unsafe fn parameters(&mut self, choices: &mut Choices<'_>) {
        let how = choices.byte();
        if how >= 0x10 {
            // SAFETY: see `turn`.
            return unsafe { self.wish(how >> 4, choices) };
        }
        let (to_sender, keyword, value) = (how & 1 == 1, text(choices), text(choices));
        let value = if value.is_empty() { null() } else { value.as_ptr() };
        // SAFETY: see `turn`; a value may be NULL.
        unsafe {
            if to_sender {
                fine_or_null(smtpipe_message_add_param(self.message, keyword.as_ptr(), value));
            } else {
                fine_or_null(smtpipe_message_add_recipient_param(self.message, keyword.as_ptr(), value));
            }
        }
    }

    /// Copied or lent: a loan comes back by its release function, whatever becomes of the message.
    unsafe fn content(&mut self, choices: &mut Choices<'_>) {
        let (how, len) = (choices.byte(), usize::from(choices.byte()));
        let bytes = choices.take(len);
        // SAFETY: see `turn`; the loan stays as it is until `give_back`, and the count of loans lives as long as the world.
        unsafe {
            fine(smtpipe_message_set_content_kind(self.message, i32::from(how >> 1 & 3)));
            if how & 8 != 0 {
                self.pieces(how, choices);
            } else if how & 1 == 0 {
                fine(smtpipe_message_set_content(self.message, bytes.as_ptr(), bytes.len()));
            } else {
                let loan = Box::leak(Box::<[u8]>::from(bytes));
                self.loans.given += 1;
                let user = (&raw mut *self.loans).cast();
                fine(smtpipe_message_set_content_borrowed(
                    self.message,
                    loan.as_ptr(),
                    loan.len(),
                    Some(give_back),
                    user,
                ));
            }
        }
    }

    unsafe fn send(&mut self, choices: &mut Choices<'_>) {
        const UNTOUCHED: u64 = 0xdead_beef;
        let mut ticket = UNTOUCHED;
        // SAFETY: see `turn`.
        let taken = unsafe {
            if choices.byte() & 3 == 3 {
                self.ask(choices, &raw mut ticket)
            } else {
                fine(smtpipe_session_send(self.session, self.message, &raw mut ticket))
            }
        };
        assert!(if taken { ticket == self.tickets + 1 } else { ticket == UNTOUCHED });
        self.tickets += u64::from(taken);
    }

    unsafe fn start(&mut self) {
        if self.unconnected {
            // SAFETY: see `turn`.
            unsafe { assert!(fine(smtpipe_session_start(self.session, self.now))) };
            // The server has only one connection in it: from a second one on, nothing that is said there makes sense.
            self.forged |= self.started;
            self.started = true;
            self.unconnected = false;
        }
    }

    unsafe fn output(&mut self, choices: &mut Choices<'_>) {
        let most = usize::from(choices.byte());
        let mut slices = [smtpipe_bytes { data: null(), len: 0 }; 5];
        let mut count = usize::MAX;
        // SAFETY: see `turn`; the slices live until the next call, which is `sent`.
        unsafe {
            assert!(fine(smtpipe_session_output(
                self.session,
                slices.as_mut_ptr(),
                1 + most % 5,
                &raw mut count
            )));
            assert!(count <= 1 + most % 5);
            let mut taken = Vec::new();
            for slice in &slices[..count] {
                assert!(!slice.data.is_null() && slice.len > 0);
                taken.extend_from_slice(std::slice::from_raw_parts(slice.data, slice.len));
            }
            taken.truncate(if most == 255 { usize::MAX } else { most * 2 });
            assert!(fine(smtpipe_session_sent(self.session, self.now, taken.len())));
            self.up.extend_from_slice(&taken);
            if smtpipe_session_half_close(self.session) {
                assert!(fine(smtpipe_session_end_of_input(self.session, self.now)));
            }
        }
    }

    unsafe fn interrupt(&mut self, choices: &mut Choices<'_>) {
        // SAFETY: see `turn`.
        unsafe {
            match choices.up_to(7) {
                0 => assert!(fine(smtpipe_session_end_of_input(self.session, self.now))),
                1 => {
                    fine(smtpipe_session_connection_lost(self.session, self.now, text(choices).as_ptr()));
                }
                2 => assert!(fine(smtpipe_session_quit(self.session))),
                3 => assert!(fine(smtpipe_session_truncated(self.session, self.now))),
                _ => {
                    let wait = smtpipe_session_timeout_ms(self.session, self.now);
                    if wait >= 0 {
                        self.now += wait.unsigned_abs() as u64;
                        assert!(fine(smtpipe_session_handle_timeout(self.session, self.now)));
                        assert!(
                            smtpipe_session_timeout_ms(self.session, self.now) != 0,
                            "a deadline that stays"
                        );
                    }
                }
            }
        }
    }

    unsafe fn events(&mut self, most: usize) {
        for _ in 0..most {
            // SAFETY: an event is numbers and pointers, for which all zeroes will do; see `turn`.
            unsafe {
                let mut event: smtpipe_event = std::mem::zeroed();
                let size = size_of::<smtpipe_event>();
                if !fine(smtpipe_session_next_event(self.session, &raw mut event, size)) {
                    assert!(event.kind == 0 && event.outcome.is_null());
                    return;
                }
                readable(event.why);
                if event.kind == smtpipe_event_kind::SMTPIPE_EVENT_WANT_CONTENT as i32 {
                    self.asked = event.ticket;
                }
                if event.data.len > 0 {
                    let data = std::slice::from_raw_parts(event.data.data, event.data.len);
                    assert_eq!(data.len(), event.data.len);
                }
                self.unconnected |= event.kind == smtpipe_event_kind::SMTPIPE_EVENT_RECONNECT as i32;
                let is_outcome = event.kind == smtpipe_event_kind::SMTPIPE_EVENT_OUTCOME as i32;
                assert_eq!(is_outcome, !event.outcome.is_null());
                if is_outcome {
                    self.outcomes_seen += 1;
                    let ticket = smtpipe_outcome_ticket(event.outcome);
                    assert!((1..=self.tickets).contains(&ticket));
                    let accepted =
                        smtpipe_outcome_status(event.outcome) <= smtpipe_delivery::SMTPIPE_PARTIAL as i32;
                    self.delivered += u64::from(accepted && !smtpipe_outcome_is_command(event.outcome));
                    self.outcomes.push(event.outcome);
                }
            }
        }
    }

    /// Everything there is to look at.
    unsafe fn look(&mut self, choices: &mut Choices<'_>) {
        // SAFETY: see `turn`; statistics are numbers, for which all zeroes will do.
        unsafe {
            let session = self.session;
            let level = smtpipe_session_level(session);
            assert!((1..=4).contains(&level), "level {level}");
            let mut stats: smtpipe_stats = std::mem::zeroed();
            assert!(fine(smtpipe_session_stats(session, &raw mut stats, size_of::<smtpipe_stats>())));
            let unfinished = smtpipe_session_unfinished(session) as u64;
            assert_eq!(stats.messages + stats.raw_commands + unfinished, self.tickets);
            let offered = smtpipe_session_capabilities(session);
            if !offered.is_null() {
                readable(smtpipe_capabilities_domain(offered));
                for index in 0..smtpipe_capabilities_count(offered) + 1 {
                    let keyword = smtpipe_capabilities_keyword(offered, index);
                    assert_eq!(keyword.is_null(), index == smtpipe_capabilities_count(offered));
                    if !keyword.is_null() {
                        assert!(!smtpipe_capabilities_params(offered, keyword).is_null());
                    }
                }
            }
            let error = smtpipe_session_error(session);
            if !error.is_null() {
                assert!(readable(smtpipe_error_text(error)) > 0);
                assert!((smtpipe_error_status(error) as i32) < 0);
                look_at_reply(smtpipe_error_reply(error));
            }
            smtpipe_session_has_room(session);
            assert!(
                !smtpipe_session_is_closed(session) || smtpipe_session_timeout_ms(session, self.now) == -1
            );
            if let Some(&outcome) = self.outcomes.get(choices.up_to(9)) {
                look_at_outcome(outcome);
            }
        }
    }

    /// The network goes, everything comes back, everything is freed.
    fn end(mut self) {
        // SAFETY: see `turn`; each handle is freed once and not used again.
        unsafe {
            for _ in 0..2 {
                assert!(fine(smtpipe_session_end_of_input(self.session, self.now)));
            }
            assert!(smtpipe_session_is_closed(self.session));
            assert_eq!(smtpipe_session_unfinished(self.session), 0);
            self.events(usize::MAX);
            assert_eq!(self.outcomes_seen, self.tickets, "one outcome for each ticket");
            assert!(
                self.forged || self.delivered <= self.accepted,
                "{} of {}",
                self.delivered,
                self.accepted
            );
            // Outcomes outlive their session.
            smtpipe_session_free(self.session);
            smtpipe_server_free(self.server);
            smtpipe_message_free(self.message);
            for &outcome in &self.outcomes {
                look_at_outcome(outcome);
                smtpipe_outcome_free(outcome);
            }
        }
        assert_eq!(self.loans.given, self.loans.back, "every loan comes back once");
    }
}

/// A parameter's value may be NULL: the status for that is another's.
fn fine_or_null(status: smtpipe_status) {
    assert_ne!(status, smtpipe_status::SMTPIPE_ERR_PANIC);
}

/// Some text of the caller's: any bytes, as C has them.
fn text(choices: &mut Choices<'_>) -> CString {
    let len = usize::from(choices.byte());
    let bytes: Vec<u8> = choices.take(len).iter().copied().filter(|&byte| byte != 0).collect();
    CString::new(bytes).unwrap_or_default()
}

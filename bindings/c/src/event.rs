//! `smtpipe_event`: what a session reports, and what a client reports besides outcomes.

use crate::constants::level_number;
use crate::handle::Failure;
use crate::outcome::smtpipe_outcome;
use crate::session_io::{NO_BYTES, smtpipe_bytes};
use crate::stats::{check_place, fill};
use crate::status::smtpipe_status;
use crate::views::{Views, give_outcome};
use engine::session::{DowngradeReason, Event, ReconnectReason};
use std::ffi::{CStr, c_char};
use std::ptr;

/// What happened.
#[repr(i32)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum smtpipe_event_kind {
    /// Something this header doesn't know. It may be ignored.
    SMTPIPE_EVENT_OTHER = 0,
    /// The greeting and EHLO are done.
    SMTPIPE_EVENT_READY = 1,
    /// A ticket has its outcome.
    SMTPIPE_EVENT_OUTCOME = 2,
    /// The server passed a trial: from here on more is pipelined.
    SMTPIPE_EVENT_UPGRADE = 3,
    /// The server failed a trial: from here on less is pipelined. Nothing was lost or doubled by it.
    SMTPIPE_EVENT_DOWNGRADE = 4,
    /// The session needs another connection to the same server: drop this one, connect, call smtpipe_session_start();
    /// or call smtpipe_session_end_of_input() to give up. A client does so by itself.
    SMTPIPE_EVENT_RECONNECT = 5,
    /// Nothing more will happen; smtpipe_session_error() says why, if it was not QUIT.
    SMTPIPE_EVENT_CLOSED = 6,
    /// The caller's own SASL (smtpipe_config_set_auth_caller()) is to log in; `data` has the mechanisms offered, separated by
    /// spaces. Again, with `why` not NULL, if the mechanism tried was refused as such (504, 534).
    SMTPIPE_EVENT_AUTH_WANTED = 8,
    /// The caller's own SASL is asked; `data` is the challenge, decoded, perhaps empty.
    SMTPIPE_EVENT_AUTH_CHALLENGE = 9,
    /// Do a TLS handshake on the connection, beginning with the next byte of either direction; then call
    /// smtpipe_session_tls_established() or smtpipe_session_tls_failed(). A client does so by itself.
    SMTPIPE_EVENT_STARTTLS = 7,
    /// The next piece of a streamed content is wanted: `ticket` says whose, and `rewind` whether from its beginning once more (a
    /// piece from before must not be given then). Answer each of these once, now or later, with smtpipe_session_content(),
    /// smtpipe_session_content_end() or smtpipe_session_content_failed(). A client does so by itself.
    SMTPIPE_EVENT_WANT_CONTENT = 10,
}

/// One event. Fields may be appended; functions that write it take the size that the caller knows.
#[repr(C)]
#[allow(non_camel_case_types)]
#[derive(Clone, Copy, Debug)]
pub struct smtpipe_event {
    /// A `smtpipe_event_kind`.
    pub kind: i32,
    /// Of a downgrade: the `smtpipe_level` tried. Else 0.
    pub from: i32,
    /// Of an upgrade or downgrade: the `smtpipe_level` used from here on. Else 0.
    pub to: i32,
    /// Of wanted content: 1 if a source that was drawn from before has to begin again. Else 0.
    pub rewind: i32,
    /// Of a downgrade or reconnection: why, in words that live as long as the library is loaded. Else NULL.
    pub why: *const c_char,
    /// Of an outcome: the outcome, the caller's to free with smtpipe_outcome_free(). Else NULL.
    pub outcome: *mut smtpipe_outcome,
    /// Of AUTH: see the kinds. Borrowed until the next call that takes the session or client without const.
    pub data: smtpipe_bytes,
    /// Of wanted content: whose. Else 0.
    pub ticket: u64,
}

impl smtpipe_event {
    const fn new(kind: smtpipe_event_kind) -> Self {
        Self {
            kind: kind as i32,
            from: 0,
            to: 0,
            rewind: 0,
            why: ptr::null(),
            data: NO_BYTES,
            outcome: ptr::null_mut(),
            ticket: 0,
        }
    }
}

impl smtpipe_event {
    /// `views` keeps what the event's `data` points at.
    fn of(event: Event, views: &mut Views) -> Self {
        use smtpipe_event_kind as K;
        match event {
            Event::AuthChallenge(challenge) => {
                Self { data: views.lend(challenge), ..Self::new(K::SMTPIPE_EVENT_AUTH_CHALLENGE) }
            }
            Event::AuthWanted { mechanisms, refused } => Self {
                why: refused.map_or(ptr::null(), |_| c"the mechanism was refused".as_ptr()),
                data: views.lend_text(&mechanisms),
                ..Self::new(K::SMTPIPE_EVENT_AUTH_WANTED)
            },
            Event::Closed => Self::new(K::SMTPIPE_EVENT_CLOSED),
            Event::Downgrade { from, to, why } => Self {
                from: level_number(from),
                to: level_number(to),
                why: downgrade(why).as_ptr(),
                ..Self::new(K::SMTPIPE_EVENT_DOWNGRADE)
            },
            Event::Outcome(outcome) => {
                Self { outcome: give_outcome(outcome), ..Self::new(K::SMTPIPE_EVENT_OUTCOME) }
            }
            Event::Ready => Self::new(K::SMTPIPE_EVENT_READY),
            Event::Reconnect { why } => {
                Self { why: reconnect(why).as_ptr(), ..Self::new(K::SMTPIPE_EVENT_RECONNECT) }
            }
            Event::StartTls => Self::new(K::SMTPIPE_EVENT_STARTTLS),
            Event::Upgrade { to } => Self { to: level_number(to), ..Self::new(K::SMTPIPE_EVENT_UPGRADE) },
            Event::WantContent { ticket, rewind } => Self {
                rewind: i32::from(rewind),
                ticket: ticket.get(),
                ..Self::new(K::SMTPIPE_EVENT_WANT_CONTENT)
            },
            _ => Self::new(K::SMTPIPE_EVENT_OTHER),
        }
    }
}

const fn downgrade(why: DowngradeReason) -> &'static CStr {
    match why {
        DowngradeReason::ChunkNotSwallowed => c"a refused chunk was read as commands",
        DowngradeReason::ProbeUnanswered => c"the probe was not answered",
        DowngradeReason::RefusedBehindContent => c"commands behind an end of content were answered 503",
        DowngradeReason::SwallowedBehindContent => c"commands behind an end of content were lost",
        _ => c"a trial failed",
    }
}

const fn reconnect(why: ReconnectReason) -> &'static CStr {
    match why {
        ReconnectReason::Abandoned => c"a transaction that must not be completed is open",
        ReconnectReason::MailMax => c"the server takes no more messages on one connection",
        ReconnectReason::TlsFailed => c"TLS failed, and clear text is allowed then",
        ReconnectReason::Trial => c"a trial left the connection out of step",
        _ => c"the session asked for it",
    }
}

/// The place for an event, checked before an event is taken: one that is taken can't be put back.
pub(crate) struct EventPlace {
    place: *mut smtpipe_event,
    size: usize,
}

impl EventPlace {
    /// # Safety
    /// `place` is NULL or writable for `size` bytes until the event is written.
    pub(crate) unsafe fn new(place: *mut smtpipe_event, size: usize) -> Result<Self, Failure> {
        check_place(place, size, size_of::<smtpipe_event>())?;
        Ok(Self { place, size })
    }

    /// Writes the event; without one the answer is `SMTPIPE_NOTHING`.
    pub(crate) fn write(self, event: Option<Event>, views: &mut Views) -> Result<(), Failure> {
        let event = smtpipe_event::of(event.ok_or(smtpipe_status::SMTPIPE_NOTHING)?, views);
        // SAFETY: `new` was promised the place and its size; the struct has no padding.
        unsafe { fill(self.place, self.size, size_of::<smtpipe_event>(), &event) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downgrades_have_the_engines_words() {
        for why in [
            DowngradeReason::ChunkNotSwallowed,
            DowngradeReason::ProbeUnanswered,
            DowngradeReason::RefusedBehindContent,
            DowngradeReason::SwallowedBehindContent,
        ] {
            assert_eq!(downgrade(why).to_str(), Ok(why.as_str()));
        }
    }
}

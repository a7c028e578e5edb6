//! What C borrows from a client or session, made when it is first asked for: the error that ended it, and what
//! the server offered. And the conversions that clients and sessions share.

use crate::capabilities::{CapabilitiesView, smtpipe_capabilities};
use crate::error::{ErrorView, session_status, smtpipe_error};
use crate::handle::{Failure, give};
use crate::outcome::{OutcomeHandle, smtpipe_outcome};
use crate::session_io::smtpipe_bytes;
use crate::status::smtpipe_status;
use crate::tls_info::{TlsView, smtpipe_tls_info};
use engine::sasl::Challenge;
use engine::session::{Outcome, SessionError, Ticket};
use engine::tls::TlsInfo;
use engine::wire::Capabilities;
use std::cell::OnceCell;
use std::time::Duration;

#[derive(Default)]
pub(crate) struct Views {
    error: OnceCell<ErrorView>,
    capabilities: OnceCell<CapabilitiesView>,
    tls: OnceCell<TlsView>,
    /// What an event's `data` points at.
    lent: Option<Challenge>,
    lent_text: Box<str>,
    /// The highest ticket given out; they are given out in order from 1.
    last_ticket: u64,
}

impl Views {
    /// Before each call that may change things: a new connection may offer something else. The error stays, as
    /// a session that has ended has ended for good.
    pub(crate) fn forget(&mut self) {
        self.capabilities.take();
        self.tls.take();
        self.lent = None;
    }

    /// Why the session ended; a loss before there was any connection is a failure to connect.
    pub(crate) fn error(&self, error: Option<&SessionError>, connections: u32) -> *const smtpipe_error {
        let view = error.map(|error| {
            self.error.get_or_init(|| {
                let status = match error {
                    SessionError::Lost(_) if connections == 0 => smtpipe_status::SMTPIPE_ERR_CONNECT,
                    error => session_status(error),
                };
                ErrorView::new(status, error)
            })
        });
        ErrorView::pointer(view)
    }

    pub(crate) fn capabilities(&self, capabilities: Option<&Capabilities>) -> *const smtpipe_capabilities {
        let view = capabilities.map(|found| self.capabilities.get_or_init(|| CapabilitiesView::new(found)));
        CapabilitiesView::pointer(view)
    }

    /// Keeps octets until the next call.
    pub(crate) fn lend(&mut self, challenge: Challenge) -> smtpipe_bytes {
        self.lent.insert(challenge).as_bytes().into()
    }

    /// As [`lend`](Self::lend), for text.
    pub(crate) fn lend_text(&mut self, text: &str) -> smtpipe_bytes {
        self.lent_text = text.into();
        self.lent_text.as_bytes().into()
    }

    pub(crate) fn tls(&self, info: Option<&TlsInfo>) -> *const smtpipe_tls_info {
        TlsView::pointer(info.map(|info| self.tls.get_or_init(|| TlsView::new(info))))
    }

    pub(crate) const fn give_ticket(&mut self, ticket: Ticket) -> u64 {
        self.last_ticket = ticket.get();
        self.last_ticket
    }

    pub(crate) fn take_ticket(&self, number: u64) -> Result<Ticket, Failure> {
        if number == 0 || number > self.last_ticket {
            return Err(Failure::new(
                smtpipe_status::SMTPIPE_ERR_TICKET,
                format!("ticket {number} was never given out"),
            ));
        }
        Ok(Ticket::from_number(number))
    }
}

pub(crate) fn give_outcome(outcome: Outcome) -> *mut smtpipe_outcome {
    give(OutcomeHandle::new(outcome))
}

/// A time as poll(2) wants it: rounded up, so that nobody wakes too early and spins; -1 is no limit.
pub(crate) fn poll_ms(limit: Option<Duration>) -> i32 {
    limit.map_or(-1, |limit| i32::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_up_and_clamped() {
        assert_eq!(poll_ms(None), -1);
        assert_eq!(poll_ms(Some(Duration::ZERO)), 0);
        assert_eq!(poll_ms(Some(Duration::from_nanos(1))), 1);
        assert_eq!(poll_ms(Some(Duration::from_millis(5))), 5);
        assert_eq!(poll_ms(Some(Duration::MAX)), i32::MAX);
    }

    #[test]
    fn tickets_never_given_out_are_refused() {
        let mut views = Views::default();
        assert!(views.take_ticket(1).is_err());
        assert_eq!(views.give_ticket(Ticket::from_number(2)), 2);
        assert!(views.take_ticket(0).is_err() && views.take_ticket(3).is_err());
        assert!(views.take_ticket(1).is_ok() && views.take_ticket(2).is_ok());
    }
}

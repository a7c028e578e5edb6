//! Which sockets are ready: epoll where there is one, `poll` elsewhere. Level-triggered, both the same to use.

use std::time::Duration;

use rustix::event::Timespec;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod epoll;
#[cfg(any(not(any(target_os = "linux", target_os = "android")), test))]
mod poll;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use epoll::Poller;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) use poll::Poller;

/// What a socket is watched for. Errors and hang-ups are always reported, as readable and writable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interest {
    pub(super) read: bool,
    pub(super) write: bool,
}

impl Interest {
    pub(super) const READ: Self = Self { read: true, write: false };

    pub(super) fn is_none(self) -> bool {
        !self.read && !self.write
    }
}

/// A socket that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ready {
    pub(super) key: u64,
    pub(super) read: bool,
    pub(super) write: bool,
}

fn timespec(timeout: Duration) -> Timespec {
    // What doesn't fit is longer than any machine runs.
    Timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(i32::MAX.into()),
        tv_nsec: timeout.subsec_nanos().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;

    macro_rules! behaves {
        ($name:ident, $poller:ty) => {
            #[test]
            fn $name() {
                let (ours, mut theirs) = UnixStream::pair().unwrap();
                let fd = Arc::new(OwnedFd::from(ours));
                let mut poller = <$poller>::new().unwrap();
                let mut ready = Vec::new();
                poller.add(&fd, 7, Interest::READ).unwrap();
                poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
                assert_eq!(ready, []);
                poller.wait(&mut ready, Some(Duration::from_nanos(1))).unwrap();
                assert_eq!(ready, []);
                theirs.write_all(b"x").unwrap();
                poller.wait(&mut ready, None).unwrap();
                assert_eq!(ready, [Ready { key: 7, read: true, write: false }]);
                poller.modify(&fd, 7, Interest::READ, Interest { read: false, write: true }).unwrap();
                poller.wait(&mut ready, None).unwrap();
                assert_eq!(ready, [Ready { key: 7, read: false, write: true }]);
                let none = Interest { read: false, write: false };
                poller.modify(&fd, 7, Interest { read: false, write: true }, none).unwrap();
                drop(theirs);
                poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
                assert_eq!(ready, [], "nothing is watched for");
                poller.remove(&fd, 7, none);
                assert_eq!(Arc::strong_count(&fd), 1);
            }
        };
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    behaves!(epoll_behaves, Poller);
    behaves!(poll_behaves, poll::Poller);
}

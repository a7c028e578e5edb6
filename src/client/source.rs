//! Where streamed content comes from: the trait, and the sources that most callers have: something that reads, a file
//! descriptor, an iterator. A source only gives; when it is drawn from is decided elsewhere.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use bytes::{Bytes, BytesMut};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::FileType;

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// Gives the content of one message, piece by piece, while it is sent. It is drawn from by the calls that drive the
/// [`Client`](super::Client), on their thread, and dropped with the message's outcome or the client.
pub trait Source: Send {
    /// The next piece; `None` is the end.
    ///
    /// # Errors
    ///
    /// Of the kind `WouldBlock`: nothing is there yet, ask again. Any other: the source has failed, and the message is not
    /// sent.
    fn pull(&mut self) -> io::Result<Option<Bytes>>;

    /// Begins again with the first octet. Called only if [`is_rewindable`](Self::is_rewindable).
    ///
    /// # Errors
    ///
    /// It can't; the message is not sent.
    fn rewind(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Whether it can begin again. It has to, if the message must go again after some of it was drawn.
    fn is_rewindable(&self) -> bool {
        false
    }

    /// What becomes readable when there is more, for one that says `WouldBlock`. One without is asked again every few
    /// milliseconds.
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

impl<S: Source + ?Sized> Source for Box<S> {
    fn pull(&mut self) -> io::Result<Option<Bytes>> {
        (**self).pull()
    }

    fn rewind(&mut self) -> io::Result<()> {
        (**self).rewind()
    }

    fn is_rewindable(&self) -> bool {
        (**self).is_rewindable()
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        (**self).as_fd()
    }
}

/// A source that reads. Its `read` may block, and then so does the call that drives the client.
pub struct Reader<R> {
    inner: R,
    buffer: BytesMut,
    rewind: Option<fn(&mut R, u64) -> io::Result<()>>,
    start: u64,
}

impl<R: Read> Reader<R> {
    /// Reads to the end, once.
    pub fn new(inner: R) -> Self {
        Self { inner, buffer: BytesMut::new(), rewind: None, start: 0 }
    }
}

impl<R: Read + Seek> Reader<R> {
    /// Reads from where it stands to the end, and can begin again there.
    ///
    /// # Errors
    ///
    /// It doesn't know where it stands.
    pub fn seekable(mut inner: R) -> io::Result<Self> {
        let start = inner.stream_position()?;
        let rewind = |inner: &mut R, start| inner.seek(SeekFrom::Start(start)).map(|_| ());
        Ok(Self { inner, buffer: BytesMut::new(), rewind: Some(rewind), start })
    }
}

impl<R: Read + Send> Source for Reader<R> {
    fn pull(&mut self) -> io::Result<Option<Bytes>> {
        self.buffer.resize(PIECE, 0);
        let n = self.inner.read(&mut self.buffer)?;
        Ok((n > 0).then(|| self.buffer.split_to(n.min(PIECE)).freeze()))
    }

    fn rewind(&mut self) -> io::Result<()> {
        let rewind = self.rewind.ok_or(io::ErrorKind::Unsupported)?;
        rewind(&mut self.inner, self.start)
    }

    fn is_rewindable(&self) -> bool {
        self.rewind.is_some()
    }
}

impl<R> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("rewindable", &self.rewind.is_some()).finish_non_exhaustive()
    }
}

/// A source out of an iterator of pieces.
pub struct Pieces<I>(I);

impl<I: Iterator<Item = io::Result<Bytes>>> Pieces<I> {
    /// Gives what the iterator gives.
    pub const fn new(pieces: I) -> Self {
        Self(pieces)
    }
}

impl<I: Iterator<Item = io::Result<Bytes>> + Send> Source for Pieces<I> {
    fn pull(&mut self) -> io::Result<Option<Bytes>> {
        self.0.next().transpose()
    }
}

impl<I> fmt::Debug for Pieces<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pieces")
    }
}

/// A file descriptor as a source. A regular file is read from where it stood at first, by offset: nobody who shares it is
/// disturbed, and it can begin again. Of anything else (a pipe, a socket, a terminal) what is there is read, and it is never
/// waited for, whether or not it is in non-blocking mode.
#[derive(Debug)]
pub struct Descriptor {
    fd: OwnedFd,
    buffer: BytesMut,
    /// Of a regular file: where it began, and where it stands.
    file: Option<(u64, u64)>,
}

impl Descriptor {
    /// Takes the descriptor, and closes it in the end.
    ///
    /// # Errors
    ///
    /// It can't be asked what it is.
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        let file = match Self::kind(&fd)? {
            FileType::RegularFile => {
                let at = rustix::fs::tell(&fd)?;
                Some((at, at))
            }
            _ => None,
        };
        Ok(Self { fd, buffer: BytesMut::new(), file })
    }

    /// The same once more, from the same beginning. Only of a regular file is that of any use.
    ///
    /// # Errors
    ///
    /// The system has no more descriptors.
    pub fn try_clone(&self) -> io::Result<Self> {
        let file = self.file.map(|(start, _)| (start, start));
        Ok(Self { fd: self.fd.try_clone()?, buffer: BytesMut::new(), file })
    }

    /// Of a regular file, how much of it there is from here on.
    ///
    /// # Errors
    ///
    /// It can't be asked.
    pub fn length(&self) -> io::Result<Option<u64>> {
        let Some((start, _)) = self.file else { return Ok(None) };
        let size = rustix::fs::fstat(&self.fd)?.st_size;
        Ok(Some(u64::try_from(size).unwrap_or(0).saturating_sub(start)))
    }

    fn kind(fd: &OwnedFd) -> io::Result<FileType> {
        Ok(FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode))
    }
}

impl Source for Descriptor {
    fn pull(&mut self) -> io::Result<Option<Bytes>> {
        self.buffer.resize(PIECE, 0);
        let n = if let Some((_, at)) = &mut self.file {
            let n = rustix::io::pread(&self.fd, &mut self.buffer[..], *at)?;
            *at = at.saturating_add(n as u64);
            n
        } else {
            let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
            if poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            rustix::io::read(&self.fd, &mut self.buffer[..])?
        };
        Ok((n > 0).then(|| self.buffer.split_to(n.min(PIECE)).freeze()))
    }

    fn rewind(&mut self) -> io::Result<()> {
        let (start, at) = self.file.as_mut().ok_or(io::ErrorKind::Unsupported)?;
        *at = *start;
        Ok(())
    }

    fn is_rewindable(&self) -> bool {
        self.file.is_some()
    }

    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.fd.as_fd())
    }
}

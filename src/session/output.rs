//! What is to be sent, as slices. Commands are written into one buffer of text; content stays where the caller has it.
//! A command never lies in two slices (some servers don't handle a command that arrives in parts), and no byte of content
//! is copied unless it is full of dots.
//!
//! Positions are absolute: bytes since the connection began. `sent <= handed <= queued`. What was handed out may have
//! left, for all we know; [`Output::sent`] takes back what the driver says it did not write.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;
use zeroize::Zeroize as _;

use crate::wire::{Content, Stuffed};

/// Sent text is dropped from the buffer when there is more of it than this.
const COMPACT: usize = 64 * 1024;

#[derive(Debug)]
enum Segment {
    /// So many bytes of `text`.
    Text(usize),
    Content(Bytes),
}

#[derive(Debug, Default)]
pub(super) struct Output {
    segments: VecDeque<Segment>,
    /// Commands that are not wholly sent; those before `text_start` are.
    text: Vec<u8>,
    text_start: usize,
    /// How much of the front segment is sent.
    front_sent: usize,
    sent: u64,
    handed: u64,
    queued: u64,
}

impl Output {
    /// Queues what `write` appends.
    pub(super) fn command(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.text.len();
        write(&mut self.text);
        let len = self.text.len().saturating_sub(before);
        self.queued = self.queued.saturating_add(len as u64);
        match self.segments.back_mut() {
            Some(Segment::Text(last)) => *last = last.saturating_add(len),
            _ => self.segments.push_back(Segment::Text(len)),
        }
    }

    /// The bytes of the last `n` queued, for the trace; only right behind [`Output::command`].
    pub(super) fn last_text(&self, from: u64) -> &[u8] {
        let n = usize::try_from(self.queued.saturating_sub(from)).unwrap_or(usize::MAX);
        self.text.get(self.text.len().saturating_sub(n)..).unwrap_or_default()
    }

    /// Queues content with its dots stuffed and the final dot (RFC 5321 §4.5.2).
    pub(super) fn data(&mut self, content: &Content) {
        for piece in content.stuffed() {
            self.content(piece);
        }
    }

    /// Queues a piece of content with its dots stuffed: more is to come.
    pub(super) fn piece(&mut self, content: &Content) {
        for piece in Stuffed::piece(content) {
            self.content(piece);
        }
    }

    /// Queues content as one chunk; its BDAT line was queued before (RFC 3030 §2).
    pub(super) fn chunk(&mut self, content: &Content) {
        self.content(content.bytes().clone());
        if content.missing_crlf() {
            self.content(Bytes::from_static(b"\r\n"));
        }
    }

    /// Queues the end of content with no content.
    pub(super) fn lone_dot(&mut self) {
        self.content(Bytes::from_static(b".\r\n"));
    }

    /// Hands out what comes next. From here on it may have been sent.
    pub(super) fn slices<'a>(&'a mut self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut text = self.text.get(self.text_start..).unwrap_or_default();
        let mut skip = self.front_sent;
        let mut count = 0;
        let mut handed = self.sent;
        for (slot, segment) in slices.iter_mut().zip(&self.segments) {
            let whole = match segment {
                Segment::Text(len) => {
                    // The sent part of the front segment is no longer in `text`'s unsent part.
                    let (head, tail) = text.split_at_checked(len.saturating_sub(skip)).unwrap_or((text, &[]));
                    text = tail;
                    skip = 0;
                    head
                }
                Segment::Content(bytes) => bytes.as_ref(),
            };
            let part = whole.get(skip..).unwrap_or_default();
            skip = 0;
            handed = handed.saturating_add(part.len() as u64);
            *slot = IoSlice::new(part);
            count += 1;
        }
        self.handed = handed;
        count
    }

    /// So many of the bytes handed out were written. The others were not.
    pub(super) fn sent(&mut self, n: usize) {
        let n = n.min(usize::try_from(self.handed.saturating_sub(self.sent)).unwrap_or(usize::MAX));
        self.sent = self.sent.saturating_add(n as u64);
        self.handed = self.sent;
        let mut left = n.saturating_add(self.front_sent);
        while let Some(front) = self.segments.front() {
            let (len, is_text) = match front {
                Segment::Text(len) => (*len, true),
                Segment::Content(bytes) => (bytes.len(), false),
            };
            let step = left.min(len);
            // What was sent of this segment before now has been taken off the text already.
            if is_text {
                self.text_start = self.text_start.saturating_add(step.saturating_sub(self.front_sent));
            }
            if left < len {
                self.front_sent = left;
                self.compact();
                return;
            }
            left -= len;
            self.front_sent = 0;
            self.segments.pop_front();
        }
        self.compact();
    }

    /// Bytes queued and not sent.
    pub(super) fn pending(&self) -> u64 {
        self.queued.saturating_sub(self.sent)
    }

    /// Where the last byte queued so far ends.
    pub(super) const fn queued(&self) -> u64 {
        self.queued
    }

    /// Up to where bytes may have left.
    pub(super) const fn handed(&self) -> u64 {
        self.handed
    }

    /// Up to where bytes have left.
    pub(super) const fn written(&self) -> u64 {
        self.sent
    }

    /// Nothing more is to be sent: forgets what was not written.
    pub(super) fn discard(&mut self) {
        let (sent, text) = (self.sent, core::mem::take(&mut self.text));
        drop(text);
        *self = Self { sent, handed: sent, queued: sent, ..Self::default() };
    }

    /// A new connection: positions start from nothing.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    /// Overwrites what was sent: it was secret.
    pub(super) fn wipe(&mut self) {
        if self.segments.is_empty() {
            self.text.zeroize();
            self.text_start = 0;
        }
    }

    /// Gives memory back when there is nothing to do.
    pub(super) fn shrink(&mut self) {
        if self.segments.is_empty() {
            self.text = Vec::new();
            self.segments.shrink_to(16);
        }
    }

    /// Queues content as it is.
    pub(super) fn content(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.queued = self.queued.saturating_add(bytes.len() as u64);
            self.segments.push_back(Segment::Content(bytes));
        }
    }

    fn compact(&mut self) {
        if self.text_start >= self.text.len() {
            self.text.clear();
            self.text_start = 0;
        } else if self.text_start > COMPACT && self.text_start > self.text.len() / 2 {
            self.text.drain(..self.text_start);
            self.text_start = 0;
        }
    }
}

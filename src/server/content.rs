//! Content on its way through: DATA with its dots, chunks with their counts, and content that goes to nobody.
//!
//! A refused chunk is swallowed to its last octet and answered once (RFC 3030 §2): otherwise content would be
//! executed as commands. Chunk content isn't looked at.

use super::engine::{Asked, Engine, Found, Stage};
use super::output::write_reply;
use super::refusal::{self, Canned};
use crate::wire::Piece;

impl Engine {
    /// One step of DATA content.
    pub(super) fn data<'a>(&mut self, input: &mut &'a [u8]) -> Option<Found<'a>> {
        match self.dots.read(input) {
            Piece::Bytes(piece) => self.piece(piece),
            Piece::NeedMore => None,
            Piece::End => {
                let quirks = self.options.quirks;
                if quirks.swallow_after_dot {
                    *input = &[];
                } else if quirks.refuse_after_dot {
                    self.behind_dot = input.len();
                }
                let found = self.content_end();
                if quirks.no_pipelining && !input.is_empty() {
                    self.asked = None;
                    self.close_with(refusal::NO_PIPELINING);
                    return None;
                }
                found
            }
        }
    }

    /// One step of a chunk.
    pub(super) fn chunk<'a>(&mut self, left: u64, last: bool, input: &mut &'a [u8]) -> Option<Found<'a>> {
        if left == 0 {
            return if last { self.content_end() } else { self.chunk_end() };
        }
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (piece, rest) = input.split_at_checked(here)?;
        *input = rest;
        self.stage = Stage::Chunk { left: left - here as u64, last };
        self.piece(piece)
    }

    fn piece<'a>(&mut self, piece: &'a [u8]) -> Option<Found<'a>> {
        if self.refused.is_some() {
            return None;
        }
        if !self.transaction.count(piece.len(), &self.options) {
            self.refused = Some(self.written(refusal::TOO_LARGE));
            return None;
        }
        Some(Found::Content(piece))
    }

    fn chunk_end<'a>(&mut self) -> Option<Found<'a>> {
        self.stage = Stage::Commands;
        if let Some(reply) = self.refused.take() {
            self.count_refusal();
            self.out.push_written(&reply, true);
            self.transaction.fail_chunk(false, &self.options);
            return None;
        }
        self.asked = Some(Asked::ChunkEnd);
        Some(Found::ChunkEnd)
    }

    fn content_end<'a>(&mut self) -> Option<Found<'a>> {
        let by_data = matches!(self.stage, Stage::Data);
        self.stage = Stage::Commands;
        let replies = self.transaction.replies(&self.options);
        if let Some(reply) = self.refused.take() {
            self.count_refusal();
            for _ in 0..replies {
                self.out.push_written(&reply, true);
            }
            if by_data {
                self.transaction = Default::default();
            } else {
                self.transaction.fail_chunk(true, &self.options);
            }
            return None;
        }
        let replies = if self.transaction.has_own_replies(&self.options) {
            self.out.push(353, None, "A reply for each recipient follows", true);
            replies.saturating_add(self.transaction.accepted)
        } else {
            replies
        };
        self.asked = Some(Asked::ContentEnd(replies));
        Some(Found::ContentEnd(replies))
    }

    /// A chunk that isn't let in, by a reply of the session's own.
    pub(super) fn refuse_chunk(&mut self, canned: Canned, size: u64, last: bool) {
        let reply = self.written(canned);
        self.refuse_chunk_with(reply, size, last);
    }

    pub(super) fn refuse_chunk_with(&mut self, reply: Vec<u8>, size: u64, last: bool) {
        let undrained = self.options.quirks.undrained_chunk;
        self.refused = Some(reply);
        self.stage = Stage::Chunk { left: if undrained { 0 } else { size }, last };
    }

    /// 354 although nobody will get the content (RFC 2920 §3.1): it's read, and refused at its end.
    pub(super) fn data_for_nobody(&mut self) {
        self.out.push(354, None, "Go ahead, to nobody", false);
        self.refused = Some(self.written(refusal::NO_VALID_RECIPIENTS));
        self.stage = Stage::Data;
    }

    fn written(&self, canned: Canned) -> Vec<u8> {
        let enhanced = self.options.enhanced_status_codes.then_some((canned.subject, canned.detail));
        let mut reply = Vec::new();
        write_reply(&mut reply, canned.code, enhanced, canned.text);
        reply
    }
}

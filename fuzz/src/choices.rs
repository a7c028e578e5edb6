//! Choices out of a fuzzer's bytes, from the front to the back: a byte that changes in the middle changes one choice and none
//! before it. Written by hand because the seeds have to be written in it too, from transcripts; `Writer` is the other way.

/// What is left to choose from. At its end everything is 0.
pub(crate) struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// 0 to `most`, both included.
    pub(crate) fn up_to(&mut self, most: u8) -> usize {
        usize::from(self.byte() % (most.saturating_add(1)).max(1))
    }

    /// Up to 65,535.
    pub(crate) fn number(&mut self) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()]))
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    /// So many bytes, or what there is.
    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

/// The pieces of `input` when it is cut in some way: whole, byte by byte, or in portions of `step`.
pub(crate) fn portions(input: &[u8], step: usize) -> impl Iterator<Item = &[u8]> {
    input.chunks(step.max(1))
}

/// Where to cut an input in two: everywhere if it is short, else at places spread over it.
pub(crate) fn cuts(len: usize) -> impl Iterator<Item = usize> {
    (0..=len).step_by((len / 40).max(1))
}

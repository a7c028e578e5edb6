//! Content that the caller gives while it is being sent: what is known of it beforehand. It is looked at only when its turn
//! has come, so what a whole content shows by itself (size, 8-bit data) is declared here, and held to.

use crate::wire::Ends;

/// What is declared of content that will be given piece by piece; see [`Message::streamed`](super::Message::streamed).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Streamed {
    pub(super) ends: Ends,
    pub(super) length: Option<u64>,
    pub(super) seven_bit: bool,
    pub(super) rewindable: bool,
}

impl Streamed {
    /// Text. Every bare LF and every bare CR becomes a CRLF, a missing final CRLF is added, as by
    /// [`Content::new`](crate::wire::Content::new), wherever the pieces are cut.
    pub const fn text() -> Self {
        Self { ends: Ends::Mended, length: None, seven_bit: false, rewindable: false }
    }

    /// Canonical text: a bare LF or CR is a failure of the source.
    pub const fn strict() -> Self {
        Self { ends: Ends::Strict, ..Self::text() }
    }

    /// Octets, for `BODY=BINARYMIME` (RFC 3030): nothing is changed, and they can be sent only by BDAT.
    pub const fn binary() -> Self {
        Self { ends: Ends::Binary, ..Self::text() }
    }

    /// How many octets the source will give, as they come, before any line end is mended. It is told to the server
    /// (SIZE, RFC 1870), and a source that gives more or less has failed.
    #[must_use]
    pub const fn length(mut self, octets: u64) -> Self {
        self.length = Some(octets);
        self
    }

    /// There will be no octet over 127; one is a failure of the source. `BODY=7BIT` among the message's parameters says the
    /// same. Otherwise `BODY=8BITMIME` (RFC 6152) is declared
    /// where it is offered, and where it isn't, the first such octet is a failure.
    #[must_use]
    pub const fn seven_bit(mut self) -> Self {
        self.seven_bit = true;
        self
    }

    /// The source can begin again from its first octet. It has to, if the message must go again after some of it was drawn:
    /// on another connection, or to the rest of its recipients.
    #[must_use]
    pub const fn rewindable(mut self) -> Self {
        self.rewindable = true;
        self
    }

    /// The length, if it was declared.
    pub const fn declared_length(&self) -> Option<u64> {
        self.length
    }

    /// Whether the content is octets and not text.
    pub const fn is_binary(&self) -> bool {
        matches!(self.ends, Ends::Binary)
    }

    /// Whether the source can begin again.
    pub const fn is_rewindable(&self) -> bool {
        self.rewindable
    }
}

//! Message content, and the one pass over it that finds whatever the engine must know.
//!
//! On the wire a line ends in CRLF and in nothing else: a bare LF or CR is what mail smuggling is made
//! of. Content that is canonical already, as most is, is only looked at and never copied. All other
//! content is copied once, with every bare LF and bare CR made a CRLF.

mod scan;
mod stream;
#[cfg(test)]
mod tests;

use std::alloc::Layout;
use std::collections::TryReserveError;
use std::sync::Arc;

use bytes::Bytes;

pub(crate) use self::stream::{Canonical, Ends, Lines};
use super::Stuffed;

/// The content of a message: header and body, canonical, with what the engine has to know about it.
///
/// Cloning is cheap: the bytes are shared.
#[derive(Clone, Debug)]
pub struct Content {
    bytes: Bytes,
    /// `None` if there are none, which is the usual case and so costs nothing.
    dots: Option<Arc<[usize]>>,
    kind: Kind,
    eight_bit: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Lines, the last of which ends in CRLF.
    Whole,
    /// Lines, the last of which lacks its CRLF.
    MissingCrlf,
    /// Octets.
    Binary,
}

/// Why content isn't canonical. Offsets are in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// A CR that no LF follows.
    #[error("a bare CR in the content (offset {at})")]
    BareCr {
        /// Where it is.
        at: usize,
    },
    /// An LF that no CR precedes.
    #[error("a bare LF in the content (offset {at})")]
    BareLf {
        /// Where it is.
        at: usize,
    },
}

impl Content {
    /// Takes any content. Every bare LF and every bare CR becomes a CRLF; without any, nothing is copied.
    pub fn new(bytes: Bytes) -> Self {
        let len = bytes.len();
        Self::try_new(bytes).unwrap_or_else(|_| out_of_memory(len))
    }

    /// As [`new`](Self::new), for content so large that there may be no memory for the copy.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn try_new(bytes: Bytes) -> Result<Self, TryReserveError> {
        match scan::scan(&bytes) {
            Ok(found) => Ok(Self::lines(bytes, found)),
            Err(at) => {
                let bytes = Bytes::from(scan::normalise(&bytes, at)?);
                // What was made canonical is; were it not, it would be sent as it is, with no dot missed.
                let found = scan::scan(&bytes).unwrap_or_default();
                Ok(Self::lines(bytes, found))
            }
        }
    }

    /// Takes canonical content. A final CRLF may be missing.
    ///
    /// # Errors
    ///
    /// The first bare LF or bare CR.
    pub fn strict(bytes: Bytes) -> Result<Self, ContentError> {
        match scan::scan(&bytes) {
            Ok(found) => Ok(Self::lines(bytes, found)),
            Err(at) if bytes.get(at) == Some(&b'\n') => Err(ContentError::BareLf { at }),
            Err(at) => Err(ContentError::BareCr { at }),
        }
    }

    /// Takes content for `BODY=BINARYMIME` (RFC 3030): nothing is changed, and it can be sent only by BDAT.
    pub fn binary(bytes: Bytes) -> Self {
        let eight_bit = !bytes.is_ascii();
        Self { bytes, dots: None, kind: Kind::Binary, eight_bit }
    }

    /// The content: canonical, except that a final CRLF may be missing; or any octets, if it's binary.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether a CRLF has to be sent behind the content. Never for empty or binary content.
    pub fn missing_crlf(&self) -> bool {
        self.kind == Kind::MissingCrlf
    }

    /// Octets as RFC 1870 counts them: canonical, with the final CRLF, dots not stuffed.
    pub fn size(&self) -> u64 {
        self.bytes.len() as u64 + if self.missing_crlf() { 2 } else { 0 }
    }

    /// The offsets of the dots that begin a line, ascending: those that DATA must send twice. None for
    /// binary content.
    pub fn dots(&self) -> &[usize] {
        self.dots.as_deref().unwrap_or_default()
    }

    /// Whether there is an octet over 127.
    pub fn eight_bit(&self) -> bool {
        self.eight_bit
    }

    /// Whether the content is binary, and so needs BINARYMIME and CHUNKING.
    pub fn is_binary(&self) -> bool {
        self.kind == Kind::Binary
    }

    /// The slices that DATA sends: the content with its dots stuffed, a missing CRLF, and the final dot.
    pub fn stuffed(&self) -> Stuffed<'_> {
        Stuffed::new(self)
    }

    fn lines(bytes: Bytes, found: scan::Found) -> Self {
        let whole = bytes.is_empty() || bytes.ends_with(b"\r\n");
        Self {
            kind: if whole { Kind::Whole } else { Kind::MissingCrlf },
            bytes,
            dots: (!found.dots.is_empty()).then(|| found.dots.into()),
            eight_bit: found.eight_bit,
        }
    }
}

/// As any other allocation that is refused.
fn out_of_memory(len: usize) -> ! {
    std::alloc::handle_alloc_error(Layout::array::<u8>(len).unwrap_or(Layout::new::<u8>()))
}

//! The scan: is the content canonical, where are its dots, is it 8-bit? And what makes it canonical.
//!
//! Content is canonical if and only if every octet that is a CR is followed by an LF and every LF
//! follows a CR. For each pair of neighbours that is one question, `(first == CR) == (second == LF)`,
//! with no branch and no state; so the compiler makes it vector instructions, sixteen octets and more at
//! a time, on any machine and without a line of unsafe code. Dots and octets over 127 are looked for in
//! the same loop. Only a block that has a bare line end or a dot is looked at again, octet by octet.

use std::collections::TryReserveError;

use memchr::{memchr_iter, memchr2_iter};

/// Octets looked at before the question is whether anything was there. It fits the first-level cache,
/// so that a second look is cheap.
const BLOCK: usize = 4096;
/// Pairs counted in one octet.
const COUNTED: usize = 255;

#[derive(Debug, Default)]
pub(super) struct Found {
    /// Offsets of the dots that begin a line, ascending.
    pub(super) dots: Vec<usize>,
    pub(super) eight_bit: bool,
}

/// Looks at all of `bytes`. The error is the offset of the first bare LF or bare CR.
pub(super) fn scan(bytes: &[u8]) -> Result<Found, usize> {
    let mut found = Found::default();
    let mut high = 0;
    match bytes {
        [] => return Ok(found),
        [b'\n', ..] => return Err(0),
        [b'.', ..] => found.dots.push(0),
        _ => {}
    }
    // A block's last octet is the first of the pair that straddles its end, hence the overlap by one.
    let firsts = bytes.get(..bytes.len() - 1).unwrap_or_default();
    let seconds = bytes.get(1..).unwrap_or_default();
    for (index, (firsts, seconds)) in firsts.chunks(BLOCK).zip(seconds.chunks(BLOCK)).enumerate() {
        let seen = look(firsts, seconds);
        high |= seen.high;
        if seen.bare != 0 {
            let at = index * BLOCK;
            return Err(at + first_bare(firsts, seconds));
        }
        if seen.dot != 0 {
            let starts = memchr_iter(b'\n', firsts).filter(|&at| seconds.get(at) == Some(&b'.'));
            found.dots.extend(starts.map(|at| index * BLOCK + at + 1));
        }
    }
    if let [.., last] = bytes {
        high |= last;
        if *last == b'\r' {
            return Err(bytes.len() - 1);
        }
    }
    found.eight_bit = high >= 0x80;
    Ok(found)
}

/// What a block has: each field is 0 if it has none.
struct Seen {
    bare: u8,
    dot: u8,
    high: u8,
}

/// Looks at the pairs of a block. Both slices have the same length.
#[inline]
fn look(firsts: &[u8], seconds: &[u8]) -> Seen {
    let mut seen = Seen { bare: 0, dot: 0, high: 0 };
    for (&first, &second) in firsts.iter().zip(seconds) {
        seen.bare |= u8::from(first == b'\r') ^ u8::from(second == b'\n');
        seen.dot |= u8::from(first == b'\n') & u8::from(second == b'.');
        seen.high |= first;
    }
    seen
}

/// The offset of the first bare octet in a block that has one.
fn first_bare(firsts: &[u8], seconds: &[u8]) -> usize {
    let mut pairs = firsts.iter().zip(seconds).map(|(&first, &second)| (first == b'\r', second == b'\n'));
    let at = pairs.position(|(cr, lf)| cr != lf).unwrap_or_default();
    // Either the first is a bare CR, or the second is a bare LF.
    at + usize::from(firsts.get(at) != Some(&b'\r'))
}

/// A canonical copy. `from` is the offset of the first bare LF or bare CR, as [`scan`] gave it. An error: no memory for it.
pub(super) fn normalise(bytes: &[u8], from: usize) -> Result<Vec<u8>, TryReserveError> {
    let (head, tail) = bytes.split_at_checked(from).unwrap_or((&[], bytes));
    let mut out = Vec::new();
    // Each bare octet becomes two.
    out.try_reserve_exact(bytes.len().saturating_add(count_bare(tail)))?;
    out.extend_from_slice(head);
    let mut taken = 0;
    for at in memchr2_iter(b'\r', b'\n', tail) {
        // The LF of a CRLF: it was written with its CR.
        if at < taken {
            continue;
        }
        out.extend_from_slice(tail.get(taken..at).unwrap_or_default());
        out.extend_from_slice(b"\r\n");
        taken = at + if matches!(tail.get(at..), Some([b'\r', b'\n', ..])) { 2 } else { 1 };
    }
    out.extend_from_slice(tail.get(taken..).unwrap_or_default());
    Ok(out)
}

/// How many bare LF and bare CR there are.
fn count_bare(bytes: &[u8]) -> usize {
    let firsts = bytes.get(..bytes.len().saturating_sub(1)).unwrap_or_default();
    let seconds = bytes.get(1..).unwrap_or_default();
    let inner: usize = firsts
        .chunks(COUNTED)
        .zip(seconds.chunks(COUNTED))
        .map(|(firsts, seconds)| {
            let pairs = firsts.iter().zip(seconds);
            // At most one for each pair, so an octet holds the sum.
            let bare = pairs.map(|(&first, &second)| u8::from(first == b'\r') ^ u8::from(second == b'\n'));
            usize::from(bare.fold(0_u8, u8::wrapping_add))
        })
        .sum();
    inner + usize::from(bytes.first() == Some(&b'\n')) + usize::from(bytes.last() == Some(&b'\r'))
}

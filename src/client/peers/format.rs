//! The peer cache as bytes: a line that names the format, a line for each server, a line with a checksum. What is not exactly
//! that is not read at all. It must never decide what is kept.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::{Entry, PeerKey, insert};
use crate::session::{PeerRecord, Verdict};
use crate::wire::{Capabilities, Reply};

/// The format's name and version.
const HEAD: &str = "smtpipe-peers 1";

/// All of it, in the order of the keys: the same cache gives the same bytes.
pub(super) fn write(entries: &HashMap<PeerKey, Entry>) -> Vec<u8> {
    let mut text = format!("{HEAD}\n");
    let mut keys: Vec<_> = entries.iter().collect();
    keys.sort_unstable_by_key(|(key, _)| *key);
    for (key, entry) in keys {
        write_entry(&mut text, key, entry);
    }
    let sum = checksum(text.as_bytes());
    let _ = writeln!(text, "{sum:016x}");
    text.into_bytes()
}

/// One line, tab-separated; what a server or caller wrote is escaped.
fn write_entry(text: &mut String, key: &PeerKey, entry: &Entry) {
    let PeerRecord { continuous, streaming, early, offered, round_trip } = &entry.record;
    let micros = round_trip.map_or(String::new(), |time| time.as_micros().to_string());
    let offered = offered.as_ref().map_or(String::new(), |offered| {
        let mut lines = offered.domain().to_owned();
        for (keyword, params) in offered.iter() {
            let _ = write!(lines, "\n{keyword} {params}");
        }
        lines
    });
    let _ = writeln!(
        text,
        "{}\t{}\t{}\t{}\t{}{}{}\t{micros}\t{}\t{}",
        key.address.escape_default(),
        key.name.escape_default(),
        if key.tls { "tls" } else { "clear" },
        entry.seen,
        letter(*continuous),
        letter(*streaming),
        letter(*early),
        offered.escape_default(),
        entry.failed,
    );
}

pub(super) fn read(bytes: &[u8]) -> Option<HashMap<PeerKey, Entry>> {
    let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (body, sum) = text.rsplit_once('\n')?;
    let body = bytes.get(..=body.len())?;
    if u64::from_str_radix(sum, 16).ok()? != checksum(body) {
        return None;
    }
    let mut lines = std::str::from_utf8(body).ok()?.lines();
    if lines.next() != Some(HEAD) {
        return None;
    }
    let mut entries = HashMap::new();
    for line in lines {
        let (key, entry) = read_entry(line)?;
        insert(&mut entries, key, entry);
    }
    Some(entries)
}

fn read_entry(line: &str) -> Option<(PeerKey, Entry)> {
    let mut fields = line.split('\t');
    let mut next = || fields.next();
    let (address, name, tls) = (unescape(next()?)?, unescape(next()?)?, next()?);
    let seen: u64 = next()?.parse().ok()?;
    let mut verdicts = next()?.chars().map(verdict);
    let micros = next()?;
    let offered = unescape(next()?)?;
    // Older files don't say it.
    let failed = next().map_or(Some(seen), |failed| failed.parse().ok())?;
    let record = PeerRecord {
        continuous: verdicts.next()??,
        streaming: verdicts.next()??,
        early: verdicts.next()??,
        offered: (!offered.is_empty())
            .then(|| Capabilities::from_reply(&Reply::new(250, offered.as_bytes()))),
        round_trip: if micros.is_empty() { None } else { Some(Duration::from_micros(micros.parse().ok()?)) },
    };
    let tls = match tls {
        "tls" => true,
        "clear" => false,
        _ => return None,
    };
    Some((PeerKey { address, name, tls }, Entry { record, seen, failed }))
}

/// The inverse of `escape_default`, whose escapes are these and no others.
fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match rest.next()? {
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            c @ ('\'' | '"' | '\\') => c,
            'u' => {
                let (hex, after) = rest.as_str().strip_prefix('{')?.split_once('}')?;
                rest = after.chars();
                char::from_u32(u32::from_str_radix(hex, 16).ok()?)?
            }
            _ => return None,
        });
    }
    Some(out)
}

const fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Unknown => '?',
        Verdict::Earned => '+',
        Verdict::Failed => '-',
    }
}

const fn verdict(letter: char) -> Option<Verdict> {
    match letter {
        '?' => Some(Verdict::Unknown),
        '+' => Some(Verdict::Earned),
        '-' => Some(Verdict::Failed),
        _ => None,
    }
}

/// FNV-1a: against damage, not against malice.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

//! What is remembered of servers, shared by all clients that are given the same [`Peers`]. Bounded, forgetful, and never
//! trusted: a record only decides what is tried first. It must never hold anything of the messages.
//!
//! The file: a line that names the format, a line for each server, a line with a checksum. A file that is not exactly that
//! is an empty one.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::session::{PeerRecord, Verdict};
use crate::wire::{Capabilities, Reply};

/// The format's name and version.
const HEAD: &str = "smtpipe-peers 1";
/// Servers kept; the one heard of longest ago makes room.
const CAPACITY: usize = 10_000;
/// How long a record is believed.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Which server: where it was found, under what name, and whether over TLS. What one of them offers says nothing of another.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerKey {
    /// Address and port, or the path of a unix socket.
    pub address: String,
    /// The name asked for.
    pub name: String,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// A cache of [`PeerRecord`]s. Clones share it; any thread may use it.
#[derive(Clone, Debug, Default)]
pub struct Peers(Arc<Mutex<HashMap<PeerKey, Entry>>>);

#[derive(Clone, Debug)]
struct Entry {
    record: PeerRecord,
    /// Seconds since 1970.
    seen: u64,
}

impl Peers {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is remembered of a server, unless that was too long ago.
    pub fn get(&self, key: &PeerKey) -> Option<PeerRecord> {
        let limit = now().saturating_sub(MAX_AGE.as_secs());
        self.lock().get(key).filter(|entry| entry.seen >= limit).map(|entry| entry.record.clone())
    }

    /// Remembers what was learnt of a server.
    pub fn put(&self, key: PeerKey, record: PeerRecord) {
        insert(&mut self.lock(), key, Entry { record, seen: now() });
    }

    /// Forgets a server.
    pub fn remove(&self, key: &PeerKey) {
        self.lock().remove(key);
    }

    /// How many servers are remembered.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The whole cache as bytes, for [`from_bytes`](Self::from_bytes).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{HEAD}\n");
        let entries = self.lock();
        let mut keys: Vec<_> = entries.iter().collect();
        keys.sort_unstable_by_key(|(key, _)| *key);
        for (key, entry) in keys {
            write_entry(&mut text, key, entry);
        }
        let sum = checksum(text.as_bytes());
        let _ = writeln!(text, "{sum:016x}");
        text.into_bytes()
    }

    /// A cache from bytes. What [`to_bytes`](Self::to_bytes) did not make gives an empty one.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(read(bytes).unwrap_or_default())))
    }

    /// A cache from a file; empty if there is none or it is damaged.
    ///
    /// # Errors
    ///
    /// A file that is there and can't be read.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Self::from_bytes(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::new()),
            Err(error) => Err(error),
        }
    }

    /// Saves the cache in a file, in place of an older one: whoever reads it finds the whole old or the whole new.
    ///
    /// # Errors
    ///
    /// The file can't be written beside the old one, or not be put in its place.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
        name.push(format!(".{}.new", std::process::id()));
        let beside = path.with_file_name(name);
        let written = std::fs::File::create(&beside).and_then(|mut file| {
            io::Write::write_all(&mut file, &self.to_bytes())?;
            file.sync_all()
        });
        written.and_then(|()| std::fs::rename(&beside, path)).inspect_err(|_| {
            // Half a file is of no use to anybody; that it could not be removed changes nothing.
            let _ = std::fs::remove_file(&beside);
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PeerKey, Entry>> {
        // Nothing done under the lock leaves the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn insert(entries: &mut HashMap<PeerKey, Entry>, key: PeerKey, entry: Entry) {
    if entries.len() >= CAPACITY && !entries.contains_key(&key) {
        let oldest = entries.iter().min_by_key(|(_, entry)| entry.seen).map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            entries.remove(&oldest);
        }
    }
    entries.insert(key, entry);
}

/// Tab-separated; what a server or caller wrote is escaped.
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
        "{}\t{}\t{}\t{}\t{}{}{}\t{micros}\t{}",
        key.address.escape_default(),
        key.name.escape_default(),
        if key.tls { "tls" } else { "clear" },
        entry.seen,
        letter(*continuous),
        letter(*streaming),
        letter(*early),
        offered.escape_default(),
    );
}

fn read(bytes: &[u8]) -> Option<HashMap<PeerKey, Entry>> {
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
    let (address, name, tls, seen) = (unescape(next()?)?, unescape(next()?)?, next()?, next()?.parse().ok()?);
    let mut verdicts = next()?.chars().map(verdict);
    let micros = next()?;
    let offered = unescape(next()?)?;
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
    Some((PeerKey { address, name, tls }, Entry { record, seen }))
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
                let hex: String = rest.by_ref().skip(1).take_while(|&c| c != '}').take(6).collect();
                char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?
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
fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: usize) -> PeerKey {
        PeerKey { address: format!("192.0.2.1:{n}"), name: "mx.ex\tample\n\u{e9}".into(), tls: n % 2 == 1 }
    }

    fn record() -> PeerRecord {
        PeerRecord {
            continuous: Verdict::Earned,
            streaming: Verdict::Failed,
            early: Verdict::Unknown,
            offered: Some(Capabilities::from_reply(&Reply::new(
                250,
                b"mx\nSIZE 1000\nPIPELINING\nX-\xc3\xa9 \\",
            ))),
            round_trip: Some(Duration::from_micros(51_234)),
        }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let peers = Peers::new();
        peers.put(key(1), record());
        peers.put(key(2), PeerRecord::default());
        let again = Peers::from_bytes(&peers.to_bytes());
        assert_eq!(again.len(), 2);
        assert_eq!(again.get(&key(1)), Some(record()));
        assert_eq!(again.get(&key(2)), Some(PeerRecord::default()));
        assert_eq!(again.get(&key(3)), None);
    }

    #[test]
    fn damage_anywhere_makes_it_empty() {
        let peers = Peers::new();
        peers.put(key(1), record());
        let good = peers.to_bytes();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x15;
            assert!(Peers::from_bytes(&bad).is_empty(), "octet {at}");
            assert!(Peers::from_bytes(&good[..at]).is_empty(), "cut at {at}");
        }
    }

    #[test]
    fn it_forgets_what_is_old_and_what_is_too_much() {
        let peers = Peers::new();
        let old = now() - MAX_AGE.as_secs() - 1;
        insert(&mut peers.lock(), key(0), Entry { record: record(), seen: old });
        assert_eq!(peers.get(&key(0)), None);
        for n in 1..=CAPACITY {
            peers.put(key(n), PeerRecord::default());
        }
        assert_eq!(peers.len(), CAPACITY);
        assert!(!peers.lock().contains_key(&key(0)), "the oldest made room");
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let path = std::env::temp_dir().join(format!("smtpipe-peers-{}", std::process::id()));
        assert!(Peers::load(&path).unwrap().is_empty());
        let peers = Peers::new();
        peers.put(key(1), record());
        peers.save(&path).unwrap();
        assert_eq!(Peers::load(&path).unwrap().get(&key(1)), Some(record()));
        std::fs::write(&path, b"junk").unwrap();
        assert!(Peers::load(&path).unwrap().is_empty());
        std::fs::remove_file(&path).unwrap();
        assert!(peers.save("/nonexistent/folder/file").is_err());
    }
}

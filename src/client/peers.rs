//! What is remembered of servers, shared by all clients that are given the same [`Peers`]. Bounded, forgetful, and never
//! trusted: a record only decides what is tried first. It must never hold anything of the messages.

mod format;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::session::{PeerRecord, Verdict};

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
    /// Since when a level has failed, in the same seconds; means nothing where none has.
    failed: u64,
}

impl Entry {
    /// What was learnt of a server now, of which so much was known.
    fn learnt(record: PeerRecord, known: Option<&Self>) -> Self {
        let seen = now();
        let known = known.filter(|known| !is_old(known.failed) && covers(&known.record, &record));
        Self { record, seen, failed: known.map_or(seen, |known| known.failed) }
    }

    /// What of it is believed. A failure may have been the network's, and whoever is met every day would never be forgotten:
    /// so it has an age of its own, behind which it's tried anew.
    fn believed(&self) -> Option<PeerRecord> {
        if is_old(self.seen) {
            return None;
        }
        let mut record = self.record.clone();
        if is_old(self.failed) {
            for verdict in verdicts(&mut record).into_iter().filter(|verdict| **verdict == Verdict::Failed) {
                *verdict = Verdict::Unknown;
            }
        }
        Some(record)
    }
}

const fn verdicts(record: &mut PeerRecord) -> [&mut Verdict; 3] {
    [&mut record.continuous, &mut record.streaming, &mut record.early]
}

/// Whether all that has failed by `now` had failed before.
fn covers(before: &PeerRecord, now: &PeerRecord) -> bool {
    let pairs =
        [(before.continuous, now.continuous), (before.streaming, now.streaming), (before.early, now.early)];
    pairs.iter().all(|&(before, now)| now != Verdict::Failed || before == Verdict::Failed)
}

fn is_old(moment: u64) -> bool {
    moment < now().saturating_sub(MAX_AGE.as_secs())
}

impl Peers {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is remembered of a server, unless that was too long ago.
    pub fn get(&self, key: &PeerKey) -> Option<PeerRecord> {
        self.lock().get(key).and_then(Entry::believed)
    }

    /// Remembers what was learnt of a server.
    pub fn put(&self, key: PeerKey, record: PeerRecord) {
        let mut entries = self.lock();
        let entry = Entry::learnt(record, entries.get(&key));
        insert(&mut entries, key, entry);
    }

    /// Forgets a server. True: it was remembered.
    pub fn remove(&self, key: &PeerKey) -> bool {
        self.lock().remove(key).is_some()
    }

    /// Forgets every server.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Which servers are remembered, in order; some perhaps too long ago to be believed.
    pub fn keys(&self) -> Vec<PeerKey> {
        let mut keys: Vec<_> = self.lock().keys().cloned().collect();
        keys.sort_unstable();
        keys
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
        format::write(&self.lock())
    }

    /// A cache from bytes. What [`to_bytes`](Self::to_bytes) did not make gives an empty one.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Arc::new(Mutex::new(format::read(bytes).unwrap_or_default())))
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

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Capabilities, Reply};

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
                b"mx\nSIZE 1000\nPIPELINING\nLIMITS RCPTMAX=7 MAILMAX=3\nX-\xc3\xa9\xf4\x8f\xbf\xbf} \\",
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
        assert_eq!(again.keys(), [key(1), key(2)]);
        assert!(again.remove(&key(1)));
        assert!(!again.remove(&key(1)));
        assert_eq!(again.keys(), [key(2)]);
        again.clear();
        assert!(again.is_empty());
    }

    #[test]
    fn address_name_and_encryption_make_four_servers() {
        let peers = Peers::new();
        let key =
            |address: &str, name: &str, tls| PeerKey { address: address.into(), name: name.into(), tls };
        let keys = [
            key("192.0.2.1:25", "a.example", false),
            key("192.0.2.1:25", "a.example", true),
            key("192.0.2.1:25", "b.example", false),
            key("192.0.2.1:587", "a.example", false),
        ];
        peers.put(keys[0].clone(), record());
        assert!(keys[1..].iter().all(|other| peers.get(other).is_none()));
        for other in &keys[1..] {
            peers.put(other.clone(), PeerRecord::default());
        }
        assert_eq!(peers.len(), 4);
        assert_eq!(peers.get(&keys[0]), Some(record()));
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
        insert(&mut peers.lock(), key(0), Entry { record: record(), seen: old, failed: old });
        assert_eq!(peers.get(&key(0)), None);
        for n in 1..=CAPACITY {
            peers.put(key(n), PeerRecord::default());
        }
        assert_eq!(peers.len(), CAPACITY);
        assert!(!peers.lock().contains_key(&key(0)), "the oldest made room");
    }

    #[test]
    fn a_failure_is_forgiven_though_the_server_is_met_every_day() {
        let peers = Peers::new();
        let old = now() - MAX_AGE.as_secs() - 1;
        insert(&mut peers.lock(), key(1), Entry { record: record(), seen: now(), failed: old });
        let again = Peers::from_bytes(&peers.to_bytes());
        let known = again.get(&key(1)).unwrap();
        assert_eq!((known.continuous, known.streaming), (Verdict::Earned, Verdict::Unknown));
        // It fails once more: that is new.
        again.put(key(1), record());
        assert_eq!(again.get(&key(1)), Some(record()));
        // What has failed is not younger for being met again, but for what fails beside it.
        let since = now() - 1000;
        insert(&mut again.lock(), key(2), Entry { record: record(), seen: since, failed: since });
        again.put(key(2), record());
        assert_eq!(again.lock().get(&key(2)).unwrap().failed, since);
        again.put(key(2), PeerRecord { early: Verdict::Failed, ..record() });
        assert!(again.lock().get(&key(2)).unwrap().failed > since);
    }

    #[test]
    fn a_file_of_an_older_version_is_read() {
        let peers = Peers::new();
        peers.put(key(1), record());
        let text = String::from_utf8(peers.to_bytes()).unwrap();
        let (body, _) = text.trim_end().rsplit_once('\n').unwrap();
        let (older, _) = body.rsplit_once('\t').unwrap();
        let older = format!("{older}\n");
        let sum = format::checksum(older.as_bytes());
        let again = Peers::from_bytes(format!("{older}{sum:016x}\n").as_bytes());
        assert_eq!(again.get(&key(1)), Some(record()));
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

//! The peer cache, from a file that anybody may have written, with a checksum that is right. What is read is bounded and is read
//! back from what it's written as; and whatever a record says, a session that is told so keeps its promises.

use smtpipe::client::{PeerKey, Peers};
use smtpipe::session::{Level, PeerRecord};

use crate::choices::Choices;
use crate::common::build;
use crate::common::fixture::{Letter, Mailbox, Settings};
use crate::common::run::Run;
use crate::session_hostile::{SAYINGS, feed};

const HEAD: &[u8] = b"smtpipe-peers 1\n";

pub fn run(data: &[u8]) {
    // As it is, nothing but an empty cache is likely to come of it.
    let _ = Peers::from_bytes(data);
    let end = data.iter().position(|&byte| byte == 0).unwrap_or(data.len());
    let (lines, rest) = data.split_at(end);
    let peers = Peers::from_bytes(&file(lines));
    let written = peers.to_bytes();
    assert_eq!(Peers::from_bytes(&written).to_bytes(), written, "it isn't read as it was written");
    assert!(peers.len() <= lines.split(|&byte| byte == b'\n').count(), "more servers than lines");
    let mut choices = Choices::new(rest);
    choices.byte();
    for key in peers.keys().into_iter().take(3) {
        look(&peers, &key, &mut choices);
    }
}

/// The lines between the head and a checksum that suits them (FNV-1a).
fn file(lines: &[u8]) -> Vec<u8> {
    let mut file = [HEAD, lines].concat();
    if !file.ends_with(b"\n") {
        file.push(b'\n');
    }
    let step = |sum: u64, &byte: &u8| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    let sum = file.iter().fold(0xcbf2_9ce4_8422_2325, step);
    file.extend_from_slice(format!("{sum:016x}\n").as_bytes());
    file
}

fn look(peers: &Peers, key: &PeerKey, choices: &mut Choices<'_>) {
    // What was learnt long ago is not believed; it's as if it had never been.
    let Some(record) = peers.get(key) else { return };
    talk(&record, choices);
    let copy = Peers::new();
    copy.put(key.clone(), record.clone());
    assert_eq!(copy.get(key), Some(record), "another record was kept");
    assert!(peers.remove(key) && peers.get(key).is_none());
}

/// A session that believes it, with a server that says what it likes.
fn talk(record: &PeerRecord, choices: &mut Choices<'_>) {
    let letters: Vec<Letter> = (0..3).map(letter).collect();
    let mut options = build::options(&Settings::default());
    options.peer = Some(record.clone());
    let mut run = Run::new(options, &letters);
    for letter in &letters {
        run.submit(&letter.name, build::message(letter)).expect("it is open");
    }
    run.start();
    assert!(run.session.level() <= Level::Streaming);
    for _ in 0..12 {
        feed(&mut run, choices.one_of(&SAYINGS));
        if run.wants_connection() {
            run.events.push("connected".to_owned());
            run.connect();
        }
    }
    run.end_of_input();
    if !run.session.is_closed() {
        run.end_of_input();
    }
    run.judge().unwrap_or_else(|why| panic!("{why}\n{record:?}"));
}

fn letter(at: usize) -> Letter {
    let mailbox = |address: String| Mailbox { address, params: Vec::new() };
    Letter {
        name: format!("m{at}"),
        sender: mailbox(format!("s{at}@a.example")),
        recipients: vec![mailbox(format!("r{at}@b.example"))],
        content: b"Subject: x\r\n\r\ntext\r\n".to_vec(),
        binary: false,
        require: Vec::new(),
        forward: Vec::new(),
        stream: None,
    }
}

/// Records as they are written, of servers that offer what the transcripts' servers do.
pub(crate) fn seed(offered: &str, streaming: bool) -> Vec<u8> {
    let verdicts = if streaming { "++?" } else { "?-?" };
    let offered = offered.escape_default();
    // Learnt in the year 2100: it is believed whenever this runs.
    let line = format!("192.0.2.1:25\tmx.example\tclear\t4102444800\t{verdicts}\t50000\t{offered}\n");
    let mut input = line.into_bytes();
    input.extend([0, 0, 1, 1, 1, 2, 8, 9, 10]);
    input
}

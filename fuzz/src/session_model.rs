//! The engine against a model: operations in any order, at any level, with a server in memory whose outcomes are known
//! beforehand, by lock-step. `tests/common/world.rs` holds it to that: every ticket has one outcome and a true one, nothing is
//! taken twice or under another sender, and the referee sees every byte of both directions.

use crate::choices::Choices;
use crate::common::fixture::{Letter, Mailbox, Settings, Streaming};
use crate::common::server::Manners;
use crate::common::world::{Case, Op, check, levels};

pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let level = choices.up_to(4);
    let case = case(&mut choices);
    let stated: Vec<_> = levels(&case).collect();
    check(&case, stated[level % stated.len()]);
}

fn case(choices: &mut Choices<'_>) -> Case {
    let (flags, more) = (choices.byte(), choices.byte());
    let lmtp = flags & 1 != 0;
    let old = flags & 2 != 0 && !lmtp;
    let pipelining = flags & 4 == 0;
    let limits = choices.byte();
    let manners = Manners {
        lmtp,
        old,
        pipelining,
        chunking: flags & 8 == 0,
        size: [None, Some(0), Some(200), None][usize::from(limits & 3)].filter(|_| !old),
        recipients: [None, Some(1), Some(2), Some(3)][usize::from(limits >> 2 & 3)],
        tells_limit: flags & 16 != 0,
        transactions: [None, Some(1), Some(2), Some(3)][usize::from(limits >> 4 & 3)].filter(|_| !old),
        // RFC 2033 §4.2: DATA without recipients is refused under LMTP.
        polite: flags & 32 != 0 && !lmtp,
        early: flags & 64 != 0 && pipelining && !old,
        strict: more & 1 != 0,
        undrained: flags & 128 != 0,
        prdr: more & 128 != 0,
        binary: more & 128 != 0,
        forwards: [None, Some(true), Some(false), Some(true)][usize::from(more >> 6)],
    };
    let settings = Settings {
        lmtp,
        window: Some(usize::from(more >> 1 & 3)),
        unanswered: Some(if more & 8 == 0 { 0 } else { 300 }),
        all_recipients: more & 16 != 0,
        chunk_size: Some(1 + usize::from(limits >> 6) * 40),
        chunking: [None, None, Some("always"), Some("never")][usize::from(more >> 5 & 3)].map(str::to_owned),
        // A client that was here before, and remembers.
        remembers: if manners.early { manners.offers() } else { Vec::new() },
        earned: if manners.undrained { Vec::new() } else { vec!["streaming".to_owned()] },
        ..Settings::default()
    };
    let letters = (0..=choices.up_to(7)).map(|at| letter(at, choices)).collect();
    let mut ops = Vec::new();
    while !choices.is_empty() && ops.len() < 200 {
        let op = op(choices);
        let last = matches!(op, Op::Cut(_));
        ops.push(op);
        if last {
            break;
        }
    }
    Case { manners, settings, letters, ops }
}

/// Each message has addresses of its own, so that what the server took can be told apart.
fn letter(at: usize, choices: &mut Choices<'_>) -> Letter {
    let shape = choices.byte();
    let mailbox = |address: String| Mailbox { address, params: Vec::new() };
    let sender = if shape & 7 == 7 { "bad" } else { "" };
    let recipients = (0..=usize::from(shape >> 3 & 3))
        .map(|nth| {
            let kind = choices.one_of(&["", "", "", "", "", "no", "later", "full"]);
            mailbox(format!("{kind}r{at}-{nth}@b.example"))
        })
        .collect();
    let text =
        ["text\r\n", "spam", ".dot\n..\r.\r\n", "RSET\r\nQUIT\r\n", "", "text\r\n", "a\r\n.\r\nb", "\u{e4}"];
    let mut content = text[usize::from(shape >> 5)].as_bytes().to_vec();
    if content == "\u{e4}".as_bytes() {
        content = b"x".repeat(choices.number() % 500);
    }
    let mut sender = mailbox(format!("{sender}s{at}@a.example"));
    // What they ask for stands in their number.
    if at % 3 == 1 {
        sender.params.push("PRDR".to_owned());
    }
    let forward = (at % 3 == 2).then(|| format!("ADDR=192.0.2.{at}")).into_iter().collect();
    Letter {
        name: format!("m{at}"),
        sender,
        recipients,
        stream: stream(shape, content.len(), choices),
        content,
        binary: shape & 0xe7 == 0xc3,
        require: Vec::new(),
        forward,
    }
}

/// Some give their content as it goes: with its length or without, from a source that can begin again or can't, or fails.
fn stream(shape: u8, content: usize, choices: &mut Choices<'_>) -> Option<Streaming> {
    (shape & 0x20 != 0 && shape & 7 > 3).then(|| {
        let how = choices.byte();
        Streaming {
            piece: 1 + usize::from(how >> 3),
            length: (how & 1 != 0).then_some(content as u64),
            rewind: how & 2 != 0,
            fails: (how & 0xe4 == 4).then(|| choices.number().min(content)),
            ..Streaming::default()
        }
    })
}

fn op(choices: &mut Choices<'_>) -> Op {
    match choices.byte() % 32 {
        0..6 => Op::Submit,
        6 => Op::Command,
        7..14 => Op::Receive(1 + choices.number() % 500),
        14..21 => Op::Arrive(1 + choices.number() % 500),
        21..27 => Op::Room(1 + choices.number() % 500),
        27 => Op::Portions(1 + choices.up_to(49), 1 + choices.up_to(3)),
        28 => Op::Wait(choices.up_to(3) as u64),
        29 => Op::Cancel(choices.up_to(7)),
        30 => Op::Quit,
        _ => Op::Cut(choices.flag()),
    }
}

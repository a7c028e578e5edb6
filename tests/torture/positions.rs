//! Where to cut: every byte of the first two messages and of two streamed ones, the bytes at every boundary, and a sample of
//! the rest.

use std::collections::BTreeSet;
use std::ops::Range;

use super::link::{Cut, Direction, ENDS, Record};
use super::plan::Plan;
use super::random::Random;

/// How thoroughly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// So many positions anywhere, one ending each.
    Sample(usize),
    /// The messages looked at closely and the boundaries with every ending, and the bytes beside them and so many others with one.
    Promised(usize),
}

/// Every ending behind each of these bytes.
pub(crate) fn everywhere(direction: Direction, positions: Range<usize>) -> Vec<Cut> {
    let mut random = Random(positions.start as u64);
    positions.flat_map(|at| ENDS.map(|end| Cut::new(direction, at, end, &mut random))).collect()
}

/// Command lines begin with one of these; the contents of the plan never do.
const STARTS: [&[u8]; 9] = [
    b"XFORWARD ",
    b"EHLO ",
    b"LHLO ",
    b"MAIL FROM:",
    b"RCPT TO:",
    b"DATA\r\n",
    b"BDAT ",
    b"RSET\r\n",
    b"QUIT\r\n",
];

/// The first two, which have all of their content; one whose source can begin again, and one whose source can't.
const CLOSELY: [usize; 4] = [0, 1, 42, 52];

pub(crate) fn cuts(record: &Record, plan: &Plan, depth: Depth, seed: u64) -> Vec<Cut> {
    let mut random = Random(seed);
    let mut cuts = Vec::new();
    for direction in [Direction::Up, Direction::Down] {
        let total = match direction {
            Direction::Up => record.up.len(),
            Direction::Down => record.down.len(),
        };
        // With every ending, and with one.
        let mut all: BTreeSet<usize> = BTreeSet::new();
        let mut one: Vec<usize> = Vec::new();
        match depth {
            Depth::Promised(_) => {
                let boundaries = boundaries(record, direction);
                one.extend(boundaries.iter().flat_map(|&at| [at.saturating_sub(1), at + 1]));
                all.extend(boundaries);
                all.extend(CLOSELY.iter().flat_map(|&number| dialogue(record, plan, direction, number)));
            }
            Depth::Sample(_) => {}
        }
        let (Depth::Sample(n) | Depth::Promised(n)) = depth;
        one.extend((0..n.div_ceil(2)).map(|_| random.below(total + 1)));
        for at in all {
            cuts.extend(ENDS.map(|end| Cut::new(direction, at, end, &mut random)));
        }
        for at in one.into_iter().filter(|&at| at <= total) {
            let end = *ENDS.get(random.below(ENDS.len())).unwrap();
            cuts.push(Cut::new(direction, at, end, &mut random));
        }
    }
    cuts
}

/// Between commands, between replies, between a command and its content.
fn boundaries(record: &Record, direction: Direction) -> BTreeSet<usize> {
    let found = match direction {
        Direction::Up => {
            // In a chunk a dot is content; the end of a chunk is where the next command begins.
            let chunks = record.up.windows(5).any(|window| window == b"BDAT ");
            lines(&record.up, |line| {
                STARTS.iter().any(|start| line.starts_with(start)) || !chunks && line.starts_with(b".\r\n")
            })
        }
        Direction::Down => lines(&record.down, |_| true),
    };
    found.into_iter().collect()
}

/// What is said about a message, from its MAIL (the first also: what is said before) to the next one's. (When everything
/// arrives at once, its replies can't be told apart.)
fn dialogue(record: &Record, plan: &Plan, direction: Direction, number: usize) -> Range<usize> {
    let range = match direction {
        Direction::Up => {
            let mails = lines(&record.up, |line| line.starts_with(b"MAIL FROM:"));
            let mails: Vec<usize> = mails.into_iter().step_by(2).collect();
            let sender = plan.mails.get(number).map_or("", |mail| mail.sender.as_str());
            let own = format!("MAIL FROM:<{sender}>");
            let is_own = |&at: &usize| record.up.get(at..).is_some_and(|r| r.starts_with(own.as_bytes()));
            let nth = mails.iter().position(is_own).unwrap_or(0);
            let next = mails.get(nth + 1).map_or(record.up.len(), |at| at + own.len());
            // XFORWARD stands in front of it.
            mails.get(nth).map_or(0, |at| at.saturating_sub(50))..next
        }
        Direction::Down => {
            let nth = record.mails.iter().position(|&(own, _)| own == Some(number)).unwrap_or(0);
            let at = |nth: usize| record.mails.get(nth).map(|&(_, down)| down);
            at(nth).unwrap_or(0)..at(nth + 1).unwrap_or(record.down.len()).saturating_add(60)
        }
    };
    let from = if number == 0 { 0 } else { range.start };
    from..range.end.min(from + 500)
}

/// Both ends of the lines that are of interest.
fn lines(bytes: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Vec<usize> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let rest = bytes.get(at..).unwrap_or_default();
        at += line.len();
        if wanted(rest) {
            found.extend([at - line.len(), at]);
        }
    }
    found
}

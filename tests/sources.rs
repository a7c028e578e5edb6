//! Content streamed through the blocking driver, against the embedded sink: from a reader, an iterator, a file, a pipe that
//! fills slowly; what comes of a source that fails; and what all of it costs in memory.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use smtpipe::client::{Client, Config, Descriptor, Outgoing, Pieces, Reader, Source};
use smtpipe::session::{Level, Message, Reason, Status, Streamed, SubmitError};
use smtpipe::sink::{Keep, Rule, RuleAction, RuleStage, Sink, SinkOptions};
use smtpipe::wire::{Address, Content, Reply};

const LEVELS: [Option<Level>; 5] =
    [None, Some(Level::Lockstep), Some(Level::Group), Some(Level::Continuous), Some(Level::Streaming)];

fn address(text: &str) -> Address {
    Address::new(text).unwrap()
}

fn streamed(stream: Streamed) -> Message {
    Message::streamed(address("me@a.example"), stream).to(address("you@b.example"))
}

fn whole(content: &'static str) -> Message {
    let content = Content::new(Bytes::from_static(content.as_bytes()));
    Message::new(address("me@a.example"), content).to(address("you@b.example"))
}

fn connect(sink: &Sink, level: Option<Level>) -> Client {
    let mut config = Config::new("127.0.0.1", sink.port());
    config.session.level = level;
    Client::connect(config).unwrap()
}

/// More than a few chunks, with dots, and with line ends that aren't.
fn text() -> Vec<u8> {
    (0..20_000).flat_map(|n| format!(".line {n}\n..{n}\r").into_bytes()).collect()
}

fn file(content: &[u8]) -> File {
    let name = format!("smtpipe-source-{}-{}", std::process::id(), content.len());
    let path = std::env::temp_dir().join(name);
    let mut file = File::options().read(true).write(true).create(true).truncate(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    file.write_all(content).unwrap();
    file.seek(SeekFrom::Start(0)).unwrap();
    file
}

#[test]
fn every_kind_of_source_gives_what_the_whole_would() {
    let text = text();
    let expected = {
        let content = Content::new(text.clone().into());
        content.bytes().clone()
    };
    for level in LEVELS {
        let sink = Sink::start(SinkOptions::default()).unwrap();
        let mut client = connect(&sink, level);
        let pieces: Vec<_> = text.chunks(777).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let known = Streamed::text().length(text.len() as u64);
        client.send_stream(streamed(Streamed::text()), Reader::new(Cursor::new(text.clone()))).unwrap();
        client.send_stream(streamed(known), Pieces::new(pieces.into_iter())).unwrap();
        client.send(whole("between\r\n")).unwrap();
        let descriptor = Descriptor::new(file(&text).into()).unwrap();
        assert_eq!(descriptor.length().unwrap(), Some(text.len() as u64));
        client.send_stream(streamed(known), descriptor).unwrap();
        for _ in 0..4 {
            let outcome = client.collect(None).unwrap();
            assert_eq!(outcome.status, Status::Delivered, "{outcome:?}");
        }
        let contents: Vec<Bytes> = sink.messages().into_iter().map(|m| m.content).collect();
        let between = Bytes::from_static(b"between\r\n");
        let expected = [expected.clone(), expected.clone(), between, expected.clone()];
        assert!(contents == expected, "{level:?}");
    }
}

#[test]
fn send_all_takes_sources_too() {
    let text = text();
    let expected = Content::new(text.clone().into()).bytes().clone();
    for level in LEVELS {
        let sink = Sink::start(SinkOptions { keep: Keep::All, ..SinkOptions::default() }).unwrap();
        let mut client = connect(&sink, level);
        // As they are drawn, of both kinds; a boxed source that can begin again is one that can.
        let letters = (0..30).map(|n| match n % 3 {
            0 => Outgoing::from(whole("between\r\n")),
            1 => (streamed(Streamed::text()), Reader::new(Cursor::new(text.clone()))).into(),
            _ => {
                let boxed: Box<dyn Source> = Box::new(Reader::seekable(Cursor::new(text.clone())).unwrap());
                assert!(boxed.is_rewindable() && Source::is_rewindable(&boxed));
                (streamed(Streamed::text()), boxed).into()
            }
        });
        let outcomes: Vec<_> = client.send_all(letters).collect::<Result<_, _>>().unwrap();
        assert!(
            outcomes.iter().all(|outcome| outcome.status == Status::Delivered),
            "{level:?}: {outcomes:?}"
        );
        let contents: Vec<Bytes> = sink.messages().into_iter().map(|m| m.content).collect();
        assert_eq!(contents.len(), 30);
        for (n, content) in contents.iter().enumerate() {
            assert!(
                *content == if n % 3 == 0 { &b"between\r\n"[..] } else { &expected[..] },
                "{level:?}: {n}"
            );
        }
    }
}

#[test]
fn send_all_has_room_for_a_source_that_fails_and_none_for_a_message_without() {
    let sink = Sink::start(SinkOptions::default()).unwrap();
    let mut client = connect(&sink, None);
    let pieces = [Ok(Bytes::from_static(b"begun")), Err(io::Error::other("torn"))];
    let bad = (streamed(Streamed::text()), Pieces::new(pieces.into_iter()));
    let letters: [Outgoing; 4] = [
        streamed(Streamed::text()).into(),
        bad.into(),
        (whole("x\r\n"), Reader::new(&b"y"[..])).into(),
        whole("z\r\n").into(),
    ];
    let mut results: Vec<_> = client.send_all(letters).collect();
    results.sort_by_key(|result| result.as_ref().map_or(0, |outcome| outcome.ticket.get()));
    assert!(matches!(&results[0], Err((rejected, SubmitError::NoSource)) if rejected.index == 0));
    assert!(matches!(&results[1], Err((rejected, SubmitError::NotStreamed)) if rejected.index == 2));
    let reasons: Vec<_> = results[2..].iter().map(|result| result.as_ref().unwrap()).collect();
    assert!(matches!(&reasons[0].reason, Some(Reason::SourceFailed(why)) if why.contains("torn")));
    assert_eq!((reasons[0].status, reasons[1].status), (Status::NotSent, Status::Delivered));
    assert_eq!(sink.messages().len(), 1);
}

#[test]
fn a_pipe_is_not_waited_for_and_its_descriptor_says_when() {
    let sink = Sink::start(SinkOptions::default()).unwrap();
    let mut client = connect(&sink, None);
    let (reader, mut writer) = io::pipe().unwrap();
    client.send_stream(streamed(Streamed::text()), Descriptor::new(reader.into()).unwrap()).unwrap();
    client.send(whole("behind it\r\n")).unwrap();
    let drive_until_it_waits = |client: &mut Client| {
        while client.source_fd().is_none() {
            client.drive();
        }
    };
    drive_until_it_waits(&mut client);
    writer.write_all(b"one\n").unwrap();
    drive_until_it_waits(&mut client);
    assert!(client.try_collect().is_none());
    writer.write_all(b"two\n").unwrap();
    drop(writer);
    // A blocking call waits for the pipe as well as for the socket.
    assert_eq!(client.collect(None).unwrap().status, Status::Delivered);
    assert!(client.source_fd().is_none());
    assert_eq!(client.collect(None).unwrap().status, Status::Delivered);
    assert_eq!(sink.messages().first().unwrap().content, "one\r\ntwo\r\n");
}

#[test]
fn a_source_that_breaks_takes_nothing_else_with_it() {
    for level in LEVELS {
        let sink = Sink::start(SinkOptions::default()).unwrap();
        let mut client = connect(&sink, level);
        let first = client.send(whole("first\r\n")).unwrap();
        let broken =
            || (0..9).map(|n| if n < 8 { Ok(text().into()) } else { Err(io::Error::other("broken")) });
        let second = client.send_stream(streamed(Streamed::text()), Pieces::new(broken())).unwrap();
        let third = client.send(whole("third\r\n")).unwrap();
        for _ in 0..3 {
            let outcome = client.collect(None).unwrap();
            if outcome.ticket == second {
                assert_eq!(outcome.status, Status::NotSent);
                assert_eq!(outcome.reason, Some(Reason::SourceFailed("broken".into())));
            } else {
                assert!(outcome.ticket == first || outcome.ticket == third);
                assert_eq!(outcome.status, Status::Delivered, "{level:?} {outcome:?}");
            }
        }
        let contents: Vec<Bytes> = sink.messages().into_iter().map(|m| m.content).collect();
        assert_eq!(contents, ["first\r\n", "third\r\n"], "{level:?}");
    }
}

/// A source that tells how often it was asked, and that it was dropped.
struct Counted {
    pulls: Arc<AtomicUsize>,
    alive: Arc<()>,
}

impl Source for Counted {
    fn pull(&mut self) -> io::Result<Option<Bytes>> {
        let _ = &self.alive;
        self.pulls.fetch_add(1, Ordering::Relaxed);
        Ok(None)
    }
}

#[test]
fn a_source_is_not_asked_for_nobody_and_dropped_with_the_outcome() {
    let mut options = SinkOptions::default();
    options.rules.push(Rule::new(RuleStage::Rcpt, "you@*", RuleAction::Reply(Reply::new(550, b"no"))));
    let sink = Sink::start(options).unwrap();
    for level in LEVELS {
        let mut client = connect(&sink, level);
        let (pulls, alive) = (Arc::new(AtomicUsize::new(0)), Arc::new(()));
        let source = Counted { pulls: Arc::clone(&pulls), alive: Arc::clone(&alive) };
        client.submit_stream(streamed(Streamed::text()), Box::new(source)).unwrap();
        assert_eq!(Arc::strong_count(&alive), 2);
        assert_eq!(client.collect(None).unwrap().status, Status::Refused);
        assert_eq!((pulls.load(Ordering::Relaxed), Arc::strong_count(&alive)), (0, 1), "{level:?}");
    }
}

#[test]
fn a_message_with_content_takes_no_source() {
    let sink = Sink::start(SinkOptions::default()).unwrap();
    let mut client = connect(&sink, None);
    let refused = client.send_stream(whole("x\r\n"), Reader::new(Cursor::new("y")));
    assert_eq!(refused, Err(SubmitError::NotStreamed));
}

#[test]
fn the_caller_may_give_the_pieces_himself() {
    let sink = Sink::start(SinkOptions::default()).unwrap();
    let mut client = connect(&sink, None);
    let ticket = client.submit(streamed(Streamed::text())).unwrap();
    assert!(!client.content(ticket, Bytes::from_static(b"too early")));
    while client.wanted_content().is_none() {
        client.drive();
    }
    assert_eq!(client.wanted_content(), Some((ticket, false)));
    assert!(client.content(ticket, Bytes::from_static(b"by hand")));
    assert!(client.content_end(ticket));
    assert!(!client.content_end(ticket));
    assert_eq!(client.collect(None).unwrap().status, Status::Delivered);
    assert_eq!(sink.messages().first().unwrap().content, "by hand\r\n");
}

#[test]
fn a_file_can_be_sent_twice_and_its_position_is_nobodys() {
    let sink = Sink::start(SinkOptions { limits: one_recipient(), ..SinkOptions::default() }).unwrap();
    let mut client = connect(&sink, None);
    let mut file = file(b"skipped\r\nsent\r\n");
    file.seek(SeekFrom::Start(9)).unwrap();
    let message = streamed(Streamed::text()).to(address("other@b.example"));
    // RCPTMAX is 1: each recipient needs a transaction, and so the content once more.
    let fd = file.as_fd().try_clone_to_owned().unwrap();
    client.send_stream(message, Descriptor::new(fd).unwrap()).unwrap();
    assert_eq!(client.collect(None).unwrap().status, Status::Delivered);
    let contents: Vec<Bytes> = sink.messages().into_iter().map(|m| m.content).collect();
    assert_eq!(contents, ["sent\r\n", "sent\r\n"]);
    assert_eq!(file.stream_position().unwrap(), 9);
}

fn one_recipient() -> smtpipe::wire::Limits {
    smtpipe::wire::Limits { rcpt_max: Some(1), ..smtpipe::wire::Limits::default() }
}

/// Gives so many octets of text.
struct Generated(u64);

impl Read for Generated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const LINE: &[u8] = b".0123456789012345678901234567890123456789012345678901234567890\r\n";
        let n = buffer.len().min(usize::try_from(self.0).unwrap()) / LINE.len() * LINE.len();
        buffer[..n].chunks_mut(LINE.len()).for_each(|line| line.copy_from_slice(LINE));
        self.0 -= n as u64;
        Ok(n)
    }
}

#[cfg(target_os = "linux")]
#[test]
fn two_hundred_megabytes_in_the_memory_of_a_few_chunks() {
    const SIZE: u64 = 200 * 1024 * 1024;
    const BOUND: u64 = 24 * 1024 * 1024;
    let resident = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    };
    for level in [Level::Continuous, Level::Streaming] {
        let sink = Sink::start(SinkOptions { keep: Keep::Count, ..SinkOptions::default() }).unwrap();
        let mut client = connect(&sink, Some(level));
        let before = resident();
        client.send_stream(streamed(Streamed::text()), Reader::new(Generated(SIZE))).unwrap();
        let mut largest = 0;
        let outcome = loop {
            client.drive();
            largest = largest.max(resident().saturating_sub(before));
            if let Some(outcome) = client.try_collect() {
                break outcome;
            }
        };
        assert_eq!(outcome.status, Status::Delivered, "{level}");
        assert!(largest < BOUND, "{level}: {largest} bytes more");
        assert_eq!(sink.stats().content, SIZE, "{level}");
    }
}

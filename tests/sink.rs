//! The sink over real sockets, spoken to by a client so plain that it can't be at fault.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use smtpipe::sink::{Keep, Quirks, Rule, RuleAction, RuleStage, Sink, SinkOptions};
use smtpipe::wire::Reply;

/// Long enough for any machine; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(30);

struct Plain<S: Read + Write> {
    stream: BufReader<S>,
}

impl Plain<TcpStream> {
    /// Connects and reads the greeting.
    fn new(sink: &Sink) -> Self {
        let mut client = Self::silent(sink);
        assert_eq!(client.code(), 220);
        client
    }

    fn silent(sink: &Sink) -> Self {
        let stream = TcpStream::connect(sink.addr().unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    fn half_close(&mut self) {
        self.stream.get_ref().shutdown(Shutdown::Write).unwrap();
    }
}

impl<S: Read + Write> Plain<S> {
    fn send(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.replace('\n', "\r\n").as_bytes()).unwrap();
    }

    /// The lines of the next reply; empty at the end of the stream.
    fn reply(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            let last = line.as_bytes().get(3) != Some(&b'-');
            if line.is_empty() {
                return lines;
            }
            lines.push(line.trim_end().to_owned());
            if last {
                return lines;
            }
        }
    }

    /// The code of the next reply; 0 at the end of the stream.
    fn code(&mut self) -> u16 {
        self.reply().last().map_or(0, |line| line[..3].parse().unwrap())
    }

    fn codes(&mut self, count: usize) -> Vec<u16> {
        (0..count).map(|_| self.code()).collect()
    }

    fn ask(&mut self, text: &str, expected: &[u16]) {
        self.send(text);
        assert_eq!(self.codes(expected.len()), expected, "{text}");
    }

    /// EHLO and one message, whole.
    fn deliver(&mut self) {
        self.ask("EHLO x\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\n", &[250, 250, 250, 354]);
        self.ask("hello\n..dot\n.\n", &[250]);
    }
}

fn with(change: impl FnOnce(&mut SinkOptions)) -> Sink {
    let mut options = SinkOptions::default();
    change(&mut options);
    Sink::start(options).unwrap()
}

fn reply(code: u16, text: &str) -> RuleAction {
    RuleAction::Reply(Reply::new(code, text.as_bytes()))
}

#[test]
fn a_message_by_data_is_kept_as_it_was_meant() {
    let sink = with(|_| ());
    let mut client = Plain::new(&sink);
    client.deliver();
    let messages = sink.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(
        (messages[0].sender.as_str(), messages[0].recipients.as_slice()),
        ("a@b", &["c@d".to_owned()][..])
    );
    assert_eq!(messages[0].content, "hello\r\n.dot\r\n");
    assert!(!messages[0].via_bdat);
    assert_eq!(sink.take_messages().len(), 1);
    assert!(sink.messages().is_empty());
    client.ask("QUIT\n", &[221, 0]);
}

#[test]
fn messages_by_bdat_stream() {
    let sink = with(|_| ());
    let mut client = Plain::new(&sink);
    client.ask("EHLO x\n", &[250]);
    let one = "RSET\nMAIL FROM:<a@b> SIZE=6\nRCPT TO:<c@d> NOTIFY=NEVER\nBDAT 2\nabBDAT 4 LAST\n.\r\nx";
    let one = one.replace("\r\n", "\n");
    client.send(&one.repeat(50));
    for _ in 0..50 {
        assert_eq!(client.codes(5), [250; 5]);
    }
    let messages = sink.messages();
    assert_eq!(messages.len(), 50);
    assert!(messages.iter().all(|message| message.content == "ab.\r\nx" && message.via_bdat));
    assert_eq!(messages[0].mail_params, "SIZE=6");
    assert_eq!(messages[0].rcpt_params, ["NOTIFY=NEVER"]);
    let stats = sink.stats();
    assert_eq!((stats.messages, stats.recipients, stats.content, stats.commands), (50, 50, 300, 251));
    assert_eq!((stats.connections, stats.open, stats.refused), (1, 1, 0));
}

#[test]
fn counting_keeps_nothing_and_discarding_counts_nothing() {
    for (keep, counted) in [(Keep::Count, 1), (Keep::Discard, 0)] {
        let sink = with(|options| options.keep = keep);
        Plain::new(&sink).deliver();
        assert_eq!((sink.stats().messages, sink.messages().len()), (counted, 0));
    }
}

#[test]
fn only_what_was_accepted_is_in_the_ledger() {
    let sink = with(|options| {
        options.rules = vec![
            Rule::new(RuleStage::Mail, "bad*", reply(550, "no")),
            Rule::new(RuleStage::Rcpt, "reject*", reply(550, "5.1.1 unknown")),
            Rule::new(RuleStage::Rcpt, "TEMP*@x", reply(450, "later")),
            Rule::new(RuleStage::Data, "nodata@*", reply(451, "not now")),
            Rule::new(RuleStage::Content, "spam@*", reply(554, "spam\nand more")),
        ];
    });
    let mut client = Plain::new(&sink);
    client.ask("EHLO x\nMAIL FROM:<bad@x>\nRCPT TO:<a@b>\n", &[250, 550, 503]);
    client.ask(
        "MAIL FROM:<a@b>\nRCPT TO:<reject1@x>\nRCPT TO:<ok@x>\nRCPT TO:<temp@x>\n",
        &[250, 550, 250, 450],
    );
    client.ask("BDAT 1 LAST\nx", &[250]);
    client.ask("MAIL FROM:<nodata@x>\nRCPT TO:<ok@x>\nDATA\nRSET\n", &[250, 250, 451, 250]);
    client.ask("MAIL FROM:<nodata@x>\nRCPT TO:<ok@x>\nBDAT 6 LAST\nQUIT\nRSET\n", &[250, 250, 451, 250]);
    client.ask("MAIL FROM:<spam@x>\nRCPT TO:<ok@x>\nDATA\n", &[250, 250, 354]);
    client.send("buy\n.\n");
    assert_eq!(client.reply(), ["554-5.0.0 spam", "554 5.0.0 and more"]);
    let messages = sink.messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].recipients, ["ok@x"]);
    assert_eq!(sink.stats().refused, 7);
}

#[test]
fn rules_can_drop_and_stall() {
    let sink = with(|options| {
        options.rules = vec![
            Rule::new(RuleStage::Rcpt, "drop@x", RuleAction::Drop),
            Rule::new(RuleStage::Rcpt, "bye@x", RuleAction::ReplyThenDrop(Reply::new(451, b"bye"))),
            Rule::new(RuleStage::Rcpt, "stall@x", RuleAction::Stall),
            Rule { count: Some(1), ..Rule::new(RuleStage::Connect, "", RuleAction::Drop) },
        ];
    });
    assert_eq!(Plain::silent(&sink).code(), 0);
    let hello = "EHLO x\nMAIL FROM:<a@b>\n";
    Plain::new(&sink).ask(&format!("{hello}RCPT TO:<drop@x>\nNOOP\n"), &[250, 250, 0]);
    Plain::new(&sink).ask(&format!("{hello}RCPT TO:<bye@x>\nNOOP\n"), &[250, 250, 451, 0]);
    let mut stalled = Plain::new(&sink);
    stalled.ask(&format!("{hello}RCPT TO:<stall@x>\nNOOP\n"), &[250, 250]);
    let mut other = Plain::new(&sink);
    other.deliver();
    // The other connection was served meanwhile; this one gets nothing but its end.
    stalled.half_close();
    assert_eq!(stalled.code(), 0);
}

#[test]
fn every_byte_is_held_for_half_the_round_trip_each_way() {
    let rtt = Duration::from_millis(20);
    let sink = with(|options| options.rtt = rtt);
    let start = Instant::now();
    let mut client = Plain::new(&sink);
    client.deliver();
    client.ask("QUIT\n", &[221, 0]);
    // Greeting, group, content, QUIT: a lower bound, which no load can break.
    assert!(start.elapsed() >= 4 * rtt);
    assert_eq!(sink.messages().len(), 1);
}

#[test]
fn bandwidth_takes_its_time() {
    let sink = with(|options| options.bandwidth = Some(1_000_000));
    let mut client = Plain::new(&sink);
    client.ask("EHLO x\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\n", &[250, 250, 250]);
    let start = Instant::now();
    client.send(&format!("BDAT 50000 LAST\n{}", "x".repeat(50_000)));
    assert_eq!(client.code(), 250);
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert_eq!(sink.messages()[0].content.len(), 50_000);
}

#[test]
fn imitations_fail_like_the_originals() {
    let two = "one\n.\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\n";
    for rtt in [Duration::ZERO, Duration::from_millis(2)] {
        let start = |name: &str| {
            let sink = Sink::start(SinkOptions { rtt, ..SinkOptions::imitate(name).unwrap() }).unwrap();
            let mut client = Plain::new(&sink);
            client.ask(if name == "dovecot" { "LHLO x\n" } else { "EHLO x\n" }, &[250]);
            (sink, client)
        };
        let begin = "MAIL FROM:<a@b>\nRCPT TO:<c@d>\nDATA\n";

        let (_sink, mut client) = start("courier");
        client.ask(begin, &[250, 250, 354]);
        client.ask(two, &[250]);
        client.half_close();
        assert_eq!(client.code(), 0, "courier swallows what follows the dot");

        let (_sink, mut client) = start("haraka");
        client.ask(begin, &[250, 250, 354]);
        client.ask(two, &[250, 503, 503]);
        client.ask("MAIL FROM:<a@b>\n", &[250]);

        let (_sink, mut client) = start("go-smtp");
        client.ask("MAIL FROM:<a@b>\nBDAT 12 LAST\nNOOP\nNOOP\nRSET\n", &[250, 503, 250, 250, 250]);

        let (_sink, mut client) = start("opensmtpd");
        client.ask("MAIL FROM:<a@b>\n", &[250]);
        client.ask("RCPT TO:<c@d>\nDATA\n", &[500, 0]);

        let (_sink, mut client) = start("postfix");
        client.ask("MAIL FROM:<a@b>\nBDAT 6 LAST\nNOOP\nMAIL FROM:<a@b>\n", &[250, 503, 250]);

        let (sink, mut client) = start("exim");
        client.ask("MAIL FROM:<first@b>\nBDAT 6 LAST\nNOOP\n", &[250, 503]);
        client.ask("MAIL FROM:<second@b>\nRCPT TO:<c@d>\nBDAT 6 LAST\nNOOP\n", &[503, 250, 250]);
        assert_eq!(sink.messages()[0].sender, "first@b", "the wrong sender, as with the original");

        let (_sink, mut client) = start("smtp-sink");
        client.send("EHLO x\n");
        assert_eq!(client.reply().last().map(String::as_str), Some("250"), "a last line without text");

        let (_sink, mut client) = start("dovecot");
        client.ask("MAIL FROM:<a@b>\nBDAT 6 LAST\nNOOP\n", &[250, 503]);
        client.ask("MAIL FROM:<a@b>\nRCPT TO:<c@d>\nBDAT 6 LAST\nNOOP\nRSET\n", &[503, 250, 503, 250]);
    }
}

#[test]
fn lmtp_recipients_are_judged_one_by_one() {
    let sink = with(|options| {
        options.lmtp = true;
        options.rules = vec![Rule::new(RuleStage::Content, "late@*", reply(550, "too late"))];
    });
    let mut client = Plain::new(&sink);
    client.ask("LHLO x\nMAIL FROM:<a@b>\nRCPT TO:<one@x>\nRCPT TO:<late@x>\nRCPT TO:<two@x>\n", &[250; 5]);
    client.ask("BDAT 2 LAST\nhi", &[250, 550, 250]);
    assert_eq!(sink.messages()[0].recipients, ["one@x", "two@x"]);
}

#[test]
fn limits_are_offered_and_kept() {
    let sink = with(|options| {
        options.limits.rcpt_max = Some(1);
        options.limits.mail_max = Some(1);
        options.size = Some(10);
        options.max_connections = 1;
    });
    let mut client = Plain::new(&sink);
    client.send("EHLO x\n");
    let hello = client.reply();
    assert!(hello.iter().any(|line| line.ends_with("LIMITS RCPTMAX=1 MAILMAX=1")), "{hello:?}");
    assert!(hello.iter().any(|line| line.ends_with("SIZE 10")), "{hello:?}");
    client.ask(
        "MAIL FROM:<a@b> SIZE=11\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nRCPT TO:<e@f>\n",
        &[552, 250, 250, 452],
    );
    client.ask("BDAT 11\n12345678901RSET\n", &[552, 250]);
    assert_eq!(Plain::silent(&sink).code(), 421);
    client.ask("MAIL FROM:<a@b>\nRCPT TO:<c@d>\nBDAT 1 LAST\nxMAIL FROM:<a@b>\n", &[250, 250, 250, 421, 0]);
}

#[test]
fn a_client_that_never_reads_is_held_back_and_loses_nothing() {
    let sink = with(|options| options.socket_buffers = Some(4096));
    let mut client = Plain::new(&sink);
    let mut writer = client.stream.get_ref().try_clone().unwrap();
    let count = 20_000;
    let sender = std::thread::spawn(move || {
        writer.write_all(b"EHLO x\r\nMAIL FROM:<a@b>\r\n").unwrap();
        writer.write_all(&b"RCPT TO:<someone@example.org>\r\n".repeat(count)).unwrap();
        writer.write_all(b"BDAT 2 LAST\r\nhi").unwrap();
    });
    assert_eq!(client.codes(count + 3), vec![250; count + 3]);
    sender.join().unwrap();
    assert_eq!(sink.messages()[0].recipients.len(), count);
}

#[test]
fn a_half_close_still_gets_every_answer() {
    for rtt in [Duration::ZERO, Duration::from_millis(2)] {
        let sink = with(|options| options.rtt = rtt);
        let mut client = Plain::new(&sink);
        client.send("EHLO x\nNOOP\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nBDAT 1 LAST\nxNOOP\nQU");
        client.half_close();
        assert_eq!(client.codes(7), [250, 250, 250, 250, 250, 250, 0]);
        assert!(sink.wait(PATIENCE, |stats| stats.open == 0));
        assert_eq!(sink.stats().messages, 1);
    }
}

#[test]
fn a_unix_socket_serves_and_goes_away() {
    let path = std::env::temp_dir().join(format!("smtpipe-sink-{}", std::process::id()));
    let options = SinkOptions { unix_path: Some(path.clone()), ..SinkOptions::default() };
    let sink = Sink::start(options.clone()).unwrap();
    assert!(Sink::start(options.clone()).is_err(), "a live socket isn't taken over");
    assert_eq!((sink.port(), sink.addr()), (0, None));
    let stream = UnixStream::connect(&path).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut client = Plain { stream: BufReader::new(stream) };
    assert_eq!(client.code(), 220);
    client.deliver();
    assert_eq!(sink.messages().len(), 1);
    sink.stop();
    assert!(!path.exists());
    // A listener that vanished without cleaning up leaves such a file.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    drop(Sink::start(options).unwrap());
    assert!(!path.exists());
}

#[test]
fn many_connections_and_several_sinks_at_once() {
    let sinks: Vec<Sink> = (0..3).map(|_| with(|_| ())).collect();
    let mut clients: Vec<_> = (0..300).map(|i| Plain::new(&sinks[i % 3])).collect();
    for client in &mut clients {
        client.send("EHLO x\nMAIL FROM:<a@b>\nRCPT TO:<c@d>\nBDAT 2 LAST\nhi");
    }
    for client in &mut clients {
        assert_eq!(client.codes(4), [250; 4]);
    }
    for sink in &sinks {
        let stats = sink.stats();
        assert_eq!((stats.messages, stats.open), (100, 100));
        let mut connections: Vec<_> = sink.messages().iter().map(|message| message.connection).collect();
        connections.sort_unstable();
        connections.dedup();
        assert_eq!(connections.len(), 100);
    }
}

#[test]
fn waiting_sees_what_others_deliver() {
    let sink = with(|_| ());
    assert!(!sink.wait(Duration::ZERO, |stats| stats.messages > 0));
    std::thread::scope(|scope| {
        scope.spawn(|| Plain::new(&sink).deliver());
        assert!(sink.wait(PATIENCE, |stats| stats.messages == 1));
    });
    assert_eq!(sink.messages().len(), 1);
}

#[test]
fn bad_rules_are_refused_at_the_start() {
    let rules = vec![Rule::new(RuleStage::Rcpt, "", reply(354, "go on"))];
    let error = Sink::start(SinkOptions { rules, ..SinkOptions::default() }).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn a_dropped_sink_ends_its_connections() {
    let sink = with(|options| options.quirks = Quirks::default());
    let mut client = Plain::new(&sink);
    drop(sink);
    let mut rest = Vec::new();
    // An orderly end or a reset: either is the end.
    let _ = client.stream.read_to_end(&mut rest);
    assert!(rest.is_empty());
}

/// Counts only on Linux, where the kernel tells.
#[cfg(target_os = "linux")]
#[test]
fn neither_descriptors_nor_threads_leak() {
    // In a process of its own: other tests open descriptors meanwhile.
    const CHILD: &str = "SMTPIPE_SINK_LEAK_TEST";
    if std::env::var_os(CHILD).is_none() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "neither_descriptors_nor_threads_leak", "--test-threads=1"])
            .env(CHILD, "1")
            .status()
            .unwrap();
        assert!(status.success());
        return;
    }
    let count = |what: &str| std::fs::read_dir(format!("/proc/self/{what}")).unwrap().count();
    let round = || {
        let sink = with(|_| ());
        let mut clients: Vec<_> = (0..20).map(|_| Plain::new(&sink)).collect();
        clients[0].deliver();
        clients.truncate(10);
        assert!(sink.wait(PATIENCE, |stats| stats.open == 10));
        sink.stop();
    };
    round();
    let before = (count("fd"), count("task"));
    for _ in 0..10 {
        round();
    }
    // A thread that was joined is in /proc for a moment longer: the kernel wakes who joins it before it has quite gone.
    let end = Instant::now() + PATIENCE;
    let mut after = (count("fd"), count("task"));
    while (after.0 > before.0 || after.1 > before.1) && Instant::now() < end {
        std::thread::yield_now();
        after = (count("fd"), count("task"));
    }
    assert!(after.0 <= before.0 && after.1 <= before.1, "{after:?}, {before:?} before ten rounds");
}

/// draft-hall-prdr: 353, a reply for each accepted recipient in their order, and one for the whole; only where MAIL asked for it.
#[test]
fn prdr_has_a_reply_for_each_and_one_for_the_whole() {
    let sink = with(|options| {
        options.extensions = vec!["PRDR".to_owned()];
        options.rules = vec![Rule::new(RuleStage::Content, "late*", reply(550, "filtered"))];
    });
    let mut client = Plain::new(&sink);
    let recipients = "RCPT TO:<x@d>\nRCPT TO:<late@d>\nRCPT TO:<y@d>\nDATA\n";
    client.ask(&format!("EHLO x\nMAIL FROM:<a@b> PRDR\n{recipients}"), &[250, 250, 250, 250, 250, 354]);
    client.ask("hello\n.\n", &[353, 250, 550, 250, 250]);
    client.ask(&format!("MAIL FROM:<a@b>\n{recipients}"), &[250, 250, 250, 250, 354]);
    client.ask("hello\n.\nNOOP\n", &[250, 250]);
    let messages = sink.take_messages();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].recipients, ["x@d", "y@d"]);
}

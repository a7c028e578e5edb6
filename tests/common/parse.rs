//! Reads the text of a fixture. Strict: what it doesn't know is an error, so that a typing slip can't weaken a test.

use std::time::Duration;

use super::escape::unescape;
use super::fixture::{
    Expect, Fixture, Letter, Mailbox, RecipientVerdict, Settings, Step, Streaming, Verdict,
};

/// Parses a fixture, or says in which line it makes no sense.
pub(crate) fn parse(text: &str) -> Result<Fixture, String> {
    let mut fixture = Fixture {
        name: String::new(),
        rfc: String::new(),
        options: Settings::default(),
        messages: Vec::new(),
        steps: Vec::new(),
    };
    let mut heading = true;
    // Whether the previous line belongs to the same piece, so that the next S or C line extends it.
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let result = match line.strip_prefix('#') {
            Some(rest) if heading => header(&mut fixture, rest),
            Some(_) => Ok(()),
            None if line.trim().is_empty() => Ok(()),
            None => {
                heading = false;
                body(&mut fixture, line, &mut open)
            }
        };
        result.map_err(|e| format!("line {}: {e}: {line}", number + 1))?;
    }
    check(&fixture)?;
    Ok(fixture)
}

fn header(fixture: &mut Fixture, line: &str) -> Result<(), String> {
    let Some((key, value)) = line.split_once(':') else {
        // A second line of an `about`.
        return if line.starts_with("   ") || line.is_empty() {
            Ok(())
        } else {
            Err("header without a key".into())
        };
    };
    let (key, value) = (key.trim(), value.trim());
    let options = &mut fixture.options;
    match key {
        "name" => fixture.name = value.to_owned(),
        "rfc" => fixture.rfc = value.to_owned(),
        "about" => {}
        "level" => options.level = Some(value.to_owned()).filter(|v| v != "auto"),
        "max-level" => options.max_level = Some(value.to_owned()),
        "lmtp" => options.lmtp = yes(value)?,
        "window" => options.window = Some(count(value)?),
        "unanswered" => options.unanswered = Some(count(value)?),
        "recipients" if value == "all" => options.all_recipients = true,
        "recipients" if value == "any" => {}
        "chunking" => options.chunking = Some(value.to_owned()),
        "utf8" if value == "downgrade" => options.downgrade = true,
        "utf8" if value == "refuse" => {}
        "xclient" => options.xclient = words(value),
        "chunk-size" => options.chunk_size = Some(count(value)?),
        "eight-bit-anyway" => options.eight_bit_anyway = yes(value)?,
        "starttls" if matches!(value, "if-offered" | "required") => {
            options.starttls = Some(value.to_owned());
        }
        "auth" => options.auth = words(value),
        "authzid" => options.authzid = Some(value.to_owned()),
        "mechanisms" => options.mechanisms = words(value),
        "clear-text" => options.clear_text = yes(value)?,
        "nonce" => options.nonce = Some(value.to_owned()),
        "exporter" => options.exporter = Some(value.to_owned()),
        "clear-after-failed-tls" => options.clear_after_failed_tls = yes(value)?,
        "tls" if value == "implicit" => options.implicit_tls = true,
        "remembers" => options.remembers = value.split(',').map(|word| word.trim().to_owned()).collect(),
        "earned" => options.earned = words(value),
        "only" if value == "engine" => options.engine_only = true,
        "wire" if value == "may differ" => options.wire_may_differ = true,
        _ if line.starts_with("   ") => {}
        _ => return Err("unknown header".into()),
    }
    Ok(())
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// `require EXTENSION...` or `forward NAME=value...`
fn demand(letter: &mut Letter, line: &str) -> Result<(), String> {
    match line.split_once(' ') {
        Some(("require", rest)) => letter.require = words(rest),
        Some(("forward", rest)) => letter.forward = words(rest),
        _ => return Err("M+ require or forward".into()),
    }
    Ok(())
}

fn yes(value: &str) -> Result<bool, String> {
    if value == "yes" { Ok(true) } else { Err("only `yes` is understood".into()) }
}

fn count(value: &str) -> Result<usize, String> {
    value.parse().map_err(|_| format!("not a number: {value}"))
}

fn body(fixture: &mut Fixture, line: &str, open: &mut bool) -> Result<(), String> {
    let joins = std::mem::replace(open, false);
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "S:" => server(fixture, &[rest.as_bytes(), b"\r\n"].concat(), joins),
        "S!" => server(fixture, &unescape(rest)?, joins),
        "C:" => {
            let line = substitute(fixture, rest)?;
            client(fixture, &[line.as_bytes(), b"\r\n"].concat(), joins);
        }
        "C!" => client(fixture, &unescape(rest)?, joins),
        "C<" => {
            let (name, range) = rest.split_once(' ').unwrap_or((rest, ""));
            let letter = find(fixture, name)?;
            // Behind BDAT content is as it is; behind a 354 it is stuffed and ended.
            let chunk = matches!(fixture.steps.last(), Some(Step::Client(batch)) if last_line_is_bdat(batch));
            let whole = if chunk { letter.canonical() } else { letter.stuffed() };
            let bytes = match range.split_once("..") {
                Some((from, to)) => whole.get(count(from)?..count(to)?).ok_or("not so long")?,
                None => &whole,
            };
            client(fixture, bytes, joins);
        }
        "--" => return Ok(()),
        "M:" => fixture.messages.push(letter(rest)?),
        "M|" => content(fixture)?.extend_from_slice(&[rest.as_bytes(), b"\r\n"].concat()),
        "M!" => {
            let bytes = unescape(rest)?;
            content(fixture)?.extend_from_slice(&bytes);
        }
        "M%" => {
            let bytes = filler(count(rest)?);
            content(fixture)?.extend_from_slice(&bytes);
        }
        "M+" => demand(fixture.messages.last_mut().ok_or("no message yet")?, rest)?,
        "=-" => {
            let Some(Step::Expect(Expect::Outcome(verdict))) = fixture.steps.last_mut() else {
                return Err("what was left out belongs under an outcome".into());
            };
            verdict.left_out = words(rest);
        }
        "MB" => fixture.messages.last_mut().ok_or("no message yet")?.binary = true,
        "MS" => {
            let stream = streaming(rest)?;
            fixture.messages.last_mut().ok_or("no message yet")?.stream = Some(stream);
        }
        "=>" => {
            let Some(Step::Expect(Expect::Outcome(verdict))) = fixture.steps.last_mut() else {
                return Err("a recipient belongs under an outcome".into());
            };
            verdict.recipients.push(recipient(rest)?);
        }
        "=" => fixture.steps.push(Step::Expect(expectation(fixture, rest)?)),
        _ => fixture.steps.push(operation(fixture, word, rest)?),
    }
    *open = matches!(word, "S:" | "S!" | "C:" | "C!" | "C<");
    Ok(())
}

fn server(fixture: &mut Fixture, bytes: &[u8], joins: bool) {
    match fixture.steps.last_mut() {
        Some(Step::Server(block)) if joins => block.extend_from_slice(bytes),
        _ => fixture.steps.push(Step::Server(bytes.to_vec())),
    }
}

fn client(fixture: &mut Fixture, bytes: &[u8], joins: bool) {
    match fixture.steps.last_mut() {
        Some(Step::Client(batch)) if joins => batch.extend_from_slice(bytes),
        _ => fixture.steps.push(Step::Client(bytes.to_vec())),
    }
}

fn last_line_is_bdat(batch: &[u8]) -> bool {
    let body = batch.strip_suffix(b"\r\n").unwrap_or(batch);
    let start = body.windows(2).rposition(|w| w == b"\r\n").map_or(0, |at| at + 2);
    body[start..].starts_with(b"BDAT ")
}

fn find<'a>(fixture: &'a Fixture, name: &str) -> Result<&'a Letter, String> {
    fixture.messages.iter().find(|m| m.name == name).ok_or_else(|| format!("no message {name}"))
}

/// `{a.size}` in a client line is the size of message a.
fn substitute(fixture: &Fixture, line: &str) -> Result<String, String> {
    let mut out = line.to_owned();
    while let Some(start) = out.find('{') {
        let end = out[start..].find('}').ok_or("{ without }")? + start;
        let inside = out[start + 1..end].to_owned();
        let name = inside.strip_suffix(".size").ok_or_else(|| format!("unknown {{{inside}}}"))?;
        let size = find(fixture, name)?.canonical().len();
        out.replace_range(start..=end, &size.to_string());
    }
    Ok(out)
}

/// `name <sender> PARAM -> <recipient> PARAM <recipient>`
fn letter(line: &str) -> Result<Letter, String> {
    let (name, rest) = line.split_once(' ').ok_or("a message needs a name")?;
    let (from, to) = rest.split_once("->").ok_or("a message needs ->")?;
    let mut senders = mailboxes(from)?;
    let sender = senders.pop().ok_or("no sender")?;
    if !senders.is_empty() {
        return Err("one sender only".into());
    }
    Ok(Letter {
        name: name.to_owned(),
        sender,
        recipients: mailboxes(to)?,
        content: Vec::new(),
        binary: false,
        require: Vec::new(),
        forward: Vec::new(),
        stream: None,
    })
}

/// `PIECE length N rewind strict 7bit fails N stalls N`
fn streaming(text: &str) -> Result<Streaming, String> {
    let mut words = text.split_whitespace();
    let number = |word: Option<&str>| count(word.unwrap_or_default());
    let mut found = Streaming { piece: number(words.next())?, ..Streaming::default() };
    while let Some(word) = words.next() {
        match word {
            "length" => found.length = Some(number(words.next())? as u64),
            "fails" => found.fails = Some(number(words.next())?),
            "stalls" => found.stalls = Some(number(words.next())?),
            "rewind" => found.rewind = true,
            "strict" => found.strict = true,
            "7bit" => found.seven_bit = true,
            _ => return Err(format!("unknown: {word}")),
        }
    }
    Ok(found)
}

fn mailboxes(text: &str) -> Result<Vec<Mailbox>, String> {
    let mut found: Vec<Mailbox> = Vec::new();
    for word in text.split_whitespace() {
        if let Some(address) = word.strip_prefix('<').and_then(|w| w.strip_suffix('>')) {
            found.push(Mailbox { address: address.to_owned(), params: Vec::new() });
        } else {
            found.last_mut().ok_or("a parameter before an address")?.params.push(word.to_owned());
        }
    }
    Ok(found)
}

fn content(fixture: &mut Fixture) -> Result<&mut Vec<u8>, String> {
    Ok(&mut fixture.messages.last_mut().ok_or("content before a message")?.content)
}

/// So many octets of canonical text, whose lines tell where they are.
fn filler(size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(size);
    while out.len() + 64 <= size {
        out.extend_from_slice(format!("{:08} {}\r\n", out.len(), "x".repeat(53)).as_bytes());
    }
    while out.len() < size {
        let left = size - out.len();
        out.extend_from_slice(if left == 2 { b"\r\n" } else { b"y" });
    }
    out
}

/// `<address> status [reply]`
fn recipient(line: &str) -> Result<RecipientVerdict, String> {
    let mut words = line.trim().splitn(3, ' ');
    let address = words.next().and_then(|w| w.strip_prefix('<')?.strip_suffix('>')).ok_or("no <address>")?;
    let status = words.next().ok_or("no status")?;
    Ok(RecipientVerdict {
        address: address.to_owned(),
        status: known_status(status)?,
        reply: words.next().map(str::to_owned),
    })
}

fn known_status(word: &str) -> Result<String, String> {
    match word {
        "delivered" | "partial" | "refused" | "not_sent" | "in_doubt" => Ok(word.to_owned()),
        other => Err(format!("no status: {other}")),
    }
}

fn expectation(fixture: &Fixture, line: &str) -> Result<Expect, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    Ok(match word {
        "error" => Expect::Error(rest.to_owned()),
        "level" => Expect::Level(rest.to_owned()),
        "event" => Expect::Event(rest.to_owned()),
        "closed" => Expect::Closed(true),
        "open" => Expect::Closed(false),
        "stat" => {
            let (name, value) = rest.split_once(' ').ok_or("stat NAME VALUE")?;
            Expect::Stat(name.to_owned(), value.parse().map_err(|_| "stat NAME NUMBER")?)
        }
        ticket => {
            let known = fixture.messages.iter().any(|m| m.name == ticket)
                || fixture.steps.iter().any(|s| matches!(s, Step::Command { ticket: t, .. } if t == ticket));
            if !known {
                return Err(format!("no ticket {ticket}"));
            }
            let (status, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            let (reply, reason) = match rest.split_once('~') {
                Some((before, after)) => (before.trim(), Some(after.trim().to_owned())),
                None => (rest, None),
            };
            Expect::Outcome(Verdict {
                ticket: ticket.to_owned(),
                status: known_status(status)?,
                reply: Some(reply.to_owned()).filter(|r| !r.is_empty()),
                reason,
                left_out: Vec::new(),
                recipients: Vec::new(),
            })
        }
    })
}

fn operation(fixture: &Fixture, word: &str, rest: &str) -> Result<Step, String> {
    // `SUBMIT a ! TooLarge`, `COMMAND v ! Forbidden: STARTTLS`
    Ok(match word {
        "SUBMIT" => {
            let (message, fails) = match rest.split_once('!') {
                Some((name, why)) => (name.trim(), Some(why.trim().to_owned())),
                None => (rest, None),
            };
            find(fixture, message)?;
            Step::Submit { message: message.to_owned(), fails }
        }
        "COMMAND" => {
            let (ticket, line) = rest.split_once(' ').ok_or("COMMAND TICKET LINE")?;
            let (fails, line) = match line.strip_prefix("! ").and_then(|l| l.split_once(": ")) {
                Some((why, line)) => (Some(why.to_owned()), line),
                None => (None, line),
            };
            let line = String::from_utf8(unescape(line)?).map_err(|_| "not UTF-8")?;
            Step::Command { ticket: ticket.to_owned(), line, fails }
        }
        "CANCEL" => {
            let (ticket, done) = rest.split_once(' ').ok_or("CANCEL TICKET true|false")?;
            Step::Cancel { ticket: ticket.to_owned(), done: done.parse().map_err(|_| "true or false")? }
        }
        "QUIT" => Step::Quit,
        "EOF" => Step::Eof,
        "RESET" => Step::Reset,
        "CUT" => Step::Truncate,
        "TLS" if rest.is_empty() => Step::Tls(None),
        "TLS" => Step::Tls(Some(rest.strip_prefix("fails ").ok_or("TLS fails WHY")?.to_owned())),
        "SASL" => Step::Sasl(words(rest)),
        "CONNECT" => Step::Connect,
        "WAIT" => Step::Wait(Duration::from_secs(count(rest)? as u64)),
        "TAKE" if rest == "all" => Step::Take(None),
        "TAKE" => Step::Take(Some(count(rest)?)),
        _ => return Err("unknown directive".into()),
    })
}

/// What a fixture must have to prove anything: a name, unique senders, and a verdict for every ticket.
fn check(fixture: &Fixture) -> Result<(), String> {
    if fixture.name.is_empty() || fixture.rfc.is_empty() {
        return Err("name and rfc are needed".into());
    }
    for (at, letter) in fixture.messages.iter().enumerate() {
        if fixture.messages[..at]
            .iter()
            .any(|m| m.name == letter.name || m.sender.address == letter.sender.address)
        {
            return Err(format!("message {}: name or sender is used twice", letter.name));
        }
    }
    let failed = |name: &str| {
        fixture.steps.iter().any(|s| {
            matches!(s, Step::Submit { message: t, fails: Some(_) } | Step::Command { ticket: t, fails: Some(_), .. } if t == name)
        })
    };
    let commands = fixture.steps.iter().filter_map(|s| match s {
        Step::Command { ticket, .. } => Some(ticket.as_str()),
        _ => None,
    });
    for ticket in fixture.messages.iter().map(|m| m.name.as_str()).chain(commands) {
        let times = fixture.verdicts().filter(|v| v.ticket == ticket).count();
        let wanted = usize::from(!failed(ticket));
        if times != wanted {
            return Err(format!("ticket {ticket} has {times} outcomes in the script, not {wanted}"));
        }
    }
    Ok(())
}

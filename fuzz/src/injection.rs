//! What a caller hands in. Whatever is accepted is one line on the wire, without NUL, CR or LF of its own, and the server half
//! of this library reads back exactly what was meant: nothing can be smuggled from an argument into a command.

use smtpipe::server::{Request, ServerOptions, ServerSession};
use smtpipe::wire::{Address, Body, Extension, HostName, Param, RawLine, command, xtext};

use crate::choices::Choices;

pub fn run(data: &[u8]) {
    let mut choices = Choices::new(data);
    let kind = choices.up_to(3);
    let rest = choices.rest();
    assert_eq!(xtext::decode(xtext::encode(rest).as_bytes()).as_deref(), Some(rest));
    // An octet that no UTF-8 has parts the fields.
    let fields: Vec<String> =
        rest.split(|&byte| byte == 0xff).map(|field| String::from_utf8_lossy(field).into_owned()).collect();
    let first = fields.first().map_or("", String::as_str);
    match kind {
        0 => envelope(first, &fields[1..], true),
        1 => envelope(first, &fields[1..], false),
        2 => name(first),
        _ => raw(first),
    }
}

/// The one line that it has to be, without its end.
fn one_line(wire: &[u8]) -> &[u8] {
    let line = wire.strip_suffix(b"\r\n").expect("a line end");
    assert!(!line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{}", wire.escape_ascii());
    line
}

fn envelope(path: &str, fields: &[String], sender: bool) {
    let Ok(address) = Address::new(path) else { return };
    assert_eq!(Address::new(address.as_str()).as_ref(), Ok(&address), "its own text is an address");
    assert_eq!(Address::new(&address.to_string()).as_ref(), Ok(&address), "and so with brackets");
    let parts = [Some(address.local_part()), address.domain()];
    let together = parts.iter().flatten().copied().collect::<Vec<_>>().join("@");
    assert_eq!(together, address.as_str());
    assert_eq!(address.is_ascii(), address.as_str().is_ascii());
    let params: Vec<Param> = fields.iter().filter_map(|field| parameter(field)).collect();
    let mut wire = Vec::new();
    let utf8 = !address.is_ascii() || !params.iter().all(Param::is_ascii);
    if sender {
        command::mail(&mut wire, &address, Some(7), utf8.then_some(Body::EightBitMime), utf8, &params);
    } else {
        command::rcpt(&mut wire, &address, &params);
    }
    one_line(&wire);
    if sender || !address.is_null() {
        read_back(&address, &params, &wire, sender);
    }
}

fn parameter(field: &str) -> Option<Param> {
    let (keyword, value) = match field.split_once('=') {
        Some((keyword, value)) => (keyword, Some(value)),
        None => (field, None),
    };
    let param = Param::new(keyword, value).ok()?;
    assert_eq!((param.keyword(), param.value(), param.as_str()), (keyword, value, field));
    Some(param)
}

/// The server's own parser, which was written by somebody else, must find the same.
fn read_back(address: &Address, params: &[Param], wire: &[u8], sender: bool) {
    let known = ["SIZE", "BODY", "SMTPUTF8"];
    // The session adds these itself, and refuses what it would have to give twice. What else has a meaning, the server half
    // wants to have in its own form, and a `Param` made by hand is not held to that.
    let has_a_form = |param: &Param| {
        let word = param.keyword();
        Extension::of_mail(word).or(Extension::of_rcpt(word)).is_some() || word.eq_ignore_ascii_case("AUTH")
    };
    if params.iter().any(has_a_form) {
        return;
    }
    let options = ServerOptions {
        parameters: params.iter().map(|param| param.keyword().to_owned()).collect(),
        ..ServerOptions::default()
    };
    let limit = options.limits.line;
    let mut session = ServerSession::new(options);
    session.feed(b"EHLO fuzz.example\r\n");
    if !sender {
        session.feed(b"MAIL FROM:<> SMTPUTF8\r\n");
    }
    session.feed(wire);
    session.feed(b"NOOP\r\n");
    let mut found = false;
    let mut asked = Vec::new();
    while let Some(request) = session.next_request() {
        asked.push(format!("{request:?}"));
        let (path, given) = match request {
            Request::Mail { from, params, .. } if sender => (from, params),
            Request::Rcpt { to, params } => (to, params),
            _ => {
                session.accept().expect("an answer is wanted");
                continue;
            }
        };
        assert!(!found, "twice: {asked:?}");
        found = true;
        assert_eq!(path.as_str(), address.as_str());
        let own: Vec<_> = params.iter().map(|param| (param.keyword(), param.value())).collect();
        let given: Vec<_> = given.iter().filter(|(word, _)| !known.contains(word)).collect();
        assert_eq!(given, own);
        session.accept().expect("an answer is wanted");
    }
    assert!(asked.last().is_some_and(|last| last == "Noop"), "the command behind it was lost: {asked:?}");
    let repeated = params.iter().enumerate().any(|(at, param)| {
        params[..at].iter().any(|other| other.keyword().eq_ignore_ascii_case(param.keyword()))
    });
    let legal = wire.len() <= limit && !repeated;
    assert!(
        found || !legal,
        "our own server refuses {}: {}",
        wire.escape_ascii(),
        session.output().escape_ascii()
    );
}

fn name(text: &str) {
    let Ok(name) = HostName::new(text) else { return };
    let encoders: [fn(&mut Vec<u8>, &HostName); 3] = [command::ehlo, command::helo, command::lhlo];
    for encode in encoders {
        let mut wire = Vec::new();
        encode(&mut wire, &name);
        let line = one_line(&wire);
        assert!(line.is_ascii() && line.len() == 5 + text.len(), "{}", line.escape_ascii());
    }
}

fn raw(text: &str) {
    let Ok(raw) = RawLine::new(text) else { return };
    let mut wire = Vec::new();
    command::raw(&mut wire, &raw);
    assert_eq!(one_line(&wire), text.as_bytes());
    assert!(wire.len() <= 512, "RFC 5321 section 4.5.3.1.4");
    // The session judges by the verb whether the line may go: the server must see the same verb.
    let mut session = ServerSession::new(ServerOptions { hello_optional: true, ..ServerOptions::default() });
    session.feed(&wire);
    let mut asked = 0;
    while let Some(request) = session.next_request() {
        let verb = raw.verb();
        let fits = match request {
            Request::Greeting => true,
            Request::Hello { .. } => ["EHLO", "HELO", "LHLO"].contains(&verb.as_str()),
            Request::Mail { .. } => ["MAIL", "SEND", "SOML", "SAML"].contains(&verb.as_str()),
            Request::Quit => verb.as_str() == "QUIT",
            Request::Rset => verb.as_str() == "RSET",
            Request::Rcpt { .. } | Request::Data | Request::Bdat { .. } => false,
            _ => true,
        };
        assert!(fits, "{text:?} is {verb:?} here and {request:?} there");
        asked += 1;
        session.accept().expect("an answer is wanted");
    }
    assert!(asked <= 2);
}

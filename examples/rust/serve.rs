//! A mail server in one file: [`ServerSession`] over a standard library socket, one thread for each connection.
//!
//! Takes mail for `*@example.org`, prints what it accepted, and forgets it. Try it with
//!
//! ```text
//! cargo run --example serve -- 127.0.0.1:2525
//! ```

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use smtpipe::server::{AnswerError, Request, ServerOptions, ServerSession};

/// RFC 5321 §4.5.3.2.7.
const PATIENCE: Duration = Duration::from_secs(300);

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:2525".to_owned());
    let listener = TcpListener::bind(&address)?;
    println!("listening on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || {
            if let Err(error) = serve(stream) {
                eprintln!("connection lost: {error}");
            }
        });
    }
    Ok(())
}

/// The turn that `ServerSession` asks of its driver, until the connection is over.
fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let options = ServerOptions { host_name: "mail.example.org".to_owned(), ..ServerOptions::default() };
    let mut session = ServerSession::new(options);
    let mut message = Message::default();
    let mut buffer = [0; 16 * 1024];
    loop {
        while let Some(request) = session.next_request() {
            let answer = message.answer(request);
            give(&mut session, answer).map_err(io::Error::other)?;
        }
        let written = session.output().len();
        stream.write_all(session.output())?;
        session.sent(written);
        if session.is_closed() {
            return Ok(());
        }
        // Output may have been what held the session up: then there are more questions, and no need to read.
        if !session.wants_input() {
            continue;
        }
        match stream.read(&mut buffer) {
            Ok(0) => session.end_of_input(),
            Ok(n) => session.feed(buffer.get(..n).unwrap_or_default()),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                session.shut_down("You are taking too long");
            }
            Err(error) => return Err(error),
        }
    }
}

enum Answer {
    /// Nothing was asked.
    None,
    Accept,
    Reply(u16, &'static str),
}

fn give(session: &mut ServerSession, answer: Answer) -> Result<(), AnswerError> {
    match answer {
        Answer::None => Ok(()),
        Answer::Accept => session.accept(),
        Answer::Reply(code, text) => session.reply(code, text),
    }
}

#[derive(Default)]
struct Message {
    sender: String,
    recipients: Vec<String>,
    content: Vec<u8>,
}

impl Message {
    fn answer(&mut self, request: Request<'_>) -> Answer {
        match request {
            Request::Mail { from, .. } => {
                // Whatever came before is void: only the answer to its end would have made it a message.
                *self = Self { sender: from.as_str().to_owned(), ..Self::default() };
                Answer::Accept
            }
            Request::Rcpt { to, .. } => {
                if !to.domain().is_some_and(|domain| domain.eq_ignore_ascii_case("example.org")) {
                    return Answer::Reply(550, "5.7.1 No relaying");
                }
                self.recipients.push(to.as_str().to_owned());
                Answer::Accept
            }
            Request::Content(piece) => {
                self.content.extend_from_slice(piece);
                Answer::None
            }
            Request::ContentEnd { .. } => {
                println!("{} octets from <{}> to {:?}", self.content.len(), self.sender, self.recipients);
                Answer::Accept
            }
            _ => Answer::Accept,
        }
    }
}

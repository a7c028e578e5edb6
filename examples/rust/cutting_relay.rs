//! A relay that breaks connections behind a given byte: for trying out any client, in any language.
//!
//! ```text
//! cargo run --example cutting_relay -- 127.0.0.1:2525
//! ```
//!
//! It prints the port it listens on. Then it reads commands, one a line, and answers each with a line:
//!
//! - `cut client|server BYTE fin|rst|silence`: cut the next connection behind so many bytes of that side; counts start anew;
//! - `whole`: don't cut; counts start anew;
//! - `passed`: how many bytes of the client's and of the server's passed since then;
//! - `idle`: waits until no connection is open (`late` if that takes a minute);
//! - `heard`: what was said by the client of each connection since this was last asked, in hexadecimal, a blank in front of each,
//!   whether or not it was passed on; from the first time on it is kept;
//! - `made`: how many cuts were made in all.

use std::io::{self, BufRead, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

#[path = "../../tests/torture/relay.rs"]
mod relay;

use relay::{Cut, Ending, From, Relay};

fn main() -> io::Result<()> {
    let Some(target) = std::env::args().nth(1).and_then(|text| address(&text)) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "usage: cutting_relay HOST:PORT"));
    };
    let relay = Relay::start(target)?;
    let mut out = io::stdout();
    writeln!(out, "{}", relay.port())?;
    for line in io::stdin().lock().lines() {
        let answer = obey(&relay, &line?).unwrap_or_else(|| "what?".to_owned());
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn address(text: &str) -> Option<SocketAddr> {
    text.to_socket_addrs().ok()?.next()
}

fn obey(relay: &Relay, line: &str) -> Option<String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["cut", side, at, ending] => {
            let from = match *side {
                "client" => From::Client,
                "server" => From::Server,
                _ => return None,
            };
            let ending = match *ending {
                "fin" => Ending::Fin,
                "rst" => Ending::Rst,
                "silence" => Ending::Silence,
                _ => return None,
            };
            relay.arm(Some(Cut { from, at: at.parse().ok()?, ending }));
            Some("ok".to_owned())
        }
        ["whole"] => {
            relay.arm(None);
            Some("ok".to_owned())
        }
        ["passed"] => {
            let (client, server) = relay.passed();
            Some(format!("{client} {server}"))
        }
        ["idle"] => Some(if relay.idle(Duration::from_secs(60)) { "ok" } else { "late" }.to_owned()),
        ["heard"] => Some(relay.heard().iter().map(|own| format!(" {}", hex(own))).collect()),
        ["made"] => Some(relay.made().to_string()),
        _ => None,
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

//! The server of every measurement, in a process of its own: `bench-sink [rtt=MILLISECONDS] [chunking=no] [early=yes]`.
//! Prints its port; ends, with its counts as a line of JSON, when its standard input does.

use std::error::Error;
use std::io::{Read, Write};
use std::time::Duration;

use smtpipe::sink::{Keep, Sink, SinkOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let mut options = SinkOptions { keep: Keep::Count, ..SinkOptions::default() };
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            Some(("rtt", ms)) => options.rtt = Duration::from_millis(ms.parse()?),
            Some(("chunking", answer)) => options.chunking = answer == "yes",
            Some(("early", "yes")) => options.extensions.push("PIPECONNECT".to_owned()),
            _ => return Err(format!("unknown argument {argument}").into()),
        }
    }
    let sink = Sink::start(options)?;
    println!("{}", sink.port());
    std::io::stdout().flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    let stats = sink.stats();
    println!("{{\"messages\": {}, \"recipients\": {}}}", stats.messages, stats.recipients);
    sink.stop();
    Ok(())
}

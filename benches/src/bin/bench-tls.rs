//! TLS: what a handshake costs in round trips, and how fast messages go compared with a bare copy by the same library.
//!
//! `bench-tls trips RTT_MS` prints for STARTTLS and implicit TLS, with TLS 1.2 and 1.3, first and resumed: round trips and
//! seconds from before the connection to the first message's outcome. `bench-tls speed MESSAGES` sends messages of 64 KiB to
//! the sink and copies as many octets from one bare rustls connection to another, in turn, three times each. Both print JSON.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use smtpipe::client::{Client, Config};
use smtpipe::session::{Message, Status};
use smtpipe::sink::{Keep, Sink, SinkOptions, SinkTls};
use smtpipe::tls::{Identity, Pem, Roots, Tls, TlsMode, TlsVersion};
use smtpipe::wire::{Address, Content};
use smtpipe_bench::message;

const SIZE: usize = 64 * 1024;
const NAME: &str = "localhost";

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["trips", rtt] => trips(Duration::from_millis(rtt.parse()?)),
        ["speed", messages] => speed(messages.parse()?),
        _ => Err("bench-tls trips RTT_MS | speed MESSAGES".into()),
    }
}

fn sink(identity: &Identity, implicit: bool, rtt: Duration) -> Outcome<Sink> {
    let tls = Some(SinkTls { identity: identity.clone(), implicit });
    Ok(Sink::start(SinkOptions { tls, rtt, keep: Keep::Count, ..SinkOptions::default() })?)
}

fn config(port: u16, identity: &Identity, implicit: bool) -> Config {
    let mut config = Config::new(NAME, port);
    config.tls = Tls::new(if implicit { TlsMode::Implicit } else { TlsMode::Required });
    config.tls.roots = Roots::Only(identity.chain.clone());
    config
}

fn mail(content: &Bytes) -> Outcome<Message> {
    let message = Message::new(Address::new("sender@a.test")?, Content::new(content.clone()));
    Ok(message.to(Address::new("r0@b.test")?))
}

fn trips(rtt: Duration) -> Outcome<()> {
    let content = Bytes::from(message(2048));
    let mut lines = Vec::new();
    for implicit in [false, true] {
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            let mut identity = Identity::self_signed([NAME])?;
            identity.max_version = version;
            let sink = sink(&identity, implicit, rtt)?;
            for resumed in [false, true] {
                let began = Instant::now();
                let mut client = Client::open(config(sink.port(), &identity, implicit))?;
                client.send(mail(&content)?)?;
                let outcome = client.collect(None).ok_or("no outcome")?;
                let seconds = began.elapsed().as_secs_f64();
                let info = client.tls().ok_or("no TLS")?;
                if outcome.status != Status::Delivered || info.resumed != resumed {
                    return Err(format!("{outcome:?} {info:?}").into());
                }
                lines.push(format!(
                    "{{\"mode\": \"{}\", \"version\": \"{}\", \"resumed\": {resumed}, \"handshake\": {}, \"round_trips\": {}, \
                     \"seconds\": {seconds:.4}}}",
                    if implicit { "implicit" } else { "starttls" },
                    version.as_str(),
                    info.round_trips,
                    client.stats().round_trips,
                ));
                client.quit(None);
            }
        }
    }
    println!("[{}]", lines.join(", "));
    Ok(())
}

fn speed(messages: usize) -> Outcome<()> {
    let identity = Identity::self_signed([NAME])?;
    let mut lines = Vec::new();
    for _ in 0..3 {
        let (ours, bare) = (queue(&identity, messages)?, copy(&identity, messages)?);
        lines.push(format!("{{\"smtpipe\": {ours:.4}, \"bare\": {bare:.4}}}"));
    }
    println!("[{}]", lines.join(", "));
    Ok(())
}

/// Octets of content a second, by messages; in GB.
fn queue(identity: &Identity, messages: usize) -> Outcome<f64> {
    let content = Bytes::from(message(SIZE));
    let sink = sink(identity, true, Duration::ZERO)?;
    let mut client = Client::connect(config(sink.port(), identity, true))?;
    let queue: Vec<Message> = (0..messages).map(|_| mail(&content)).collect::<Outcome<_>>()?;
    let began = Instant::now();
    for outcome in client.send_all(queue) {
        let outcome = outcome.map_err(|(_, error)| error)?;
        if outcome.status != Status::Delivered {
            return Err(format!("{outcome:?}").into());
        }
    }
    Ok(gigabytes(messages, began))
}

/// The same octets from one plain rustls connection to another, each with a thread of its own, and a single octet back.
fn copy(identity: &Identity, messages: usize) -> Outcome<f64> {
    let (Pem::Data(chain), Pem::Data(key)) = (&identity.chain, &identity.key) else {
        return Err("no PEM".into());
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from_pem_slice(chain)?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.clone())?;
    let client = rustls::ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::from_pem_slice(key)?)?;
    let listener = TcpListener::bind((NAME, 0))?;
    let port = listener.local_addr()?.port();
    let all = messages * SIZE;
    let receiver = std::thread::spawn(move || -> std::io::Result<()> {
        let (mut socket, _) = listener.accept()?;
        let mut tls = rustls::ServerConnection::new(Arc::new(server)).map_err(std::io::Error::other)?;
        let mut stream = rustls::Stream::new(&mut tls, &mut socket);
        let (mut buffer, mut received) = (vec![0; 256 * 1024], 0);
        while received < all {
            received += stream.read(&mut buffer)?;
        }
        stream.write_all(b"!")?;
        stream.flush()
    });
    let mut socket = TcpStream::connect((NAME, port))?;
    socket.set_nodelay(true)?;
    let mut tls = rustls::ClientConnection::new(Arc::new(client), ServerName::try_from(NAME)?)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut socket)?;
    }
    let mut stream = rustls::Stream::new(&mut tls, &mut socket);
    let content = message(SIZE);
    let began = Instant::now();
    for _ in 0..messages {
        stream.write_all(&content)?;
    }
    stream.flush()?;
    stream.read_exact(&mut [0])?;
    let speed = gigabytes(messages, began);
    receiver.join().map_err(|_| "the receiver failed")??;
    Ok(speed)
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn gigabytes(messages: usize, began: Instant) -> f64 {
    (messages * SIZE) as f64 / 1e9 / began.elapsed().as_secs_f64()
}

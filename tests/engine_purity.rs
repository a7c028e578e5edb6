//! The floors of the house: `wire`, `session` and `server` know no clock, socket, thread, environment or TLS library, and
//! look at no floor above them. A test by text: what isn't named can't be used.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can't go on has failed"
)]

use std::path::{Path, PathBuf};

/// Each with an example, so that the test can be seen to find it.
const FORBIDDEN: [(&str, &str); 23] = [
    ("Instant", "use std::time::Instant;"),
    ("SystemTime", "let now = SystemTime::now();"),
    ("TcpStream", "use std::net::TcpStream;"),
    ("TcpListener", "use std::net::TcpListener;"),
    ("UdpSocket", "use std::net::UdpSocket;"),
    ("UnixStream", "let pair = UnixStream::pair();"),
    ("ToSocketAddrs", "use std::net::ToSocketAddrs;"),
    ("std::os", "use std::os::fd::AsFd;"),
    ("std::thread", "std::thread::sleep(time);"),
    ("thread_local!", "thread_local!(static X: u8 = 0);"),
    ("std::sync::Mutex", "use std::sync::Mutex;"),
    ("std::env", "std::env::var(\"HOME\")"),
    ("std::fs", "std::fs::read(path)"),
    ("std::process", "std::process::exit(1)"),
    ("io::Read", "fn f(input: &mut dyn io::Read)"),
    ("io::Write", "use std::io::Write;"),
    ("rustix", "use rustix::net;"),
    ("polling", "use polling::Poller;"),
    ("rustls", "use rustls::ClientConfig;"),
    ("libgssapi", "use libgssapi::name::Name;"),
    ("getrandom", "getrandom::fill(&mut octets)"),
    ("tokio", "use tokio::runtime;"),
    ("println!", "println!(\"x\");"),
];

/// Who may not name whom.
const ABOVE: [(&str, &[&str]); 5] = [
    ("wire", &["sasl", "session", "server", "tls", "client", "sink", "random"]),
    ("sasl", &["session", "server", "tls", "client", "sink", "random"]),
    ("session", &["server", "tls", "client", "sink", "random"]),
    ("server", &["sasl", "session", "tls", "client", "sink", "random"]),
    ("tls", &["sasl", "server", "client", "sink"]),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// The lines of the product's own code: no comments, no tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    let lines = text[..end]
        .lines()
        .enumerate()
        .map(|(at, line)| (at + 1, line.split("//").next().unwrap_or_default()));
    lines.filter(|(_, line)| !line.trim().is_empty())
}

fn is_test(path: &Path) -> bool {
    let path = path.strip_prefix(source()).unwrap();
    path.components().any(|c| c.as_os_str() == "tests" || c.as_os_str() == "tests.rs")
}

fn floor(name: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    files(&source().join(name), &mut found);
    let found: Vec<PathBuf> = found.into_iter().filter(|path| !is_test(path)).collect();
    assert!(!found.is_empty(), "src/{name} is empty");
    found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn the_engine_names_no_clock_socket_thread_environment_or_tls() {
    let mut wrong = Vec::new();
    for name in ["wire", "sasl", "session", "server"] {
        for (path, text) in floor(name) {
            for (number, line) in code(&text) {
                for (word, _) in FORBIDDEN.iter().filter(|(word, _)| line.contains(word)) {
                    wrong.push(format!("{}:{number}: {word}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn arrows_point_one_way() {
    let mut wrong = Vec::new();
    for (name, above) in ABOVE {
        for (path, text) in floor(name) {
            for (number, line) in code(&text) {
                for other in above.iter().filter(|other| line.contains(&format!("crate::{other}"))) {
                    wrong.push(format!("{}:{number}: {name} looks at {other}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tls_alone_names_the_library_that_does_it() {
    let mut found = Vec::new();
    files(&source(), &mut found);
    let (inside, outside): (Vec<_>, Vec<_>) =
        found.iter().partition(|path| path.starts_with(source().join("tls")));
    let names =
        |path: &&PathBuf| code(&std::fs::read_to_string(path).unwrap()).any(|(_, l)| l.contains("rustls"));
    assert!(inside.iter().any(&names), "src/tls doesn't name it");
    let wrong: Vec<_> = outside.into_iter().filter(|path| names(path)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let sockets = ["std::net", "std::os", "rustix", "Instant", "std::thread"];
    for (path, text) in floor("tls") {
        let wrong = code(&text).find(|(_, line)| sockets.iter().any(|word| line.contains(word)));
        assert!(wrong.is_none(), "{}: {wrong:?}", path.display());
    }
}

#[test]
fn one_file_names_the_library_that_does_kerberos() {
    let mut found = Vec::new();
    files(&source(), &mut found);
    found.retain(|path| code(&std::fs::read_to_string(path).unwrap()).any(|(_, l)| l.contains("libgssapi")));
    assert_eq!(found, [source().join("client").join("kerberos.rs")]);
}

#[test]
fn the_core_is_safe_and_its_files_are_small() {
    let root = std::fs::read_to_string(source().join("lib.rs")).unwrap();
    assert!(root.contains("#![forbid(unsafe_code)]"));
    let mut found = Vec::new();
    files(&source(), &mut found);
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() <= 500, "{} is longer than 500 lines", path.display());
        assert!(text.starts_with("//!"), "{} doesn't say what it is for", path.display());
    }
}

#[test]
fn the_test_finds_what_it_looks_for() {
    for (word, example) in FORBIDDEN {
        let found = code(example).filter(|(_, line)| line.contains(word)).count();
        assert_eq!(found, 1, "{word} in {example}");
        let comment = format!("// {example}");
        assert_eq!(code(&comment).filter(|(_, line)| line.contains(word)).count(), 0, "{word} in a comment");
    }
}

//! The shared library exports the functions of the header, those alone, and under the names that were promised.
//!
//! `SMTPIPE_BLESS=1` rewrites the list of names: only ever to add to it.

#![allow(clippy::expect_used, reason = "a test may")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn crate_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The library, built here once: cargo builds no cdylib for an integration test.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target =
            Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target directory");
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--lib", "--target-dir"])
            .arg(target)
            .arg("--manifest-path")
            .arg(crate_dir().join("Cargo.toml"))
            .status();
        assert!(status.expect("cargo runs").success(), "the library does not build");
        target.join("debug/libsmtpipe.so")
    })
}

fn exported(library: &Path) -> BTreeSet<String> {
    let output = Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(library).output();
    let output = output.expect("nm (binutils) runs");
    assert!(output.status.success(), "nm: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names are UTF-8");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn declared() -> BTreeSet<String> {
    let header = std::fs::read_to_string(crate_dir().join("../../include/smtpipe.h")).expect("the header");
    let mut code = String::new();
    let mut rest = header.as_str();
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    code.push_str(rest);
    // A function's name stands before a parenthesis; a type of function pointer has (* before its name.
    code.split('(')
        .filter_map(|before| before.rsplit([' ', '*', '\n']).next())
        .filter(|name| name.starts_with("smtpipe_") && !name.ends_with(')'))
        .map(str::to_owned)
        .collect()
}

#[test]
#[cfg(target_os = "linux")]
fn exports_are_the_promised_names() {
    let list = crate_dir().join("abi/smtpipe.sym");
    let exported = exported(library());
    if std::env::var_os("SMTPIPE_BLESS").is_some() {
        let text: String = exported.iter().map(|name| format!("{name}\n")).collect();
        std::fs::write(&list, text).expect("the list can be written");
    }
    let promised: BTreeSet<_> =
        std::fs::read_to_string(&list).expect("the list").lines().map(str::to_owned).collect();
    let gone: Vec<_> = promised.difference(&exported).collect();
    let new: Vec<_> = exported.difference(&promised).collect();
    assert!(gone.is_empty(), "gone from the library: {gone:?}");
    assert!(new.is_empty(), "not in abi/smtpipe.sym yet (run `make header`): {new:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn exports_are_what_the_header_declares() {
    assert_eq!(exported(library()), declared());
}

#[test]
#[cfg(target_os = "linux")]
fn the_soname_is_set() {
    let output = Command::new("readelf").arg("-d").arg(library()).output().expect("readelf (binutils) runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let major = env!("CARGO_PKG_VERSION_MAJOR");
    assert!(text.contains(&format!("Library soname: [libsmtpipe.so.{major}]")), "{text}");
}

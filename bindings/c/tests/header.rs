//! `include/smtpipe.h` is what cbindgen makes of the sources, and its version is the crate's.
//!
//! `SMTPIPE_BLESS=1 cargo test -p smtpipe-capi --test header` (or `make header`) rewrites it.

#![allow(clippy::expect_used, reason = "a test may")]

use std::path::{Path, PathBuf};

fn crate_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn committed() -> PathBuf {
    crate_dir().join("../../include/smtpipe.h")
}

fn generate() -> String {
    let dir = crate_dir();
    let config = cbindgen::Config::from_file(dir.join("cbindgen.toml")).expect("cbindgen.toml");
    let bindings = cbindgen::Builder::new().with_crate(&dir).with_config(config).generate();
    let mut out = Vec::new();
    bindings.expect("the sources can be read").write(&mut out);
    String::from_utf8(out).expect("the header is UTF-8")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn the_header_is_that_of_the_sources() {
    let fresh = generate();
    if std::env::var_os("SMTPIPE_BLESS").is_some() {
        std::fs::write(committed(), &fresh).expect("the header can be written");
    }
    let old = read(&committed());
    let differs = old.lines().zip(fresh.lines()).position(|(old, new)| old != new);
    let line = differs.unwrap_or_else(|| old.lines().count().min(fresh.lines().count())) + 1;
    assert!(old == fresh, "include/smtpipe.h differs from the sources at line {line}: run `make header`");
}

#[test]
fn the_version_text_is_the_crates() {
    let wanted = format!("#define SMTPIPE_VERSION \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(generate().lines().any(|line| line == wanted), "no line `{wanted}`: change cbindgen.toml");
}

#[test]
fn every_name_has_the_prefix_and_every_function_its_rules() {
    let header = generate();
    let functions: Vec<_> =
        header.split("/**").filter(|block| block.contains("smtpipe_") && block.contains(");")).collect();
    assert!(functions.len() > 100, "{} functions found", functions.len());
    for block in functions {
        let (comment, code) = block.split_once("*/").expect("a comment ends");
        if !code.contains('(') || code.trim_start().starts_with("typedef") || code.contains("#define") {
            continue;
        }
        assert!(comment.contains("Threads:"), "no word about threads in the comment of {code}");
        let returns = !code.trim_start().starts_with("void ");
        assert_eq!(returns, comment.contains("@return"), "@return does not fit {code}");
    }
}

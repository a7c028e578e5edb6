//! Gives the shared library its SONAME, which rustc does not. `cargo cbuild` brings the same one.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |key: &str| std::env::var(key).unwrap_or_default();
    // 0.x versions share one SONAME; CHANGELOG.md says what is promised under it.
    let major = target("CARGO_PKG_VERSION_MAJOR");
    if target("CARGO_CFG_TARGET_FAMILY") == "unix" && target("CARGO_CFG_TARGET_VENDOR") != "apple" {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,libsmtpipe.so.{major}");
    }
}

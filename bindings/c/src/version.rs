//! The version, for the compiler and at run time. A test holds them to Cargo.toml.

use crate::handle::text;
use engine::sasl::Gssapi;
use std::ffi::c_char;

/// Major version of this header. While it is 0 the SONAME is `libsmtpipe.so.0`.
pub const SMTPIPE_VERSION_MAJOR: u32 = 0;
/// Minor version of this header.
pub const SMTPIPE_VERSION_MINOR: u32 = 1;
/// Patch version of this header.
pub const SMTPIPE_VERSION_PATCH: u32 = 0;

/// The version of the library that is loaded, as "MAJOR.MINOR.PATCH".
///
/// @return A NUL-terminated text that lives as long as the library is loaded. Never NULL.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn smtpipe_version() -> *const c_char {
    const TEXT: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    TEXT.as_ptr().cast()
}

/// The version of the library that is loaded, as a number to compare with `SMTPIPE_VERSION_NUMBER`:
/// major << 16 | minor << 8 | patch.
///
/// @return The number.
///
/// Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn smtpipe_version_number() -> u32 {
    SMTPIPE_VERSION_MAJOR << 16 | SMTPIPE_VERSION_MINOR << 8 | SMTPIPE_VERSION_PATCH
}

/// Whether the library that is loaded was built with something that not every build has: "gssapi", which is
/// smtpipe_config_set_gssapi().
///
/// @param name  The feature, as Cargo has it. May be NULL.
///
/// @return 1 if it was; 0 if not, for a name that isn't known, and for NULL.
///
/// Threads: any.
/// Since: 0.1.0
///
/// # Safety
/// `name` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn smtpipe_has_feature(name: *const c_char) -> i32 {
    // SAFETY: the caller's promise, see above.
    let name = unsafe { text(name) };
    i32::from(name.is_ok_and(|name| name == "gssapi") && Gssapi::is_built())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn the_constants_are_cargos() {
        let text = format!("{SMTPIPE_VERSION_MAJOR}.{SMTPIPE_VERSION_MINOR}.{SMTPIPE_VERSION_PATCH}");
        assert_eq!(text, env!("CARGO_PKG_VERSION"));
        // SAFETY: smtpipe_version() gives a static NUL-terminated text.
        assert_eq!(unsafe { CStr::from_ptr(smtpipe_version()) }.to_str(), Ok(text.as_str()));
    }

    #[test]
    fn each_part_enters_the_number() {
        let number = smtpipe_version_number();
        assert_eq!(number >> 16, SMTPIPE_VERSION_MAJOR);
        assert_eq!(number >> 8 & 0xff, SMTPIPE_VERSION_MINOR);
        assert_eq!(number & 0xff, SMTPIPE_VERSION_PATCH);
    }
}

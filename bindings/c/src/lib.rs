//! The C ABI of smtpipe.

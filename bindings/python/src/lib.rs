//! The Python module `smtpipe._native`.

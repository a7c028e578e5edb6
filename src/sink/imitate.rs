//! Sinks that offer and do what real servers were seen to offer and do.
//!
//! Only what matters to a pipelining client: extensions, faults, limits. Texts aren't imitated.

use crate::server::{Quirks, RefusedChunk};
use crate::wire::Limits;

use super::options::SinkOptions;

impl SinkOptions {
    /// Names that [`imitate`](Self::imitate) knows.
    pub const IMITATIONS: &'static [&'static str] = &[
        "postfix",
        "exim",
        "dovecot",
        "sendmail",
        "haraka",
        "courier",
        "opensmtpd",
        "aiosmtpd",
        "go-smtp",
        "qmail",
        "qpsmtpd",
        "smtp-sink",
    ];

    /// The settings that make a sink look like the server of that name, or `None`.
    pub fn imitate(name: &str) -> Option<Self> {
        let plain = Self {
            host_name: format!("{name}.example"),
            chunking: false,
            binary_mime: false,
            smtputf8: false,
            dsn: false,
            enhanced: false,
            size: None,
            ..Self::default()
        };
        let quirks = Quirks::default();
        Some(match name {
            "postfix" => Self {
                chunking: true,
                smtputf8: true,
                dsn: true,
                enhanced: true,
                size: Some(10_240_000),
                extensions: lines(&["VRFY", "ETRN"]),
                error_limit: 20,
                quirks: Quirks { refused_chunk: RefusedChunk::Resets, enforce_sync: true, ..quirks },
                ..plain
            },
            "exim" => Self {
                chunking: true,
                smtputf8: true,
                dsn: true,
                size: Some(52_428_800),
                extensions: lines(&["PIPECONNECT"]),
                limits: Limits { rcpt_max: Some(50_000), mail_max: Some(1000), ..Limits::default() },
                quirks: Quirks { refused_chunk: RefusedChunk::KeepsSender, ..quirks },
                ..plain
            },
            "dovecot" => Self {
                lmtp: true,
                chunking: true,
                enhanced: true,
                quirks: Quirks { refused_chunk: RefusedChunk::RefusesChunks, ..quirks },
                ..plain
            },
            "sendmail" => Self {
                dsn: true,
                enhanced: true,
                size: Some(0),
                extensions: lines(&["EXPN", "VERB", "ETRN", "DELIVERBY"]),
                error_limit: 25,
                ..plain
            },
            "haraka" => Self {
                smtputf8: true,
                size: Some(0),
                quirks: Quirks { refuse_after_dot: true, ..quirks },
                ..plain
            },
            "courier" => Self {
                smtputf8: true,
                dsn: true,
                size: Some(0),
                extensions: lines(&["XVERP=Courier", "XEXDATA", "XSECURITY=NONE,STARTTLS"]),
                quirks: Quirks { swallow_after_dot: true, ..quirks },
                ..plain
            },
            "opensmtpd" => Self {
                pipelining: false,
                dsn: true,
                enhanced: true,
                size: Some(52_428_800),
                quirks: Quirks { no_pipelining: true, ..quirks },
                ..plain
            },
            "aiosmtpd" => Self { pipelining: false, smtputf8: true, size: Some(33_554_432), ..plain },
            "go-smtp" => Self {
                chunking: true,
                enhanced: true,
                quirks: Quirks { undrained_chunk: true, ..quirks },
                ..plain
            },
            "qmail" | "qpsmtpd" => plain,
            // Its last EHLO line has a code and nothing else.
            "smtp-sink" => Self { dsn: true, enhanced: true, extensions: lines(&[""]), ..plain },
            _ => return None,
        })
    }
}

fn lines(list: &[&str]) -> Vec<String> {
    list.iter().map(|&line| line.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_known() {
        for name in SinkOptions::IMITATIONS {
            assert!(SinkOptions::imitate(name).is_some(), "{name}");
        }
        assert!(SinkOptions::imitate("exchange").is_none());
    }
}

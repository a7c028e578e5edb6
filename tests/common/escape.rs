//! Bytes written as text: the escapes of `S!`, `C!` and `M!` lines.
//!
//! `\r \n \t \0 \\`, `\xHH`, and `\[TEXT*N]` for TEXT repeated N times. Everything else stands for itself (UTF-8).

/// Turns escaped text into bytes; the error names the escape that isn't understood.
pub(crate) fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let kind = rest.chars().next().ok_or("a lone backslash at the end")?;
        rest = &rest[kind.len_utf8()..];
        match kind {
            'r' => out.push(b'\r'),
            'n' => out.push(b'\n'),
            't' => out.push(b'\t'),
            '0' => out.push(0),
            '\\' => out.push(b'\\'),
            'x' => {
                let digits = rest.get(..2).ok_or("\\x needs two digits")?;
                out.push(u8::from_str_radix(digits, 16).map_err(|_| format!("\\x{digits}"))?);
                rest = &rest[2..];
            }
            '[' => {
                let (inside, after) = rest.split_once(']').ok_or("\\[ without ]")?;
                let (what, times) = inside.rsplit_once('*').ok_or("\\[TEXT*N] without *")?;
                let times: usize = times.parse().map_err(|_| format!("\\[{inside}]"))?;
                out.extend_from_slice(unescape(what)?.repeat(times).as_slice());
                rest = after;
            }
            other => return Err(format!("\\{other}")),
        }
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(out)
}

/// The reverse, for failure messages: readable, one line for each line, no byte lost.
pub(crate) fn show(bytes: &[u8]) -> String {
    let mut out = String::new();
    for &byte in bytes {
        match byte {
            b'\r' => out.push_str("\\r"),
            b'\n' => out.push_str("\\n\n"),
            b'\\' => out.push_str("\\\\"),
            0x20..=0x7e => out.push(char::from(byte)),
            other => out.push_str(&format!("\\x{other:02x}")),
        }
    }
    out
}

//! The referee's own reading of replies: slow, plain, and written without a look at the library's.

/// What the bytes so far amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// A whole reply: its code and the texts of its lines.
    Reply(u16, Vec<Vec<u8>>),
    /// Not yet a whole reply.
    Nothing,
    /// Something that is no reply, and never will be.
    Garbage,
}

/// Collects a server's bytes and splits replies off them.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    bytes: Vec<u8>,
}

impl Replies {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(crate) fn next(&mut self) -> Found {
        let mut code = None;
        let mut lines: Vec<Vec<u8>> = Vec::new();
        let mut total = 0;
        let mut rest = self.bytes.as_slice();
        loop {
            let end = rest.windows(2).position(|w| w == b"\r\n");
            let line = &rest[..end.unwrap_or(rest.len())];
            if has_garbage(line, end.is_some())
                || total + line.len() > 64 * 1024
                || lines.len() >= 128 && !rest.is_empty()
            {
                return Found::Garbage;
            }
            let Some(end) = end else { return Found::Nothing };
            total += end + 2;
            rest = &rest[end + 2..];
            let Some((number, last, text)) = split(line) else { return Found::Garbage };
            if code.is_some_and(|c| c != number) {
                return Found::Garbage;
            }
            code = Some(number);
            lines.push(text.to_vec());
            if last {
                let used = self.bytes.len() - rest.len();
                self.bytes.drain(..used);
                return Found::Reply(number, lines);
            }
        }
    }
}

fn has_garbage(line: &[u8], whole: bool) -> bool {
    let bare_cr = line.iter().enumerate().any(|(at, &b)| b == b'\r' && (whole || at + 1 < line.len()));
    let beginning = line.iter().take(3).enumerate().any(|(at, &b)| match at {
        0 => !(b'2'..=b'5').contains(&b),
        // A CR may be the first half of a CRLF; what it ends is too short, and is seen to be with the LF.
        _ => !b.is_ascii_digit() && (b != b'\r' || at + 1 < line.len()),
    });
    let separator = line.get(3).is_some_and(|b| !matches!(b, b' ' | b'-' | b'\r'));
    line.contains(&b'\n') || line.contains(&0) || bare_cr || beginning || separator || line.len() > 2048
}

fn split(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let number: u16 = std::str::from_utf8(line.get(..3)?).ok()?.parse().ok()?;
    match line.get(3) {
        None => Some((number, true, &[])),
        Some(b' ') => Some((number, true, &line[4..])),
        Some(b'-') => Some((number, false, &line[4..])),
        Some(_) => None,
    }
}

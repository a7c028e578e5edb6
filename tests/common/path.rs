//! The address in a MAIL or RCPT line, as the referee compares it with what the caller gave.

/// The path of a MAIL or RCPT line, quotes respected. A-labels are given as the caller wrote them.
pub(crate) fn path(line: &str, verb: &str) -> String {
    let rest = line.strip_prefix(verb).and_then(|r| r.strip_prefix('<')).unwrap_or_else(|| panic!("{line}"));
    let (mut quoted, mut escaped) = (false, false);
    let end = rest.find(|c| {
        let was = escaped;
        escaped = !was && quoted && c == '\\';
        quoted ^= c == '"' && !was;
        c == '>' && !quoted
    });
    let path = &rest[..end.unwrap_or_else(|| panic!("{line}"))];
    match path.rsplit_once('@') {
        Some((local, domain)) if domain.contains("xn--") => {
            format!("{local}@{}", idna::domain_to_unicode(domain).0)
        }
        _ => path.to_owned(),
    }
}

"""OpenSMTPD: offers no PIPELINING; delivers each recipient's copy into one maildir."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import Server, Stored, header_size

CONF = """\
smtp max-message-size 50M
smtp limit max-mails 1000
filter "mail" phase mail-from match mail-from regex { "^badsender" } reject "550 5.7.1 sender refused by test"
filter "rcpt" phase rcpt-to match rcpt-to regex { "^reject" } reject "550 5.1.1 recipient refused by test"
filter "rcptt" phase rcpt-to match rcpt-to regex { "^tempfail" } reject "450 4.2.1 recipient deferred by test"
filter "all" chain { "mail", "rcpt", "rcptt" }
listen on 127.0.0.1 port 2621 hostname opensmtpd.test filter "all"
action "keep" maildir "/var/spool/keep" virtual { "@" = nobody }
match from any for any action "keep"
"""

TRACE = re.compile(rb"^(Return-Path|Delivered-To): <?([^>\n]*)>?$", re.MULTILINE)


class OpenSmtpd(Server):
    name = "opensmtpd"
    port = 2621
    level = "lockstep"
    packages = ("opensmtpd",)
    hostname = "opensmtpd.test"
    users = ("opensmtpd", "opensmtpq")
    files = {"/etc/smtpd.conf": CONF, "/etc/mailname": "opensmtpd.test\n"}
    tight = {"max-mails 1000\n": "max-mails 8\nsmtp limit max-rcpt 10\n"}
    tight_recipients = 10
    tight_messages = 8
    directories = {"/var/lib/opensmtpd/empty": "root", "/var/spool/keep": "nobody", "/var/spool/smtpd": "root"}
    command = "chmod 711 /var/spool/smtpd\nexec /usr/sbin/smtpd -d -f /etc/smtpd.conf"

    def takes(self, content: bytes) -> bool:
        return header_size(content) < 60_000  # built in: "Message is not RFC 2822 compliant"

    def stored(self) -> Iterator[Stored]:
        for path in sorted(self.path("/var/spool/keep/new").glob("*")):
            content = path.read_bytes()
            trace = dict(TRACE.findall(content.partition(b"\nReceived: ")[0])[:2])
            yield Stored(content, trace.get(b"Return-Path", b"").decode(), [trace.get(b"Delivered-To", b"").decode()])

    def settled(self) -> bool:
        return not any(self.path("/var/spool/smtpd/queue").glob("*/*"))

"""Dovecot's LMTP server: knows its users, delivers into maildirs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import Server, Stored

CONF = """\
protocols = lmtp
log_path = /var/log/dovecot.log
base_dir = /run/dovecot
state_dir = /var/lib/dovecot
ssl = no
hostname = dovecot.test
mail_location = maildir:/var/spool/keep/%n
mail_home = /var/spool/keep/%n
mail_uid = vmail
mail_gid = vmail
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = passwd-file
  args = username_format=%n /etc/dovecot/users
}
userdb {
  driver = passwd-file
  args = username_format=%n /etc/dovecot/users
  override_fields = uid=vmail gid=vmail
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = 2641
  }
  process_min_avail = 1
}
"""

TRACE = re.compile(rb"^(Return-Path): <?([^>\n]*)>?$", re.MULTILINE)


class Dovecot(Server):
    name = "dovecot"
    port = 2641
    lmtp = True
    level = "streaming"
    packages: tuple[str, ...] = ("dovecot-core", "dovecot-lmtpd")
    hostname = "dovecot.test"
    users: tuple[str, ...] = ("dovecot", "dovenull", "vmail")
    mailboxes = ("u0", "u1", "u2")
    # It has no policy for senders; a recipient it doesn't know is refused.
    refuses = ("rcpt",)
    files = {
        "/etc/dovecot/dovecot.conf": CONF,
        "/etc/dovecot/users": "".join(f"{user}:{{PLAIN}}x::::::\n" for user in mailboxes),
    }
    directories = {"/var/spool/keep": "vmail", "/var/lib/dovecot": "root"}
    command = "exec dovecot -F -c /etc/dovecot/dovecot.conf"

    def stored(self) -> Iterator[Stored]:
        for path in sorted(self.path("/var/spool/keep").glob("*/new/*")):
            content = path.read_bytes()
            trace = dict(TRACE.findall(content.partition(b"\nReceived: ")[0])[:1])
            yield Stored(content, trace.get(b"Return-Path", b"").decode(), [f"{path.parent.parent.name}@{self.domain}"])

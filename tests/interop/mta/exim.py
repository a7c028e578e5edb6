"""Exim: queue_only, so every message stays in its spool, headers in an -H file and the body in a -D file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .base import Server, Stored, well_formed

CONF = """\
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = /var/spool/exim4
log_file_path = /var/log/exim4/%slog
pid_file_path = /run/exim.pid
primary_hostname = exim.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = 2611
tls_advertise_hosts =
host_lookup =
rfc1413_hosts =
pipelining_advertise_hosts = *
pipelining_connect_advertise_hosts = *
chunking_advertise_hosts = *
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
prdr_enable = true
return_path_remove = false
envelope_to_remove = false
delivery_date_remove = false
queue_only = true
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
begin acl
acl_mail:
  deny    senders = ^badsender
          message = sender refused by test
  accept
acl_rcpt:
  deny    local_parts = ^reject
          message = recipient refused by test
  defer   local_parts = ^tempfail
          message = recipient deferred by test
  accept
acl_data:
  accept
begin routers
nowhere:
  driver = redirect
  data = :blackhole:
begin transports
begin retry
"""


class Exim(Server):
    name = "exim"
    port = 2611
    level = "streaming"
    packages: tuple[str, ...] = ("exim4-daemon-heavy", "exim4-base", "exim4-config")
    hostname = "exim.test"
    users: tuple[str, ...] = ("Debian-exim",)
    files = {"/etc/exim4/test.conf": CONF}
    tight = {"queue_only = true": "queue_only = true\nrecipients_max = 10\nsmtp_accept_max_per_connection = 8"}
    tight_recipients = 10
    tight_messages = 8
    directories = {"/var/spool/exim4": "Debian-exim", "/var/log/exim4": "Debian-exim"}
    command = "exec exim4 -C /etc/exim4/test.conf -bdf"

    def takes(self, content: bytes) -> bool:
        return well_formed(content)  # it would end the header there

    def stored(self) -> Iterator[Stored]:
        for path in sorted(self.path("/var/spool/exim4/input").glob("*-H")):
            yield read(path)


def read(path: Path) -> Stored:
    """One spooled message: the envelope and the headers, each with its length before it, then the body."""
    envelope, _, headers = path.read_bytes().partition(b"\n\n")
    lines = envelope.decode().split("\n")
    body = path.with_name(path.name[:-1] + "D").read_bytes().partition(b"\n")[2]
    content = b""
    while headers:
        digits = len(headers) - len(headers.lstrip(b"0123456789"))
        length, flag = int(headers[:digits]), headers[digits : digits + 1]
        text = headers[digits + 2 : digits + 2 + length]
        if flag != b"*":
            content += text
        headers = headers[digits + 2 + length :].lstrip(b"\n")
    # The recipients are the last lines of the envelope, behind their number.
    count = max(n for n in range(1, len(lines)) if lines[-n - 1] == str(n))
    return Stored(content + b"\n" + body, lines[2].strip("<>"), [line.partition(" ")[0] for line in lines[-count:]])

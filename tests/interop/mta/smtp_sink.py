"""Postfix's load-test sink, which dumps every message to a file of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .base import Server, Stored

ARGUMENT = re.compile(rb"^X-(Mail|Rcpt)-Args: <([^>]*)>", re.MULTILINE)


class SmtpSink(Server):
    name = "smtp-sink"
    port = 2671
    level = "continuous"
    packages = ("postfix",)
    hostname = "sink.test"
    users = ("postfix",)
    directories = {"/var/spool/dump": "nobody"}
    # It knows no policy: its refusals are by command, for all.
    refuses = ()
    fragments = True
    command = "exec smtp-sink -u nobody -c -R / -d /var/spool/dump/m. 127.0.0.1:2671 100"

    def stored(self) -> Iterator[Stored]:
        for path in sorted(self.path("/var/spool/dump").iterdir()):
            try:
                dump = path.read_bytes()
            except FileNotFoundError:
                continue  # of a connection that was cut: it has just removed it
            head, _, rest = dump.partition(b"\nReceived: ")
            found = [(kind, value.decode()) for kind, value in ARGUMENT.findall(head)]
            yield Stored(
                # It ends its dump with a line end of its own.
                b"Received: " + rest.removesuffix(b"\n"),
                next((value for kind, value in found if kind == b"Mail"), None),
                [value for kind, value in found if kind == b"Rcpt"],
            )

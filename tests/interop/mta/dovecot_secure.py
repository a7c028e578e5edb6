"""Dovecot's LMTP with STARTTLS, with TLS from the beginning, and over a unix socket."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from .base import home
from .doors import Door, SecureServer
from .dovecot import CONF, Dovecot

LISTENERS = """\
  inet_listener lmtp {
    address = 127.0.0.1
    port = 2741
  }
  inet_listener lmtps {
    address = 127.0.0.1
    port = 2742
    ssl = yes
  }
  unix_listener /run/interop/lmtp {
    mode = 0600
  }
  process_min_avail = 1
}
"""


#: a mailbox that takes no content: refused behind it, not at RCPT
FULL = "full"

QUOTA = """\
# the disk is not what is tested
mail_fsync = never
mail_plugins = quota
plugin {
  quota = maildir:User quota
}
"""


class SecureDovecot(SecureServer, Dovecot):
    name = "dovecot-secure"
    port = 2741
    beneath = (Dovecot,)
    keeps = "/var/spool/keep/*/new/*"
    packages = ()

    def __init__(self) -> None:
        super().__init__()
        # Relative: the path of a socket has a hundred octets or so.
        path = os.path.relpath(self.place / "lmtp")
        self.doors = (
            Door("dovecot", "LMTP, starttls", 2741, lmtp=True),
            Door("dovecot", "LMTP, implicit", 2742, lmtp=True, tls="implicit"),
            Door("dovecot", "LMTP, unix socket", path=path, lmtp=True, tls="none"),
        )

    @property
    def place(self) -> Path:
        """Where the socket is, for those outside the namespace: what lies in an overlay is another file to them."""
        return home() / "state" / f"{self.name}.sockets"

    def mounts(self) -> Iterator[str]:
        yield from super().mounts()
        yield f"mkdir -p {self.place} /run/interop && mount --bind {self.place} /run/interop"

    def configuration(self) -> dict[str, str]:
        tls = "ssl = yes\nssl_cert = </etc/interop/server.pem\nssl_key = </etc/interop/server-key.pem\n"
        main, service, _ = CONF.replace("ssl = no\n", tls).partition("service lmtp {\n")
        return {
            **super().configuration(),
            "/etc/dovecot/dovecot.conf": main + QUOTA + service + LISTENERS,
            "/etc/dovecot/users": Dovecot.files["/etc/dovecot/users"] + f"{FULL}:{{PLAIN}}x::::::userdb_quota_rule=*:bytes=1\n",
        }

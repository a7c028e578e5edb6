"""What the servers with TLS and a login have in common: who may log in, with what, and at which door.

A server of this kind has several doors: the same server on several ports, each with its own terms.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass

from .base import Server
from .certificates import certificates

USERNAME = "ada"
#: with what separates things in SASL messages and in the servers' own files
PASSWORD = "ho=rse, bat~tery"
TOKEN_KEY = b"the key that the servers check tokens with"
#: mechanisms that a password is enough for, the strongest first
PASSWORDS = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN")
TOKENS = ("OAUTHBEARER", "XOAUTH2")


@dataclass(frozen=True)
class Door:
    """One way in: a port of 127.0.0.1, or a unix socket."""

    server: str
    name: str
    port: int = 0
    path: str | None = None
    lmtp: bool = False
    #: "required" (STARTTLS), "implicit" or "none"
    tls: str = "required"
    #: the mechanisms of AUTH that it offers behind TLS, the strongest first
    mechanisms: tuple[str, ...] = ()
    #: a user's certificate is enough, too (EXTERNAL)
    certificates: bool = False
    #: the level that `auto` earns
    level: str = "streaming"

    def __str__(self) -> str:
        return f"{self.server}, {self.name}"


@dataclass
class Asked:
    """What a server has noted of what was asked for (RFC 3461, RFC 6531), in words that are the same for all of them."""

    #: "full", "hdrs" or ""
    ret: str
    envid: str
    #: of each recipient: when to report ("never" alone), and the original recipient, type and address
    recipients: dict[str, tuple[frozenset[str], str]]
    #: what else is known of it, in the server's own words
    notes: str


class CyrusSasl(Server):
    """No server: the library that several ask, its mechanisms, and the tool that writes its passwords down."""

    name = "cyrus-sasl"
    packages = ("sasl2-bin", "libsasl2-modules", "libsasl2-modules-db")
    #: shell: makes the file of passwords; the realm is the part of a user's name that only Cyrus knows
    passwords = f"printf %s '{PASSWORD}' | saslpasswd2 -p -c -u interop -f /etc/sasldb2 {USERNAME}\nchmod 644 /etc/sasldb2"
    conf = f"""\
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: /etc/sasldb2
mech_list: {" ".join(PASSWORDS)}
"""


class SecureServer(Server):
    """A server with a certificate."""

    doors: tuple[Door, ...] = ()
    #: where it keeps mail, as a pattern of the shell
    keeps = ""

    def forget(self) -> None:
        """Removes all mail, so that the next test has less to look through."""
        self.inside("sh", "-c", f"rm -f {self.keeps}")

    def configuration(self) -> dict[str, str]:
        made = certificates()
        return {
            **super().configuration(),
            "/etc/interop/authority.pem": made.authority.read_text(),
            "/etc/interop/server.pem": made.server.read_text(),
            "/etc/interop/server-key.pem": made.server_key.read_text(),
        }

    def asked(self) -> dict[int, Asked]:
        """What was asked for with each message in the queue, by the letter's number."""
        raise NotImplementedError


def occasions(flags: int) -> frozenset[str]:
    """NOTIFY, from the lowest bits, in the order in which Postfix and Exim have them."""
    return frozenset(word for bit, word in enumerate(("never", "success", "failure", "delay")) if flags >> bit & 1)


def decoded(xtext: str) -> str:
    """RFC 3461 section 4."""
    return re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), xtext)


def number_of(content: bytes) -> int:
    """The letter's number."""
    match = re.search(rb"X-Interop-Number: (\d+)", content)
    if match is None:
        raise ValueError(f"nobody sent this: {content[:200]!r}")
    return int(match[1])


@functools.cache
def token(good_for: int = 3600) -> str:
    """A bearer token for USERNAME (a JSON Web Token, RFC 7519, signed with HMAC-SHA-256)."""

    def encoded(raw: bytes) -> bytes:
        return base64.urlsafe_b64encode(raw).rstrip(b"=")

    now = int(time.time())
    head = {"alg": "HS256", "typ": "JWT"}
    claims = {"sub": USERNAME, "iat": now - 60, "nbf": now - 60, "exp": now + good_for}
    signed = b".".join(encoded(json.dumps(part).encode()) for part in (head, claims))
    return (signed + b"." + encoded(hmac.digest(TOKEN_KEY, signed, hashlib.sha256))).decode()

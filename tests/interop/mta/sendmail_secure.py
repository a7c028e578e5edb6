"""Sendmail with TLS and a login by Cyrus SASL: STARTTLS at one door, TLS from the beginning at another, DSN at a third."""

from __future__ import annotations

from .doors import PASSWORDS, Asked, CyrusSasl, Door, SecureServer, decoded, number_of
from .sendmail import MC, Sendmail, entries_of

# M=a: nothing before AUTH; M=s: TLS from the beginning; M=A, M=S: neither is offered
SECURE_MC = f"""\
define(`confCACERT', `/etc/interop/authority.pem')dnl
define(`confCACERT_PATH', `/etc/interop')dnl
define(`confSERVER_CERT', `/etc/interop/server.pem')dnl
define(`confSERVER_KEY', `/etc/interop/server-key.pem')dnl
define(`confAUTH_MECHANISMS', `{" ".join(PASSWORDS)}')dnl
TRUST_AUTH_MECH(`{" ".join(PASSWORDS)}')dnl
define(`confAUTH_OPTIONS', `p y')dnl
define(`confSAFE_QUEUE', `False')dnl
define(`confDELIVER_BY_MIN', `60')dnl
define(`confAUTH_REALM', `interop')dnl
define(`confMAX_MESSAGE_SIZE', `50000000')dnl
DAEMON_OPTIONS(`Name=MSA, Addr=127.0.0.1, Port=2731, M=a')dnl
DAEMON_OPTIONS(`Name=TLSMSA, Addr=127.0.0.1, Port=2732, M=as')dnl
DAEMON_OPTIONS(`Name=CLEAR, Addr=127.0.0.1, Port=2733, M=AS')dnl
"""


class SecureSendmail(SecureServer, Sendmail):
    name = "sendmail-secure"
    port = 2731
    beneath = (Sendmail, CyrusSasl)
    keeps = "/var/spool/keep/[dq]f*"
    packages = ()
    files = {
        "/etc/mail/test.mc": MC.replace("DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port=2631')dnl\n", SECURE_MC),
        "/etc/mail/sasl/Sendmail.conf.2": CyrusSasl.conf,
    }
    # It takes no key that others can read, and no passwords either.
    command = f"chmod 600 /etc/interop/server-key.pem\n{CyrusSasl.passwords}\nchmod 600 /etc/sasldb2\n{Sendmail.command}"
    doors = (
        Door("sendmail", "starttls, Cyrus SASL", 2731, mechanisms=PASSWORDS, level="continuous"),
        Door("sendmail", "implicit, Cyrus SASL", 2732, tls="implicit", mechanisms=PASSWORDS, level="continuous"),
        Door("sendmail", "in clear", 2733, tls="none", level="continuous"),
    )

    def asked(self) -> dict[int, Asked]:
        return dict(noted(entries_of(path)) for path in self.path("/var/spool/keep").glob("qf*"))


def noted(entries: list[str]) -> tuple[int, Asked]:
    """Q is the original recipient of the R behind it, whose flags begin with P; without N they are the server's own choice."""
    asked = Asked("", "", {}, "\n".join(entries))
    orcpt = ""
    for kind, value in ((entry[:1], entry[1:]) for entry in entries):
        if kind == "Z":
            asked.envid = decoded(value)
        elif kind == "F" and "n" in value:
            asked.ret = "hdrs"
        elif kind == "Q":
            orcpt = decoded(value)
        elif kind == "R":
            flags, _, address = value.partition(":")
            when = {"S": "success", "F": "failure", "D": "delay"}
            notify = (frozenset(when[flag] for flag in flags if flag in when) or {"never"}) if "N" in flags else ()
            asked.recipients[address.strip("<>")] = (frozenset(notify), orcpt)
            orcpt = ""
    return number_of("\n".join(entries).encode("utf-8", "surrogateescape")), asked

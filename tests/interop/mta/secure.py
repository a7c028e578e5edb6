"""The servers with certificates and logins, by name, and all of their doors."""

from __future__ import annotations

from .doors import Door, SecureServer
from .dovecot_secure import SecureDovecot
from .exim_secure import SecureExim
from .postfix_secure import SecurePostfix
from .sendmail_secure import SecureSendmail

SECURE_SERVERS: dict[str, type[SecureServer]] = {
    "postfix": SecurePostfix,
    "exim": SecureExim,
    "sendmail": SecureSendmail,
    "dovecot": SecureDovecot,
}
DOORS: list[Door] = [door for server in SECURE_SERVERS.values() for door in server().doors]

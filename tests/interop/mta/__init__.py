"""The servers that smtpipe is tested against, by name."""

from __future__ import annotations

from .aiosmtpd import Aiosmtpd
from .base import Server, Stored, Unavailable, unavailable
from .courier import Courier
from .dovecot import Dovecot
from .exim import Exim
from .haraka import Haraka
from .opensmtpd import OpenSmtpd
from .postfix import Postfix
from .qpsmtpd import Qpsmtpd
from .sendmail import Sendmail
from .smtp_sink import SmtpSink

SERVERS: dict[str, type[Server]] = {
    server.name: server for server in (Postfix, SmtpSink, Exim, OpenSmtpd, Sendmail, Dovecot, Qpsmtpd, Aiosmtpd, Haraka, Courier)
}

__all__ = ["SERVERS", "Server", "SmtpSink", "Stored", "Unavailable", "unavailable"]

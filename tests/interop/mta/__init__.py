"""The servers that smtpipe is tested against, by name."""

from __future__ import annotations

from .base import Server, Stored, Unavailable, unavailable
from .postfix import Postfix
from .smtp_sink import SmtpSink

SERVERS: dict[str, type[Server]] = {server.name: server for server in (Postfix, SmtpSink)}

__all__ = ["SERVERS", "Server", "Stored", "Unavailable", "unavailable"]

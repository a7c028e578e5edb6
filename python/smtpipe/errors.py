"""What can go wrong, as exceptions.

A server's refusal of a message is no exception but an `Outcome`: exceptions are for callers' mistakes and for
sessions that can't go on. The classes live here and not in the native module, because the limited API
can't subclass built-in exceptions before Python 3.12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smtpipe._native import Reply

__all__ = [
    "AuthenticationError",
    "ClosedError",
    "ConnectionLostError",
    "MisuseError",
    "PeerError",
    "RefusedError",
    "SessionError",
    "SessionTimeoutError",
    "SmtpipeError",
    "TlsError",
]


class SmtpipeError(Exception):
    """The base of everything this package raises by itself."""


class MisuseError(SmtpipeError, ValueError):
    """The caller handed in something that can't be sent; nothing of it was.

    The text names the offending part. It depends on the arguments and on what the server offers,
    never on the replies to earlier messages.
    """


class SessionError(SmtpipeError, OSError):
    """This session can't go on.

    Attributes:
        reply: the server's reply that ended it, or `None` when no reply did.
        stage: the command whose turn it was (`"EHLO"`, `"DATA"`, ...), or `None` where that says nothing.

    """

    reply: Reply | None
    stage: str | None

    def __init__(self, message: str, *, reply: Reply | None = None, stage: str | None = None) -> None:
        super().__init__(message)
        self.reply = reply
        self.stage = stage


class AuthenticationError(SessionError):
    """Nobody was logged in (RFC 4954), and no message was sent.

    The server refused (`reply` says why: 535 for a wrong password), or there was no safe way to log in: AUTH
    not offered, no mechanism in common, or only such as would show the password on a line that isn't
    encrypted; then `reply` is `None` and nothing of the credentials was sent.
    """


class PeerError(SessionError):
    """The server broke the protocol, or didn't prove who it is: no later byte of it is believed."""


class RefusedError(SessionError):
    """The server sent the client away: by its greeting, its answer to EHLO, or a 421 later on."""


class SessionTimeoutError(SessionError, TimeoutError):
    """The server let a deadline of RFC 5321 section 4.5.3.2 (or the caller's `timeout`) pass."""


class ConnectionLostError(SessionError, ConnectionError):
    """The connection broke or was closed by the server."""


class TlsError(SessionError):
    """There is no TLS, and it was to be.

    Attributes:
        failure: in one word what it was: `"expired"`, `"not_yet_valid"`, `"wrong_name"`, `"unknown_issuer"`,
            `"revoked"`, `"not_pinned"`, `"certificate"`, `"refused"`, `"protocol"`, `"hung_up"`,
            `"timed_out"`, `"not_offered"` or `"starttls_refused"` (STARTTLS), or `"other"`.

    """

    failure: str = "other"


class ClosedError(SessionError):
    """The client has said QUIT, or was closed: it takes nothing more."""

"""Mail at the speed of the wire instead of the speed of the round trip.

    import smtpipe

    with smtpipe.connect("mx.example.net") as client:
        for outcome in client.send_all(messages):
            print(outcome.ticket, outcome.status, outcome.reply)

`send_all` takes any iterable of `Message`s, of `(sender, recipients, content)` or of the standard library's
`EmailMessage`, and draws from it only as fast as the server answers.
"""

from __future__ import annotations

from smtpipe._connect import connect
from smtpipe._native import (
    FEATURES,
    Client,
    Message,
    Outcome,
    Peers,
    Received,
    Recipient,
    Reply,
    SendAll,
    Session,
    Sink,
    __version__,
)
from smtpipe._types import (
    AuthChallenge,
    AuthWanted,
    Capabilities,
    Closed,
    Downgrade,
    Level,
    PeerKey,
    PeerRecord,
    Ready,
    Reconnect,
    Rule,
    Sasl,
    SinkStats,
    StartTls,
    Stats,
    Status,
    TlsInfo,
    Upgrade,
    Verdict,
    WantContent,
)
from smtpipe.errors import (
    AuthenticationError,
    ClosedError,
    ConnectionLostError,
    MisuseError,
    PeerError,
    RefusedError,
    SessionError,
    SessionTimeoutError,
    SmtpipeError,
    TlsError,
)

__all__ = [
    "FEATURES",
    "AuthChallenge",
    "AuthWanted",
    "AuthenticationError",
    "Capabilities",
    "Client",
    "Closed",
    "ClosedError",
    "ConnectionLostError",
    "Downgrade",
    "Level",
    "Message",
    "MisuseError",
    "Outcome",
    "PeerError",
    "PeerKey",
    "PeerRecord",
    "Peers",
    "Ready",
    "Received",
    "Recipient",
    "Reconnect",
    "RefusedError",
    "Reply",
    "Rule",
    "Sasl",
    "SendAll",
    "Session",
    "SessionError",
    "SessionTimeoutError",
    "Sink",
    "SinkStats",
    "SmtpipeError",
    "StartTls",
    "Stats",
    "Status",
    "TlsError",
    "TlsInfo",
    "Upgrade",
    "Verdict",
    "WantContent",
    "__version__",
    "connect",
]

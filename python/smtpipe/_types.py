"""The plain values of the interface: enumerations, capabilities, figures and events.

They hold no native state, so they are ordinary Python: frozen, comparable, printable. The native
module builds the small ones by position: the order of their fields is part of their contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from smtpipe._native import Reply
    from smtpipe.errors import SessionError

__all__ = [
    "AuthChallenge",
    "AuthWanted",
    "Capabilities",
    "Closed",
    "Downgrade",
    "Level",
    "PeerKey",
    "PeerRecord",
    "Ready",
    "Reconnect",
    "Rule",
    "Sasl",
    "SinkStats",
    "StartTls",
    "Stats",
    "Status",
    "TlsInfo",
    "Upgrade",
    "Verdict",
    "WantContent",
]


class Status(StrEnum):
    """What is known about a message, or about one recipient of it (who is never `PARTIAL`)."""

    DELIVERED = "delivered"
    """Accepted for every recipient. Not safe to send again."""
    PARTIAL = "partial"
    """Accepted for some; the other recipients' replies say why. Send again for those only."""
    REFUSED = "refused"
    """A valid negative reply, or refused here before a byte of it left. 4yz: later; 5yz: don't."""
    NOT_SENT = "not_sent"
    """The connection ended before the server could have taken it. Safe to send again."""
    IN_DOUBT = "in_doubt"
    """Its last byte was handed out and no reply came: perhaps delivered. The caller decides."""


class Level(StrEnum):
    """How much goes out without waiting for a reply.

    Levels, and their names, are in order: `client.level >= Level.GROUP`.
    """

    LOCKSTEP = "lockstep"
    """One command at a time."""
    GROUP = "group"
    """MAIL, all RCPT and DATA together: two round trips a message."""
    CONTINUOUS = "continuous"
    """The next message's envelope rides behind the content of this one: one round trip a message."""
    STREAMING = "streaming"
    """Whole transactions back to back: about one round trip for all messages."""

    @property
    def rank(self) -> int:
        """Position from 0 (`LOCKSTEP`) to 3 (`STREAMING`), by which levels compare."""
        return list(Level).index(self)

    # Not as texts do, among which "lockstep" would be more than "group".
    def __lt__(self, other: str) -> bool:
        return self.rank < Level(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Level(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Level(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Level(other).rank


class Verdict(StrEnum):
    """What is known of one way of pipelining with a server."""

    UNKNOWN = "unknown"
    """Not tried yet."""
    EARNED = "earned"
    """The server answered everything in order."""
    FAILED = "failed"
    """The server lost or mangled something."""


class Capabilities(Mapping[str, str]):
    """What the server offered in answer to EHLO: keyword to parameters (`""` where there are none).

    Keywords are found in any case and listed in upper case.
    """

    __slots__ = ("_keywords", "domain")

    domain: str
    """The name the server gave itself."""

    def __init__(self, domain: str = "", keywords: Iterable[tuple[str, str]] = ()) -> None:
        self.domain = domain
        self._keywords = {keyword.upper(): params for keyword, params in keywords}

    def __getitem__(self, keyword: str) -> str:
        return self._keywords[keyword.upper()]

    def __contains__(self, keyword: object) -> bool:
        return isinstance(keyword, str) and keyword.upper() in self._keywords

    def __iter__(self) -> Iterator[str]:
        return iter(self._keywords)

    def __len__(self) -> int:
        return len(self._keywords)

    def __repr__(self) -> str:
        return f"Capabilities({self.domain!r}, {list(self._keywords.items())!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Capabilities):
            return NotImplemented
        return self.domain == other.domain and list(self.items()) == list(other.items())

    def __hash__(self) -> int:
        return hash((self.domain, *self._keywords.items()))

    @property
    def size(self) -> int | None:
        """The largest content taken, in octets; `0` for no fixed limit; `None` if SIZE isn't offered."""
        value = self._keywords.get("SIZE")
        if value is None:
            return None
        return int(value) if value.isascii() and value.isdigit() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """What a session has cost so far."""

    round_trips: int
    """Round trips that the replies so far have cost, counted by cause and not by the clock."""
    commands: int
    """Commands sent; an end of content is none."""
    replies: int
    negative_replies: int
    """Replies of the class 4yz or 5yz."""
    messages: int
    """Messages whose outcome is known."""
    delivered: int
    """Messages accepted for at least one recipient."""
    raw_commands: int
    """Commands given by `command()` whose outcome is known."""
    bytes_sent: int
    bytes_received: int
    max_in_flight: int
    """The most messages that were begun and unfinished at one time."""
    downgrades: int
    """Trials that the server failed."""
    connections: int
    """Connections made, the first included."""
    encrypted: int
    """Connections on which TLS was established."""
    in_clear: int
    """Connections that went on in clear although TLS was wanted: not offered, refused, or failed before."""
    waits: Mapping[str, int] = field(default_factory=dict, hash=False)
    """Why the sender had to wait: the reason to how often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkStats:
    """What a sink has seen so far."""

    connections: int
    messages: int
    recipients: int
    handshakes: int
    """TLS handshakes done."""
    resumed: int
    """Those that resumed an earlier session."""
    commands: int
    refused: int
    bytes_in: int
    bytes_out: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that a sink does to those who ask for it.

    The first rule that matches a step decides it.
    """

    at: str
    """The step: `"connect"`, `"hello"`, `"starttls"`, `"auth"`, `"mail"`, `"rcpt"`, `"data"`, `"content"`,
    `"rset"` or `"quit"`."""
    reply: Reply | None = None
    """What to answer in place of the sink's own reply."""
    pattern: str = "*"
    """Whom it is for, with `*` for any text: the recipient at `rcpt`, the sender at the later steps, too."""
    then: str = "go on"
    """`"go on"`, `"drop"` the connection, or `"stall"`: never answer again."""
    after: int = 0
    """How many matches to let pass first."""
    count: int | None = None
    """How often it applies; always by default."""


@dataclass(frozen=True, slots=True)
class PeerKey:
    """Which server a record is of. What one of them offers says nothing of another."""

    address: str
    """Address and port, as in `"192.0.2.1:25"` or `"[2001:db8::1]:25"`, or the path of a unix socket."""
    name: str
    """The name asked for, in lower case; `""` for a unix socket."""
    tls: bool = False
    """Whether the connection is encrypted."""


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """What was learnt of one server. It only decides what is tried first: EHLO corrects it."""

    offered: Capabilities | None = None
    """What EHLO was answered last, LIMITS (RFC 9422) included."""
    continuous: Verdict = Verdict.UNKNOWN
    """Commands behind an end of content."""
    streaming: Verdict = Verdict.UNKNOWN
    """Whole transactions with BDAT, back to back."""
    early: Verdict = Verdict.UNKNOWN
    """Commands before the greeting: `FAILED` if the server that had offered PIPECONNECT minded."""
    round_trip: float | None = None
    """The longest round trip seen in which the server had nothing to think about, in seconds."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Greeting and EHLO are done: what the server offers is known."""

    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class Downgrade:
    """The server turned out to bear less than was tried or stated."""

    before: Level
    after: Level
    why: str


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A trial succeeded."""

    level: Level


@dataclass(frozen=True, slots=True)
class TlsInfo:
    """The TLS of a connection."""

    version: str
    """`"TLSv1.2"` or `"TLSv1.3"`."""
    cipher: str
    """The cipher suite's name in the registry of IANA."""
    peer_certificates: tuple[bytes, ...] = field(repr=False)
    """The server's certificate, and behind it what it sent along, as DER."""
    resumed: bool
    """An earlier session was resumed."""
    round_trips: int
    """What the handshake cost."""


@dataclass(frozen=True, slots=True)
class StartTls:
    """Do a TLS handshake on the connection; then call `tls_established()` or `tls_failed()`."""


class Sasl(Protocol):
    """A SASL mechanism of the caller's own (RFC 4422), for `connect(auth=...)`: a client's side of it.

    Its methods are called in the thread that waits for the connection (by `connect`, `collect`, `flush`,
    `quit`, `send_all`) or drives it (`drive`), never by two at once, and may take their time: messages wait
    meanwhile. They must not wait for the client themselves. An exception gives up: the server is told (`*`),
    the session ends, messages come back as `not_sent`, and whoever waits gets the exception.
    """

    @property
    def complete(self) -> bool:
        """Whether the mechanism wants nothing more of the server than its yes.

        Looked at after each call. While it is false a yes isn't believed: the server has yet to prove itself,
        as with SCRAM. PLAIN is complete from the beginning.
        """

    def start(self, mechanisms: tuple[str, ...], /) -> tuple[str, Buffer | None] | None:
        """Choose one of the server's mechanisms, and give the initial response, if there is one.

        `None` for the response: the server begins; `b""` is an empty response. `None` alone: none of these
        suits, and nobody is logged in (`AuthenticationError`).

        Called at the beginning of each connection; and again, without that mechanism, where the server
        refuses one as such (504, 534).
        """

    def respond(self, challenge: bytes, /) -> Buffer:
        """Answer a challenge; neither of the two is base64."""


@dataclass(frozen=True, slots=True)
class AuthWanted:
    """Log in with `auth_begin()`, or give up with `auth_cancel()`: the session waits (`auth_caller=True`)."""

    mechanisms: tuple[str, ...]
    """What the server offers."""
    refused: Reply | None = None
    """Why the mechanism tried before was refused as such (504, 534)."""


@dataclass(frozen=True, slots=True)
class AuthChallenge:
    """The server asks: answer with `auth_respond()`, or give up with `auth_cancel()`."""

    challenge: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Open a new connection and call `start()` again, or `end_of_input()` to give up."""

    why: str


@dataclass(frozen=True, slots=True)
class WantContent:
    """The next piece of a streamed content is wanted.

    Answer each of these once, now or later, by `Session.content`, `content_end` or `content_failed`.
    """

    ticket: int
    rewind: bool
    """The first piece once more, of a source that was drawn from before."""


@dataclass(frozen=True, slots=True)
class Closed:
    """Nothing more will happen; `error` says why if it wasn't by `quit()`."""

    error: SessionError | None

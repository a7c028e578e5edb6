"""The engine, its drivers and the sink, as the native module has them. Import these names from `smtpipe`."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from email.message import Message as StandardMessage
from os import PathLike
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self, TypeAlias, final

from typing_extensions import Buffer

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
    WantContent,
)
from smtpipe.errors import SessionError

__all__ = [
    "FEATURES",
    "Client",
    "Message",
    "Outcome",
    "Peers",
    "Received",
    "Recipient",
    "Reply",
    "SendAll",
    "Session",
    "Sink",
    "__version__",
    "connect",
]

FEATURES: Final[frozenset[str]]
__version__: Final[str]

_Recipient: TypeAlias = str | tuple[str, Mapping[str, object]]
_Recipients: TypeAlias = str | Iterable[_Recipient]
_Email: TypeAlias = StandardMessage[Any, Any]

class _File(Protocol):
    def read(self, size: int, /) -> Buffer: ...

_Content: TypeAlias = Buffer | _File | Iterable[Buffer]
_Sendable: TypeAlias = Message | tuple[str, _Recipients, _Content] | _Email
_Trace: TypeAlias = Callable[[str, bytes], object]
_Event: TypeAlias = (
    Outcome
    | StartTls
    | AuthWanted
    | AuthChallenge
    | Ready
    | Upgrade
    | Downgrade
    | Reconnect
    | Closed
    | WantContent
)

def connect(
    host: str | None,
    port: int,
    *,
    unix_path: str | PathLike[str] | None,
    local_name: str,
    peers: Peers | None,
    trace: _Trace | None,
    auth: Sasl | None,
    tls: Mapping[str, object],
    **arguments: object,
) -> Client:
    """Connect and wait for EHLO; `smtpipe.connect` without the defaults."""

@final
class Reply:
    """A server's reply, all its lines."""

    __match_args__: Final = ("code", "enhanced", "lines")

    def __new__(cls, code: int, enhanced: str | None = None, lines: Sequence[str] | None = None) -> Self: ...
    @property
    def code(self) -> int:
        """The three digits."""
    @property
    def enhanced(self) -> str | None:
        """The enhanced status code (RFC 2034), such as `"5.1.1"`, if every line bears the same."""
    @property
    def lines(self) -> tuple[str, ...]:
        """The text of each line as sent, without the code; bytes that aren't UTF-8 as `\\xNN`."""
    @property
    def text(self) -> str:
        """The lines, joined by newlines."""
    @property
    def raw(self) -> bytes:
        """The lines as they came, joined by newlines."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Recipient:
    """What became of one recipient of a message."""

    __match_args__: Final = ("address", "status", "reply")

    def __new__(cls, address: str, status: str, reply: Reply | None = None) -> Self: ...
    @property
    def address(self) -> str:
        """The address as it was submitted."""
    @property
    def status(self) -> Status:
        """What is known; never `PARTIAL`."""
    @property
    def reply(self) -> Reply | None:
        """The reply that decided it."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Outcome:
    """What became of one ticket. There is exactly one for each.

    Outcomes are equal if they say the same, whatever their `error`. To make one is for tests.
    """

    __match_args__: Final = ("ticket", "status", "reply")

    def __new__(
        cls,
        ticket: int,
        status: str,
        reply: Reply | None = None,
        recipients: Sequence[Recipient] | None = None,
        reason: str | None = None,
        left_out: Sequence[str] | None = None,
        command: bool = False,
        error: BaseException | None = None,
    ) -> Self: ...
    @property
    def ticket(self) -> int:
        """What `send` or `command` returned."""
    @property
    def status(self) -> Status:
        """What is known of the message as a whole; for a command, `DELIVERED` is a positive reply."""
    @property
    def reply(self) -> Reply | None:
        """The final reply, or the one that decided."""
    @property
    def recipients(self) -> tuple[Recipient, ...]:
        """Each recipient's own fate, in the order submitted; empty for a command."""
    @property
    def reason(self) -> str | None:
        """Why, where no reply explains it."""
    @property
    def left_out(self) -> tuple[str, ...]:
        """Extensions that the message asked for and the server didn't offer: it was sent without them.

        By their EHLO keywords: `"DSN"` means that no report was asked for; `"SMTPUTF8"` that domains were
        sent in their ASCII form.
        """
    @property
    def error(self) -> BaseException | None:
        """What the source of its content raised, if that is why it was not sent."""
    @property
    def command(self) -> bool:
        """Whether the ticket was that of a `command`."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...

@final
class Message:
    """An envelope and its content, checked. It can be sent any number of times, by any client.

    `recipients` is one address or any number of them; each may be a pair of the address and the parameters
    of its RCPT. `content` is any bytes-like object; `bytes` are not copied. Bare line feeds and carriage
    returns become CRLF, or are refused if `strict`. `body="BINARYMIME"` sends the content untouched.

    `content` may also be a binary file, open for reading, or an iterable of bytes-like pieces. It is then
    drawn while the message is sent: by the calls that wait (`collect`, `flush`, `quit`, `send_all`, and
    `drive`), in their thread, not before a recipient is accepted; little of it is ever in memory. A seekable
    file is read from where it stands when the message is made. If the source raises, gives anything but
    bytes, or another `length` (in octets as it gives them; that of a seekable file is found out) than was
    said, the message is `not_sent`, nobody gets a part of it, and `Outcome.error` has the exception; one
    that isn't an `Exception` is raised by the call that waits, too. A file that can't seek and an iterator
    can be sent once; if the message has to go again when some of it was drawn, it's `not_sent`. An
    iterable that isn't its own iterator can go again. `body="7BIT"` promises a source without octets
    over 127.

    What `parameters` may ask for (`docs/extensions.md` tells what becomes of it where it isn't offered):

    - `ret="full"` or `"hdrs"`, `envid="any text"` (DSN, RFC 3461); of a recipient: `notify="never"`, or any
      of `["success", "failure", "delay"]`, and `orcpt="user@example.org"` or `("x400", "...")`
    - `deliver_by=(seconds, "return" or "notify")`, and a third, true, to have it traced (RFC 2852)
    - `priority=` -9 to 9 (MT-PRIORITY, RFC 6710)
    - `hold_for=seconds` or `hold_until=datetime` with a time zone (FUTURERELEASE, RFC 4865)
    - `require_tls=True` (RFC 8689; only over TLS whose certificate was checked), `prdr=True` (a reply for
      each recipient, Exim), `utf8_headers=True` (SMTPUTF8, RFC 6531, because of the header; for addresses it
      is asked for by itself)
    - `solicit=["net.example:ADV"]` (NO-SOLICITING, RFC 3865)
    - `submitter="user@example.org"`, or an `email.headerregistry.Address`: who submitted it first (AUTH= on
      MAIL, RFC 4954 section 5); `""` says that this isn't known. Left out where AUTH isn't offered
    - `forward={"addr": "192.0.2.1", "name": None}`: whom it came from (XFORWARD, Postfix)
    - `require=["DSN"]`: refuse the message where that extension isn't offered

    Any other name is a parameter of MAIL, or of RCPT: `x_new=1` is `X-NEW=1`, `x_new=True` a keyword alone. A
    name in capitals is always that, with its value as it goes on the wire. `None` is nothing.

    Raises `MisuseError`, a `ValueError`, naming the part that can't be sent.
    """

    __match_args__: Final = ("sender", "recipients", "content")

    def __new__(
        cls,
        sender: str,
        recipients: _Recipients,
        content: _Content,
        *,
        strict: bool = False,
        length: int | None = None,
        **parameters: object,
    ) -> Self: ...
    @classmethod
    def streamed(
        cls,
        sender: str,
        recipients: _Recipients,
        *,
        length: int | None = None,
        rewindable: bool = False,
        strict: bool = False,
        **parameters: object,
    ) -> Message:
        """A message for a `Session`, which is given its content piece by piece: see `WantContent`."""
    @classmethod
    def from_email(
        cls,
        email: _Email,
        *,
        sender: str | None = None,
        recipients: str | Iterable[str] | None = None,
        **parameters: object,
    ) -> Message:
        """A message of the `email` or `mailbox` modules. Bcc is left out of what is sent.

        The envelope comes from Sender or From, and To, Cc and Bcc (or their Resent- forms), unless given.
        A header that has UTF-8 in it as it is written out (RFC 6532) asks for SMTPUTF8 by itself, as
        `utf8_headers=True` does elsewhere; `utf8_headers=False` doesn't.
        """
    @property
    def sender(self) -> str:
        """The reverse-path; `""` is the empty one, for mail that must not be answered."""
    @property
    def recipients(self) -> tuple[str, ...]:
        """The forward-paths."""
    @property
    def content(self) -> Any:
        """The octets that will arrive, with every line end CRLF: a copy. Or what they are drawn from."""
    @property
    def size(self) -> int | None:
        """The length of the content; `None` if nobody knows."""
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: object, /) -> Self: ...

@final
class SendAll:
    """The outcomes of a run of messages; what `Client.send_all` returns."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> Outcome: ...

@final
class Client:
    """A connection to a server, made by `smtpipe.connect`. Any number of threads may share one.

    As a context manager it waits for every outcome and says QUIT; left by an exception, it closes at once.
    Either way the outcomes not yet collected can be collected afterwards.
    """

    def send(self, message: _Sendable) -> int:
        """Queue a message, write what the socket takes, and return its ticket. Never blocks.

        Raises `MisuseError` if the message can't be sent, and `SessionError` if the session has ended.
        """
    def send_all(self, messages: Iterable[_Sendable]) -> SendAll:
        """Send every message and yield the outcomes as they become known, those of earlier tickets included.

        Draws from `messages` only while the window has room. What drawing raises, and a message that can't
        be sent, is raised at that place; nothing else is touched, and iterating may go on. If the session
        ends first, every outcome is still yielded; then its error is raised, if messages were left.
        """
    def collect(self, timeout: float | None = None) -> Outcome | None:
        """Drive the connection and return the next outcome.

        `None`: the timeout passed, or nothing is outstanding.
        """
    def command(self, line: str) -> int:
        """Queue a command such as `"VRFY someone"` or `"NOOP"` and return its ticket.

        Its outcome has the reply.
        """
    def vrfy(self, who: str) -> int:
        """Queue VRFY (is there such a user or mailbox?) and return its ticket, as `command` does."""
    def expn(self, name: str) -> int:
        """Queue EXPN (who is on that list?) and return its ticket, as `command` does."""
    def etrn(self, node: str) -> int:
        """Queue ETRN (RFC 1985: send what is queued for that host) and return its ticket, as `command` does.

        `node` may also be `@` and a domain, for all below it, or `#` and a queue's name.
        """
    def flush(self, timeout: float | None = None) -> bool:
        """Drive until every ticket's outcome is known; they stay to be collected.

        `False`: the timeout passed first.
        """
    def cancel(self, ticket: int) -> bool:
        """Take back what has not begun; its outcome is then `NOT_SENT`. `False`: too late."""
    def quit(self, timeout: float | None = None) -> bool:
        """Wait for every outcome, say QUIT and close.

        `False`: the timeout passed first. The session goes on, but nothing can be queued any more.
        """
    def close(self) -> None:
        """Close the connection at once. Open tickets get the outcome that is known."""
    def fileno(self) -> int:
        """The descriptor to wait on in an event loop of one's own.

        It may be another one after any call that drives the connection.
        """
    def drive(self) -> None:
        """Do what can be done without waiting.

        It comes back after some megabytes, however fast the server answers.
        """
    def interest(self) -> tuple[bool, bool]:
        """Whether to wait until there is something to read, and until there is room to write."""
    def next_timeout(self) -> float | None:
        """Seconds until `drive` has to be called even if nothing is ready.

        0.0 if the last call left something to do.
        """
    @property
    def level(self) -> Level:
        """The level used now."""
    @property
    def capabilities(self) -> Capabilities:
        """What the server offered."""
    @property
    def tls(self) -> TlsInfo | None:
        """The TLS of the connection, or of the last one; `None`: in clear."""
    @property
    def stats(self) -> Stats:
        """What was spent so far."""
    @property
    def error(self) -> SessionError | None:
        """Why the session ended, if not by QUIT."""
    @property
    def outstanding(self) -> int:
        """Tickets whose outcome is still to come or to be collected."""
    @property
    def closed(self) -> bool:
        """Whether the connection is gone for good."""
    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: type[BaseException] | BaseException | TracebackType | None) -> None: ...

@final
class Session:
    """The engine without a socket, for drivers of one's own.

    Over and over: give what came in (`feed`, `end_of_input`, or the time to `handle_timeout`), write what
    `output` returns, take events until there is none, and wait for input or until `deadline`. On
    `Reconnect` make another connection and call `start` again; when `half_close` is true shut down the
    writing side and close. `now` is in seconds of any clock that doesn't go backwards.
    """

    def __new__(
        cls,
        local_name: str,
        *,
        level: str = "auto",
        max_in_flight: int = 100,
        max_unanswered: int = 0,
        recipients: str = "any",
        timeout: float | None = None,
        trace: _Trace | None = None,
        lmtp: bool = False,
        chunking: str = "auto",
        chunk_size: int = 65536,
        eight_bit_anyway: bool = False,
        early: bool = True,
        peer: PeerRecord | None = None,
        username: str | None = None,
        password: str | None = None,
        oauth_token: str | None = None,
        authzid: str | None = None,
        auth_mechanisms: Iterable[str] | None = None,
        auth_clear_text: bool = False,
        auth_caller: bool = False,
        utf8: str = "refuse",
        xclient: Mapping[str, str | int | None] | None = None,
        tls: str = "none",
    ) -> Self: ...
    def submit(self, message: _Sendable) -> int:
        """Queue a message and return its ticket."""
    def command(self, line: str) -> int:
        """Queue a raw command and return its ticket."""
    def vrfy(self, who: str) -> int:
        """Queue VRFY and return its ticket."""
    def expn(self, name: str) -> int:
        """Queue EXPN and return its ticket."""
    def etrn(self, node: str) -> int:
        """Queue ETRN and return its ticket."""
    def cancel(self, ticket: int) -> bool:
        """Take back what has not begun."""
    def quit(self) -> None:
        """End with QUIT once everything queued has its outcome."""
    def auth_begin(self, mechanism: str, initial: Buffer | None = None, *, complete: bool = False) -> None:
        """Answer `AuthWanted` (with `auth_caller=True`): begin with a mechanism of one's own.

        `complete`: the mechanism wants nothing more of the server than its yes. A yes that comes before that
        is not believed.
        """
    def auth_respond(self, response: Buffer, *, complete: bool = False) -> None:
        """Answer `AuthChallenge`."""
    def auth_cancel(self) -> None:
        """Give up, in place of either answer. The session ends."""
    def start(self, now: float) -> None:
        """A connection is there: the first, or another one after `Reconnect`."""
    def feed(self, now: float, data: Buffer) -> None:
        """Give bytes from the server."""
    def end_of_input(self, now: float) -> None:
        """The server closed its side."""
    def connection_lost(self, now: float, why: str) -> None:
        """The connection broke."""
    def tls_established(self, now: float, exporter: bytes | None = None, *, round_trips: int = 0) -> None:
        """The handshake that `StartTls` asked for is done; or, before `start`, the connection is encrypted.

        `exporter` is the `tls-exporter` channel binding of RFC 9266, `round_trips` what the handshake cost.
        """
    def tls_failed(self, now: float, failure: str, why: str) -> None:
        """There is no TLS, or none any more. `failure` is one of `TlsError.failure`, `why` for people."""
    def truncated(self, now: float) -> None:
        """The connection ended without TLS's close_notify."""
    def handle_timeout(self, now: float) -> None:
        """Time has passed."""
    def output(self, now: float, limit: int = 262_144) -> bytes:
        """What is to be written next, at most `limit` bytes. It counts as written: write all of it."""
    def content(self, now: float, ticket: int, data: Buffer) -> bool:
        """Answer `WantContent` with the next piece, cut anywhere. False: it isn't asked for (any more)."""
    def content_end(self, now: float, ticket: int) -> bool:
        """Answer `WantContent`: there is no more. False: it isn't asked for (any more)."""
    def content_failed(self, ticket: int, why: str) -> bool:
        """The source has failed, asked or not: nobody gets any of it. False: too late."""
    def next_event(self) -> _Event | None:
        """What became known, one thing at a time."""
    @property
    def wants_output(self) -> bool:
        """Whether there is something to be written."""
    @property
    def deadline(self) -> float | None:
        """When `handle_timeout` has to be called, on the caller's clock."""
    @property
    def half_close(self) -> bool:
        """QUIT has left: shut down the writing side, then close; no answer is waited for."""
    @property
    def level(self) -> Level:
        """The level used now."""
    @property
    def capabilities(self) -> Capabilities | None:
        """What the server offered; `None` before EHLO was answered."""
    @property
    def stats(self) -> Stats:
        """What was spent so far."""
    @property
    def error(self) -> SessionError | None:
        """Why the session ended, if not by QUIT."""
    @property
    def peer_record(self) -> PeerRecord:
        """What was learnt of this server, to be given to the next session with it as `peer`."""
    @property
    def unfinished(self) -> int:
        """Tickets that have no outcome yet."""
    @property
    def has_room(self) -> bool:
        """Whether a further message would begin soon."""
    @property
    def closed(self) -> bool:
        """Whether nothing more will happen."""

@final
class Peers:
    """What is remembered of servers: what they offered, the levels they earned or failed, the distance.

    Give it to `connect`; any number of clients and threads may share one. It keeps the 10,000 servers heard
    of last, and believes a record for a week.
    """

    def __new__(cls) -> Self: ...
    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a file that `save` wrote. There being none, or a damaged one, gives an empty cache.

        Raises `OSError` if there is one that can't be read.
        """
    @classmethod
    def from_bytes(cls, data: Buffer) -> Self:
        """Read what `to_bytes` returned. Anything else gives an empty cache."""
    def save(self, path: str | PathLike[str]) -> None:
        """Write a file in place of an older one: whoever reads it finds the whole old or the whole new.

        Raises `OSError`, and then the older one is as it was.
        """
    def to_bytes(self) -> bytes:
        """All of it, in the form of the file."""
    def keys(self) -> list[PeerKey]:
        """Which servers are remembered, in order."""
    def get(self, key: PeerKey) -> PeerRecord | None:
        """What is remembered of a server, unless that was too long ago."""
    def put(self, key: PeerKey, record: PeerRecord) -> None:
        """Remember this of a server."""
    def remove(self, key: PeerKey) -> bool:
        """Forget a server. `False`: it wasn't remembered."""
    def clear(self) -> None:
        """Forget every server."""
    def __iter__(self) -> Iterator[PeerKey]: ...
    def __len__(self) -> int: ...
    def __bool__(self) -> bool: ...

@final
class Received:
    """A message as a sink received it."""

    @property
    def connection(self) -> int:
        """Which connection brought it, counted from the sink's first."""
    @property
    def user(self) -> str | None:
        """Who had logged in."""
    @property
    def sender(self) -> str:
        """The reverse-path."""
    @property
    def recipients(self) -> tuple[str, ...]:
        """The forward-paths that were accepted."""
    @property
    def content(self) -> bytes:
        """The content, dots unstuffed. A copy."""
    @property
    def mail_params(self) -> str:
        """The parameters of MAIL, as they came."""
    @property
    def rcpt_params(self) -> tuple[str, ...]:
        """The parameters of RCPT, one entry for each of `recipients`."""
    @property
    def xforward(self) -> str:
        """What XFORWARD said of it, attributes as they came."""
    @property
    def xclient(self) -> str:
        """What XCLIENT said of its connection, attributes as they came."""
    @property
    def via_bdat(self) -> bool:
        """Whether it came by BDAT and not by DATA."""

@final
class Sink:
    """A mail server to test against, on a thread of its own.

    It runs from construction to `stop()`, and tells what it has seen behind that, too.

    `rtt` is the round-trip time in seconds and `bandwidth` the bytes per second each way that it simulates.
    `keep` is `True` (keep every message), `False` (count them) or `"discard"`. `imitate` names a server
    whose habits it takes on: `"postfix"`, `"exim"`, `"dovecot"`, `"sendmail"`, `"haraka"`, `"courier"`,
    `"opensmtpd"`, `"aiosmtpd"`, `"go-smtp"`, `"qmail"`, `"qpsmtpd"`, `"smtp-sink"`. The other arguments say
    what is offered; `None` leaves it as it is. `extensions` are further lines of the EHLO reply; the sink
    knows what `"DELIVERBY 120"`, `"MT-PRIORITY"`, `"FUTURERELEASE 86400 2030-01-01T00:00:00Z"`,
    `"REQUIRETLS"`, `"NO-SOLICITING"`, `"PRDR"`, `"XCLIENT NAME ADDR"` and `"XFORWARD NAME ADDR"` allow, and
    takes it. `rules` are asked in order. `users` are who may log in, each with a password or OAuth token, by
    any of `auth_mechanisms`; without, AUTH isn't offered. With `require_auth` nobody else can send, with
    `auth_needs_tls` nobody in clear.
    With `tls` it offers STARTTLS, or speaks TLS from the first octet, by a `certificate` and its key (PEM),
    or by one that it makes for `localhost`.
    """

    def __new__(
        cls,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        unix_path: str | PathLike[str] | None = None,
        lmtp: bool = False,
        rtt: float = 0.0,
        bandwidth: int | None = None,
        keep: bool | Literal["all", "count", "discard"] | None = None,
        imitate: str | None = None,
        pipelining: bool | None = None,
        chunking: bool | None = None,
        binary_mime: bool | None = None,
        eight_bit_mime: bool | None = None,
        smtputf8: bool | None = None,
        dsn: bool | None = None,
        enhanced: bool | None = None,
        size: int | None = None,
        rcpt_max: int | None = None,
        mail_max: int | None = None,
        rcpt_domain_max: int | None = None,
        extensions: Iterable[str] | None = None,
        rules: Iterable[Rule] | None = None,
        users: Mapping[str, str] | None = None,
        auth_mechanisms: Iterable[str] | None = None,
        require_auth: bool = False,
        auth_needs_tls: bool = False,
        tls: Literal["none", "starttls", "implicit"] | None = None,
        certificate: tuple[bytes, bytes] | None = None,
    ) -> Self: ...
    @property
    def certificate(self) -> bytes | None:
        """The certificate that it speaks TLS with, as PEM: for `connect(ca_data=...)`."""
    @property
    def port(self) -> int:
        """The port it listens on."""
    @property
    def messages(self) -> list[Received]:
        """What it has kept."""
    def take_messages(self) -> list[Received]:
        """What it has kept, and forget it."""
    @property
    def stats(self) -> SinkStats:
        """What it has seen."""
    def wait(self, messages: int, timeout: float | None = None) -> bool:
        """Wait until it has seen so many messages. `False`: the timeout passed, or it was stopped."""
    def stop(self) -> None:
        """Stop listening and close every connection."""
    def __enter__(self) -> Self: ...
    def __exit__(self, *exception: type[BaseException] | BaseException | TracebackType | None) -> None: ...

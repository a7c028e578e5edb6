"""docs/interop.md: what a run with the real servers came to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "docs" / "interop.md"

HEAD = """\
# Real servers

Written by `make interop`, which runs `tests/interop`: each server is unpacked from its own package and started on loopback, and
gets mail from the Python package and from a C program.

## A queue at first contact, and again

{count} varied messages over one connection, `auto` at first contact. Some recipients, senders and whole messages in mid-stream
are refused. Then {again} more with what was learnt, by the client of the other language: the level earned is used at
once, without a trial. Checked for every message: the outcome and each recipient's, the sender it was stored under, that it was stored
once for each accepted recipient, and the content, byte for byte behind the trace headers that the server put in front.

"""

CONTACT = (
    "server",
    "offers",
    "level earned",
    "driver",
    "delivered",
    "partial",
    "refused",
    "round trips",
    "again",
    "content",
)

LIMITS = """
## More than they take

Messages for up to 25 recipients, to servers that take 10 a message, or 8 messages a connection. What a server puts off goes again: a
452 behind accepted recipients in a further transaction of the same ticket, what else was refused with 4yz or not sent in the next
session of a patient caller. Everybody got everything exactly once. Dovecot and smtp-sink know no such limit.

"""

CUTS = """
## A link cut in mid-stream

A relay breaks the connection somewhere, by FIN, by RST, by silence. Afterwards each recipient's status is compared with what the
server has stored: delivered was stored once, in doubt once or not at all, refused and not sent never.

"""

SECURE = """
## Over TLS, logged in

100 messages, `auto` at first contact, with the server's certificate checked and, where it says so, logged in by the strongest mechanism
offered; stored intact. Every other mechanism offered was used, too; a wrong password, an authority or a name that isn't the
certificate's ended the session before any mail was shown. No server here offers a -PLUS mechanism: Dovecot has them from 2.4, Exim by a
library that Debian's is built without, and Cyrus SASL where the server tells it of the connection, which Postfix and Sendmail don't.

"""

EXTENSIONS = """
## Extensions

What a message asks for, and what the server made of it.

"""


@dataclass
class Row:
    server: str
    offers: str
    level: str
    driver: str
    statuses: Mapping[str, int]
    round_trips: int
    again: int
    content: str


@dataclass
class LimitRow:
    server: str
    recipients: int
    messages: int
    driver: str
    sent: int
    sessions: int
    tries: int
    refusals: str


@dataclass
class CutRow:
    server: str
    driver: str
    cuts: int
    tally: Mapping[str, int]


@dataclass
class EarlyRow:
    driver: str
    messages: int
    round_trips: int


@dataclass
class SecureRow:
    server: str
    door: str
    driver: str
    tls: str
    mechanism: str
    level: str
    round_trips: int


@dataclass
class ExtensionRow:
    extension: str
    server: str
    drivers: str
    seen: str


@dataclass
class Table:
    contact: list[Row] = field(default_factory=list)
    limits: list[LimitRow] = field(default_factory=list)
    cuts: list[CutRow] = field(default_factory=list)
    early: list[EarlyRow] = field(default_factory=list)
    secure: list[SecureRow] = field(default_factory=list)
    extensions: list[ExtensionRow] = field(default_factory=list)

    def write(self) -> None:
        count = max((sum(row.statuses.values()) for row in self.contact), default=0)
        text = HEAD.format(count=count, again=count // 5)
        text += markdown(
            CONTACT,
            (
                (
                    row.server,
                    row.offers,
                    f"`{row.level}`",
                    row.driver,
                    row.statuses.get("delivered", 0),
                    row.statuses.get("partial", 0),
                    row.statuses.get("refused", 0),
                    row.round_trips,
                    row.again,
                    row.content,
                )
                for row in self.contact
            ),
        )
        for row in self.early:
            text += (
                f"\nExim, which lets itself be told everything before it greets, took {row.messages:,} messages from {row.driver} in "
                f"{row.round_trips + 1} round trips: the connection and {row.round_trips} more.\n"
            )
        text += LIMITS + markdown(
            ("server", "takes", "driver", "recipients sent to", "sessions", "tries", "put off"),
            (
                (row.server, takes(row), row.driver, row.sent, row.sessions, row.tries, row.refusals)
                for row in sorted(self.limits, key=lambda row: row.server)
            ),
        )
        statuses = ("delivered", "refused", "not_sent", "in_doubt", "in_doubt, stored")
        text += CUTS + markdown(
            ("server", "driver", "cuts", *(status.replace("_", " ") for status in statuses)),
            ((row.server, row.driver, row.cuts, *(row.tally.get(status, 0) for status in statuses)) for row in self.cuts),
        )
        text += SECURE + markdown(
            ("server", "door", "driver", "TLS", "login", "level earned", "round trips"),
            ((row.server, row.door, row.driver, row.tls, row.mechanism, f"`{row.level}`", row.round_trips) for row in self.secure),
        )
        text += EXTENSIONS + markdown(
            ("extension", "server", "driver", "what was seen"),
            ((row.extension, row.server, row.drivers, row.seen) for row in self.extensions),
        )
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(text)


def takes(row: LimitRow) -> str:
    kinds = ((row.recipients, "recipients"), (row.messages, "messages"))
    return " and ".join(f"{number} {kind}" for number, kind in kinds if number)


def markdown(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)

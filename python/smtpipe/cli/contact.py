"""First contact: which level `auto` finds by itself with servers of known habits, imitated by the sink."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import smtpipe
from smtpipe.cli import samples
from smtpipe.cli.levels import check

if TYPE_CHECKING:
    from smtpipe.cli.screen import Screen

__all__ = ["SERVERS", "Contact", "first_contact", "first_contacts", "show"]

SERVERS = {
    "postfix": "streaming",
    "exim": "streaming",
    "dovecot": "streaming",
    "sendmail": "continuous",
    "haraka": "group",
    "courier": "group",
    "opensmtpd": "lockstep",
    "aiosmtpd": "lockstep",
    "go-smtp": "continuous",
}
"""What each has to be found out to bear. go-smtp runs a refused chunk as commands."""

_COUNT = 60
_RTT = 0.01


@dataclass
class Contact:
    """What was found."""

    server: str
    expected: str
    found: str = ""
    seconds: float = 0.0
    round_trips: int = 0
    connections: int = 0
    problems: list[str] = field(default_factory=list)


def first_contacts(screen: Screen) -> list[Contact]:
    """Meet them all."""
    with screen.progress("first contact with servers of known habits", len(SERVERS)) as bar:
        found = []
        for server in SERVERS:
            found.append(first_contact(server))
            bar.advance()
    return found


def first_contact(server: str, count: int = _COUNT) -> Contact:
    """Send a few messages to an imitation of this server, knowing nothing of it."""
    contact = Contact(server, SERVERS[server])
    mail = [one for one in samples.mailbox(count * 2) if one.content.isascii()][:count]
    lmtp = server == "dovecot"
    with smtpipe.Sink(imitate=server, lmtp=lmtp, rtt=_RTT) as sink:
        began = time.monotonic()
        with smtpipe.connect("127.0.0.1", sink.port, lmtp=lmtp) as client:
            outcomes = list(client.send_all((one.sender, one.recipients, one.content) for one in mail))
            contact.found = str(client.level)
            contact.round_trips = client.stats.round_trips
            contact.connections = client.stats.connections
        contact.seconds = time.monotonic() - began
        contact.problems += [
            f"message {one.ticket} is {one.status}: {one.reason or one.reply}"
            for one in outcomes
            if one.status != smtpipe.Status.DELIVERED
        ]
        contact.problems += check(mail, sink.messages)
    if contact.found != contact.expected:
        contact.problems.append(f"found to bear {contact.found}, should be {contact.expected}")
    return contact


def show(found: list[Contact], screen: Screen) -> None:
    """The table of what was found."""
    rows = [
        [
            one.server,
            one.found,
            "ok" if not one.problems else "WRONG",
            str(one.round_trips),
            str(one.connections),
        ]
        for one in found
    ]
    columns = ["server", "level found", "", "round trips", "connections"]
    screen.table(
        f"First contact, {_COUNT} messages each, with the embedded server imitating", columns, rows, left=3
    )

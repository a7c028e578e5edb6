"""Send a thousand messages over one connection, and act on what becomes of each.

python examples/python/send.py HOST PORT SENDER RECIPIENT
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import smtpipe
from smtpipe import Status

if TYPE_CHECKING:
    from collections.abc import Iterator


def messages(sender: str, recipient: str) -> Iterator[smtpipe.Message]:
    """Made one by one, as the window opens: a million would take no more memory."""
    for number in range(1, 1001):
        text = f"From: <{sender}>\nTo: <{recipient}>\nSubject: number {number}\n\nHello.\n"
        yield smtpipe.Message(sender, recipient, text.encode())


def main() -> int:
    """Exit with the number of messages that have to be looked after."""
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    host, port, sender, recipient = sys.argv[1:]
    again: list[int] = []
    dead: list[int] = []
    unsure: list[int] = []
    with smtpipe.connect(host, int(port)) as client:
        for outcome in client.send_all(messages(sender, recipient)):
            match outcome.status:
                case Status.DELIVERED | Status.PARTIAL:
                    pass
                case Status.NOT_SENT:
                    again.append(outcome.ticket)
                case Status.IN_DOUBT:
                    unsure.append(outcome.ticket)
                case Status.REFUSED:
                    later = outcome.reply is not None and outcome.reply.code < 500
                    (again if later else dead).append(outcome.ticket)
            # Each recipient's own fate, where they differ.
            for one in outcome.recipients:
                if one.status != Status.DELIVERED:
                    print(f"{outcome.ticket}: {one.address}: {one.status}: {one.reply or outcome.reason}")
        print(
            f"{client.stats.delivered} delivered in {client.stats.round_trips} round trips at {client.level}"
        )
    print(f"to send again: {again}; refused for good: {dead}; perhaps delivered: {unsure}")
    return len(again) + len(dead) + len(unsure)


if __name__ == "__main__":
    sys.exit(main())

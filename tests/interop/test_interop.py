"""Real servers: the level that `auto` earns, the truth of every outcome, and every message intact where it was stored. Then the
same with what was learnt: the level earned is used at once.
"""

from __future__ import annotations

import collections
import os
import socket
from pathlib import Path

import pytest
from checks import check_content, check_envelopes, check_outcomes, collect
from corpus import letters
from drivers import DRIVERS, Way
from mta import Server
from table import Row, Table

COUNT = int(os.environ.get("SMTPIPE_INTEROP_MESSAGES", "500"))
#: How many go to a server that is known.
AGAIN = COUNT // 5
#: Each driver's first letter has this number. What it learns the next driver uses.
FIRST = {"python": 0, "c": 1000}
OTHER = {"python": "c", "c": "python"}


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the peer caches are kept, from one test to the next."""
    return tmp_path_factory.mktemp("peers")


@pytest.mark.parametrize("driver", list(DRIVERS))
def test_a_queue_at_first_contact_and_again(server: Server, driver: str, records: Path, results: Table) -> None:
    mailboxes = [f"{box}@{server.domain}" for box in server.mailboxes]
    first = FIRST[driver]
    way = Way(server.port, server.lmtp, peers=records / f"{server.name}-{driver}")

    queue = letters(mailboxes, COUNT, first=first, refuses=server.refuses, takes=server.takes)
    report = DRIVERS[driver](way, queue)
    check_outcomes(queue, report)
    assert report.level == server.level

    # What one language has learnt serves the other.
    known = letters(mailboxes, AGAIN, first=first + COUNT, takes=server.takes)
    again = DRIVERS[OTHER[driver]](way, known)
    check_outcomes(known, again)
    assert (again.level, again.downgrades, again.connections) == (server.level, 0, 1)
    assert again.round_trips <= floor(server, len(known), sum(len(letter.recipients) for letter in known))

    stored = collect(server, queue + known)
    assert len(stored) == sum(letter.status != "refused" for letter in queue + known)
    check_content(server, queue + known, stored)
    if server.envelope:
        check_envelopes(queue + known, stored)
    results.contact.append(
        Row(
            server.name,
            offers(server),
            report.level,
            driver,
            collections.Counter(result.status for result in report.results),
            report.round_trips,
            again.round_trips,
            server.alters or "intact",
        )
    )


def floor(server: Server, messages: int, recipients: int) -> int:
    """What so many messages may cost at the server's level, without any trial: greeting and EHLO included."""
    cost = {
        # The window of 100 is full once, and opens with the first reply.
        "streaming": 2,
        "continuous": messages + 1,
        "group": 2 * messages,
        "lockstep": 3 * messages + recipients,
    }
    return 2 + cost[server.level]


def offers(server: Server) -> str:
    """The keywords of EHLO, for the table: asked in the plainest way, by ourselves."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
        file = link.makefile("rb")
        file.readline()
        link.sendall(b"LHLO client.test\r\n" if server.lmtp else b"EHLO client.test\r\n")
        keywords = []
        for line in file:
            keywords.append(line[4:].split(b" ")[0].strip().decode())
            if line[3:4] != b"-":
                break
        link.sendall(b"QUIT\r\n")
    asked = ("PIPELINING", "CHUNKING", "PIPECONNECT", "8BITMIME", "SMTPUTF8", "SIZE")
    return " ".join(word for word in asked if word in keywords[1:]) or "none of it"

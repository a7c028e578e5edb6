"""Early pipelining with Exim, which offers PIPECONNECT: a thousand messages in two round trips, the connection included."""

from __future__ import annotations

from pathlib import Path

import pytest
from checks import check_envelopes, check_outcomes, collect
from corpus import Letter, letters
from drivers import DRIVERS, Way
from mta import Server
from table import EarlyRow, Table

MESSAGES = 1000
FIRST = {"python": 4000, "c": 6000}


@pytest.mark.parametrize("server", ["exim"], indirect=True)
@pytest.mark.parametrize("driver", list(DRIVERS))
def test_a_thousand_in_two_round_trips(server: Server, driver: str, results: Table, tmp_path: Path) -> None:
    mailboxes = [f"{box}@{server.domain}" for box in server.mailboxes]
    peers = tmp_path / "peers"
    some = letters(mailboxes, 20, first=FIRST[driver], takes=server.takes)
    check_outcomes(some, DRIVERS[driver](Way(server.port, peers=peers), some))

    queue = [small(number, mailboxes) for number in range(FIRST[driver] + len(some), FIRST[driver] + len(some) + MESSAGES)]
    report = DRIVERS[driver](Way(server.port, window=0, ahead=MESSAGES, peers=peers), queue)

    check_outcomes(queue, report)
    check_envelopes(queue, collect(server, queue))
    # The one that the connection itself takes is the kernel's.
    assert (report.round_trips, report.connections, report.downgrades) == (1, 1, 0)
    results.early.append(EarlyRow(driver, MESSAGES, report.round_trips))


def small(number: int, mailboxes: list[str]) -> Letter:
    content = f"X-Interop-Number: {number}\r\nSubject: news\r\n\r\nThis is number {number}.\r\n"
    return Letter(number, f"s{number}@a.test", mailboxes[:1], content.encode())

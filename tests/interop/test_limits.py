"""More recipients and messages than a server takes: whatever it puts off goes again, and everybody gets it exactly once."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from dataclasses import replace

import pytest
from checks import check_content, check_envelopes, collect
from corpus import Letter, letters
from drivers import DRIVERS, Way
from mta import Server
from table import LimitRow, Table

COUNT = 20
FIRST = {"python": 0, "c": 1000}
#: How often a patient sender tries.
TRIES = 12


@pytest.mark.parametrize("driver", list(DRIVERS))
def test_more_than_it_takes(tight: Server, driver: str, results: Table) -> None:
    mailboxes = [f"box{number}@{tight.domain}" for number in range(25)]
    queue = letters(mailboxes, COUNT, first=FIRST[driver], takes=tight.takes)
    queue[COUNT // 2].recipients = list(mailboxes)
    way = Way(tight.port, tight.lmtp)

    owed = {letter.number: list(letter.recipients) for letter in queue}
    refusals: collections.Counter[int] = collections.Counter()
    sessions = tries = 0
    while any(owed.values()):
        tries += 1
        assert tries <= TRIES, f"still owed: {owed}"
        again = [replace(letter, recipients=owed[letter.number]) for letter in queue if owed[letter.number]]
        report = DRIVERS[driver](way, again)
        sessions += report.connections
        for letter, result in zip(again, report.results, strict=True):
            owed[letter.number] = [address for address, status, code in result.recipients if is_owed(letter, address, status, code)]
            refusals.update(code for _, status, code in result.recipients if status == "refused")

    stored = collect(tight, queue)
    check_content(tight, queue, stored)
    check_envelopes(queue, stored)
    assert all(len(copy.recipients) <= tight.tight_recipients for copies in stored.values() for copy in copies)
    if tight.tight_messages:
        assert sessions > 1, "its limit on messages was not met"
    results.limits.append(
        LimitRow(tight.name, tight.tight_recipients, tight.tight_messages, driver, count(queue), sessions, tries, codes(refusals))
    )


def is_owed(letter: Letter, address: str, status: str, code: int) -> bool:
    """Whether it goes again: it never left, or was put off. Nothing may be in doubt, or refused for good."""
    if status == "delivered":
        return False
    assert status == "not_sent" or (status == "refused" and code // 100 == 4), f"{letter.number} to {address}: {status} {code}"
    return True


def count(queue: Iterable[Letter]) -> int:
    return sum(len(letter.recipients) for letter in queue)


def codes(refusals: collections.Counter[int]) -> str:
    return ", ".join(f"{number} x {code}" for code, number in sorted(refusals.items())) or "none"

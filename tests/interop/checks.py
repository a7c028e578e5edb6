"""What must be true of the outcomes and of what a server has stored, whatever the test."""

from __future__ import annotations

import collections
import time
from collections.abc import Iterable, Sequence

from corpus import NUMBER, Letter
from drivers import Report
from mta import Server, Stored

Copies = dict[int, list[Stored]]


def collect(server: Server, queue: Iterable[Letter]) -> Copies:
    """What the server has stored of these letters, by their numbers, once it has nothing left to move."""
    deadline = time.monotonic() + 60
    while not server.settled() and time.monotonic() < deadline:
        time.sleep(0.05)
    wanted = {letter.number: letter for letter in queue}
    stored: Copies = collections.defaultdict(list)
    for message in server.stored():
        match = NUMBER.search(message.content)
        if match is None:
            assert server.fragments, f"{server.name} stored something nobody sent: {message.content[:200]!r}"
        elif (letter := wanted.get(int(match[1]))) and not (server.fragments and is_fragment(message, letter)):
            stored[letter.number].append(message)
    return stored


def is_fragment(message: Stored, letter: Letter) -> bool:
    """Whether it is only the beginning of what was sent."""
    begun = message.content[message.content.index(b"X-Interop-Number: ") :]
    sent = letter.content.replace(b"\r\n", b"\n")
    return len(begun) < len(sent) and sent.startswith(begun)


def check_outcomes(queue: Sequence[Letter], report: Report) -> None:
    """Each letter has the outcome that the server's rules give it, and each recipient, with a reply of that class."""
    assert len(report.results) == len(queue)
    for letter, result in zip(queue, report.results, strict=True):
        assert result.status == letter.status, f"message {letter.number}: {result}"
        for address, status, code in result.recipients:
            expected = "refused" if address in letter.refused else "delivered"
            assert status == expected, f"message {letter.number} to {address}: {status} {code}"
            assert code // 100 in ((4, 5) if expected == "refused" else (2,))


def check_content(server: Server, queue: Iterable[Letter], stored: Copies) -> None:
    """Behind what the server put in front, each stored copy is the canonical content, with the server's own line ends."""
    for letter in queue:
        sent = letter.content.replace(b"\r\n", b"\n")
        for copy in stored.get(letter.number, ()):
            head, found, _ = copy.content.partition(b"X-Interop-Number: ")
            assert found
            assert is_trace(head), f"{server.name} put more than trace headers in front of {letter.number}: {head!r}"
            same = server.comparable(copy.content[len(head) :]) == server.comparable(sent)
            assert same, f"{server.name} holds message {letter.number} altered"


def is_trace(head: bytes) -> bool:
    names = (b"Received:", b"Return-Path:", b"Delivered-To:", b"Authentication-Results:", b"\t", b" ")
    return all(line.startswith(names) for line in head.splitlines())


def check_envelopes(queue: Iterable[Letter], stored: Copies) -> None:
    """The sender of each copy is the letter's own, and all copies together have each accepted recipient once."""
    for letter in queue:
        accepted = [] if letter.status == "refused" else letter.accepted
        copies = stored.get(letter.number, [])
        assert {copy.sender for copy in copies} <= {letter.sender}
        assert sorted(to for copy in copies for to in copy.recipients) == sorted(accepted)


def judge(queue: Sequence[Letter], report: Report, stored: Copies) -> collections.Counter[str]:
    """The truth of every recipient, whatever broke: delivered is stored once, in doubt is stored once or not, and nothing else is
    stored. How many there were of each status, and `"in_doubt, stored"`.
    """
    tally: collections.Counter[str] = collections.Counter()
    assert len(report.results) == len(queue)
    for letter, result in zip(queue, report.results, strict=True):
        copies = stored.get(letter.number, [])
        assert {copy.sender for copy in copies} <= {letter.sender}, f"message {letter.number} under another's sender"
        have = collections.Counter(to for copy in copies for to in copy.recipients)
        assert set(have) <= set(letter.recipients), f"message {letter.number} went to somebody else: {have}"
        assert sorted(address for address, _, _ in result.recipients) == sorted(letter.recipients)
        for address, status, code in result.recipients:
            times = have[address]
            allowed = {"delivered": (1,), "in_doubt": (0, 1)}.get(status, (0,))
            assert times in allowed, f"message {letter.number} to {address}: {status} {code}, stored {times} times"
            tally[status] += 1
            tally["in_doubt, stored"] += status == "in_doubt" and times == 1
    return tally

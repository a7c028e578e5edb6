"""Real servers: the level that `auto` earns, the truth of every outcome, and every message intact where it was stored."""

from __future__ import annotations

import collections
import os
import socket
import time
from collections.abc import Iterator

import pytest
from corpus import NUMBER, Letter, letters
from drivers import DRIVERS
from mta import SERVERS, Server, Stored, Unavailable
from table import Row, Table

COUNT = int(os.environ.get("SMTPIPE_INTEROP_MESSAGES", "500"))


@pytest.fixture(params=list(SERVERS))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server, freshly started with nothing in its queue; stopped by its pid afterwards."""
    chosen = SERVERS[request.param]()
    try:
        chosen.start()
    except Unavailable as problem:
        pytest.skip(f"{chosen.name}: {problem}")
    yield chosen
    chosen.stop()


@pytest.mark.parametrize("driver", list(DRIVERS))
def test_a_queue_at_first_contact(server: Server, driver: str, results: Table) -> None:
    mailboxes = [f"{box}@{server.domain}" for box in server.mailboxes]
    queue = letters(mailboxes, COUNT, refuses=server.refuses, takes=server.takes)

    report = DRIVERS[driver](server, queue)

    assert len(report.results) == len(queue)
    for letter, result in zip(queue, report.results, strict=True):
        assert result.status == letter.status, f"message {letter.number}: {result}"
        for address, status, code in result.recipients:
            expected = "refused" if address in letter.refused else "delivered"
            assert status == expected, f"message {letter.number} to {address}: {status} {code}"
            assert code // 100 in ((4, 5) if expected == "refused" else (2,))
    assert report.level == server.level
    stored = collect(server, sum(letter.status != "refused" for letter in queue))
    check_content(server, queue, stored)
    if server.envelope:
        check_envelopes(queue, stored)
    results.add(
        Row(
            server.name,
            offers(server),
            report.level,
            driver,
            collections.Counter(result.status for result in report.results),
            report.round_trips,
            server.alters or "intact",
        )
    )


def collect(server: Server, messages: int) -> dict[int, list[Stored]]:
    """What the server has stored, by the letter's number, once it has nothing left to move."""
    deadline = time.monotonic() + 60
    while not server.settled() and time.monotonic() < deadline:
        time.sleep(0.05)
    stored: dict[int, list[Stored]] = collections.defaultdict(list)
    for message in server.stored():
        match = NUMBER.search(message.content)
        assert match, f"{server.name} stored something nobody sent: {message.content[:200]!r}"
        stored[int(match[1])].append(message)
    assert len(stored) == messages
    return stored


def check_content(server: Server, queue: list[Letter], stored: dict[int, list[Stored]]) -> None:
    """Behind what the server put in front, each stored copy is the canonical content, with the server's own line ends."""
    for letter in queue:
        sent = letter.content.replace(b"\r\n", b"\n")
        if letter.status == "refused":
            assert letter.number not in stored
            continue
        for copy in stored[letter.number]:
            head, found, _ = copy.content.partition(b"X-Interop-Number: ")
            assert found
            assert is_trace(head), f"{server.name} put more than trace headers in front of {letter.number}: {head!r}"
            same = server.comparable(copy.content[len(head) :]) == server.comparable(sent)
            assert same, f"{server.name} holds message {letter.number} altered"


def is_trace(head: bytes) -> bool:
    names = (b"Received:", b"Return-Path:", b"Delivered-To:", b"Authentication-Results:", b"\t", b" ")
    return all(line.startswith(names) for line in head.splitlines())


def check_envelopes(queue: list[Letter], stored: dict[int, list[Stored]]) -> None:
    """The sender of each copy is the letter's own, and all copies together have each accepted recipient once."""
    for letter in queue:
        if letter.status == "refused":
            continue
        copies = stored[letter.number]
        assert {copy.sender for copy in copies} == {letter.sender}
        assert sorted(to for copy in copies for to in copy.recipients) == sorted(letter.accepted)


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

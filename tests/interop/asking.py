"""What the tests of extensions have in common: posts that ask for something, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from checks import collect
from corpus import Letter
from mta import Server
from mta.doors import Door
from mta.secure import DOORS
from submission import DRIVERS, Post, Submission, numbers

#: How many of each kind are in a queue.
EACH = 10
CLEAR = {door.server: door for door in DOORS if door.tls == "none"}
LMTP = [door for door in DOORS if door.lmtp]

every_driver = pytest.mark.parametrize("driver", list(DRIVERS))


def doors(*servers: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("door", [CLEAR[server] for server in servers], ids=str)


def plain(server: Server) -> Door:
    """The one door of a server without a certificate."""
    return Door(server.name, "plain", server.port, tls="none", level=server.level)


def posts(count: int, make: Callable[[int], Post]) -> tuple[list[int], list[Post]]:
    """So many posts, each with its number in front, which the server's queue is searched for."""
    taken = numbers(count)
    made = [make(number) for number in taken]
    for number, post in zip(taken, made, strict=True):
        post.content = f"X-Interop-Number: {number}\r\nSubject: an extension\r\n\r\n".encode() + post.content
    return list(taken), made


def copies(server: Server, taken: Iterable[int]) -> dict[int, dict[str, str | None]]:
    """Who has a copy of each, and under which sender."""
    found = collect(server, [Letter(number, "", [], b"") for number in taken])
    return {number: {to: copy.sender for copy in found[number] for to in copy.recipients} for number in found}


def check_all(report: Submission, status: str, left_out: Iterable[str] = ()) -> None:
    """Each message came to the same, and went without the same."""
    assert report.error == "", report.error_text
    assert [fate.status for fate in report.fates] == [status] * len(report.fates)
    assert [fate.left_out for fate in report.fates] == [sorted(left_out)] * len(report.fates)


def told(report: Submission, post: Post) -> str:
    """The MAIL that a post went with. The probe of streaming has the first sender too, and neither size nor recipients."""
    return [line for line in report.sent if line.startswith(f"MAIL FROM:<{post.sender}>")][-1]

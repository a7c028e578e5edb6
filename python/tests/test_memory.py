"""A million messages from a generator in the memory of a window."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import smtpipe

if TYPE_CHECKING:
    from collections.abc import Iterator

STATUS = Path("/proc/self/status")
WARM_UP = 50_000
COUNT = 1_000_000
BOUND = 24 * 1024 * 1024
"""Far less than a million outcomes, addresses and contents, and more than an allocator wobbles."""


def resident() -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", STATUS.read_text())
    assert found
    return int(found[1]) * 1024


@pytest.mark.skipif(
    not STATUS.exists(), reason="this system has no /proc/self/status to read the memory from"
)
@pytest.mark.parametrize("window", [100, 0])
def test_memory_stays_flat(window: int) -> None:
    content = b"Subject: one of a million\r\n\r\n" + b"x" * 200 + b"\r\n"

    def source(count: int) -> Iterator[tuple[str, str, bytes]]:
        for number in range(count):
            yield f"sender{number}@example.com", "b@example.net", content

    count = COUNT if window else COUNT // 5
    with (
        smtpipe.Sink(keep="discard") as sink,
        smtpipe.connect("127.0.0.1", sink.port, level="streaming", max_in_flight=window) as client,
    ):
        assert sum(1 for _ in client.send_all(source(WARM_UP))) == WARM_UP
        before = resident()
        largest = done = 0
        for outcome in client.send_all(source(count)):
            assert outcome.command is False
            done += 1
            if done % 20_000 == 0:
                largest = max(largest, resident() - before)
    assert done == count
    assert largest < BOUND

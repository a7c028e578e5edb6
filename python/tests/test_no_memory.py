"""Content that there is no memory for is a `MemoryError`; nothing else is touched. The refusal is real."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource
import smtpipe

MIB = 1024 * 1024
with smtpipe.Sink() as sink, smtpipe.connect("127.0.0.1", sink.port) as client:
    lines = b"\\n" * (200 * MIB)
    array = bytearray(200 * MIB)
    with open("/proc/self/statm") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 100 * MIB, resource.RLIM_INFINITY))
    for content in (lines, array):
        try:
            client.send(("a@example.com", "b@example.net", content))
        except MemoryError:
            print("MemoryError")
    ticket = client.send(("a@example.com", "b@example.net", b"small"))
    print(client.collect(30).status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is set by what /proc says is used")
def test_content_without_memory_is_refused() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["MemoryError", "MemoryError", "delivered"], done.stdout + done.stderr

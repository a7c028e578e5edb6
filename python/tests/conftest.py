"""What the tests share: a sink, a client of it, and a server that answers only when it is told to."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from typing import TYPE_CHECKING

import pytest
import smtpipe

if TYPE_CHECKING:
    from collections.abc import Iterator

CONTENT = b"Subject: test\r\n\r\nHello.\r\n"
PATIENCE = 30
"""Seconds after which a thing that should have happened never will. No test measures time by it."""

# Whoever was started in the background by a shell without job control ignores SIGINT, and so would
# every test of it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def message() -> smtpipe.Message:
    return smtpipe.Message("a@example.com", "b@example.net", CONTENT)


@pytest.fixture
def sink() -> Iterator[smtpipe.Sink]:
    with smtpipe.Sink() as sink:
        yield sink


@pytest.fixture
def client(sink: smtpipe.Sink) -> Iterator[smtpipe.Client]:
    client = smtpipe.connect("127.0.0.1", sink.port)
    yield client
    client.close()


class HeldServer:
    """A server without PIPELINING that takes one connection and holds its reply to each content back.

    `reached` is set when it has read the first content; `release` lets it answer, that one and all others.
    """

    def __init__(self, greeting: bytes = b"220 held.example ESMTP\r\n") -> None:
        self.reached = threading.Event()
        self.release = threading.Event()
        self._greeting = greeting
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Let the thread go, whatever it does."""
        self.release.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as lines, contextlib.suppress(OSError):
            connection.sendall(self._greeting)
            in_content = False
            for line in lines:
                if in_content:
                    if line != b".\r\n":
                        continue
                    in_content = False
                    self.reached.set()
                    self.release.wait(PATIENCE)
                    connection.sendall(b"250 ok\r\n")
                elif line == b"DATA\r\n":
                    in_content = True
                    connection.sendall(b"354 go on\r\n")
                elif line == b"QUIT\r\n":
                    return
                else:
                    connection.sendall(b"250 ok\r\n")


@pytest.fixture
def held() -> Iterator[HeldServer]:
    server = HeldServer()
    yield server
    server.close()

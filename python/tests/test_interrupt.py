"""Ctrl-C gets through every wait, and the connection is as good as before."""

from __future__ import annotations

import os
import signal
import socket
import threading
from typing import TYPE_CHECKING

import pytest
import smtpipe
from conftest import PATIENCE, HeldServer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread only"
)


@pytest.fixture
def waiting(held: HeldServer) -> Iterator[threading.Event]:
    """Set it before a wait that only Ctrl-C ends: a thread presses that once the server holds a reply."""
    event = threading.Event()

    def press() -> None:
        if event.wait(PATIENCE) and held.reached.wait(PATIENCE):
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press, daemon=True)
    thread.start()
    yield event
    thread.join(PATIENCE)


def test_during_collect(held: HeldServer, waiting: threading.Event, message: smtpipe.Message) -> None:
    client = smtpipe.connect("127.0.0.1", held.port)
    client.send(message)
    with pytest.raises(KeyboardInterrupt):
        waiting.set()
        client.collect()
    assert not client.closed
    held.release.set()
    outcome = client.collect(PATIENCE)
    assert outcome is not None
    assert outcome.status == "delivered"
    client.send(message)
    assert client.quit(PATIENCE)


def test_during_send_all(held: HeldServer, waiting: threading.Event, message: smtpipe.Message) -> None:
    client = smtpipe.connect("127.0.0.1", held.port, max_in_flight=3)
    outcomes = client.send_all([message] * 10)
    with pytest.raises(KeyboardInterrupt):
        waiting.set()
        next(outcomes)
    held.release.set()
    assert [one.ticket for one in outcomes] == list(range(1, 11))
    client.close()


@pytest.mark.parametrize("wait", ["flush", "quit"])
def test_during_flush_and_quit(
    held: HeldServer, waiting: threading.Event, message: smtpipe.Message, wait: str
) -> None:
    client = smtpipe.connect("127.0.0.1", held.port)
    client.send(message)
    with pytest.raises(KeyboardInterrupt):
        waiting.set()
        getattr(client, wait)()
    held.release.set()
    assert getattr(client, wait)(PATIENCE)
    client.close()


def test_during_connect() -> None:
    """A server that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def press() -> None:
            with listener.accept()[0]:
                os.kill(os.getpid(), signal.SIGINT)
                done.wait(PATIENCE)

        done = threading.Event()
        thread = threading.Thread(target=press, daemon=True)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            smtpipe.connect("127.0.0.1", listener.getsockname()[1])
        done.set()
        thread.join(PATIENCE)


def test_a_handler_that_returns_changes_nothing(
    held: HeldServer, waiting: threading.Event, message: smtpipe.Message
) -> None:
    handled: list[int] = []

    def handler(number: int, _frame: object) -> None:
        handled.append(number)
        held.release.set()

    previous = signal.signal(signal.SIGINT, handler)
    try:
        with smtpipe.connect("127.0.0.1", held.port) as client:
            client.send(message)
            waiting.set()
            outcome = client.collect()
    finally:
        signal.signal(signal.SIGINT, previous)
    assert handled == [signal.SIGINT]
    assert outcome is not None
    assert outcome.status == "delivered"


@pytest.mark.parametrize("how", ["collect", "send_all"])
def test_during_a_trace(sink: smtpipe.Sink, message: smtpipe.Message, how: str) -> None:
    """It isn't taken for a mistake of the function's; and the outcome that was known then isn't lost."""
    pressed: list[bytes] = []

    def trace(direction: str, line: bytes) -> None:
        if direction == "received" and len(sink.messages) and not pressed:
            pressed.append(line)
            signal.raise_signal(signal.SIGINT)

    client = smtpipe.connect("127.0.0.1", sink.port, trace=trace)
    with pytest.raises(KeyboardInterrupt):
        if how == "collect":
            client.send(message)
            client.collect(PATIENCE)
        else:
            list(client.send_all([message]))
    assert pressed
    outcome = client.collect(PATIENCE)
    assert outcome is not None
    assert (outcome.ticket, outcome.status) == (1, "delivered")
    client.close()

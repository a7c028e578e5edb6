"""What refers to a client and is referred to by it is found by the garbage collector."""

from __future__ import annotations

import gc
import warnings
import weakref
from typing import TYPE_CHECKING, Any

import pytest
import smtpipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ENVELOPE = ("a@example.com", "b@example.net")


class Thing:
    """A trace, a file and an iterable in one, that has hold of what has hold of it."""

    held: Any

    def __call__(self, direction: str, line: bytes) -> None: ...

    def read(self, _size: int, /) -> bytes:
        raise LookupError(self)

    def start(self, mechanisms: tuple[str, ...]) -> None: ...

    def respond(self, challenge: bytes) -> bytes:
        return challenge


class Pieces:
    held: Any

    def __iter__(self) -> Iterator[bytes]:
        return iter([b"x"])


def trace(port: int) -> Thing:
    thing = Thing()
    thing.held = smtpipe.connect("127.0.0.1", port, trace=thing)
    return thing


def trace_of_a_session(_: int) -> Thing:
    thing = Thing()
    thing.held = smtpipe.Session("localhost", trace=thing)
    return thing


def message(_: int) -> Thing:
    thing = Thing()
    thing.held = smtpipe.Message(*ENVELOPE, thing)
    return thing


def streamed(port: int) -> Thing:
    thing = Thing()
    thing.held = smtpipe.connect("127.0.0.1", port)
    thing.held.send((*ENVELOPE, thing))
    return thing


def iterated(port: int) -> Pieces:
    thing = Pieces()
    thing.held = smtpipe.connect("127.0.0.1", port)
    thing.held.send((*ENVELOPE, thing))
    return thing


def failed(port: int) -> Thing:
    thing = streamed(port)
    assert thing.held.flush()
    return thing


def outcome(port: int) -> Thing:
    thing = failed(port)
    thing.held = thing.held.collect()
    assert thing.held.error is not None
    return thing


def send_all(port: int) -> Thing:
    thing = Thing()
    thing.held = smtpipe.connect("127.0.0.1", port).send_all(iter([thing]))  # type: ignore[arg-type]
    return thing


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize(
    "make", [trace, trace_of_a_session, message, streamed, iterated, failed, outcome, send_all]
)
def test_a_cycle_is_collected(sink: smtpipe.Sink, make: Callable[[int], object]) -> None:
    gone = weakref.ref(make(sink.port))
    gc.collect()
    assert gone() is None


def test_what_lives_long_can_be_referred_to_weakly(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    for one in (sink, client, smtpipe.Session("localhost"), smtpipe.Peers()):
        assert weakref.ref(one)() is one


def test_only_an_open_client_that_is_thrown_away_is_told_of(sink: smtpipe.Sink) -> None:
    """As sockets do it. A lost connection, a quit and a close are none; nor is a `connect` that fails."""

    def connect() -> smtpipe.Client:
        return smtpipe.connect("127.0.0.1", sink.port)

    with pytest.warns(ResourceWarning, match="unclosed") as told:
        connect()
    assert len(told) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        connect().close()
        connect().quit()
        with connect():
            pass
        with smtpipe.Sink(rules=[smtpipe.Rule("content", then="drop")]) as rude:
            client = smtpipe.connect("127.0.0.1", rude.port)
            client.send((*ENVELOPE, b"x"))
            client.flush()
            del client
        with smtpipe.Sink(rules=[smtpipe.Rule("connect", then="drop")]) as rude:
            with pytest.raises(smtpipe.ConnectionLostError):
                smtpipe.connect("127.0.0.1", rude.port)
        gc.collect()

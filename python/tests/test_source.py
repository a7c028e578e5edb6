"""Content that is drawn while it is sent: from files and iterables, and piece by piece into a `Session`."""

from __future__ import annotations

import io
import os
import re
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import smtpipe
from conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

A, B = "a@example.com", "b@example.net"
TEXT = b"Subject: x\n\n.dot\rend" + b"\n.more" * 30_000
SENT = re.sub(rb"\r\n|\r|\n", b"\r\n", TEXT) + b"\r\n"
LEVELS = ["lockstep", "group", "continuous", "streaming", "auto"]
STATUS = Path("/proc/self/status")


def pieces(step: int = 1000) -> Iterator[bytes]:
    for at in range(0, len(TEXT), step):
        yield TEXT[at : at + step]


class Again:
    """Something that can be iterated over again and again."""

    def __init__(self) -> None:
        self.begun = 0

    def __iter__(self) -> Iterator[bytes]:
        self.begun += 1
        return pieces()


def test_size_of_chunks() -> None:
    chunks: list[bytes] = []

    def trace(_: str, line: bytes) -> None:
        if line.startswith(b"BDAT "):
            chunks.append(line)

    content = [b"x" * 99 + b"\n"] * 10
    with smtpipe.Sink() as sink:
        with smtpipe.connect(
            "127.0.0.1", sink.port, level="streaming", chunk_size=404, trace=trace
        ) as client:
            client.send((A, B, content))
        assert len(sink.messages[0].content) == 1010
    assert chunks == [b"BDAT 404", b"BDAT 404", b"BDAT 202 LAST"]


@pytest.mark.parametrize("size", [0, 2**30 + 1, 2**40])
def test_chunks_out_of_bounds(size: int) -> None:
    for make in (
        lambda: smtpipe.connect("127.0.0.1", 1, chunk_size=size),
        lambda: smtpipe.Session("x.y", chunk_size=size),
    ):
        with pytest.raises(smtpipe.MisuseError, match=r"^chunk_size: .* 1 to 1073741824"):
            make()


@pytest.mark.parametrize("level", LEVELS)
def test_every_kind_of_source(level: str, tmp_path: Path) -> None:
    path = tmp_path / "letter"
    path.write_bytes(b"skipped" + TEXT)
    read, write = os.pipe()
    os.write(write, b"by pipe\n")
    os.close(write)
    with (
        smtpipe.Sink() as sink,
        smtpipe.connect("127.0.0.1", sink.port, level=level) as client,
        path.open("rb") as file,
        open(read, "rb", buffering=0) as pipe,
    ):
        file.seek(7)
        message = smtpipe.Message(A, B, file)
        assert message.size == len(TEXT)
        assert message.content is file
        sources: list[Any] = [
            message,
            (A, B, pieces()),
            (A, B, [b"in ", bytearray(b"a "), memoryview(b"list\n")]),
            smtpipe.Message(A, B, io.BytesIO(TEXT)),
            (A, B, pipe),
            (A, B, b"whole\r\n"),
            message,
        ]
        outcomes = list(client.send_all(sources))
        assert [outcome.status for outcome in outcomes] == ["delivered"] * len(sources)
        assert [outcome.error for outcome in outcomes] == [None] * len(sources)
        found = [mail.content for mail in sink.messages]
    assert found == [SENT, SENT, b"in a list\r\n", SENT, b"by pipe\r\n", b"whole\r\n", SENT]


@pytest.mark.parametrize("level", LEVELS)
def test_what_the_source_raises_is_the_outcomes(level: str) -> None:
    def broken() -> Iterator[bytes]:
        yield TEXT
        raise LookupError("no more")

    with smtpipe.Sink() as sink, smtpipe.connect("127.0.0.1", sink.port, level=level) as client:
        sources: list[Any] = [b"one\r\n", broken(), b"two\r\n", [b"x", "y"]]
        tickets = [client.send((A, B, source)) for source in sources]
        outcomes = {outcome.ticket: outcome for outcome in iter(lambda: client.collect(PATIENCE), None)}
        first, second, third, fourth = (outcomes[ticket] for ticket in tickets)
        assert first.status == third.status == "delivered"
        assert second.status == fourth.status == "not_sent"
        assert second.reason == "the source of the content failed: LookupError: no more"
        assert isinstance(second.error, LookupError)
        assert isinstance(fourth.error, TypeError)
        assert [mail.content for mail in sink.messages] == [b"one\r\n", b"two\r\n"]


def test_an_interrupt_in_the_source_is_raised_too() -> None:
    def broken() -> Iterator[bytes]:
        yield TEXT
        raise KeyboardInterrupt

    with smtpipe.Sink() as sink, smtpipe.connect("127.0.0.1", sink.port) as client:
        client.send((A, B, broken()))
        with pytest.raises(KeyboardInterrupt):
            client.collect(PATIENCE)
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert outcome.status == "not_sent"
        assert isinstance(outcome.error, KeyboardInterrupt)
        assert sink.messages == []


def test_a_source_is_not_drawn_for_nobody() -> None:
    drawn = 0

    def source() -> Iterator[bytes]:
        nonlocal drawn
        drawn += 1
        yield b"x"

    refuse = smtpipe.Rule("rcpt", smtpipe.Reply(550, None, ["no"]))
    for level in LEVELS:
        with (
            smtpipe.Sink(rules=[refuse]) as sink,
            smtpipe.connect("127.0.0.1", sink.port, level=level) as client,
        ):
            client.send((A, B, source()))
            outcome = client.collect(PATIENCE)
            assert outcome is not None
            assert outcome.status == "refused"
    assert drawn == 0


def test_an_iterator_is_sent_once_and_an_iterable_again() -> None:
    once, again = smtpipe.Message(A, B, pieces()), Again()
    with smtpipe.Sink() as sink, smtpipe.connect("127.0.0.1", sink.port) as client:
        client.send(once)
        with pytest.raises(smtpipe.MisuseError, match="earlier message"):
            client.send(once)
        message = smtpipe.Message(A, B, again)
        client.send(message)
        client.send(message)
        assert client.flush(PATIENCE)
        assert [mail.content for mail in sink.messages] == [SENT, SENT, SENT]
    assert again.begun == 2


def test_what_was_drawn_goes_again_if_it_can() -> None:
    with smtpipe.Sink(rcpt_max=1) as sink, smtpipe.connect("127.0.0.1", sink.port) as client:
        recipients = [B, "c@example.net"]
        (able,) = client.send_all([smtpipe.Message(A, recipients, io.BytesIO(TEXT))])
        assert able.status == "delivered"
        (unable,) = client.send_all([smtpipe.Message(A, recipients, pieces())])
        assert unable.status == "partial"
        assert [recipient.status for recipient in unable.recipients] == ["delivered", "not_sent"]
        assert unable.reason == "the content was drawn already, and its source can't begin again"
        assert [mail.content for mail in sink.messages] == [SENT] * 3


@pytest.mark.parametrize(
    ("length", "reason"), [(5, "it gave more than 5 octets"), (10**6, f"{len(TEXT)} octets and not 1000000")]
)
def test_a_length_is_held_to(length: int, reason: str) -> None:
    with smtpipe.Sink() as sink, smtpipe.connect("127.0.0.1", sink.port) as client:
        (outcome,) = client.send_all([smtpipe.Message(A, B, pieces(), length=length)])
        assert outcome.status == "not_sent"
        assert reason in str(outcome.reason)
        assert sink.messages == []


def test_what_is_no_content() -> None:
    for content in ("text", 7, {b"a": b"b"}, None, io.StringIO("text")):
        with pytest.raises(TypeError, match="content: expected"):
            smtpipe.Message(A, B, content)  # type: ignore[arg-type]
    with pytest.raises(smtpipe.MisuseError, match="length"):
        smtpipe.Message(A, B, b"abc", length=2)


def test_the_generator_may_use_the_client() -> None:
    with smtpipe.Sink() as sink, smtpipe.connect("127.0.0.1", sink.port) as client:

        def source() -> Iterator[bytes]:
            yield b"first\n"
            client.send((A, B, b"second\r\n"))

        client.send((A, B, source()))
        assert client.flush(PATIENCE)
        assert [mail.content for mail in sink.messages] == [b"first\r\n", b"second\r\n"]


def test_a_source_is_let_go_with_its_outcome() -> None:
    source = Again()
    gone = weakref.ref(source)
    with smtpipe.Sink() as sink, smtpipe.connect("127.0.0.1", sink.port) as client:
        client.send((A, B, source))
        del source
        assert gone() is not None
        assert client.collect(PATIENCE) is not None
        assert gone() is None


def test_an_event_loop_of_ones_own_draws_by_drive() -> None:
    with smtpipe.Sink() as sink, smtpipe.connect("127.0.0.1", sink.port) as client:
        client.send((A, B, pieces()))
        outcome = None
        while outcome is None:
            client.drive()
            outcome = client.collect(0)
        assert outcome.status == "delivered"
        assert [mail.content for mail in sink.messages] == [SENT]


@pytest.mark.skipif(
    not STATUS.exists(), reason="this system has no /proc/self/status to read the memory from"
)
@pytest.mark.parametrize("level", ["continuous", "streaming"])
def test_two_hundred_megabytes_in_little_memory(level: str) -> None:
    def resident() -> int:
        found = re.search(r"VmRSS:\s+(\d+) kB", STATUS.read_text())
        assert found
        return int(found[1]) * 1024

    piece, largest = b"x" * 62 + b"\r\n", 0
    block = piece * 4096

    def source() -> Iterator[bytes]:
        nonlocal largest
        for _ in range(800):
            largest = max(largest, resident())
            yield block

    with (
        smtpipe.Sink(keep="discard") as sink,
        smtpipe.connect("127.0.0.1", sink.port, level=level) as client,
    ):
        before = resident()
        (outcome,) = client.send_all([(A, B, source())])
        assert outcome.status == "delivered"
        assert largest - before < 24 * 1024 * 1024
        assert sink.stats.bytes_in > 800 * len(block)


def test_a_session_is_given_it_in_pieces() -> None:
    session = smtpipe.Session("me.example", level="group")
    with pytest.raises(smtpipe.MisuseError, match=r"Message\.streamed"):
        session.submit((A, B, pieces()))
    message = smtpipe.Message.streamed(A, B, rewindable=True)
    assert message.content is None
    assert message.size is None
    ticket = session.submit(message)
    assert not session.content(0.0, ticket, b"too early")
    session.start(0.0)
    session.feed(0.0, b"220 mx\r\n")
    session.output(0.0)
    session.feed(0.0, b"250-mx\r\n250 PIPELINING\r\n")
    session.output(0.0)
    session.feed(0.0, b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert session.output(0.0) == b""
    assert isinstance(session.next_event(), smtpipe.Ready)
    assert session.next_event() == smtpipe.WantContent(ticket, rewind=False)
    assert session.next_event() is None
    assert session.content(1.0, ticket, b".one\n")
    assert session.next_event() == smtpipe.WantContent(ticket, rewind=False)
    assert session.output(1.0) == b"..one\r\n"
    assert session.content_end(1.0, ticket)
    assert not session.content_failed(ticket, "too late")
    assert session.output(1.0) == b".\r\n"
    session.feed(2.0, b"250 queued\r\n")
    outcome = session.next_event()
    assert isinstance(outcome, smtpipe.Outcome)
    assert outcome.status == "delivered"


def test_a_client_is_not_given_it_in_pieces() -> None:
    with (
        smtpipe.Sink() as sink,
        smtpipe.connect("127.0.0.1", sink.port) as client,
        pytest.raises(smtpipe.MisuseError, match="Session"),
    ):
        client.send(smtpipe.Message.streamed(A, B))

"""Content of every bytes-like kind: arrives as it was when it was handed over, is let go exactly once."""

from __future__ import annotations

import array
import gc
import mmap
import sys
import weakref
from typing import TYPE_CHECKING

import pytest
import smtpipe
from conftest import CONTENT, PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import HeldServer

ENVELOPE = ("a@example.com", "b@example.net")


def settle(client: smtpipe.Client, tickets: int = 1) -> None:
    for _ in range(tickets):
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert outcome.status == "delivered"
        del outcome
    assert client.collect(0) is None
    gc.collect()


def test_bytes_are_held_and_let_go_once(client: smtpipe.Client) -> None:
    content = bytes(bytearray(b"Subject: x\r\n\r\n" + b"y" * 5000 + b"\r\n"))
    before = sys.getrefcount(content)
    message = smtpipe.Message(*ENVELOPE, content)
    assert sys.getrefcount(content) == before + 1, "held, not copied"
    tickets = [client.send(message) for _ in range(5)]
    assert sys.getrefcount(content) == before + 1, "once for all the tickets"
    settle(client, len(tickets))
    assert sys.getrefcount(content) == before + 1
    del message
    assert sys.getrefcount(content) == before
    client.send((*ENVELOPE, content))
    settle(client)
    assert sys.getrefcount(content) == before


@pytest.mark.parametrize("end", ["close", "throw away"])
def test_bytes_of_messages_that_never_got_through(held: HeldServer, end: str) -> None:
    content = bytes(bytearray(CONTENT * 10))
    before = sys.getrefcount(content)
    client = smtpipe.connect("127.0.0.1", held.port)
    for _ in range(5):
        client.send((*ENVELOPE, content))
    assert sys.getrefcount(content) == before + 5
    if end == "close":
        client.close()
        statuses = [outcome.status for _ in range(5) if (outcome := client.collect()) is not None]
        assert len(statuses) == 5
    else:
        with pytest.warns(ResourceWarning, match=r"^unclosed <smtpipe\.Client outstanding=5>$"):
            del client
    assert sys.getrefcount(content) == before


def test_content_that_had_to_be_rewritten_is_not_held() -> None:
    content = bytes(bytearray(b"one\ntwo\n"))
    before = sys.getrefcount(content)
    message = smtpipe.Message(*ENVELOPE, content)
    assert message.content == b"one\r\ntwo\r\n"
    assert sys.getrefcount(content) == before


def test_refused_content_is_not_held() -> None:
    content = bytes(bytearray(CONTENT))
    before = sys.getrefcount(content)
    with pytest.raises(smtpipe.MisuseError):
        smtpipe.Message("a@example.com", "no\n", content)
    with pytest.raises(smtpipe.MisuseError):
        smtpipe.Message(*ENVELOPE, content + b"\n", strict=True)
    gc.collect()
    assert sys.getrefcount(content) == before


def test_a_view_of_bytes_is_not_copied(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    whole = bytes(bytearray(b"junk" + CONTENT + b"junk"))
    before = sys.getrefcount(whole)
    view = memoryview(whole)[4:-4]
    message = smtpipe.Message(*ENVELOPE, view)
    view.release()
    assert sys.getrefcount(whole) == before + 1, "the view's reference is gone, the message's is there"
    client.send(message)
    settle(client)
    assert sink.messages[0].content == CONTENT
    del message
    assert sys.getrefcount(whole) == before


def test_a_view_with_steps(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    doubled = bytes(byte for byte in CONTENT for _ in range(2))
    client.send((*ENVELOPE, memoryview(doubled)[::2]))
    settle(client)
    assert sink.messages[0].content == CONTENT


def test_a_subclass_of_bytes_is_let_go_at_once(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    class Finalized(bytes):
        def __del__(self) -> None:
            finalized.append(client.outstanding)

    finalized: list[int] = []
    client.send((*ENVELOPE, Finalized(CONTENT)))
    assert len(finalized) == 1, "it may call back into the client, so the engine never has it"
    settle(client)
    assert sink.messages[0].content == CONTENT


class Buffer(bytearray):
    """A bytearray that can be watched."""


def test_a_bytearray_is_the_callers_again_at_once(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    content = Buffer(CONTENT)
    gone = weakref.ref(content)
    message = smtpipe.Message(*ENVELOPE, content)
    content[:] = b"\n.\nQUIT\n"  # it could not change its length while its buffer was held
    del content
    gc.collect()
    assert gone() is None
    client.send(message)
    settle(client)
    assert sink.messages[0].content == CONTENT, "as it was when it was handed over"


def test_a_writable_view(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    content = bytearray(CONTENT)
    view = memoryview(content)
    client.send((*ENVELOPE, view))
    client.send((*ENVELOPE, view.toreadonly()))
    content[0:7] = b"Changed"
    view.release()
    content.clear()  # raises BufferError while its buffer is held
    settle(client, 2)
    assert [one.content for one in sink.messages] == [CONTENT] * 2


def test_a_memory_map(sink: smtpipe.Sink, client: smtpipe.Client, tmp_path: Path) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(CONTENT * 1000)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    message = smtpipe.Message(*ENVELOPE, mapped)
    mapped.close()  # raises BufferError while its buffer is held
    client.send(message)
    settle(client)
    assert sink.messages[0].content == CONTENT * 1000


def test_an_array(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    content = array.array("H", CONTENT[: len(CONTENT) // 2 * 2])
    client.send((*ENVELOPE, content))
    content.append(1)  # raises BufferError while its buffer is held
    settle(client)
    assert sink.messages[0].content.startswith(CONTENT[:-1])


def test_binary_content_is_sent_untouched(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    content = bytes(range(256)) * 10 + b"\r.\n"
    client.send(smtpipe.Message(*ENVELOPE, content, body="BINARYMIME"))
    settle(client)
    (received,) = sink.messages
    assert received.content == content
    assert received.via_bdat


@pytest.mark.parametrize(
    ("content", "arrives"),
    [
        (b"", b""),
        (b"x", b"x\r\n"),
        (b".", b".\r\n"),
        (b"..\r\n.\r\n", b"..\r\n.\r\n"),
        (b"\r", b"\r\n"),
        (b"\n\r\n\r", b"\r\n\r\n\r\n"),
        (b"a\r\r\nb", b"a\r\n\r\nb\r\n"),
        (b"8-bit: \xff\xfe\x00", b"8-bit: \xff\xfe\x00\r\n"),
        (b"a\n.\nQUIT\n", b"a\r\n.\r\nQUIT\r\n"),
    ],
)
@pytest.mark.parametrize("level", ["group", "streaming"])
def test_canonical_form(sink: smtpipe.Sink, content: bytes, arrives: bytes, level: str) -> None:
    message = smtpipe.Message(*ENVELOPE, content)
    assert message.content == arrives
    assert message.size == len(arrives)
    with smtpipe.connect("127.0.0.1", sink.port, level=level) as client:
        assert [one.status for one in client.send_all([message] * 3)] == ["delivered"] * 3
    assert [one.content for one in sink.messages] == [arrives] * 3

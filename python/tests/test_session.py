"""`Session`: the engine alone is enough for any driver, asyncio's among them."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import smtpipe
from conftest import CONTENT

if TYPE_CHECKING:
    from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def greeted(**arguments: Any) -> smtpipe.Session:
    """A session whose server has greeted it and offers what matters."""
    session = smtpipe.Session("me.example", **arguments)
    session.start(0.0)
    session.feed(0.1, b"220 mx.example ESMTP\r\n")
    assert session.output(0.1) == (b"LHLO" if arguments.get("lmtp") else b"EHLO") + b" me.example\r\n"
    session.feed(0.2, b"250-mx.example\r\n250-PIPELINING\r\n250 SIZE 1000\r\n")
    return session


def events(session: smtpipe.Session) -> list[object]:
    found: list[object] = []
    while (event := session.next_event()) is not None:
        found.append(event)
    return found


def test_one_message_by_hand(message: smtpipe.Message) -> None:
    session = greeted(level="group")
    (ready,) = events(session)
    assert isinstance(ready, smtpipe.Ready)
    assert ready.capabilities.size == 1000
    assert session.capabilities == ready.capabilities
    assert session.submit(message) == 1
    assert session.wants_output
    group = session.output(0.3)
    assert group == b"MAIL FROM:<a@example.com> SIZE=25\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
    assert not session.wants_output
    assert session.output(0.3) == b""
    session.feed(0.4, b"250 ok\r\n250 ok\r\n354 go\r\n")
    assert session.output(0.4) == CONTENT + b".\r\n"
    assert session.unfinished == 1
    session.feed(0.5, bytearray(b"250 2.0.0 queued\r\n"))
    (outcome,) = events(session)
    assert isinstance(outcome, smtpipe.Outcome)
    assert outcome.status == "delivered"
    session.quit()
    assert session.output(0.6) == b"QUIT\r\n"
    assert session.half_close
    session.end_of_input(0.7)
    assert events(session) == [smtpipe.Closed(None)]
    assert session.closed
    assert session.stats.round_trips == 4


def test_output_in_portions(message: smtpipe.Message) -> None:
    session = greeted(level="group")
    session.submit(message)
    portions = []
    while portion := session.output(0.3, limit=7):
        assert len(portion) <= 7
        portions.append(portion)
    assert b"".join(portions).endswith(b"DATA\r\n")


def test_time_is_the_callers(message: smtpipe.Message) -> None:
    session = greeted(timeout=5)
    session.submit(message)
    session.output(10.0)
    deadline = session.deadline
    assert deadline is not None
    assert 10.0 < deadline <= 15.0
    session.handle_timeout(deadline - 0.01)
    assert not session.closed
    session.handle_timeout(deadline)
    assert session.closed
    outcome, closed = events(session)[-2:]
    assert isinstance(outcome, smtpipe.Outcome)
    assert outcome.status == "not_sent"
    assert isinstance(closed, smtpipe.Closed)
    assert isinstance(closed.error, smtpipe.SessionTimeoutError)
    assert closed.error.stage == "MAIL"


def test_a_server_that_breaks_the_protocol(message: smtpipe.Message) -> None:
    session = greeted()
    session.submit(message)
    session.output(0.3)
    session.feed(0.4, b"250 ok\r\n250 ok\r\n250 what?\r\n")
    assert isinstance(session.error, smtpipe.PeerError)
    assert session.error.reply is not None
    assert session.error.reply.text == "what?"
    with pytest.raises(smtpipe.PeerError):
        session.submit(message)
    with pytest.raises(smtpipe.PeerError):
        session.command("NOOP")


def test_a_connection_that_breaks_in_content(message: smtpipe.Message) -> None:
    session = greeted(level="group")
    events(session)
    session.submit(message)
    session.submit(message)
    session.output(0.3)
    session.feed(0.4, b"250 ok\r\n250 ok\r\n354 go\r\n")
    session.output(0.4)
    session.connection_lost(0.5, "cable cut")
    first, second, closed = events(session)
    assert isinstance(first, smtpipe.Outcome)
    assert isinstance(second, smtpipe.Outcome)
    assert (first.status, second.status) == ("in_doubt", "not_sent")
    assert isinstance(closed, smtpipe.Closed)
    assert isinstance(closed.error, smtpipe.ConnectionLostError)
    assert "cable cut" in str(closed.error)


def test_lmtp_and_trace(message: smtpipe.Message) -> None:
    lines: list[tuple[str, bytes]] = []
    session = greeted(lmtp=True, trace=lambda way, line: lines.append((way, line)))
    session.submit(message)
    session.output(0.3)
    assert ("sent", b"LHLO me.example") in lines
    assert ("received", b"250 SIZE 1000") in lines


def test_operations(message: smtpipe.Message) -> None:
    session = smtpipe.Session("localhost", max_in_flight=2, max_unanswered=1000, recipients="all")
    assert session.capabilities is None
    assert session.has_room
    tickets = [session.submit(message), session.submit((message.sender, "x@example.org", b""))]
    assert not session.has_room
    assert session.cancel(tickets[0])
    assert session.level in list(smtpipe.Level)
    assert session.error is None
    with pytest.raises(ValueError, match="^now"):
        session.start(-1)
    with pytest.raises(ValueError, match="^now"):
        session.feed(float("nan"), b"")
    with pytest.raises(ValueError, match="^local_name"):
        smtpipe.Session("no name")


@pytest.mark.parametrize("imitate", ["postfix", "haraka", "go-smtp", "aiosmtpd"])
def test_asyncio(imitate: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The example's driver, reconnections included, finds what the blocking one finds."""
    engine = example("engine")
    with smtpipe.Sink(imitate=imitate) as sink:
        session = smtpipe.Session("localhost")
        for number in range(60):
            session.submit(("a@example.com", "b@example.net", b"number %d\n" % number))
        session.quit()
        outcomes = asyncio.run(engine.run(session, "127.0.0.1", sink.port))
        assert [one.status for one in outcomes] == ["delivered"] * 60
        assert sorted(one.content for one in sink.messages) == sorted(b"number %d\r\n" % n for n in range(60))
    assert "Ready" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["send", "loop", "engine"])
def test_examples(
    name: str, sink: smtpipe.Sink, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [name, "127.0.0.1", str(sink.port), "a@example.com", "b@example.net"]
    monkeypatch.setattr("sys.argv", arguments)
    assert example(name).main() == 0
    assert "delivered" in capsys.readouterr().out
    assert sink.stats.messages in (100, 1000)

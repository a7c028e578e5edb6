"""`connect` and `Client`: what the contract says of each call."""

from __future__ import annotations

import contextlib
import select
import socket
from typing import TYPE_CHECKING

import pytest
import smtpipe
from conftest import CONTENT, PATIENCE
from smtpipe import Level, Rule, Status

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import HeldServer


def test_send_returns_tickets_and_collect_their_outcomes(
    client: smtpipe.Client, message: smtpipe.Message
) -> None:
    tickets = [client.send(message) for _ in range(10)]
    assert tickets == list(range(1, 11))
    outcomes = [client.collect(PATIENCE) for _ in tickets]
    assert [one.ticket for one in outcomes if one] == tickets
    assert all(one is not None and one.status == "delivered" for one in outcomes)
    assert client.collect() is None, "nothing is outstanding"


def test_what_an_outcome_says(client: smtpipe.Client, message: smtpipe.Message) -> None:
    client.send(message)
    outcome = client.collect(PATIENCE)
    assert outcome is not None
    assert outcome.status is Status.DELIVERED
    assert outcome.reply is not None
    assert outcome.reply.code == 250
    assert outcome.reply.enhanced == "2.0.0"
    assert outcome.reason is None
    assert not outcome.command
    (recipient,) = outcome.recipients
    assert recipient.address == "b@example.net"
    assert recipient.status is Status.DELIVERED
    assert repr(outcome).startswith("<smtpipe.Outcome ticket=1 status='delivered'")
    match outcome:
        case smtpipe.Outcome(1, Status.DELIVERED, smtpipe.Reply(250)):
            pass
        case _:
            pytest.fail("an outcome should match by its parts")


def test_the_message_arrives(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    client.send(("a@example.com", ["b@example.net", "c@example.net"], b"one\n.two\r\nthree"))
    assert client.flush(PATIENCE)
    (received,) = sink.messages
    assert received.sender == "a@example.com"
    assert received.recipients == ("b@example.net", "c@example.net")
    assert received.content == b"one\r\n.two\r\nthree\r\n"


def test_partial_says_who() -> None:
    no = smtpipe.Reply(550, "5.1.1", ["no such user"])
    with (
        smtpipe.Sink(rules=[Rule("rcpt", no, "bad@*")]) as sink,
        smtpipe.connect("127.0.0.1", sink.port) as client,
    ):
        client.send(smtpipe.Message("a@example.com", ["good@example.net", "bad@example.net"], CONTENT))
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert outcome.status == "partial"
        good, bad = outcome.recipients
        assert (good.status, bad.status) == ("delivered", "refused")
        assert bad.reply == no


def test_all_or_nobody() -> None:
    no = smtpipe.Reply(550, None, ["no"])
    with (
        smtpipe.Sink(rules=[Rule("rcpt", no, "bad@*")]) as sink,
        smtpipe.connect("127.0.0.1", sink.port, recipients="all") as client,
    ):
        client.send(smtpipe.Message("a@example.com", ["good@example.net", "bad@example.net"], CONTENT))
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert outcome.status == "refused"
        client.flush()
        assert sink.messages == []


def test_commands_have_outcomes_too(client: smtpipe.Client) -> None:
    ticket = client.command("NOOP")
    outcome = client.collect(PATIENCE)
    assert outcome is not None
    assert (outcome.ticket, outcome.command, outcome.recipients) == (ticket, True, ())
    assert outcome.reply is not None
    assert outcome.reply.code == 250


def test_collect_with_a_timeout_returns_none(held: HeldServer, message: smtpipe.Message) -> None:
    with smtpipe.connect("127.0.0.1", held.port) as client:
        client.send(message)
        assert client.collect(0) is None
        assert client.collect(0.01) is None
        assert client.outstanding == 1
        assert not client.flush(0.01)
        held.release.set()
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert outcome.status == "delivered"


def test_flush_keeps_outcomes_to_be_collected(client: smtpipe.Client, message: smtpipe.Message) -> None:
    for _ in range(3):
        client.send(message)
    assert client.flush(PATIENCE)
    assert client.outstanding == 3
    assert len([client.collect(0) for _ in range(3)]) == 3
    assert client.outstanding == 0


def test_cancel_takes_back_what_has_not_begun(held: HeldServer, message: smtpipe.Message) -> None:
    with smtpipe.connect("127.0.0.1", held.port) as client:
        first, second = client.send(message), client.send(message)
        assert client.cancel(second)
        assert not client.cancel(second), "only once"
        assert not client.cancel(first), "it has begun"
        assert not client.cancel(99)
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert (outcome.ticket, outcome.status) == (second, Status.NOT_SENT)
        assert outcome.reason is not None
        held.release.set()


def test_leaving_the_block_waits_and_quits(sink: smtpipe.Sink, message: smtpipe.Message) -> None:
    with smtpipe.connect("127.0.0.1", sink.port) as client:
        for _ in range(5):
            client.send(message)
    assert client.closed
    assert client.error is None
    outcomes = [client.collect() for _ in range(5)]
    assert [one.status for one in outcomes if one] == ["delivered"] * 5
    assert len(sink.messages) == 5
    with pytest.raises(smtpipe.ClosedError):
        client.send(message)
    with pytest.raises(smtpipe.ClosedError):
        client.fileno()


def test_leaving_by_an_exception_does_not_wait(held: HeldServer, message: smtpipe.Message) -> None:
    with pytest.raises(KeyError), smtpipe.connect("127.0.0.1", held.port) as client:
        tickets = [client.send(message), client.send(message)]
        while not held.reached.is_set():
            client.collect(0.01)
        raise KeyError
    assert not held.release.is_set(), "it would have waited for this"
    assert client.closed
    outcomes = {one.ticket: one.status for one in (client.collect(), client.collect()) if one is not None}
    assert outcomes == {tickets[0]: "in_doubt", tickets[1]: "not_sent"}
    assert client.collect() is None


def test_quit_with_a_timeout(held: HeldServer, message: smtpipe.Message) -> None:
    client = smtpipe.connect("127.0.0.1", held.port)
    client.send(message)
    assert not client.quit(0.01)
    with pytest.raises(smtpipe.ClosedError):
        client.send(message)
    held.release.set()
    assert client.quit(PATIENCE)
    outcome = client.collect()
    assert outcome is not None
    assert outcome.status == "delivered"


def test_every_ticket_has_an_outcome_when_the_server_hangs_up(message: smtpipe.Message) -> None:
    with (
        smtpipe.Sink(rules=[Rule("content", then="drop", after=3)]) as sink,
        smtpipe.connect("127.0.0.1", sink.port, level="group") as client,
    ):
        tickets: list[int] = []
        # The server may hang up before all of them are queued; what was taken is owed an outcome.
        with contextlib.suppress(smtpipe.ConnectionLostError):
            tickets.extend(client.send(message) for _ in range(10))
        outcomes = {}
        while (outcome := client.collect(PATIENCE)) is not None:
            assert outcome.ticket not in outcomes
            outcomes[outcome.ticket] = outcome.status
        assert sorted(outcomes) == tickets
        assert [outcomes[ticket] for ticket in tickets[:4]] == ["delivered"] * 3 + ["in_doubt"]
        assert all(outcomes[ticket] == "not_sent" for ticket in tickets[4:])
        assert isinstance(client.error, smtpipe.ConnectionLostError)
        with pytest.raises(smtpipe.ConnectionLostError):
            client.send(message)


def test_levels(message: smtpipe.Message) -> None:
    with smtpipe.Sink() as sink:
        for level in Level:
            with smtpipe.connect("127.0.0.1", sink.port, level=level) as client:
                assert client.level is level
                client.send(message)
        with smtpipe.connect("127.0.0.1", sink.port, level="<=group") as client:
            list(client.send_all([message] * 100))
            assert client.level == "group"
    assert Level.GROUP.rank < Level.STREAMING.rank


def test_auto_finds_streaming(sink: smtpipe.Sink, message: smtpipe.Message) -> None:
    with smtpipe.connect("127.0.0.1", sink.port) as client:
        list(client.send_all([message] * 200))
        assert client.level == "streaming"
        stats = client.stats
    assert stats.messages == stats.delivered == 200
    assert stats.connections == 1
    assert stats.max_in_flight > 1
    assert set(stats.waits) >= {"greeting", "ehlo", "window"}


def test_window(sink: smtpipe.Sink, message: smtpipe.Message) -> None:
    with smtpipe.connect("127.0.0.1", sink.port, level="streaming", max_in_flight=7) as client:
        for _ in range(50):
            client.send(message)
        client.flush(PATIENCE)
        assert client.stats.max_in_flight <= 7


def test_capabilities(client: smtpipe.Client) -> None:
    offer = client.capabilities
    assert offer.domain == "sink.example"
    assert "pipelining" in offer
    assert "PIPELINING" in list(offer)
    assert offer["Size"] == ""
    assert offer.size == 0
    assert "STARTTLS" not in offer
    assert offer.get("AUTH") is None
    assert len(offer) == len(dict(offer))


def test_lmtp() -> None:
    no = smtpipe.Reply(452, None, ["full"])
    with (
        smtpipe.Sink(lmtp=True, rules=[Rule("content", no, "full@*")]) as sink,
        smtpipe.connect("127.0.0.1", sink.port, lmtp=True) as client,
    ):
        client.send(smtpipe.Message("a@example.com", ["b@example.net", "full@example.net"], CONTENT))
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert outcome.status == "partial"
        reply = outcome.recipients[1].reply
        assert reply is not None
        assert (reply.code, reply.lines[0][-4:]) == (452, "full")


def test_unix_socket(tmp_path: Path, message: smtpipe.Message) -> None:
    path = tmp_path / "socket"
    with smtpipe.Sink(unix_path=path, lmtp=True), smtpipe.connect(unix_path=path, lmtp=True) as client:
        client.send(message)
        outcome = client.collect(PATIENCE)
        assert outcome is not None
        assert outcome.status == "delivered"


def test_an_event_loop_of_ones_own(client: smtpipe.Client, message: smtpipe.Message) -> None:
    """`fileno`, `interest`, `next_timeout` and `drive` are enough; nothing here blocks but `select`."""
    for _ in range(20):
        client.send(message)
    done = 0
    while done < 20:
        read, write = client.interest()
        fd = client.fileno()
        select.select([fd] if read else [], [fd] if write else [], [], client.next_timeout())
        client.drive()
        while (outcome := client.collect(0)) is not None:
            assert outcome.status == "delivered"
            done += 1


def test_trace(sink: smtpipe.Sink, message: smtpipe.Message) -> None:
    lines: list[tuple[str, bytes]] = []
    client = smtpipe.connect(
        "127.0.0.1", sink.port, local_name="me.example", trace=lambda way, line: lines.append((way, line))
    )
    with client:
        client.send(message)
    assert lines[0][0] == "received"
    assert lines[0][1].startswith(b"220 ")
    assert ("sent", b"EHLO me.example") in lines
    assert ("sent", b"RCPT TO:<b@example.net>") in lines
    assert lines[-1] == ("sent", b"QUIT")
    assert not any(b"Hello" in line for _, line in lines), "content isn't shown"


def test_a_trace_that_raises_harms_nobody(
    sink: smtpipe.Sink, message: smtpipe.Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda info: raised.append(info.exc_value))

    def trace(_way: str, _line: bytes) -> None:
        raise RuntimeError("no trace today")

    with smtpipe.connect("127.0.0.1", sink.port, trace=trace) as client:
        client.send(message)
        outcome = client.collect(PATIENCE)
    assert outcome is not None
    assert outcome.status == "delivered"
    assert {str(error) for error in raised} == {"no trace today"}


def test_a_trace_may_call_the_client(sink: smtpipe.Sink, message: smtpipe.Message) -> None:
    seen: list[int] = []
    clients: list[smtpipe.Client] = []
    client = smtpipe.connect(
        "127.0.0.1", sink.port, trace=lambda *_: seen.extend(one.outstanding for one in clients)
    )
    clients.append(client)
    with client:
        client.send(message)
    assert seen


def test_default_local_name(sink: smtpipe.Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[bytes] = []
    for name, expected in (("short", b"EHLO [127.0.0.1]"), ("full.example.org", b"EHLO full.example.org")):
        monkeypatch.setattr(socket, "gethostname", lambda name=name: name)
        lines.clear()
        smtpipe.connect("127.0.0.1", sink.port, trace=lambda _, line: lines.append(line)).close()
        assert expected in lines


def test_close_is_final_and_harmless_twice(client: smtpipe.Client) -> None:
    client.close()
    client.close()
    assert client.closed
    assert client.collect() is None
    assert client.quit()

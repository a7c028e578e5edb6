"""`send_all`: draws as the window opens, yields every outcome, survives what its iterable does."""

from __future__ import annotations

import sys
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
import smtpipe
from conftest import CONTENT, PATIENCE
from smtpipe import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import HeldServer


def test_every_form_of_message(sink: smtpipe.Sink, client: smtpipe.Client, message: smtpipe.Message) -> None:
    email = EmailMessage()
    email["From"], email["To"] = "a@example.com", "b@example.net"
    email.set_content("Hello.\n")
    outcomes = list(client.send_all([message, ("a@example.com", ["b@example.net"], CONTENT), email]))
    assert [one.status for one in outcomes] == ["delivered"] * 3
    assert [one.recipients for one in sink.messages] == [("b@example.net",)] * 3


def test_the_same_object_again_and_one_that_changed(sink: smtpipe.Sink, client: smtpipe.Client) -> None:
    """What was found out about one object is used for that object, and only while it can't have changed."""
    one, other, changing = b"one\nbare\n", b"other\r\n", bytearray(b"before\r\n")
    sender, another = "a@example.com", "b@example.com"

    def source() -> Iterator[tuple[str, str, bytes | bytearray]]:
        for who, content in [(sender, one), (sender, one), (another, one), (another, other), (sender, one)]:
            yield who, "c@example.net", content
        yield sender, "c@example.net", changing
        changing[:] = b"behind\r\n"
        yield sender, "c@example.net", changing
        yield sender, "c@example.net", one

    assert all(outcome.status == "delivered" for outcome in client.send_all(source()))
    fixed = b"one\r\nbare\r\n"
    assert [(got.sender, got.content) for got in sink.messages] == [
        (sender, fixed),
        (sender, fixed),
        (another, fixed),
        (another, other),
        (sender, fixed),
        (sender, b"before\r\n"),
        (sender, b"behind\r\n"),
        (sender, fixed),
    ]


def test_the_content_is_let_go_with_the_iterator(client: smtpipe.Client) -> None:
    content = bytes(range(32, 127)) + b"\r\n"
    before = sys.getrefcount(content)
    outcomes = client.send_all([("a@example.com", "b@example.net", content)] * 3)
    assert [one.status for one in outcomes] == ["delivered"] * 3
    del outcomes
    assert sys.getrefcount(content) == before


def test_outcomes_come_in_order_once_each(client: smtpipe.Client, message: smtpipe.Message) -> None:
    tickets = [one.ticket for one in client.send_all([message] * 1000)]
    assert tickets == list(range(1, 1001))
    assert client.collect() is None


def test_nothing_to_send(client: smtpipe.Client) -> None:
    assert list(client.send_all([])) == []


def test_earlier_tickets_are_included(client: smtpipe.Client, message: smtpipe.Message) -> None:
    client.send(message)
    assert [one.ticket for one in client.send_all([message])] == [1, 2]


def test_draws_only_as_the_window_opens(held: HeldServer, message: smtpipe.Message) -> None:
    drawn = 0

    def source() -> Iterator[smtpipe.Message]:
        nonlocal drawn
        for _ in range(100):
            drawn += 1
            yield message

    with smtpipe.connect("127.0.0.1", held.port, max_in_flight=5) as client:
        outcomes = client.send_all(source())
        assert drawn == 0, "nothing before it is asked for"
        held.release.set()
        largest = 0
        for seen, _ in enumerate(outcomes, 1):
            largest = max(largest, drawn - seen)
        assert drawn == 100
        # A window of messages on their way, and at most another of outcomes not handed out yet.
        assert largest <= 10


def test_a_generator_that_raises(
    sink: smtpipe.Sink, client: smtpipe.Client, message: smtpipe.Message
) -> None:
    def source() -> Iterator[smtpipe.Message]:
        for _ in range(50):
            yield message
        raise KeyError("no more")

    seen: list[int] = []
    outcomes = client.send_all(source())
    with pytest.raises(KeyError, match="no more"):
        seen.extend(one.ticket for one in outcomes)
    # The connection is as good as before, and no outcome is lost.
    seen.extend(one.ticket for one in outcomes)
    assert sorted(seen) == list(range(1, 51))
    client.send(message)
    outcome = client.collect(PATIENCE)
    assert outcome is not None
    assert outcome.ticket == 51
    assert sink.stats.messages == 51


def test_outcomes_left_by_an_iteration_that_ended_early(
    client: smtpipe.Client, message: smtpipe.Message
) -> None:
    for outcome in client.send_all([message] * 300):
        if outcome.ticket == 10:
            break
    left = []
    while (late := client.collect(PATIENCE)) is not None:
        left.append(late.ticket)
    assert left == list(range(11, 11 + len(left)))


def test_a_message_that_cannot_be_sent(client: smtpipe.Client, message: smtpipe.Message) -> None:
    bad = ("a@example.com", "b@exa\nmple.net", CONTENT)
    outcomes = client.send_all([message, bad, message])
    tickets, errors = [], 0
    while True:
        try:
            tickets.append(next(outcomes).ticket)
        except ValueError as error:
            assert str(error).startswith("recipient")
            errors += 1
        except StopIteration:
            break
    assert (tickets, errors) == ([1, 2], 1)


def test_what_is_not_iterable_or_not_a_message(client: smtpipe.Client) -> None:
    wrong: Any = 5
    with pytest.raises(TypeError):
        client.send_all(wrong)
    with pytest.raises(TypeError, match="expected a Message"):
        next(client.send_all([wrong]))


def test_the_generator_may_use_the_client(client: smtpipe.Client, message: smtpipe.Message) -> None:
    def source() -> Iterator[smtpipe.Message]:
        for _ in range(20):
            assert not client.closed
            client.send(message)
            yield message

    assert len(list(client.send_all(source()))) == 40


def test_a_generator_that_asks_for_its_own_outcomes(client: smtpipe.Client, message: smtpipe.Message) -> None:
    outcomes: Iterator[smtpipe.Outcome]

    def source() -> Iterator[smtpipe.Message]:
        yield message
        next(outcomes)

    outcomes = client.send_all(source())
    with pytest.raises(ValueError, match="drawn"):
        list(outcomes)


def test_the_session_ends_while_messages_are_left(message: smtpipe.Message) -> None:
    rules = [Rule("content", then="drop", after=10)]
    with (
        smtpipe.Sink(rules=rules) as sink,
        smtpipe.connect("127.0.0.1", sink.port, level="streaming", max_in_flight=20) as client,
    ):
        seen: dict[int, str] = {}
        with pytest.raises(smtpipe.ConnectionLostError):
            for outcome in client.send_all([message] * 1000):
                assert outcome.ticket not in seen
                seen[outcome.ticket] = outcome.status
        assert sorted(seen) == list(range(1, len(seen) + 1)), "every drawn message has its outcome"
        assert 10 <= len(seen) < 1000
        assert list(seen.values())[:10] == ["delivered"] * 10


def test_the_session_ends_when_no_message_is_left(message: smtpipe.Message) -> None:
    rules = [Rule("content", then="drop", after=2)]
    with (
        smtpipe.Sink(rules=rules) as sink,
        smtpipe.connect("127.0.0.1", sink.port, max_in_flight=5) as client,
    ):
        statuses = [one.status for one in client.send_all([message] * 5)]
    assert statuses[:2] == ["delivered"] * 2
    assert len(statuses) == 5


def test_it_keeps_what_it_needs_and_no_longer(client: smtpipe.Client, message: smtpipe.Message) -> None:
    outcomes = client.send_all([message])
    assert iter(outcomes) is outcomes
    del client
    (outcome,) = outcomes
    assert outcome.status == "delivered"

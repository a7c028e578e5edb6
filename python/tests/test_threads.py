"""Threads that share a client: nothing lost, nothing handed out twice, nobody waits for another's wait."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import smtpipe
from conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import HeldServer


def run_all(*jobs: Callable[[], None]) -> None:
    """Run each in a thread of its own, and raise what they raise."""
    errors: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a thread is stuck"
    for error in errors:
        raise error


def test_many_send_and_many_collect(sink: smtpipe.Sink, message: smtpipe.Message) -> None:
    each, senders, collectors = 300, 4, 3
    tickets: list[int] = []
    outcomes: list[int] = []
    with smtpipe.connect("127.0.0.1", sink.port) as client:

        def send() -> None:
            tickets.extend(client.send(message) for _ in range(each))

        def collect() -> None:
            while len(outcomes) < each * senders:
                outcome = client.collect(0.01)
                if outcome is not None:
                    outcomes.append(outcome.ticket)

        run_all(*[send] * senders, *[collect] * collectors)
    assert sorted(tickets) == list(range(1, each * senders + 1))
    assert sorted(outcomes) == sorted(tickets)
    assert sink.stats.messages == each * senders


def test_many_send_all_at_once(sink: smtpipe.Sink, message: smtpipe.Message) -> None:
    outcomes: list[int] = []
    with smtpipe.connect("127.0.0.1", sink.port, max_in_flight=10) as client:
        run_all(*[lambda: outcomes.extend(one.ticket for one in client.send_all([message] * 500))] * 4)
    assert sorted(outcomes) == list(range(1, 2001))


def test_send_does_not_wait_for_a_collect(held: HeldServer, message: smtpipe.Message) -> None:
    collected: list[smtpipe.Outcome | None] = []
    with smtpipe.connect("127.0.0.1", held.port) as client:
        client.send(message)
        waiter = threading.Thread(target=lambda: collected.append(client.collect()), daemon=True)
        waiter.start()
        assert held.reached.wait(PATIENCE), "the other thread drives the connection"
        # The reply is held back until these have returned: if they waited for the other thread, they
        # would wait for ever.
        assert client.send(message) == 2
        assert client.cancel(2)
        assert client.stats.messages <= 2
        held.release.set()
        waiter.join(PATIENCE)
        assert not waiter.is_alive()
        (first,) = collected
        second = client.collect(PATIENCE)
        assert first is not None
        assert second is not None
        assert {first.ticket, second.ticket} == {1, 2}


def test_everybody_who_waits_is_served(held: HeldServer, message: smtpipe.Message) -> None:
    got: list[smtpipe.Outcome | None] = []
    with smtpipe.connect("127.0.0.1", held.port) as client:
        for _ in range(4):
            client.send(message)
        waiters = [
            threading.Thread(target=lambda: got.append(client.collect()), daemon=True) for _ in range(6)
        ]
        for waiter in waiters:
            waiter.start()
        assert held.reached.wait(PATIENCE)
        held.release.set()
        for waiter in waiters:
            waiter.join(PATIENCE)
            assert not waiter.is_alive()
    tickets = [one.ticket for one in got if one is not None]
    assert sorted(tickets) == [1, 2, 3, 4]
    assert got.count(None) == 2, "two had nothing to wait for in the end"


def test_closing_ends_everybodys_wait(held: HeldServer, message: smtpipe.Message) -> None:
    got: list[smtpipe.Outcome | None] = []
    client = smtpipe.connect("127.0.0.1", held.port)
    client.send(message)
    waiters = [threading.Thread(target=lambda: got.append(client.collect()), daemon=True) for _ in range(2)]
    for waiter in waiters:
        waiter.start()
    assert held.reached.wait(PATIENCE)
    client.close()
    for waiter in waiters:
        waiter.join(PATIENCE)
        assert not waiter.is_alive()
    assert sorted(str(one and one.status) for one in got) == ["None", "in_doubt"]


def test_a_message_is_shared_by_clients(sink: smtpipe.Sink, message: smtpipe.Message) -> None:
    def send() -> None:
        with smtpipe.connect("127.0.0.1", sink.port) as client:
            assert all(one.status == "delivered" for one in client.send_all([message] * 100))

    run_all(*[send] * 5)
    assert sink.stats.messages == 500


def test_a_session_under_two_threads(message: smtpipe.Message) -> None:
    session = smtpipe.Session("localhost")
    tickets: list[int] = []
    run_all(*[lambda: tickets.extend(session.submit(message) for _ in range(500))] * 4)
    assert sorted(tickets) == list(range(1, 2001))
    assert session.unfinished == 2000

"""A process that forks: what it had open stays its own, and the child's copies do it no harm."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
from typing import TYPE_CHECKING

import pytest
import smtpipe
from conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGE = ("a@example.com", "b@example.net", b"hello\r\n")


def in_child(job: Callable[[], object]) -> int:
    """Do that in a forked process, and return its exit code: 0, or 1 if the job raised."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        job()
    except BaseException:
        os._exit(1)
    os._exit(0)


def refused(*jobs: Callable[[], object]) -> None:
    for job in jobs:
        with pytest.raises(smtpipe.MisuseError, match="another process"):
            job()


@pytest.fixture(params=["none", "starttls"])
def both(request: pytest.FixtureRequest) -> tuple[smtpipe.Sink, smtpipe.Client]:
    sink = smtpipe.Sink(tls=request.param)
    client = smtpipe.connect("localhost", sink.port, tls="opportunistic", ca_data=sink.certificate)
    return sink, client


def test_a_client_is_of_no_use_to_a_child(both: tuple[smtpipe.Sink, smtpipe.Client]) -> None:
    sink, client = both
    first = client.send(MESSAGE)

    def job() -> None:
        refused(
            lambda: client.send(MESSAGE),
            lambda: next(client.send_all([MESSAGE])),
            lambda: client.command("NOOP"),
            lambda: client.cancel(first),
            lambda: client.collect(0),
            lambda: client.flush(0),
            lambda: client.quit(0),
            client.drive,
            lambda: client.__exit__(None, None, None),
        )

    assert in_child(job) == 0
    second = client.send(MESSAGE)
    outcomes = [client.collect(PATIENCE), client.collect(PATIENCE)]
    assert [one and (one.ticket, one.status) for one in outcomes] == [
        (first, "delivered"),
        (second, "delivered"),
    ]
    assert sink.stats.messages == 2
    client.quit(PATIENCE)


@pytest.mark.parametrize("way", ["close", "leave", "drop"])
def test_a_child_that_lets_go_of_its_copy(both: tuple[smtpipe.Sink, smtpipe.Client], way: str) -> None:
    _, client = both
    held = [client]

    def job() -> None:
        if way == "close":
            client.close()
        elif way == "leave":
            with contextlib.suppress(KeyError), client:
                raise KeyError
        held.clear()
        gc.collect()

    assert in_child(job) == 0
    client.send(MESSAGE)
    outcome = client.collect(PATIENCE)
    assert outcome is not None
    assert outcome.status == "delivered"
    client.quit(PATIENCE)


def test_a_sink_runs_where_it_was_started(capfd: pytest.CaptureFixture[str]) -> None:
    with smtpipe.Sink() as sink, smtpipe.connect("127.0.0.1", sink.port) as client:

        def job() -> None:
            refused(lambda: sink.stats, lambda: sink.messages, lambda: sink.wait(1, timeout=0))
            with sink:
                pass  # nothing to stop here, and no thread to wait for

        assert in_child(job) == 0
        client.send(MESSAGE)
        assert client.flush(PATIENCE)
    assert sink.stats.messages == 1
    assert "panic" not in capfd.readouterr().err


def test_a_sink_stops_although_a_child_lives() -> None:
    reading, writing = os.pipe()
    sink = smtpipe.Sink()
    with smtpipe.connect("127.0.0.1", sink.port) as client:
        assert len(list(client.send_all([MESSAGE]))) == 1  # so that its thread has come to wait
    child = os.fork()
    if not child:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    sink.stop()
    os.close(writing)
    os.waitpid(child, 0)
    os.close(reading)


def connect_and_fail(port: int) -> None:
    smtpipe.connect("127.0.0.1", port)


def send_one(port: int) -> smtpipe.Outcome:
    with smtpipe.connect("127.0.0.1", port) as client:
        (outcome,) = client.send_all([MESSAGE])
    return outcome


def test_worker_processes_hand_back_outcomes_and_errors() -> None:
    no = smtpipe.Rule("connect", smtpipe.Reply(554, "5.7.1", ["not you"]))
    with (
        smtpipe.Sink() as sink,
        smtpipe.Sink(rules=[no]) as closed,
        multiprocessing.get_context("spawn").Pool(1) as pool,
    ):
        outcome = pool.apply(send_one, (sink.port,))
        assert outcome.status == "delivered"
        assert outcome.reply is not None
        assert outcome.recipients == (
            smtpipe.Recipient("b@example.net", "delivered", outcome.recipients[0].reply),
        )
        with pytest.raises(smtpipe.RefusedError) as caught:
            pool.apply(connect_and_fail, (closed.port,))
        assert caught.value.reply == smtpipe.Reply(554, "5.7.1", ["not you"])

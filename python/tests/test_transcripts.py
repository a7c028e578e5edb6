"""Every transcript of `tests/transcripts` through the blocking client, over a real socket."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from typing import TYPE_CHECKING, Any

import pytest
import replay
import smtpipe
from conftest import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from replay import Fixture, Step

LEFT_OUT = {
    "stream-421": "its source runs dry, and reading from one waits: the server's words come too late",
    "stream-accepted-early": "its source runs dry, too",
    "stream-refused-early": "its source runs dry, too",
    "trial-streaming-421": "the trial needs the queue to be there first, and send writes at once",
    "trial-streaming-earned": "the trial needs the queue to be there first, and send writes at once",
    "trial-streaming-lost-once": "the trial needs the queue to be there first, and send writes at once",
    "trial-streaming-not-swallowed": "the trial needs the queue to be there first, and send writes at once",
}
"""What this client can't be asked for, by name. Rust and C play these too."""

ERRORS: dict[str, type[smtpipe.SessionError] | None] = {
    "Auth": smtpipe.AuthenticationError,
    "Closed": smtpipe.ConnectionLostError,
    "Lost": smtpipe.ConnectionLostError,
    "Peer": smtpipe.PeerError,
    "Refused": smtpipe.RefusedError,
    "ShutDown": smtpipe.RefusedError,
    "Timeout": smtpipe.SessionTimeoutError,
    "NotOffered": smtpipe.RefusedError,
    "none": None,
}
"""The session's errors, by the name that the transcripts give them."""

MISUSES: dict[str, type[smtpipe.SmtpipeError]] = {
    "Closed": smtpipe.SessionError,
    "ForbiddenCommand": smtpipe.MisuseError,
    "MisplacedParameter": smtpipe.MisuseError,
    "RepeatedParameter": smtpipe.MisuseError,
    "Line": smtpipe.MisuseError,
    "NoRecipient": smtpipe.MisuseError,
    "NullRecipient": smtpipe.MisuseError,
}
"""Why something isn't taken, likewise."""


def parameters(params: list[str]) -> dict[str, Any]:
    pairs = (param.partition("=") for param in params)
    # In capitals, so that they go as they are: the transcripts give them as they are sent.
    return {keyword: value if equals else True for keyword, equals, value in pairs}


def said(attributes: list[str]) -> dict[str, str | int | None]:
    pairs = (attribute.partition("=") for attribute in attributes)
    return {name: value or None for name, _, value in pairs}


class Source:
    """Content that is given as it goes, as often as it is asked for from the beginning."""

    def __init__(self, letter: dict[str, Any]) -> None:
        self.content = letter["content"].encode("latin-1")
        self.how = letter["stream"]

    def __iter__(self) -> Iterator[bytes]:
        content, fails = self.content[: self.how["fails"]], self.how["fails"]
        for at in range(0, len(content), self.how["piece"]):
            yield content[at : at + self.how["piece"]]
        if fails is not None:
            raise LookupError("it broke")


def content(letter: dict[str, Any], pipes: contextlib.ExitStack) -> Any:
    """What is given for it: octets, a source that can begin again or can't, or a pipe that runs dry."""
    how = letter["stream"]
    if how is None:
        return letter["content"].encode("latin-1")
    if how["stalls"] is None:
        source = Source(letter)
        return source if how["rewind"] else iter(source)
    read, write = os.pipe()
    pipes.callback(os.close, write)
    os.write(write, letter["content"].encode("latin-1")[: how["stalls"]])
    return pipes.enter_context(open(read, "rb", buffering=0))


def message(letter: dict[str, Any], pipes: contextlib.ExitStack) -> smtpipe.Message:
    given = parameters(letter["sender"]["params"])
    if letter["binary"]:
        given["body"] = "BINARYMIME"
    if letter["forward"]:
        given["forward"] = said(letter["forward"])
    given["require"] = letter["require"]
    recipients = [(one["address"], parameters(one["params"])) for one in letter["recipients"]]
    if letter["stream"] is not None:
        given |= {key: letter["stream"][key] for key in ("strict", "length")}
        if letter["stream"]["seven_bit"]:
            given["body"] = "7BIT"
    return smtpipe.Message(letter["sender"]["address"], recipients, content(letter, pipes), **given)


def reply_text(reply: smtpipe.Reply | None) -> str | None:
    return None if reply is None else f"{reply.code} {' / '.join(reply.lines)}"


def told(outcome: smtpipe.Outcome) -> replay.Told:
    recipients = tuple(
        replay.Told(one.status, reply_text(one.reply), address=one.address) for one in outcome.recipients
    )
    reply = reply_text(outcome.reply)
    return replay.Told(
        outcome.status, reply, outcome.reason, recipients=recipients, left_out=outcome.left_out
    )


def error_class(name: str) -> type[smtpipe.SessionError] | None:
    return ERRORS[name.partition("(")[0]]


class Caller:
    def __init__(self, played: Fixture, client: smtpipe.Client) -> None:
        self.played = played
        self.client = client
        self.tickets: dict[str, int] = {}
        self.outcomes: list[smtpipe.Outcome] = []
        self.progress = threading.Condition()
        self.pipes = contextlib.ExitStack()

    def operate_after(self, said: int, steps: list[Step]) -> None:
        with self.progress:
            assert self.progress.wait_for(lambda: self.has_read(said), PATIENCE), "the client reads no more"
        for step in steps:
            self.operate(step)

    def has_read(self, said: int) -> bool:
        return self.client.closed or self.client.stats.bytes_received >= said

    def operate(self, step: Step) -> None:
        match step["do"]:
            case "submit" | "command" if step["fails"] is not None:
                with pytest.raises(MISUSES[step["fails"].partition(":")[0]]):
                    self.queue(step)
            case "submit":
                self.tickets[step["message"]] = self.queue(step)
            case "command":
                self.tickets[step["ticket"]] = self.queue(step)
            case "cancel":
                assert self.client.cancel(self.tickets[step["ticket"]]) is step["done"]
            case "quit":
                self.client.quit(0)

    def queue(self, step: Step) -> int:
        if step["do"] == "command":
            return self.client.command(step["line"])
        return self.client.send(message(replay.letter(self.played, step["message"]), self.pipes))

    def collect(self, server: replay.Server) -> None:
        """Take outcomes until the server has played its script and the client has read all of it."""
        playing = True
        until_closed = replay.last_expectations(self.played).get("closed", {}).get("closed")
        while True:
            if self.client.outstanding:
                outcome = self.client.collect(PATIENCE)
                assert outcome is not None, "an outcome is missing"
                self.outcomes.append(outcome)
                continue
            # Nothing to wait for as far as the client knows: what is still to come may come unasked.
            self.client.drive()
            with self.progress:
                self.progress.notify()
            # Asked behind `drive` and not before: what it has just read may have been the last there is.
            if not playing and (self.client.closed if until_closed else self.has_read(server.said)):
                break
            # While it connects again, it's the room to write that says so.
            waiting = [server.wake.fileno()] if playing else []
            own = [] if self.client.closed else [self.client.fileno()]
            reads, writes = self.client.interest()
            ready, writable, _ = select.select(waiting + own * reads, own * writes, [], PATIENCE)
            assert ready or writable, "nothing moves"
            playing = playing and server.wake.fileno() not in ready
        assert self.client.flush(PATIENCE)
        while (outcome := self.client.collect(0)) is not None:
            self.outcomes.append(outcome)

    def check(self) -> None:
        last = replay.last_expectations(self.played)
        if "closed" in last:
            assert self.client.closed is last["closed"]["closed"]
        if "level" in last:
            assert self.client.level == last["level"]["level"]
        if "error" in last:
            expected, error = error_class(last["error"]["error"]), self.client.error
            assert error is None if expected is None else isinstance(error, expected), error
        assert self.client.outstanding == 0
        outcomes = [(outcome.ticket, told(outcome)) for outcome in self.outcomes]
        replay.check_outcomes(self.played, self.tickets, outcomes)


def check_no_client(played: Fixture, error: smtpipe.SessionError) -> None:
    """There is no client and so there are no tickets: the transcript must have wanted that."""
    verdicts = [step for step in played["steps"] if step["do"] == "outcome"]
    assert {v["status"] for v in verdicts} <= {"not_sent"}, error
    last_error = replay.last_expectations(played)["error"]["error"]
    expected = error_class(last_error)
    assert expected is not None
    assert isinstance(error, expected), error
    if last_error.startswith("NotOffered"):
        assert error.reply is None, error
    elif expected is smtpipe.RefusedError:
        said = [step["octets"] for step in played["steps"] if step["do"] == "server"][-1]
        assert error.reply is not None
        assert said.startswith(str(error.reply.code))
        assert said.removesuffix("\r\n").endswith(error.reply.lines[-1])


def login(given: dict[str, Any]) -> dict[str, Any]:
    if not given["auth"]:
        return {}
    kind, username, secret = given["auth"]
    return {
        "username": username,
        {"password": "password", "token": "oauth_token"}[kind]: secret,
        "authzid": given["authzid"],
        "auth_mechanisms": given["mechanisms"] or None,
        "auth_clear_text": given["clear_text"],
    }


def options(played: Fixture) -> dict[str, Any]:
    given = played["options"]
    optional = ("max_in_flight", "max_unanswered", "chunking", "chunk_size")
    found = {key: given[key] for key in optional if given[key] is not None}
    if given["level"] is not None:
        found["level"] = given["level"]
    elif given["max_level"] is not None:
        found["level"] = f"<={given['max_level']}"
    return {
        "local_name": replay.LOCAL_NAME,
        "recipients": given["recipients"],
        "lmtp": given["lmtp"],
        "eight_bit_anyway": given["eight_bit_anyway"],
        "utf8": given["utf8"],
        "xclient": said(given["xclient"]) or None,
        **login(given),
        **found,
    }


@pytest.mark.parametrize("name", [name for name in replay.names() if name not in LEFT_OUT])
def test_transcript(name: str) -> None:
    played = replay.fixture(name)
    server = replay.Server(played)
    try:
        peers = replay.peers(played, server.port)
        client = smtpipe.connect("127.0.0.1", server.port, timeout=PATIENCE, peers=peers, **options(played))
    except smtpipe.SessionError as error:
        check_no_client(played, error)
    else:
        try:
            caller = Caller(played, client)
            with caller.pipes:
                for step in replay.first_steps(played):
                    caller.operate(step)
                server.attach(caller)
                caller.collect(server)
                caller.check()
        finally:
            client.close()
    finally:
        server.finish()


def test_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """The names above are those that need what this client hasn't, and no others; cargo knows the rest."""
    found = replay.fixtures()
    if isinstance(found, str):
        pytest.skip(found)
    assert set(LEFT_OUT) <= set(found)
    assert sorted(found) == replay.names()
    with capsys.disabled():
        print(f"\n{len(LEFT_OUT)} transcripts are left out:")
        for name, why in LEFT_OUT.items():
            print(f"  {name}: {why}")

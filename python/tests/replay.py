"""The transcripts of `tests/transcripts` over a real socket: the server's side, and what a caller is told.

`tests/README.md` describes them; `cargo run --example fixture_json` turns them into JSON. A `Server` plays
the server's steps in a thread of its own and compares the client's bytes. Steps of the caller behind the
first reply are done by that thread too: only it knows when it's their turn.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import struct
import subprocess
import threading
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import pytest
from conftest import PATIENCE
from smtpipe import Capabilities, PeerKey, PeerRecord, Peers, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

TOP = Path(__file__).resolve().parents[2]
LOCAL_NAME = "client.example"
OPERATIONS = frozenset({"submit", "command", "cancel", "quit"})
EXPECTATIONS = frozenset({"outcome", "error", "level", "event", "closed", "stat"})

Fixture: TypeAlias = dict[str, Any]
Step: TypeAlias = dict[str, Any]

_NOT_FOR_DRIVERS = re.compile(
    r"^(WAIT |TAKE |# only: *engine|# starttls:|# tls:|# nonce:|# auth: caller)", re.MULTILINE
)


def names() -> list[str]:
    """The transcripts that a driver can play, without asking cargo; `fixtures` says whether that is right."""
    files = (TOP / "tests" / "transcripts").glob("*.smtp")
    return sorted(f.stem for f in files if not _NOT_FOR_DRIVERS.search(f.read_text("utf-8")))


@cache
def fixtures() -> dict[str, Fixture] | str:
    """The transcripts by name, or why there are none."""
    cargo = shutil.which("cargo")
    if cargo is None:
        return "cargo is missing: it turns the transcripts into JSON"
    command = [cargo, "run", "--quiet", "--locked", "--example", "fixture_json"]
    run = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return {f["name"]: f for f in json.loads(run.stdout) if f["drivers"]}


def fixture(name: str) -> Fixture:
    """One of them; skips the test if there are none."""
    found = fixtures()
    if isinstance(found, str):
        pytest.skip(found)
    return found[name]


def letter(played: Fixture, name: str) -> dict[str, Any]:
    """The message that the script calls so."""
    found: dict[str, Any] = next(m for m in played["messages"] if m["name"] == name)
    return found


def first_steps(played: Fixture) -> list[Step]:
    """What the caller does before the server says anything: the messages without a step, then his steps."""
    first = [{"do": "submit", "message": m["name"], "fails": None} for m in played["messages"] if m["first"]]
    return first + [s for s in played["steps"][: _greeting(played)] if s["do"] in OPERATIONS]


def last_expectations(played: Fixture) -> dict[str, Step]:
    """What holds at the end, by kind: whatever stands behind the last thing that happens."""
    found: dict[str, Step] = {}
    for step in reversed(played["steps"]):
        if step["do"] not in EXPECTATIONS:
            break
        found.setdefault(step["do"], step)
    return found


def _greeting(played: Fixture) -> int:
    return next(
        (at for at, step in enumerate(played["steps"]) if step["do"] == "server"), len(played["steps"])
    )


def peers(played: Fixture, port: int) -> Peers | None:
    """What a client remembers of the server at this port when the transcript begins."""
    remembered = played["remembered"]
    if remembered is None:
        return None
    pairs = (word.partition(" ") for word in remembered["offered"])
    offered = Capabilities("mx.example", [(keyword, params) for keyword, _, params in pairs])
    continuous, streaming = (
        Verdict.EARNED if level in remembered["earned"] else Verdict.UNKNOWN
        for level in ("continuous", "streaming")
    )
    found = Peers()
    found.put(PeerKey(f"127.0.0.1:{port}", "127.0.0.1"), PeerRecord(offered, continuous, streaming))
    return found


class Caller(Protocol):
    """Whoever uses a client."""

    def operate_after(self, said: int, steps: list[Step]) -> None:
        """Do these steps in one go, once the client has read so many octets or has closed."""


class Server:
    """The server of one transcript, in a thread of its own.

    `wake` becomes readable when its script is played, or has failed. It then waits for the client to leave.
    """

    def __init__(self, played: Fixture) -> None:
        self._steps: list[Step] = played["steps"]
        self._greeting = _greeting(played)
        self._logs_in = bool(played["options"]["auth"])
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.port: int = self._listener.getsockname()[1]
        self.said = 0
        self.wake, self._waker = socket.socketpair()
        self._caller: Caller | None = None
        self._called = threading.Event()
        self._error: BaseException | None = None
        self._operations: list[Step] = []
        self._peer: socket.socket | None = None
        self._heard = b""
        self._expected = b""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def attach(self, caller: Caller) -> None:
        """Name the one who does the caller's steps behind the first reply."""
        self._caller = caller
        self._called.set()

    def finish(self) -> None:
        """Wait for the end, the client being closed, and raise what went wrong."""
        self._called.set()
        self._thread.join(PATIENCE)
        stuck = self._thread.is_alive()
        self._listener.close()
        self.wake.close()
        if self._error is not None:
            raise self._error
        assert not stuck, "the server is stuck"

    def _run(self) -> None:
        try:
            try:
                self._connect()
                for at, step in enumerate(self._steps):
                    if step["do"] not in EXPECTATIONS | OPERATIONS:
                        self._operate()
                    self._play(at, step)
                self._operate()
                self._hear()
            finally:
                self._waker.close()
            if self._peer is not None:
                self._listen(None)
                self._compare()
        except BaseException as error:
            self._error = error
        finally:
            if self._peer is not None:
                self._peer.close()

    def _play(self, at: int, step: Step) -> None:
        match step["do"]:
            case "client":
                self._expected += step["octets"].encode("latin-1")
            case "server":
                self._hear()
                octets = step["octets"].encode("latin-1")
                self.said += len(octets)
                self._say(octets)
            case "connect":
                self._hear()
                # It's the client that leaves: if this server did first, that would be another script.
                if self._peer is not None:
                    self._listen(None)
                    self._compare()
                self._leave()
                self._connect()
            case "eof" | "reset" as how:
                self._hear()
                if self._steps[at - 1] == {"do": "event", "event": "reconnect"}:
                    # The script gives up where the client would go on: so does this server.
                    # The client must have left by itself: an end before it asks would be another script.
                    if self._peer is not None:
                        self._listen(None)
                    self._leave()
                    self._connect()
                self._leave(reset=how == "reset")
            case "closed" if step["closed"] and self._peer is not None:
                self._listen(None)
            case what if what in OPERATIONS and at > self._greeting:
                if not self._operations:
                    self._hear()
                self._operations.append(step)
            case what:
                assert what in EXPECTATIONS | OPERATIONS, f"not for drivers: {what}"

    def _operate(self) -> None:
        steps, self._operations = self._operations, []
        if steps:
            assert self._caller is not None
            self._caller.operate_after(self.said, steps)

    def _connect(self) -> None:
        self._peer, _ = self._listener.accept()
        self._peer.settimeout(PATIENCE)
        self._peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = self._expected = b""

    def _leave(self, *, reset: bool = False) -> None:
        if self._peer is not None:
            if reset:
                self._peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._peer.close()
            self._peer = None

    def _say(self, octets: bytes) -> None:
        if self._peer is not None:
            # If it has left, what it should have said by then is compared all the same.
            with contextlib.suppress(ConnectionError):
                self._peer.sendall(octets)

    def _hear(self) -> None:
        """Wait for the bytes that must come by now, and for nothing else."""
        if self._peer is not None:
            self._listen(len(self._expected))
            self._compare()
            if any(self._is_of_caller(line) for line in self._heard.splitlines()):
                # No answer before the caller has done all of his first steps: one may end the session.
                assert self._called.wait(PATIENCE), "the caller never came"

    def _is_of_caller(self, line: bytes) -> bool:
        """Whether the client says this because the caller did something, and not because it connects."""
        if self._logs_in:
            # What answers a challenge looks like anything.
            return line.startswith((b"MAIL ", b"QUIT"))
        return not line.startswith((b"EHLO ", b"LHLO ", b"HELO ", b"XCLIENT "))

    def _listen(self, wanted: int | None) -> None:
        """Read until so much was heard, or the client has left."""
        assert self._peer is not None
        while wanted is None or len(self._heard) < wanted:
            try:
                octets = self._peer.recv(65536)
            except ConnectionError:
                return
            if not octets:
                return
            self._heard += octets

    def _compare(self) -> None:
        assert self._heard == self._expected, f"heard {self._heard!r}, expected {self._expected!r}"


@dataclass(frozen=True)
class Told:
    """An outcome, or a recipient's part of it, as text: what every language's client can say."""

    status: str
    reply: str | None
    reason: str | None = None
    address: str = ""
    recipients: tuple[Told, ...] = ()
    left_out: tuple[str, ...] = ()

    def with_recipient(self, one: Told) -> Told:
        """The same with one recipient more."""
        return replace(self, recipients=(*self.recipients, one))

    def check(self, verdict: dict[str, Any]) -> None:
        """Compare it with what the transcript says; a reply by its beginning, a reason by a part of it."""
        context = f"{self}, expected {verdict}"
        assert self.status == verdict["status"], context
        if verdict["reply"] is not None:
            assert (self.reply or "").startswith(verdict["reply"]), context
        if verdict.get("reason") is not None:
            assert verdict["reason"] in (self.reason or ""), context
        assert list(self.left_out) == verdict.get("left_out", []), context
        if recipients := verdict.get("recipients"):
            assert [one.address for one in self.recipients] == [one["address"] for one in recipients], context
            for one, expected in zip(self.recipients, recipients, strict=True):
                one.check(expected)


def check_outcomes(played: Fixture, tickets: dict[str, int], outcomes: Iterable[tuple[int, Told]]) -> None:
    """Exactly one outcome for each ticket, and each the one that the transcript names."""
    pairs = list(outcomes)
    told = dict(pairs)
    assert len(told) == len(pairs), "a second outcome"
    assert sorted(told) == sorted(tickets.values()), "an outcome for each ticket"
    verdicts = [step for step in played["steps"] if step["do"] == "outcome"]
    assert {v["ticket"] for v in verdicts} == set(tickets), "the transcript names each ticket"
    for verdict in verdicts:
        told[tickets[verdict["ticket"]]].check(verdict)

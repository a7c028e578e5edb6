"""Every transcript of `tests/transcripts` through the C client, in an event loop, over a real socket.

`tests/c/replay/replay.c` is the caller. It does what it is told in a process of its own.
"""

from __future__ import annotations

import os
import queue
import select
import shutil
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
import replay
from conftest import PATIENCE

if TYPE_CHECKING:
    from replay import Fixture, Step

ERRORS = {
    "none": 0,
    "Auth(ClearText": -304,
    "Auth(Failed": -303,
    "Auth(NoMechanism": -304,
    "Auth(NotOffered": -304,
    "Auth(Refused": -303,
    "Peer(Malformed": -201,
    "Peer(Unsolicited": -202,
    "Peer(WrongClass": -203,
    "Peer(Early": -204,
    "Refused": -301,
    "NotOffered": -401,
    "ShutDown": -302,
    "Lost": -501,
    "Timeout": -502,
    "Closed": -503,
}
"""The session's errors, by the name that the transcripts give them."""

MISUSES = {
    "MisplacedParameter": -105,
    "RepeatedParameter": -105,
    "Closed": -114,
    "ForbiddenCommand": -107,
    "Line": -107,
    "NoRecipient": -110,
    "NullRecipient": -104,
}
"""Why something isn't taken, likewise."""

LEFT_OUT = {
    "stream-eight-bit": "in C a source without octets over 127 is declared by BODY=7BIT, which is sent then",
}
"""What this client can't be asked for, by name. Rust and Python play it too."""

OK, NOTHING = 0, 2


class MisuseError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The caller, compiled against the static library."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        pytest.skip("a C compiler is missing")
    release = Path(os.environ.get("CARGO_TARGET_DIR") or "target", "release")
    library = replay.TOP / os.environ.get("SMTPIPE_RELEASE", release) / "libsmtpipe.a"
    if not library.exists():
        pytest.skip(f"{library} is missing: run `make lib`")
    out = tmp_path_factory.mktemp("c") / "replay"
    source = replay.TOP / "tests" / "c" / "replay" / "replay.c"
    flags = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{replay.TOP / 'include'}"]
    libraries = [str(library), "-lpthread", "-lm", "-ldl"]
    built = subprocess.run(
        [compiler, *flags, str(source), "-o", str(out), *libraries],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return out


def from_hex(text: str) -> str | None:
    return None if text == "-" else bytes.fromhex(text[1:]).decode("utf-8", "replace")


def reply_text(code: str, text: str) -> str | None:
    return None if code == "0" else f"{code} {' / '.join((from_hex(text) or '').splitlines())}"


class Caller:
    """The program, and what it has said."""

    def __init__(self, program: Path, played: Fixture) -> None:
        self.played = played
        self.tickets: dict[str, int] = {}
        self.outcomes: list[tuple[int, replay.Told]] = []
        self._answers: queue.Queue[list[str]] = queue.Queue()
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([str(program)], stdin=pipe, stdout=pipe, encoding="utf-8")
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        finally:
            self._process.kill()
            self._process.wait()
            self._reader.join(PATIENCE)
            self._process.stdout.close()

    def order(self, *words: object) -> list[str]:
        """Give an order, and return the answer; a refusal is raised."""
        assert self._process.stdin is not None
        self._process.stdin.write("\t".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        status, *more = self._answers.get(timeout=PATIENCE)
        if int(status) < OK:
            raise MisuseError(int(status))
        return [status, *more]

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            kind, *words = line.rstrip("\n").split("\t")
            match kind, words:
                case "answer", _:
                    self._answers.put(words)
                case "outcome", [ticket, status, code, text, reason, *left_out]:
                    told = replay.Told(
                        status, reply_text(code, text), from_hex(reason), left_out=tuple(left_out)
                    )
                    self.outcomes.append((int(ticket), told))
                case "recipient", [status, code, text, address]:
                    one = replay.Told(status, reply_text(code, text), address=from_hex(address) or "")
                    ticket_, told = self.outcomes[-1]
                    self.outcomes[-1] = (ticket_, told.with_recipient(one))
                case _:
                    raise AssertionError(line)

    def configure(self, port: int, folder: Path) -> None:
        options: dict[str, Any] = dict(self.played["options"])
        self.order("set", f"port={port}")
        self.order("set", f"local_name={replay.LOCAL_NAME}")
        for attribute in options.pop("xclient"):
            self.order("set", f"xclient={attribute}")
        for key, value in options.items():
            # What is not said is the library's default, too.
            if value is None or value is False or value == []:
                continue
            words = value if isinstance(value, list) else [int(value) if value is True else value]
            self.order("set", f"{key}={' '.join(map(str, words))}")
        if (peers := replay.peers(self.played, port)) is not None:
            path = folder / "peers"
            peers.save(path)
            self.order("set", f"peers={path}")

    def operate_after(self, said: int, steps: list[Step]) -> None:
        self.order("read", said)
        self.order("hold")
        for step in steps:
            self.operate(step)
        self.order("go")

    def operate(self, step: Step) -> None:
        match step["do"]:
            case "submit" | "command" if step["fails"] is not None:
                with pytest.raises(MisuseError) as refused:
                    self.queue(step)
                assert refused.value.status == MISUSES[step["fails"].partition(":")[0]]
            case "submit":
                self.tickets[step["message"]] = self.queue(step)
            case "command":
                self.tickets[step["ticket"]] = self.queue(step)
            case "cancel":
                (status,) = self.order("cancel", self.tickets[step["ticket"]])
                assert int(status) == (OK if step["done"] else NOTHING)
            case "quit":
                self.order("quit")

    def queue(self, step: Step) -> int:
        if step["do"] == "command":
            return int(self.order("command", step["line"].encode().hex())[1])
        letter = replay.letter(self.played, step["message"])
        self.order("sender", letter["sender"]["address"])
        for param in letter["sender"]["params"]:
            self.order("param", param)
        for one in letter["recipients"]:
            self.order("to", one["address"])
            for param in one["params"]:
                self.order("to_param", param)
        for keyword in letter["require"]:
            self.order("require", keyword)
        for attribute in letter["forward"]:
            self.order("forward", attribute)
        if letter["binary"]:
            self.order("binary")
        octets = letter["content"].encode("latin-1").hex()
        if (how := letter["stream"]) is None:
            self.order("content", octets)
        else:
            if how["strict"]:
                self.order("strict")
            numbers = (how[key] for key in ("piece", "length", "fails", "stalls"))
            said = ["-1" if number is None else str(number) for number in numbers]
            self.order("stream", " ".join([*said, str(int(how["rewind"])), octets]))
        return int(self.order("submit")[1])

    def check(self, said: int) -> None:
        last = replay.last_expectations(self.played)
        until_closed = last.get("closed", {}).get("closed")
        self.order("read", 2**63 if until_closed else said)
        _, closed, level, error, outstanding = self.order("end")
        if "closed" in last:
            assert (closed == "1") is last["closed"]["closed"]
        if "level" in last:
            assert level == last["level"]["level"]
        if "error" in last:
            assert [int(error)] == [
                n for name, n in ERRORS.items() if last["error"]["error"].startswith(name)
            ]
        assert outstanding == "0"
        replay.check_outcomes(self.played, self.tickets, self.outcomes)


@pytest.mark.parametrize("name", [name for name in replay.names() if name not in LEFT_OUT])
def test_transcript(name: str, program: Path, tmp_path: Path) -> None:
    played = replay.fixture(name)
    server = replay.Server(played)
    try:
        with Caller(program, played) as caller:
            caller.configure(server.port, tmp_path)
            caller.order("open")
            for step in replay.first_steps(played):
                caller.operate(step)
            caller.order("go")
            # From here on the server's thread gives the orders, until its script is played.
            server.attach(caller)
            ready, _, _ = select.select([server.wake.fileno()], [], [], PATIENCE)
            assert ready, "nothing moves"
            caller.check(server.said)
    finally:
        server.finish()


def test_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(LEFT_OUT) <= set(replay.names())
    with capsys.disabled():
        print(f"\n{len(LEFT_OUT)} transcripts are left out:")
        for name, why in LEFT_OUT.items():
            print(f"  {name}: {why}")

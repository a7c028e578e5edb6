"""The cutting relay (`examples/rust/cutting_relay.rs`) as Python tests use it: a process that breaks connections when told to.

It must never know anything of mail. `python/tests/test_cut*.py` and `tests/interop` use it.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
ENDINGS = ("fin", "rst", "silence")


@cache
def program() -> Path | str:
    """The relay's program, or why there is none."""
    cargo = shutil.which("cargo")
    if cargo is None:
        return "cargo is missing: it builds the cutting relay"
    command = [cargo, "build", "--quiet", "--locked", "--example", "cutting_relay", "--message-format=json"]
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    messages = (json.loads(line) for line in built.stdout.splitlines())
    found = [message["executable"] for message in messages if message.get("executable")]
    return Path(found[-1])


@dataclass(frozen=True)
class Cut:
    """Behind so many bytes of that side, and how."""

    side: str
    at: int
    ending: str


class Relay:
    """Between a client and the server at a port of this machine."""

    def __init__(self, port: int) -> None:
        path = program()
        assert isinstance(path, Path), path
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([path, f"127.0.0.1:{port}"], stdin=pipe, stdout=pipe, text=True)
        self.port = int(self._answer())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def cut(self, cut: Cut) -> None:
        """Cut what is connected from now on there; counts start anew."""
        assert self._order(f"cut {cut.side} {cut.at} {cut.ending}") == "ok"

    def whole(self) -> None:
        """Cut nothing; counts start anew."""
        assert self._order("whole") == "ok"

    def passed(self) -> dict[str, int]:
        """How many bytes of each side passed since then."""
        client, server = self._order("passed").split()
        return {"client": int(client), "server": int(server)}

    def heard(self) -> list[bytes]:
        """What was said by the client of each connection since this was last asked; from the first time on it is kept."""
        return [bytes.fromhex(own) for own in self._order("heard").split(" ")[1:]]

    def idle(self) -> None:
        """Wait until no connection is open."""
        assert self._order("idle") == "ok", "a connection stays open"

    def made(self) -> int:
        """How many cuts were made."""
        return int(self._order("made"))

    def _order(self, order: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the relay has ended"
        return line.rstrip("\n")


def sample(passed: dict[str, int], count: int, seed: int, silences: int) -> Iterator[Cut]:
    """So many cuts of a conversation in which so much passes, always the same ones; so many of them by silence."""
    chance = random.Random(seed)
    for nth in range(count):
        side = chance.choice(("client", "server"))
        ending = "silence" if nth < silences else chance.choice(("fin", "rst"))
        yield Cut(side, chance.randrange(passed[side]), ending)

"""Sends letters with smtpipe, from Python and from C, and hands back the outcomes in one form."""

from __future__ import annotations

import functools
import json
import os
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from corpus import Letter
from mta import Server

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0


@dataclass
class Result:
    """What became of one letter."""

    status: str
    code: int
    #: address, status, code of each recipient
    recipients: list[tuple[str, str, int]]


@dataclass
class Report:
    """What a whole run came to."""

    results: list[Result]
    level: str
    round_trips: int
    downgrades: int


def by_python(server: Server, letters: list[Letter]) -> Report:
    """Through the installed package: `send_all` over a generator."""
    import smtpipe

    found: dict[int, smtpipe.Outcome] = {}
    messages = (smtpipe.Message(letter.sender, letter.recipients, letter.content) for letter in letters)
    with smtpipe.connect("127.0.0.1", server.port, local_name="client.test", lmtp=server.lmtp, timeout=PATIENCE) as client:
        for outcome in client.send_all(messages):
            found[outcome.ticket] = outcome
        level, stats = client.level, client.stats
    results = [
        Result(
            outcome.status.value,
            outcome.reply.code if outcome.reply else 0,
            [(to.address, to.status.value, to.reply.code if to.reply else 0) for to in outcome.recipients],
        )
        for _, outcome in sorted(found.items())
    ]
    return Report(results, level.value, stats.round_trips, stats.downgrades)


@functools.cache
def c_program() -> Path:
    """send.c, built against the header and the library of this tree."""
    out = ROOT / "build" / "interop-send"
    out.parent.mkdir(exist_ok=True)
    subprocess.run(["make", "-s", "lib"], cwd=ROOT, check=True, capture_output=True)
    library = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "release"
    command = f"cc -std=c99 -O1 -g -Wall -Wextra -Werror -Iinclude tests/interop/send.c -o {out} {library}/libsmtpipe.a"
    subprocess.run([*shlex.split(command), "-lpthread", "-ldl", "-lm"], cwd=ROOT, check=True)
    return out


def by_c(server: Server, letters: list[Letter]) -> Report:
    """Through smtpipe.h: the letters go to send.c on its standard input."""
    work = b"".join(
        b"%s %s %d\n%s" % (letter.sender.encode(), ",".join(letter.recipients).encode(), len(letter.content), letter.content)
        for letter in letters
    )
    arguments = [str(c_program()), "127.0.0.1", str(server.port), "lmtp" if server.lmtp else "smtp"]
    run = subprocess.run(arguments, input=work, capture_output=True, timeout=2 * PATIENCE, check=False)
    assert run.returncode == 0, run.stderr.decode()
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    summary = lines.pop()
    lines.sort(key=lambda line: line["ticket"])
    results = [Result(line["status"], line["code"], [(a, s, c) for a, s, c in line["recipients"]]) for line in lines]
    return Report(results, summary["level"], summary["round_trips"], summary["downgrades"])


DRIVERS: dict[str, Callable[[Server, list[Letter]], Report]] = {"python": by_python, "c": by_c}

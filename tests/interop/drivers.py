"""Sends letters with smtpipe, from Python and from C, and hands back the outcomes in one form."""

from __future__ import annotations

import functools
import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus import Letter

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
    connections: int


@dataclass(frozen=True)
class Way:
    """Where to send to, and how."""

    port: int
    lmtp: bool = False
    #: seconds for any one thing
    timeout: float = PATIENCE
    level: str = "auto"
    #: messages in flight; 0 for no limit
    window: int = 100
    #: messages queued before it connects, where the language can
    ahead: int = 0
    #: what is remembered of servers: loaded before, saved after
    peers: Path | None = None
    #: "required" or "implicit", and whom to trust then
    tls: str = "none"
    authority: Path | None = None
    #: octets in a chunk of what is drawn as it goes
    chunk: int = 65536


class Source:
    """A content as it is drawn: from the beginning each time."""

    def __init__(self, letter: Letter) -> None:
        self.letter = letter

    def __iter__(self) -> Iterator[bytes]:
        content = self.letter.content
        for at in range(0, len(content), 700):
            if self.letter.source == "fails" and at >= len(content) // 2:
                raise LookupError("as it has to")
            yield content[at : at + 700]
        if self.letter.source == "fails":
            raise LookupError("as it has to")


def content(letter: Letter) -> bytes | Iterable[bytes]:
    """What a Python client is given."""
    if not letter.source:
        return letter.content
    return iter(Source(letter)) if letter.source == "once" else Source(letter)


def by_python(way: Way, letters: Sequence[Letter]) -> Report:
    """Through the installed package: `send_all` over a generator."""
    import smtpipe

    found: dict[int, smtpipe.Outcome] = {}
    messages = (smtpipe.Message(letter.sender, letter.recipients, content(letter)) for letter in letters)
    peers = None if way.peers is None else smtpipe.Peers.load(way.peers)
    try:
        client = smtpipe.connect(
            "127.0.0.1",
            way.port,
            local_name="client.test",
            lmtp=way.lmtp,
            timeout=way.timeout,
            max_in_flight=way.window,
            level=way.level,
            peers=peers,
            tls=way.tls,
            ca_file=way.authority,
            chunk_size=way.chunk,
        )
    except OSError:
        return Report([unsent(letter) for letter in letters], "", 0, 0, 0)
    try:
        for outcome in client.send_all(messages):
            assert outcome.ticket not in found, "a second outcome"
            found[outcome.ticket] = outcome
    except smtpipe.SessionError:
        assert len(found) < len(letters), "an error, although nothing was left"
    level, stats = client.level, client.stats
    client.quit(PATIENCE)
    if peers is not None and way.peers is not None:
        peers.save(way.peers)
    results = [
        Result(
            outcome.status.value,
            outcome.reply.code if outcome.reply else 0,
            [(to.address, to.status.value, to.reply.code if to.reply else 0) for to in outcome.recipients],
        )
        for _, outcome in sorted(found.items())
    ]
    assert sorted(found) == list(range(1, len(found) + 1)), "an outcome for each ticket"
    results += [unsent(letter) for letter in letters[len(results) :]]
    return Report(results, level.value, stats.round_trips, stats.downgrades, stats.connections)


def unsent(letter: Letter) -> Result:
    """For what was never queued: the session had ended."""
    return Result("not_sent", 0, [(recipient, "not_sent", 0) for recipient in letter.recipients])


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


def fed(
    command: Sequence[str], work: bytes, patience: float, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs a program with its input in a file, all of it there from the beginning. Through a pipe it would come in small portions, and
    a server that is near would have answered each message before the next is there: nothing to pipeline, two round trips each.
    """
    with tempfile.TemporaryFile() as file:
        file.write(work)
        file.seek(0)
        return subprocess.run(command, stdin=file, capture_output=True, timeout=patience, check=False, env=environment)


def by_c(way: Way, letters: Sequence[Letter]) -> Report:
    """Through smtpipe.h: the letters go to send.c on its standard input."""
    work = b"".join(
        b"%s %s %d %s\n%s"
        % (letter.sender.encode(), ",".join(letter.recipients).encode(), len(letter.content), letter.source.encode(), letter.content)
        for letter in letters
    )
    arguments = [str(c_program()), "127.0.0.1", str(way.port), "lmtp" if way.lmtp else "smtp"]
    arguments += [f"timeout={int(way.timeout * 1000)}", f"level={way.level}", f"window={way.window}", f"ahead={way.ahead}"]
    arguments.append(f"chunk={way.chunk}")
    if way.tls != "none":
        arguments += [f"tls={way.tls}", f"ca={way.authority}"]
    if way.peers is not None:
        arguments.append(f"peers={way.peers}")
    run = fed(arguments, work, 2 * PATIENCE)
    assert run.returncode == 0, run.stderr.decode()
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    summary = lines.pop()
    lines.sort(key=lambda line: line["ticket"])
    assert [line["ticket"] for line in lines] == list(range(1, len(lines) + 1)), "an outcome for each ticket, and one"
    results = [Result(line["status"], line["code"], [(a, s, c) for a, s, c in line["recipients"]]) for line in lines]
    results += [unsent(letter) for letter in letters[len(results) :]]
    return Report(results, summary["level"], summary["round_trips"], summary["downgrades"], summary["connections"])


DRIVERS: dict[str, Callable[[Way, Sequence[Letter]], Report]] = {"python": by_python, "c": by_c}

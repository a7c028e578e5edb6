"""One run of a mailbox at one level, by the package or by the C program, and the check of what arrived."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import smtpipe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smtpipe.cli.samples import Sample
    from smtpipe.cli.screen import Screen

__all__ = ["Run", "canonical", "run_c", "run_python"]

_C_TIMEOUT = 300
_T = TypeVar("_T")


@dataclass
class Run:
    """What a run took, and what was wrong with it."""

    name: str
    level: str
    seconds: float = 0.0
    round_trips: float = 0.0
    scaled_from: int = 0
    """How many messages were sent, if not all."""
    problems: list[str] = field(default_factory=list)


def canonical(content: bytes) -> bytes:
    """What has to arrive: every line end CRLF, the last line ended (RFC 5321 sections 2.3.8 and 4.1.1.4)."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    return lines if not lines or lines.endswith(b"\r\n") else lines + b"\r\n"


def run_python(
    screen: Screen, level: str, mail: list[Sample], rtt: float, *, scale_to: list[Sample] | None = None
) -> Run:
    """Send at this level. With `scale_to`, the figures are scaled to what sending all of that would cost."""
    run = Run(f"Python {level}", level)
    with smtpipe.Sink(rtt=rtt) as sink, screen.progress(f"Python {level}", len(mail)) as bar:
        began = time.monotonic()
        with smtpipe.connect("127.0.0.1", sink.port, level=level, max_in_flight=0) as client:
            tickets = []
            for outcome in client.send_all((one.sender, one.recipients, one.content) for one in mail):
                tickets.append(outcome.ticket)
                if outcome.status != smtpipe.Status.DELIVERED:
                    run.problems.append(f"message {outcome.ticket} is {outcome.status}: {outcome.reply}")
                bar.advance()
            run.round_trips = client.stats.round_trips
        run.seconds = time.monotonic() - began
        if sorted(tickets) != list(range(1, len(mail) + 1)):
            run.problems.append(f"{len(tickets)} outcomes for {len(mail)} messages")
        run.problems += check(mail, sink.messages)
    if scale_to is not None:
        # In lock-step every command costs a round trip: MAIL, DATA, the content and each recipient.
        factor = _commands(scale_to) / _commands(mail)
        run.seconds *= factor
        run.round_trips *= factor
        run.scaled_from = len(mail) if len(mail) < len(scale_to) else 0
    return run


def _commands(mail: Iterable[Sample]) -> int:
    return sum(3 + len(one.recipients) for one in mail)


def run_c(screen: Screen, program: str, level: str, mail: list[Sample], rtt: float) -> Run:
    """Let the C program send the same contents.

    It makes up its own envelopes, so only the contents are checked.
    """
    run = Run(f"C {level}", level)
    with tempfile.TemporaryDirectory(prefix="smtpipe-demo-") as folder, smtpipe.Sink(rtt=rtt) as sink:
        for number, one in enumerate(mail, 1):
            (Path(folder) / f"{number:06}.eml").write_bytes(one.content)
        with screen.progress(f"C {level}", None):
            command = [program, "127.0.0.1", str(sink.port), level, folder]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=_C_TIMEOUT, check=False
                )
            except (OSError, subprocess.TimeoutExpired) as error:
                run.problems.append(str(error))
                run.seconds = float("inf")
                return run
        figures = dict(re.findall(r"(\w+)=([\d.]+)", done.stdout))
        run.seconds = float(figures.get("seconds", "inf"))
        run.round_trips = float(figures.get("round_trips", "inf"))
        if done.returncode != 0 or not figures:
            run.problems.append(
                f"{program} ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}"
            )
        if figures.get("delivered") != str(len(mail)):
            run.problems.append(f"{figures.get('delivered', 'none')} of {len(mail)} messages delivered")
        expected = Counter(canonical(one.content) for one in mail)
        arrived = Counter(one.content for one in sink.messages)
        run.problems += _difference(expected, arrived)
    return run


def check(mail: Iterable[Sample], received: Iterable[smtpipe.Received]) -> list[str]:
    """Whether exactly this mail has arrived: sender, recipients and content, each message once."""
    expected = Counter((one.sender, tuple(one.recipients), canonical(one.content)) for one in mail)
    arrived = Counter((one.sender, one.recipients, one.content) for one in received)
    return _difference(expected, arrived)


def _difference(expected: Counter[_T], arrived: Counter[_T]) -> list[str]:
    problems = []
    if missing := (expected - arrived).total():
        problems.append(f"{missing} messages did not arrive as they were sent")
    if extra := (arrived - expected).total():
        problems.append(f"{extra} messages arrived that were not sent so")
    return problems

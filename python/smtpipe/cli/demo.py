"""`demo`: the main job, measured and checked.

A mailbox goes to the embedded sink at each level, over a simulated round-trip time; then first contact with
servers of known habits must find the level that each can bear.

What should arrive is worked out here, without the library's code; what did arrive is what the sink has; and
the figures are asserted. The exit code is 1 if anything is not as it should be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import smtpipe
from smtpipe.cli import contact, samples
from smtpipe.cli.common import positive, seconds
from smtpipe.cli.levels import Run, run_c, run_python
from smtpipe.cli.sources import read, without_bcc

if TYPE_CHECKING:
    import argparse

    from smtpipe.cli.screen import Screen

__all__ = ["add_parser", "run"]

_LOCKSTEP_SAMPLE = 25
_STREAMING_LIMIT = 7
_CONTINUOUS_OVERHEAD = 4


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "demo",
        help="send a mailbox to the embedded server at every level and compare",
        description="Send a mailbox to the embedded server at every level over a simulated round-trip time, "
        "check that every message arrived intact, and compare.",
    )
    parser.add_argument(
        "--mbox", metavar="PATH", help="an mbox, Maildir or .eml file to send; else 500 made-up messages"
    )
    parser.add_argument("--count", type=positive, default=500, help="how many messages to make up (500)")
    parser.add_argument("--rtt", type=seconds, default=0.05, metavar="SECONDS", help="round-trip time (0.05)")
    parser.add_argument(
        "--c-demo", metavar="PROGRAM", help="the same in C: run as PROGRAM HOST PORT LEVEL FOLDER"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Send, check, show."""
    mail = _load(arguments, screen)
    if not mail:
        screen.problem("there is no message to send")
        return 1
    megabytes = sum(len(one.content) for one in mail) / 1e6
    screen.line(
        f"{len(mail)} messages, {megabytes:.1f} MB, to the embedded server "
        f"at {arguments.rtt * 1000:g} ms round-trip time"
    )
    runs = _all_levels(mail, arguments, screen)
    _show(runs, len(mail), screen)
    problems = [
        f"{one.name}: {problem}" for one in runs for problem in (*one.problems, *_over_limit(one, len(mail)))
    ]
    screen.line()
    found = contact.first_contacts(screen)
    contact.show(found, screen)
    problems += [f"{one.server}: {problem}" for one in found for problem in one.problems]
    screen.line()
    for problem in problems:
        screen.problem(problem)
    if problems:
        screen.line(f"{len(problems)} checks FAILED")
        return 1
    screen.line("Every message arrived once, byte for byte, with its own envelope. All figures hold.")
    screen.line()
    for hint in _NEXT:
        screen.line(hint)
    return 0


_NEXT = (
    "What to look at next:",
    "  python -m smtpipe probe HOST                what a server of yours offers",
    "  python -m smtpipe send HOST mail.mbox       send a mailbox to it",
    "  docs/python.md, include/smtpipe.h           the two interfaces; examples/ has programs to start from",
    "  make bench                                  side by side with other SMTP clients",
)


def _load(arguments: argparse.Namespace, screen: Screen) -> list[samples.Sample]:
    if not arguments.mbox:
        return samples.mailbox(arguments.count)
    found = []
    for mail in read([arguments.mbox]):
        try:
            sender, recipients = mail.envelope()
            content = without_bcc(mail.content)
            smtpipe.Message(sender, recipients, b"")
        except smtpipe.MisuseError as error:
            screen.line(f"{mail.label}: sent from and to example.com, because {error}")
            sender, recipients, content = "sender@example.com", ["recipient@example.com"], mail.content
        found.append(samples.Sample("mailbox", sender, recipients, content))
    return found


def _all_levels(mail: list[samples.Sample], arguments: argparse.Namespace, screen: Screen) -> list[Run]:
    rtt = arguments.rtt
    sample = mail[:_LOCKSTEP_SAMPLE]
    runs = [run_python(screen, "lockstep", sample, rtt, scale_to=mail)]
    runs += [run_python(screen, level, mail, rtt) for level in ("group", "continuous", "streaming")]
    runs.append(run_python(screen, "auto", mail, rtt))
    if arguments.c_demo:
        runs += [run_c(screen, arguments.c_demo, level, mail, rtt) for level in ("continuous", "streaming")]
    return runs


def _over_limit(one: Run, count: int) -> list[str]:
    limit = {
        "streaming": _STREAMING_LIMIT,
        "auto": _STREAMING_LIMIT,
        "continuous": count + _CONTINUOUS_OVERHEAD,
    }
    allowed = limit.get(one.level)
    if allowed is None or one.round_trips <= allowed:
        return []
    return [f"{one.round_trips:g} round trips for {count} messages; at most {allowed} are allowed"]


def _show(runs: list[Run], count: int, screen: Screen) -> None:
    slowest = runs[0].seconds
    rows = [
        [
            one.name + (" *" if one.scaled_from else ""),
            str(count),
            f"{one.seconds:.2f}",
            f"{one.round_trips:.0f}",
            f"{count / one.seconds:,.0f}",
            f"{slowest / one.seconds:.1f}",
        ]
        for one in runs
    ]
    columns = ["level", "messages", "seconds", "round trips", "messages/s", "times lock-step"]
    screen.table("Python's rows are the package, C's rows the C example on the same server", columns, rows)
    for one in runs:
        if one.scaled_from:
            screen.line(
                f"  * {one.scaled_from} messages were sent and the figures scaled by their commands: "
                f"all would have taken {one.seconds:.0f} s."
            )
    screen.line("  auto is first contact: nothing is known of the server, and its trials are included.")

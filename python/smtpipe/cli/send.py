"""`send`: mail from disk to a server, with a line for every message that wasn't delivered."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import smtpipe
from smtpipe.cli.common import SERVER_HELP, add_connection, open_client, show_line
from smtpipe.cli.sources import read, without_bcc

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from smtpipe.cli.screen import Screen

__all__ = ["add_parser", "run"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "send",
        allow_abbrev=False,  # --password would be --password-file, and show what it is not to
        help="send mbox files, Maildirs and .eml files",
        description="Send mail from disk over one connection. "
        "The exit code is 1 unless every message was delivered.",
    )
    # One list, not a server and paths: argparse could not tell those apart when options stand between them.
    parser.add_argument(
        "words",
        nargs="+",
        metavar="SERVER PATH",
        help=f"the server ({SERVER_HELP}; none with --unix), then mbox files, Maildirs, .eml files, "
        "folders of .eml and .mbox files",
    )
    add_connection(parser)
    parser.add_argument(
        "--from", dest="sender", metavar="ADDRESS", help="envelope sender; else from the header"
    )
    parser.add_argument(
        "--to",
        action="append",
        metavar="ADDRESS",
        help="envelope recipient, repeatable; else from the header",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Send, report, and say by the exit code whether all is well."""
    arguments.server, *paths = arguments.words if arguments.unix is None else [None, *arguments.words]
    if not paths:
        raise smtpipe.MisuseError("paths: say where to send to and what to send")
    arguments.paths = paths
    source = _Source(arguments, screen)
    counts = source.counts
    began = time.monotonic()
    with open_client(arguments, show_line if arguments.trace else None) as client:
        with screen.progress("sending", None) as bar:
            try:
                for outcome in client.send_all(source):
                    _report(outcome, source.labels.pop(outcome.ticket, "?"), screen)
                    counts[outcome.status] += 1
                    bar.advance()
            except smtpipe.SessionError as error:
                # Its outcomes are all out; what was not drawn has none.
                screen.problem(f"the rest was not tried: {error}")
                counts["session lost"] += 1
        stats, level = client.stats, client.level
    elapsed = time.monotonic() - began
    told = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in sorted(counts.items()))
    screen.line(
        f"{told or 'nothing to send'}; {elapsed:.2f} s, {stats.round_trips} round trips, level {level}"
    )
    return 0 if set(counts) <= {"delivered"} else 1


class _Source:
    """The mail to send; what can't be sent is reported and left out."""

    def __init__(self, arguments: argparse.Namespace, screen: Screen) -> None:
        self.counts: Counter[str] = Counter()
        self.labels: dict[int, str] = {}
        self._arguments = arguments
        self._screen = screen

    def __iter__(self) -> Iterator[smtpipe.Message]:
        # A client numbers its tickets from 1 in the order in which messages are drawn.
        ticket = 0
        for mail in read(self._arguments.paths):
            try:
                sender, recipients = mail.envelope(self._arguments.sender, self._arguments.to)
                message = smtpipe.Message(sender, recipients, without_bcc(mail.content))
            except smtpipe.MisuseError as error:
                self.counts["not sendable"] += 1
                self._screen.problem(f"{mail.label}: not sendable: {error}")
                continue
            ticket += 1
            self.labels[ticket] = mail.label
            yield message


def _report(outcome: smtpipe.Outcome, label: str, screen: Screen) -> None:
    if outcome.status == smtpipe.Status.DELIVERED:
        return
    screen.problem(f"{label}: {outcome.status.replace('_', ' ')}: {outcome.reason or outcome.reply}")
    if outcome.status == smtpipe.Status.PARTIAL:
        for recipient in outcome.recipients:
            if recipient.status != smtpipe.Status.DELIVERED:
                screen.problem(f"{label}: {recipient.address}: {recipient.reply}")

"""`send`: mail from disk to a server, with a line for every message that wasn't delivered."""

from __future__ import annotations

import mailbox
import time
from collections import Counter
from typing import TYPE_CHECKING

import smtpipe
from smtpipe._email import is_international
from smtpipe.cli.common import SERVER_HELP, add_connection, open_client, show_line
from smtpipe.cli.sources import read, require, without_bcc

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from smtpipe.cli.screen import Screen
    from smtpipe.cli.sources import Mail

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
    parser.add_argument(
        "--8bit-headers",
        dest="eight_bit_headers",
        action="store_true",
        help="send mail with UTF-8 in its header to a server that doesn't offer SMTPUTF8, too, as older "
        "software does; RFC 6531 forbids it",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Send, report, and say by the exit code whether all is well."""
    arguments.server, *paths = arguments.words if arguments.unix is None else [None, *arguments.words]
    if not paths:
        raise smtpipe.MisuseError("paths: say where to send to and what to send")
    arguments.paths = paths
    _check(arguments)
    began = time.monotonic()
    with open_client(arguments, show_line if arguments.trace else None) as client:
        source = _Source(arguments, screen, client)
        counts = source.counts
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


def _check(arguments: argparse.Namespace) -> None:
    """What is wrong with the call itself is said before anything is connected to."""
    require(arguments.paths)
    if arguments.sender is not None:
        smtpipe.Message(arguments.sender, "postmaster", b"")
    if arguments.to:
        smtpipe.Message("", arguments.to, b"")


class _Source:
    """The mail to send; what can't be read or sent is reported and left out."""

    def __init__(self, arguments: argparse.Namespace, screen: Screen, client: smtpipe.Client) -> None:
        self.counts: Counter[str] = Counter()
        self.labels: dict[int, str] = {}
        self._arguments = arguments
        self._screen = screen
        self._client = client

    def __iter__(self) -> Iterator[smtpipe.Message]:
        # A client numbers its tickets from 1 in the order in which messages are drawn.
        ticket = 0
        for mail in self._read():
            try:
                sender, recipients = mail.envelope(self._arguments.sender, self._arguments.to)
                content = without_bcc(mail.content)
                message = smtpipe.Message(sender, recipients, content, utf8_headers=self._asks_utf8(content))
            except smtpipe.MisuseError as error:
                self.counts["not sendable"] += 1
                self._screen.problem(f"{mail.label}: not sendable: {error}")
                continue
            ticket += 1
            self.labels[ticket] = mail.label
            yield message

    def _read(self) -> Iterator[Mail]:
        """The mail of each path; one that fails in the middle keeps nobody from the others."""
        for path in self._arguments.paths:
            try:
                yield from read([path])
            except (OSError, mailbox.Error, KeyError) as error:
                self.counts["not readable"] += 1
                self._screen.problem(f"{path}: not readable: {getattr(error, 'strerror', None) or error}")

    def _asks_utf8(self, content: bytes) -> bool:
        """As `Message.from_email` asks, unless it was said that the mail is to go without."""
        may_go_without = self._arguments.eight_bit_headers and "SMTPUTF8" not in self._client.capabilities
        return not may_go_without and is_international(content)


def _report(outcome: smtpipe.Outcome, label: str, screen: Screen) -> None:
    if outcome.status == smtpipe.Status.DELIVERED:
        return
    screen.problem(f"{label}: {outcome.status.replace('_', ' ')}: {outcome.reason or outcome.reply}")
    if outcome.status == smtpipe.Status.PARTIAL:
        for recipient in outcome.recipients:
            if recipient.status != smtpipe.Status.DELIVERED:
                screen.problem(f"{label}: {recipient.address}: {recipient.reply}")

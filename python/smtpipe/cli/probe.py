"""`probe`: what a server offers, and which level it earns.

What is offered costs one connection. What is earned can only be found with mail, so that is asked for: the
address of somebody who doesn't mind a few test messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import smtpipe
from smtpipe.cli.common import SERVER_HELP, add_connection, open_client, positive, show_line

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from smtpipe.cli.screen import Screen

__all__ = ["add_parser", "offered_level", "run"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "probe",
        allow_abbrev=False,  # --password would be --password-file, and show what it is not to
        help="show what a server offers and which level it earns",
        description="Show what a server offers. With --to, send test messages and show which level it earns.",
    )
    parser.add_argument("server", nargs="?", help=SERVER_HELP)
    add_connection(parser)
    parser.add_argument("--to", metavar="ADDRESS", help="who gets the test messages")
    parser.add_argument(
        "--from", dest="sender", default="", metavar="ADDRESS", help="their sender; empty by default"
    )
    parser.add_argument("--count", type=positive, default=40, help="how many test messages (40)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Connect, show, and try if asked to."""
    heard = _Heard(show=arguments.trace)
    with open_client(arguments, heard) as client:
        offer = client.capabilities
        rows = [[keyword, params] for keyword, params in offer.items()]
        screen.table(
            f"{offer.domain or arguments.server or arguments.unix} offers", ["keyword", "value"], rows, left=2
        )
        screen.line()
        for name, value in _security(client, heard, arguments):
            screen.line(f"{name + ':':18}{value}")
        allowed = offered_level(offer)
        screen.line(f"{'its offer allows:':18}{allowed}")
        if arguments.to is None:
            screen.line("what it earns is found by sending: --to ADDRESS sends a few test messages")
            return 0
        message = smtpipe.Message(arguments.sender, arguments.to, _test_message(arguments))
        refused = None
        with screen.progress("trying", arguments.count) as bar:
            for outcome in client.send_all([message] * arguments.count):
                bar.advance()
                if outcome.status != "delivered":
                    refused = outcome
        stats = client.stats
        screen.line(f"{'it earned:':18}{client.level}")
        screen.line(
            f"{stats.messages} messages, {stats.delivered} delivered, {stats.round_trips} round trips, "
            f"{stats.connections} connections, {stats.downgrades} failed trials"
        )
        if refused is not None:
            screen.problem(f"not delivered: {refused.reason or refused.reply}")
            return 1
    return 0


class _Heard:
    """What of the dialogue the client forgets: AUTH as offered before STARTTLS (RFC 3207 section 4.2)."""

    def __init__(self, *, show: bool) -> None:
        self.mechanisms: str | None = None
        self._show = show
        self._over = False

    def __call__(self, direction: str, line: bytes) -> None:
        if self._show:
            show_line(direction, line)
        if direction == "sent":
            self._over |= line.upper() == b"STARTTLS"
        elif not self._over and line[:3] == b"250":
            keyword, _, mechanisms = line[4:].decode("ascii", "replace").partition(" ")
            if keyword.upper() == "AUTH":
                self.mechanisms = mechanisms


def _security(
    client: smtpipe.Client, heard: _Heard, arguments: argparse.Namespace
) -> Iterator[tuple[str, str]]:
    """What is known of TLS and AUTH, a line each."""
    offer, tls, none = client.capabilities, client.tls, "not offered"
    if tls is not None:
        yield "TLS", f"{tls.version} {tls.cipher}"
        if arguments.tls != "implicit":
            yield "AUTH in clear", heard.mechanisms or none
        yield "AUTH over TLS", offer.get("AUTH") or none
    else:
        if arguments.tls != "none":
            yield "TLS", none
        elif "STARTTLS" in offer:
            yield "TLS", "offered; --tls required shows what is behind it"
        yield "AUTH in clear", offer.get("AUTH") or none
    if arguments.user is not None:
        yield "logged in", arguments.user


def offered_level(offer: smtpipe.Capabilities) -> smtpipe.Level:
    """The highest level that the keywords allow, if the server is as good as its word."""
    if "PIPELINING" not in offer:
        return smtpipe.Level.LOCKSTEP
    if "CHUNKING" in offer and "SIZE" in offer:
        return smtpipe.Level.STREAMING
    return smtpipe.Level.CONTINUOUS


def _test_message(arguments: argparse.Namespace) -> bytes:
    lines = [
        f"From: <{arguments.sender or 'MAILER-DAEMON'}>",
        f"To: <{arguments.to}>",
        "Subject: smtpipe probe",
        "Auto-Submitted: auto-generated",
        "",
        "This message was sent to find out how far this server can be pipelined to.",
        "",
    ]
    return "\r\n".join(lines).encode()

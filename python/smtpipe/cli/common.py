"""What the commands have in common: arguments that say where to connect, and reading them."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

import smtpipe
from smtpipe.cli import secure
from smtpipe.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Callable

SERVER_HELP = "HOST, HOST:PORT or [IPv6]:PORT; port 25 by default"

__all__ = [
    "SERVER_HELP",
    "add_connection",
    "host_and_port",
    "open_client",
    "positive",
    "seconds",
    "show_line",
]


def add_connection(parser: argparse.ArgumentParser) -> None:
    """The arguments of a connection, but for the server itself."""
    group = parser.add_argument_group("connection")
    group.add_argument("--unix", metavar="PATH", help="a unix socket instead of a server")
    group.add_argument("--lmtp", action="store_true", help="speak LMTP (port 24 by default)")
    group.add_argument("--local-name", metavar="NAME", help="the name to greet the server with")
    group.add_argument(
        "--level",
        default="auto",
        help="auto (default), a level known to work (lockstep, group, continuous, streaming), or '<=LEVEL'",
    )
    group.add_argument(
        "--window", type=positive, default=100, help="most messages in flight, 0: no limit (100)"
    )
    group.add_argument("--timeout", type=seconds, help="seconds to wait for any one thing")
    group.add_argument("--trace", action="store_true", help="show the dialogue on standard error")
    secure.add_arguments(parser)


def open_client(
    arguments: argparse.Namespace, trace: Callable[[str, bytes], object] | None
) -> smtpipe.Client:
    """Connect as the arguments say."""
    host, port = None, 25
    if arguments.unix is None:
        if arguments.server is None:
            raise MisuseError("server: say where to connect to")
        default = 24 if arguments.lmtp else 465 if arguments.tls == "implicit" else 25
        host, port = host_and_port(arguments.server, default)
    return smtpipe.connect(
        host,
        port,
        unix_path=arguments.unix,
        local_name=arguments.local_name,
        level=arguments.level,
        max_in_flight=arguments.window,
        timeout=arguments.timeout,
        trace=trace,
        lmtp=arguments.lmtp,
        **secure.options(arguments),
    )


def host_and_port(text: str, default: int) -> tuple[str, int]:
    """`"host"`, `"host:25"`, `"[::1]"`, `"[::1]:25"`, or a bare IPv6 address."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
        if not bracket or (rest and not rest.startswith(":")):
            raise MisuseError(f"server: {text!r} has an unclosed bracket")
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if not port:
        return host, default
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise MisuseError(f"server: {port!r} is no port")
    return host, int(port)


def positive(text: str) -> int:
    """An argument that counts something."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def seconds(text: str) -> float:
    """An argument that is a time in seconds."""
    value = float(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return value


def show_line(direction: str, line: bytes) -> None:
    """What `--trace` shows of the dialogue."""
    mark = "C:" if direction == "sent" else "S:"
    print(mark, line.decode("utf-8", "backslashreplace"), file=sys.stderr)

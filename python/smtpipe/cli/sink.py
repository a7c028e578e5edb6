"""`sink`: a mail server to try things against, until it is interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import smtpipe
from smtpipe.cli.common import positive, seconds

if TYPE_CHECKING:
    import argparse

    from smtpipe.cli.screen import Screen

__all__ = ["add_parser", "run"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The command's arguments."""
    parser = commands.add_parser(
        "sink",
        help="run a mail server that keeps or counts what it gets",
        description="Run a mail server that accepts everything and delivers nothing. Ctrl-C ends it.",
    )
    parser.add_argument("port", nargs="?", type=positive, default=2525, help="port (2525; 0: any free one)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    parser.add_argument("--unix", metavar="PATH", help="listen on a unix socket instead")
    parser.add_argument("--lmtp", action="store_true", help="speak LMTP")
    parser.add_argument(
        "--rtt", type=seconds, default=0.0, metavar="SECONDS", help="round-trip time to simulate"
    )
    parser.add_argument(
        "--bandwidth", type=positive, metavar="BYTES", help="bytes per second each way to simulate"
    )
    parser.add_argument(
        "--imitate", metavar="SERVER", help="take on the habits of postfix, exim, haraka, courier, ..."
    )
    parser.add_argument(
        "--save", type=Path, metavar="FOLDER", help="write each message to FOLDER as NUMBER.eml"
    )
    parser.add_argument("--stop-after", type=positive, metavar="N", help="stop by itself after N messages")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, screen: Screen) -> int:
    """Listen, and say what came."""
    if arguments.save is not None:
        arguments.save.mkdir(parents=True, exist_ok=True)
    sink = smtpipe.Sink(
        arguments.port,
        host=arguments.host,
        unix_path=arguments.unix,
        lmtp=arguments.lmtp,
        rtt=arguments.rtt,
        bandwidth=arguments.bandwidth,
        keep=arguments.save is not None,
        imitate=arguments.imitate,
    )
    with sink:
        where = arguments.unix or f"{arguments.host}:{sink.port}"
        screen.line(f"listening on {where}; Ctrl-C ends it")
        saved = 0
        try:
            with screen.progress("messages", arguments.stop_after) as bar:
                seen = 0
                while not arguments.stop_after or seen < arguments.stop_after:
                    sink.wait(seen + 1, timeout=1)
                    count = sink.stats.messages
                    bar.advance(count - seen)
                    seen = count
                    saved = _save(sink, arguments.save, saved)
        except KeyboardInterrupt:
            pass
        _save(sink, arguments.save, saved)
        stats = sink.stats
    screen.line(
        f"{stats.connections} connections, {stats.messages} messages, {stats.recipients} recipients, "
        f"{stats.bytes_in} bytes in, {stats.bytes_out} bytes out"
    )
    return 0


def _save(sink: smtpipe.Sink, folder: Path | None, saved: int) -> int:
    if folder is not None:
        for message in sink.take_messages():
            saved += 1
            (folder / f"{saved:06}.eml").write_bytes(message.content)
    return saved

"""`python -m smtpipe`: demo, send, probe and sink.

Only this folder knows arguments, terminals and exit codes.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from smtpipe import __version__
from smtpipe.cli import demo, probe, send, sink
from smtpipe.cli.screen import Screen
from smtpipe.errors import MisuseError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

_COMMANDS = (demo, send, probe, sink)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: done; 1: something failed; 2: the call was wrong; 130: interrupted.
    """
    arguments = _parse(argv)
    screen = Screen(plain=arguments.plain)
    try:
        code: int = arguments.run(arguments, screen)
    except KeyboardInterrupt:
        screen.problem("interrupted")
        return 130
    except MisuseError as error:
        screen.problem(str(error))
        return 2
    except BrokenPipeError:
        # Whoever read our output has had enough; flushing at exit must not fail again.
        sys.stdout = None
        return 1
    except OSError as error:
        screen.problem(str(error))
        return 1
    return code


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _parser()
    arguments, rest = parser.parse_known_args(argv)
    # argparse ends a list of words at the next option and doesn't take it up again.
    if rest and not (hasattr(arguments, "words") and all(not word.startswith("-") for word in rest)):
        # Not what stands behind an option: somebody may have meant it for a password.
        options = [word.partition("=")[0] for word in rest if word.startswith("-")]
        parser.error(f"unrecognized arguments: {' '.join(options or rest)}")
    if rest:
        arguments.words += rest
    return arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m smtpipe",
        description="Mail at the speed of the wire instead of the speed of the round trip.",
    )
    parser.add_argument("--version", action="version", version=f"smtpipe {__version__}")
    parser.add_argument(
        "--plain", action="store_true", help="no colours and progress bars, even on a terminal"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser

"""Where the commands' output goes: rich's tables and bars on a terminal, plain lines anywhere else.

rich is an optional extra. Without it everything works and looks plainer, and a terminal's user is told once
what to install.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.progress import Progress, TaskID

__all__ = ["Bar", "Screen"]


class Bar(Protocol):
    """A progress bar, or the lack of one."""

    def advance(self, count: int = 1) -> None:
        """So many more are done."""


class Screen:
    """Standard output for results, standard error for problems."""

    def __init__(self, *, plain: bool = False) -> None:
        wanted = not plain and sys.stdout.isatty()
        found = importlib.util.find_spec("rich") is not None
        self._rich = wanted and found
        if wanted and not found:
            self.problem("progress bars need the package rich: pip install 'smtpipe[cli]'")

    def line(self, text: str = "") -> None:
        """A line of output."""
        print(text, flush=True)

    def problem(self, text: str) -> None:
        """A line for whoever has to do something about it."""
        print(f"smtpipe: {text}", file=sys.stderr, flush=True)

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1
    ) -> None:
        """A table; its first `left` columns are text, the others figures."""
        if self._rich:
            from rich.console import Console
            from rich.table import Table

            table = Table(title=title, title_justify="left")
            for index, column in enumerate(columns):
                table.add_column(column, justify="left" if index < left else "right")
            for row in rows:
                table.add_row(*row)
            Console().print(table)
            return
        widths = [max(len(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
        self.line(title)
        for row in (columns, ["-" * width for width in widths], *rows):
            cells = [
                cell.ljust(width) if index < left else cell.rjust(width)
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            self.line("  " + "  ".join(cells).rstrip())

    @contextlib.contextmanager
    def progress(self, text: str, total: int | None) -> Iterator[Bar]:
        """A bar while something runs. Where there is no terminal, one line says what runs."""
        if not self._rich:
            self.line(text)
            yield _NoBar()
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, transient=True) as progress:
            task = progress.add_task(text, total=total)
            yield _RichBar(progress, task)


class _NoBar:
    def advance(self, count: int = 1) -> None:
        pass


class _RichBar:
    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, count: int = 1) -> None:
        self._progress.advance(self._task, count)

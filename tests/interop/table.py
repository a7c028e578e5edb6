"""docs/interop.md: what a run with the real servers came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "docs" / "interop.md"

HEAD = """\
# Real servers

Written by `make interop`, which runs `tests/interop/test_interop.py`: each server is unpacked from its own package, started
on loopback, and gets {count} varied messages over one connection, `auto` at first contact, from the Python package and
from a C program. Some recipients, senders and whole messages in mid-stream are refused. Checked for every message: the
outcome and each recipient's, the sender it was stored under, that it was stored once for each accepted recipient, and the
content, byte for byte behind the trace headers that the server put in front.

| server | offers | level earned | driver | delivered | partial | refused | round trips | content |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


@dataclass
class Row:
    server: str
    offers: str
    level: str
    driver: str
    statuses: dict[str, int]
    round_trips: int
    content: str


@dataclass
class Table:
    rows: list[Row] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self.rows.append(row)

    def write(self) -> None:
        count = max((sum(row.statuses.values()) for row in self.rows), default=0)
        lines = [
            f"| {row.server} | {row.offers} | `{row.level}` | {row.driver} | {row.statuses.get('delivered', 0)} | "
            f"{row.statuses.get('partial', 0)} | {row.statuses.get('refused', 0)} | {row.round_trips} | {row.content} |\n"
            for row in self.rows
        ]
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(HEAD.format(count=count) + "".join(lines))

"""`make bench`: measures everything side by side in one run, prints it, and writes benches/RESULTS.md."""

from __future__ import annotations

import datetime
import os
import platform
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import harness
import rows
from mta import SmtpSink

OUT = Path(__file__).resolve().parent / "RESULTS.md"

#: Why a figure is missed, for those that are known to be; printed only where the run has missed it.
REASONS: dict[str, str] = {}

HEAD = """\
# Figures

Written by `make bench`. All senders ran in turn in one run, each in a process of its own, to the same server: this
project's sink, in another process and on another core, which counts what it gets. Times are the wall clock from before the connection to
after the last outcome; processor time is that of the sender alone (getrusage). Ratios are taken round by round; a value is
the median, with the lowest and the highest of its rounds behind it.

{machine}

| no. | figure | measured | |
| --- | --- | --- | --- |
"""


def machine() -> str:
    cpu = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        platform.processor() or "unknown",
    )
    rust = (harness.BENCHES / "peers/rust/Cargo.lock").read_text().split("[[package]]\n")
    crates = {
        name: version for name, version in (entry.split('"')[1:4:2] for entry in rust if '"' in entry) if name in ("lettre", "mail-send")
    }
    debian = {
        package: harness.version(["dpkg-query", "-W", "-f=${Version}", package]) for package in ("libcurl4-openssl-dev", "libesmtp-dev")
    }
    postfix = next(
        (p.name.split("_")[1] for p in (SmtpSink().root.parent.parent / "debs/smtp-sink").glob("postfix_*.deb")),
        "not there",
    )
    lines = {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{cpu}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "compilers": f"{harness.version(['rustc', '--version'])}; {harness.version(['cc', '--version'])}",
        "smtpipe": metadata.version("smtpipe"),
        "others": f"smtplib of Python {platform.python_version()}, aiosmtplib {metadata.version('aiosmtplib')}, "
        f"libcurl {debian['libcurl4-openssl-dev']}, libESMTP {debian['libesmtp-dev']}, Postfix {postfix}, "
        + ", ".join(f"{name} {version}" for name, version in crates.items()),
    }
    return "\n".join(f"- {key}: {value}" for key, value in lines.items())


def main() -> None:
    senders = harness.build()
    harness.pin(harness.SENDER_CPU)
    measured: list[rows.Row] = []

    def take(row: rows.Row) -> None:
        measured.append(row)
        print(f"{row.number}  {'met   ' if row.met else 'MISSED'}  {row.measured}   [{row.figure}]", flush=True)

    take(rows.p1(senders))
    take(rows.p2(senders))
    print("loopback ...", flush=True)
    loopback = rows.Loopback.measure(senders)
    steps: list[Callable[[], rows.Row]] = [
        lambda: rows.p3(loopback),
        lambda: rows.p4(loopback),
        lambda: rows.p5(loopback),
        rows.p6,
        lambda: rows.p7(loopback),
        lambda: rows.p8(senders),
        rows.p9,
        rows.t1,
        rows.t2,
    ]
    for step in steps:
        take(step())
    OUT.write_text(HEAD.format(machine=machine()) + "".join(line(row) for row in measured) + "".join(map(details, measured)))
    print(f"written to {OUT.relative_to(harness.ROOT)}")


def line(row: rows.Row) -> str:
    return f"| {row.number} | {row.figure} | {row.measured} | {'reached' if row.met else '**missed**'} |\n"


def details(row: rows.Row) -> str:
    text = f"\n## {row.number}\n"
    if not row.met:
        text += f"\nMissed: {REASONS.get(row.number, 'no reason is known yet.')}\n"
    if row.note:
        text += f"\n{row.note}\n"
    if row.table:
        text += f"\n| {' | '.join(row.head)} |\n|{' --- |' * len(row.head)}\n"
        text += "".join(f"| {' | '.join(cells)} |\n" for cells in row.table)
    return text


if __name__ == "__main__":
    main()

"""Builds the benchmark's programs, starts the sink, runs one sender, and sums repeated runs up."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BENCHES = ROOT / "benches"
BUILD = ROOT / "build" / "bench"
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target") / "release"
sys.path.insert(0, str(ROOT / "tests" / "interop"))

from mta import SmtpSink, Unavailable, unavailable  # noqa: E402

#: A run that takes longer than this hangs.
PATIENCE = 300.0

#: Where a sender runs, and where the sink does: a scheduler that moves them about is most of the noise there is.
SENDER_CPU, SINK_CPU = 0, 1


def pin(cpu: int, pid: int = 0) -> None:
    """Keeps a process, and those that it starts from now on, on one core, where there are two."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > SINK_CPU:
        os.sched_setaffinity(pid, {cpu})


@dataclass
class Sender:
    """A program that sends: called as COMMAND HOST PORT MESSAGES RECIPIENTS FILE."""

    name: str
    command: list[str]
    #: what follows FILE
    extra: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, port: int, messages: int, recipients: int, size: int) -> dict[str, Any]:
        arguments = ["127.0.0.1", str(port), str(messages), str(recipients), str(BUILD / f"{size}.eml"), *self.extra]
        output = checked([*self.command, *arguments], self.environment)
        result: dict[str, Any] = json.loads(output)
        assert result["accepted"] == messages, f"{self.name}: {result}"
        return result


class SmtpSource(Sender):
    """Postfix's load generator: has no line of results, so it is timed from outside, its start included."""

    def run(self, port: int, messages: int, recipients: int, size: int) -> dict[str, Any]:
        command = [*self.command, "-d", "-s", "1", "-m", str(messages), "-r", str(recipients), "-l", str(size)]
        command += ["-f", "sender@a.test", "-t", "r@b.test", f"127.0.0.1:{port}"]
        began = time.monotonic()
        process = subprocess.Popen(command, env={**os.environ, **self.environment})
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, f"{self.name}: exit {process.returncode}"
        return {
            "messages": messages,
            "accepted": messages,
            "seconds": time.monotonic() - began,
            "cpu": usage.ru_utime + usage.ru_stime,
        }


class Sink:
    """The project's own sink in a process of its own; counts what it gets."""

    def __init__(self, *options: str) -> None:
        self.options = options
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> int:
        self.process = subprocess.Popen(
            [str(TARGET / "bench-sink"), *self.options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        pin(SINK_CPU, self.process.pid)
        return int(self.process.stdout.readline())

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.communicate()


@dataclass
class Spread:
    """Several measurements of one thing: the median, and how far they lie apart."""

    values: list[float]

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        return cls(sorted(values))

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def show(self, form: str = "{:.2f}") -> str:
        low, high = self.values[0], self.values[-1]
        return f"{form.format(self.median)} ({form.format(low)} to {form.format(high)})"


def checked(command: list[str], environment: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    result = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=None if environment is None else PATIENCE,
        check=False,
    )
    if result.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{result.stdout[-2000:]}{result.stderr[-3000:]}")
    return result.stdout


def build() -> dict[str, Sender]:
    """Everything that is measured, by name. What can't be had here is left out, and says why."""
    BUILD.mkdir(parents=True, exist_ok=True)
    print("building the library, the senders and the sink ...", flush=True)
    checked(["make", "-s", "lib"])
    checked(["cargo", "build", "--release", "--locked", "-q", "-p", "smtpipe-bench"])
    for size in (2048, 65536):
        content = subprocess.run([TARGET / "bench-content", str(size)], capture_output=True, check=True).stdout
        (BUILD / f"{size}.eml").write_bytes(content)
    compile_c("bare.c")
    compile_c("smtpipe.c", "-Iinclude", str(TARGET / "libsmtpipe.a"), "-lpthread", "-ldl", "-lm")
    peers = BENCHES / "peers"
    checked(["cargo", "build", "--release", "--locked", "-q"], cwd=peers / "rust")
    senders = [
        Sender("bare loop", [str(BUILD / "bare"), "transactions"]),
        Sender("bare copy", [str(BUILD / "bare"), "copy"]),
        Sender("smtpipe, C", [str(BUILD / "smtpipe")]),
        Sender("smtpipe, Python", [sys.executable, str(peers / "smtpipe_peer.py")]),
        Sender("smtpipe, Rust", [str(TARGET / "bench-queue")]),
        Sender("smtplib", [sys.executable, str(peers / "smtplib_peer.py")]),
        Sender("aiosmtplib", [sys.executable, str(peers / "aiosmtplib_peer.py")]),
        Sender("lettre", [str(peers / "rust/target/release/lettre")]),
        Sender("mail-send", [str(peers / "rust/target/release/mail-send")]),
    ]
    for name, package in (("libcurl", "libcurl4-openssl-dev"), ("libesmtp", "libesmtp-dev")):
        if subprocess.run([ROOT / "scripts/packages.sh", package], check=False).returncode == 0:
            compile_c(f"peers/{name}.c", f"-l{name.removeprefix('lib')}")
            senders.append(Sender("libESMTP" if name == "libesmtp" else name, [str(BUILD / name)]))
    return {sender.name: sender for sender in [*senders, *smtp_source()]}


def smtp_source() -> list[Sender]:
    why = unavailable()
    try:
        postfix = SmtpSink()
        if why is None:
            postfix.fetch()
    except Unavailable as problem:
        why = str(problem)
    if why:
        print(f"smtp-source is left out: {why}")
        return []
    libraries = f"{postfix.root}/usr/lib/postfix:{postfix.root}/usr/lib/x86_64-linux-gnu"
    return [SmtpSource("smtp-source", [str(postfix.root / "usr/sbin/smtp-source")], [], {"LD_LIBRARY_PATH": libraries})]


def compile_c(source: str, *more: str) -> None:
    out = BUILD / Path(source).stem
    checked(["cc", "-std=gnu99", "-O2", "-Wall", "-Wextra", str(BENCHES / source), "-o", str(out), *more])


def version(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip().splitlines()[0]
    except (OSError, IndexError):
        return "not there"

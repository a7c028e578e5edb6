#!/usr/bin/env python3
"""Runs the project's suites and counts what they ran: suites.py tests|checks.

Each suite is a command; its output passes through, and the closing lines of the known runners are added up. A suite
that cannot run here says why and what would help, and counts as skipped; with SMTPIPE_NO_SKIP=1 that is a failure. The
totals of all calls since `suites.py begin` stand in build/suites.json; `suites.py total` prints them as the last line.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOTALS = ROOT / "build" / "suites.json"
STRICT = os.environ.get("SMTPIPE_NO_SKIP") == "1"
BIN = ROOT / ".venv" / "bin"
TOOLS = ["scripts", "benches", "tests/interop", "tests/torture", "tests/gssapi"]
#: what the feature `gssapi` is built with: the library with its headers, and what reads them
KERBEROS = ("libkrb5-dev", "pkg-config", "clang")
AWS_LC_RS = ["-p", "smtpipe", "--no-default-features", "--features", "aws-lc-rs,self-signed"]
FUZZ = ["--manifest-path", "fuzz/Cargo.toml"]

CLOSING_LINES = (
    # cargo nextest: Summary [ 1.2s] 10 tests run: 9 passed (1 slow), 1 failed, 2 skipped
    re.compile(r"^\s*Summary \[.*\] .*tests? run: (?P<counts>.*)$"),
    # cargo test: test result: ok. 3 passed; 0 failed; 1 ignored; ...
    re.compile(r"^test result: \w+\. (?P<counts>.*)$"),
    # pytest: === 3 passed, 1 skipped in 0.12s ===
    re.compile(r"^=* ?(?P<counts>\d+ (?:passed|failed|skipped|error|xfailed|deselected).*) in [\d.]+s"),
    # a plain one: 3 passed, 0 failed, 1 skipped
    re.compile(r"^(?P<counts>\d+ passed, \d+ failed(?:, \d+ skipped)?)$"),
)
COUNT = re.compile(r"(\d+) (passed|failed|skipped|ignored|errors?)\b")
ANSI = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Suite:
    """A command, and the reason why it can't run, if there is one."""

    name: str
    command: list[str]
    needs: Callable[[], str | None] = lambda: None
    #: whether its output has closing lines to count; else the suite counts as one
    counts: bool = True


def packages(*names: str) -> Callable[[], str | None]:
    """A need for Debian packages, installed where that is possible."""

    def need() -> str | None:
        found = subprocess.run([ROOT / "scripts/packages.sh", *names], stdout=subprocess.PIPE, text=True, check=False)
        return found.stdout.strip() or f"{' '.join(names)}: not installed" if found.returncode else None

    return need


def servers() -> str | None:
    """A need for root, namespaces and overlayfs: what the real servers run in."""
    sys.path.insert(0, str(ROOT / "tests/interop"))
    from mta import unavailable

    return unavailable()


def realm() -> str | None:
    """A need for a server with a KDC, and for a build that can ask them."""
    return packages(*KERBEROS)() or servers()


def fuzzer() -> str | None:
    """A need for libFuzzer: a C++ compiler, and a rustc that can count what code is reached."""
    import fuzz

    return packages("g++")() or fuzz.unavailable()


def cargo_test() -> list[str]:
    """nextest where it is there; cargo's own runner otherwise."""
    if shutil.which("cargo-nextest"):
        return ["cargo", "nextest", "run", "--locked", "--no-fail-fast", "-p", "smtpipe"]
    return ["cargo", "test", "--locked", "--no-fail-fast", "-p", "smtpipe", "--lib", "--tests"]


def tests() -> list[Suite]:
    """What `make test` runs."""
    pytest = [str(BIN / "python"), "-m", "pytest", "-q"]
    return [
        Suite("rust", cargo_test()),
        Suite("rust documentation", ["cargo", "test", "--locked", "--doc", "-p", "smtpipe"]),
        # The other library for the cryptography: what differs is TLS. Most of the time goes into compiling that library.
        Suite("aws-lc-rs", ["cargo", "test", "--locked", *AWS_LC_RS, "--test", "tls"]),
        Suite("fuzz corpus", ["cargo", "test", "--locked", *FUZZ, "--test", "corpus"]),
        Suite("fuzz", [sys.executable, "scripts/fuzz.py", "20"], fuzzer),
        Suite(
            "c",
            ["make", "test-c"],
            packages("g++", "pkg-config", "cmake", "valgrind", "libsasl2-dev", "libsasl2-modules", "libssl-dev"),
        ),
        Suite("python", [*pytest, "python/tests"]),
        Suite("cut", [*pytest, "-s", "tests/torture"]),
        Suite("interop", [*pytest, "tests/interop"], servers),
        Suite("gssapi", [*pytest, "tests/gssapi"], realm),
    ]


def checks() -> list[Suite]:
    """What `make lint` runs."""
    return [
        Suite("rustfmt", ["cargo", "fmt", "--all", "--check"], counts=False),
        Suite("rustfmt, fuzz", ["cargo", "fmt", *FUZZ, "--check"], counts=False),
        Suite(
            "clippy",
            ["cargo", "clippy", "--locked", "--workspace", "--all-targets", "-q", "--", "-D", "warnings"],
            counts=False,
        ),
        Suite(
            "clippy, gssapi",
            ["cargo", "clippy", "--locked", "-p", "smtpipe", "--features", "gssapi", "-q", "--", "-D", "warnings"],
            packages(*KERBEROS),
            counts=False,
        ),
        Suite(
            "clippy, fuzz",
            ["cargo", "clippy", *FUZZ, "--tests", "-q", "--", "-D", "warnings"],
            counts=False,
        ),
        Suite(
            "rustdoc",
            [
                "env",
                "RUSTDOCFLAGS=-D warnings",
                "cargo",
                "doc",
                "--locked",
                "--no-deps",
                "-q",
                "-p",
                "smtpipe",
                "-p",
                "smtpipe-capi",
            ],
            counts=False,
        ),
        Suite("ruff", [str(BIN / "ruff"), "check", "-q", "."], counts=False),
        Suite("ruff format", [str(BIN / "ruff"), "format", "-q", "--check", "."], counts=False),
        Suite("mypy", [str(BIN / "mypy")], counts=False),
        Suite("ruff, tools", [str(BIN / "ruff"), "check", "-q", "--config", "scripts/ruff.toml", *TOOLS], counts=False),
        Suite(
            "ruff format, tools",
            [str(BIN / "ruff"), "format", "-q", "--check", "--config", "scripts/ruff.toml", *TOOLS],
            counts=False,
        ),
        Suite("mypy, tools", [str(BIN / "mypy"), "--config-file", "scripts/mypy.ini"], counts=False),
        Suite("header", ["make", "header-check"], counts=False),
        Suite("abi", ["make", "abi-check"], packages("abigail-tools"), counts=False),
    ]


def run(suite: Suite) -> dict[str, int]:
    """Runs one suite; its counts."""
    print(f"\n--- {suite.name}: {' '.join(suite.command)}", flush=True)
    why = suite.needs()
    if why:
        print(f"{'FAILED' if STRICT else 'SKIPPED'} {suite.name}: {why}", flush=True)
        return {"failed": 1} if STRICT else {"skipped": 1}
    began = time.monotonic()
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    process = subprocess.Popen(
        suite.command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None
    for line in process.stdout:
        print(line, end="", flush=True)
        if suite.counts:
            add_counts(ANSI.sub("", line.rstrip()), counts)
    status = process.wait()
    if not suite.counts:
        counts["failed" if status else "passed"] += 1
    elif status and not counts["failed"]:
        counts["failed"] = 1
    elif not status and not counts["passed"]:
        print(f"FAILED {suite.name}: it ran no test")
        counts["failed"] += 1
    if STRICT and counts["skipped"]:
        print(f"FAILED {suite.name}: {counts['skipped']} skipped, and nothing may be (SMTPIPE_NO_SKIP=1)")
        counts["failed"] += 1
    print(f"--- {suite.name}: {time.monotonic() - began:.0f} s, {'FAILED' if counts['failed'] else 'ok'}", flush=True)
    return counts


def add_counts(line: str, counts: dict[str, int]) -> None:
    for pattern in CLOSING_LINES:
        match = pattern.match(line)
        if match:
            for number, word in COUNT.findall(match["counts"]):
                kind = {"ignored": "skipped", "error": "failed", "errors": "failed"}.get(word, word)
                counts[kind] += int(number)
            return


def load() -> dict[str, int]:
    try:
        return dict(json.loads(TOTALS.read_text()))
    except (OSError, ValueError):
        return {"passed": 0, "failed": 0, "skipped": 0}


def main(arguments: list[str]) -> int:
    verb = arguments[0] if arguments else ""
    if verb == "begin":
        TOTALS.unlink(missing_ok=True)
        return 0
    if verb == "total":
        total = load()
        print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
        return 1 if total["failed"] or not total["passed"] else 0
    if verb not in ("tests", "checks"):
        print("usage: suites.py begin|tests|checks|total [SUITE...]", file=sys.stderr)
        return 2
    total, failed = load(), []
    for suite in tests() if verb == "tests" else checks():
        if arguments[1:] and suite.name not in arguments[1:]:
            continue
        counts = run(suite)
        if counts.get("failed"):
            failed.append(suite.name)
        for kind, number in counts.items():
            total[kind] += number
    TOTALS.parent.mkdir(exist_ok=True)
    TOTALS.write_text(json.dumps(total))
    if failed:
        print(f"\nFAILED: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/usr/bin/env python3
"""Fuzzes each target for so many seconds: fuzz.py SECONDS [TARGET...], or fuzz.py --minimise [TARGET...].

libFuzzer, built with the stable compiler: the coverage instrumentation is a pass of LLVM that rustc takes by name, and
libFuzzer itself is compiled by the C++ compiler from the sources in `libfuzzer-sys`. Each target starts from the seeds
(the transcripts) and from fuzz/corpus; what it finds stays in fuzz/target/found, what breaks a promise goes to
fuzz/artifacts. `--minimise` makes fuzz/corpus anew: the smallest set of small inputs that reaches what all of them reach.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FUZZ = ROOT / "fuzz"
CORPUS = FUZZ / "corpus"
FOUND = FUZZ / "target" / "found"
SEEDS = FUZZ / "target" / "seeds"
ARTIFACTS = FUZZ / "artifacts"
TARGETS = sorted(path.stem for path in (FUZZ / "fuzz_targets").glob("*.rs"))

#: What `cargo fuzz --sanitizer none` passes, less what only a nightly compiler takes.
COVERAGE = (
    "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters"
    " -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
)
#: The committed corpus stays small: what an input of more octets reaches, a smaller one can.
LONGEST = {"session_hostile": 1024, "server_session": 1024}
LONGEST_OTHER = 512


def unavailable() -> str | None:
    """Why nothing can be fuzzed here, if so."""
    if not shutil.which("c++"):
        return "libFuzzer needs a C++ compiler: apt-get install g++"
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "probe.rs"
        source.write_text("pub fn probe(n: u8) -> bool { n > 7 }\n")
        command = ["rustc", "--crate-type=lib", "--emit=obj", "-o", f"{scratch}/probe.o", *COVERAGE.split(), str(source)]
        probe = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"this rustc has no coverage instrumentation: {probe.stderr.strip()}" if probe.returncode else None


def build() -> Path:
    """Builds all targets and writes the seeds; where the programs are."""
    host = re.search(r"host: (\S+)", subprocess.check_output(["rustc", "-vV"], text=True))
    assert host is not None
    manifest = ["--manifest-path", str(FUZZ / "Cargo.toml")]
    # Not instrumented: without libFuzzer nobody would count. The build is that of the corpus' test.
    subprocess.run(["cargo", "run", "-q", "--locked", *manifest, "--bin", "seeds", str(SEEDS)], check=True)
    # With a platform named, build scripts and procedural macros are not instrumented either.
    cargo = ["cargo", "build", "-q", "--release", "--locked", *manifest, "--features", "libfuzzer", "--target", host[1]]
    cargo += [option for target in TARGETS for option in ("--bin", target)]
    subprocess.run(cargo, env={**os.environ, "RUSTFLAGS": COVERAGE}, check=True)
    return FUZZ / "target" / host[1] / "release"


def fuzz(program: Path, seconds: int) -> tuple[bool, str]:
    """Runs one target; whether it held, and what to say of it."""
    target = program.name
    found, artifacts = FOUND / target, ARTIFACTS / target
    for directory in (found, artifacts):
        directory.mkdir(parents=True, exist_ok=True)
    run = subprocess.run(
        [
            program,
            f"-max_total_time={seconds}",
            # A change must not fail for what another path through the inputs would have found before it.
            *(["-seed=1"] if os.environ.get("CI") else []),
            f"-max_len={2 * LONGEST.get(target, LONGEST_OTHER)}",
            "-timeout=20",
            "-rss_limit_mb=1024",
            "-print_final_stats=1",
            f"-artifact_prefix={artifacts}/",
            found,
            CORPUS / target,
            SEEDS / target,
        ],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if run.returncode:
        return False, f"{target}: FAILED\n{run.stderr[-6000:]}"
    last = re.findall(r"cov: (\d+) ft: (\d+) corp: (\d+)", run.stderr)[-1]
    runs = re.search(r"number_of_executed_units: (\d+)", run.stderr)
    count = int(runs[1]) if runs else 0
    return True, f"{target}: {count:,} inputs, {last[0]} edges, {last[1]} features, {last[2]} inputs kept"


def minimise(program: Path) -> str:
    """Makes a target's committed corpus anew from all that was found."""
    target = program.name
    with tempfile.TemporaryDirectory() as scratch:
        merged = Path(scratch)
        sources = [path for path in (CORPUS / target, FOUND / target, SEEDS / target) if path.is_dir()]
        longest = f"-max_len={LONGEST.get(target, LONGEST_OTHER)}"
        subprocess.run([program, "-merge=1", "-use_counters=0", longest, merged, *sources], capture_output=True, check=True)
        # What has a name other than its hash was put there by somebody, as a rule because it broke something once.
        kept = [path for path in (CORPUS / target).glob("*") if not re.fullmatch(r"[0-9a-f]{40}", path.name)]
        for path in kept:
            shutil.copy(path, merged)
        shutil.rmtree(CORPUS / target, ignore_errors=True)
        shutil.copytree(merged, CORPUS / target)
    inputs = list((CORPUS / target).iterdir())
    return f"{target}: {len(inputs)} inputs, {sum(path.stat().st_size for path in inputs):,} octets"


def main(arguments: list[str]) -> int:
    if not arguments or any(name not in TARGETS for name in arguments[1:]):
        print(f"usage: fuzz.py SECONDS|--minimise [TARGET...]; the targets are {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    why = unavailable()
    if why:
        print(why)
        return 1
    programs = build()
    chosen = [programs / name for name in arguments[1:] or TARGETS]
    if arguments[0] == "--minimise":
        for program in chosen:
            print(minimise(program), flush=True)
        return 0
    seconds, failed = int(arguments[0]), 0
    with ThreadPoolExecutor(int(os.environ.get("FUZZ_JOBS") or os.cpu_count() or 1)) as pool:
        for held, words in pool.map(lambda program: fuzz(program, seconds), chosen):
            print(words, flush=True)
            failed += not held
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The rows P1 to P9 of DESIGN.md section 9: each measures, and says whether the figure is reached."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from harness import TARGET, Sender, Sink, Spread, checked

Senders = dict[str, Sender]
Runs = dict[str, list[dict[str, Any]]]
RTT = 0.05
REPEATS = 3

#: Messages in flight over loopback. The bare loop knows no window; with ours at its default of 100, what is compared is how often
#: either side has to be woken. That is measured too, as a sender of its own.
WINDOW = "1000"
#: Rounds where the sender is as fast as the machine lets it: its own moods move such a figure by a third.
ROUNDS = 9
OPEN = {"smtpipe, C": ["auto", WINDOW], "smtpipe, Python": ["auto", WINDOW], "smtpipe, Rust": [WINDOW]}
DEFAULT_WINDOW = "smtpipe, C, window of 100"

#: What every client but ours sends at most, over loopback: with one wait for each command more would only take longer.
FEW = 2_000
#: lettre and mail-send leave Nagle's algorithm on and write a message in pieces: 40 ms each.
FEWER = 100


@dataclass
class Row:
    """One figure: what was to be reached, what was measured, and a table of the senders behind it."""

    number: str
    figure: str
    measured: str
    met: bool
    head: tuple[str, ...] = ()
    table: Sequence[tuple[str, ...]] = ()
    note: str = ""


@dataclass
class Loopback:
    """The runs over bare loopback that P3, P4, P5 and P7 look at, taken in turn so that all see the same machine."""

    small: Runs
    large: Runs

    @classmethod
    def measure(cls, senders: Senders) -> Loopback:
        small: Runs = {}
        large: Runs = {}
        senders = {
            **senders,
            DEFAULT_WINDOW: senders["smtpipe, C"],
            **{name: Sender(name, senders[name].command, extra) for name, extra in OPEN.items()},
        }
        counts = dict.fromkeys(("bare loop", *OPEN, DEFAULT_WINDOW), 500_000)
        with Sink() as port:
            for _ in range(ROUNDS):
                for name, count in counts.items():
                    small.setdefault(name, []).append(senders[name].run(port, count, 1, 2048))
                for name in ("bare copy", "smtpipe, C", "smtpipe, Python"):
                    large.setdefault(name, []).append(senders[name].run(port, 50_000, 1, 65536))
            for _ in range(REPEATS):
                for name in set(senders) - set(counts) - {"bare copy"}:
                    count = FEWER if name in ("lettre", "mail-send") else FEW
                    small.setdefault(name, []).append(senders[name].run(port, count, 1, 2048))
        return cls(small, large)


def rate(run: dict[str, Any]) -> float:
    return float(run["messages"] / run["seconds"])


def cost(run: dict[str, Any]) -> float:
    """Microseconds of the client's processor time a message."""
    return float(run["cpu"] / run["messages"] * 1e6)


def ratio(runs: Runs, of: str, to: str, value: Callable[[dict[str, Any]], float]) -> Spread:
    """The ratio in each round; where there are more rounds of one, the medians of the other stand in."""
    other = Spread.of(map(value, runs[to])).median
    pairs = zip(runs[of], runs[to], strict=False) if len(runs[of]) == len(runs[to]) else ((run, None) for run in runs[of])
    return Spread.of(value(mine) / (value(theirs) if theirs else other) for mine, theirs in pairs)


def p1(senders: Senders) -> Row:
    """20 messages, 5 recipients each, 50 ms, no CHUNKING: they only wait, so all run at the same time."""
    names = [name for name in senders if not name.startswith("bare")]
    runs: Runs = {name: [] for name in names}
    with Sink(f"rtt={RTT * 1000:.0f}", "chunking=no") as port, ThreadPoolExecutor(len(names)) as pool:
        for _ in range(REPEATS):
            for name, result in zip(names, pool.map(lambda name: senders[name].run(port, 20, 5, 2048), names), strict=True):
                runs[name].append(result)
    table = []
    for name in sorted(names, key=lambda name: runs[name][0]["seconds"]):
        seconds = Spread.of(run["seconds"] for run in runs[name])
        counted = str(runs[name][-1].get("round_trips", "-"))
        table.append((name, seconds.show("{:.2f} s"), f"{seconds.median / RTT:.0f}", counted))
    ours = runs["smtpipe, C"] + runs["smtpipe, Python"] + runs["smtpipe, Rust"]
    trips, slowest = max(run["round_trips"] for run in ours), max(run["seconds"] for run in ours)
    return Row(
        "P1",
        "at most N + 4 = 24 round trips, 1.2 s",
        f"{trips} round trips, {slowest:.2f} s at most",
        trips <= 24 and slowest / RTT < 25,
        ("sender", "time", "time / RTT", "round trips (its own count)"),
        table,
        "Connecting costs nothing over this simulated distance, for anybody.",
    )


def p2(senders: Senders) -> Row:
    """1,000 messages, one recipient, 50 ms, CHUNKING, window open: at first contact, and known from an earlier one."""
    cases = (
        ("smtpipe, C", "first contact", ["auto", "0"], ""),
        ("smtpipe, Python", "first contact", ["auto", "0"], ""),
        ("smtpipe, Rust", "first contact", ["0", "1"], ""),
        ("smtpipe, C", "level stated", ["streaming", "0"], ""),
        ("smtpipe, Python", "level stated", ["streaming", "0"], ""),
        ("smtpipe, Rust", "peer record", ["0", "2"], ""),
        ("smtpipe, Rust", "early", ["0", "2"], "early=yes"),
    )
    table = []
    worst: dict[str, int] = {}
    for name, contact, extra, option in cases:
        with Sink(f"rtt={RTT * 1000:.0f}", *filter(None, [option])) as port:
            sender = Sender(name, senders[name].command, extra)
            runs = [sender.run(port, 1000, 1, 2048) for _ in range(REPEATS)]
        seconds = Spread.of(run["seconds"] for run in runs)
        trips = max(run["round_trips"] for run in runs)
        worst[contact] = max(worst.get(contact, 0), trips)
        table.append((name, contact, seconds.show("{:.2f} s"), f"{seconds.median / RTT:.1f}", str(trips)))
    known = max(worst["peer record"], worst["level stated"])
    return Row(
        "P2",
        "at most 7 round trips at first contact, 4 with a peer record, 2 with early pipelining",
        f"{worst['first contact']} at first contact, {known} with a peer record, {worst['early']} early",
        worst["first contact"] <= 7 and known <= 4 and worst["early"] <= 2,
        ("sender", "contact", "time", "time / RTT", "round trips"),
        table,
        "`level stated`: the caller says what a peer record would. `early`: the server offered PIPECONNECT last time.",
    )


def p3(loopback: Loopback) -> Row:
    runs = loopback.small
    bare = ratio(runs, "smtpipe, C", "bare loop", rate)
    source = ratio(runs, "smtpipe, C", "smtp-source", rate) if "smtp-source" in runs else None
    table = [
        (name, Spread.of(map(rate, runs[name])).show("{:,.0f}"), f"{ratio(runs, name, 'bare loop', rate).median:.4f}")
        for name in sorted(runs, key=lambda name: -Spread.of(map(rate, runs[name])).median)
    ]
    against = f"{source.median:.0f} × smtp-source" if source else "smtp-source not there"
    return Row(
        "P3",
        "≥ 0.60 × bare loop, ≥ 30 × smtp-source (messages/s, 2 KiB)",
        f"{bare.show()} × bare loop, {against}",
        bare.median >= 0.6 and source is not None and source.median >= 30,
        ("sender", "messages/s", "of the bare loop"),
        table,
        f"Ours with {WINDOW} messages in flight, and with the default. lettre and mail-send write a message in several pieces "
        "with Nagle's algorithm on, and wait 40 ms for each.",
    )


def p4(loopback: Loopback) -> Row:
    runs = loopback.small
    bare = ratio(runs, "smtpipe, C", "bare loop", cost)
    source = ratio(runs, "smtpipe, C", "smtp-source", cost) if "smtp-source" in runs else None
    table = [
        (name, Spread.of(map(cost, runs[name])).show("{:.2f} µs"))
        for name in sorted(runs, key=lambda name: Spread.of(map(cost, runs[name])).median)
    ]
    against = f"1/{1 / source.median:.0f} of smtp-source" if source else "smtp-source not there"
    return Row(
        "P4",
        "client's processor time ≤ 2 × bare loop, ≤ 1/30 of smtp-source",
        f"{bare.show()} × bare loop, {against}",
        bare.median <= 2 and source is not None and source.median <= 1 / 30,
        ("sender", "user + system a message"),
        table,
    )


def p5(loopback: Loopback) -> Row:
    runs = loopback.large
    share = ratio(runs, "smtpipe, C", "bare copy", rate)
    table = [(name, Spread.of(rate(run) * 65536 / 1e9 for run in runs[name]).show("{:.2f} GB/s")) for name in runs]
    return Row(
        "P5",
        "≥ 0.70 × bare copy (bytes/s, 64 KiB)",
        f"{share.show()} × bare copy",
        share.median >= 0.7,
        ("sender", "speed"),
        table,
        (
            "Of some 17 µs a message 1 is spent outside the kernel (perf stat), and each call hands it 256 KiB: what "
            "is left is how well two processes that both use all of their core keep step. Runs of the same build on "
            "the same quiet machine lay between 0.64 and 0.86."
        ),
    )


def p6() -> Row:
    rounds = [json.loads(checked([str(TARGET / "bench-scan")])) for _ in range(REPEATS)]
    sizes = [entry["size"] for entry in rounds[0]]
    speeds = {size: Spread.of(r[i]["gb_per_s"] for r in rounds) for i, size in enumerate(sizes)}
    clean = all(entry["allocations"] == 0 and not entry["copied"] for entry in rounds[0])
    slowest = min(speeds.values(), key=lambda spread: spread.median)
    return Row(
        "P6",
        "≥ 5 GB/s on canonical content, no copy, no allocation",
        f"{slowest.show()} GB/s at the slowest size, {'none' if clean else 'copied or allocated'}",
        clean and slowest.median >= 5,
        ("size", "speed"),
        [(f"{size:,}", speeds[size].show("{:.2f} GB/s")) for size in sizes],
    )


def p7(loopback: Loopback) -> Row:
    share = ratio(loopback.small, "smtpipe, Python", "smtpipe, C", rate)
    return Row("P7", "Python `send_all` of bytes ≥ 0.60 × C", f"{share.show()} × C", share.median >= 0.6)


def p8(senders: Senders) -> Row:
    """Longer and longer queues from an iterator. What connecting and the trials cost falls out of the differences."""
    sizes = (1_000, 10_000, 100_000, 1_000_000)
    table, flat, steady = [], [], []
    for name in ("smtpipe, Rust", "smtpipe, Python"):
        sender = Sender(name, senders[name].command, OPEN[name])
        with Sink() as port:
            runs: dict[int, list[dict[str, Any]]] = {size: [] for size in sizes}
            # All sizes in each round, so that all see the same machine.
            for _ in range(ROUNDS):
                for size in sizes:
                    runs[size].append(sender.run(port, size, 1, 2048))
        # The fastest of each: what else happens on the machine only ever adds, and a longer run sees more of it.
        seconds = {size: min(run["seconds"] for run in runs[size]) for size in sizes}
        memory = {size: max(run["rss_kib"] for run in runs[size]) for size in sizes}
        each = {b: (seconds[b] - seconds[a]) / (b - a) * 1e6 for a, b in pairwise(sizes)}
        table += [
            (
                name,
                f"{size:,}",
                f"{seconds[size] / size * 1e6:.2f} µs",
                f"{each[size]:.2f} µs" if size in each else "-",
                f"{memory[size]:,} KiB",
            )
            for size in sizes
        ]
        flat.append(each[1_000_000] / each[100_000])
        # Octets more for each message more: the smallest thing kept of each would be 16.
        steady.append((memory[1_000_000] - memory[100_000]) * 1024 / 900_000)
    worst, growth = max(flat, key=lambda f: abs(f - 1)), max(steady)
    return Row(
        "P8",
        "time per message flat within 10 %, memory flat",
        f"{(worst - 1) * 100:+.0f} % from 100,000 to 1,000,000; memory {growth:+.1f} octets a message",
        abs(worst - 1) <= 0.1 and growth < 1,
        ("sender", "messages", "time a message, at the fastest", "each message more than the row above", "largest resident set"),
        table,
        (
            "Within one run of 1,000,000 from Python each hundred thousand takes either 1.24 or 1.41 µs a message, the "
            "last no more often the one than the first: sender and sink have two gears, and a longer run sees both. "
            "Runs lay between +8 and +12 %. Nothing grows."
        ),
    )


def p9() -> Row:
    idle = json.loads(checked([str(TARGET / "bench-idle")]))
    return Row(
        "P9",
        "idle session ≤ 8 KiB",
        f"{idle['used']:,} octets after a message, {idle['ready']:,} before",
        idle["used"] <= 8192,
        ("part", "octets"),
        [
            ("the struct", f"{idle['struct']:,}"),
            ("heap after EHLO", f"{idle['ready_heap']:,}"),
            ("heap after a message", f"{idle['used_heap']:,}"),
        ],
    )


def t1() -> Row:
    """From the connection to the first message's outcome, encrypted, at 50 ms."""
    runs = json.loads(checked([str(TARGET / "bench-tls"), "trips", f"{RTT * 1000:.0f}"]))
    #: greeting, EHLO, (STARTTLS,) the handshake, (EHLO,) the group, the content
    least = {(mode, handshake): (6 if mode == "starttls" else 4) + handshake for mode in ("starttls", "implicit") for handshake in (1, 2)}
    exact = all(run["round_trips"] == least[run["mode"], run["handshake"]] for run in runs)
    older = {run["resumed"]: run["handshake"] for run in runs if run["version"] == "TLSv1.2"}
    newest = {run["mode"]: run["round_trips"] for run in runs if run["version"] == "TLSv1.3"}
    return Row(
        "T1",
        "TLS handshake plus first group: no more round trips than the protocol needs; a resumed session of TLS 1.2 one fewer",
        f"{newest['starttls']} by STARTTLS, {newest['implicit']} implicit (TLS 1.3); TLS 1.2 {older[False]}, resumed {older[True]} "
        "for the handshake",
        exact and older[False] - older[True] == 1,
        ("mode", "version", "resumed", "handshake", "round trips in all", "time"),
        [
            (
                run["mode"],
                run["version"],
                "yes" if run["resumed"] else "no",
                str(run["handshake"]),
                str(run["round_trips"]),
                f"{run['seconds']:.2f} s",
            )
            for run in runs
        ],
        "The first message is queued before there is a connection. Under TLS 1.3 a handshake is one round trip whether resumed or not.",
    )


def t2() -> Row:
    """64 KiB messages over TLS, against the same octets from one bare rustls connection to another."""
    rounds = json.loads(checked([str(TARGET / "bench-tls"), "speed", "20000"]))
    share = Spread.of(r["smtpipe"] / r["bare"] for r in rounds)
    speeds = {name: Spread.of(r[name] for r in rounds).show("{:.2f} GB/s") for name in ("smtpipe", "bare")}
    return Row(
        "T2",
        "TLS ≥ 0.60 × bare rustls copy (bytes/s, 64 KiB)",
        f"{share.show()} × bare copy",
        share.median >= 0.6,
        ("sender", "speed"),
        [("smtpipe, Rust", speeds["smtpipe"]), ("bare rustls copy", speeds["bare"])],
    )

"""Cut everywhere, through the Python and the C client: whatever breaks, what is said of every recipient is true.

The ledger is the embedded sink's, which keeps what it really accepted; the relay cuts a seeded sample of positions, by FIN, by RST and
by silence, at every level, for SMTP and LMTP. `torture.rs` does it for the engine at every byte. No assertion is about time.
"""

from __future__ import annotations

import collections
import os
from collections.abc import Sequence

import pytest
import smtpipe
from corpus import Letter
from cutting_relay import Cut, Relay, program, sample
from drivers import DRIVERS, Report, Way
from smtpipe import Reply, Rule

LEVELS = ("lockstep", "group", "continuous", "streaming", "auto")
MESSAGES = 40
#: In each world; there are ten for each client.
CUTS = int(os.environ.get("SMTPIPE_CUTS", "24"))
SILENCES = 4
#: How soon the clients take silence for an end. The truth doesn't depend on it.
PATIENCE = 0.15


def letters(run: int) -> list[Letter]:
    """Mixed sizes; some senders, recipients and contents are refused. No run has a sender of another's."""
    out = []
    for number in range(MESSAGES):
        kind = {5: "bad", 11: "spam", 17: "spam"}.get(number % 20, "s")
        names = [f"to{number}x{nth}" for nth in range(1 + number % 3)]
        if number % 7 == 3:
            names[0] = f"no{number}"
        if number % 9 == 4:
            names.append(f"later{number}")
        if number % 8 == 6:
            names.append(f"full{number}")
        size = (60_000 if number == 13 else 3000) if number % 5 == 3 else 20
        content = b"Subject: %d\r\n\r\n.%s\r\n" % (number, b"\r\n".join([b"x" * 60] * (size // 60)))
        out.append(Letter(number, f"{kind}{number}r{run}@a.test", [f"{name}@b.test" for name in names], content))
    return out


def rules(*, lmtp: bool) -> list[Rule]:
    no = [
        Rule("mail", Reply(550, lines=["no"]), "bad*"),
        Rule("rcpt", Reply(550, lines=["no"]), "no*"),
        Rule("rcpt", Reply(451, lines=["later"]), "later*"),
    ]
    # With LMTP the content is answered for each recipient.
    return [*no, Rule("content", Reply(554, lines=["no"]), "full*" if lmtp else "spam*")]


class World:
    """One client, one level, one protocol: a sink, a relay in front of it, and all that was said and done."""

    def __init__(self, driver: str, level: str, *, lmtp: bool) -> None:
        self.name = f"{driver} {'lmtp' if lmtp else 'smtp'} {level}"
        self.driver = DRIVERS[driver]
        self.level = level
        self.lmtp = lmtp
        self.runs: list[tuple[Cut | None, list[Letter], Report]] = []

    def play(self, relay: Relay, cut: Cut | None) -> None:
        queue = letters(len(self.runs))
        if cut is None:
            relay.whole()
        else:
            relay.cut(cut)
        patient = cut is None or cut.ending != "silence"
        way = Way(relay.port, self.lmtp, PATIENCE if not patient else Way.timeout, self.level)
        report = self.driver(way, queue)
        relay.idle()
        self.runs.append((cut, queue, report))

    def judge(self, messages: Sequence[smtpipe.Received]) -> collections.Counter[str]:
        """Each recipient's status against the ledger. What the sink reads last it has read by the end of the last run."""
        ledger: collections.Counter[tuple[str, str]] = collections.Counter()
        for message in messages:
            ledger.update((message.sender, recipient) for recipient in message.recipients)
        tally: collections.Counter[str] = collections.Counter()
        for cut, queue, report in self.runs:
            assert len(report.results) == len(queue)
            for letter, result in zip(queue, report.results, strict=True):
                said = [address for address, _, _ in result.recipients]
                assert sorted(said) == sorted(letter.recipients), f"{self.name}, {cut}: {result}"
                for address, status, _ in result.recipients:
                    times = ledger.pop((letter.sender, address), 0)
                    allowed = {"delivered": (1,), "in_doubt": (0, 1)}.get(status, (0,))
                    assert times in allowed, f"{self.name}, {cut}: {letter.sender} to {address} {status}, accepted {times} times"
                    assert cut is not None or status in ("delivered", "refused"), f"{self.name}: uncut, and {status}"
                    tally[status] += 1
                    tally["in_doubt, accepted"] += status == "in_doubt" and times == 1
        assert not ledger, f"{self.name}: accepted, and never sent: {ledger}"
        return tally


@pytest.mark.parametrize("driver", list(DRIVERS))
def test_the_client_tells_the_truth_wherever_the_connection_breaks(driver: str) -> None:
    if isinstance(why := program(), str):
        pytest.skip(why)
    tally: collections.Counter[str] = collections.Counter()
    made = 0
    for seed, level in enumerate(LEVELS):
        for lmtp in (False, True):
            world = World(driver, level, lmtp=lmtp)
            with smtpipe.Sink(lmtp=lmtp, rules=rules(lmtp=lmtp)) as sink, Relay(sink.port) as relay:
                world.play(relay, None)
                for cut in sample(relay.passed(), CUTS, 2 * seed + lmtp, SILENCES):
                    world.play(relay, cut)
                world.play(relay, None)
                tally += world.judge(sink.messages)
                made += relay.made()
    print(f"\n{driver} client: {made} cuts over real sockets; {tally['in_doubt']} recipients in doubt ({dict(tally)})")
    assert made >= 9 * CUTS, f"{made} cuts only"
    assert tally["in_doubt"] > 0

"""Cut everywhere, through the Python and the C client: whatever breaks, what is said of every recipient is true.

The ledger is the embedded sink's, which keeps what it really accepted; the relay cuts a seeded sample of positions, by FIN, by RST and
by silence, at every level, for SMTP and LMTP, with contents that are drawn as they go among them, and over TLS. `torture.rs` does it
for the engine at every byte. No assertion is about time.
"""

from __future__ import annotations

import collections
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

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
        # In a row: before and behind it as much as may be is in flight.
        source = {24: "again", 25: "once", 26: "fails", 27: "again", 28: "once"}.get(number, "")
        recipients = [f"{name}@b.test" for name in names]
        out.append(Letter(number, f"{kind}{number}r{run}@a.test", recipients, content, source=source))
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

    def __init__(self, driver: str, level: str, *, lmtp: bool, tls: str = "none", authority: Path | None = None) -> None:
        self.name = f"{driver} {'lmtp' if lmtp else 'smtp'} {level} {tls}"
        self.tls = tls
        self.authority = authority
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
        way = Way(
            relay.port,
            self.lmtp,
            PATIENCE if not patient else Way.timeout,
            self.level,
            tls=self.tls,
            authority=self.authority,
            chunk=900,
        )
        report = self.driver(way, queue)
        relay.idle()
        self.runs.append((cut, queue, report))

    def judge(self, messages: Sequence[smtpipe.Received]) -> collections.Counter[str]:
        """Each recipient's status against the ledger. What the sink reads last it has read by the end of the last run."""
        ledger: collections.Counter[tuple[str, str]] = collections.Counter()
        contents = {letter.sender: letter.content for _, queue, _ in self.runs for letter in queue}
        for message in messages:
            assert message.content == contents[message.sender], f"{self.name}: {message.sender} is cut short"
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
                    broken = letter.source == "fails"
                    assert not broken or status in ("not_sent", "refused"), f"{self.name}, {cut}: {status} of a broken source"
                    assert times in allowed, f"{self.name}, {cut}: {letter.sender} to {address} {status}, accepted {times} times"
                    assert cut is not None or broken or status in ("delivered", "refused"), f"{self.name}: uncut, and {status}"
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


def nothing_in_clear(heard: bytes) -> None:
    """EHLO and STARTTLS at most, and then nothing but the records of TLS (RFC 8446 section 5.1), of which the last may be cut short."""
    while (end := heard.find(b"\n") + 1) and heard.startswith((b"EHLO ", b"LHLO ", b"STARTTLS\r\n")):
        heard = heard[end:]
    while len(heard) >= 5:
        length = int.from_bytes(heard[3:5])
        assert heard[0] in range(20, 24) and heard[1] == 3 and length <= 16384 + 256, f"said in clear: {heard[:200]!r}"
        heard = heard[5 + length :]


@pytest.mark.parametrize("driver", list(DRIVERS))
def test_so_it_does_when_it_is_encrypted(driver: str, tmp_path: Path) -> None:
    """The same behind byte k of what is on the wire; half of the cuts fall into the handshake."""
    if isinstance(why := program(), str):
        pytest.skip(why)
    tally: collections.Counter[str] = collections.Counter()
    made = 0
    authority = tmp_path / "authority.pem"
    for seed, (tls, level, lmtp) in enumerate(
        (("required", "streaming", False), ("implicit", "continuous", False), ("required", "auto", True))
    ):
        world = World(driver, level, lmtp=lmtp, tls=tls, authority=authority)
        spoken: Literal["implicit", "starttls"] = "implicit" if tls == "implicit" else "starttls"
        with smtpipe.Sink(lmtp=lmtp, rules=rules(lmtp=lmtp), tls=spoken) as sink, Relay(sink.port) as relay:
            assert sink.certificate is not None
            authority.write_bytes(sink.certificate)
            relay.heard()
            world.play(relay, None)
            passed = relay.passed()
            early = dict.fromkeys(passed, 2000)
            for cut in (*sample(early, CUTS, seed, SILENCES), *sample(passed, CUTS, seed, SILENCES)):
                world.play(relay, cut)
                for said in relay.heard():
                    nothing_in_clear(said)
            tally += world.judge(sink.messages)
            made += relay.made()
    print(f"\n{driver} client: {made} cuts of encrypted connections; {tally['in_doubt']} recipients in doubt ({dict(tally)})")
    assert made >= 5 * CUTS, f"{made} cuts only"
    assert tally["in_doubt"] > 0

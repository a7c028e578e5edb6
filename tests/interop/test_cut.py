"""A link cut in mid-stream: what is then said of every recipient is compared with what the server has stored."""

from __future__ import annotations

import collections
import shutil
import sys
from pathlib import Path

import pytest
from checks import check_content, check_outcomes, collect, judge
from corpus import letters
from cutting_relay import Relay, program, sample
from drivers import DRIVERS, Way
from mta import Server
from table import CutRow, Table

MESSAGES = 16
CUTS = 8
#: Of them by silence, which costs the time that the client waits.
SILENCES = 1
#: Every so many-th meets the server for the first time, trials and all; the others know it.
STRANGER = 3
PATIENCE = 1.0
FIRST = {"python": 2000, "c": 3000}


@pytest.mark.parametrize("driver", list(DRIVERS))
def test_the_truth_wherever_it_is_cut(server: Server, driver: str, results: Table, tmp_path: Path) -> None:
    if isinstance(why := program(), str):
        pytest.skip(why)
    mailboxes = [f"{box}@{server.domain}" for box in server.mailboxes]
    first = FIRST[driver]
    whole = letters(mailboxes, MESSAGES, first=first, refuses=server.refuses, takes=server.takes)
    queues = []
    with Relay(server.port) as relay:
        relay.whole()
        known = tmp_path / "known"
        check_outcomes(whole, DRIVERS[driver](Way(relay.port, server.lmtp, peers=known), whole))
        relay.idle()
        for nth, cut in enumerate(sample(relay.passed(), CUTS, first, SILENCES)):
            first += MESSAGES
            queue = letters(mailboxes, MESSAGES, first=first, refuses=server.refuses, takes=server.takes)
            timeout = PATIENCE if cut.ending == "silence" else Way.timeout
            relay.cut(cut)
            peers = None if nth % STRANGER == STRANGER - 1 else Path(shutil.copy(known, tmp_path / f"{nth}"))
            report = DRIVERS[driver](Way(relay.port, server.lmtp, timeout=timeout, peers=peers), queue)
            relay.idle()
            queues.append((queue, report))
        made = relay.made()

    everything = whole + [letter for queue, _ in queues for letter in queue]
    stored = collect(server, everything)
    check_content(server, everything, stored)
    tally: collections.Counter[str] = collections.Counter()
    for queue, report in queues:
        tally += judge(queue, report, stored)
    print(f"{server.name}, {driver}: {made} cuts; {dict(tally)}", file=sys.stderr)
    assert made >= CUTS - 2, "it was hardly cut"
    assert tally["not_sent"] + tally["in_doubt"] > 0
    results.cuts.append(CutRow(server.name, driver, made, tally))

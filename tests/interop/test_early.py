"""Early pipelining with Exim, which offers PIPECONNECT: a thousand messages in two round trips, the connection included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from checks import check_envelopes, check_outcomes, collect
from corpus import Letter, letters
from drivers import DRIVERS, Way, c_program
from mta import Server, unavailable
from table import EarlyRow, Table

MESSAGES = 1000
FIRST = {"python": 4000, "c": 6000}


@pytest.mark.parametrize("server", ["exim"], indirect=True)
@pytest.mark.parametrize("driver", list(DRIVERS))
def test_a_thousand_in_two_round_trips(server: Server, driver: str, results: Table, tmp_path: Path) -> None:
    mailboxes = [f"{box}@{server.domain}" for box in server.mailboxes]
    peers = tmp_path / "peers"
    some = letters(mailboxes, 20, first=FIRST[driver], takes=server.takes)
    check_outcomes(some, DRIVERS[driver](Way(server.port, peers=peers), some))

    queue = [small(number, mailboxes) for number in range(FIRST[driver] + len(some), FIRST[driver] + len(some) + MESSAGES)]
    report = DRIVERS[driver](Way(server.port, window=0, ahead=MESSAGES, peers=peers), queue)

    check_outcomes(queue, report)
    check_envelopes(queue, collect(server, queue))
    # The one that the connection itself takes is the kernel's.
    assert (report.round_trips, report.connections, report.downgrades) == (1, 1, 0)
    results.early.append(EarlyRow(driver, MESSAGES, report.round_trips))


def small(number: int, mailboxes: list[str]) -> Letter:
    content = f"X-Interop-Number: {number}\r\nSubject: news\r\n\r\nThis is number {number}.\r\n"
    return Letter(number, f"s{number}@a.test", mailboxes[:1], content.encode())


@pytest.mark.parametrize("driver", list(DRIVERS))
def test_the_first_of_it_goes_with_the_syn(driver: str, capsys: pytest.CaptureFixture[str]) -> None:
    """TCP Fast Open (RFC 7413), in a network namespace where the kernel allows it to both sides."""
    if why := unavailable():
        pytest.skip(why)
    if driver == "c":
        c_program()
    command = ["unshare", "--net", sys.executable, str(Path(__file__).with_name("fastopen.py")), driver]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    with capsys.disabled():
        print(f"\n{done.stdout.rstrip()}")
    if done.stdout.startswith("unavailable: "):
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("ok\n")

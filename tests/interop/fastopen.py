"""Run in a network namespace of its own, where TCP Fast Open is on for both sides: what goes with the SYN, and what comes of it.

    unshare --net python3 fastopen.py python|c

Prints a line for each thing that was found out; the last is "ok".
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import smtpipe
from corpus import Letter
from drivers import DRIVERS, Way

#: Client, server, and every listener without its asking.
EVERYBODY = 0x1 | 0x2 | 0x400
LETTERS = [Letter(n, f"s{n}@a.test", ["u0@b.test"], b"Subject: x\r\n\r\nx\r\n") for n in range(5)]


def counters() -> dict[str, int]:
    """What the kernel has counted in this namespace: TcpExt of /proc/net/netstat."""
    lines = Path("/proc/net/netstat").read_text().splitlines()
    names, values = (line.split() for line in lines if line.startswith("TcpExt:"))
    return {name: int(value) for name, value in zip(names[1:], values[1:], strict=True)}


def main(driver: str) -> int:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    setting = Path("/proc/sys/net/ipv4/tcp_fastopen")
    try:
        setting.write_text(str(EVERYBODY))
    except OSError as error:
        print(f"unavailable: {setting} can't be written here: {error}")
        return 0
    with tempfile.TemporaryDirectory() as folder, smtpipe.Sink(imitate="exim") as sink:
        way = Way(sink.port, timeout=20.0, peers=Path(folder) / "peers", ahead=len(LETTERS))
        send = DRIVERS[driver]
        for number, what in enumerate(("a stranger", "asks for a cookie", "with the cookie")):
            report = send(way, LETTERS)
            assert [result.status for result in report.results] == ["delivered"] * len(LETTERS), report
            found = counters()
            print(f"{what}: {report.round_trips} round trips; {found['TCPFastOpenActive']} SYNs with data accepted")
            assert found["TCPFastOpenActive"] == found["TCPFastOpenPassive"] == max(0, number - 1), found
        assert report.round_trips == 1
        assert len(sink.messages) == 3 * len(LETTERS)

        # The server is gone, and the SYN has a whole session in it: nobody can have read it.
        port = sink.port
        sink.stop()
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
        report = send(way, LETTERS)
        print(f"nobody listens: {sorted({result.status for result in report.results})}")
        assert [result.status for result in report.results] == ["not_sent"] * len(LETTERS), report
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

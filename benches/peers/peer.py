"""What every Python sender of the benchmark shares: arguments, the message, the clock, the line of results."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

SENDER = "sender@a.test"


class Peer:
    """Arguments: HOST PORT MESSAGES RECIPIENTS FILE; the clocks start with start()."""

    def __init__(self) -> None:
        host, port, messages, recipients, path, *self.rest = sys.argv[1:]
        self.host, self.port, self.messages = host, int(port), int(messages)
        self.recipients = [f"r{number}@b.test" for number in range(int(recipients))]
        self.content = Path(path).read_bytes()
        self.start()

    def start(self) -> None:
        self.clock, self.cpu = time.monotonic(), cpu()

    def report(self, accepted: int, **more: Any) -> None:
        seconds, used = time.monotonic() - self.clock, cpu() - self.cpu
        print(json.dumps({"messages": self.messages, "accepted": accepted, "seconds": seconds, "cpu": used, **more}))


def cpu() -> float:
    """Processor time of this process so far, user and system, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime

"""The engine without its driver: a `Session` under asyncio, in forty lines.

python examples/python/engine.py HOST PORT SENDER RECIPIENT
"""

from __future__ import annotations

import asyncio
import sys

import smtpipe


async def run(session: smtpipe.Session, host: str, port: int) -> list[smtpipe.Outcome]:
    """Drive a session to its end: give input, write output, take events, wait."""
    clock = asyncio.get_running_loop().time
    outcomes = []
    reader, writer = await asyncio.open_connection(host, port)
    session.start(clock())
    while True:
        while data := session.output(clock()):
            writer.write(data)
        while (event := session.next_event()) is not None:
            match event:
                case smtpipe.Outcome():
                    outcomes.append(event)
                case smtpipe.Reconnect():
                    writer.close()
                    reader, writer = await asyncio.open_connection(host, port)
                    session.start(clock())
                case smtpipe.Closed():
                    writer.close()
                    return outcomes
                case smtpipe.Ready() | smtpipe.Upgrade() | smtpipe.Downgrade():
                    print(event)
        if session.half_close:
            writer.write_eof()
            session.end_of_input(clock())
            continue
        if session.wants_output:
            continue
        try:
            async with asyncio.timeout_at(session.deadline):
                received = await reader.read(65536)
        except TimeoutError:
            session.handle_timeout(clock())
        except OSError as error:
            session.connection_lost(clock(), str(error))
        else:
            if received:
                session.feed(clock(), received)
            else:
                session.end_of_input(clock())


def main() -> int:
    """Send a hundred messages."""
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    host, port, sender, recipient = sys.argv[1:]
    session = smtpipe.Session("localhost")
    for _ in range(100):
        session.submit((sender, recipient, b"Subject: from the engine\n\nHello.\n"))
    session.quit()
    outcomes = asyncio.run(run(session, host, int(port)))
    print(f"{sum(one.status == 'delivered' for one in outcomes)} of {len(outcomes)} delivered")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Many connections in one event loop of one's own: `fileno`, `interest`, `next_timeout`, `drive`.

python examples/python/loop.py HOST PORT SENDER RECIPIENT [CONNECTIONS]
"""

from __future__ import annotations

import selectors
import sys

import smtpipe


def main() -> int:
    """Send a hundred messages over each connection."""
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    host, port, sender, recipient, *rest = sys.argv[1:]
    message = smtpipe.Message(sender, recipient, b"Subject: from a loop\n\nHello.\n")
    clients = [smtpipe.connect(host, int(port)) for _ in range(int(rest[0]) if rest else 10)]
    for client in clients:
        for _ in range(100):
            client.send(message)
    delivered = 0
    while clients:
        with selectors.DefaultSelector() as selector:
            for client in clients:
                # The descriptor and what to wait for may be others after each drive: ask anew.
                read, write = client.interest()
                wanted = selectors.EVENT_READ * read | selectors.EVENT_WRITE * write
                selector.register(client.fileno(), wanted, client)
            timeouts = [time for client in clients if (time := client.next_timeout()) is not None]
            ready = selector.select(min(timeouts, default=None))
        due = [key.data for key, _ in ready] or clients
        for client in due:
            client.drive()
            while (outcome := client.collect(0)) is not None:
                delivered += outcome.status == "delivered"
            if client.outstanding == 0:
                client.quit()
        clients = [client for client in clients if not client.closed or client.outstanding]
    print(f"{delivered} delivered")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""python -m mta fetch|start|stop|stored NAME...: the servers by hand (`all` for every one)."""

from __future__ import annotations

import sys

from . import SERVERS, Unavailable


def main(arguments: list[str]) -> int:
    verbs = ("fetch", "start", "stop", "stored")
    if len(arguments) < 2 or arguments[0] not in verbs:
        print(f"usage: python -m mta {'|'.join(verbs)} {'|'.join(SERVERS)}|all ...", file=sys.stderr)
        return 2
    verb, names = arguments[0], arguments[1:]
    failed = 0
    for name in SERVERS if names == ["all"] else names:
        server = SERVERS[name]()
        try:
            if verb == "stored":
                for message in server.stored():
                    print(f"{name}: from <{message.sender}> to {message.recipients}: {len(message.content)} bytes")
            else:
                getattr(server, verb)()
                print(f"{name}: {verb}: 127.0.0.1:{server.port}")
        except Unavailable as problem:
            print(f"{name}: {problem}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

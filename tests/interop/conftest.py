"""Where the interop tests find their modules, the servers, and the table of results that a whole run writes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "torture"))

import table
from mta import SERVERS, Server, Unavailable
from mta.doors import Door, SecureServer
from mta.secure import SECURE_SERVERS


@pytest.fixture(scope="session")
def results() -> Iterator[table.Table]:
    """Rows collected by the run; written to docs/interop.md when SMTPIPE_INTEROP_TABLE=1 says so (`make interop`)."""
    rows = table.Table()
    yield rows
    if os.environ.get("SMTPIPE_INTEROP_TABLE") == "1":
        rows.write()


@pytest.fixture(scope="session", params=list(SERVERS))
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server, freshly started; stopped by its pid when all tests with it are done. Each has letters of its own numbers."""
    yield from started(request.param)


@pytest.fixture(scope="session", params=[name for name, kind in SERVERS.items() if kind.tight])
def tight(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with tight limits: on recipients, on messages of one connection, or on both."""
    yield from started(request.param, tight=True)


#: A server runs once, whatever its limits: it has one folder and one port.
RUNNING: dict[str, Server] = {}


def started(name: str, *, tight: bool = False) -> Iterator[Server]:
    if name in RUNNING:
        RUNNING.pop(name).stop()
    chosen = SERVERS[name]()
    try:
        chosen.start(tight=tight)
    except Unavailable as problem:
        pytest.skip(f"{chosen.name}: {problem}")
    RUNNING[name] = chosen
    yield chosen
    if RUNNING.get(name) is chosen:
        RUNNING.pop(name).stop()


@pytest.fixture(scope="session")
def secure_servers() -> Iterator[Callable[[str], SecureServer]]:
    """Starts a server with a certificate when it is first asked for; all are stopped at the end."""
    running: dict[str, SecureServer] = {}

    def start(name: str) -> SecureServer:
        if name not in running:
            chosen = SECURE_SERVERS[name]()
            try:
                chosen.start()
            except Unavailable as problem:
                pytest.skip(f"{chosen.name}: {problem}")
            running[name] = chosen
        return running[name]

    yield start
    for server in running.values():
        server.stop()


@pytest.fixture
def secure(door: Door, secure_servers: Callable[[str], SecureServer]) -> Iterator[SecureServer]:
    """The server that has the test's door, with nothing in its queue afterwards."""
    server = secure_servers(door.server)
    yield server
    server.forget()

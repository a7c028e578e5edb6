"""Where the tests of logins by Kerberos find their modules, their server with its KDC, and a C program that was built for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

from mta import Unavailable
from mta.kerberos import KerberosPostfix
from submission import compile_c

ROOT = Path(__file__).resolve().parents[2]
#: Not the library that everything else is tested with: this one has the feature, and is built faster.
BUILD = ["cargo", "build", "--locked", "-q", "-p", "smtpipe-capi", "--features", "gssapi"]


@pytest.fixture(scope="session")
def realm() -> Iterator[KerberosPostfix]:
    """A server in a realm of its own, with a ticket in `ada` and one in `expired`."""
    server = KerberosPostfix()
    try:
        server.start()
        server.kinit("expired", "1s")
        server.kinit("ada")
        server.await_expiry("expired")
    except Unavailable as problem:
        server.stop()
        pytest.skip(f"{server.name}: {problem}")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """tests/interop/submit.c, with GSSAPI."""
    out = tmp_path_factory.mktemp("program") / "submit"
    subprocess.run(BUILD, cwd=ROOT, check=True)
    kerberos = subprocess.run(["pkg-config", "--libs", "mit-krb5-gssapi"], check=True, capture_output=True, text=True).stdout
    compile_c(out, "debug", kerberos)
    return out

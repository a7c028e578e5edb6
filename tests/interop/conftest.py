"""Where the interop tests find their modules, and the table of results that a whole run writes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import table


@pytest.fixture(scope="session")
def results() -> Iterator[table.Table]:
    """Rows collected by the run; written to docs/interop.md when SMTPIPE_INTEROP_TABLE=1 says so (`make interop`)."""
    rows = table.Table()
    yield rows
    if os.environ.get("SMTPIPE_INTEROP_TABLE") == "1":
        rows.write()

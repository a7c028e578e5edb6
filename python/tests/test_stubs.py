"""The stub file says what the native module has: names, arguments, defaults."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_stubs_match_the_module() -> None:
    pytest.importorskip("mypy.stubtest", reason="mypy is not installed: pip install 'smtpipe[dev]'")
    command = [sys.executable, "-m", "mypy.stubtest", "smtpipe"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

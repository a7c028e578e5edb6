"""Where the tests of the Python and the C client find their modules: the clients' drivers are those of the interop tests."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

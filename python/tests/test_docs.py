"""The examples that a newcomer copies do what is said of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import smtpipe

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "docs/python.md"]


def examples(page: str) -> list[str]:
    found = re.findall(
        r"^```python\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found
    return found


@pytest.mark.parametrize("page", PAGES)
def test_the_first_example_runs(page: str, sink: smtpipe.Sink, capsys: pytest.CaptureFixture[str]) -> None:
    first = examples(page)[0]
    assert first.count('"localhost", 2525') == 1
    exec(first.replace("2525", str(sink.port)), {})
    assert sink.stats.messages == 1000
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1000
    assert lines[0].startswith("1 delivered 250 ")


@pytest.mark.parametrize("page", PAGES)
def test_examples_are_python(page: str) -> None:
    for example in examples(page):
        compile(example, page, "exec")

"""The output that the README shows is what the demo prints."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import ln_bench  # noqa: F401

SHOWN = Path(__file__).parents[2] / "reproduction" / "records" / "demo.txt"


@pytest.mark.slow
def test_the_demo_prints_what_the_readme_shows(ln_bench, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    assert ln_bench("demo").out == SHOWN.read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["ln-bench-demo"]

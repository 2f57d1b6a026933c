"""Every order of the images, and sliding windows, from the command to the report."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--order", "as-is"], "in the order of the files"),
        (["--order", "by-class"], "one class after another"),
        (["--order", "mixed"], "each under one of all conditions"),
        (["--order", "growing"], "under conditions of growing severity"),
        (["--order", "dirichlet-0.5"], "mix of classes changes (Dirichlet, concentration 0.5)"),
        (["--sliding"], "in shuffled order"),
    ],
)
def test_every_stream_ends_in_a_report(lab, ln_bench, options, words):
    outcome = ln_bench(*lab.command("--modes", "bn,dbn-batch", *options))
    assert outcome.code == 0, outcome.err
    report = lab.folder / "run" / "report"
    assert words in (report / "report.md").read_text()
    assert words in (report / "index.html").read_text()

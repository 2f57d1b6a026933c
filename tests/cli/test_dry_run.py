"""`ln-bench evaluate --dry-run` says what a run would take, and leaves nothing behind."""

from __future__ import annotations

from robustbench_ln.cli.dry_run import describe_estimate
from robustbench_ln.evaluation.estimate import Estimate


def test_every_number_has_a_line():
    estimate = Estimate(
        cells=4,
        done=2,
        conditions=2,
        images=1000,
        forward_passes=8000,
        operations=8000 * 81_000_000,
        seconds={1: 100.0, 2: 57.4},
        workers=2,
        memory_bytes=1_250_000_000,
        disk_bytes=123_456,
    )
    assert describe_estimate(estimate).splitlines()[:-1] == [
        "cells             4, of 2 conditions x 1,000 images, 2 more are there already",
        "forward passes    8,000 images",
        "operations        648 GFLOP",
        "memory, peak      1.2 GB",
        "disk              123 kB, without the report",
        "time, 1 worker    1 min 40 s",
        "time, 2 workers   57 s (as this run)",
    ]


def test_nothing_is_written(lab, ln_bench):
    before = sorted(lab.folder.rglob("*"))
    outcome = ln_bench(*lab.command("--dry-run"))
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("cells             12, of 3 conditions x 50 images\n")
    assert sorted(lab.folder.rglob("*")) == before


def test_it_needs_no_files(lab, ln_bench):
    words = ["evaluate", "no.pth", "--arch", "resnet20", "--data", "cifar10:no", "--noise", "agn"]
    outcome = ln_bench(*words, "--sigmas", "0.5", "--modes", "bn", "--out", "run", "--dry-run")
    assert outcome.code == 0, outcome.err
    assert "forward passes    20,000 images" in outcome.out
    assert "Note: no.pth is not there" in outcome.err
    assert ln_bench(*words, "--out", "run").code == 2


def test_a_suite_is_a_file_and_is_not_written(lab, ln_bench):
    outcome = ln_bench(*lab.command("--dry-run", "--save-config", "suite.toml"))
    assert outcome.code == 2
    assert outcome.err == "Error: --dry-run writes nothing; leave out --save-config or --dry-run\n"

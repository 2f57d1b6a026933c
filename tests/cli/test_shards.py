"""Every command that reads runs takes the shards of one, and says which are missing."""

from __future__ import annotations

import shutil

import pytest

import robustbench_ln as ln
from robustbench_ln.models.user_model import build_user_model
from robustbench_ln.runs.results import read_results


@pytest.fixture
def shards(voting_lab):
    """A folder with the three shards of a run."""
    network = build_user_model(f"{voting_lab.folder}/net.py:network")
    for number in (1, 2, 3):
        ln.evaluate(
            network, f"arrays:{voting_lab.folder}/data.npz", normalize="none", label="net",
            modes=["ln-voting", "ln-single"], noises="agn", sigmas=[0, 0.3, 0.5, 1],
            shard=f"{number}/3", out=voting_lab.folder / f"run/{number}",
        )  # fmt: skip
    return voting_lab.folder / "run"


def test_commands_take_the_folder_of_shards_and_name_the_missing(shards, ln_bench):
    commands = {
        "report": ["report", str(shards), "--figures", "none"],
        "report of each": ["report", *(str(shards / n) for n in "123"), "--figures", "none",
                           "--out", str(shards / "each")],
        "compare": ["compare", f"{shards}:ln-single", f"{shards}:ln-voting"],
        "score": ["score", str(shards)],
    }  # fmt: skip
    for name, words in commands.items():
        outcome = ln_bench(*words)
        assert outcome.code == 0, name + outcome.err
        assert "missing" not in outcome.err, name
    each, folder = ((shards / name / "report.md").read_bytes() for name in ("each", "report"))
    assert each == folder
    shutil.rmtree(shards / "2")
    del commands["report of each"]
    note = "Note: net: shard 2/3 is missing; the conditions of a missing shard are in no table"
    for name, words in commands.items():
        outcome = ln_bench(*words)
        assert outcome.code == 0, name + outcome.err
        assert outcome.err.count(note) == 1, name
    assert note.removeprefix("Note: net: ") in (shards / "report/report.md").read_text()


def test_a_baseline_may_be_shards_too(shards, ln_bench):
    shutil.rmtree(shards / "3")
    errors = shards / "errors.csv"
    errors.write_text("corruption,severity,error\nfog,1,0.5\n")
    outcome = ln_bench("mce", str(errors), "--baseline", f"{shards}:ln-single")
    assert "Note: net: shard 3/3 is missing" in outcome.err


def test_evaluate_measures_the_shard_that_is_asked_for(lab, ln_bench, refuses):
    outcome = ln_bench(*lab.command("--modes", "bn", "--shard", "2/2", run="run/2"))
    assert "Note: net: shard 1/2 is missing" in outcome.err
    (mode,) = read_results([lab.folder / "run"])
    assert [condition.severity for condition in mode.cells] == [0, 1]
    line = refuses(*lab.command("--shard", "3/3", run="third"))
    assert "--shard 3/3: the run has 2 conditions beside the clean images; give at most" in line
    line = refuses(*lab.command("--shard", "1/2", run="run/2"))
    assert "holds shard 2/2, not shard 1/2; give --out a new folder" in line


@pytest.mark.parametrize("shard", ["0/4", "5/4", "4", "1/2/3", "one"])
def test_no_shard_is_refused_before_torch(lab, refuses, shard):
    line = refuses(*lab.command("--shard", shard))
    assert f"--shard {shard}: expected i/n, the i-th of n shards with i from 1 to n" in line
    assert not (lab.folder / "run").exists()

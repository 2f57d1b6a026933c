from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def command(lab):
    folder = lab.folder / "sequences"
    folder.mkdir()
    frames = np.random.default_rng(0).integers(0, 256, (4, 3, 12, 12, 3)).astype(np.uint8)
    for name in ("gaussian_noise", "tilt"):
        np.save(folder / f"{name}.npy", frames)
    return [
        "flips", str(lab.folder / "net.pt"), "--model", f"{lab.folder}/net.py:network",
        "--normalize", "none", "--data", f"cifar10-p:{folder}", "--stat-batch", "6",
    ]  # fmt: skip


def test_a_table_and_a_file_have_every_perturbation_and_mode(command, lab, ln_bench):
    words = [*command, "--modes", "bn,dbn-batch", "--out", str(lab.folder / "out")]
    outcome = ln_bench(*words)
    assert outcome.code == 0, outcome.err
    assert "Flip probability, %" in outcome.out
    frame = pd.read_csv(lab.folder / "out" / "flips.csv")
    assert frame[["perturbation", "mode"]].to_numpy().tolist() == [
        [name, mode] for name in ("gaussian_noise", "tilt") for mode in ("bn", "dbn-batch")
    ]
    assert frame["set_size"].dropna().tolist() == [6, 6]
    assert set(frame["sequences"]) == {4}
    sliding = ln_bench(*command, "--modes", "dbn-batch", "--sliding", "--limit", "2")
    assert sliding.code == 0, sliding.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--difficulty", "4"], "--difficulty is 4; expected 1, 2 or 3"),
        (["--perturbations", "scale"], "scale.npy: no such file"),
        (["--modes", "ln-voting"], "--modes ln-voting: needs LocalNorm groups"),
        (["--baseline", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_wrong_input_is_one_line(words, line, command, refuses):
    assert line in refuses(*command, *words)

from __future__ import annotations

import pandas as pd
import pytest
import torch


def words(lab, checkpoint: str = "net.pt") -> list[str]:
    return [
        "inspect", str(lab.folder / checkpoint), "--model", f"{lab.folder}/net.py:network",
        "--image-size", "12",
    ]  # fmt: skip


def test_layers_layouts_and_modes_are_shown(ln_bench, lab):
    outcome = ln_bench(*words(lab))
    assert outcome.code == 0, outcome.err
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["1", "BatchNorm2d", "6", "1", "1e-05", "100", "running", "dynamic", "dynamic",
            "dynamic"] in rows  # fmt: skip
    assert "681 trainable parameters, 709 with running statistics, 1 group" in outcome.out
    assert "modes: plain, bn, dbn-batch" in outcome.out
    way = "make them with ln-bench convert CKPT --norm local --groups G"
    assert f"not ln-voting: needs LocalNorm groups, and the network has none; {way}" in outcome.out
    assert "SD over groups" not in outcome.out


@pytest.fixture
def local(lab):
    """The lab's network with two LocalNorm layers of two groups, 6 and 8 channels."""
    state = torch.load(lab.folder / "net.pt")
    state = {name: value for name, value in state.items() if not name.startswith(("1.", "4."))}
    state |= {
        "1.weight": torch.tensor([[1.0] * 6, [3.0] * 6]),
        "1.bias": torch.tensor([[0.5] * 6, [-0.5] * 6]),
        "4.weight": torch.ones(2, 8),
        "4.bias": torch.zeros(2, 8),
    }
    torch.save(state, lab.folder / "local.pt")
    return lab


def test_a_missing_checkpoint_and_options_of_speed_are_refused(refuses, lab):
    assert "Missing argument 'CKPT'" in refuses("inspect")
    for option in ("--norm", "--repetitions"):
        assert f"No such option: {option}" in refuses(*words(lab), option, "5")


def test_spread_over_groups_is_shown_for_each_layer_and_overall(ln_bench, local):
    outcome = ln_bench(*words(local, "local.pt"))
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert "Gamma and beta of the 2 groups" in outcome.out
    rows = [line.split() for line in lines]
    assert ["1", "2.0000", "1.0000", "0.5000", "0.5000"] in rows
    assert ["4", "1.0000", "0.0000", "0.0000", "0.0000"] in rows
    # Every channel counts once: (6 * 2 + 8 * 1) / 14 and (6 * 1 + 8 * 0) / 14.
    assert ["all", "channels", "1.4286", "0.4286", "0.2143", "0.2143"] in rows
    assert "SD over groups: 30.0 % of mean |gamma|, 100.0 % of mean |beta|" in outcome.out


def test_a_drift_is_a_table_of_layers_and_accuracies(ln_bench, lab):
    words_of_drift = [
        *words(lab), "--normalize", "none", "--data", f"arrays:{lab.folder}/data.npz", "--drift",
        "--noise", "agn", "--sigmas", "0,1", "--stat-batch", "10", "--out", str(lab.folder / "d"),
    ]  # fmt: skip
    outcome = ln_bench(*words_of_drift)
    assert outcome.code == 0, outcome.err
    assert "Drift: divergence of what each norm layer sees" in outcome.out
    lines = [line.split() for line in outcome.out.splitlines()]
    assert ["layer", "agn", "1"] in lines
    assert ["k", "clean", "agn", "1"] in lines
    frame = pd.read_csv(lab.folder / "d" / "drift.csv")
    assert frame[["layers_dynamic", "severity"]].to_numpy().tolist() == [
        [0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1],
    ]  # fmt: skip
    assert frame["layer"].tolist()[2:] == [1, 1, 4, 4]
    assert set(frame["total"]) == {50}
    assert (frame["divergence"][3::2] > 0).all()
    assert (lab.folder / "d" / "drift_layers.png").is_file()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--drift"], "--drift needs test images, as --data cifar10:DIR"),
        (["--noise", "agn"], "--noise is for --drift; give both"),
        (["--limit", "10"], "--limit is for --drift; give both"),
        (["--drift", "--data", "DATA"], "--drift compares degraded images with clean ones"),
        (["--drift", "--data", "DATA", "--noise", "agn", "--sigmas", "-1"], "sigma"),
    ],
)
def test_a_drift_of_wrong_input_is_one_line(options, line, refuses, lab):
    options = [f"arrays:{lab.folder}/data.npz" if word == "DATA" else word for word in options]
    assert line in refuses(*words(lab), "--normalize", "none", *options)

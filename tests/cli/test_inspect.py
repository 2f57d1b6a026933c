from __future__ import annotations

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
    for option in ("--norm", "--repetitions", "--out"):
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

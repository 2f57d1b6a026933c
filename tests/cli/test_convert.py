from __future__ import annotations

import json

import pytest
import torch

from robustbench_ln.models.checkpoint import read_checkpoint


def command(lab, *extra: str, out: str = "ln.safetensors") -> list[str]:
    return [
        "convert", str(lab.folder / "net.pt"), "--model", f"{lab.folder}/net.py:network",
        "--groups", "4", "--image-size", "12", "--out", str(lab.folder / out), *extra,
    ]  # fmt: skip


@pytest.mark.parametrize("out", ["ln.safetensors", "ln.pt"])
def test_a_converted_checkpoint_is_evaluated_with_its_groups(lab, ln_bench, out):
    outcome = ln_bench(*command(lab, "--group-size", "5", out=out))
    assert outcome.code == 0, outcome.err
    assert "2 BatchNorm2d layers became LocalNorm2d with 4 groups of 5 images" in outcome.out
    difference = float(outcome.out.split("at most ")[1].split(" ")[0])
    assert difference < 1e-5
    old, new = read_checkpoint(lab.folder / "net.pt"), read_checkpoint(lab.folder / out)
    assert torch.equal(new.state["1.weight"], old.state["1.weight"].expand(4, -1))
    assert torch.equal(new.state["0.weight"], old.state["0.weight"])
    assert not [name for name in new.state if "running" in name]
    words = lab.command("--modes", "ln-voting")
    words[1] = str(lab.folder / out)
    assert ln_bench(*words).code == 0
    row = json.loads((lab.folder / "run/cells.jsonl").read_text().splitlines()[0])
    assert (row["num_groups"], row["set_size"]) == (4, 5)


def test_wrong_conversions_are_one_line_and_write_nothing(lab, refuses):
    (lab.folder / "there.pt").write_text("x")
    for extra, out, message in (
        (["--groups", "0"], "a.pt", "--groups 0"),
        (["--norm", "group"], "a.pt", "--norm group: expected local"),
        ([], "a.onnx", "ends in .safetensors or .pt"),
        ([], "there.pt", "exists; add --overwrite"),
        ([], "none/a.pt", "cannot be written"),
    ):
        assert message in refuses(*command(lab, *extra, out=out))
    names = {path.name for path in lab.folder.iterdir()} - {"__pycache__"}
    assert names == {"net.py", "net.pt", "data.npz", "there.pt"}
    assert (lab.folder / "there.pt").read_text() == "x"

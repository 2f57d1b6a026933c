from __future__ import annotations

import json

import pytest
import torch

from robustbench_ln.models import build_model
from robustbench_ln.models.checkpoint import read_checkpoint
from robustbench_ln.norms import NORMS


def command(lab, *extra: str, out: str = "ln.safetensors") -> list[str]:
    return [
        "convert", str(lab.folder / "net.pt"), "--model", f"{lab.folder}/net.py:network",
        "--image-size", "12", "--out", str(lab.folder / out), *extra,
    ]  # fmt: skip


@pytest.mark.parametrize("out", ["ln.safetensors", "ln.pt"])
def test_a_converted_checkpoint_is_evaluated_with_its_groups(lab, ln_bench, out):
    outcome = ln_bench(*command(lab, "--groups", "4", "--group-size", "5", out=out))
    assert outcome.code == 0, outcome.err
    assert "2 BatchNorm2d layers became LocalNorm2d with 4 groups of 5 images" in outcome.out
    difference = float(outcome.out.split("at most ")[1].split(" ")[0])
    assert difference < 1e-5
    old, new = read_checkpoint(lab.folder / "net.pt"), read_checkpoint(lab.folder / out)
    assert torch.equal(new.state["1.weight"], old.state["1.weight"].expand(4, -1))
    assert torch.equal(new.state["0.weight"], old.state["0.weight"])
    assert not [name for name in new.state if "running" in name]
    stated = {name: str(value) for name, value in new.metadata.items()}
    assert stated == {
        "norm": "local", "num_groups": "4", "group_size": "5", "eps": "1e-05",
        "arch": f"{lab.folder}/net.py:network", "parent_sha256": old.sha256,
    }  # fmt: skip
    words = lab.command("--modes", "ln-voting")
    words[1] = str(lab.folder / out)
    assert ln_bench(*words).code == 0
    row = json.loads((lab.folder / "run/cells.jsonl").read_text().splitlines()[0])
    assert (row["num_groups"], row["set_size"]) == (4, 5)


@pytest.mark.parametrize(
    ("norm", "out"),
    [
        ("batch", "new.pt"),
        ("switch", "new.safetensors"),
        ("group", "new.safetensors"),
        ("layer", "new.pt"),
        ("instance", "new.safetensors"),
        ("renorm", "new.safetensors"),
        ("ghost", "new.safetensors"),
        ("l1", "new.safetensors"),
        ("linf", "new.pt"),
        ("noisy", "new.safetensors"),
    ],
)
def test_every_norm_is_written_and_evaluated_again(lab, ln_bench, norm, out):
    outcome = ln_bench(*command(lab, "--norm", norm, out=out))
    assert outcome.code == 0, outcome.err
    first, check, path = outcome.out.splitlines()
    assert first == f"2 BatchNorm2d layers became {NORMS[norm].layer.__name__}"
    assert path == str(lab.folder / out)
    if norm in ("renorm", "ghost", "noisy", "batch"):
        assert float(check.split("at most ")[1].split(" ")[0]) < 1e-6
    else:
        assert f"the network now takes {NORMS[norm].description}; train it" in check
    new = read_checkpoint(lab.folder / out)
    assert new.metadata["norm"] == norm
    assert not {"num_groups", "group_size"} & set(new.metadata)
    modes = {"plain"}
    if norm in ("batch", "switch", "renorm", "ghost", "l1", "linf", "noisy"):
        modes = {"bn", "dbn-batch", "dbn-single", "dbn-single-rot90"}
    words = lab.command("--modes", "all", "--sigmas", "0")
    words[1] = str(lab.folder / out)
    assert ln_bench(*words).code == 0
    rows = [json.loads(row) for row in (lab.folder / "run/cells.jsonl").read_text().splitlines()]
    assert {row["mode"] for row in rows} == modes


def test_renorm_is_evaluated_as_batchnorm_and_switch_is_not(lab, ln_bench):
    nll = {}
    for norm in ("batch", "renorm", "switch"):
        assert ln_bench(*command(lab, "--norm", norm, out=f"{norm}.pt")).code == 0
        words = lab.command("--modes", "bn,dbn-batch", "--sigmas", "0", run=norm)
        words[1] = str(lab.folder / f"{norm}.pt")
        assert ln_bench(*words).code == 0
        rows = (lab.folder / norm / "cells.jsonl").read_text().splitlines()
        nll[norm] = [json.loads(row)["nll"] for row in rows]
    assert nll["renorm"] == pytest.approx(nll["batch"], abs=1e-6)
    assert all(abs(new - old) > 1e-6 for new, old in zip(nll["switch"], nll["batch"], strict=True))


def test_the_normalisation_that_the_parent_states_is_kept(lab, ln_bench):
    content = torch.load(lab.folder / "net.pt")
    state = content.get("state_dict", content)
    torch.save({"state_dict": state, "normalize": "cifar10"}, lab.folder / "net.pt")
    assert ln_bench(*command(lab, "--groups", "4")).code == 0
    assert read_checkpoint(lab.folder / "ln.safetensors").metadata["normalize"] == "cifar10"


def test_the_group_size_is_that_of_the_papers_batch(lab, ln_bench):
    outcome = ln_bench(*command(lab, "--groups", "4"))
    assert "with 4 groups of 32 images" in outcome.out


def test_wrong_conversions_are_one_line_and_write_nothing(lab, refuses):
    (lab.folder / "there.pt").write_text("x")
    for extra, out, message in (
        ([], "a.pt", "--norm local needs --groups"),
        (["--groups", "0"], "a.pt", "--groups is 0; expected 1 or more"),
        (["--groups", "9999999", "--group-size", "1"], "a.pt", "9999999; expected at most 1024"),
        (["--groups", "2", "--group-size", "0"], "a.pt", "--groups is 2, --group-size is 0; exp"),
        (["--groups", "7"], "a.pt", "--groups 7 does not divide the papers' batch of 128 images"),
        (["--norm", "group", "--groups", "4"], "a.pt", "--norm group has no groups of images"),
        (["--norm", "switch", "--group-size", "4"], "a.pt", "--norm switch has no groups of"),
        (["--norm", "swich"], "a.pt", "unknown norm 'swich'; did you mean 'switch'?"),
        (["--groups", "4"], "a.onnx", "ends in .safetensors or .pt"),
        (["--norm", "layer"], "there.pt", "exists; add --overwrite"),
        (["--groups", "4"], "none/a.pt", "No such file or directory; check the path and run"),
        (["--norm", "instance", "--image-size", "5"], "a.pt", "cannot take images of 5x5 with 3"),
    ):
        assert message in refuses(*command(lab, *extra, out=out))
    names = {path.name for path in lab.folder.iterdir()} - {"__pycache__"}
    assert names == {"net.py", "net.pt", "data.npz", "there.pt"}
    assert (lab.folder / "there.pt").read_text() == "x"


def test_a_normalisation_of_the_file_is_written_and_said(tmp_path, ln_bench):
    state = build_model("resnet20").state_dict()
    saved = {f"net.{name}": tensor for name, tensor in state.items()}
    saved |= {"mu": torch.full((3,), 0.5), "sigma": torch.full((3,), 0.25)}
    torch.save(saved, tmp_path / "net.pt")
    new = tmp_path / "ln.safetensors"
    outcome = ln_bench(
        "convert", str(tmp_path / "net.pt"), "--arch", "resnet20", "--groups", "2",
        "--out", str(new),
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "took the prefix 'net.' off the names; not under it: 'mu', 'sigma'" in outcome.err
    assert read_checkpoint(new).metadata["normalize"] == "0.5,0.5,0.5/0.25,0.25,0.25"

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import robustbench_ln as ln
from robustbench_ln.evaluation.own_network import network_sha256
from tests.cli.conftest import Lab
from tests.norms.networks import small_net
from tests.norms.test_own_forward import ScaledNorm

COUNTS = ["mode", "corruption", "severity", "total", "correct", "ties", "refills", "nll", "ece"]


def read_lab(lab: Lab) -> tuple[nn.Module, np.ndarray, np.ndarray]:
    scope: dict = {}
    exec((lab.folder / "net.py").read_text(), scope)
    network = scope["network"]()
    network.load_state_dict(torch.load(lab.folder / "net.pt"))
    with np.load(lab.folder / "data.npz") as data:
        return network.eval(), data["images"], data["labels"]


def rows(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "cells.jsonl").read_text().splitlines()]


def counts_of(frame) -> list[list]:
    known = frame.assign(**{name: frame.attrs[name] for name in COUNTS if name not in frame})
    return known[COUNTS].to_numpy().tolist()


def test_python_measures_what_the_command_line_measures(lab, ln_bench):
    assert ln_bench(*lab.command("--corruptions", "contrast", "--severity-table", "cifar10-c",
                                 "--severities", "3")).code == 0  # fmt: skip
    network, images, labels = read_lab(lab)
    before = network_sha256(network)
    frame = ln.evaluate(
        network, images, labels, normalize="none", noises="agn", sigmas=[0, 0.5, 1],
        corruptions="contrast", severity_table="cifar10-c", severities=[3], stat_batch=16,
        out=lab.folder / "python",
    )  # fmt: skip
    assert network_sha256(network) == before
    ours, theirs = rows(lab.folder / "python"), rows(lab.folder / "run")
    differing = {"checkpoint_sha256", "seconds"}
    assert len(ours) == len(theirs) == 16
    for mine, cell in zip(ours, theirs, strict=True):
        assert {k: v for k, v in mine.items() if k not in differing} == {
            k: v for k, v in cell.items() if k not in differing
        }
    assert sorted(counts_of(frame)) == sorted([cell[name] for name in COUNTS] for cell in theirs)
    assert ln_bench("report", str(lab.folder / "run"), str(lab.folder / "python"),
                    "--out", str(lab.folder / "both")).code == 0  # fmt: skip


def test_python_measures_a_stored_set_as_the_command_line_does(lab, ln_bench):
    clean, made = f"arrays:{lab.folder}/data.npz", f"cifar10-c:{lab.folder}/made"
    corrupt = ("--corruptions", "fog,contrast", "--severity-table", "cifar10-c")
    assert ln_bench("corrupt", clean, *corrupt, "--out", f"{lab.folder}/made").code == 0
    chosen = ("--corruptions", "fog", "--severities", "2,5", "--modes", "bn,dbn-batch")
    assert ln_bench(*lab.command("--data", made, "--clean", clean, *chosen)).code == 0
    network, _, _ = read_lab(lab)
    options = {
        "normalize": "none", "noises": "agn", "sigmas": [0, 0.5, 1], "corruptions": "fog",
        "severities": [2, 5], "modes": ["bn", "dbn-batch"], "stat_batch": 16,
        "progress": ln.Silent(),
    }  # fmt: skip
    ln.evaluate(network, made, clean=clean, out=lab.folder / "python", **options)
    differing = {"checkpoint_sha256", "seconds"}
    ours, theirs = (
        [{k: v for k, v in row.items() if k not in differing} for row in rows(lab.folder / run)]
        for run in ("python", "run")
    )
    assert ours == theirs
    assert len(ours) == 2 * (1 + 2 + 2)
    assert {row["corruption"] for row in ours if row["corrupted_sha256"]} == {"fog"}
    opened = ln.load_images(clean, ln.DataOptions())
    again = ln.evaluate(network, made, clean=opened, **options)
    columns = ["mode", "corruption", "severity", "correct"]
    expected = sorted([row[name] for name in columns] for row in theirs)
    assert sorted(again[columns].to_numpy().tolist()) == expected


def test_a_set_without_clean_images_is_named_alone(lab):
    network, images, labels = read_lab(lab)
    (lab.folder / "shifted").mkdir()
    np.save(lab.folder / "shifted/v6.npy", images)
    np.save(lab.folder / "shifted/labels.npy", labels)
    options = {"normalize": "none", "modes": "bn", "progress": ln.Silent()}
    frame = ln.evaluate(network, f"corrupted:{lab.folder}/shifted", **options)
    assert frame["corruption"].tolist() == ["v6"]
    named = ln.evaluate(network, f"arrays:{lab.folder}/data.npz", **options)
    assert named["corruption"].tolist() == ["clean"]
    assert frame["correct"].tolist() == named["correct"].tolist()


def test_a_loader_and_arrays_give_the_same(lab):
    network, images, labels = read_lab(lab)
    loader = DataLoader(
        TensorDataset(torch.from_numpy(images).permute(0, 3, 1, 2) / 255, torch.from_numpy(labels)),
        batch_size=8,
    )
    options = {"normalize": "0.5/0.25", "modes": ["bn", "dbn-single"], "progress": ln.Silent()}
    first = ln.evaluate(network, images, labels, **options)
    assert counts_of(ln.evaluate(network, loader, **options)) == counts_of(first)
    source = ln.load_images(f"arrays:{lab.folder}/data.npz", ln.DataOptions())
    assert counts_of(ln.evaluate(network, source, **options)) == counts_of(first)
    training = ln.evaluate(network.train().double(), images, labels, **options)
    assert network.training
    assert next(network.parameters()).dtype == torch.float64
    assert counts_of(training) == counts_of(first)


def test_a_checkpoint_is_a_path_and_an_architecture(tmp_path):
    torch.manual_seed(0)
    from robustbench_ln.models import build_model

    network = build_model("resnet20").eval()
    torch.save(network.state_dict(), tmp_path / "net.pt")
    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3)).astype(np.uint8)
    options = {"normalize": "cifar10", "modes": "bn", "label": "mine", "progress": ln.Silent()}
    labels = np.arange(6)
    from_file = ln.evaluate(tmp_path / "net.pt", images, labels, arch="resnet20", **options)
    from_network = ln.evaluate(network, images, labels, **options)
    assert counts_of(from_file) == counts_of(from_network)
    assert from_file.label.tolist() == ["mine"]


def test_a_layer_of_ones_own_is_dynamic_where_it_is_named(lab):
    _, images, labels = read_lab(lab)
    network = nn.Sequential(
        nn.Conv2d(3, 5, 3), ScaledNorm(5), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    options = {"normalize": "none", "modes": "dbn-single", "progress": ln.Silent()}
    frame = ln.evaluate(network, images, labels, norm_classes=(ScaledNorm,), **options)
    assert frame["mode"].tolist() == ["dbn-single"]
    with pytest.raises(ln.LnBenchError, match="needs BatchNorm, and the network has none"):
        ln.evaluate(network, images, labels, **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"modes": "dbn"}, "unknown mode 'dbn'"),
        ({"noises": ["agm"]}, "did you mean 'agn'"),
        ({"corruptions": "fog"}, "needs severity_table="),
        ({"normalize": None}, "normalize= is missing"),
        ({"order": "random"}, "unknown order 'random'"),
        ({"device": "tpu9"}, "device='tpu9'"),
        ({"arch": "resnet20"}, "arch 'resnet20' is for a checkpoint's file"),
        ({"labels": None}, "labels are missing"),
        ({"images": ln.load_images}, "a function is not an array of images"),
        ({"sigmas": [1]}, "sigmas= needs a noise, as in noises='agn'"),
        ({"clean": "cifar10:x"}, "clean= is for sets that are corrupted already; images is no"),
        ({"clean": np.zeros(3)}, "clean is a ndarray; give KIND:PATH, as in cifar10:data, or"),
        ({"images": "cifar10-c:x"}, "cifar10-c:x has its own labels; leave labels out"),
        ({"images": "cifar10-c:x", "labels": None}, "needs its clean images: give clean="),
        ({"images": "data.npz", "labels": None}, "images='data.npz': expected KIND:PATH"),
        ({"labels": np.full(50, 5)}, r"label 5, the network has 5 classes \(0..4\)"),
    ],
)
def test_wrong_input_is_one_line(lab, change, message):
    network, images, labels = read_lab(lab)
    given = {"images": images, "labels": labels, "normalize": "none"} | change
    with pytest.raises(ln.LnBenchError, match=message) as caught:
        ln.evaluate(network, given.pop("images"), given.pop("labels"), **given)
    assert "\n" not in str(caught.value)


def test_labels_beside_an_opened_source_are_refused(lab):
    network, _, labels = read_lab(lab)
    source = ln.load_images(f"arrays:{lab.folder}/data.npz", ln.DataOptions())
    with pytest.raises(ln.LnBenchError, match="has its own labels"):
        ln.evaluate(network, source, labels, normalize="none")


def test_the_package_imports_no_torch_until_a_name_is_used():
    code = (
        "import sys, robustbench_ln as ln\n"
        "assert 'torch' not in sys.modules\n"
        "assert {'evaluate', 'corrupt'} <= set(dir(ln))\n"
        "for name in ln.__all__: getattr(ln, name)\n"
        "assert ln.convert is ln.norms.convert_batchnorm\n"
        "try: ln.evalute\n"
        "except AttributeError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "module 'robustbench_ln' has no attribute 'evalute'\n"


def test_the_digest_sees_weights_classes_and_eps():
    digest = network_sha256(small_net())
    assert network_sha256(small_net().train()) == digest
    assert network_sha256(small_net(seed=1)) != digest
    assert network_sha256(small_net(norm_after_linear=True)) != digest
    changed = small_net()
    changed.bn1.eps = 1e-4
    assert network_sha256(changed) != digest
    half = small_net().bfloat16()
    assert network_sha256(half) != digest


def test_python_scores_some_classes_alone(lab, ln_bench):
    network, images, labels = read_lab(lab)
    is_shown = np.isin(labels, (0, 3))
    np.savez(lab.folder / "data.npz", images=images[is_shown], labels=labels[is_shown])
    listed = lab.folder / "listed.json"
    listed.write_text("[3, 0]")
    assert ln_bench(*lab.command("--modes", "bn", "--classes", str(listed))).code == 0
    frame = ln.evaluate(
        network, images[is_shown], labels[is_shown], normalize="none", modes="bn", noises="agn",
        sigmas=[0.5, 1], stat_batch=16, classes=[0, 3],
    )  # fmt: skip
    assert counts_of(frame) == [[row[name] for name in COUNTS] for row in rows(lab.folder / "run")]
    assert {frame.attrs["classes"]} == {row["classes"] for row in rows(lab.folder / "run")}
    assert set(frame["variant"]) == {"bn (2 classes)"}


class Greedy(nn.Module):
    def forward(self, images):
        return images.new_empty(2**50)


def test_too_little_memory_is_one_line_that_names_parameters(lab, monkeypatch):
    images = np.zeros((4, 12, 12, 3), np.uint8)
    network = nn.Sequential(nn.BatchNorm2d(3), Greedy())
    with pytest.raises(ln.LnBenchError) as caught:
        ln.evaluate(network, images, [0, 1, 2, 3], normalize="none", noises="agn", modes="bn")
    assert str(caught.value) == (
        "this machine has too little memory; lower device_batch=, then stat_batch= or group_size=, "
        "or workers="
    )
    assert "allocate" in str(caught.value.__cause__)

    def take_all(*_: object) -> object:
        raise MemoryError

    place = "robustbench_ln.corruptions.corrupt_arrays.degraded_chunks"
    monkeypatch.setattr(place, take_all)
    with pytest.raises(ln.LnBenchError, match="too little memory; give fewer images at once"):
        ln.corrupt(
            torch.zeros(1, 32, 32, 3, dtype=torch.uint8), "fog", 1, severity_table="cifar10-c"
        )

"""The one way in which a network sees images: evaluation and `predict` share it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import robustbench_ln as ln
from robustbench_ln.corruptions.degrade import degrade
from robustbench_ln.corruptions.stream import StreamOptions
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.errors import CheckpointError, LayoutError
from robustbench_ln.evaluation import pass_run
from robustbench_ln.evaluation.device_batch import DeviceBatch
from robustbench_ln.evaluation.own_network import name_own_network
from robustbench_ln.evaluation.pass_run import Work, make_views, run_passes
from robustbench_ln.evaluation.plan import plan_passes
from robustbench_ln.evaluation.predict import predict_pictures
from robustbench_ln.spec import CLEAN, Condition, EvaluationSpec, parse_normalization
from tests.norms.networks import small_net

PACKAGE = Path(__file__).parents[2] / "robustbench_ln"
PIXELS = np.random.default_rng(0).integers(0, 256, (7, 8, 8, 3)).astype(np.uint8)
IMAGES = ArrayImages(source="some", kind="arrays", pixels=PIXELS, labels=np.zeros(7, np.int64))
SPEC = EvaluationSpec(
    modes=("bn", "dbn-batch", "dbn-single"), stat_batch=3, group_size=3, device_batch=2
)
OPTIONS = StreamOptions(seed=0)
ORDER = np.array([6, 0, 5, 1, 4, 2, 3])


def subject():
    return name_own_network(small_net(), parse_normalization("0.4/0.2", 3), image_shape=(3, 8, 8))


def views_of(network, plan):
    batches = {p: DeviceBatch(max(1, 2 // (p.layout.set_size or 1)), 2) for p in plan.passes}
    return make_views(network, IMAGES, batches, SPEC)


def test_what_is_kept_is_of_the_images_in_their_order():
    plan = plan_passes(subject(), IMAGES, SPEC)
    views = views_of(subject(), plan)
    work = Work(subject(), IMAGES, ORDER)
    passed = run_passes(views, work, CLEAN, options=OPTIONS, keep=lambda x, i: (x, i))
    done = {p.layout.name: measured for p, measured in passed.measured.items()}
    assert list(done) == ["running", "batch", "image"]
    assert {name: m.sets for name, m in done.items()} == {"running": 2, "batch": 1, "image": 2}
    shown = (torch.from_numpy(PIXELS[ORDER]).permute(0, 3, 1, 2) / 255 - 0.4) / 0.2
    for p, view in views.items():
        parts = done[p.layout.name].parts
        assert len(parts) > 1
        assert np.concatenate([indices for _, indices in parts]).tolist() == ORDER.tolist()
        size = p.layout.set_size or len(ORDER)
        padded = torch.cat([shown, shown[: -len(ORDER) % size]])
        with torch.inference_mode():
            expected = torch.cat([view.model(part) for part in padded.split(size)])[: len(ORDER)]
        logits = torch.cat([logits for logits, _ in parts], dim=1)
        torch.testing.assert_close(logits, expected[None], rtol=1e-4, atol=1e-4)
    assert passed.sums == []


def test_noise_is_drawn_once_for_all_passes_and_refills_are_not_summed():
    plan = plan_passes(subject(), IMAGES, SPEC)
    noise = Condition(corruption="agn", severity=0.5, convention="paper", range="clip")
    work = Work(subject(), IMAGES, ORDER)
    views = views_of(subject(), plan)
    passed = run_passes(views, work, noise, options=OPTIONS, keep=lambda _, i: len(i))
    assert [sum(m.parts) for m in passed.measured.values()] == [7, 7, 7]
    expected = degrade(torch.from_numpy(PIXELS[ORDER]), noise, seed=0, indices=ORDER.tolist())
    assert passed.sums == expected.sums


def test_a_part_gives_what_the_whole_gives_and_the_first_images_fill_its_last_set():
    plan = plan_passes(subject(), IMAGES, SPEC)
    whole, *parts = (
        run_passes(
            views_of(subject(), plan), work, CLEAN, options=OPTIONS, keep=lambda x, _: x
        ).measured
        for work in (
            Work(subject(), IMAGES, ORDER),
            Work(subject(), IMAGES, ORDER[:6], ORDER),
            Work(subject(), IMAGES, ORDER[6:], ORDER),
        )
    )
    for p in plan.passes:
        joined = torch.cat([x for part in parts for x in part[p].parts], dim=1)
        assert torch.equal(joined, torch.cat(whole[p].parts, dim=1))


def test_pictures_are_read_once_for_all_modes(monkeypatch):
    """`predict` shows every pass the same chunk, as `evaluate` does."""
    shown = []
    real = pass_run.network_chunks

    def count(*args, **options) -> Iterator:
        shown.append(args[2])
        yield from real(*args, **options)

    monkeypatch.setattr(pass_run, "network_chunks", count)
    said = predict_pictures(subject(), IMAGES, SPEC)
    assert [mode.mode.name for mode in said] == ["bn", "dbn-batch", "dbn-single"]
    assert shown == [CLEAN]


def test_logits_that_are_not_finite_name_the_image():
    network = small_net()
    network.head.bias.data[0] = float("nan")
    bad = name_own_network(network, parse_normalization("0.4/0.2", 3), image_shape=(3, 8, 8))
    plan = plan_passes(bad, IMAGES, SPEC)
    views = views_of(bad, plan)
    with pytest.raises(CheckpointError, match="NaN or infinite for image 6 of some"):
        run_passes(views, Work(bad, IMAGES, ORDER), CLEAN, options=OPTIONS, keep=lambda x, _: x)


def test_sets_are_run_in_one_place() -> None:
    users = {p.name for p in PACKAGE.rglob("*.py") if "SetRunner(" in p.read_text()}
    assert users == {"pass_run.py"}
    chunks = {p.name for p in PACKAGE.rglob("*.py") if "network_chunks(" in p.read_text()}
    assert chunks == {"inputs.py", "pass_run.py", "calibration.py"}  # the last measures a chunk


class Net(nn.Module):
    """Fails at the last batch of noisy images, which has 4 images, until it is mended."""

    is_mended = False

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.passes: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        self.passes.append(len(images))
        if len(images) == 4 and not self.is_mended and images.std() > 0.3:
            images = images.view(8, -1)
        return self.norm(images).mean(dim=(-2, -1))


def test_a_run_goes_on_after_the_network_was_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = np.random.default_rng(0).integers(100, 150, (20, 8, 8, 3)).astype(np.uint8)
    asked = {
        "labels": np.arange(20) % 3, "normalize": "none", "modes": ["bn"], "noises": "agn",
        "sigmas": [0.0, 2.0], "out": tmp_path / "run", "device_batch": 8,
        "progress": ln.Silent(),
    }  # fmt: skip
    with pytest.raises(LayoutError, match="failed on 4 images of 3x8x8") as caught:
        ln.evaluate(Net(), images, convention="paper", **asked)
    assert "images.view(8, -1)" in caught.value.__notes__[0]
    kept = (tmp_path / "run" / "cells.jsonl").read_text()
    assert '"clean"' in kept
    assert '"agn"' not in kept

    monkeypatch.setattr(Net, "is_mended", True)
    frame = ln.evaluate(Net(), images, convention="paper", **asked)
    assert list(frame["total"]) == [20, 20]
    assert (tmp_path / "run" / "cells.jsonl").read_text().startswith(kept)

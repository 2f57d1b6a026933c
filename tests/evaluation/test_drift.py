from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.corruptions.stream import StreamOptions, degraded_chunks
from robustbench_ln.errors import LayoutError, SpecError
from robustbench_ln.evaluation.drift import find_call_order, measure_drift
from robustbench_ln.evaluation.orders import evaluation_order
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.norms import convert_batchnorm
from robustbench_ln.progress import Silent
from robustbench_ln.spec import CLEAN, EvaluationSpec
from tests.evaluation.small_runs import make_images, make_spec, make_subject
from tests.norms.networks import settle, small_net
from tests.references.drift_reference import drift_of
from tests.references.norm_reference import by_sets, normalize

CONDITIONS = noise_conditions(["agn"], sigmas=[0.0, 0.5, 1.0])
SPEC = EvaluationSpec(conditions=CONDITIONS, stat_batch=8, device_batch=5)


def inputs_of_norms(network: nn.Module, images: torch.Tensor, dynamic: int, set_size: int):
    """What SmallNet's norm layers are given, and its logits, in float64: the first few by sets."""

    def norm(features: torch.Tensor, layer: nn.BatchNorm2d, is_dynamic: bool) -> torch.Tensor:
        gamma, beta = (v.detach().numpy() for v in (layer.weight, layer.bias))
        if is_dynamic:
            return torch.from_numpy(by_sets(features.numpy(), set_size, gamma, beta, layer.eps))
        running = layer.running_mean.numpy(), layer.running_var.numpy()
        return torch.from_numpy(normalize(features.numpy(), *running, gamma, beta, layer.eps))

    with torch.no_grad():
        first = network.conv1(images)
        features = norm(first, network.bn1, dynamic > 0).relu()
        second = network.conv2(nn.functional.max_pool2d(features, 2))
        features = norm(second, network.bn2, dynamic > 1).relu().mean((2, 3))
        logits = network.head(network.dense(features).relu())
    return (first.numpy(), second.numpy()), logits.argmax(dim=1).numpy()


def lively() -> nn.Module:
    """SmallNet with logits about 0 over the images, so that it tells all classes."""
    network, pixels = small_net(), torch.from_numpy(make_images(32).pixels)
    with torch.no_grad():
        network.head.bias -= network(pixels.permute(0, 3, 1, 2).float() / 255).mean(dim=0)
    return network


def test_drift_and_accuracy_equal_the_reference():
    images, network = make_images(32), lively().double()
    drift = measure_drift(make_subject(lively()), images, SPEC, progress=Silent())
    order = evaluation_order(images.labels, order="shuffled", seed=0, limit=None)
    seen, correct = [], []
    for condition in CONDITIONS:
        chunks = degraded_chunks(images, order, condition, StreamOptions(0))
        pixels = torch.cat([chunk.degraded.images for chunk in chunks]).permute(0, 3, 1, 2)
        pixels = pixels.double() / 255 if pixels.dtype == torch.uint8 else pixels.double()
        runs = [inputs_of_norms(network, pixels, dynamic, 8) for dynamic in range(3)]
        seen.append(runs[0][0])
        correct.append([int((classes == images.labels[order]).sum()) for _, classes in runs])
    expected = [drift_of(inputs, seen[0], [1e-3, 1e-5]) for inputs in seen]
    assert drift.layers == ("bn1", "bn2")
    assert np.allclose(drift.divergence, np.transpose(expected), rtol=1e-4, atol=1e-7)
    assert drift.divergence[:, 1:].min() > 1e-4
    assert np.array_equal(drift.correct, np.transpose(correct))
    assert len(set(drift.correct[:, 2])) == 3  # the first layer alone is not the last one alone


def test_no_dynamic_layer_is_bn_and_all_are_dbn_batch(tmp_path):
    spec = make_spec(modes=("bn", "dbn-batch"), conditions=CONDITIONS, limit=30)
    subject = make_subject(small_net(norm_after_linear=True))
    rows = evaluate(subject, make_images(), spec, out=tmp_path)
    drift = measure_drift(subject, make_images(), replace(SPEC, limit=30), progress=Silent())
    correct = {(row.mode, row.severity): row.correct for row in rows}
    for column, condition in enumerate(CONDITIONS):
        assert drift.correct[0, column] == correct["bn", condition.severity]
        assert drift.correct[3, column] == correct["dbn-batch", condition.severity]
    assert (drift.num_images, drift.set_size, len(drift.correct)) == (30, 8, 4)


def test_localnorm_has_a_drift_and_no_running_statistics_to_compare_with():
    """Images that fill the last set are not counted: 30 of them in sets of 4."""
    network = settle(convert_batchnorm(small_net(), 2).model)
    spec = replace(SPEC, limit=30)
    drift = measure_drift(make_subject(network), make_images(), spec, progress=Silent())
    assert drift.correct is None
    assert drift.set_size == 4
    assert np.array_equal(drift.divergence[:, 0], [0.0, 0.0])
    # The first layer's input has met no statistics, so that the layout cannot matter to it.
    plain = measure_drift(make_subject(), make_images(), spec, progress=Silent())
    assert np.allclose(drift.divergence[0], plain.divergence[0], rtol=1e-4)


class Backwards(nn.Module):
    """Layers that are used in another order than they are declared."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.unused, self.first = (nn.BatchNorm2d(3) for _ in range(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.last(self.first(images))


def test_layers_are_in_the_order_of_the_forward_pass():
    names = ["last", "unused", "first"]
    assert find_call_order(Backwards(), (3, 8, 8), names) == ["first", "last"]


def test_what_cannot_drift_is_refused():
    plain = nn.Sequential(nn.Conv2d(3, 5, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    with pytest.raises(LayoutError, match="small: the network has no BatchNorm or LocalNorm layer"):
        measure_drift(make_subject(plain), make_images(), SPEC, progress=Silent())
    for conditions in ((CLEAN,), CONDITIONS[1:]):
        spec = replace(SPEC, conditions=conditions)
        with pytest.raises(SpecError, match="compares degraded images with clean ones; give both"):
            measure_drift(make_subject(), make_images(), spec, progress=Silent())

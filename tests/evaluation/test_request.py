"""What is refused before anything is read, and what a download is of."""

from __future__ import annotations

import pytest

from robustbench_ln.data import DataOptions, Framing
from robustbench_ln.errors import SpecError
from robustbench_ln.evaluation.image_request import ImageRequest
from robustbench_ln.evaluation.request import EvaluationRequest, choose_fetches
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.spec import ConditionRequest, EvaluationSpec
from tests.corrupted_sets.sample_sets import make_images

RESIZED = DataOptions(framing=Framing(resize=8))
SIGMAS = ConditionRequest(sigmas=(1.0,))
NOISE = ConditionRequest(noises=("agn",))
TABLE = ConditionRequest(severity_table="cifar10-c")


@pytest.mark.parametrize(
    ("base", "arch", "expected"),
    [
        ("cifar10:x", "resnet20", (False, True)),
        ("cifar10:x", "torchvision:resnet18", (True, True)),
        ("arrays:x", "torchvision:resnet18", (True, False)),
        ("arrays:x", "resnet20", (False, True)),  # refused when they are read
        (make_images(), "resnet20", (True, False)),  # refused with the network
        (make_images(), "torchvision:resnet18", (True, False)),
    ],
)
def test_download_is_of_all_that_can_be_fetched(base, arch, expected):
    assert choose_fetches(True, base=base, arch=arch) == expected
    assert choose_fetches(False, base=base, arch=arch) == (False, False)


def test_a_request_is_checked_and_filled_in_when_it_is_made(tmp_path):
    asked = ConditionRequest(noises=("agn",), sigmas=(1.0,), frost_dir=tmp_path)
    images = ImageRequest(data="cifar10:x", degradation=asked)
    source = NetworkSource(path=tmp_path / "x.pt", arch="torchvision:resnet18")
    request = EvaluationRequest(
        network=source, images=images, spec=EvaluationSpec(), normalize="none", download=True
    )
    assert request.spec.conditions == images.resolve().conditions
    assert request.spec.frost is None
    assert request.images.options.download
    assert isinstance(request.network, NetworkSource)
    assert request.network.download
    with pytest.raises(SpecError, match="unknown normalisation 'imagenett'"):
        EvaluationRequest(
            network=source, images=images, spec=EvaluationSpec(), normalize="imagenett"
        )


@pytest.mark.parametrize(
    "changes", [{"modes": ("dbn",)}, {"order": "sorted"}, {"tie_rule": "first"}]
)
def test_a_spec_refuses_names_that_do_not_exist(changes):
    (name,) = changes.values()
    with pytest.raises(
        SpecError, match=f"unknown .*'{name if isinstance(name, str) else name[0]}'"
    ):
        EvaluationSpec(**changes)

"""Published weights state their input; the values are those of the publishers' model cards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models import Checkpoint, find_architecture
from robustbench_ln.models.weights_metadata import (
    InputPipeline,
    stated_pipeline,
    weights_metadata,
)
from robustbench_ln.spec import parse_normalization

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def metadata(arch: str, digits: str = "", path: Path = Path("net.pth")) -> InputPipeline | None:
    checkpoint = Checkpoint(
        path=path, sha256=digits.ljust(64, "0"), state={}, key=None, prefix="", metadata={}
    )
    return weights_metadata(find_architecture(arch), checkpoint)


def as_tuple(pipeline: InputPipeline | None) -> tuple[Any, ...]:
    assert pipeline is not None
    normalization = pipeline.normalization
    assert parse_normalization(normalization.name, 3) == normalization
    numbers = normalization.mean, normalization.std
    return pipeline.resize, pipeline.crop, pipeline.interpolation, numbers


@pytest.mark.parametrize(
    ("arch", "digits", "expected"),
    [
        ("resnet50", "0676ba61", (256, 224, "bilinear", IMAGENET)),  # IMAGENET1K_V1
        ("resnet50", "11ad3fa6", (232, 224, "bilinear", IMAGENET)),  # IMAGENET1K_V2
        ("vgg16_bn", "6c64b313", (256, 224, "bilinear", IMAGENET)),
        ("efficientnet_b0", "7f5810bc", (256, 224, "bicubic", IMAGENET)),
        ("mobilenet_v3_large", "5c1a4163", (232, 224, "bilinear", IMAGENET)),
        ("mnasnet0_5", "3ffadce67e", (256, 224, "bilinear", IMAGENET)),
    ],
)
def test_torchvision_weights_are_known_by_their_digest(
    arch: str, digits: str, expected: tuple[Any, ...]
) -> None:
    assert as_tuple(metadata(f"torchvision:{arch}", digits)) == expected


def test_every_published_torchvision_weight_is_found() -> None:
    models = torchvision.models
    for name in ("resnet18", "densenet121", "convnext_tiny", "vit_b_16", "vit_l_16"):
        for weights in models.get_model_weights(name):
            digits = weights.url.rpartition("-")[2].partition(".")[0]
            pipeline = metadata(f"torchvision:{name}", digits)
            assert pipeline is not None
            assert pipeline.source == f"torchvision {weights}"


def test_weights_of_another_torchvision_network() -> None:
    with pytest.raises(
        CheckpointError,
        match=r"net.pth: holds torchvision's ResNet50_Weights.IMAGENET1K_V2; "
        "use arch='torchvision:resnet50'",
    ):
        metadata("torchvision:resnet18", "11ad3fa6")


@pytest.mark.parametrize("arch", ["resnet20", "torchvision:resnet18", "timm:resnet18"])
def test_nothing_is_assumed_of_own_weights(arch: str) -> None:
    if arch.startswith("timm"):
        pytest.importorskip("timm", reason="needs the extra robustbench_ln[timm]")
    assert metadata(arch, "0123456789") is None


@pytest.fixture
def _timm() -> None:
    pytest.importorskip("timm", reason="needs the extra robustbench_ln[timm]")


@pytest.mark.usefixtures("_timm")
@pytest.mark.parametrize(
    ("arch", "digits", "expected"),
    [
        # Tested at 288 pixels without a margin, as the model card says.
        ("resnet50.a1_in1k", "", (288, 288, "bicubic", IMAGENET)),
        ("resnet50.tv_in1k", "", (256, 224, "bilinear", IMAGENET)),
        ("resnet50", "14fe96d1", (288, 288, "bicubic", IMAGENET)),
        # 224 / 0.9 = 248.9: the fraction is cut off.
        ("vit_base_patch16_224.augreg_in1k", "", (248, 224, "bicubic", HALF)),
        # Squashed into the square, not cut out of the middle.
        ("coat_lite_medium_384.in1k", "", (None, None, "bicubic", IMAGENET)),
    ],
)
def test_timm_weights_by_tag_or_digest(arch: str, digits: str, expected: tuple[Any, ...]) -> None:
    assert as_tuple(metadata(f"timm:{arch}", digits)) == expected


HUB_CONFIG = {
    "architecture": "resnet18",
    "num_classes": 5,
    "pretrained_cfg": {
        "tag": "my_run",
        "input_size": [3, 160, 160],
        "interpolation": "bilinear",
        "crop_pct": 0.8,
        "crop_mode": "center",
        "mean": [0.5, 0.4, 0.3],
        "std": [0.2, 0.2, 0.25],
    },
}


@pytest.mark.usefixtures("_timm")
def test_the_config_beside_a_hub_file_decides(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(HUB_CONFIG))
    pipeline = metadata("timm:resnet18", path=tmp_path / "model.safetensors")
    numbers = ((0.5, 0.4, 0.3), (0.2, 0.2, 0.25))
    assert as_tuple(pipeline) == (200, 160, "bilinear", numbers)


@pytest.mark.usefixtures("_timm")
@pytest.mark.parametrize("arch", ["timm:resnet34", "timm:resnet18.a1_in1k"])
def test_weights_of_another_timm_variant(tmp_path: Path, arch: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(HUB_CONFIG))
    with pytest.raises(
        CheckpointError,
        match=r"config.json says timm's resnet18.my_run, not .*; use arch='timm:resnet18'$",
    ):
        metadata(arch, path=tmp_path / "model.safetensors")


@pytest.mark.usefixtures("_timm")
def test_configs_of_others(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    (tmp_path / "config.json").write_text('{"lr": 0.1}')
    assert metadata("timm:resnet18", path=path) is None
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(CheckpointError, match="config.json: cannot be read as JSON; get it again"):
        metadata("timm:resnet18", path=path)


@pytest.mark.parametrize(
    ("name", "digits"), [("googlenet", "1378be20"), ("inception_v3", "0cc3c7bd")]
)
def test_networks_that_torchvision_normalises_inside_get_what_they_see(
    name: str, digits: str
) -> None:
    pipeline = metadata(f"torchvision:{name}", digits)
    assert as_tuple(pipeline)[3] == HALF
    assert pipeline is not None
    network = torchvision.models.get_model(
        name, weights=None, init_weights=False, transform_input=True
    )
    pixels = torch.rand(2, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    mean, std = (torch.tensor(values)[:, None, None] for values in IMAGENET)
    seen = network._transform_input((pixels - mean) / std)
    torch.testing.assert_close(seen, (pixels - 0.5) / 0.5)


@pytest.mark.usefixtures("_timm")
@pytest.mark.parametrize(
    ("digits", "file", "owner"),
    [("14fe96d1", "net.pth", "a1_in1k"), ("", "resnet50.tv_in1k.safetensors", "tv_in1k")],
)
def test_weights_of_another_tag(digits: str, file: str, owner: str) -> None:
    with pytest.raises(
        CheckpointError,
        match=f"{file}: holds timm's resnet50.{owner}; use arch='timm:resnet50.{owner}'",
    ):
        metadata("timm:resnet50.a2_in1k", digits, path=Path(file))


def stated(text: object) -> InputPipeline | None:
    checkpoint = Checkpoint(
        path=Path("last.pt"), sha256="0" * 64, state={}, key=None, prefix="",
        metadata={"normalize": text},  # type: ignore[dict-item]
    )  # fmt: skip
    return stated_pipeline(checkpoint)


@pytest.mark.parametrize("text", ["cifar10", "mnist", "none", "0.5,0.4,0.3/0.2,0.2,0.2", "0.1/0.3"])
def test_a_file_may_state_its_normalisation(text: str) -> None:
    pipeline = stated(text)
    assert pipeline is not None
    assert pipeline.normalization.name == text
    assert (pipeline.resize, pipeline.crop, pipeline.interpolation) == (None, None, None)


@pytest.mark.parametrize("text", ["", "nope", "1,2/3,4", "nan/1", 7, "../x"])
def test_what_is_no_normalisation_states_nothing(text: object) -> None:
    assert stated(text) is None

"""The order of layers in VGG for LocalNorm."""

from __future__ import annotations

from robustbench_ln.models import build_model


def test_vgg_drops_after_the_first_norm() -> None:
    layers = list(build_model("vgg-localnorm").features)  # type: ignore[arg-type]
    assert [type(layer).__name__ for layer in layers[:5]] == [
        "Conv2d", "ReLU", "BatchNorm2d", "Dropout", "Conv2d",
    ]  # fmt: skip

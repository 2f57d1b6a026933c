"""What a folder's files say, without transformers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from robustbench_ln.errors import CheckpointError, SpecError
from robustbench_ln.models import read_checkpoint
from robustbench_ln.models.hf_folder import (
    HfInput,
    hf_class_names,
    hf_folder,
    hf_weights,
    read_config,
    read_input,
)
from robustbench_ln.models.source import NetworkSource
from tests.models.hf_folders import write_preprocessor

HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.21, 0.22)


def test_what_a_preprocessor_says(tmp_path: Path) -> None:
    assert read_input(tmp_path) is None
    write_preprocessor(tmp_path)
    assert read_input(tmp_path) == HfInput(MEAN, STD, 36, 32, "bicubic", False)
    written = json.loads((tmp_path / "preprocessor_config.json").read_text())
    (tmp_path / "preprocessor_config.json").unlink()
    (tmp_path / "processor_config.json").write_text(json.dumps({"image_processor": written}))
    assert read_input(tmp_path) == HfInput(MEAN, STD, 36, 32, "bicubic", False)


SIZES: dict[str, tuple[dict[str, Any], tuple[int | None, int | None, str | None, bool]]] = {
    "ViT": ({"size": {"height": 224, "width": 224}, "resample": 2}, (224, 224, "bilinear", True)),
    "ViT, old": ({"size": 224, "resample": 2}, (224, 224, "bilinear", True)),
    "DeiT": (
        {"size": {"height": 256, "width": 256}, "do_center_crop": True, "crop_size": 224},
        (256, 224, None, True),
    ),
    "ConvNeXT": ({"size": {"shortest_edge": 224}, "crop_pct": 0.875}, (256, 224, None, False)),
    "ConvNeXT, old": (
        {"size": 224, "feature_extractor_type": "ConvNextFeatureExtractor"},
        (256, 224, None, False),
    ),
    "ConvNeXT, large": (
        {"size": {"shortest_edge": 384}, "crop_pct": 0.875, "resample": 3},
        (384, 384, "bicubic", True),
    ),
    "shorter side alone": ({"size": {"shortest_edge": 99}}, (99, None, None, False)),
    "no scaling": ({"do_resize": False, "size": 99, "resample": 2}, (None, None, None, False)),
    "nothing": ({}, (None, None, None, False)),
    "an unknown filter": ({"size": 99, "resample": 17}, (99, 99, None, True)),
}


@pytest.mark.parametrize("case", SIZES)
def test_sizes(tmp_path: Path, case: str) -> None:
    said, expected = SIZES[case]
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(HALF | said))
    assert read_input(tmp_path) == HfInput((0.5,) * 3, (0.5,) * 3, *expected)


PIXELS: dict[str, tuple[dict[str, Any], float, float]] = {
    # x in 0..1 becomes (x - mean) / std; what the preprocessor does to 255 x is the same
    "plain": ({}, 0.5, 0.5),
    "no mean and std": ({"do_normalize": False, "image_mean": None}, 0.0, 1.0),
    "not scaled to 0..1": ({"do_rescale": False}, 0.5 / 255, 0.5 / 255),
    "scaled to 0..2": ({"rescale_factor": 2 / 255}, 0.25, 0.25),
    "to -1..1, then again": (
        {"rescale_factor": 2 / 255, "rescale_offset": True}, 0.75, 0.25,
    ),
    "EfficientNet": ({"include_top": True}, 0.5, 0.25),
    "one number": ({"image_mean": 0.5, "image_std": 0.25}, 0.5, 0.25),
}  # fmt: skip


@pytest.mark.parametrize("case", PIXELS)
def test_mean_and_std_are_of_pixels_in_0_to_1(tmp_path: Path, case: str) -> None:
    said, mean, std = PIXELS[case]
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(HALF | said))
    read = read_input(tmp_path)
    assert read is not None
    assert read.mean == pytest.approx((mean,) * 3, abs=1e-8)
    assert read.std == pytest.approx((std,) * 3, abs=1e-8)


@pytest.mark.parametrize(
    "said",
    [
        {"image_mean": [0.5, 0.5]}, {"image_std": [0, 0, 0]}, {"image_mean": "x"},
        {"size": {"longest_edge": 3}}, {"size": 10**30}, {"size": {"height": 3, "width": 4}},
        {"size": -1}, {"size": 9, "crop_pct": 0}, {"image_std": [1e999, 1, 1]},
        {"size": [1, 2]}, {"rescale_factor": None},
    ],
)  # fmt: skip
def test_what_no_input_can_be_is_one_line(tmp_path: Path, said: dict[str, Any]) -> None:
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(HALF | said))
    with pytest.raises(CheckpointError, match="its sizes, mean or std cannot be used"):
        read_input(tmp_path)


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="hf:a/b: no such folder; .* nothing is downloaded here"):
        hf_folder("hf:a/b")
    with pytest.raises(SpecError, match="no config.json in it; give the folder that save_pret"):
        hf_folder(f"hf:{tmp_path}")


def test_weights_that_are_missing_or_in_parts(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no model.safetensors or pytorch_model.bin in it"):
        hf_weights(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    with pytest.raises(CheckpointError, match="in several files; .* max_shard_size='100GB'"):
        hf_weights(tmp_path)


@pytest.mark.parametrize("content", ["{", "[1]", None])
def test_a_config_that_is_none(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "config.json"
    if content is None:
        os.mkfifo(path)
    else:
        path.write_text(content)
    with pytest.raises(CheckpointError, match=r"config.json: (cannot be read|holds no JSON)"):
        read_config(tmp_path)


def test_a_large_config_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "config.json").open("wb") as file:
        file.truncate(2**24 + 1)
    with pytest.raises(CheckpointError, match="larger than 16,777,216 bytes"):
        read_config(tmp_path)


def test_a_folder_in_place_of_a_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"the checkpoint file in it$"):
        read_checkpoint(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "vit"}')
    with pytest.raises(CheckpointError, match=rf"in it, or hf:{tmp_path}$"):
        read_checkpoint(tmp_path)


@pytest.mark.parametrize("option", ["arch", "model"])
def test_the_folder_says_its_network(option: str) -> None:
    with pytest.raises(SpecError, match=f"hf:d says its network itself; leave out {option}='x'"):
        NetworkSource(path="hf:d", **{option: "x"})


def test_a_folders_name_is_the_label(tmp_path: Path) -> None:
    assert NetworkSource(path=f"hf:{tmp_path}/vit.base/").label == "vit.base"


CLASS_NAMES: dict[str, tuple[object, list[str] | None]] = {
    "names": ({"1": "dog", "0": "cat\x1b"}, ["cat\x1b", "dog"]),
    "none": (None, None),
    "those of transformers": ({"0": "LABEL_0", "1": "LABEL_1"}, None),
    "of other classes": ({"0": "cat", "1": "dog", "2": "bird"}, None),
    "a number left out": ({"0": "cat", "2": "bird"}, None),
    "no text": ({"0": "cat", "1": 7}, None),
    "a list": (["cat", "dog"], None),
}


@pytest.mark.parametrize("case", CLASS_NAMES)
def test_names_of_classes(tmp_path: Path, case: str) -> None:
    said, expected = CLASS_NAMES[case]
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "vit", "id2label": said}))
    assert hf_class_names(tmp_path, 2) == expected

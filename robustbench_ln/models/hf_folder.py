"""A folder of Hugging Face's: config.json, weights, and what its preprocessor does to pictures.

`hf:DIR` is such a folder on this disk. Its files are data: nothing in them is run or fetched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from robustbench_ln.errors import CheckpointError, RecordError, SpecError, setting
from robustbench_ln.files.digests import file_sha256
from robustbench_ln.files.paths import expand_home
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.files.schema import parse_json

__all__ = [
    "HF",
    "HfInput",
    "config_sha256",
    "hf_class_names",
    "hf_folder",
    "hf_weights",
    "is_hf_folder",
    "is_hf_name",
    "read_config",
    "read_input",
]

HF = "hf:"
_CONFIG = "config.json"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""In the order in which they are taken. The second is a pickle, of which no code is run."""
_MOST_BYTES = 2**24
"""Of config.json; the largest that are published name 22,000 classes in 2 MB."""

_RESAMPLING = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")
"""By the numbers that Pillow, and so a preprocessor, gives them."""
_LARGEST_CROPPED = 384
"""From this side on ConvNeXT's preprocessor scales to the side itself and crops nothing."""


class HfInput(NamedTuple):
    """What a preprocessor does to pictures.

    Attributes:
        mean: Mean on the 0..1 scale.
        std: Likewise.
        resize: Pixels of the shorter side; None where nothing is scaled.
        crop: Side of the central square; None where nothing is cut out.
        interpolation: Filter of the scaling; None where it is not said, or nothing is scaled.
        is_squashed: Whether it scales both sides to `resize`, which changes the aspect ratio.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]
    resize: int | None
    crop: int | None
    interpolation: str | None
    is_squashed: bool


def is_hf_name(name: str | Path | None) -> bool:
    """Whether this is hf:DIR.

    >>> is_hf_name("hf:vit-base"), is_hf_name("vit-base")
    (True, False)
    """
    return isinstance(name, str) and name.startswith(HF)


def is_hf_folder(path: Path) -> bool:
    """Whether a folder has a config.json that says a network as transformers does."""
    try:
        return (path / _CONFIG).exists() and "model_type" in read_config(path)
    except CheckpointError:
        return False


def hf_folder(name: str) -> Path:
    """Return the folder of hf:DIR.

    Raises:
        SpecError: There is none, or it has no config.json.
    """
    folder = expand_home(name.removeprefix(HF))
    if not folder.is_dir():
        raise SpecError(
            f"{name}: no such folder; hf: takes a folder with {_CONFIG} and {_WEIGHTS[0]} on this "
            "disk: fetch the repository first, nothing is downloaded here"
        )
    if not (folder / _CONFIG).exists():
        raise SpecError(f"{name}: no {_CONFIG} in it; give the folder that save_pretrained wrote")
    return folder


def hf_weights(folder: Path) -> Path:
    """Return the file of a folder's weights.

    Raises:
        CheckpointError: It has none, or several.
    """
    for name in _WEIGHTS:
        if (folder / name).exists():
            return folder / name
    if any((folder / f"{name}.index.json").exists() for name in _WEIGHTS):
        raise CheckpointError(
            f"{folder}: its weights are in several files; save them in one, with "
            "save_pretrained(DIR, max_shard_size='100GB')"
        )
    raise CheckpointError(f"{folder}: no {' or '.join(_WEIGHTS)} in it; get the weights too")


def read_config(folder: Path) -> dict[str, Any]:
    """Return what config.json says.

    Raises:
        CheckpointError: It cannot be read as JSON.
    """
    return _read_json(folder / _CONFIG)


def hf_class_names(folder: Path, num_classes: int) -> list[str] | None:
    """Return the names of the classes, by `id2label` of config.json; None where it has none.

    transformers writes "LABEL_0", "LABEL_1", ... where nobody gave names: those are none.
    """
    labels = read_config(folder).get("id2label")
    if not isinstance(labels, dict):
        return None
    names = [labels.get(str(index)) for index in range(num_classes)]
    if len(labels) != num_classes or not all(isinstance(name, str) and name for name in names):
        return None
    is_named = any(name != f"LABEL_{index}" for index, name in enumerate(names))
    return [str(name) for name in names] if is_named else None


def config_sha256(folder: Path) -> str:
    """Return the digest of config.json: with the weights it is what a network computes."""
    return file_sha256(folder / _CONFIG)


def read_input(folder: Path) -> HfInput | None:
    """Return what a folder's preprocessor does; None where it has none.

    Raises:
        CheckpointError: It cannot be read, or says what no network's input can be.
    """
    config, path = {}, folder / "preprocessor_config.json"
    if path.exists():
        config = _read_json(path)
    elif (path := folder / "processor_config.json").exists():
        config = _read_json(path).get("image_processor", {})
    is_plain = isinstance(config, dict) and config.get("do_normalize", True) is False
    if not is_plain and (not isinstance(config, dict) or config.get("image_mean") is None):
        return None
    try:
        return _read_input(config)
    except (TypeError, ValueError, KeyError, ZeroDivisionError, OverflowError) as error:
        raise CheckpointError(
            f"{path}: its sizes, mean or std cannot be used ({type(error).__name__}: {error}); "
            f"mend it, or remove it and give {setting('normalize', 'MEAN/STD')}"
        ) from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise CheckpointError(f"{path}: larger than {_MOST_BYTES:,} bytes; get it again")
        content = parse_json(read_regular(path), str(path))
    except (OSError, RecordError) as error:
        raise CheckpointError(f"{path}: cannot be read as JSON; get it again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{path}: holds no JSON object; get it again")
    return content


def _read_input(config: Mapping[str, Any]) -> HfInput:
    mean, std = _normalization(config)
    resize, crop, is_squashed = _resize(config)
    if config.get("do_center_crop") and "crop_size" in config:
        crop = _side(config["crop_size"])
    number = config.get("resample")
    is_known = isinstance(number, int) and 0 <= number < len(_RESAMPLING) and resize is not None
    interpolation = _RESAMPLING[int(number or 0)] if is_known else None
    return HfInput(mean, std, resize, crop, interpolation, is_squashed)


def _normalization(config: Mapping[str, Any]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and std for pixels in 0..1, whatever they are scaled to first."""
    scale = 255 * float(config.get("rescale_factor", 1 / 255))
    scale = scale if config.get("do_rescale", True) else 255.0
    offset = 1.0 if config.get("rescale_offset") else 0.0
    mean, std = _channels(0.0), _channels(1.0)
    if config.get("do_normalize", True):
        mean, std = (_channels(config[name]) for name in ("image_mean", "image_std"))
        if config.get("include_top"):  # of EfficientNet: it divides by std once more
            std = tuple(value**2 for value in std)
    mean = tuple(round((value + offset) / scale, 9) for value in mean)
    std = tuple(round(value / scale, 9) for value in std)
    if not (all(map(math.isfinite, mean + std)) and min(std) > 0):
        raise ValueError("a std must be above 0")
    return mean, std


def _channels(value: Any) -> tuple[float, ...]:
    values = value if isinstance(value, list) else [value] * 3
    if len(values) not in (1, 3):
        raise ValueError(f"{len(values)} channels")
    return tuple(map(float, values))


def _resize(config: Mapping[str, Any]) -> tuple[int | None, int | None, bool]:
    """Return the shorter side, the crop that comes with the scaling, and whether it squashes."""
    size = config.get("size")
    if not config.get("do_resize", True) or size is None:
        return None, None, False
    kind = str(config.get("image_processor_type", config.get("feature_extractor_type", "")))
    if "crop_pct" in config or kind.startswith("ConvNext"):
        side = _side(size)
        if side >= _LARGEST_CROPPED:
            return side, side, True
        return int(side / float(config.get("crop_pct", 224 / 256))), side, False
    if isinstance(size, dict) and "shortest_edge" in size:
        return _side(size), None, False
    side = _side(size)
    return side, side, True


def _side(size: Any) -> int:
    if isinstance(size, dict):
        values = {size[name] for name in ("shortest_edge", "height", "width") if name in size}
        if len(values) != 1:
            raise ValueError(f"a size of {size}; expected a square")
        size = values.pop()
    side = int(size)
    if not 1 <= side <= 2**16:
        raise ValueError(f"a side of {side} pixels")
    return side

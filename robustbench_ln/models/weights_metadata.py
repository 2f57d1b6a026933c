"""What published weights say about their input: size, crop, interpolation, mean and std.

Weights are known by what they are, not by what their file is called: torchvision and timm put the
first digits of a file's SHA-256 into its download address. Of timm's, a weights tag
(`timm:resnet50.a1_in1k`) or the config.json that lies beside a hub's file says the same. Nothing
is downloaded, and nothing is assumed of weights that are none of these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robustbench_ln.errors import CheckpointError, RecordError, SpecError, setting
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.files.schema import parse_json
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.checkpoint import Checkpoint
from robustbench_ln.models.hf_folder import HF, hf_folder, is_hf_name, read_input
from robustbench_ln.models.networks.timm_models import import_timm
from robustbench_ln.models.networks.torchvision_models import (
    import_torchvision_models,
    torchvision_names,
)
from robustbench_ln.spec import NORMALIZATIONS, Normalization, parse_normalization

__all__ = ["InputPipeline", "stated_pipeline", "weights_metadata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPipeline:
    """How pixels reach a network, as the publisher of its weights states it.

    Attributes:
        source: Who says so: "torchvision ResNet50_Weights.IMAGENET1K_V2".
        normalization: Mean and std on the 0..1 scale; its name is what --normalize takes.
        resize: Length of the shorter side, before the crop; None where the publisher does not cut
            a square out of the middle (timm's crop modes "squash" and "border").
        crop: Side of the square that is cut out of the middle; None likewise.
        interpolation: "bilinear", "bicubic", ...; None where it is not said.
        accuracy: Accuracy on the publisher's test images, 0..1; None where it is not stated.
        departs: What the publisher does to pictures that resize and crop do otherwise; "" if none.
    """

    source: str
    normalization: Normalization
    resize: int | None
    crop: int | None
    interpolation: str | None
    accuracy: float | None = None
    departs: str = ""


def weights_metadata(architecture: Architecture, checkpoint: Checkpoint) -> InputPipeline | None:
    """Return what the weights' publisher says; None where the weights are nobody's.

    Raises:
        CheckpointError: The file holds the weights of another network or another variant.
        LnBenchError: timm or torchvision cannot be imported.
    """
    library, _, name = architecture.id.partition(":")
    if library == "torchvision":
        return _torchvision_pipeline(name, architecture, checkpoint)
    if library == "timm":
        return _timm_pipeline(name, checkpoint)
    return _hf_pipeline(architecture.id) if is_hf_name(architecture.id) else None


def stated_pipeline(checkpoint: Checkpoint) -> InputPipeline | None:
    """Return the normalisation that a file says it was trained with; None where it says none."""
    text = str(checkpoint.metadata.get("normalize", ""))
    for channels in (3, 1):
        try:
            normalization = parse_normalization(text, channels)
        except SpecError:  # for another number of channels, or no normalisation at all
            continue
        return InputPipeline(
            source=str(checkpoint.path),
            normalization=normalization,
            resize=None,
            crop=None,
            interpolation=None,
        )
    return None


def _torchvision_pipeline(
    name: str, architecture: Architecture, checkpoint: Checkpoint
) -> InputPipeline | None:
    models = import_torchvision_models()
    owners = {
        owner: weights
        for owner in torchvision_names()
        for weights in models.get_model_weights(owner)
        if _is_from(weights.url, checkpoint)
    }
    if not owners:
        return None
    if name not in owners:
        owner, weights = next(iter(owners.items()))
        raise CheckpointError(
            f"{checkpoint.path}: holds torchvision's {weights}; use "
            f"{setting('arch', 'torchvision:' + owner)}"
        )
    transforms = owners[name].transforms()
    numbers = (transforms.mean, transforms.std)
    if architecture.transforms_input:
        numbers = ((0.5,) * 3, (0.5,) * 3)
    return InputPipeline(
        source=f"torchvision {owners[name]}",
        normalization=_normalization(*numbers),
        resize=transforms.resize_size[0],
        crop=transforms.crop_size[0],
        interpolation=transforms.interpolation.value,
        accuracy=_torchvision_accuracy(owners[name].meta),
    )


def _torchvision_accuracy(meta: Mapping[str, Any]) -> float | None:
    percent = meta.get("_metrics", {}).get("ImageNet-1K", {}).get("acc@1")
    return None if percent is None else float(percent) / 100


def _is_from(url: str, checkpoint: Checkpoint) -> bool:
    """Whether a download address ends in -DIGITS.pth and these begin the file's SHA-256."""
    digits = re.search(r"-([0-9a-f]{8,64})\.pth$", url)
    return digits is not None and checkpoint.sha256.startswith(digits[1])


def _timm_pipeline(name: str, checkpoint: Checkpoint) -> InputPipeline | None:
    timm = import_timm()
    bare, _, tag = name.partition(".")
    beside = _hub_config(checkpoint.path)
    published = {} if beside is None else beside.get("pretrained_cfg", beside)
    if beside is not None:
        _check_hub_config(beside, published, name, checkpoint.path)
        return _timm_cfg_pipeline(published, f"timm, config.json of {bare}")
    variants = timm.list_pretrained(f"{bare}.*")
    owner = next((v for v in variants if _is_timm_variant(v, checkpoint)), None)
    if tag and owner not in (None, name):
        raise CheckpointError(
            f"{checkpoint.path}: holds timm's {owner}; use {setting('arch', 'timm:' + owner)}"
        )
    if tag:
        owner = name
    if owner is None:
        return None
    return _timm_cfg_pipeline(timm.get_pretrained_cfg(owner).to_dict(), f"timm {owner}")


def _is_timm_variant(variant: str, checkpoint: Checkpoint) -> bool:
    """Whether a file has a variant's digest, or the name under which --download puts it."""
    url = import_timm().get_pretrained_cfg(variant).url or ""
    return _is_from(url, checkpoint) or checkpoint.path.name == f"{variant}.safetensors"


def _hub_config(path: Path) -> dict[str, Any] | None:
    """Return the config.json of timm's beside a file; None where there is none."""
    config = path.with_name("config.json")
    if not config.is_file():
        return None
    try:
        content = parse_json(read_regular(config), str(config))
    except (OSError, RecordError) as error:
        raise CheckpointError(f"{config}: cannot be read as JSON; get it again") from error
    return content if isinstance(content, dict) and "architecture" in content else None


def _check_hub_config(
    config: Mapping[str, Any], published: Mapping[str, Any], name: str, path: Path
) -> None:
    bare, _, tag = name.partition(".")
    owner, owner_tag = config["architecture"], published.get("tag") or ""
    if owner == bare and tag in ("", owner_tag):
        return
    right = f"{owner}.{owner_tag}" if owner_tag else owner
    raise CheckpointError(
        f"{path}: its config.json says timm's {right}, not {name}; use "
        f"{setting('arch', 'timm:' + owner)}"
    )


def _timm_cfg_pipeline(cfg: Mapping[str, Any], source: str) -> InputPipeline:
    resolved = import_timm().data.resolve_data_config(pretrained_cfg=dict(cfg), use_test_size=True)
    _, height, width = resolved["input_size"]
    is_centre_square = resolved["crop_mode"] == "center" and height == width
    return InputPipeline(
        source=source,
        normalization=_normalization(resolved["mean"], resolved["std"]),
        resize=int(height / resolved["crop_pct"]) if is_centre_square else None,
        crop=height if is_centre_square else None,
        interpolation=resolved["interpolation"],
    )


def _hf_pipeline(name: str) -> InputPipeline | None:
    read = read_input(hf_folder(name))
    if read is None:
        return None
    departs = "it scales both sides to that, whatever the shape of a picture"
    return InputPipeline(
        source=f"the preprocessor in {name.removeprefix(HF)}",
        normalization=_normalization(read.mean, read.std),
        resize=read.resize,
        crop=read.crop,
        interpolation=read.interpolation,
        departs=departs if read.is_squashed else "",
    )


def _normalization(mean: tuple[float, ...], std: tuple[float, ...]) -> Normalization:
    numbers = (tuple(mean), tuple(std))
    names = [name for name, known in NORMALIZATIONS.items() if known == numbers]
    text = "/".join(",".join(f"{value:g}" for value in part) for part in numbers)
    return Normalization(name=names[0] if names else text, mean=numbers[0], std=numbers[1])

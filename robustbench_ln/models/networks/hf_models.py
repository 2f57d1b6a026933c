"""Image classifiers of Hugging Face's transformers, from a folder on this disk; it is an extra.

A folder's config.json is a stranger's. Only networks are built that numbers alone describe, from
the fields that these networks have: no code of the folder, no kernels, no other repositories.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from robustbench_ln.errors import CheckpointError, LnBenchError
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.hf_folder import HF, hf_folder, hf_weights, read_config, read_input

__all__ = ["HF_NETWORKS", "hf_architecture", "import_transformers"]

HF_NETWORKS = (
    "bit", "convnext", "convnextv2", "deit", "dinov2", "efficientnet", "mobilenet_v1",
    "mobilenet_v2", "regnet", "resnet", "swin", "swinv2", "vit",
)  # fmt: skip
"""What config.json calls them. Others build more than their numbers say, or fetch parts."""

_NOT_TAKEN = ("stage_names", "out_features", "out_indices", "num_channels", "num_labels")
"""Fields of backbones, which follow from others, and those that are set here."""

_LARGEST = 2**16
_LARGEST_WINDOW = 64
"""Of attention; a table of positions has its fourth power of entries. The largest published: 24."""
_MOST_PARTS = 64
_MOST_TENSORS = 3_000
_MOST_VALUES = 2**30
"""Parameters of a network whose folder has no file of weights to hold them against."""


def import_transformers() -> ModuleType:
    """Return transformers.

    Raises:
        LnBenchError: It is not installed, or does not import.
    """
    try:
        return importlib.import_module("transformers")
    except (ImportError, RuntimeError) as error:
        raise LnBenchError(
            f"transformers cannot be imported ({str(error).partition(chr(10))[0]}); "
            "pip install transformers"
        ) from error


def hf_architecture(name: str) -> Architecture:
    """Return the network that a folder's config.json describes; nothing is run or downloaded.

    Args:
        name: "hf:DIR".

    Raises:
        SpecError: No such folder.
        CheckpointError: Its config.json describes no network that can be built here.
        LnBenchError: transformers is not installed.
    """
    folder = hf_folder(name)
    config = read_config(folder)
    kind = config.get("model_type")
    if kind not in HF_NETWORKS:
        raise CheckpointError(
            f"{folder / 'config.json'}: 'model_type' is {str(kind)[:40]!r}; expected "
            f"{', '.join(HF_NETWORKS[:-1])} or {HF_NETWORKS[-1]}"
        )
    network = _network_class(str(kind), config)
    numbers = {key: value for key, value in config.items() if key not in _NOT_TAKEN}
    build = functools.partial(_build, folder, network, numbers)
    sizes = (_count_labels(config), _size(config, "num_channels", 3))
    with torch.device("meta"):
        names = _new_names(build(*sizes))
    pictures = read_input(folder)
    return Architecture(
        id=f"{HF}{folder}",
        build=build,
        num_classes=sizes[0],
        in_channels=sizes[1],
        image_size=(pictures and pictures.crop) or _size(config, "image_size", 224),
        source=f"transformers, {network.__name__}",
        rename=lambda tensor: names.get(tensor, tensor),
    )


def _network_class(kind: str, config: Mapping[str, Any]) -> Any:
    """Return the classifier of a kind; of DeiT's two the one that the file names."""
    transformers = import_transformers()
    auto = importlib.import_module("transformers.models.auto.modeling_auto")
    known = auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES[kind]
    names = (known,) if isinstance(known, str) else tuple(known)
    stated = config.get("architectures")
    wanted = [name for name in names if isinstance(stated, list) and name in stated]
    return getattr(transformers, (wanted or names)[0])


def _build(
    folder: Path, network: Any, config: Mapping[str, Any], classes: int, channels: int
) -> nn.Module:
    """Build a network in given sizes; first without values, to see how large it would be."""
    settings = _settings(folder, network, config) | {
        "num_labels": classes,
        "num_channels": channels,
    }
    where = folder / "config.json"
    try:
        with _quiet(), torch.random.fork_rng(devices=[]):
            with torch.device("meta"), _limited_tensors():
                empty: nn.Module = network(network.config_class(**settings))
            if torch.empty(0).is_meta:  # asked for its shapes alone
                return empty
            _check_amount(folder, empty)
            built: nn.Module = network(network.config_class(**settings))
            return built
    except CheckpointError:
        raise
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise CheckpointError(
            f"{where}: describes no {network.__name__} that can be built ({reason}); get it again"
        ) from error


def _settings(folder: Path, network: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that this network has of its own, if they are plain and not too large."""
    transformers = import_transformers()
    known = network.config_class().to_dict().keys() - transformers.PretrainedConfig().to_dict()
    renamed = network.config_class.attribute_map
    fields = {name: value for name, value in config.items() if name in {*known, *renamed}}
    for name, value in fields.items():
        largest = _LARGEST_WINDOW if name == "window_size" else _LARGEST
        if not _is_plain(value, largest):
            raise CheckpointError(
                f"{folder / 'config.json'}: {name!r} is {str(value)[:40]}; expected a text, or "
                f"numbers up to {largest:,}"
            )
    return fields


def _is_plain(value: object, largest: int) -> bool:
    if isinstance(value, list):
        is_short = len(value) <= _MOST_PARTS
        return is_short and all(_is_plain(v, largest) and not isinstance(v, list) for v in value)
    if isinstance(value, int | float):
        return abs(value) <= largest  # False of NaN
    return value is None or isinstance(value, str)


@contextmanager
def _limited_tensors() -> Iterator[None]:
    """Stop the building of a network that has more tensors than any."""
    number = 0

    def count(*_: object) -> None:
        nonlocal number
        number += 1
        if number > _MOST_TENSORS:
            raise ValueError(f"it has more than {_MOST_TENSORS:,} tensors")

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


def _check_amount(folder: Path, network: nn.Module) -> None:
    """Demand a network that the file of weights could fill."""
    number = sum(tensor.numel() for tensor in network.state_dict().values())
    try:
        most = hf_weights(folder).stat().st_size
    except CheckpointError:
        most = _MOST_VALUES
    if number > most:
        raise CheckpointError(
            f"{folder / 'config.json'}: describes a network of {number:,} values, more than the "
            "file of weights beside it can hold; get both again"
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's remarks to itself."""
    logging = import_transformers().logging
    before = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(before)


def _count_labels(config: Mapping[str, Any]) -> int:
    labels, number = config.get("id2label"), config.get("num_labels")
    number = len(labels) if isinstance(labels, dict) and labels else number
    return min(number, _LARGEST) if isinstance(number, int) and number > 0 else 2


def _size(config: Mapping[str, Any], name: str, usual: int) -> int:
    size = config.get(name)
    return size if isinstance(size, int) and 0 < size <= _LARGEST else usual


def _new_names(network: nn.Module) -> dict[str, str]:
    """Return name in a file -> name in the network.

    Files keep the names that they were published with; transformers 5 renamed parts of networks.
    Files of a network without a head leave out the first part of the names.
    """
    names = _published_names(network)
    body = f"{network.base_model_prefix}."
    bare = {old.removeprefix(body): new for old, new in names.items() if old.startswith(body)}
    return bare | names


def _published_names(network: nn.Module) -> dict[str, str]:
    state = network.state_dict()
    try:
        loading = importlib.import_module("transformers.core_model_loading")
    except ImportError:  # transformers 4 has the published names
        return {name: name for name in state}
    places = {id(tensor): name for name, tensor in state.items()}
    saved = loading.revert_weight_conversion(network, dict(state))
    return {name: places[id(tensor)] for name, tensor in saved.items() if id(tensor) in places}

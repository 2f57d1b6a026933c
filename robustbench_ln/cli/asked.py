"""From the options of a command, typed or in a suite, to the values they ask for: one reader each.

Options are the command's parameters by name. Modules that need torch are imported when they are
needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from robustbench_ln.cli.name_checks import split_names
from robustbench_ln.corruption_names import parse_severities, parse_sigmas
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.runs.shards import parse_shard
from robustbench_ln.spec import ConditionRequest, EvaluationSpec
from robustbench_ln.workers.engine import Engine

if TYPE_CHECKING:
    from robustbench_ln.data import DataOptions
    from robustbench_ln.evaluation.request import EvaluationRequest
    from robustbench_ln.files.pictures import Framing
    from robustbench_ln.models.source import NetworkSource

__all__ = [
    "count_or_auto",
    "data_options_of",
    "degradation_of",
    "engine_of",
    "framing_of",
    "network_of",
    "request_of",
    "spec_of",
]


def request_of(options: Mapping[str, Any], *, command: str) -> EvaluationRequest:
    """Return what `ln-bench evaluate` is asked for.

    Args:
        options: Every parameter of the command, by name.
        command: What was typed, for captions.

    Raises:
        SpecError: See `EvaluationRequest`.
    """
    from robustbench_ln.data.class_list import read_class_list
    from robustbench_ln.evaluation.image_request import ImageRequest
    from robustbench_ln.evaluation.request import EvaluationRequest

    return EvaluationRequest(
        network=network_of(options),
        images=ImageRequest(
            data=options["data"],
            clean=options["clean"],
            options=data_options_of(options),
            classes=None if options["classes"] is None else read_class_list(options["classes"]),
            degradation=degradation_of(options),
        ),
        spec=spec_of(options),
        normalize=options["normalize"],
        download=options["download"],
        label=options["label"],
        command=command,
        engine=engine_of(options),
    )


def network_of(options: Mapping[str, Any], *, download: bool = False) -> NetworkSource:
    """Return where the network comes from.

    Args:
        options: With `checkpoint`, `arch`, `model`, `checkpoint_key` and `trust_checkpoint`.
        download: Whether to fetch published weights.

    Raises:
        SpecError: See `NetworkSource`.
    """
    from robustbench_ln.models.source import NetworkSource

    return NetworkSource(
        path=options["checkpoint"],
        arch=options["arch"],
        model=options["model"],
        key=options["checkpoint_key"],
        trust=options["trust_checkpoint"],
        download=download,
    )


def data_options_of(options: Mapping[str, Any], *, download: bool = False) -> DataOptions:
    """Return how clean images are read: their framing, and `class_map`.

    Raises:
        SpecError: See `Framing`.
    """
    from robustbench_ln.data import DataOptions

    framing, class_map = framing_of(options), options["class_map"]
    return DataOptions(framing=framing, class_map=class_map, download=download)


def framing_of(options: Mapping[str, Any]) -> Framing:
    """Return how picture files are scaled and cropped, from `resize`, `crop`, `interpolation`.

    Raises:
        SpecError: See `Framing`.
    """
    from robustbench_ln.files.pictures import Framing

    return Framing(
        resize=options["resize"], crop=options["crop"], interpolation=options["interpolation"]
    )


def degradation_of(options: Mapping[str, Any]) -> ConditionRequest:
    """Return what the options for noises and corruptions ask for.

    Raises:
        SpecError: A number, sigma or severity that is none.
    """
    return ConditionRequest(
        noises=split_names(options["noise"]),
        sigmas=None if options["sigmas"] is None else parse_sigmas(options["sigmas"]),
        convention=options["convention"],
        pixel_range=options["pixel_range"],
        corruptions=split_names(options["corruptions"]),
        severity_table=options["severity_table"],
        severities=parse_severities(options["severities"]),
        frost_dir=options["frost_dir"],
    )


def spec_of(options: Mapping[str, Any]) -> EvaluationSpec:
    """Return how `ln-bench evaluate` is to evaluate."""
    return EvaluationSpec(
        modes=split_names(options["modes"]),
        order=options["order"],
        stat_batch=options["stat_batch"],
        group_size=options["group_size"],
        is_sliding=options["sliding"],
        device_batch=count_or_auto("device_batch", options["device_batch"]),
        workers=count_or_auto("workers", options["workers"]),
        tie_rule=options["ties"],
        prior=options["prior"],
        seed=options["seed"],
        repeats=options["repeats"],
        limit=options["limit"],
        device=options["device"],
        amp=options["amp"],
        uses_tf32=options["tf32"],
        is_compiled=options["compile_network"],
        is_strict=options["strict"],
        samples=options["samples"],
        shard=parse_shard(options["shard"]),
    )


def engine_of(options: Mapping[str, Any]) -> Engine:
    """Return who is to do the work."""
    return Engine(
        name=options["engine"], address=options["ray_address"], gpus=options.get("ray_gpus")
    )


def count_or_auto(name: str, text: str) -> int | None:
    """Return the number that an option holds, None for "auto".

    Args:
        name: The setting's, for the message.
        text: "auto" or a whole number.
    """
    if text == "auto":
        return None
    try:
        return int(text)
    except ValueError as error:
        raise SpecError(f"{setting(name, text)}: expected a whole number, or auto") from error

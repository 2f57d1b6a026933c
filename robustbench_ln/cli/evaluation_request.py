"""From the options of `evaluate`, given on the command line or in a suite, to what they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robustbench_ln.cli.options import count_or_auto, split_names
from robustbench_ln.corruptions.conditions import parse_severities, parse_sigmas
from robustbench_ln.corruptions.request import ConditionRequest
from robustbench_ln.data import DataOptions, Framing
from robustbench_ln.evaluation.request import EvaluationRequest, ImageRequest
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.spec import EvaluationSpec

__all__ = ["request_of"]


def request_of(options: Mapping[str, Any], *, command: str) -> EvaluationRequest:
    """Return what `ln-bench evaluate` is asked for.

    Args:
        options: Every parameter of the command, by name.
        command: What was typed, for captions.

    Raises:
        SpecError: See `EvaluationRequest`.
    """
    return EvaluationRequest(
        network=NetworkSource(
            path=options["checkpoint"],
            arch=options["arch"],
            model=options["model"],
            key=options["checkpoint_key"],
            trust=options["trust_checkpoint"],
        ),
        images=ImageRequest(
            data=options["data"],
            clean=options["clean"],
            options=DataOptions(
                framing=Framing(
                    resize=options["resize"],
                    crop=options["crop"],
                    interpolation=options["interpolation"],
                ),
                class_map=options["class_map"],
            ),
            degradation=ConditionRequest(
                noises=split_names(options["noise"]),
                sigmas=None if options["sigmas"] is None else parse_sigmas(options["sigmas"]),
                convention=options["convention"],
                pixel_range=options["pixel_range"],
                corruptions=split_names(options["corruptions"]),
                severity_table=options["severity_table"],
                severities=parse_severities(options["severities"]),
                frost_dir=options["frost_dir"],
            ),
        ),
        spec=EvaluationSpec(
            modes=split_names(options["modes"]),
            order=options["order"],
            stat_batch=options["stat_batch"],
            group_size=options["group_size"],
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
        ),
        normalize=options["normalize"],
        download=options["download"],
        label=options["label"],
        command=command,
    )

"""From the options of `evaluate`, given on the command line or in a suite, to what they ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robustbench_ln.cli.early import engine_of, framing_of, spec_of
from robustbench_ln.cli.options import split_names
from robustbench_ln.corruption_names import parse_severities, parse_sigmas
from robustbench_ln.corruptions.request import ConditionRequest
from robustbench_ln.data import DataOptions
from robustbench_ln.data.class_list import read_class_list
from robustbench_ln.evaluation.request import EvaluationRequest, ImageRequest
from robustbench_ln.models.source import NetworkSource

__all__ = ["degradation_of", "request_of"]


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
            options=DataOptions(framing=framing_of(options), class_map=options["class_map"]),
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

"""`ln-bench inspect --drift`: its options, and what they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from robustbench_ln.cli.spelling import spell
from robustbench_ln.corruption_names import SEVERITIES
from robustbench_ln.display import open_display
from robustbench_ln.errors import SpecError, setting

if TYPE_CHECKING:
    from robustbench_ln.models.opened import OpenedNetwork

__all__ = ["DRIFT_DEFAULTS", "FoundDrift", "check_drift_options", "find_drift"]

DRIFT_DEFAULTS: Mapping[str, Any] = {
    "clean": None,
    "noise": "",
    "sigmas": None,
    "convention": "paper",
    "pixel_range": None,
    "corruptions": "",
    "severity_table": None,
    "severities": f"{SEVERITIES[0]}-{SEVERITIES[-1]}",
    "frost_dir": None,
    "stat_batch": 128,
    "limit": 1000,
    "seed": 0,
    "device": "cpu",
    "out": None,
}
"""Options of inspect that only its drift reads."""


def check_drift_options(options: Mapping[str, Any]) -> None:
    """Demand what a drift needs; without a drift, that nothing of it is given.

    Raises:
        SpecError: Something is missing, or would be ignored.
    """
    if not options["drift"]:
        given = [name for name, default in DRIFT_DEFAULTS.items() if options[name] != default]
        if given:
            name = {"noise": "noises"}.get(given[0], given[0])
            raise SpecError(f"{setting(name)} is for {setting('drift', True)}; give both")
    elif options["data"] is None:
        raise SpecError(
            f"{setting('drift', True)} needs test images, as {setting('images', 'cifar10:DIR')}"
        )


class FoundDrift(NamedTuple):
    """A drift.

    Attributes:
        text: For people, with the names of files that were written.
        rows: For programs: the rows of drift.csv.
    """

    text: str
    rows: list[dict[str, Any]]


def find_drift(network: OpenedNetwork, options: Mapping[str, Any]) -> FoundDrift:
    """Measure the drift, write its files where a folder is given, and return what to print.

    Raises:
        LnBenchError: See `measure_drift` and `ImageRequest`.
    """
    from robustbench_ln.cli.asked import degradation_of
    from robustbench_ln.evaluation.drift import measure_drift
    from robustbench_ln.evaluation.image_request import ImageRequest
    from robustbench_ln.evaluation.subject import subject_of
    from robustbench_ln.models.device import check_device
    from robustbench_ln.models.opened import choose_normalize
    from robustbench_ln.reports.drift_report import describe_drift, drift_frame, write_drift
    from robustbench_ln.reports.json_results import frame_rows
    from robustbench_ln.spec import EvaluationSpec

    choose_normalize(options["normalize"], network.pipeline)
    request = ImageRequest(
        data=options["data"],
        clean=options["clean"],
        degradation=degradation_of(options),
    )
    found = request.resolve()
    spec = EvaluationSpec(
        conditions=found.conditions,
        frost=found.frost,
        stat_batch=options["stat_batch"],
        limit=options["limit"],
        seed=options["seed"],
        device=check_device(options["device"]),
    )
    with open_display(spell) as display:
        images = request.open(display, network.pipeline)
        subject = subject_of(network, images.shape)
        drift = measure_drift(subject, images, spec, progress=display)
    out: Path | None = options["out"]
    files = () if out is None else write_drift(drift, out, label=subject.label)
    text = "\n".join([describe_drift(drift), *map(str, files)])
    return FoundDrift(text, frame_rows(drift_frame(drift)))

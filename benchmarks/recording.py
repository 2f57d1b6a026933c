"""Write the raw record of jobs that took turns, and print what comes out of it."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any, NamedTuple

from robustbench_ln.evaluation.subject import versions
from robustbench_ln.speed.turns import circumstances

__all__ = ["Goal", "write_record"]

RESULTS = Path(__file__).parent / "results"


class Goal(NamedTuple):
    """How many times as fast one job should be as another.

    Attributes:
        job: The one.
        against: The other.
        least: The smallest ratio of speeds that is good enough; None for a job that bounds others.
    """

    job: str
    against: str
    least: float | None


def write_record(
    name: str, seconds: dict[str, list[float]], goals: list[Goal], **about: Any
) -> None:
    """Write results/NAME.json with every repetition; print medians and ratios of the same turn."""
    for job, values in seconds.items():
        print(f"{job:55s} {statistics.median(values):9.2f} s  {[round(v, 2) for v in values]}")
    for job, against, least in goals:
        ratios = [b / a for a, b in zip(seconds[job], seconds[against], strict=True)]
        goal = "" if least is None else f"; goal {least}"
        print(f"{job} is {statistics.median(ratios):.2f} x as fast as {against}{goal}")
    content = {
        **circumstances(" ".join(["python", *sys.argv]), threads=1),
        "versions": versions(),
        **about,
        "seconds": seconds,
        "goals": [goal._asdict() for goal in goals],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")

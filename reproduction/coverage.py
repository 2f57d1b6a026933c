"""Do the intervals hold what they promise? Simulated data sets whose truth is known.

    python -m reproduction.coverage

writes reproduction/records/coverage.json: for each design and number of units, how many of the 95 %
intervals hold the truth, both of Student's t on units (what reports have) and of the percentile
bootstrap (what they had). docs/uncertainty.md has the tables, tests/metrics/test_coverage.py says
what is required. It takes a quarter of an hour on one core.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from reproduction.coverage_designs import DESIGNS, SET_SIZE
from robustbench_ln.rng import stream

__all__ = ["NUM_UNITS", "RECORD", "simulate"]

RECORD = Path(__file__).parent / "records" / "coverage.json"
NUM_SIMULATIONS = 4000
NUM_UNITS = (2, 3, 4, 5, 6, 8, 16, 63)
_IMAGES_AT_ONCE = 50_000


def simulate(table: str, case: str, num_units: int, *, number: int) -> list[dict[str, Any]]:
    """Return a row of the record for each method.

    Args:
        table: Of `DESIGNS`.
        case: Of that table.
        num_units: Statistics sets of each simulated data set.
        number: Simulated data sets.
    """
    generator = stream(14, table, case, num_units)
    num_images = num_units * SET_SIZE
    at_once = max(1, _IMAGES_AT_ONCE // num_images)
    counts: dict[str, Counter[str]] = {}
    for start in range(0, number, at_once):
        shape = min(at_once, number - start), num_images
        draw = DESIGNS[table, case](shape, generator)
        for method, (low, high) in draw.bounds.items():
            count = counts.setdefault(method, Counter())
            count["given"] += int((~np.isnan(low)).sum())
            count["held"] += int(((low <= draw.truth) & (draw.truth <= high)).sum())
    return [
        {"table": table, "case": case, "method": method, "units": num_units}
        | {"simulations": number, "given": count["given"], "held": count["held"]}
        for method, count in counts.items()
    ]


def main() -> int:
    """Write the record."""
    rows = []
    for table, case in DESIGNS:
        for num_units in NUM_UNITS:
            rows += simulate(table, case, num_units, number=NUM_SIMULATIONS)
        held = [f"{row['held']}/{row['given']}" for row in rows if row["case"] == case]
        print(f"{table}: {case}:", *held, flush=True)
    about = {"command": "python -m reproduction.coverage", "set_size": SET_SIZE}
    lines = ",\n".join(json.dumps(row) for row in rows)
    RECORD.write_text(f'{json.dumps(about)[:-1]}, "rows": [\n{lines}\n]}}\n')
    return 0


if __name__ == "__main__":
    sys.exit(main())

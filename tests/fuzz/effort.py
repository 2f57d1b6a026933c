"""How much is tried, by area: the one place that says so.

CI tries a fixed number of cases with one seed. `make fuzz` sets LN_FUZZ=long: the tests of
properties try more examples, drawn anew, and `tests.fuzz.campaign` goes on until its time is out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType

from hypothesis import HealthCheck, settings

SEED = 17
"""Of CI. Defects were looked for, and mended, with other seeds."""

CASES: Mapping[str, int] = MappingProxyType(
    {
        "checkpoints": 10,
        "safetensors": 5,
        "rows": 6,
        "descriptions": 6,
        "predictions": 5,
        "sets": 8,
        "sequences": 6,
        "shards": 4,
        "arrays": 9,
        "pictures": 6,
        "folders": 5,
        "suites": 7,
        "tables": 8,
        "class lists": 6,
        "frost": 3,
        "trainings": 5,
        "words": 9,
    }
)
"""Cases of whole commands in CI; a round of `make fuzz` has as many."""

EXAMPLES: Mapping[str, int] = MappingProxyType(
    {"checkpoints": 50, "data": 120, "runs": 60, "links": 40, "loops": 15, "tensors": 40}
)
"""Examples of each property in CI."""

MOST_SECONDS = 30.0
MOST_BYTES, MOST_BYTES_A_BYTE = 2 * 10**9, 4
"""Memory of the process, for a file of n bytes: 2 GB + 4 n."""

_IS_LONG = os.environ.get("LN_FUZZ") == "long"
_TIMES_IF_LONG = 10


def examples(area: str) -> int:
    """Number of examples of each property of an area."""
    return EXAMPLES[area] * (_TIMES_IF_LONG if _IS_LONG else 1)


def properties(area: str) -> settings:
    """Settings of hypothesis for an area: the same examples each time in CI."""
    return settings(
        max_examples=examples(area),
        derandomize=not _IS_LONG,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )

"""One reader for what the options of all commands ask for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from robustbench_ln.cli import asked
from robustbench_ln.cli.asked import count_or_auto, degradation_of, split_names
from robustbench_ln.errors import SpecError

OF_NOISE = {
    "noise": "agn, mbn", "sigmas": "0:1:0.5", "convention": "released", "pixel_range": "none",
    "corruptions": "", "severity_table": None, "severities": "1-5", "frost_dir": None,
}  # fmt: skip


def test_no_command_reads_options_beside_it() -> None:
    """`train` alone has a crop of its own: the side of the images that it trains on."""
    values = r"\b(NetworkSource|ConditionRequest|DataOptions|Framing|Engine|EvaluationRequest)\("
    folder = Path(asked.__file__).parent
    found = {path.name for path in folder.glob("*.py") if re.search(values, path.read_text())}
    assert found == {"asked.py", "train.py"}


def test_noises_and_their_sigmas() -> None:
    request = degradation_of(OF_NOISE)
    assert (request.noises, request.sigmas) == (("agn", "mbn"), (0.0, 0.5, 1.0))
    assert (request.convention, request.pixel_range) == ("released", "none")
    assert request.severities == (1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sigmas": "0,1.5"}, "sigma 1.5 of mbn: it is a probability"),
        ({"sigmas": "x"}, "sigmas='x': expected numbers"),
        ({"severities": "6"}, "severities='6': expected numbers of 1 to 5"),
    ],
)
def test_numbers_that_are_none_are_refused(change: dict[str, str], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        degradation_of(OF_NOISE | change)


def test_lists_and_counts() -> None:
    assert split_names(" agn,,mbn ") == ("agn", "mbn")
    assert (count_or_auto("workers", "auto"), count_or_auto("workers", "3")) == (None, 3)
    with pytest.raises(SpecError, match="workers='many': expected a whole number, or auto"):
        count_or_auto("workers", "many")

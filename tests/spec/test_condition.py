"""A condition is what degrades images, and the key of a row."""

from __future__ import annotations

import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.spec import CLEAN, Condition, ConditionRequest


def test_a_condition_is_clean_by_name_and_stored_by_digest():
    assert CLEAN.is_clean
    assert not CLEAN.is_stored
    fog = Condition(corruption="fog", severity=3.0, corrupted_sha256="ab")
    assert not fog.is_clean
    assert fog.is_stored
    with pytest.raises(FrozenInstanceError):
        fog.severity = 4.0


def test_the_fields_of_a_condition_are_those_on_disk():
    assert CLEAN.to_json() == {
        "corruption": "clean", "severity": 0.0, "convention": None, "range": None,
        "severity_table": None, "frost": None, "origin": "generated", "corrupted_sha256": None,
    }  # fmt: skip


@pytest.mark.parametrize("severity", [-0.5, math.nan, math.inf])
def test_severities_that_no_corruption_has_are_refused(severity):
    with pytest.raises(SpecError, match="agn has severity .*; sigma and severity start at 0"):
        Condition(corruption="agn", severity=severity)


def test_sigmas_may_be_in_an_array():
    sigmas = np.linspace(0, 1, 3, dtype=np.float32)
    request = ConditionRequest(noises=("agn", "mbn"), sigmas=sigmas, severities=np.arange(1, 6))
    assert request.sigmas == (0.0, 0.5, 1.0)
    assert request.sets_noises
    assert not request.sets_corruptions


@pytest.mark.parametrize("sigmas", [0.5, ["a"], [None], [[0.5]]])
def test_sigmas_that_are_no_numbers_are_refused(sigmas):
    with pytest.raises(SpecError, match=r"^expected numbers as sigmas=\[0, 0\.5, 1\]$"):
        ConditionRequest(noises=("agn",), sigmas=sigmas)


def test_one_severity_alone_is_refused():
    with pytest.raises(SpecError, match=r"^expected numbers as severities=\[1, 2, 3\]$"):
        ConditionRequest(corruptions=("fog",), severities=3)

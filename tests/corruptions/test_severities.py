"""The published numbers of a severity, and what has none."""

from __future__ import annotations

import pytest

from robustbench_ln.corruptions.severities import severity_parameters
from robustbench_ln.errors import SpecError


def test_names_severities_and_tables_are_checked():
    with pytest.raises(SpecError, match="severity table 'cifar-c'; did you mean 'cifar10-c'"):
        severity_parameters("fog", severity_table="cifar-c", severity=1)
    with pytest.raises(SpecError, match="unknown corruption 'fogg'; did you mean 'fog'"):
        severity_parameters("fogg", severity_table="cifar10-c", severity=1)
    for severity in (0, 6, 2.5):
        with pytest.raises(SpecError, match=f"severity {severity}; the table 'imagenet-c' has 1, "):
            severity_parameters("fog", severity_table="imagenet-c", severity=severity)
    assert severity_parameters("fog", severity_table="imagenet-c", severity=2.0) == (2, 2)

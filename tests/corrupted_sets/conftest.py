"""Small units of work."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def small_units(monkeypatch):
    """Three CIFAR images a unit, so that a few images are several units."""
    monkeypatch.setattr("robustbench_ln.corrupted_sets.set_format._UNIT_VALUES", 3 * 32 * 32 * 3)

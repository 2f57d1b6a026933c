"""Fewer networks to try."""

from __future__ import annotations

import pytest

from robustbench_ln.models import nearest


@pytest.fixture
def few_torchvision_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying all of them takes seconds."""
    names = ["alexnet", "resnet18", "regnet_x_400mf"]
    monkeypatch.setattr(nearest, "torchvision_names", lambda: names)

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from robustbench_ln.errors import LnBenchError
from robustbench_ln.models.networks.torchvision_models import import_torchvision_models


def _forget_torchvision(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)


def test_a_torchvision_for_another_torch_is_named_with_the_fix(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What happens beside a CPU-only torch: torchvision registers operators that are not there."""
    package = tmp_path / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')\n"
    )
    _forget_torchvision(monkeypatch)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LnBenchError) as caught:
        import_torchvision_models()
    message = str(caught.value)
    assert "operator torchvision::nms does not exist" in message
    assert "pip install --force-reinstall torch torchvision" in message
    assert message.startswith("torch 2")
    assert "\n" not in message


def test_a_missing_torchvision_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _forget_torchvision(monkeypatch)
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(LnBenchError, match="pip install --force-reinstall torch torchvision"):
        import_torchvision_models()

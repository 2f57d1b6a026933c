"""Fixtures and switches of the whole suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path

import pytest
import torch

from robustbench_ln.workers.launch import Launcher

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the long experiments too")
    parser.addoption("--cluster", action="store_true", help="run the tests on Ray too")
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reasons = {"slow": "a long experiment; run with --slow", "cluster": "needs Ray; make cluster"}
    for name, reason in reasons.items():
        for item in [] if config.getoption(f"--{name}") else items:
            if name in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real images and public checkpoints beside the checkout."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the real images and checkpoints in {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def launcher() -> Iterator[Launcher]:
    """Start the server of workers once: it takes longer than most tests."""
    modules = ["torch", "robustbench_ln.evaluation.unit", "robustbench_ln.corrupted_sets.making"]
    with Launcher(modules) as started:
        yield started


@pytest.fixture
def one_server(monkeypatch: pytest.MonkeyPatch, launcher: Launcher) -> None:
    """Let evaluate and corrupt take their workers from that server."""

    def launch(*_: object) -> AbstractContextManager[Launcher]:
        return nullcontext(launcher)

    evaluation = import_module("robustbench_ln.evaluation.run")
    monkeypatch.setattr(
        evaluation, "launch", lambda n, *_, **__: nullcontext(None if n == 1 else launcher)
    )
    monkeypatch.setattr(import_module("robustbench_ln.corrupted_sets.writer"), "Launcher", launch)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def check_golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with tests/golden/NAME; `pytest --update-golden` writes it anew."""

    def check(name: str, text: str) -> None:
        file = Path(__file__).parent / "golden" / name
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return check

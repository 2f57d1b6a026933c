from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from robustbench_ln.cli.failures import run_command
from robustbench_ln.errors import SpecError
from robustbench_ln.models import build_user_model

NETWORK = """
import torch
from widths import WIDTH

def build():
    return torch.nn.Linear(WIDTH, 2)

def three():
    return 3

def lazy():
    return torch.nn.LazyLinear(2)

class Remembers(torch.nn.Identity):
    def get_extra_state(self):
        return {}

def remembers():
    return torch.nn.Sequential(Remembers())

def fail():
    helper()

def helper():
    raise KeyError("no such width")

def leave():
    raise SystemExit(0)

def needy(width):
    return torch.nn.Linear(width, 2)

ready = torch.nn.Linear(5, 2)

def talk():
    print("building")
    return ready
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "network.py").write_text(NETWORK)
    (tmp_path / "widths.py").write_text("WIDTH = 5\n")
    return tmp_path


@pytest.fixture(autouse=True)
def _forget_user_modules() -> None:
    sys.modules.pop("widths", None)


def test_the_function_is_called_with_its_folder_on_the_path(folder: Path) -> None:
    before = list(sys.path)
    network = build_user_model(f"{folder}/network.py:build")
    assert network(torch.zeros(1, 5)).shape == (1, 2)
    assert sys.path == before


def test_what_their_code_prints_stays_out_of_the_results(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    build_user_model(f"{folder}/network.py:talk")
    assert capsys.readouterr() == ("", "building\n")


def test_a_relative_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert isinstance(build_user_model("network.py:build"), torch.nn.Linear)
    with pytest.raises(SpecError) as caught:
        build_user_model("network.py:fail")
    assert "in helper" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("network.py", "network.py': expected FILE.py:FUNCTION"),
        ("network.pt:build", "network.pt:build': expected FILE.py:FUNCTION"),
        ("gone.py:build", "gone.py:build': no such file"),
        ("network.py:bild", "unknown function of network.py 'bild'; did you mean 'build'"),
        ("network.py:three", r"three\(\) returned an int; expected a torch.nn.Module"),
        ("network.py:lazy", r"'weight' has no size yet; run a batch of images"),
        ("network.py:remembers", "'0._extra_state' in the network's state is a dict; checkpoints"),
        ("network.py:fail", r"fail\(\) failed \(KeyError: 'no such width'\); the error is in"),
        ("network.py:leave", r"leave\(\) failed \(SystemExit: 0\); the error is in that file"),
        ("network.py:ready", "ready is a network; name a function that returns it"),
        ("network.py:needy", r"needy\(\) failed \(TypeError: needy\(\) missing 1 required"),
    ],
)
def test_wrong_functions(folder: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        build_user_model(f"{folder}/{text}")
    assert "\n" not in str(caught.value)


def test_their_traceback_is_shown_from_their_first_line_on(folder: Path) -> None:
    with pytest.raises(SpecError) as caught:
        build_user_model(f"{folder}/network.py:fail")
    (note,) = caught.value.__notes__
    lines = note.splitlines()
    assert lines[0] == "Traceback in your network.py:"
    assert "network.py" in lines[1]
    assert "in fail" in lines[1]
    assert lines[-1] == "KeyError: 'no such width'"
    assert "user_model.py" not in note


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_package_here\n", "ModuleNotFoundError: No module named"),
        ("def build(:\n", "SyntaxError"),
        ("raise SystemExit('usage: train.py')\n", "SystemExit: usage"),
    ],
)
def test_a_file_that_does_not_import(tmp_path: Path, source: str, reason: str) -> None:
    (tmp_path / "broken.py").write_text(source)
    with pytest.raises(SpecError, match=rf"broken.py cannot be imported \({reason}") as caught:
        build_user_model(f"{tmp_path}/broken.py:build")
    assert "broken.py" in caught.value.__notes__[0]


def test_the_command_line_shows_their_traceback_before_its_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(lambda: build_user_model(f"{folder}/network.py:fail")) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback in your network.py:"
    assert lines[-2] == "KeyError: 'no such width'"
    assert lines[-1].startswith("Error: --model ")

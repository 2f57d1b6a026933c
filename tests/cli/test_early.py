"""Wrong options of `evaluate` are answered before torch is imported."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from robustbench_ln.cli.early import _TEXT, _is_stating, check_early
from robustbench_ln.errors import SpecError
from robustbench_ln.models import build_model

RUN = """
import sys
from robustbench_ln.cli.main import main
try:
    main()
finally:
    assert "torch" not in sys.modules, "torch was imported"
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("early") / "net.pt"
    torch.save({"state_dict": build_model("resnet20").state_dict(), "epoch": 3}, path)
    return path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--normalize is missing: give what the network was trained with (none, symmetric"),
        (["--normalize", "imagnet"], "unknown normalisation 'imagnet'; did you mean 'imagenet'?"),
        (["--normalize", "0.5/0"], "--normalize 0.5/0: every mean and standard deviation must be"),
        (["--normalize", "none", "--modes", "dbn-singel"], "unknown mode 'dbn-singel'; did you"),
        (["--normalize", "none", "--noise", "agn", "--sigmas", "0:2"], "--sigmas 0:2: expected"),
        (
            ["--normalize", "none", "--noise", "agn", "--sigmas", "0,-1"],
            "sigma -1 of agn: expected",
        ),
        (["--normalize", "none", "--noise", "mbn", "--sigmas", "2"], "sigma 2 of mbn: it is a"),
        (["--normalize", "none", "--severities", "6"], "--severities 6: expected numbers of 1 to"),
        (["--normalize", "none", "--stat-batch", "0"], "--stat-batch is 0; expected 1 or more"),
        (["--normalize", "none", "--ties", "highest"], "unknown --ties rule 'highest'"),
    ],
)
def test_wrong_options_are_answered_without_torch(
    weights: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    command = [str(weights), "--arch", "resnet20", "--data", "arrays:no.npz"]
    done = subprocess.run(
        [sys.executable, "-c", RUN, "evaluate", *command, "--out", str(tmp_path / "run"), *words],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {message}")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["predict", "flips"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--normalize is missing: give what the network was trained with (none, symmetric"),
        (["--normalize", "imagnet"], "unknown normalisation 'imagnet'; did you mean 'imagenet'?"),
        (["--normalize", "none", "--modes", "dbn-singel"], "unknown mode 'dbn-singel'; did you"),
    ],
)
def test_other_commands_answer_them_without_torch_too(
    weights: Path, command: str, words: list[str], message: str
) -> None:
    more = {"predict": ["a.png"], "flips": ["--data", "cifar10-p:no", "--out", "no"]}[command]
    done = subprocess.run(
        [sys.executable, "-c", RUN, command, str(weights), "--arch", "resnet20", *more, *words],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Error: {message}")


def options(path: object, **given: object) -> dict[str, object]:
    import inspect

    from robustbench_ln.cli.evaluate import evaluate

    parameters = inspect.signature(evaluate).parameters.values()
    return {p.name: p.default for p in parameters} | {"checkpoint": str(path), **given}


@pytest.mark.parametrize("is_zip", [True, False])
def test_files_that_may_state_their_input_are_opened(tmp_path: Path, is_zip: bool) -> None:
    state = build_model("resnet20").state_dict()
    for beside in ({"normalize": "imagenet"}, {"net.mu": torch.zeros(3)}, {"mean": [0.5]}):
        path = tmp_path / "net.pt"
        torch.save(beside | {"net": state}, path, _use_new_zipfile_serialization=is_zip)
        check_early(options(path, arch="resnet20"))
    torch.save({"net": state}, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(SpecError, match="normalize= is missing"):
        check_early(options(path, arch="resnet20"))
    with pytest.raises(SpecError, match="normalize= is missing"):
        check_early(options(path, model="net.py:build"))


def test_safetensors_state_it_in_their_head(tmp_path: Path) -> None:
    state = build_model("resnet20").state_dict()
    save_file(state, tmp_path / "a.safetensors", metadata={"normalize": "imagenet"})
    check_early(options(tmp_path / "a.safetensors", arch="resnet20"))
    save_file(state, tmp_path / "b.safetensors")
    with pytest.raises(SpecError, match="normalize= is missing"):
        check_early(options(tmp_path / "b.safetensors", arch="resnet20"))


@pytest.mark.parametrize("text", [b'"', b'"meam', b"X\1\0\0\0m", b"\x8c\4a.b_"])
def test_names_are_looked_for_in_linear_time(text: bytes) -> None:
    """Sixteen million bytes of them took minutes."""
    content = text * (2**21 // len(text))
    started = time.process_time()
    assert not any(map(_is_stating, _TEXT.finditer(content)))
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "given",
    [
        {"arch": "torchvision:resnet18"},  # perhaps published
        {"arch": "timm:resnet18"},
        {"arch": None},  # the file says it all, or the error is another one
        {"arch": "resnet20", "normalize": "none"},
    ],
)
def test_what_may_be_stated_elsewhere_is_left_to_the_request(
    weights: Path, given: dict[str, object]
) -> None:
    check_early(options(weights, **given))


@pytest.mark.parametrize("path", ["demo:batchnorm", "no_such_file.pt", "."])
def test_files_that_cannot_be_read_are_left_to_the_request(path: str) -> None:
    check_early(options(path, arch="resnet20"))

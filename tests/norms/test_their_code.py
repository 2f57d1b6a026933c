"""What a user's network raises is one line with their traceback; a fault of ours stays a fault."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from robustbench_ln.cli.failures import run_command
from robustbench_ln.errors import LayoutError
from robustbench_ln.norms import StatisticsLayout, find_norm_layers, statistics, with_statistics
from robustbench_ln.norms.their_code import their_code

SHAPE = (3, 8, 8)


class Fails(nn.Module):
    """Raises `error` on more than two images."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.error = error

    def forward(self, images: Tensor) -> Tensor:
        features = self.norm(images)
        if len(images) > 2:
            self.stop()
        return features.mean(dim=(-2, -1))

    def stop(self) -> None:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        AssertionError("at most 2"), KeyError("x"), ZeroDivisionError(), AttributeError("no"),
        NotImplementedError(), RuntimeError("two\nlines"), SystemExit(0), Exception("any"),
    ],
    ids=lambda e: type(e).__name__,
)  # fmt: skip
def test_whatever_they_raise_is_an_error_of_one_line(
    error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    view = with_statistics(Fails(error), StatisticsLayout.running(), image_shape=SHAPE)
    assert view(torch.zeros(2, *SHAPE)).shape == (2, 3)
    assert run_command(lambda: view(torch.zeros(5, *SHAPE))) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "Traceback in your test_their_code.py:"
    assert "in forward" in said[1]
    assert any("in stop" in line for line in said)
    assert not any("statistics.py" in line for line in said)
    assert said[-1].startswith(
        f"Error: the network failed on 5 images of 3x8x8 ({type(error).__name__}"
    )
    assert said[-1].endswith(
        "the error is in test_their_code.py; fix it and rerun the same command"
    )


def test_the_first_image_is_no_other_case() -> None:
    network = Fails(KeyError("x"))
    network.forward = lambda _: {}["x"]  # type: ignore[method-assign]
    with pytest.raises(LayoutError, match=r"take images of 8x8 with 3 channels \(KeyError: 'x'\)"):
        find_norm_layers(network, SHAPE)


def test_layers_of_torch_alone_have_no_traceback_of_theirs() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(5, 2))
    with pytest.raises(LayoutError, match="cannot take images of 8x8") as caught:
        find_norm_layers(network, SHAPE)
    assert not hasattr(caught.value, "__notes__")


def test_too_little_memory_is_nobodys_fault() -> None:
    """The command line says what to lower."""
    with pytest.raises(torch.OutOfMemoryError), their_code("it"):
        raise torch.OutOfMemoryError("CUDA out of memory")


def test_a_fault_of_ours_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Flatten())
    view = with_statistics(network, StatisticsLayout.image(), image_shape=SHAPE)
    code = compile(
        "def normalize(*_, **__): raise RuntimeError('ours')", statistics.__file__, "exec"
    )
    names: dict[str, object] = {}
    exec(code, names)
    monkeypatch.setattr(statistics, "set_moments", names["normalize"])
    with pytest.raises(RuntimeError, match="ours"):
        view(torch.zeros(2, *SHAPE))


def test_an_interruption_passes() -> None:
    with pytest.raises(KeyboardInterrupt), their_code("it"):
        raise KeyboardInterrupt

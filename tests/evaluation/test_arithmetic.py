from __future__ import annotations

import numpy as np
import pytest
import torch

from robustbench_ln.errors import SpecError
from robustbench_ln.evaluation.arithmetic import arithmetic
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.spec import EvaluationSpec
from tests.evaluation.small_runs import make_images, make_spec, make_subject


def probabilities(folder) -> np.ndarray:
    (file,) = folder.glob("predictions/clean-0-batch8*.npz")
    return np.load(file)["top1_probability"]


def test_bf16_is_recorded_and_close_with_statistics_in_float32(tmp_path):
    spec = make_spec(modes=("bn", "dbn-batch"), order="as-is")
    exact = evaluate(make_subject(), make_images(), spec, out=tmp_path / "a")
    spec = make_spec(modes=("bn", "dbn-batch"), order="as-is", amp="bf16")
    half = evaluate(make_subject(), make_images(), spec, out=tmp_path / "b")
    assert {r.arithmetic for r in exact} == {"float32"}
    assert {r.arithmetic for r in half} == {"bf16"}
    difference = abs(probabilities(tmp_path / "a") - probabilities(tmp_path / "b"))
    assert 0 < difference.max() < 0.05
    both = evaluate(make_subject(), make_images(), spec, out=tmp_path / "a")
    assert len(both) == 2 * len(exact)  # other cells of the same run, never the same ones


def test_the_names_of_arithmetics():
    assert EvaluationSpec().arithmetic == "float32"
    assert EvaluationSpec(uses_tf32=True).arithmetic == "tf32"
    assert EvaluationSpec(amp="bf16", is_compiled=True).arithmetic == "bf16+compiled"
    with pytest.raises(SpecError, match="amp='fp16': expected bf16"):
        EvaluationSpec(amp="fp16")


def test_settings_of_torch_are_put_back():
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    with arithmetic(EvaluationSpec(uses_tf32=True)):
        assert torch.backends.cuda.matmul.allow_tf32
        assert torch.backends.cudnn.allow_tf32
    with arithmetic(EvaluationSpec()):
        assert not torch.backends.cudnn.allow_tf32
    assert (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32) == before


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_compiled_network_gives_the_same_rows(tmp_path):
    spec = make_spec(modes=("bn", "dbn-batch"))
    plain = evaluate(make_subject(), make_images(), spec, out=tmp_path / "a")
    spec = make_spec(modes=("bn", "dbn-batch"), is_compiled=True)
    compiled = evaluate(make_subject(), make_images(), spec, out=tmp_path / "b")
    assert {r.arithmetic for r in compiled} == {"compiled"}
    assert [r.correct for r in compiled] == [r.correct for r in plain]

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robustbench_ln.reports.reduced import read_outcome
from robustbench_ln.runs.predictions import read_predictions
from robustbench_ln.runs.results import read_results
from tests.reports.test_paper_figures import CONDITIONS, measure

NOISY = CONDITIONS[2]


def test_agreement_and_confidence_against_a_loop(tmp_path: Path) -> None:
    modes = {m.variant: m for m in read_results([measure(tmp_path / "run", "A")])}
    voting = read_outcome(modes["ln-voting"], NOISY)
    single = read_outcome(modes["ln-batch"], NOISY)
    assert voting is not None
    assert single is not None
    path = modes["ln-voting"].path_of(NOISY)
    stored = read_predictions(path, num_images=37, num_classes=5)
    for i, chosen in enumerate(voting.classes):
        said = [g for g in range(2) if stored.class_index[g, i] == chosen]
        assert voting.agreement[i] == len(said) / 2
        assert voting.confidence[i] == pytest.approx(stored.class_mean_probability[said[0], i])
    np.testing.assert_array_equal(voting.correct, voting.classes == stored.labels)
    assert set(single.agreement) == {1.0}
    assert set(voting.agreement) == {0.5, 1.0}

from __future__ import annotations

import numpy as np
import pandas as pd

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.metrics.drift import Drift
from robustbench_ln.reports.drift_report import describe_drift, drift_frame, write_drift

DRIFT = Drift(
    layers=("stem.1", ""),
    conditions=noise_conditions(["agn"], sigmas=[0, 0.5]),
    divergence=np.array([[0.0, 0.25], [0.0, 1.5]]),
    correct=np.array([[40, 10], [38, 20], [36, 30]]),
    num_images=40,
    set_size=8,
)


def test_tables_have_a_row_for_each_layer_and_for_each_number_of_dynamic_ones():
    lines = [line.split() for line in describe_drift(DRIFT).splitlines()]
    assert ["stem.1", "0.250"] in lines
    assert ["(root)", "1.500"] in lines
    assert ["0", "100.0", "25.0"] in lines
    assert ["2", "90.0", "75.0"] in lines
    without = describe_drift(DRIFT._replace(correct=None))
    assert "0.250" in without
    assert "Accuracy" not in without


def test_the_frame_has_the_numbers_of_both():
    frame = drift_frame(DRIFT)
    assert frame["layers_dynamic"].tolist() == [0, 0, 1, 1, 2, 2]
    assert frame["layer"].tolist() == ["", "", "stem.1", "stem.1", "", ""]
    assert frame["correct"].tolist() == [40, 10, 38, 20, 36, 30]
    assert frame["divergence"].tolist()[2:] == [0.0, 0.25, 0.0, 1.5]
    assert drift_frame(DRIFT._replace(correct=None))["correct"].isna().all()


def test_files_are_a_table_and_a_heat_map(tmp_path):
    paths = write_drift(DRIFT._replace(correct=None), tmp_path, label="A")
    assert {path.name for path in paths} >= {"drift.csv", "drift_layers.png", "drift_layers.svg"}
    assert len(pd.read_csv(tmp_path / "drift.csv")) == 6

"""log.csv and norms.csv: what their rows say, and which are dropped."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_ln.errors import RecordError
from robustbench_ln.norms import LocalNorm2d
from robustbench_ln.training.log import (
    NormRow,
    append_rows,
    drop_rows_after,
    norm_rows,
)
from tests.training.stages import ROW


def test_norm_rows_are_the_moments_of_every_group():
    model = nn.Sequential(
        LocalNorm2d(3, 2), nn.ReLU(), nn.BatchNorm2d(2), nn.BatchNorm2d(2, affine=False)
    )
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[1.0, 2, 6], [5, 5, 5]]))
        model[0].bias.copy_(torch.tensor([[0.0, 0, 0], [-1, 0, 1]]))
    assert list(norm_rows(model, 4)) == [
        NormRow(4, "0", 0, 3.0, pytest.approx(14 / 3), 0.0, 0.0),
        NormRow(4, "0", 1, 5.0, 0.0, 0.0, pytest.approx(2 / 3)),
        NormRow(4, "2", 0, 1.0, 0.0, 0.0, 0.0),
    ]


def test_rows_of_later_epochs_and_torn_ones_are_dropped(tmp_path):
    file = tmp_path / "log.csv"
    append_rows(file, [ROW, ROW._replace(epoch=2)])
    whole = file.read_bytes()
    append_rows(file, [ROW._replace(epoch=3)])
    with file.open("a") as stream:
        stream.write("1")  # of 10,0.1,...
    drop_rows_after(file, 2)
    assert file.read_bytes() == whole
    file.write_text("epoch\nx,1\n")
    with pytest.raises(RecordError, match=r"log.csv has rows without an epoch; delete it to go on"):
        drop_rows_after(file, 2)
    drop_rows_after(tmp_path / "none.csv", 2)
    append_rows(tmp_path / "none.csv", [])
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_rows_that_are_no_csv_are_refused(tmp_path):
    """A carriage return within a row, and a field that is longer than Python's reader takes."""
    for content in (b"epoch,a\n1,x\ry\n", b"epoch,a\n1," + b"x" * 200_000 + b"\n"):
        (tmp_path / "log.csv").write_bytes(content)
        with pytest.raises(RecordError, match=r"log.csv has rows without an epoch"):
            drop_rows_after(tmp_path / "log.csv", 3)

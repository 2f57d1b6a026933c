"""norms.csv of `ln-bench train`: what gamma and beta of each group came to, epoch by epoch."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import NamedTuple

from robustbench_ln.errors import RecordError
from robustbench_ln.files.regular_files import open_regular
from robustbench_ln.files.schema import shown
from robustbench_ln.runs.description import read_description
from robustbench_ln.runs.reading import Run

__all__ = ["QUANTITIES", "NormRow", "find_norm_history"]

QUANTITIES = ("gamma_mean", "gamma_variance", "beta_mean", "beta_variance")
_FIELDS = ("epoch", "layer", "group", *QUANTITIES)
_MOST_BYTES = 200_000_000


class NormRow(NamedTuple):
    """One group of one layer after one epoch: means and variances over the channels."""

    epoch: int
    layer: str
    group: int
    gamma_mean: float
    gamma_variance: float
    beta_mean: float
    beta_variance: float


def find_norm_history(run: Run) -> list[NormRow]:
    """Return norms.csv of the network's training: in the run's folder, or beside its checkpoint.

    [] where there is none.

    Raises:
        RecordError: The file cannot be read, or is damaged.
    """
    checkpoint = read_description(run.path).checkpoint.path
    places = [run.path, *([Path(checkpoint).parent] if checkpoint else [])]
    for path in (place / "norms.csv" for place in places):
        if path.is_file():
            return _read(path)
    return []


def _read(path: Path) -> list[NormRow]:
    try:
        with open_regular(path) as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise RecordError(f"{path}: more than {_MOST_BYTES:,} bytes; not of ln-bench train")
        lines = csv.DictReader(io.StringIO(content.decode()))
        if tuple(lines.fieldnames or ()) != _FIELDS:
            raise RecordError(f"{path}: expected the columns {', '.join(_FIELDS)}")
        return [_row(path, line, number) for number, line in enumerate(lines, start=2)]
    except OSError as error:
        raise RecordError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordError(f"{path}: not of ln-bench train ({shown(str(error))})") from error


def _row(path: Path, line: dict[str, str], number: int) -> NormRow:
    try:
        values = [float(line[name]) for name in QUANTITIES]
        row = NormRow(int(line["epoch"]), line["layer"], int(line["group"]), *values)
    except (TypeError, ValueError) as error:
        raise RecordError(f"{path}, line {number}: not numbers; train again") from error
    if not all(map(math.isfinite, values)) or row.epoch < 0 or row.group < 0:
        raise RecordError(f"{path}, line {number}: not finite numbers; train again")
    return row

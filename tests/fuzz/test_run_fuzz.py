"""Whatever a run directory holds: it is read, or it is a RecordError of one line that names it.

Fields of the golden run get values of every kind, files lose and gain bytes. A run that is read
although it was altered has predictions that are read or refused too.
"""

from __future__ import annotations

import copy
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.runs.frame import read_frame
from robustbench_ln.runs.predictions import read_predictions
from robustbench_ln.runs.reading import read_runs
from tests.fuzz.effort import properties

GOLDEN = Path(__file__).parents[1] / "golden" / "schema_1"
PREDICTIONS = sorted((GOLDEN / "predictions").glob("*.npz"))[0]

few = properties("runs")
hostile = st.sampled_from(
    [
        None, True, -1, 0, 1, 2, 1.5, -0.0, 10**30, 2**63, 10**400, 1e308, float("nan"),
        float("inf"), "", "x", "\ud800", "\x1b[2J\n|", "../../x", "x" * 100_000, "ln-voting", "inf",
        [], [["x"]], [None] * 20_000, [1, 2, 3], {}, {"x": {}}, {"\udfff": 1},
    ]
)  # fmt: skip
place = st.floats(0, 1, exclude_max=True)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(GOLDEN, tmp_path / "run"))
    assert is_read(folder)
    return folder


def refused(read: Callable[[], Any], folder: Path) -> bool:
    """Whether it was refused, properly."""
    try:
        read()
    except SpecError as error:  # of labels
        message = f"{folder}: {error}"
    except RecordError as error:
        message = str(error)
    else:
        return False
    assert message.isprintable()
    assert len(message) < 1000
    assert str(folder) in message
    return True


def is_read(folder: Path) -> bool:
    return not refused(lambda: (read_runs([folder]), read_frame([folder])), folder)


def alter(content: Any, steps: list[float], value: Any, how: str) -> None:
    """Set, add or delete one value somewhere in nested JSON."""
    value = copy.deepcopy(value)
    for step in steps:
        keys = list(content) if isinstance(content, dict) else range(len(content))
        key = keys[int(step * len(keys))]
        if not (isinstance(content[key], dict | list) and content[key]):
            break
        if step is not steps[-1]:
            content = content[key]
            keys = list(content) if isinstance(content, dict) else range(len(content))
            key = keys[int(step * len(keys))]
    if how == "delete":
        del content[key]
    elif how == "add" and isinstance(content, dict):
        content[str(value)[:20]] = value
    else:
        content[key] = value


hows = st.sampled_from(["set", "set", "set", "add", "delete"])
changes = st.lists(st.tuples(st.lists(place, min_size=1, max_size=3), hostile, hows), max_size=3)


@few
@given(row=place, changes=changes)
def test_rows(run: Path, row: float, changes: list[Any]) -> None:
    lines = [json.loads(line) for line in (GOLDEN / "cells.jsonl").read_text().splitlines()]
    for steps, value, how in changes:
        alter(lines[int(row * len(lines))], steps, value, how)
    (run / "cells.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert is_read(run) or changes


@few
@given(changes=changes)
def test_descriptions(run: Path, changes: list[Any]) -> None:
    content = json.loads((GOLDEN / "run.json").read_text())
    for steps, value, how in changes:
        alter(content, steps, value, how)
    (run / "run.json").write_text(json.dumps(content))
    assert is_read(run) or changes


@few
@given(
    name=st.sampled_from(["cells.jsonl", "run.json"]),
    start=place,
    length=st.integers(0, 40),
    garbage=st.binary(max_size=12) | st.sampled_from([b"[" * 100_000, b"9" * 5_000, b"\n", b"-"]),
)
def test_bytes(run: Path, name: str, start: float, length: int, garbage: bytes) -> None:
    for file in ("cells.jsonl", "run.json"):
        shutil.copy(GOLDEN / file, run / file)
    good = (GOLDEN / name).read_bytes()
    first = int(start * len(good))
    (run / name).write_bytes(good[:first] + garbage + good[first + length :])
    is_read(run)


def is_prediction(path: Path) -> bool:
    return not refused(lambda: read_predictions(path, num_images=10, num_classes=5), path)


kinds = st.sampled_from(
    ["f2", "f4", "f8", ">f4", "c8", "i1", "u8", ">i8", "?", "S3", "U2", "M8[s]"]
)
shapes = st.sampled_from([(), (0,), (10,), (9,), (2, 10), (1, 10), (2, 0), (2, 10, 1), (0, 10)])
numbers = st.sampled_from([0, 1, 4, 5, 10, -1, 2**31, 0.5, 1.5, float("nan"), float("-inf")])
names = st.sampled_from(sorted(np.load(PREDICTIONS).files))


@few
@given(name=names, kind=kinds, shape=shapes, number=numbers, at=place, is_whole=st.booleans())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_arrays(
    tmp_path: Path, name: str, kind: str, shape: Any, number: float, at: float, is_whole: bool
) -> None:
    arrays = dict(np.load(PREDICTIONS))
    if is_whole:
        arrays[name] = np.full(shape, 0).astype(kind)
    else:
        values = arrays[name].astype(np.float64)
        values.flat[int(at * values.size)] = number
        arrays[name] = values if np.isnan(values).any() else values.astype(arrays[name].dtype)
    np.savez(tmp_path / "p.npz", **arrays)
    is_prediction(tmp_path / "p.npz")


@few
@given(start=place, length=st.integers(0, 40), garbage=st.binary(max_size=12))
def test_archives(tmp_path: Path, start: float, length: int, garbage: bytes) -> None:
    good = PREDICTIONS.read_bytes()
    first = int(start * len(good))
    (tmp_path / "p.npz").write_bytes(good[:first] + garbage + good[first + length :])
    is_prediction(tmp_path / "p.npz")


@few
@given(name=names, shape=st.lists(st.integers(-1, 2**62), max_size=4), kind=kinds)
def test_headers_that_ask_for_memory(
    tmp_path: Path, name: str, shape: list[int], kind: str
) -> None:
    arrays = dict(np.load(PREDICTIONS))
    header = str({"descr": kind, "fortran_order": False, "shape": tuple(shape)}).encode()
    size = len(header).to_bytes(2, "little")
    arrays_file = tmp_path / "p.npz"
    np.savez(arrays_file, **{other: a for other, a in arrays.items() if other != name})
    with zipfile.ZipFile(arrays_file, "a") as archive:
        archive.writestr(f"{name}.npy", b"\x93NUMPY\x01\x00" + size + header + b"\x00" * 80)
    assert not is_prediction(arrays_file)

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.runs.outcomes import read_outcomes
from robustbench_ln.runs.predictions import (
    Predictions,
    encode_predictions,
    prediction_name,
    read_predictions,
)
from robustbench_ln.runs.results import read_results
from tests.reports.synthetic_runs import make_record

RUN = Path(__file__).parents[1] / "golden" / "schema_1"
NAME = "predictions/clean-0-set4.npz"
NAN = float("nan")


def arrays() -> dict[str, np.ndarray]:
    with np.load(RUN / NAME) as stored:
        return dict(stored)


def read(path: Path) -> Predictions:
    return read_predictions(path, num_images=10, num_classes=5)


def test_predictions_survive_writing_and_reading(tmp_path: Path) -> None:
    first = read(RUN / NAME)
    assert (first.num_groups, len(first)) == (2, 10)
    assert first.class_index.dtype == np.int32
    (tmp_path / "p.npz").write_bytes(encode_predictions(first))
    again = read(tmp_path / "p.npz")
    for name, stored in arrays().items():
        assert np.array_equal(getattr(again, name), stored)


def test_the_name_says_the_pass(tmp_path: Path) -> None:
    record = make_record(
        "bn-adapt", set_size=128, prior="16", arithmetic="bf16", seed=2, corruption="frost",
        severity=3.0, severity_table="cifar10-c", frost="procedural", corrupted_sha256="e" * 64,
    )  # fmt: skip
    name = "frost-3-cifar10-c-procedural-eeeeeeee-batch128-prior16-bf16"
    assert prediction_name(record.cell, first_seed=2) == f"{name}.npz"
    assert prediction_name(record.cell, first_seed=0) == f"{name}-seed2.npz"


def put(name: str, *place: int, value: Any) -> Any:
    """Change one value of an array."""

    def change(found: dict[str, np.ndarray]) -> None:
        found[name] = found[name].astype(np.int64 if found[name].dtype.kind in "iu" else np.float32)
        found[name][place] = value

    return change


def turn(name: str, into: Any) -> Any:
    """Make another array of one."""

    def change(found: dict[str, np.ndarray]) -> None:
        found[name] = into(found[name])

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("image_index", 0, value=-1), r"'image_index' is not an array \[N\] of int64, "),
        (put("image_index", 0, value=10), "'image_index' has 10; expected at most 9"),
        (turn("image_index", lambda a: a * 0), "'image_index' has an image twice"),
        (turn("image_index", lambda a: a.astype(float)), r"'image_index' is not an"),
        (turn("image_index", lambda a: a[:9]), "its arrays have different numbers of images"),
        (put("labels", 3, value=5), "'labels' has 5; expected at most 4"),
        (put("labels", 3, value=-1), "'labels' is not an"),
        (turn("labels", lambda a: a[0]), "'labels' is not an"),
        (turn("labels", lambda a: a[None]), "'labels' is not an"),
        (turn("labels", lambda a: a.astype("M8[s]")), "'labels' is not an"),
        (put("class_index", 1, 2, value=5), "'class_index' has 5; expected at most 4"),
        (turn("class_index", lambda a: a[0]), "'class_index' is not an"),
        (turn("class_index", lambda a: a[:1]), "its arrays have different numbers of groups"),
        (turn("class_index", lambda a: a.astype("U")), "'class_index' is not an"),
        (put("top1_probability", 0, 0, value=NAN), "'top1_probability' is not an"),
        (put("top1_probability", 0, 0, value=1.5), r"'top1_probability' is not an array \[G"),
        (put("label_log_probability", 0, 0, value=-np.inf), "'label_log_probability' is not an"),
        (put("class_logit_sum", 0, 0, value=NAN), "'class_logit_sum' is not an"),
        (put("class_mean_probability", 0, 0, value=-0.1), "'class_mean_probability' is not an"),
        (lambda found: found.update({n: a[..., :0] for n, a in found.items()}), "is not an"),
        (lambda found: found.pop("labels"), "no array 'labels' in it"),
        (lambda found: found.update(colour=found["labels"]), "unknown array 'colour'"),
        (turn("labels", lambda a: a.astype(object)), "damaged"),
    ],
)  # fmt: skip
def test_arrays_that_no_pass_gave_are_refused(tmp_path: Path, change: Any, message: str) -> None:
    found = arrays()
    change(found)
    np.savez(tmp_path / "p.npz", **found)
    with pytest.raises(RecordError, match=rf"p\.npz: not a file of predictions.*{message}"):
        read(tmp_path / "p.npz")


def test_files_that_are_no_archive_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    with pytest.raises(RecordError, match=r"p\.npz: no such file; measure the run again"):
        read(path)
    np.savez_compressed(path, **arrays())
    with pytest.raises(RecordError, match="compressed; measure again"):
        read(path)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(RecordError, match="a single array"):
        read(path)
    for content in (b"", b"x" * 100, (RUN / NAME).read_bytes()[:1000]):
        path.write_bytes(content)
        with pytest.raises(RecordError, match="damaged"):
            read(path)


def test_an_array_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    path = Path(shutil.copy(RUN / NAME, tmp_path / "p.npz"))
    with zipfile.ZipFile(path) as archive:
        labels = archive.read("labels.npy")
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.npy", labels)
    with pytest.raises(RecordError, match="it has 'labels' twice"):
        read(path)


def test_predictions_of_another_row_are_refused(tmp_path: Path) -> None:
    run = Path(shutil.copytree(RUN, tmp_path / "run"))
    found = arrays()
    of_groups = {n: np.concatenate([a, a]) if a.ndim == 2 else a for n, a in found.items()}
    np.savez(run / NAME, **of_groups)
    (mode,) = [mode for mode in read_results([run]) if mode.variant == "ln-voting"]
    with pytest.raises(
        RecordError,
        match=r"4 groups, its row says 2 \(ln-voting under .*, in cells.jsonl\); measure",
    ):
        read_outcomes([mode])
    found["labels"] = (found["labels"] + 1) % 5
    np.savez(run / NAME, **found)
    with pytest.raises(
        RecordError, match=r"of 10 correct, its row says \d of 10 \(ln-voting under"
    ):
        read_outcomes([mode])

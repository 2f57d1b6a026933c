"""What a run keeps of its images: `evaluate` writes it, figures read it, damage is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.runs.kept_images import find_seen
from robustbench_ln.runs.reading import Run, read_runs
from robustbench_ln.spec import CLEAN
from tests.evaluation.small_runs import make_images, make_spec, make_subject


def measure(path: Path, **options) -> Run:
    evaluate(make_subject(), make_images(), make_spec(**options), out=path)
    (run,) = read_runs([path])
    return run


def change(path: Path, **arrays) -> None:
    """Write a file of predictions again, with other arrays; None leaves one out."""
    with np.load(path) as file:
        content = dict(file) | arrays
    np.savez(path, **{name: array for name, array in content.items() if array is not None})


def test_every_condition_has_its_images(tmp_path: Path) -> None:
    run = measure(tmp_path / "run")
    images = make_images()
    order = np.load(tmp_path / "run/predictions/clean-0-running.npz")["image_index"]
    clean = find_seen(run, CLEAN)
    assert clean is not None
    np.testing.assert_array_equal(clean.samples, images.pixels[order[:4]])
    assert clean.histogram.sum() == images.pixels.size
    noisy = [find_seen(run, record.condition) for record in run.records]
    assert len({seen.digest for seen in noisy if seen}) == 3
    assert {record.images_sha256 for record in run.records} == {s.digest for s in noisy if s}


def test_a_new_mode_of_a_pass_may_keep_other_samples(tmp_path: Path) -> None:
    measure(tmp_path / "run", modes=("bn",))
    run = measure(tmp_path / "run", modes=("bn", "plain"), samples=1)
    seen = find_seen(run, CLEAN)
    assert seen is not None
    assert len(seen.samples) == 1
    assert len({record.images_sha256 for record in run.records if record.condition == CLEAN}) == 2


def test_what_was_not_kept_is_none(tmp_path: Path) -> None:
    run = measure(tmp_path / "run")
    rows = [replace(record, images_sha256=None) for record in run.records]
    assert find_seen(replace(run, records=rows), CLEAN) is None
    assert find_seen(run, replace(CLEAN, corruption="fog")) is None
    for file in (tmp_path / "run/predictions").iterdir():
        file.unlink()
    (tmp_path / "run/predictions").rmdir()
    assert find_seen(run, CLEAN) is None


HISTOGRAM = np.zeros((3, 258), dtype=np.int64)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"histogram": None}, "no array 'histogram' in it"),
        ({"samples": None}, "no array 'samples' in it"),
        ({"histogram": HISTOGRAM}, "its images are not those that the rows in cells.jsonl name"),
        ({"histogram": HISTOGRAM - 1}, "'histogram' is not an array"),
        ({"histogram": HISTOGRAM.astype(float)}, "'histogram' is not an array"),
        ({"histogram": HISTOGRAM[:, :256]}, "impossible shape"),
        ({"histogram": HISTOGRAM[:2]}, "impossible shape"),
        ({"samples": np.zeros((1, 97, 8, 3), np.uint8)}, "impossible shape"),
        ({"samples": np.zeros((1, 8, 8, 1), np.uint8)}, "impossible shape"),
        ({"samples": np.zeros((1, 0, 8, 3), np.uint8)}, "impossible shape"),
        ({"samples": np.full((1, 8, 8, 3), 300)}, "'samples' is not an array"),
        ({"samples": np.zeros(3, np.uint8)}, "'samples' is not an array"),
    ],
)
def test_damage_is_one_line(tmp_path: Path, arrays: dict, message: str) -> None:
    run = measure(tmp_path / "run", modes=("bn",))
    change(tmp_path / "run/predictions/clean-0-running.npz", **arrays)
    with pytest.raises(RecordError, match=message) as caught:
        find_seen(run, CLEAN)
    assert "\n" not in str(caught.value)
    assert "clean-0-running.npz" in str(caught.value)


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    run = measure(tmp_path / "run", modes=("bn",))
    (tmp_path / "run/predictions/clean-0-running.npz").unlink()
    with pytest.raises(RecordError, match="clean-0-running.npz: no such file"):
        find_seen(run, CLEAN)

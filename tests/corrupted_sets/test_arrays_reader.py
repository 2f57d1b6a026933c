"""Reading the format of CIFAR-10-C; the sets are written here by hand."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from robustbench_ln.corrupted_sets.reader import open_stored
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.errors import DataError
from tests.corrupted_sets.sample_sets import N, make_images, refused


def test_arrays_hold_one_severity_after_another(folder, clean):
    stored = open_stored(f"cifar10-c:{folder}", clean)
    assert [(c.corruption, c.severity) for c in stored.images] == [
        (name, float(s)) for name in ("glass_blur", "fog") for s in range(1, 6)
    ]
    for condition, images in stored.images.items():
        offset = condition.corruption == "fog"
        expected = [40 * condition.severity + i + offset for i in (4, 0)]
        assert images.read([4, 0])[:, 3, 2, 1].tolist() == expected
        assert images.labels.tolist() == clean.labels.tolist()
        assert condition.origin == "official"
        assert condition.severity_table == "cifar10-c"
        whole = ArrayImages(
            source="x", kind="arrays", pixels=images.read(range(N)), labels=clean.labels
        )
        assert images.sha256() == whole.sha256()
    assert images.image_id(2) == f"{folder / 'fog.npy'}, row {4 * N + 2}"
    assert len({c.corrupted_sha256 for c in stored.images}) == 2
    assert "snow" in stored.missing
    assert "glass_blur" not in stored.missing


def test_labels_of_one_severity_are_enough(folder, clean):
    np.save(folder / "labels.npy", clean.labels)
    assert len(open_stored(f"cifar10-c:{folder}", clean).images) == 10


def test_other_shifts_need_no_clean_images(tmp_path):
    """As CIFAR-10.1 (one array) and the C-bar sets (five severities)."""
    images = make_images(10)
    np.save(tmp_path / "v6.npy", images.pixels)
    np.save(tmp_path / "labels.npy", images.labels)
    stored = open_stored(f"corrupted:{tmp_path}", None)
    (condition,) = stored.images
    assert (condition.corruption, condition.severity) == ("v6", 1.0)
    assert (condition.severity_table, condition.origin) == (None, "official")
    assert not stored.has_clean
    assert stored.join_conditions((condition,)) == (condition,)
    np.save(tmp_path / "labels.npy", np.tile(images.labels[:2], 5))
    levels = [c.severity for c in open_stored(f"corrupted:{tmp_path}", None).images]
    assert levels == [1.0, 2.0, 3.0, 4.0, 5.0]


@pytest.mark.parametrize("kind", ["cifar10-c", "cifar100-c", "corrupted"])
def test_one_severity_that_nobody_names_is_refused(folder, clean, kind):
    np.save(folder / "fog.npy", np.load(folder / "fog.npy")[4 * N :])
    np.save(folder / "labels.npy", clean.labels)
    message = refused(f"{kind}:{folder}", clean, names=("fog",))
    assert "fog.npy: its 6 rows are the images once, and nothing says at which sev" in message
    assert f"name it otherwise ('my_fog.npy') and give corrupted:{folder}" in message
    (folder / "glass_blur.npy").unlink()
    assert "nothing says at which severity" in refused(f"corrupted:{folder}", None)
    (folder / "fog.npy").rename(folder / "my_fog.npy")
    (condition,) = open_stored(f"corrupted:{folder}", clean).images
    assert (condition.corruption, condition.severity) == ("my_fog", 1.0)


@pytest.mark.parametrize("num_labels", [7, 5])
def test_other_shifts_need_a_label_for_each_image(tmp_path, num_labels):
    images = make_images(10)
    np.save(tmp_path / "v6.npy", images.pixels)
    np.save(tmp_path / "labels.npy", images.labels[:num_labels])
    with pytest.raises(DataError, match=f"{num_labels} labels for the 10 images of v6.npy"):
        open_stored(f"corrupted:{tmp_path}", None)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _extend(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"x")


def _drop_rows(path: Path) -> None:
    np.save(path, np.load(path)[:-1])


def _to_float(path: Path) -> None:
    np.save(path, np.load(path).astype(np.float32))


def _pickle(path: Path) -> None:
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)


def _halve(path: Path) -> None:
    np.save(path, np.load(path)[:, ::2])


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (_truncate, "not a whole array"),
        (_extend, "1 bytes after the end of its array"),
        (_drop_rows, "29 images; expected 30, 5 for each of the 6 clean images"),
        (_to_float, "images are float32; expected uint8"),
        (_pickle, "not a whole array"),
        (_halve, "images are 16x32x3, the clean images 32x32x3"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_text("<!doctype html><html>"), "a web page"),
    ],
)
def test_a_wrong_file_is_refused_by_its_name(folder, clean, damage, expected):
    damage(folder / "fog.npy")
    message = refused(f"cifar10-c:{folder}", clean)
    assert str(folder / "fog.npy") in message
    assert expected in message


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (np.arange(5 * N)[::-1] % 3, "row 0: label 2, the clean image 0 has 0"),
        (np.zeros(7, dtype=np.int64), "7 labels for the 30 images"),
        (np.zeros(5 * N), "labels are float64; expected integer class indices"),
    ],
)
def test_labels_must_be_those_of_the_clean_images(folder, clean, labels, expected):
    np.save(folder / "labels.npy", labels)
    message = refused(f"cifar10-c:{folder}", clean)
    assert str(folder / "labels.npy") in message
    assert expected in message


def test_altered_bytes_are_refused_or_read(folder, clean):
    """Headers above all: NumPy parses them as text."""
    generator = random.Random(0)
    whole = {name: (folder / name).read_bytes() for name in ("fog.npy", "labels.npy")}
    messages = []
    for _ in range(300):
        for name, content in whole.items():
            (folder / name).write_bytes(content)
        name = generator.choice(list(whole))
        content = bytearray(whole[name])
        position = generator.randrange(128)
        content[position : position + generator.randrange(3)] = generator.randbytes(
            generator.randrange(4)
        )
        (folder / name).write_bytes(content)
        try:
            open_stored(f"cifar10-c:{folder}", clean, names=("fog",))
        except DataError as error:
            messages.append(str(error))
    assert len(messages) > 100
    assert not any("\n" in message for message in messages)

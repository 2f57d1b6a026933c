from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustbench_ln.errors import DataError
from tests.data.archives import LABELS, PIXELS, Touch, load, save


def test_colour_images_come_back_in_any_order(tmp_path):
    images = load(save(tmp_path / "a b.npz", images=PIXELS, labels=LABELS))
    assert (len(images), images.shape, images.kind) == (4, (5, 6, 3), "arrays")
    assert np.array_equal(images.read([2, 0, 2]), PIXELS[[2, 0, 2]])
    assert images.labels.tolist() == [0, 2, 1, 0]
    assert images.labels.dtype == np.int64
    assert images.image_id(3).startswith("image 3 of arrays:")


def test_grey_images_get_a_channel(tmp_path):
    images = load(save(tmp_path / "a.npz", images=PIXELS[..., 0], labels=LABELS.astype(np.uint8)))
    assert images.shape == (5, 6, 1)
    assert np.array_equal(images.read([1])[..., 0], PIXELS[[1], ..., 0])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": PIXELS}, r"no array 'labels' \(it has 'images'\).*numpy.savez"),
        ({"x": PIXELS, "labels": LABELS}, "no array 'images'"),
        ({"images": PIXELS / 255, "labels": LABELS}, "images are float64; expected uint8.*round"),
        ({"images": PIXELS.astype(np.uint16), "labels": LABELS}, "images are uint16"),
        ({"images": PIXELS[0, 0], "labels": LABELS}, r"shape \[6, 3\]; expected \[N, H, W, C\]"),
        ({"images": PIXELS[0, 0, 0, 0], "labels": LABELS}, r"shape \[\]; expected \[N, H, W, C\]"),
        ({"images": PIXELS[..., :2], "labels": LABELS}, r"shape \[4, 5, 6, 2\]"),
        ({"images": PIXELS, "labels": LABELS[:3]}, r"labels have shape \[3\]; expected \[4\]"),
        ({"images": PIXELS, "labels": LABELS.astype(float)}, "labels are float64; expected integ"),
        ({"images": PIXELS, "labels": LABELS - 1}, "label -1 is below 0"),
        (
            {"images": PIXELS, "labels": LABELS + 2**20},
            "expected the index of a class, below 1,048",
        ),
        ({"images": PIXELS, "labels": LABELS[:, None]}, r"labels have shape \[4, 1\]"),
        ({"images": PIXELS[:0], "labels": LABELS[:0]}, "no images"),
    ],
)
def test_wrong_arrays_are_refused(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message):
        load(save(tmp_path / "a.npz", **arrays))


def test_files_that_are_something_else_are_refused(tmp_path):
    whole = tmp_path / "whole.npz"
    np.savez(whole, images=PIXELS, labels=LABELS)
    for name, content, message in (
        ("page.npz", b"<!DOCTYPE html><html>Sign in</html>", "a web page saved in place of"),
        ("lfs.npz", b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
        ("empty.npz", b"", "empty; expected an .npz archive"),
        ("text.npz", b"hello", "not an .npz archive of plain arrays, or damaged"),
        ("cut.npz", whole.read_bytes()[:200], "or damaged"),
        ("cut2.npz", whole.read_bytes()[:-10], "or damaged"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=message) as caught:
            load(f"arrays:{tmp_path / name}")
        assert name in str(caught.value)
    np.save(tmp_path / "one.npy", PIXELS)
    with pytest.raises(DataError, match="not an .npz archive"):
        load(f"arrays:{tmp_path / 'one.npy'}")
    with pytest.raises(DataError, match="is a folder; expected an .npz with 'images' and 'lab"):
        load(f"arrays:{tmp_path}")
    with pytest.raises(DataError, match="no such file"):
        load(f"arrays:{tmp_path / 'none.npz'}")


def test_a_pickle_in_the_archive_is_not_run(tmp_path):
    trap = np.empty(1, dtype=object)
    trap[0] = Touch(tmp_path / "ran")
    np.savez(tmp_path / "a.npz", images=trap, labels=LABELS[:1])
    (tmp_path / "b.npz").write_bytes(pickle.dumps(Touch(tmp_path / "ran")))
    for name in ("a.npz", "b.npz"):
        with pytest.raises(DataError):
            load(f"arrays:{tmp_path / name}")
    assert not (tmp_path / "ran").exists()


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10**6), value=st.integers(0, 255), is_packed=st.booleans())
def test_a_damaged_archive_is_read_or_refused(tmp_path_factory, place, value, is_packed):
    path = tmp_path_factory.mktemp("damage") / "a.npz"
    (np.savez_compressed if is_packed else np.savez)(path, images=PIXELS, labels=LABELS)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = value
    path.write_bytes(content)
    try:
        images = load(f"arrays:{path}")
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert np.array_equal(images.read(range(4)), PIXELS)  # the archive has check sums

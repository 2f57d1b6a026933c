from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.corrupted_sets.sequences import BENCHMARKS, is_noise, open_sequences
from robustbench_ln.errors import DataError, LnBenchError, SpecError

FRAMES = np.random.default_rng(0).integers(0, 256, (4, 3, 8, 8, 3)).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    for name in ("tilt", "gaussian_noise", "gaussian_noise_2", "shear"):
        np.save(tmp_path / f"{name}.npy", FRAMES + len(name))
    return tmp_path


def test_frames_come_sequence_after_sequence_in_the_benchmarks_order(folder):
    noise, tilt = open_sequences(f"cifar10-p:{folder}")
    assert (noise.name, tilt.name) == ("gaussian_noise", "tilt")  # shear is none of the benchmark
    assert (tilt.num_frames, len(tilt.images), tilt.images.shape) == (3, 12, (8, 8, 3))
    assert np.array_equal(
        tilt.images.read([0, 4, 11]), (FRAMES + 4).reshape(12, 8, 8, 3)[[0, 4, 11]]
    )
    assert tilt.images.image_id(4).endswith("tilt.npy, row 4")
    (shear,) = open_sequences(f"cifar10-p:{folder}", perturbations=["shear"])
    assert shear.name == "shear"


def test_a_harder_noise_is_another_file_and_harder_frames_are_the_same(folder):
    noise, tilt = open_sequences(f"cifar10-p:{folder}", difficulty=2)
    assert noise.name == "gaussian_noise"
    assert np.array_equal(noise.images.read([0])[0], (FRAMES + len("gaussian_noise_2"))[0, 0])
    assert np.array_equal(tilt.images.read([0])[0], (FRAMES + 4)[0, 0])


def test_only_noise_is_compared_with_the_first_frame():
    for names in BENCHMARKS.values():
        assert {name for name in names if is_noise(name)} == {"gaussian_noise", "shot_noise"}


def test_the_benchmarks_are_ten_perturbations_that_differ_in_one():
    assert {len(names) for names in BENCHMARKS.values()} == {10}
    cifar, imagenet = BENCHMARKS["cifar10-p"], BENCHMARKS["imagenet-p"]
    assert [pair for pair in zip(cifar, imagenet, strict=True) if pair[0] != pair[1]] == [
        ("spatter", "snow")
    ]
    assert BENCHMARKS["cifar100-p"] == cifar


def test_a_limit_is_a_number_of_sequences(folder):
    (tilt,) = open_sequences(f"cifar10-p:{folder}", perturbations=["tilt"], limit=2)
    assert (tilt.num_sequences, len(tilt.images)) == (2, 6)
    (tilt,) = open_sequences(f"cifar10-p:{folder}", perturbations=["tilt"], limit=9)
    assert tilt.num_sequences == 4


@pytest.mark.parametrize(
    ("frames", "line"),
    [
        (FRAMES[0], r"has shape \[3, 8, 8, 3\]; expected \[sequences, frames, H, W, C\]"),
        (FRAMES[:0], "has shape"),
        (FRAMES[:, :1], "sequences of 1 frame; expected two or more"),
        (FRAMES / 255, "images are float64; expected uint8"),
        (FRAMES[..., :2], "expected"),
    ],
)
def test_arrays_that_are_no_sequences_are_refused(frames, line, tmp_path):
    np.save(tmp_path / "tilt.npy", frames)
    with pytest.raises(DataError, match=line):
        open_sequences(f"cifar10-p:{tmp_path}")


def test_what_is_not_there_is_named(folder, tmp_path):
    with pytest.raises(DataError, match=r"scale\.npy: no such file"):
        open_sequences(f"cifar10-p:{folder}", perturbations=["scale"])
    with pytest.raises(SpecError, match="tilt is listed twice"):
        open_sequences(f"cifar10-p:{folder}", perturbations=["tilt", "shear", "tilt"])
    with pytest.raises(DataError, match="no sequences; expected NAME/CLASS/VIDEO.mp4"):
        open_sequences(f"imagenet-p:{folder}")
    with pytest.raises(DataError, match="no such folder; expected the folder of cifar10-p"):
        open_sequences(f"cifar10-p:{tmp_path / 'nowhere'}")
    with pytest.raises(LnBenchError, match="unknown kind of sequences 'cifar10'"):
        open_sequences(f"cifar10:{folder}")
    with pytest.raises(SpecError, match="difficulty=? is 4; expected 1, 2 or 3|difficulty is 4"):
        open_sequences(f"cifar10-p:{folder}", difficulty=4)
    (tmp_path / "tilt.npy").write_bytes(b"\x93NUMPY garbage")
    with pytest.raises(DataError, match=r"tilt\.npy"):
        open_sequences(f"cifar10-p:{tmp_path}", perturbations=["tilt"])

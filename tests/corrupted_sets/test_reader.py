"""Reading corrupted sets in the published formats; the sets are written here by hand."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_ln.corrupted_sets import reader
from robustbench_ln.corrupted_sets.reader import open_stored
from robustbench_ln.corrupted_sets.writer import generate
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.errors import DataError, SpecError
from tests.corrupted_sets.sample_sets import make_images, make_spec

N = 6


@pytest.fixture
def clean() -> ArrayImages:
    return make_images(N)


@pytest.fixture
def folder(tmp_path: Path, clean: ArrayImages) -> Path:
    """CIFAR-10-C as published: pixel = 40 s + i in severity s of image i; fog adds 1."""
    root = tmp_path / "C"
    root.mkdir()
    for offset, name in enumerate(("glass_blur", "fog")):
        values = [40 * s + i + offset for s in range(1, 6) for i in range(N)]
        pixels = np.array(values, dtype=np.uint8)[:, None, None, None]
        np.save(root / f"{name}.npy", np.broadcast_to(pixels, (5 * N, *clean.shape)))
    np.save(root / "labels.npy", np.tile(clean.labels, 5).astype(np.uint8))
    return root


def refused(source: str, clean, **options) -> str:
    with pytest.raises((DataError, SpecError)) as caught:
        open_stored(source, clean, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


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


def test_names_and_severities_choose(folder, clean):
    stored = open_stored(f"cifar100-c:{folder}", clean, names=("fog",), severities=(5, 2))
    assert [(c.corruption, c.severity) for c in stored.images] == [("fog", 2.0), ("fog", 5.0)]
    assert stored.missing == ()  # nobody asked for snow
    assert "snow" in open_stored(f"cifar10-c:{folder}", clean, names=("cifar10-c",)).missing
    message = refused(f"cifar10-c:{folder}", clean, names=("snow",))
    assert message == f"{folder} has no 'snow'; it has glass_blur, fog"


def test_labels_of_one_severity_are_enough(folder, clean):
    np.save(folder / "labels.npy", clean.labels)
    assert len(open_stored(f"cifar10-c:{folder}", clean).images) == 10


@pytest.mark.filterwarnings("ignore:no photographs of frost")
def test_our_own_sets_say_so(tmp_path, clean):
    generate(clean, make_spec(("frost", "fog"), severities=(2, 5)), out=tmp_path / "made")
    stored = open_stored(f"cifar10-c:{tmp_path / 'made'}", clean)
    assert {(c.corruption, c.severity) for c in stored.images} == {
        (name, s) for name in ("frost", "fog") for s in (2.0, 5.0)
    }
    assert {c.origin for c in stored.images} == {"generated"}
    assert {bool(c.frost) for c in stored.images if c.corruption == "frost"} == {True}


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


def test_a_set_of_the_clean_images_is_refused(folder, clean):
    pixels = np.load(folder / "fog.npy")
    pixels[2 * N : 3 * N] = clean.pixels
    np.save(folder / "fog.npy", pixels)
    message = refused(f"cifar10-c:{folder}", clean)
    assert f"{folder / 'fog.npy'}, row {2 * N}: fog at severity 3 holds the clean images" in message
    pixels[2 * N, 0, 0, 0] ^= 1  # one value differs: other images
    np.save(folder / "fog.npy", pixels)
    assert len(open_stored(f"cifar10-c:{folder}", clean).images) == 10


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
        (_extend, "1 bytes too many"),
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
        (np.zeros(5 * N), "labels are float64; expected integers"),
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


def test_missing_parts_are_named(folder, clean, tmp_path):
    assert "give clean='KIND:PATH', as in clean='cifar10:DIR'" in refused(
        f"cifar10-c:{folder}", None
    )
    assert "no such folder" in refused(f"cifar10-c:{tmp_path}/none", clean)
    (tmp_path / "empty").mkdir()
    assert "expected NAME.npy and labels.npy, as in fog" in refused(
        f"cifar10-c:{tmp_path}/empty", clean
    )
    (folder / "labels.npy").unlink()
    assert f"{folder / 'labels.npy'}: no such file" in refused(f"cifar10-c:{folder}", clean)
    (folder / "manifest.json").write_text("{}")
    np.save(folder / "labels.npy", clean.labels)
    assert "is not a manifest" in refused(f"cifar10-c:{folder}", clean)


# ---- folders of pictures


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """clean/CLASS/NAME.png and C/blur/glass_blur/SEVERITY/CLASS/NAME.JPEG of 16 x 16."""
    generator = np.random.default_rng(0)
    for wnid in ("n01440764", "n01443537"):
        for index in range(2):
            for place in ("clean", *(f"C/blur/glass_blur/{s}" for s in (1, 4))):
                suffix = "png" if place == "clean" else "JPEG"
                file = tmp_path / place / wnid / f"val_{index}.{suffix}"
                file.parent.mkdir(parents=True, exist_ok=True)
                pixels = generator.integers(0, 256, (16, 16, 3)).astype(np.uint8)
                Image.fromarray(pixels).save(file)
    return tmp_path


def open_pictures(root: Path, **options):
    clean = load_images(f"imagenet:{root / 'clean'}", DataOptions())
    return clean, open_stored(f"imagenet-c:{root / 'C'}", clean, **options)


def test_pictures_are_matched_by_class_and_name(pictures):
    clean, stored = open_pictures(pictures)
    assert [(c.corruption, c.severity, c.origin) for c in stored.images] == [
        ("glass_blur", 1.0, "official"),
        ("glass_blur", 4.0, "official"),
    ]
    images = list(stored.images.values())[1]
    file = pictures / "C/blur/glass_blur/4/n01443537/val_0.JPEG"
    assert images.image_id(2) == str(file)
    assert np.array_equal(images.read([2])[0], np.asarray(Image.open(file)))
    assert images.labels.tolist() == clean.labels.tolist() == [0, 0, 1, 1]


def test_folders_of_ours_are_read_back(tmp_path, clean):
    spec = make_spec(("fog",), severities=(3,), format="folder")
    generate(clean, spec, out=tmp_path / "made")
    generate(clean, make_spec(("fog",), severities=(3,)), out=tmp_path / "arrays")
    (one,) = open_stored(f"corrupted:{tmp_path / 'made'}", clean).images.values()
    (other,) = open_stored(f"corrupted:{tmp_path / 'arrays'}", clean).images.values()
    assert np.array_equal(one.read(range(N)), other.read(range(N)))


def test_other_pictures_are_refused(pictures):
    level = pictures / "C/blur/glass_blur/4"
    (level / "n01443537/val_0.JPEG").rename(level / "n01443537/val_7.JPEG")
    with pytest.raises(DataError, match=r"4: no picture 'n01443537/val_0' .* \(1 of 4 are missing"):
        open_pictures(pictures)
    shutil.copy(level / "n01443537/val_7.JPEG", level / "n01443537/val_0.JPEG")
    with pytest.raises(DataError, match=r"5 pictures for 4 clean images, 'n01443537/val_7' has no"):
        open_pictures(pictures)
    (level / "n01443537/val_7.JPEG").unlink()
    open_pictures(pictures)
    Image.new("RGB", (8, 8)).save(level / "n01440764/val_0.JPEG")
    with pytest.raises(DataError, match=r"val_0.JPEG is 8x8x3, the clean images 16x16x3"):
        open_pictures(pictures)


def test_two_copies_of_a_corruption_are_refused(pictures):
    shutil.copytree(pictures / "C/blur/glass_blur", pictures / "C/glass_blur")
    with pytest.raises(DataError, match="give one of the two"):
        open_pictures(pictures)


def test_progress_names_what_is_hashed(folder, clean):
    told: list[str] = []
    open_stored(f"cifar10-c:{folder}", clean, tell=told.append)
    assert told == ["digest of glass_blur", "digest of fog"]


def test_every_kind_is_offered():
    assert list(reader.STORED_KINDS) == ["cifar10-c", "cifar100-c", "imagenet-c", "corrupted"]

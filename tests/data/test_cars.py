from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.io import savemat
from torchvision.datasets import StanfordCars

from robustbench_ln.data import DataOptions, Framing, load_images
from robustbench_ln.errors import DataError
from tests.data.pictures import picture

FILES, CLASSES = ("00001.jpg", "00002.jpg", "00003.jpg"), (2, 3, 1)
NAMES = ("Acura TL Sedan 2012", "Audi S4 Sedan 2007", "BMW M3 Coupe 2012")
SQUARE = DataOptions(framing=Framing(resize=10, crop=8))


def make_cars(root, files=FILES, classes=CLASSES, names=NAMES):
    base = root / "stanford_cars"
    (base / "cars_test").mkdir(parents=True, exist_ok=True)
    (base / "devkit").mkdir(exist_ok=True)
    kinds = [("bbox_x1", "O"), ("fname", "O"), ("class", "O")]
    rows = np.array([(39, *row) for row in zip(files, classes, strict=True)], dtype=kinds)
    savemat(base / "cars_test_annos_withlabels.mat", {"annotations": rows})
    savemat(base / "devkit" / "cars_meta.mat", {"class_names": np.array(names, dtype=object)})
    for seed, file in enumerate(files):
        picture(12, 14 + seed, seed).save(base / "cars_test" / file)
    return base


def test_files_labels_and_names_are_torchvisions(tmp_path):
    base = make_cars(tmp_path)
    theirs = StanfordCars(str(tmp_path), split="test")
    for root in (tmp_path, base):
        images = load_images(f"cars:{root}", SQUARE)
        found = [(images.image_id(i), label) for i, label in enumerate(images.labels.tolist())]
        assert found == theirs._samples
        assert list(images.class_names) == theirs.classes
        assert images.labels.tolist() == [1, 2, 0]
    assert images.read([2, 0]).shape == (2, 8, 8, 3)
    assert images.kind == "cars"


def test_the_training_part_is_torchvisions(tmp_path):
    base = make_cars(tmp_path)
    (base / "cars_test").rename(base / "cars_train")
    annotations = base / "devkit" / "cars_train_annos.mat"
    (base / "cars_test_annos_withlabels.mat").rename(annotations)
    images = load_images(f"cars:{tmp_path}", replace(SQUARE, part="train"))
    found = [(images.image_id(i), label) for i, label in enumerate(images.labels.tolist())]
    assert found == StanfordCars(str(tmp_path), split="train")._samples


def test_a_single_car_is_no_special_case(tmp_path):
    make_cars(tmp_path, FILES[:1], (1,), NAMES[:1])
    images = load_images(f"cars:{tmp_path}", SQUARE)
    assert (images.labels.tolist(), images.class_names) == ([0], NAMES[:1])


def test_missing_files_are_told(tmp_path):
    with pytest.raises(
        DataError, match="cars_test_annos_withlabels.mat: no such file; expected to"
    ):
        load_images(f"cars:{tmp_path}", SQUARE)
    base = make_cars(tmp_path)
    (base / "cars_test" / FILES[1]).unlink()
    with pytest.raises(DataError, match="00002.jpg: cannot be read"):
        load_images(f"cars:{tmp_path}", SQUARE).read([0, 1])
    (base / "devkit" / "cars_meta.mat").unlink()
    with pytest.raises(DataError, match="cars_meta.mat: no such file"):
        load_images(f"cars:{tmp_path}", SQUARE)


@pytest.mark.parametrize("label", [0, 4])
def test_classes_without_a_name_are_refused(tmp_path, label):
    make_cars(tmp_path, classes=(1, label, 2))
    with pytest.raises(DataError, match=rf"'00002.jpg' has class {label}; expected 1..3"):
        load_images(f"cars:{tmp_path}", SQUARE)


@pytest.mark.parametrize(
    ("file", "label"),
    [("1.jpg", "x"), ("1.jpg", [1, 2]), ("1.jpg", 1.5), ("1.jpg", np.nan), ("1.jpg", []), (5, 1)],
)
def test_annotations_of_another_kind_are_refused(tmp_path, file, label):
    base = make_cars(tmp_path)
    rows = np.empty(1, dtype=[("fname", "O"), ("class", "O")])
    rows[0] = (file, label)
    savemat(base / "cars_test_annos_withlabels.mat", {"annotations": rows})
    with pytest.raises(DataError, match="withlabels.mat: an annotation has no file name as 'fn"):
        load_images(f"cars:{tmp_path}", SQUARE)


def test_classes_that_were_saved_as_floats_are_read(tmp_path):
    make_cars(tmp_path, classes=(2.0, 3.0, 1.0))
    assert load_images(f"cars:{tmp_path}", SQUARE).labels.tolist() == [1, 2, 0]


def test_other_matlab_files_are_refused(tmp_path):
    base = make_cars(tmp_path)
    path = base / "cars_test_annos_withlabels.mat"
    whole = path.read_bytes()
    unlabelled = np.array([(1, "00001.jpg")], dtype=[("bbox_x1", "O"), ("fname", "O")])
    empty = np.empty(0, dtype=[("fname", "O"), ("class", "O")])
    for variables, message in (
        ({"annotations": unlabelled}, "its annotations have no 'fname' and 'class'"),
        ({"annotations": 3}, "its annotations have no 'fname' and 'class'"),
        ({"annotations": empty}, "no images"),
        ({"cars": 3}, "no variable 'annotations'"),
    ):
        savemat(path, variables)
        with pytest.raises(DataError, match=f"withlabels.mat: {message}"):
            load_images(f"cars:{tmp_path}", SQUARE)
    for content, message in ((whole[:200], "damaged"), (b"", "empty"), (b"<html>", "a web page")):
        path.write_bytes(content)
        with pytest.raises(DataError, match=f"withlabels.mat: .*{message}"):
            load_images(f"cars:{tmp_path}", SQUARE)

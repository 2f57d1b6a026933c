from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from robustbench_ln.data import DataOptions, Framing, load_images
from robustbench_ln.data.imagenet import read_wnids
from robustbench_ln.data.oddities import find_oddities
from robustbench_ln.errors import DataError
from tests.data.pictures import picture

SQUARE = DataOptions(framing=Framing(resize=10, crop=8))


def make_imagenet(root, wnids):
    for seed, wnid in enumerate(wnids):
        (root / wnid).mkdir(parents=True)
        picture(12 + seed, 14, seed).save(root / wnid / f"ILSVRC2012_val_0000000{seed}.JPEG")


def test_the_wnids_are_the_thousand_of_ilsvrc_2012():
    wnids = read_wnids()
    assert len(set(wnids)) == 1000
    assert list(wnids) == sorted(wnids)
    # known places: tench, goldfish, tabby cat, sports car, toilet tissue
    known = {0: "n01440764", 1: "n01443537", 281: "n02123045", 817: "n04285008", 999: "n15075141"}
    assert {index: wnids[index] for index in known} == known
    digest = hashlib.sha256("\n".join(wnids).encode()).hexdigest()
    assert digest == "385e0240499426c022b773be1ae4da780f057b89c9694c7f47199f62746b6edd"


@pytest.mark.parametrize("inner", ["", "val"])
def test_a_part_of_the_classes_keeps_their_numbers(tmp_path, inner):
    make_imagenet(tmp_path / inner, ["n15075141", "n02123045", "n01443537"])
    images = load_images(f"imagenet:{tmp_path}", SQUARE)
    assert images.labels.tolist() == [1, 281, 999]
    assert images.kind == "imagenet"
    assert images.shape == (8, 8, 3)
    assert images.read([0, 1, 2]).dtype == np.uint8
    assert images.class_names[281] == "n02123045"
    assert "997 of 1000 classes have no images" in next(find_oddities(images))


def test_the_training_part_lies_beside_the_validation(tmp_path):
    make_imagenet(tmp_path / "val", ["n01443537"])
    make_imagenet(tmp_path / "train", ["n02123045"])
    train = replace(SQUARE, part="train")
    assert load_images(f"imagenet:{tmp_path}", train).labels.tolist() == [281]
    assert load_images(f"imagenet:{tmp_path}", SQUARE).labels.tolist() == [1]


@pytest.mark.parametrize("wnids", [["n01440764", "cat"], ["n00000001"]])
def test_other_folders_are_refused(tmp_path, wnids):
    make_imagenet(tmp_path, wnids)
    with pytest.raises(DataError, match="is not one of ImageNet's 1,000 classes.*class_map="):
        load_images(f"imagenet:{tmp_path}", SQUARE)


def test_the_numbers_of_imagenet_v2_are_places_among_the_wnids(tmp_path):
    for index in range(1000):
        (tmp_path / str(index)).mkdir()
    for index in (2, 10, 999):
        picture(12, 14).save(tmp_path / str(index) / "0.jpeg")
    images = load_images(f"imagenet:{tmp_path}", SQUARE)
    assert sorted(images.labels) == [2, 10, 999]
    assert images.labels.tolist() == [int(images.files[i].split("/")[0]) for i in range(3)]
    assert images.class_names[999] == "n15075141"
    (tmp_path / "999").rename(tmp_path / "1000")
    with pytest.raises(DataError, match="or all the numbers 0..999 of ImageNetV2"):
        load_images(f"imagenet:{tmp_path}", SQUARE)


def test_a_part_of_another_name_is_refused_by_its_path(tmp_path):
    make_imagenet(tmp_path / "validation", ["n01443537"])
    with pytest.raises(DataError, match=f"give imagenet:{tmp_path / 'validation'}"):
        load_images(f"imagenet:{tmp_path}", SQUARE)


def test_missing_images_are_told(tmp_path):
    with pytest.raises(DataError, match="no class folders"):
        load_images(f"imagenet:{tmp_path}", SQUARE)
    (tmp_path / "n01440764").mkdir()
    with pytest.raises(DataError, match="no images in its 1 class folders"):
        load_images(f"imagenet:{tmp_path}", SQUARE)

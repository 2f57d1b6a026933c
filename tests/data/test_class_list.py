"""Lists of the classes that are scored."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from robustbench_ln.data import ArrayImages, DataOptions, Framing, load_images
from robustbench_ln.data.class_list import (
    CLASS_LISTS,
    ClassList,
    digest_classes,
    find_classes,
    number_by_wnid,
    read_class_list,
)
from robustbench_ln.data.imagenet import read_wnids
from robustbench_ln.errors import DataError, SpecError
from tests.data.pictures import make_folder
from tests.data.test_imagenet import make_imagenet

SQUARE = DataOptions(framing=Framing(resize=10, crop=8))
IMAGENET_R = """
1 2 4 6 8 9 11 13 22 23 26 29 31 39 47 63 71 76 79 84 90 94 96 97 99 100 105 107 113 122 125 130
132 144 145 147 148 150 151 155 160 161 162 163 171 172 178 187 195 199 203 207 208 219 231 232 234
235 242 245 247 250 251 254 259 260 263 265 267 269 276 277 281 288 289 291 292 293 296 299 301 308
309 310 311 314 315 319 323 327 330 334 335 337 338 340 341 344 347 353 355 361 362 365 366 367 368
372 388 390 393 397 401 407 413 414 425 428 430 435 437 441 447 448 457 462 463 469 470 471 472 476
483 487 515 546 555 558 570 579 583 587 593 594 596 609 613 617 621 629 637 657 658 701 717 724 763
768 774 776 779 780 787 805 812 815 820 824 833 847 852 866 875 883 889 895 907 928 931 932 933 934
936 937 943 945 947 948 949 951 953 954 957 963 965 967 980 981 983 988
"""
"""As the set's authors list them in eval.py."""

IMAGENET_A = {
    6: 0, 11: 1, 13: 2, 22: 5, 57: 14, 70: 15, 99: 24, 124: 30, 150: 36, 207: 38, 254: 41, 301: 48,
    317: 58, 347: 68, 397: 74, 425: 84, 461: 92, 488: 98, 514: 101, 573: 115, 607: 120, 643: 128,
    684: 133, 719: 137, 780: 150, 804: 156, 850: 167, 880: 172, 900: 176, 945: 185, 959: 191,
    972: 193, 984: 196, 988: 199,
}  # fmt: skip
"""Class -> place among the 200, some of the authors' table in eval.py."""


def images_of(labels, names=(), kind="arrays") -> ArrayImages:
    return ArrayImages(
        source=f"{kind}:x", kind=kind, pixels=np.zeros((len(labels), 4, 4, 3), np.uint8),
        labels=np.array(labels, np.int64), class_names=tuple(names),
    )  # fmt: skip


def write(tmp_path, content: str | bytes, name: str = "classes.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def find(listed, images, num_classes, *, has_class_map=True):
    chosen = listed if isinstance(listed, ClassList) else read_class_list(listed)
    return find_classes(chosen, images, num_classes, has_class_map=has_class_map)


def test_the_shipped_lists_are_those_of_the_sets_authors():
    images = images_of([11, 13])
    chosen = {name: find(name, images, 1000) for name in CLASS_LISTS}
    assert chosen["imagenet-r"] == tuple(map(int, IMAGENET_R.split()))
    place = {index: position for position, index in enumerate(chosen["imagenet-a"])}
    assert len(place) == 200
    assert {index: place[index] for index in IMAGENET_A} == IMAGENET_A
    assert len(set(place) & set(chosen["imagenet-r"])) == 86


@pytest.mark.parametrize(
    "content",
    [
        "cat\ndog\n",
        "\ufeffcat\r\n\r\n  dog  \r\n",
        '["dog", "cat"]',
        "\n[3, 5]",
        '["cat", 5]',
    ],
)
def test_names_and_indices_are_found(tmp_path, content):
    images = images_of([3, 5, 5], ["", "", "", "cat", "", "dog"])
    assert find(write(tmp_path, content), images, 8) == (3, 5)
    assert find(["dog", "cat"], images, 8) == (3, 5)


def test_names_may_have_spaces_and_look_like_numbers(tmp_path):
    images = images_of([0, 2], ["5", "1", "great white shark"])
    assert find(write(tmp_path, "great white shark\n5\n"), images, 3) == (0, 2)


def test_all_classes_are_no_subset():
    assert find([2, 0, 1], images_of([0]), 3) is None


def test_folders_of_imagenet_r_get_the_networks_numbers(tmp_path):
    make_imagenet(tmp_path, ["n02123045", "n01443537", "n01484850"])
    folder = load_images(f"folder:{tmp_path}", SQUARE)
    assert folder.labels.tolist() == [0, 1, 2]
    numbered = number_by_wnid(folder)
    imagenet = load_images(f"imagenet:{tmp_path}", SQUARE)
    assert numbered.labels.tolist() == imagenet.labels.tolist() == [1, 2, 281]
    assert numbered.sha256() == imagenet.sha256()
    assert find("imagenet-r", numbered, 1000, has_class_map=False)[:2] == (1, 2)


def test_other_images_keep_their_numbers(tmp_path):
    for images in (
        load_images(make_folder(tmp_path), SQUARE),
        images_of([0, 1], ["n01443537", "n01484850"]),
    ):
        assert number_by_wnid(images) is images


def test_wordnet_ids_need_no_names_where_the_network_has_imagenets_classes():
    assert find(["n15075141", "n01440764"], images_of([0, 999]), 1000) == (0, 999)


def test_the_digest_is_of_the_indices_in_order():
    digest = hashlib.sha256(b"3,5,281").hexdigest()[:12]
    assert digest_classes((281, 3, 5)) == digest_classes((3, 5, 281)) == f"3-{digest}"
    assert digest_classes(None) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "classes.txt: lists 0 classes; expected two or more"),
        ("[]", "lists 0 classes; expected two or more"),
        ("cat\n", "lists 1 classes; expected two or more"),
        ("cat\ndog\ncat\n", "lists 'cat' twice"),
        ("[3, 5, 3]", "lists 3 twice"),
        ("[3, true]", "True is not a class; expected a list of classes"),
        ("[3, -1]", "-1 is not a class"),
        ("[3, 1.0]", "1.0 is not a class"),
        ('["cat", ""]', "'' is not a class"),
        ('["cat", ["dog"]]', r"\['dog'\] is not a class"),
        ('{"cat": 3}', "not a list of classes"),
        ('["cat", "dog"', "not a list of classes.*or damaged"),
        ("[" * 100_000, "not a list of classes.*or damaged"),
        (b"\xff\xfe\x00cat", "not a list of classes.*or damaged"),
    ],
    ids=range(14),
)
def test_lists_that_are_none(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read_class_list(write(tmp_path, content))


def test_a_missing_file_names_the_shipped_lists(tmp_path):
    with pytest.raises(SpecError, match="no such file; expected a list .* or imagenet-a or imagen"):
        read_class_list(tmp_path / "imagenet-x")
    with pytest.raises(DataError, match="cannot be read"):
        read_class_list(tmp_path)


def test_a_file_with_the_name_of_a_shipped_list_is_written_with_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "cat\ndog", "imagenet-a")
    assert read_class_list("./imagenet-a").classes == ("cat", "dog")
    assert len(read_class_list("imagenet-a").classes) == 200


NAMED = images_of([0, 1, 1], ["ant", "bee", "cat"])


@pytest.mark.parametrize(
    ("listed", "images", "num_classes", "error", "message"),
    [
        (["ant", "bea"], NAMED, 3, SpecError, "unknown class of classes: 'bea'; did you mean 'bee"),
        (["ant", "zzzz"], NAMED, 3, SpecError, "'zzzz'; choose from ant, bee, cat"),
        (["ant", "a\nb"], NAMED, 3, SpecError, r"'''?a\\nb'''?; |'a\\nb'"),
        ([0, 3], NAMED, 3, DataError, r"lists class 3, the network has 3 classes \(0..2\)"),
        (["ant", 0, 1], NAMED, 3, DataError, "lists a class twice, by name and index"),
        (["bee", "cat"], NAMED, 3, DataError,
         "image 0 of arrays:x is of class 0 'ant', which classes leaves out, as are 1 of 3 images"),
        ([1, 2], images_of([0]), 3, DataError, "is of class 0, which classes leaves out"),
        (["ant", "bee"], images_of([0]), 3, DataError, "x have no names; list their indices"),
        ("imagenet-a", NAMED, 3, DataError, "imagenet-a: 'n01498041' is a class of ImageNet; the"),
        (["n01440764", "cat"], images_of([0], read_wnids()), 1000, SpecError,
         "classes: 'cat' is none of the network's 1000 classes"),
    ],
    ids=range(10),
)  # fmt: skip
def test_lists_that_do_not_fit(listed, images, num_classes, error, message):
    with pytest.raises(error, match=message) as caught:
        find(listed, images, num_classes)
    assert "\n" not in str(caught.value)


def test_folders_that_may_be_any_class_are_refused(tmp_path):
    folder = load_images(make_folder(tmp_path), SQUARE)
    with pytest.raises(
        DataError, match="has 2 class folders, the network has 5 classes; say with "
    ):
        find(["class a", "class b"], folder, 5, has_class_map=False)
    assert find([0, 1], folder, 5, has_class_map=True) == (0, 1)
    mapped = tmp_path / "map.json"
    mapped.write_text(json.dumps({"class a": 4, "class b": 2}))
    options = DataOptions(framing=SQUARE.framing, class_map=mapped)
    assert find(["class b", "class a"], load_images(folder.source, options), 5) == (2, 4)


def test_long_lists_are_read_in_linear_time(tmp_path):
    (tmp_path / "classes.txt").write_text("\n".join(map(str, range(100_000))) + "\n7\n")
    with pytest.raises(DataError, match="lists '7' twice"):
        read_class_list(tmp_path / "classes.txt")

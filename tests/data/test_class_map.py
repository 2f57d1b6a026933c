"""--class-map: which class of the network a folder holds."""

from __future__ import annotations

import pytest

from robustbench_ln.errors import DataError
from tests.data.pictures import class_map, load, make_folder


def test_a_class_map_numbers_the_folders(tmp_path):
    source = make_folder(tmp_path / "x")
    mapping = class_map(tmp_path, {"class b": 1, "class a": 4, "far": 6, "near": 4})
    images = load(source, class_map=mapping)
    assert images.labels.tolist() == [4, 1, 1]
    assert images.class_names == ("", "class b", "", "", "class a", "", "far")
    merged = load(source, class_map=class_map(tmp_path, {"class b": 3, "class a": 3}))
    assert merged.labels.tolist() == [3, 3, 3]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"class a": 0}, r"map.json: no class for the folder 'class b' \(1 of 2 folders"),
        ({"class a": 0, "class b": "dog"}, "'class b' has class \"dog\"; expected a class index"),
        ({"class a": 0, "class b": -1}, "'class b' has class -1"),
        (
            {"class a": 10**12},
            "'class a' has class 1000000000000; expected a class index .* below 1,048,576",
        ),
        ({"class a": 0, "class b": True}, "'class b' has class true"),
        ({"class a": 0, "class b": 1.0}, "'class b' has class 1.0"),
        ({}, "not a JSON object"),
        (["class a", "class b"], 'not a JSON object {"folder": class index, ...}'),
        ("{", "not a JSON object .* or damaged"),
        ("[" * 100_000, "not a JSON object"),
        ("", "empty"),
    ],
)
def test_wrong_class_maps_are_refused(tmp_path, content, message):
    source = make_folder(tmp_path / "x")
    with pytest.raises(DataError, match=message):
        load(source, class_map=class_map(tmp_path, content))
    with pytest.raises(DataError, match="none.json: cannot be read"):
        load(source, class_map=tmp_path / "none.json")

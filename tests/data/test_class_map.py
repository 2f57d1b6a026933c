"""--class-map: which class of the network a folder holds."""

from __future__ import annotations

import json

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
    "content",
    ["dog\nclass b\n\u00e4\nclass a\n", "\ufeffdog\r\nclass b\r\nä\r\nclass a\r\n\r\n",
     ["dog", "class b", "ä", "class a"]],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["txt", "json", "names"])
def test_a_list_numbers_the_folders_by_their_place(tmp_path, content, ending):
    source, path = make_folder(tmp_path / "x"), tmp_path / f"map.{ending}"
    class_map(tmp_path, content).rename(path)
    if isinstance(content, str) and ending == "json":
        with pytest.raises(DataError, match="not a JSON object"):
            load(source, class_map=path)
        return
    images = load(source, class_map=path)
    assert images.labels.tolist() == [3, 1, 1]
    assert images.class_names == ("dog", "class b", "ä", "class a")
    assert images.numbering == "list"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\n\nb\n", 'entry 2 is ""; expected the name of class 1'),
        ("a\nb\na\n", "map.txt: 'a' is listed twice"),
        (["a", 3], "entry 2 is 3; expected the name of class 1"),
        (["a", {"b": 1}], "entry 2 is "),
        (["a", "a"], "'a' is listed twice"),
        ('{"class a": 1, "class b": 0, "class a": 2}', "'class a' is listed twice"),
        ("class a\n", "no class for the folder 'class b'"),
        ("\n \n", "empty; expected a JSON object"),
        ("\udcff", "not a JSON object"),
        ("[1", "not a JSON object"),
    ],
)
def test_wrong_lists_are_refused(tmp_path, content, message):
    source, path = make_folder(tmp_path / "x"), tmp_path / "map.txt"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(DataError, match=message):
        load(source, class_map=path)


def test_a_map_makes_a_class_of_a_hidden_folder(tmp_path):
    source = make_folder(tmp_path / "x")
    (tmp_path / "x" / "class b").rename(tmp_path / "x" / ".b")
    assert load(source).class_names == ("class a",)
    images = load(source, class_map=class_map(tmp_path, {"class a": 0, ".b": 1}))
    assert (images.labels.tolist(), images.notes) == ([1, 1, 0], ())


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
        ("3", "map.json: not a JSON object"),
        ({"class a": {"b": 1}}, "'class a' has class an object"),
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

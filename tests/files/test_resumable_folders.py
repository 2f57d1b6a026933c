"""The one way in which commands hold, describe and resume their folders."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from robustbench_ln.errors import RecordError
from robustbench_ln.files.resumable_folders import (
    Change,
    FolderKind,
    ResumableFolder,
    add_new,
    find_changes,
)

PACKAGE = Path(__file__).parents[2] / "robustbench_ln"
ROOMS_THAT_RESUME = {"corrupted_sets", "runs", "training"}


def _resume(folder: Path, earlier: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    for change in find_changes({"seed": earlier["seed"]}, {"seed": asked["seed"]}):
        raise RecordError(f"the {change.name} of {folder.name} is {change}")
    return asked | {"commands": add_new(earlier["commands"], asked["commands"])}


KIND = FolderKind(
    of="walk",
    file="walk.json",
    names={"walk.json", "lock", "steps"},
    logs=("steps",),
    is_written=lambda name: name.startswith("tree"),
    read=lambda folder: json.loads((folder / "walk.json").read_text()),
    encode=lambda description: json.dumps(description).encode(),
    resume=_resume,
)


def begin(path: Path, seed: int = 0, command: str = "a") -> dict[str, Any]:
    with ResumableFolder(path, KIND) as folder, folder.opening():
        return folder.begin({"seed": seed, "commands": [command]})


def test_a_folder_is_described_first_and_goes_on(tmp_path):
    path = tmp_path / "new"
    assert begin(path) == {"seed": 0, "commands": ["a"]}
    assert sorted(place.name for place in path.iterdir()) == ["lock", "walk.json"]
    (path / "steps").write_bytes(b"one\ntw")
    assert begin(path, command="b") == {"seed": 0, "commands": ["a", "b"]}
    assert json.loads((path / "walk.json").read_text()) == {"seed": 0, "commands": ["a", "b"]}
    assert (path / "steps").read_bytes() == b"one\n"


def test_a_description_that_stays_is_not_written_again(tmp_path):
    begin(tmp_path)
    (tmp_path / "walk.json").write_text('{ "seed": 0, "commands": ["a"] }')
    begin(tmp_path)
    assert (tmp_path / "walk.json").read_text() == '{ "seed": 0, "commands": ["a"] }'


def test_something_else_is_refused_before_anything_is_changed(tmp_path):
    begin(tmp_path, seed=1)
    (tmp_path / "steps").write_bytes(b"one\ntw")
    before = {place: place.read_bytes() for place in tmp_path.iterdir()}
    with pytest.raises(RecordError, match="is 1; now 2 is asked for"):
        begin(tmp_path, seed=2)
    assert {place: place.read_bytes() for place in tmp_path.iterdir()} == before
    begin(tmp_path, seed=1)  # the refused one let go of the folder


def test_a_folder_is_held_until_it_is_closed(tmp_path):
    with ResumableFolder(tmp_path / "new", KIND) as folder:
        assert not folder.was_there
        assert not folder.is_described
        with pytest.raises(RecordError, match="new is in use by another ln-bench"):
            ResumableFolder(tmp_path / "new", KIND)
    with ResumableFolder(tmp_path / "new", KIND) as folder:
        assert folder.was_there


def test_what_fails_while_it_is_opened_lets_go_of_it(tmp_path):
    folder = ResumableFolder(tmp_path, KIND)
    with pytest.raises(KeyError), folder.opening():
        raise KeyError
    begin(tmp_path)


def test_other_folders_and_links_are_refused(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(RecordError, match=r"holds other files \('thesis.tex'\) and no walk"):
        begin(tmp_path)
    (tmp_path / "walk.json").write_text('{"seed": 0, "commands": []}')
    begin(tmp_path)
    (tmp_path / "tree_1").symlink_to(tmp_path / "thesis.tex")
    with pytest.raises(RecordError, match="tree_1 is a link"):
        begin(tmp_path)


def test_changes_are_of_what_is_asked_now() -> None:
    changes = find_changes({"a": 1, "b": 2, "gone": 3}, {"a": 1, "b": 3, "new": "x" * 41})
    assert changes == [Change("b", 2, 3), Change("new", None, "x" * 41)]
    assert [str(change) for change in changes] == [
        "2; now 3 is asked for",
        "none; now xxxxxxxxxxxx... is asked for",
    ]
    assert find_changes({}, {"limit": None}) == []


def test_nothing_else_in_the_package_locks_folders_or_mends_logs() -> None:
    """A second mechanism would have to begin with one of these."""
    strays, users = [], set()
    for path in PACKAGE.rglob("*.py"):
        text, room = path.read_text(), path.relative_to(PACKAGE).parts[0]
        if room != "files" and re.search(r"lock_folder|FileLock|drop_torn_line|rfind\(", text):
            strays.append(str(path))
        if room != "files" and "ResumableFolder" in text:
            users.add(room)
    assert not strays
    assert users == ROOMS_THAT_RESUME

"""Manifest and journal of a stranger: read, or refused by one error that names file and field."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from robustbench_ln.corrupted_sets.listing import Entry, read_listing
from robustbench_ln.corrupted_sets.reader import open_stored
from robustbench_ln.corrupted_sets.writer import generate, verify
from robustbench_ln.errors import LnBenchError, RecordError
from tests.corrupted_sets.sample_sets import make_images, make_spec

SEED = 90_217
DIGEST = "0123456789abcdef" * 4


@pytest.fixture
def made(tmp_path: Path) -> Path:
    generate(make_images(), make_spec(), out=tmp_path / "set")
    return tmp_path / "set"


def change(folder: Path, edit) -> None:
    content = json.loads((folder / "manifest.json").read_text())
    edit(content)
    (folder / "manifest.json").write_text(json.dumps(content))


def set_to(name: str, value: Any):
    def edit(content: dict[str, Any]) -> None:
        *outer, last = name.split(".")
        for step in outer:
            content = content[step]
        content[last] = value

    return edit


def test_what_was_written_is_read(made):
    listing = read_listing(made)
    assert listing.description["spec"]["format"] == "npy"
    assert listing.entries["labels.npy"].size == (made / "labels.npy").stat().st_size
    lines = [
        {"file": ["a/b.png", 3, DIGEST]},
        {"block": ["fog.npy", 0]},
        {"block": ["snow.npy", 8]},
        {"restart": "fog.npy"},
    ]
    (made / "journal.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines) + '{"bl')
    listing = read_listing(made)
    assert listing.entries["a/b.png"] == Entry("a/b.png", 3, DIGEST)
    assert listing.blocks == {("snow.npy", 8)}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("complete", 1, "'complete' is 1; expected true or false"),
        ("complete", None, "'complete' is None"),
        ("schema", 2, "'schema' is 2"),
        ("spec", "x", "'spec': 'x'; expected an object"),
        ("spec", None, "'spec': None"),
        ("spec.conditions", [], "'conditions' is \\(\\)"),
        ("spec.conditions", [1], "'conditions': 1; expected an object"),
        ("spec.conditions", {}, "'conditions' is {}"),
        ("spec.seed", 10**40, "'seed' is 1000"),
        ("spec.limit", 0, "'limit' is 0"),
        ("source", "\ud800", "'source' is"),
        ("source_images", [1, 2], "'source_images' is \\(1, 2\\); expected a list of 4 items"),
        ("versions", {"torch": 2}, "'versions' is"),
        ("files", [], "'files' is \\[\\]; expected an object"),
        ("files", None, "'files' is None"),
        ("files", {"a": None}, "'files', 'a': 'bytes' is None"),
        ("files", {"a": {"bytes": -1, "sha256": DIGEST}}, "'bytes' is -1; expected a whole"),
        ("files", {"a": {"bytes": True, "sha256": DIGEST}}, "'bytes' is True"),
        ("files", {"a": {"bytes": 1, "sha256": "x"}}, "'sha256' is 'x'; expected a SHA-256"),
        ("files", {"/etc/passwd": {"bytes": 1, "sha256": DIGEST}}, "'path' is '/etc/passwd'"),
        ("files", {"a/../../b": {"bytes": 1, "sha256": DIGEST}}, "without '..'"),
        ("files", {"..": {"bytes": 1, "sha256": DIGEST}}, "without '..'"),
        ("files", {"x" * 10**6: {"bytes": 1, "sha256": DIGEST}}, "'path' is 'xxx"),
        ("other", 1, "unknown fields other"),
    ],
)
def test_each_field_is_checked_and_named(made, name, value, message):
    change(made, set_to(name, value))
    with pytest.raises(RecordError, match=f"manifest.json.*{message}") as caught:
        read_listing(made)
    assert len(str(caught.value)) < 1000
    for use in (verify, lambda p: open_stored(f"corrupted:{p}", None)):
        with pytest.raises(RecordError):
            use(made)
    with pytest.raises(RecordError):
        generate(make_images(), make_spec(), out=made)


@pytest.mark.parametrize(
    "line",
    [
        '{"file": null}', '{"file": [1, 1, "x"]}', '{"file": ["a"]}', '{"block": [1, 1]}',
        '{"block": ["a", -1]}', '{"block": ["a", null]}', '{"block": ["../a", 0]}',
        '{"restart": 1}', '{"restart": null}', "{}", "[]", "null", "1", '"x"', "x", '{"file": {}}',
        "[" * 100_000, "9" * 5000, '{"restart": "\\ud800"}',
    ],
    ids=lambda line: line[:24],
)  # fmt: skip
def test_each_line_of_the_journal_is_checked(made, line):
    (made / "journal.jsonl").write_text(f"{line}\n")
    with pytest.raises(RecordError, match="journal.jsonl, line 1"):
        read_listing(made)


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"{", b"[]", b"null", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000]
)
def test_whatever_is_no_json_is_refused(made, content):
    (made / "manifest.json").write_bytes(content)
    with pytest.raises(RecordError, match="manifest.json: "):
        read_listing(made)


def places_in(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values in nested lists and objects."""
    items = value if isinstance(value, dict) else dict(enumerate(value))
    found = []
    for key, part in items.items():
        found += [(*path, key)]
        if isinstance(part, dict | list):
            found += places_in(part, (*path, key))
    return found


def test_mutants_are_read_or_refused(made):
    """300 manifests with one value changed, and 100 with bytes changed."""
    draw = random.Random(SEED)
    whole = (made / "manifest.json").read_bytes()
    content = json.loads(whole)
    values = [
        None,
        True,
        0,
        -1,
        1.5,
        10**400,
        1e308,
        "",
        "\udfff",
        "../x",
        [],
        {},
        [[]],
        "9" * 9999,
    ]
    refused = []
    for number in range(400):
        if number < 300:
            mutant = copy.deepcopy(content)
            *outer, last = draw.choice(places_in(content))
            part = mutant
            for step in outer:
                part = part[step]
            part[last] = draw.choice(values)
            changed = json.dumps(mutant).encode()
        else:
            place = draw.randrange(len(whole))
            changed = whole[:place] + draw.randbytes(draw.randrange(4)) + whole[place + 2 :]
        (made / "manifest.json").write_bytes(changed)
        for use in (read_listing, lambda p: open_stored(f"corrupted:{p}", None)):
            try:
                use(made)
            except LnBenchError as error:
                refused.append(str(error))
    assert len(refused) > 400
    assert max(map(len, refused)) < 2000
    assert not any("\n" in line for line in refused)

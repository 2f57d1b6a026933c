"""What the list of a set says: what was made, from what, and what is damaged."""

from __future__ import annotations

import json

import pytest

from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate, verify
from robustbench_ln.errors import RecordError
from tests.corrupted_sets.sample_sets import (
    make_images,
    make_spec,
    tree_digest,
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 1}, "differs in seed from"),
        ({"limit": 3}, "differs in limit from"),
        ({"severities": (1,)}, "differs in conditions from"),
    ],
)
def test_another_specification_is_refused(tmp_path, change, message):
    generate(make_images(), make_spec(), out=tmp_path / "set")
    before = tree_digest(tmp_path / "set")
    with pytest.raises(RecordError, match=message):
        generate(make_images(), make_spec(**change), out=tmp_path / "set")
    assert tree_digest(tmp_path / "set") == before


def test_other_images_are_refused(tmp_path):
    generate(make_images(), make_spec(), out=tmp_path / "set")
    other = make_images()
    other.pixels[0, 0, 0, 0] ^= 1
    with pytest.raises(RecordError, match="differs in source_sha256 from"):
        generate(other, make_spec(), out=tmp_path / "set")


def test_the_manifest_says_what_was_made(tmp_path):
    images = make_images()
    generate(images, make_spec(seed=3), out=tmp_path / "set")
    manifest = json.loads((tmp_path / "set/manifest.json").read_text())
    assert manifest["source_sha256"] == images.sha256()
    assert manifest["spec"]["seed"] == 3
    assert {"robustbench_ln", "torch", "numpy", "pillow"} <= set(manifest["versions"])
    digests = {name: file["sha256"] for name, file in manifest["files"].items()}
    digests["manifest.json"] = tree_digest(tmp_path / "set")["manifest.json"]
    assert digests == tree_digest(tmp_path / "set")


def test_a_torn_journal_line_is_cut_off(tmp_path):
    out = tmp_path / "set"
    generate(make_images(), make_spec(), out=out)
    whole = tree_digest(out)
    (out / "journal.jsonl").write_text('{"restart": "nothing.npy"}\n{"blo')
    generate(make_images(), make_spec(), out=out)
    assert tree_digest(out) == whole


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda f: f.unlink(), "contrast.npy: missing"),
        (lambda f: f.write_bytes(b"x"), "contrast.npy: 1 bytes, expected 43136"),
        (lambda f: f.write_bytes(f.read_bytes()[:-1] + b"\0"), "other content than was written"),
    ],
)
def test_verify_says_what_is_wrong(tmp_path, damage, message):
    generate(make_images(), make_spec(), out=tmp_path / "set")
    assert verify(tmp_path / "set") == 4
    damage(tmp_path / "set/contrast.npy")
    with pytest.raises(RecordError, match=message):
        verify(tmp_path / "set")


@pytest.mark.parametrize("spec", [5, [1], "spec", {"conditions": [{"corruption": [1]}]}])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_manifest_of_a_stranger_is_one_line(tmp_path, spec, overwrite):
    """It is not overwritten either: what it lists cannot be told from other files."""
    (tmp_path / "manifest.json").write_text(json.dumps({"files": {}, "spec": spec}))
    before = tree_digest(tmp_path)
    options = GenerationOptions(overwrite=overwrite)
    with pytest.raises(RecordError, match="manifest.json: missing fields schema, source"):
        generate(make_images(), make_spec(), out=tmp_path, options=options)
    with pytest.raises(RecordError, match="manifest.json: missing fields schema, source"):
        verify(tmp_path)
    assert tree_digest(tmp_path) == before


def test_a_set_goes_on_under_another_name_of_its_source(tmp_path):
    """Files of the journal are kept, and the manifest says what the images are called now."""
    out = tmp_path / "set"
    generate(make_images(), make_spec(), out=out)
    manifest = json.loads((out / "manifest.json").read_text())
    files = manifest["files"]
    lines = [{"file": [name, *files[name].values()]} for name in files]
    (out / "journal.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    begun = manifest | {"source": "arrays:elsewhere.npz", "complete": False, "files": {}}
    (out / "manifest.json").write_text(json.dumps(begun, indent=1) + "\n")
    made = {path.name: path.stat().st_mtime_ns for path in out.glob("*.npy")}
    generate(make_images(), make_spec(), out=out)
    assert json.loads((out / "manifest.json").read_text()) == manifest
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("*.npy")} == made
    assert not (out / "journal.jsonl").exists()

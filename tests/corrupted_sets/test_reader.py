"""Reading corrupted sets in the published formats; the sets are written here by hand."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from robustbench_ln.corrupted_sets import reader
from robustbench_ln.corrupted_sets.reader import open_stored
from robustbench_ln.corrupted_sets.spec import GenerationSpec
from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate
from robustbench_ln.corruptions.request import resolve_one_family
from robustbench_ln.errors import RecordError
from robustbench_ln.spec import ConditionRequest
from tests.corrupted_sets.sample_sets import N, refused


def test_names_and_severities_choose(folder, clean):
    stored = open_stored(f"cifar100-c:{folder}", clean, names=("fog",), severities=(5, 2))
    assert [(c.corruption, c.severity) for c in stored.images] == [("fog", 2.0), ("fog", 5.0)]
    assert stored.missing == ()  # nobody asked for snow
    assert "snow" in open_stored(f"cifar10-c:{folder}", clean, names=("cifar10-c",)).missing
    message = refused(f"cifar10-c:{folder}", clean, names=("snow",))
    assert message == f"{folder} has no 'snow'; it has glass_blur, fog"


@pytest.mark.filterwarnings("ignore:no photographs of frost")
def test_our_own_sets_say_so(tmp_path, clean):
    asked = ConditionRequest(
        corruptions=("frost", "fog"), severity_table="cifar10-c", severities=(2, 5)
    )
    found = resolve_one_family(asked)
    spec = GenerationSpec(conditions=found.conditions, format="npy")
    options = GenerationOptions(frost=found.frost)
    generate(clean, spec, out=tmp_path / "made", options=options)
    stored = open_stored(f"cifar10-c:{tmp_path / 'made'}", clean)
    assert {(c.corruption, c.severity) for c in stored.images} == {
        (name, s) for name in ("frost", "fog") for s in (2.0, 5.0)
    }
    assert {c.origin for c in stored.images} == {"generated"}
    assert {bool(c.frost) for c in stored.images if c.corruption == "frost"} == {True}


def test_a_set_of_the_clean_images_is_refused(folder, clean):
    pixels = np.load(folder / "fog.npy")
    pixels[2 * N : 3 * N] = clean.pixels
    np.save(folder / "fog.npy", pixels)
    message = refused(f"cifar10-c:{folder}", clean)
    assert f"{folder / 'fog.npy'}, row {2 * N}: fog at severity 3 holds the clean images" in message
    pixels[2 * N, 0, 0, 0] ^= 1  # one value differs: other images
    np.save(folder / "fog.npy", pixels)
    assert len(open_stored(f"cifar10-c:{folder}", clean).images) == 10


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
    with pytest.raises(RecordError, match="manifest.json: missing fields schema, source"):
        open_stored(f"cifar10-c:{folder}", clean)


def test_progress_names_what_is_hashed(folder, clean):
    told: list[str] = []
    open_stored(f"cifar10-c:{folder}", clean, tell=told.append)
    assert told == ["digest of glass_blur", "digest of fog"]


def test_every_kind_is_offered():
    assert list(reader.STORED_KINDS) == ["cifar10-c", "cifar100-c", "imagenet-c", "corrupted"]


def test_a_set_inside_of_a_folder_is_found(folder, clean):
    outer = folder.parent / "outer"
    outer.mkdir()
    folder.rename(outer / "CIFAR-10-C")
    stored = open_stored(f"cifar10-c:{outer}", clean)
    assert len(stored.images) == 10
    assert next(iter(stored.images.values())).path.parent == outer / "CIFAR-10-C"
    (outer / "CIFAR-10-C").rename(outer / "any name")
    assert len(open_stored(f"corrupted:{outer}", clean).images) == 10


def test_of_several_sets_the_published_folder_is_taken(folder, clean):
    outer = folder.parent / "outer"
    shutil.copytree(folder, outer / "CIFAR-10-C")
    np.save(folder / "fog.npy", 255 - np.load(folder / "fog.npy"))
    shutil.copytree(folder, outer / "CIFAR-100-C")
    for kind, name in (("cifar10-c", "CIFAR-10-C"), ("cifar100-c", "CIFAR-100-C")):
        stored = open_stored(f"{kind}:{outer}", clean)
        assert {images.path.parent for images in stored.images.values()} == {outer / name}
    (outer / "CIFAR-100-C").rename(outer / "C")
    (outer / "CIFAR-10-C").rename(outer / "A")
    message = refused(f"corrupted:{outer}", clean)
    assert f"holds several corrupted sets; give {outer / 'A'} or {outer / 'C'}" in message

"""Images that are asked for: what is refused before anything is read, and how they are opened."""

from __future__ import annotations

import re

import pytest

from robustbench_ln.data import DataOptions, Framing
from robustbench_ln.errors import SpecError
from robustbench_ln.evaluation.image_request import ImageRequest
from robustbench_ln.models.weights_metadata import InputPipeline
from robustbench_ln.progress import Silent
from robustbench_ln.spec import ConditionRequest, parse_normalization
from tests.corrupted_sets.sample_sets import make_images, write_pictures

RESIZED = DataOptions(framing=Framing(resize=8))
SIGMAS = ConditionRequest(sigmas=(1.0,))
NOISE = ConditionRequest(noises=("agn",))
TABLE = ConditionRequest(severity_table="cifar10-c")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"data": "cifar10-c:"},
            r"images='cifar10-c:': expected .* cars, cifar10-c, .*corrupted\)$",
        ),
        ({"data": "cifar10-c"}, "images='cifar10-c': expected KIND:PATH, as in cifar10:data"),
        ({"data": "cifar10c:x"}, "unknown kind of images 'cifar10c'; did you mean 'cifar10-c'"),
        ({"data": "corupted:x"}, "unknown kind of images 'corupted'; did you mean 'corrupted'"),
        ({"data": "zip:x"}, "unknown kind of images 'zip'; choose from arrays, .*cars, cifar10-c,"),
        (
            {"data": "corrupted:x", "clean": "cifar10-c:x"},
            "unknown kind of images 'cifar10-c'; did you mean 'cifar10'",
        ),
        (
            {"data": "corrupted:x", "clean": ""},
            r"clean='': expected KIND:PATH.* imagenet, cars\)$",
        ),
        ({"data": "arrays:x", "clean": "arrays:x"}, "clean= is for .*; arrays:x is not one"),
        ({"data": make_images(), "clean": "arrays:x"}, "; arrays:sample.npz is not one"),
        ({"data": "arrays:x", "degradation": SIGMAS}, "sigmas= needs a noise, as in noises='agn'"),
        ({"data": "corrupted:x", "degradation": NOISE}, "noises= acts on clean images; give them"),
        ({"data": "corrupted:x", "options": RESIZED}, "resize=, .*act on clean images; give them"),
        (
            {"data": "corrupted:x", "degradation": TABLE},
            "severity_table=: the severities of corrupted:x are made already",
        ),
    ],
)
def test_what_would_be_ignored_or_does_not_exist_is_refused(fields, message):
    with pytest.raises(SpecError, match=message):
        ImageRequest(**fields)


def test_names_choose_from_a_stored_set_and_make_conditions_otherwise():
    fields = {"corruptions": ("fog",), "severities": (2, 5), "noises": ("agn",), "sigmas": (1.0,)}
    asked = ConditionRequest(**fields)
    stored = ImageRequest(data="cifar10-c:x", clean="cifar10:x", degradation=asked)
    assert [c.corruption for c in stored.resolve().conditions] == ["clean", "agn"]
    asked = ConditionRequest(severity_table="cifar10-c", **fields)
    made = ImageRequest(data="cifar10:x", degradation=asked)
    expected = [("clean", 0.0), ("agn", 1.0), ("fog", 2.0), ("fog", 5.0)]
    assert [(c.corruption, c.severity) for c in made.resolve().conditions] == expected


@pytest.mark.parametrize(
    ("kind", "scaled"), [("cifar10", "rescale"), ("mnist", "none"), ("cars", "none")]
)
def test_the_released_range_is_that_of_the_clean_images(kind, scaled):
    asked = ConditionRequest(noises=("agn",), sigmas=(1.0,), convention="released")
    alone = ImageRequest(data=f"{kind}:x", degradation=asked)
    beside = ImageRequest(data="corrupted:x", clean=f"{kind}:x", degradation=asked)
    for request in (alone, beside):
        assert [c.range for c in request.resolve().conditions] == [None, scaled]


def test_open_images_are_taken_as_they_are():
    images = make_images()
    assert ImageRequest(data=images).open(Silent()) is images


class Notes(Silent):
    """Keeps what is noted."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(text)


def test_published_framing_fills_in_where_none_is_asked_for(tmp_path):
    write_pictures(tmp_path, side=40)
    pipeline = InputPipeline(
        source="torchvision X",
        normalization=parse_normalization("imagenet", 3),
        resize=20,
        crop=16,
        interpolation="bicubic",
    )
    told = Notes()
    images = ImageRequest(data=f"folder:{tmp_path}").open(told, pipeline)
    assert images.shape == (16, 16, 3)
    assert len(told.lines) == 1
    assert re.match(r"torchvision X: .*20.*16.*, normalisation imagenet$", told.lines[0])
    asked = ImageRequest(data=f"folder:{tmp_path}", options=RESIZED).open(told, pipeline)
    assert asked.shape == (8, 8, 3)
    assert ImageRequest(data=images).open(told, pipeline) is images
    assert len(told.lines) == 1

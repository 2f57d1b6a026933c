"""The advice for images that are not uint8, followed, gives the images back."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.data.pixel_advice import advise_uint8

GREY = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)


def follow(images):
    """Do what the advice says, as a reader would."""
    advice = advise_uint8(images)
    assert "save them as " in advice.lower(), advice
    code = advice.split("save them as ")[-1].split("; else")[0]
    return eval(code, {"images": images})


@pytest.mark.parametrize(
    "images",
    [
        GREY.astype(np.float32),
        GREY.astype(np.float64),
        GREY.astype(np.int64),
        GREY.astype(np.int16),
        GREY.astype(np.uint16) * 257,
        (GREY / 255).astype(np.float32),
        (GREY / 255).astype(np.float16),
        (GREY / 127.5 - 1).astype(np.float32),
        GREY + 0.3,
    ],
    ids=lambda images: f"{images.dtype} {images.min():.1f} to {images.max():.1f}",
)
def test_the_advice_gives_the_grey_levels_back(images):
    images = images.clip(None, 255) if images.dtype == np.float64 else images
    found = follow(images)
    assert found.dtype == np.uint8
    assert found.tolist() == GREY.tolist()


def test_few_levels_are_stretched():
    assert follow(np.array([0, 1])).tolist() == [0, 255]
    assert follow(np.array([0.0, 8.0, 16.0])).tolist() == [0, 128, 255]
    code = advise_uint8(np.array([False, True])).removeprefix("Save them as ")
    assert eval(code, {"images": np.array([False, True])}).tolist() == [0, 255]
    assert follow(np.array([-0.1, 0.5, 1.1])).tolist() == [0, 128, 255]


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (np.array([-2.1, 2.6]), "normalised or centred. Undo that first"),
        (np.array([-100, 155]), "normalised or centred"),
        (np.array([0.0, np.nan]), "NaN or infinite"),
        (np.array([0.0, np.inf]), "NaN or infinite"),
        (np.array([0.0, 1e9]), "bring them to 0..255"),
        (np.array([], dtype=np.float32), "There are none"),
        (np.array(["a"]), "Save them as integers, 0..255"),
        (np.array([1j]), "Save them as integers, 0..255"),
    ],
)
def test_what_has_no_plain_scale_gets_no_formula_that_guesses(images, said):
    advice = advise_uint8(images)
    assert said in advice
    assert "save them as (images * 255)" not in advice


def test_tensors_are_cast_as_tensors_are():
    advice = advise_uint8(np.array([0.0, 254.0]), cast=".to(torch.uint8)")
    assert advice.endswith("save them as images.round().to(torch.uint8)")

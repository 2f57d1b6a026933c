"""Names, ranges and numbers that say how an input is normalised."""

from __future__ import annotations

import math

import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.spec import (
    NORMALIZATIONS,
    Normalization,
    check_normalization,
    parse_normalization,
)


@pytest.mark.parametrize(
    ("mean", "std", "message"),
    [
        ((0.5,), (0.5,) * 3, "1 means and 3 standard deviations"),
        ((0.5,) * 2, (0.5,) * 2, "2 means and 2 standard deviations"),
        ((0.5,), (0.0,), "every standard deviation above 0"),
        ((math.nan,), (1.0,), "must be finite"),
        ((0.5,), (math.inf,), "must be finite"),
        ((123.7, 116.3, 103.5), (58.4, 57.1, 57.4), "0..1 pixel scale; divide by 255"),
    ],
)
def test_normalisations_that_no_data_set_has_are_refused(mean, std, message):
    with pytest.raises(SpecError, match=f"normalize='x': .*{message}"):
        Normalization(name="x", mean=mean, std=std)


def test_the_published_numbers():
    """As He et al., torchvision and the usual CIFAR and MNIST scripts have them."""
    imagenet = parse_normalization("imagenet", 3)
    assert (imagenet.mean, imagenet.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert parse_normalization("cifar10", 3).mean == (0.4914, 0.4822, 0.4465)
    assert parse_normalization("mnist", 1).std == (0.3081,)
    for name, (mean, std) in NORMALIZATIONS.items():
        assert parse_normalization(name, len(mean)).name == name
        assert len(mean) == len(std)


@pytest.mark.parametrize(
    ("text", "low", "high"), [("none", 0, 1), ("symmetric", -1, 1), ("raw", 0, 255)]
)
def test_names_without_a_data_set_say_where_black_and_white_go(text, low, high):
    for channels in (1, 3):
        found = parse_normalization(text, channels)
        ends = [[(x - m) / s for m, s in zip(found.mean, found.std, strict=True)] for x in (0, 1)]
        assert ends == [[low] * channels, [high] * channels]


@pytest.mark.parametrize(
    ("text", "name"),
    [("0..1", "none"), ("-1..1", "symmetric"), ("0..255", "raw"), ("0-255", "raw"), ("255", "raw")],
)
def test_the_range_of_the_input_is_a_name_too(text, name):
    assert parse_normalization(text, 3) == parse_normalization(name, 3)
    check_normalization(text)


def test_a_network_that_wants_0_to_255_can_be_given_in_numbers():
    deviation = parse_normalization("0,0,0/0.00392157,0.00392157,0.00392157", 3).std[0]
    assert deviation == pytest.approx(1 / 255, rel=1e-5)


def test_numbers_are_one_or_one_for_each_channel():
    assert parse_normalization("0.1,0.2,0.3/0.5,0.6,0.7", 3).std == (0.5, 0.6, 0.7)
    assert parse_normalization("1e-1/0.5", 3).mean == (0.1, 0.1, 0.1)


@pytest.mark.parametrize(
    ("text", "channels", "message"),
    [
        ("imagnet", 3, "unknown normalisation 'imagnet'; did you mean 'imagenet'"),
        ("tanh", 3, r"choose from none, .* \(none is an input of 0..1, symmetric of -1..1, raw of"),
        ("imagenet", 1, "normalize='imagenet' has 3 channels, the images have 1; give as many"),
        ("0.1,0.2,0.3/0.5", 3, "3 means and 1 standard deviations"),
        ("0.5/x", 3, "expected MEAN/STD, as in 0.5,0.5,0.5/0.25,0.25,0.25"),
        ("0.5/0.5/0.5", 3, "expected MEAN/STD"),
        ("/", 3, "expected MEAN/STD"),
        ("0.5/0", 3, "every standard deviation above 0"),
        ("nan/1", 3, "must be finite"),
        ("127.5/127.5", 3, "values are on the 0..1 pixel scale; divide by 255"),
    ],
)
def test_what_is_none_is_refused(text, channels, message):
    with pytest.raises(SpecError, match=message):
        parse_normalization(text, channels)


def test_a_text_is_checked_before_the_channels_are_known():
    for text in (None, *NORMALIZATIONS, "0.5/0.25", "0.1,0.2,0.3/0.5,0.6,0.7"):
        check_normalization(text)
    with pytest.raises(SpecError, match="did you mean 'mnist'"):
        check_normalization("mnst")

"""What is asked for is checked once, and refused by the name of its option."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.spec import (
    CLEAN,
    NORMALIZATIONS,
    Condition,
    EvaluationSpec,
    Normalization,
    check_normalization,
    check_seed,
    check_tie_rule,
    parse_normalization,
)


def test_a_condition_is_clean_by_name_and_stored_by_digest():
    assert CLEAN.is_clean
    assert not CLEAN.is_stored
    fog = Condition(corruption="fog", severity=3.0, corrupted_sha256="ab")
    assert not fog.is_clean
    assert fog.is_stored
    with pytest.raises(FrozenInstanceError):
        fog.severity = 4.0


def test_the_fields_of_a_condition_are_those_on_disk():
    assert CLEAN.to_json() == {
        "corruption": "clean", "severity": 0.0, "convention": None, "range": None,
        "severity_table": None, "frost": None, "origin": "generated", "corrupted_sha256": None,
    }  # fmt: skip


@pytest.mark.parametrize("severity", [-0.5, math.nan, math.inf])
def test_severities_that_no_corruption_has_are_refused(severity):
    with pytest.raises(SpecError, match="agn has severity .*; sigma and severity start at 0"):
        Condition(corruption="agn", severity=severity)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, "float32"),
        ({"amp": "bf16"}, "bf16"),
        ({"uses_tf32": True}, "tf32"),
        ({"is_compiled": True, "uses_tf32": True, "amp": "bf16"}, "bf16+tf32+compiled"),
    ],
)
def test_the_arithmetic_is_named_by_what_changes_it(options, expected):
    assert EvaluationSpec(**options).arithmetic == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stat_batch": 0}, "stat_batch= is 0; expected 1 or more images"),
        ({"group_size": 0}, "group_size= is 0; expected 1 or more images"),
        ({"device_batch": -1}, "device_batch= is -1; expected 1 or more images"),
        ({"limit": 0}, "limit= is 0; expected 1 or more images"),
        ({"repeats": 1001}, "repeats= is 1001; expected 1 to 1,000 seeds"),
        ({"modes": ("bn", "ln-vote")}, "unknown mode 'ln-vote'"),
        ({"repeats": 0}, "repeats= is 0; expected 1 to 1,000 seeds"),
        ({"limit": 2.5}, "limit= is 2.5; expected a whole number"),
        ({"seed": -1}, "seed= is -1; expected 0 to 9,223,372"),
        ({"prior": -1.0}, "prior= is -1.0; expected a number of images, 0 or more"),
        ({"prior": math.nan}, "prior= is nan"),
        ({"amp": "fp16"}, "amp='fp16': expected bf16"),
        ({"modes": ()}, "nothing to do"),
        ({"conditions": ()}, "nothing to do"),
    ],
)
def test_numbers_out_of_range_are_refused(options, message):
    with pytest.raises(SpecError, match=message):
        EvaluationSpec(**options)


def test_numbers_of_numpy_become_plain_ones():
    spec = EvaluationSpec(limit=np.int64(10), seed=np.uint8(3), prior=math.inf)
    assert (type(spec.limit), type(spec.seed)) == (int, int)
    assert json.dumps([spec.limit, spec.seed]) == "[10, 3]"
    assert EvaluationSpec(group_size=None).group_size is None


def test_seeds_are_of_63_bits():
    assert check_seed(2**63 - 1) == 2**63 - 1
    with pytest.raises(SpecError, match="seed= is 9223372036854775808; expected 0 to 9,223"):
        check_seed(2**63)
    with pytest.raises(SpecError, match="seed= is x; expected a whole number"):
        check_seed("x")


def test_orders_and_tie_rules_are_found_by_name():
    assert EvaluationSpec(order="as-is", tie_rule="lowest").order == "as-is"
    assert check_tie_rule("logit-sum") == "logit-sum"
    with pytest.raises(SpecError, match="unknown order 'shufled'; did you mean 'shuffled'"):
        EvaluationSpec(order="shufled")
    with pytest.raises(SpecError, match="unknown tie rule 'lowst'; did you mean 'lowest'"):
        check_tie_rule("lowst")


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

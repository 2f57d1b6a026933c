from __future__ import annotations

import pytest

from robustbench_ln.corruptions.conditions import noise_conditions, parse_sigmas
from robustbench_ln.errors import SpecError
from robustbench_ln.spec import Condition


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0", (0.0,)),
        ("0,0.5,1", (0.0, 0.5, 1.0)),
        ("0:2:0.25", (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)),
        ("0:1:0.1", (*tuple(float(f"0.{i}") for i in range(10)), 1.0)),
        ("0.5:1:0.3", (0.5, 0.8)),
        (" 1e-1 , 2", (0.1, 2.0)),
    ],
)
def test_sigmas_are_the_decimals_that_were_written(text, values):
    assert parse_sigmas(text) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected numbers as"),
        ("0,a", "--sigmas 0,a: expected numbers"),
        ("0:1", "expected numbers as"),
        ("0:1:0", "the step must be above 0"),
        ("0:1:-1", "the step must be above 0"),
        ("1:0:0.1", "the stop not below it"),
        ("0:inf:1", "the step must be above 0"),
        ("0:nan:1", "expected numbers|the step must be"),
        ("0:1e9:1e-9", "values; expected at most 10000"),
    ],
)
def test_sigmas_that_are_none_are_refused(text, message):
    with pytest.raises(SpecError, match=message):
        parse_sigmas(text)


@pytest.mark.parametrize(
    ("noises", "options", "message"),
    [
        (["agm"], {}, "unknown noise 'agm'; did you mean 'agn'"),
        (["agn-neg"], {}, "does not exist in the convention 'paper'; use --convention released"),
        (["apn-add"], {"convention": "released"}, "use --convention paper"),
        (["agn"], {"convention": "papers"}, "unknown convention 'papers'; did you mean 'paper'"),
        (["agn"], {"pixel_range": "scale"}, "unknown range 'scale'; did you mean 'rescale'"),
        (["agn"], {"sigmas": [-0.5]}, "sigma -0.5 of agn: expected 0 or more"),
        (["mbn"], {"sigmas": [1.5]}, "sigma 1.5 of mbn: it is a probability"),
        (["apn"], {"sigmas": [float("nan")]}, "sigma nan of apn"),
        (["apn"], {"sigmas": [float("inf")]}, "sigma inf of apn"),
    ],
)
def test_wrong_noises_are_refused(noises, options, message):
    with pytest.raises(SpecError, match=message):
        noise_conditions(noises, **options)


@pytest.mark.parametrize(
    ("convention", "kind", "pixel_range", "expected"),
    [
        ("paper", "cifar10", None, "clip"),
        ("released", "cifar10", None, "rescale"),
        ("released", "folder", None, "rescale"),
        ("released", "mnist", None, "none"),
        ("released", "fashion-mnist", None, "none"),
        ("released", "cars", None, "none"),
        ("released", "mnist", "clip", "clip"),
        ("paper", "cifar10", "none", "none"),
    ],
)
def test_the_default_range_is_the_conventions(convention, kind, pixel_range, expected):
    conditions = noise_conditions(
        ["agn"], convention=convention, pixel_range=pixel_range, sigmas=[1], source_kind=kind
    )
    assert conditions[1].range == expected


def test_sigma_zero_is_the_clean_condition_and_repeats_count_once():
    conditions = noise_conditions(["agn", "agn", "apn"], sigmas=[0, 0.5, 0.5])
    assert [(c.corruption, c.severity) for c in conditions] == [
        ("clean", 0.0), ("agn", 0.5), ("apn", 0.5),
    ]  # fmt: skip


def test_a_condition_has_no_negative_severity():
    with pytest.raises(SpecError, match="fog has severity -1"):
        Condition(corruption="fog", severity=-1)

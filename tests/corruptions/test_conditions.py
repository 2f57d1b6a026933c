from __future__ import annotations

import pytest

from robustbench_ln.corruption_names import parse_severities, parse_sigmas
from robustbench_ln.corruptions.conditions import (
    corruption_conditions,
    noise_conditions,
)
from robustbench_ln.errors import SpecError
from robustbench_ln.spec import CLEAN, Condition


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
        ("0,a", "sigmas='0,a': expected numbers"),
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
        (["agn-neg"], {}, "does not exist in the convention 'paper'; use convention='released'"),
        (["apn-add"], {"convention": "released"}, "use convention='paper'"),
        (["agn"], {"convention": "papers"}, "unknown convention 'papers'; did you mean 'paper'"),
        (["agn"], {"pixel_range": "scale"}, "unknown range 'scale'; did you mean 'rescale'"),
        (["agn"], {"sigmas": [-0.5]}, "sigma -0.5 of agn: expected 0 or more, at most 1000"),
        (["mbn"], {"sigmas": [1.5]}, "sigma 1.5 of mbn: it is a probability"),
        (["apn"], {"sigmas": [float("nan")]}, "sigma nan of apn"),
        (["apn"], {"sigmas": [float("inf")]}, "sigma inf of apn"),
        (["agn"], {"sigmas": [1e300]}, "sigma 1e.300 of agn: expected 0 or more, at most 1000"),
        (
            ["apn-add"],
            {"sigmas": [1001]},
            "sigma 1001 of apn-add: expected 0 or more, at most 1000",
        ),
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


def test_a_table_is_all_19_corruptions_and_a_name_needs_one():
    everything = corruption_conditions(["cifar10-c"], severity_table=None, severities=[1, 5])
    assert len(everything) == 38
    assert {c.severity_table for c in everything} == {"cifar10-c"}
    one = corruption_conditions(["fog", "fog"], severity_table="imagenet-c", severities=[3])
    assert [(c.corruption, c.severity, c.severity_table) for c in one] == [("fog", 3, "imagenet-c")]


@pytest.mark.parametrize(
    ("names", "table", "severities", "message"),
    [
        (["gausian_noise"], "cifar10-c", [1], "did you mean 'gaussian_noise'"),
        (["gausian_noise"], None, [1], "did you mean 'gaussian_noise'"),
        (["fog"], None, [1], "'fog' needs severity_table= cifar10-c or imagenet-c"),
        (["fog"], "cifar-c", [1], "unknown severity table 'cifar-c'; did you mean 'cifar10-c'"),
        (["fog"], "cifar10-c", [0], "severity 0: expected 1 to 5"),
        (["fog"], "cifar10-c", [6], "severity 6: expected 1 to 5"),
        (["imagenet-c"], "cifar10-c", [1], "leave severity_table= out"),
    ],
)
def test_wrong_corruptions_are_refused(names, table, severities, message):
    with pytest.raises(SpecError, match=message):
        corruption_conditions(names, severity_table=table, severities=severities)


@pytest.mark.parametrize(
    ("text", "values"),
    [("1-5", (1, 2, 3, 4, 5)), ("5", (5,)), ("1,3, 5", (1, 3, 5)), ("2-2", (2,))],
)
def test_severities_are_ranges_and_lists(text, values):
    assert parse_severities(text) == values


@pytest.mark.parametrize("text", ["", "0", "6", "1-6", "5-1", "a", "1.5", "-1", "1-"])
def test_severities_that_are_none_are_refused(text):
    with pytest.raises(SpecError, match="expected numbers of 1 to 5"):
        parse_severities(text)


def test_conditions_of_all_released_sigmas_start_clean():
    conditions = noise_conditions(["agn", "mbn"], convention="released")
    assert conditions[0] == CLEAN
    assert [c.severity for c in conditions if c.corruption == "agn"][:3] == [0.1, 0.2, 0.5]
    assert len([c for c in conditions if c.corruption == "mbn"]) == 19
    assert {c.range for c in conditions[1:]} == {"rescale"}

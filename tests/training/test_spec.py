from __future__ import annotations

import math

import pytest

from robustbench_ln.errors import LayoutError, SpecError
from robustbench_ln.training.spec import parse_augment_noise
from tests.training.stages import spec_of


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"norm": "local", "num_groups": 5},
            LayoutError,
            "num_groups=5 does not.*of 16.*num_groups=4",
        ),
        ({"norm": "local", "num_groups": 40}, LayoutError, "as with num_groups=16"),
        ({"norm": "local", "num_groups": 0}, SpecError, "num_groups= is 0; expected 1 or more"),
        ({"norm": "group", "num_groups": 4}, SpecError, "num_groups=4 is for norm='local', not"),
        ({"norm": "locale"}, SpecError, "unknown norm 'locale'; did you mean 'local'?"),
        ({"noise_share": 0.0}, SpecError, "noise_share= is 0; expected above 0 and up to 1"),
        ({"noise_share": math.nan}, SpecError, "noise_share= is nan"),
        ({"limit": 0}, SpecError, "limit= is 0"),
        ({"seed": -1}, SpecError, "seed= is -1"),
        ({"seed": 1.5}, SpecError, "seed= is 1.5; expected a whole number"),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(changes, error, message):
    with pytest.raises(error, match=message):
        spec_of(**changes)


def test_noises_are_read_with_their_convention():
    paper, released = (
        parse_augment_noise("agn:1.5"),
        parse_augment_noise("agn:1", convention="released"),
    )
    assert (paper.corruption, paper.severity, paper.range) == ("agn", 1.5, "clip")
    assert (released.convention, released.range) == ("released", "none")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("agn", {}, "noise='agn': expected NAME:SIGMA, as in agn:1.0"),
        ("agn:x", {}, "expected NAME:SIGMA"),
        ("agn:0", {}, "sigma is 0; leave the option out"),
        ("agn:-1", {}, "sigma -1 of agn: expected 0 or more"),
        ("ang:1", {}, "unknown noise 'ang'; did you mean 'a"),
        ("agn:1", {"pixel_range": "rescale"}, "pixel_range='rescale' depends on all noisy images"),
        ("apn-add:1", {"convention": "released"}, "use convention='paper'"),
    ],
)
def test_wrong_noises_are_refused(text, options, message):
    with pytest.raises(SpecError, match=message):
        parse_augment_noise(text, **options)

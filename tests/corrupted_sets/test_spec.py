"""What a set is: what goes together in it, and what its manifest says."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.corrupted_sets.spec import GenerationSpec, keeps_floats
from robustbench_ln.errors import SpecError
from robustbench_ln.spec import Condition
from tests.corrupted_sets.sample_sets import make_spec

AGN = Condition(corruption="agn", severity=0.5, convention="paper", range="clip")
FLOATS = Condition(corruption="agn", severity=0.5, convention="released", range="rescale")
FOG = Condition(corruption="fog", severity=3.0, severity_table="cifar10-c")
OTHER_FOG = Condition(corruption="fog", severity=3.0, severity_table="imagenet-c")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conditions": ()}, "nothing to generate: only sigma 0 was given"),
        ({"format": "foldr"}, "unknown format 'foldr'; did you mean 'folder'"),
        ({"uses_jpeg": True}, "uses_jpeg= is for format='folder'; npy holds plain arrays"),
        ({"limit": 0}, "limit= is 0; expected 1 or more images"),
        ({"limit": 1.5}, "limit= is 1.5; expected a whole number"),
        ({"seed": -1}, "seed= is -1"),
        ({"conditions": (FOG, OTHER_FOG)}, "fog at severity 3 is asked for by two severity tables"),
        ({"conditions": (AGN,)}, "stacks severities 1-5; agn has sigmas: use format='npz'"),
        (
            {"conditions": (FLOATS,), "format": "folder"},
            "holds 8 bits a value; agn with pixel_range='rescale' keeps floats: use format='npz'",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(options, message):
    with pytest.raises(SpecError, match=message):
        GenerationSpec(**({"conditions": (FOG,), "format": "npy"} | options))


def test_a_folder_holds_noises_that_are_clipped_and_npz_all():
    assert GenerationSpec(conditions=(AGN,), format="folder").conditions == (AGN,)
    assert GenerationSpec(conditions=(FLOATS, FOG), format="npz")
    assert [keeps_floats(c) for c in (FOG, AGN, FLOATS)] == [False, False, True]


def test_the_manifest_has_the_fields_of_conditions_that_are_made():
    plain = make_spec(["fog"], [3], limit=np.int64(5), seed=2).to_json()
    assert plain == {
        "conditions": [{
            "corruption": "fog", "severity": 3, "convention": None, "range": None,
            "severity_table": "cifar10-c", "frost": None,
        }],
        "format": "npy", "uses_jpeg": False, "seed": 2, "limit": 5,
    }  # fmt: skip

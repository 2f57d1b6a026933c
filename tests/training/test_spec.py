from __future__ import annotations

import math

import pytest

from robustbench_ln.errors import LayoutError, LnBenchError, SpecError
from robustbench_ln.training.processes import Place
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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"processes": 0}, "processes= is 0; expected 1 or more"),
        ({"processes": 2.5}, "processes= is 2.5; expected a whole number"),
        ({"processes": 3}, "8 groups, which do not divide into processes=3; each process has as "
         "many, as with processes=2"),
        ({"processes": 16}, "8 groups, fewer than processes=16; each process has as many, as with "
         "processes=8"),
        ({"norm": "batch", "num_groups": 1, "processes": 3}, "16 images of a batch, which do not "
         "divide into processes=3"),
        ({"norm": "switch", "num_groups": 1, "processes": 2}, "norm='switch' trains in one process"
         "; several can share local, batch, group, layer, instance"),
        ({"device": "cuda", "processes": 2}, "each process has a GPU of its own; name as many"),
        ({"device": "cuda:0,cuda:1", "processes": 4}, "each process has a GPU of its own"),
    ],
)  # fmt: skip
def test_processes_have_equal_parts(changes, message):
    with pytest.raises(LnBenchError) as caught:
        spec_of(**({"norm": "local", "num_groups": 8} | changes))
    assert message in str(caught.value)


def test_each_process_has_a_device_and_a_place():
    two = spec_of(norm="local", num_groups=8, processes=2)
    assert two.devices == ("cpu", "cpu")
    assert two.check_place(Place(1, 2)) == Place(1, 2)
    with pytest.raises(SpecError, match="processes=2, but torch.distributed has 1; start as many"):
        two.check_place(Place())
    gpus = spec_of(norm="local", num_groups=8, processes=2, device="cuda:0,cuda:1")
    assert gpus.devices == ("cuda:0", "cuda:1")

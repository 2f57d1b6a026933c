"""The papers' table of evaluation methods, restated."""

from __future__ import annotations

import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.modes import MODES, check_mode_names


def names(**fields) -> set[str]:
    return {
        name
        for name, mode in MODES.items()
        if all(getattr(mode, field) == value for field, value in fields.items())
    }


def test_names_say_who_shares_statistics():
    assert names(layout="running") == {"plain", "bn"}
    assert names(layout="batch") == {"dbn-batch", "bn-adapt"}
    assert names(layout="set") == {"ln-batch", "ln-voting"}
    assert names(layout="rot90") == {name for name in MODES if name.endswith("rot90")}
    assert names(layout="image") == {"dbn-single", "ln-single", "ln-single-voting"}


def test_votes_and_picks_are_for_groups():
    assert names(reduction="vote") == {name for name in MODES if "voting" in name}
    assert names(needs="local") == {name for name in MODES if name.startswith("ln-")}
    assert names(needs="local") == names(reduction="vote") | names(reduction="pick")
    assert names(needs="any") == {"plain"}
    assert names(is_mixed=True) == {"bn-adapt"}


def test_every_mode_is_found_by_the_name_it_has():
    assert len(MODES) == 12
    assert all(mode.name == name for name, mode in MODES.items())
    with pytest.raises(TypeError):
        MODES["mine"] = MODES["bn"]


def test_all_stands_alone_and_names_keep_their_order():
    assert check_mode_names(["all"]) == ("all",)
    assert check_mode_names(["ln-voting", "bn"]) == ("ln-voting", "bn")
    with pytest.raises(SpecError, match="modes='all' stands alone; or list the modes"):
        check_mode_names(["bn", "all"])
    with pytest.raises(SpecError, match=r"unknown mode 'ln-vote'; did you mean 'ln-voting'"):
        check_mode_names(["bn", "ln-vote"])

"""A wrong name is answered with the nearest right one."""

from __future__ import annotations

import pytest

from robustbench_ln.errors import SpecError
from robustbench_ln.lookup import find_entry, unknown_name

TABLE = {"fog": 1, "frost": 2, "snow": 3}


def test_a_name_gives_its_entry():
    assert find_entry(TABLE, "frost", kind="corruption") == 2


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("forst", "unknown weather 'forst'; did you mean 'frost'?"),
        ("SNOW", "unknown weather 'SNOW'; did you mean 'snow'?"),
        ("hail", "unknown weather 'hail'; choose from fog, frost, snow"),
        ("", "unknown weather ''; choose from fog, frost, snow"),
    ],
)
def test_another_is_answered_with_the_nearest_or_with_all(name, answer):
    with pytest.raises(SpecError) as caught:
        find_entry(TABLE, name, kind="weather")
    assert str(caught.value) == answer


def test_the_list_of_names_is_said_where_there_is_one():
    error = unknown_name("fgo", TABLE, kind="weather", listed="archs")
    assert str(error).startswith("unknown weather 'fgo'; did you mean 'fog'?")
    assert error.message.spelled(lambda name: name).endswith("(ln-bench list archs)")

from __future__ import annotations

import pytest

from robustbench_ln.reports.grids import Grid, to_markdown, to_text
from robustbench_ln.reports.numbers import fixed, number_range, percent

MODES = Grid(
    ("sigma", "bn", "ln-single-voting-rot90"), (("0", "91.6", "88.0"), ("0.25", "7.0", "-"))
)


def test_markdown_is_padded_and_escaped() -> None:
    assert to_markdown(Grid(("a|b", "x"), (("row", "10.0"),))) == (
        "| a\\|b |    x |\n"
        "| ---- | ---: |\n"
        "| row  | 10.0 |\n"
    )  # fmt: skip


def test_text_breaks_long_heads() -> None:
    assert to_text(MODES, width=80) == (
        "                 ln-\n"
        "             single-\n"
        "             voting-\n"
        "sigma    bn    rot90\n"
        "0      91.6     88.0\n"
        "0.25    7.0        -\n"
    )


def test_text_goes_on_below_where_it_is_too_wide() -> None:
    text = to_text(MODES, width=12)
    assert text.split("\n\n")[0] == "sigma    bn\n0      91.6\n0.25    7.0"
    assert text.split("\n\n")[1].startswith("           ln-\n")
    assert max(map(len, to_text(MODES, width=14).splitlines())) <= 14


def test_blocks_have_about_as_many_columns() -> None:
    grid = Grid(("row", *"abcdefg"), (("x", *["12345"] * 7),))
    heads = [text.splitlines()[0].split() for text in to_text(grid, width=48).split("\n\n")]
    assert heads == [["row", *"abcd"], ["row", *"efg"]]


def test_text_is_ascii() -> None:
    assert to_text(Grid(("réseau", "σ"), (("a", "±1"),)), width=80).isascii()


def test_a_crooked_grid_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        Grid(("a", "b"), (("1",),))


def test_numbers_are_rounded_in_one_way() -> None:
    assert [percent(0.9164), percent(0.0), percent(1.0)] == ["91.6", "0.0", "100.0"]
    assert [fixed(-0.001, 2), fixed(float("nan"), 2)] == ["0.00", "-"]
    assert number_range([9.61, float("nan"), 9.52], 1) == "9.5..9.6"

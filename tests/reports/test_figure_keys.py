from __future__ import annotations

from pathlib import Path

import pytest

from robustbench_ln.reports.figure_keys import (
    Key,
    KeyEntry,
    after_network,
    bar_entries,
    line_entries,
)
from tests.reports.drawn import only_table
from tests.reports.synthetic_runs import noise_run


def key(*names: str, inches: float = 6.8) -> Key:
    return Key([KeyEntry(name, {"color": "0"}) for name in names], inches)


@pytest.mark.parametrize(
    ("names", "inches", "columns"),
    [
        (["bn"], 6.8, 1),
        (["bn", "ln-voting", "resnet20"], 6.8, 3),
        (["ln-single-voting-rot90"] * 6, 3.3, 2),
        (["ln-single-voting-rot90"] * 6, 6.8, 4),
        (["x" * 500] * 6, 3.3, 1),
    ],
)
def test_a_legend_has_the_columns_that_fit(names: list[str], inches: float, columns: int) -> None:
    assert key(*names, inches=inches).columns == columns


def test_a_legend_is_as_high_as_its_lines() -> None:
    assert key(*["x" * 40] * 3, inches=3.3).height == pytest.approx(0.08 + 3 * 0.145)
    assert key(*["x"] * 3).height == pytest.approx(0.08 + 0.145)


def test_names_are_one_line_and_none_is_hidden() -> None:
    assert key("_a\nb").names == [" _a b"]


def test_networks_follow_their_modes(tmp_path: Path) -> None:
    table = only_table(*(noise_run(tmp_path / name, label=name) for name in "ab"))
    assert [e.name for e in line_entries(table.modes)] == ["bn", "dbn-batch", "a", "b"]
    alone = line_entries(table.modes, has_networks=False)
    assert [(e.name, e.style["linestyle"]) for e in alone] == [
        ("bn", "none"),
        ("dbn-batch", "none"),
    ]


def test_a_network_that_stands_alone_is_named_beside_the_axis(tmp_path: Path) -> None:
    one = only_table(noise_run(tmp_path / "one", label="a"))
    assert [e.name for e in line_entries(one.modes)] == ["bn", "dbn-batch"]
    assert [e.name for e in bar_entries(one.modes)] == ["bn", "dbn-batch"]
    assert after_network("sigma", one.modes) == "a: sigma"
    two = only_table(*(noise_run(tmp_path / name, label=name) for name in "bc"))
    assert [e.name for e in bar_entries(two.modes)] == ["bn", "dbn-batch", "b", "c"]
    assert after_network("sigma", two.modes) == "sigma"

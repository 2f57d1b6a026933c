from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from robustbench_ln.modes import MODES
from robustbench_ln.reports.mode_styles import MODE_STYLES, level_style, style_mode, styles_of
from tests.reports.synthetic_runs import make_record, tables_of

# Machado, Oliveira and Fernandes 2009, "A physiologically-based model for simulation of color
# vision deficiency", severity 1.0; they are applied to linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip


def linear(colour: str) -> NDArray[np.float64]:
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def oklab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ottosson 2020: distances are as they are seen; black and white are 1 apart."""
    cones = np.array(
        [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
         [0.0883024619, 0.2817188376, 0.6299787005]])  # fmt: skip
    mixed = np.array(
        [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
         [0.0259040371, 0.7827717662, -0.8086757660]])  # fmt: skip
    return mixed @ np.cbrt(cones @ rgb)


@pytest.mark.parametrize("vision", VISION)
def test_colours_stay_apart_for_every_eye(vision: str) -> None:
    seen = {
        name: oklab(np.clip(VISION[vision] @ linear(style.colour), 0, 1))
        for name, style in MODE_STYLES.items()
    }
    for first, second in combinations(seen, 2):
        assert np.linalg.norm(seen[first] - seen[second]) > 0.07, (first, second)


def test_black_ink_tells_modes_apart_by_marker_and_fill() -> None:
    assert MODE_STYLES.keys() == MODES.keys()
    drawn = {(style.marker, style.is_filled) for style in MODE_STYLES.values()}
    assert len(drawn) == len(MODE_STYLES)


def test_white_paper_shows_every_colour() -> None:
    for name, style in MODE_STYLES.items():
        luminance = linear(style.colour) @ [0.2126, 0.7152, 0.0722]
        assert 1.05 / (luminance + 0.05) > 2, name


def test_modes_that_coincide_have_unlike_sizes() -> None:
    assert MODE_STYLES["bn"].size > MODE_STYLES["plain"].size + 2
    assert style_mode("plain")["zorder"] > style_mode("bn")["zorder"]


def test_a_mode_keeps_its_style_whoever_is_beside_it(tmp_path: Path) -> None:
    many = [make_record("bn"), make_record("ln-voting", num_groups=8, tie_rule="random")]
    (alone,) = tables_of(tmp_path / "alone", many[1:])
    (both,) = tables_of(tmp_path / "both", many[:1], many)
    styles = {mode.name: style for mode, style in styles_of(both.modes).items()}
    (own,) = styles_of(alone.modes).values()
    assert styles["r1 ln-voting"] == own | {"linestyle": "--"}
    assert styles["r0 bn"] == styles["r1 bn"] | {"linestyle": "-"}


def test_variants_of_a_mode_are_paler_and_have_the_other_fill(tmp_path: Path) -> None:
    records = [make_record("dbn-batch", set_size=size) for size in (128, 16)]
    (table,) = tables_of(tmp_path, records)
    first, second = styles_of(table.modes).values()
    assert (first["marker"], first["markerfacecolor"]) == ("s", "#D55E00")
    assert (second["marker"], second["markerfacecolor"]) == ("s", "white")
    assert second["color"] == "#E59B61"


def test_more_noise_is_darker() -> None:
    for names in (["0"], ["0", "1"], ["0", "0.5", "1"], ["0", "0.25", "0.5", "1"]):
        light = [oklab(linear(level_style(name, names)["color"]))[0] for name in names]
        assert light == sorted(light, reverse=True)
        assert len({level_style(name, names)["marker"] for name in names}) == len(names)

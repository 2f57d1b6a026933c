"""Draw docs/pictures/mode_*.svg: for each mode, who shares a mean and a variance, and what follows.

python -m tools.draw_modes
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from robustbench_ln.modes import MODES, Mode

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
GROUPS = 4
"""Groups of LocalNorm in the drawings."""
SIDE, STEP, LEFT, WIDTH, HEIGHT = 34, 46, 150, 640, 196
INK, SHARED, PALE, PICKED = "#444444", "#0072b2", "#e8eef4", "#d55e00"
SETS = {
    "running": (),
    "batch": ((0, 8),),
    "image": tuple((i, i + 1) for i in range(8)),
    "set": ((0, 4), (4, 8)),
    "rot90": ((0, 4), (4, 8)),
}
"""Images that share statistics, by layout; eight are drawn."""
PICKS = (2, 0, 3, 1, 1, 3, 0, 2)
"""The group that a random choice takes, by image."""


def draw_mode(mode: Mode) -> str:
    """Return the drawing of a mode as SVG."""
    parts = [
        *_images(mode),
        *_statistics(mode),
        *_parameters(mode),
        *_predictions(mode),
    ]
    title = escape(f"{mode.name}: statistics from {mode.statistics}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" font-family="sans-serif" font-size="12" fill="{INK}">\n'
        f"<title>{title}</title>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _images(mode: Mode) -> Iterator[str]:
    yield _label("test images", 27)
    for i in range(8):
        x, turn = LEFT + i * STEP, 90 * (i % 4) if mode.layout == "rot90" else 0
        name = "AB"[i // 4] if mode.layout == "rot90" else "ABCDEFGH"[i]
        yield _box(x, 8, SIDE, SIDE, PALE)
        extra = f' font-size="16" transform="rotate({turn} {x + SIDE / 2:g} 25)"'
        yield _text(name, x + SIDE / 2, 31, extra)


def _statistics(mode: Mode) -> Iterator[str]:
    yield _label("mean and variance", 72)
    if mode.layout == "running" or mode.is_mixed:
        yield _box(LEFT + 8 * STEP + 8, 56, 96, 24, "white")
        yield _text("of training", LEFT + 8 * STEP + 56, 72)
    if mode.layout == "running":
        yield _line(LEFT, 68, LEFT + 8 * STEP + 8, 68)
    if mode.is_mixed:
        yield _text("mixed N0 : B", LEFT + 8 * STEP + 56, 94)
        yield _line(LEFT + 7 * STEP + SIDE, 68, LEFT + 8 * STEP + 8, 68)
    for first, end in SETS[mode.layout]:
        x, width = LEFT + first * STEP, (end - first - 1) * STEP + SIDE
        yield _line(x, 48, x, 56)
        yield _line(x + width, 48, x + width, 56)
        yield _box(x, 56, width, 24, SHARED)


def _parameters(mode: Mode) -> Iterator[str]:
    """One gamma and beta, or those of the groups: filled where they are used."""
    yield _label("gamma and beta", 114)
    num_groups = GROUPS if mode.needs == "local" else 1
    for first, end in _units(mode):
        x, width = LEFT + first * STEP, (end - first - 1) * STEP + SIDE
        chip = width / num_groups
        for group in range(num_groups):
            is_used = mode.reduction != "pick" or group == PICKS[first]
            yield _box(x + group * chip, 100, chip, 20, PICKED if is_used else "white")
            if is_used:
                yield _line(x + (group + 0.5) * chip, 120, x + (group + 0.5) * chip, 128)
        edge = min(chip, SIDE) / 2
        yield _line(x + edge, 128, x + width - edge, 128)


def _units(mode: Mode) -> tuple[tuple[int, int], ...]:
    return SETS[mode.layout] or ((0, 8),)


def _predictions(mode: Mode) -> Iterator[str]:
    yield _label("prediction", 160)
    for i in range(0, 8, 4 if mode.layout == "rot90" else 1):
        x = LEFT + i * STEP + SIDE / 2
        yield _line(x, 128, x, 144)
        if mode.reduction == "vote":
            yield _text("vote", x, 160)
        else:
            yield f'<circle cx="{x:g}" cy="155" r="6" fill="{INK}"/>'
    yield f'<text x="{LEFT}" y="188">{escape(_caption(mode))}</text>'


def _caption(mode: Mode) -> str:
    used = {
        "argmax": "the one gamma and beta",
        "pick": f"one of {GROUPS} groups, chosen at random",
        "vote": f"{GROUPS} groups vote",
    }
    of = "statistics of training" if mode.layout == "running" else mode.statistics.split(";")[0]
    return f"{of}; {used[mode.reduction]}"


def main() -> None:
    """Write the drawings."""
    for mode in MODES.values():
        (PICTURES / f"mode_{mode.name}.svg").write_text(draw_mode(mode))


def _text(text: str, x: float, y: float, extra: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle"{extra}>{escape(text)}</text>'


def _label(text: str, y: float) -> str:
    return f'<text x="{LEFT - 14}" y="{y}" text-anchor="end">{escape(text)}</text>'


def _box(x: float, y: float, width: float, height: float, fill: str) -> str:
    place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
    return f'<rect {place} rx="3" fill="{fill}" stroke="{INK}"/>'


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:g} {y:g}L{to_x:g} {to_y:g}" stroke="{INK}" fill="none"/>'


if __name__ == "__main__":
    main()

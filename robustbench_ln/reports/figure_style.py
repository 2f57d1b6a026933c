"""How figures look, and files with the same bytes for the same numbers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import wrap
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.lookup import unknown_name
from robustbench_ln.texts.safe import for_figure, one_line, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Canvas

__all__ = [
    "KINDS", "WIDTH", "Kind", "check_formats", "check_width", "make_figure", "render_figure",
    "title_of", "wrap_label",
]  # fmt: skip

WIDTH = 6.8
"""Inches: both columns of a journal's page; one has about 3.3."""
_NARROWEST, _WIDEST = 3.0, 12.0

Kind = Literal["png", "svg", "pdf"]
KINDS: tuple[Kind, ...] = ("png", "svg", "pdf")
_METADATA: Mapping[Kind, Mapping[str, None]] = MappingProxyType(
    {
        "png": MappingProxyType({"Software": None}),
        "svg": MappingProxyType({"Date": None}),
        "pdf": MappingProxyType({"Creator": None, "Producer": None, "CreationDate": None}),
    }
)
"""What differs from day to day, or between versions of matplotlib, and is left out."""

_STYLE: Any = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.1,
    "lines.markeredgewidth": 0.8,
    "hatch.linewidth": 0.6,
    "text.parse_math": False,
    "svg.hashsalt": "robustbench_ln",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
}
_LETTERS = 15
"""Letters of an axis's label in an inch."""


def check_width(inches: float) -> float:
    """Return the width of figures, if a page can have it.

    Raises:
        SpecError: It is too narrow or too wide.
    """
    if not _NARROWEST <= inches <= _WIDEST:
        raise SpecError(
            f"{setting('width', f'{inches:g}')} inches is no width of a figure; expected "
            f"{_NARROWEST:g} to {_WIDEST:g}: 3.3 fits one column of a journal's page, 6.8 both"
        )
    return inches


def check_formats(names: Sequence[str]) -> tuple[Kind, ...]:
    """Return kinds of files, each once, in the order of `KINDS`.

    Raises:
        SpecError: An unknown one, or none.
    """
    for name in names:
        if name not in KINDS:
            raise unknown_name(name, KINDS, kind="format")
    if not names:
        raise SpecError(f"{setting('formats')} is empty; give one or more of {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in names)


def render_figure(
    fill: Callable[[Canvas], None], *, size: tuple[float, float], kind: Kind
) -> bytes:
    """Return what `fill` draws into an empty figure of `size` inches, as a file's content.

    PNG has 200 dots an inch.
    """
    with _our_style():
        buffer = io.BytesIO()
        figure = _filled(fill, size)
        figure.savefig(buffer, format=kind, dpi=200, metadata=dict(_METADATA[kind]))
    return buffer.getvalue()


def make_figure(fill: Callable[[Canvas], None], *, size: tuple[float, float]) -> Canvas:
    """Return the same as a figure of matplotlib, which shows itself in a notebook."""
    with _our_style():
        return _filled(fill, size)


@contextmanager
def _our_style() -> Iterator[None]:
    import matplotlib as mpl  # 0.7 s, which a report without figures need not wait for

    with mpl.rc_context():
        mpl.rcdefaults()  # whatever the user's own style is: same records, same bytes
        mpl.rcParams.update(_STYLE)
        yield


def _filled(fill: Callable[[Canvas], None], size: tuple[float, float]) -> Canvas:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    from robustbench_ln.reports.figure_layout import NotebookFigure, SteadyLayout

    figure = NotebookFigure(figsize=size, layout=SteadyLayout())
    FigureCanvasAgg(figure)
    fill(figure)
    for text in figure.findobj(Text):
        text.set_text(for_figure(text.get_text()))
    return figure


def title_of(text: str, letters: int, lines: int = 2) -> str:
    r"""Return a name as the title of a panel: in lines of at most `letters`.

    >>> title_of("ln-single-voting-rot90", 14)
    'ln-single-\nvoting-rot90'
    """
    return "\n".join(wrap(shorten(one_line(text), (letters - 1) * lines), letters)[:lines])


def wrap_label(text: str, inches: float) -> str:
    r"""Return what stands beside an axis of some length, in lines that are no longer.

    >>> wrap_label("accuracy in %, mean over severities 1-5", 2.0)
    'accuracy in %, mean over\nseverities 1-5'
    """
    return "\n".join(wrap(text, max(int(_LETTERS * inches), 12)))

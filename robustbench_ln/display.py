"""Progress on stderr: a live display on a terminal or in a notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from types import TracebackType
from typing import Protocol

from robustbench_ln.progress import Pace, Progress
from robustbench_ln.texts.console import current_talk, log_line, say_aside, tell
from robustbench_ln.texts.safe import for_message, one_line, shorten

__all__ = ["Display", "open_display"]

_SECONDS_BETWEEN_LINES = 10.0


class Display(Progress, Protocol):
    """A progress display that is opened and closed."""

    def __enter__(self) -> Display:
        """Show it."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take it away; what it noted stays."""
        ...


def open_display(spell: Callable[[str], str] = str) -> Display:
    """Return the display that fits stderr, or the notebook.

    Args:
        spell: How notes are spelled; as Python does where nothing is said.
    """
    if current_talk().level != "normal":
        return _PlainDisplay(spell)
    if (sys.stderr is not None and sys.stderr.isatty()) or _is_live_notebook():
        return _LiveDisplay(spell)
    return _PlainDisplay(spell)


def _is_live_notebook() -> bool:
    """Whether this is a notebook that rich can redraw in: it needs ipywidgets for that."""
    from rich.console import Console

    return Console().is_jupyter and find_spec("ipywidgets") is not None


class _PlainDisplay:
    """A line now and then, for logs."""

    def __init__(self, spell: Callable[[str], str]) -> None:
        self._spell = spell
        self._cells = self._images = self._done_cells = 0
        self._what, self._unit = "", "cell"
        self._pace = Pace(0)
        self._last_line = time.monotonic()

    def __enter__(self) -> _PlainDisplay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace

    def start(self, *, cells: int, image_passes: int, unit: str = "cell") -> None:
        self._cells, self._images = cells, image_passes
        self._done_cells = 0
        self._pace = Pace(image_passes)
        self._last_line = time.monotonic()
        self._unit = unit
        plural = unit if cells == 1 else f"{unit}s"
        meaning = ", each one mode under one condition" if unit == "cell" and cells > 1 else ""
        self.note(f"to do: {cells} {plural}{meaning}" if cells else f"every {unit} is done already")

    def describe(self, what: str) -> None:
        self._what = what
        if not self._images and time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self.note(what)

    def advance(self, image_passes: int) -> None:
        now = time.monotonic()
        self._pace.add(image_passes, now)
        if now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            self.note(self._state())

    def _state(self) -> str:
        rate, left = self._pace.rate, self._pace.seconds_left
        state = f"{self._done_cells}/{self._cells} {self._unit}s, {self._what}"
        if rate is None or left is None:
            return state
        return f"{state}, {_images_a_second(rate)}, {_minutes(left)} left"

    def finish_cells(self, cells: int) -> None:
        self._done_cells += cells
        if current_talk().level == "verbose":
            self.note(self._state())

    def note(self, text: str) -> None:
        line = for_message(self._spell(text))
        (say_aside if line.startswith("Warning") else tell)(line)


def _images_a_second(rate: float) -> str:
    return f"{rate:.0f} images/s" if rate >= 10 else f"{rate:.2g} images/s"


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


class _LiveDisplay:
    """A bar with cells, images a second and the time left; before `start`, with what is done."""

    def __init__(self, spell: Callable[[str], str]) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self._bars = Bars(
            TextColumn("{task.fields[cells]}"),
            BarColumn(bar_width=None),
            TaskProgressColumn("{task.percentage:3.0f} %"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._spell = spell
        self._task = self._bars.add_task("", total=None, cells="", rate="")
        self._unit = "cell"
        self._cells = self._done_cells = 0
        self._pace = Pace(0)

    def __enter__(self) -> _LiveDisplay:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del kind, error, trace
        self._bars.stop()

    def start(self, *, cells: int, image_passes: int, unit: str = "cell") -> None:
        self._unit, self._cells, self._done_cells = unit, cells, 0
        self._pace = Pace(image_passes)
        self._bars.update(self._task, completed=0, total=image_passes)
        self.finish_cells(0)

    def describe(self, what: str) -> None:
        self._bars.update(self._task, description=shorten(one_line(what)))

    def advance(self, image_passes: int) -> None:
        self._pace.add(image_passes, time.monotonic())
        rate = self._pace.rate
        shown = "" if rate is None else _images_a_second(rate)
        self._bars.update(self._task, advance=image_passes, rate=shown)

    def finish_cells(self, cells: int) -> None:
        self._done_cells += cells
        state = f"{self._done_cells}/{self._cells} {self._unit}s"
        self._bars.update(self._task, cells=state)
        log_line(state)

    def note(self, text: str) -> None:
        line = for_message(self._spell(text))
        log_line(line)
        self._bars.console.print(line, markup=False, highlight=False)

from __future__ import annotations

import io
import sys
from itertools import count
from types import SimpleNamespace

from robustbench_ln import display


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def work(shown, unit: str = "cell") -> None:
    shown.start(cells=4, image_passes=200, unit=unit)
    shown.describe("agn 0.5")
    shown.advance(50)
    shown.finish_cells(1)
    shown.advance(50)
    shown.note("a warning")


def test_a_log_gets_a_line_now_and_then(monkeypatch, capsys):
    clock = iter([0.0, 0.0, 4.0, 12.0, 13.0])
    monkeypatch.setattr(display, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with display.open_display() as shown:
        work(shown)
    assert capsys.readouterr().err.splitlines() == [
        "to do: 4 cells, each one mode under one condition",
        "1/4 cells, agn 0.5, 6.2 images/s, 0:16 left",
        "a warning",
    ]


def test_the_start_of_workers_is_no_measure_of_the_time_left(monkeypatch, capsys):
    clock = iter([0.0, 0.0, 25.0, 26.0, 36.0])
    monkeypatch.setattr(display, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with display.open_display() as shown:
        shown.start(cells=4, image_passes=30_000)
        shown.describe("clean 0")
        shown.advance(10)  # the first unit, 25 s after the start
        shown.advance(990)
        shown.advance(10_000)
    assert capsys.readouterr().err.splitlines()[1:] == [
        "0/4 cells, clean 0",
        "0/4 cells, clean 0, 999 images/s, 0:19 left",
    ]


def test_more_than_an_hour_has_hours(monkeypatch, capsys):
    clock = iter([0.0, 0.0, 1.0, 11.0])
    monkeypatch.setattr(display, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with display.open_display() as shown:
        shown.start(cells=1, image_passes=40_001)
        shown.advance(1)
        shown.advance(100)
    assert capsys.readouterr().err.splitlines()[-1].endswith("10 images/s, 1:06:30 left")


def test_what_is_counted_has_its_own_name(monkeypatch, capsys):
    clock = iter([0.0, 0.0, 8.0, 20.0])
    monkeypatch.setattr(display, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with display.open_display() as shown:
        shown.start(cells=1, image_passes=40, unit="epoch")
        shown.describe("epoch 3/3")
        shown.advance(8)
        shown.advance(12)
    assert capsys.readouterr().err.splitlines() == [
        "to do: 1 epoch",
        "0/1 epochs, epoch 3/3, 1 images/s, 0:20 left",
    ]


def test_a_second_run_in_one_display_counts_from_zero(monkeypatch, capsys):
    clock = iter([0.0, 0.0, 4.0, 5.0, 6.0, 7.0, 26.0])
    monkeypatch.setattr(display, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with display.open_display() as shown:
        work(shown)
        shown.start(cells=2, image_passes=40)
        shown.advance(1)
        shown.advance(19)
    assert capsys.readouterr().err.splitlines()[-1] == "0/2 cells, agn 0.5, 1 images/s, 0:20 left"


def test_a_second_bar_starts_empty(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with display.open_display() as shown:
        work(shown)
        shown.start(cells=2, image_passes=40)
        (task,) = shown._bars.tasks
        assert (task.completed, task.total, task.fields["cells"]) == (0, 40, "0/2 cells")


def test_a_finished_run_says_so(capsys):
    with display.open_display() as shown:
        shown.start(cells=0, image_passes=0)
    assert "already" in capsys.readouterr().err


def test_a_terminal_gets_a_bar_with_cells_rate_and_what_is_done(monkeypatch):
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "110")
    monkeypatch.setattr(sys, "stderr", terminal)
    clock = count(0.0, 3.0)
    monkeypatch.setattr(display, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with display.open_display() as shown:
        work(shown, unit="epoch")
        shown._bars.refresh()
    text = terminal.getvalue()
    for part in ("1/4 epochs", "50 %", "images/s", "agn 0.5", "a warning"):
        assert part in text


def test_what_has_no_end_to_count_to_has_no_numbers(monkeypatch):
    terminal = Terminal()
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stderr", terminal)
    with display.open_display() as shown:
        shown.describe("predictions, 3 of 9 files")
        shown._bars.refresh()
    text = terminal.getvalue()
    assert "predictions, 3 of 9 files" in text
    assert "%" not in text
    assert "cells" not in text


def test_a_notebook_gets_the_bar_where_it_can_be_redrawn(monkeypatch):
    class ZMQInteractiveShell:
        """What IPython calls the shell of a notebook; rich looks for the name."""

    assert isinstance(display.open_display(), display._PlainDisplay)
    monkeypatch.setattr("builtins.get_ipython", ZMQInteractiveShell, raising=False)
    for spec, expected in ((None, display._PlainDisplay), (object(), display._LiveDisplay)):
        monkeypatch.setattr(display, "find_spec", {"ipywidgets": spec}.get)
        assert isinstance(display.open_display(), expected)

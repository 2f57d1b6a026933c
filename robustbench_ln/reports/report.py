"""The report of one or several runs: CSV, Markdown and figures. Same records, same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

import pandas as pd

from robustbench_ln.errors import RecordError
from robustbench_ln.reports.captions import caption, difference_note, limit_stamp
from robustbench_ln.reports.corruption_table import corruption_frame, corruption_grid, severities_of
from robustbench_ln.reports.figures import WIDTHS, draw_figure
from robustbench_ln.reports.formats import general
from robustbench_ln.reports.frame import read_frame
from robustbench_ln.reports.grids import to_markdown, to_text
from robustbench_ln.reports.noise_table import (
    noise_frame,
    noise_grid,
    noise_text_grid,
    random_group_grid,
)
from robustbench_ln.reports.tables import Table, make_tables

__all__ = ["Report", "terminal_tables", "write_report"]


class Report(NamedTuple):
    """What was read, and the files that were written."""

    frame: pd.DataFrame
    files: tuple[Path, ...]


def write_report(runs: Sequence[Path], out: Path, labels: Sequence[str] = ()) -> Report:
    """Write the tables and figures of some runs into a folder.

    cells.csv has a row for each cell; accuracy_*.csv, .png and .svg are one table each; report.md
    has them all.

    Args:
        runs: Run directories.
        out: Made if it does not exist. Files of an earlier report are replaced.
        labels: What tables call the runs; () takes their own labels.

    Raises:
        RecordError: A run cannot be read, or a file cannot be written.
        SpecError: The labels do not fit the runs.
    """
    frame = read_frame(runs, labels)
    tables = make_tables(frame)
    contents = {"cells.csv": _csv(frame)}
    for table in tables:
        contents[f"accuracy_{table.name}.csv"] = _csv(_wide_frame(table))
        contents |= _figures(table)
    contents["report.md"] = _markdown(frame, tables).encode()
    return Report(frame, tuple(_write(out / name, content) for name, content in contents.items()))


def terminal_tables(frame: pd.DataFrame, *, width: int = 80) -> str:
    """Return every table of a frame as plain ASCII text, `width` columns wide."""
    return "\n".join(_text(table, width) for table in make_tables(frame))


def _text(table: Table, width: int) -> str:
    if table.is_noise:
        grid = noise_text_grid(table)
        what = "accuracy in %; +- is the widest half of a row's 95 % Wilson intervals"
    else:
        grid = corruption_grid(table)
        what = f"mean accuracy in % over severity {', '.join(map(general, severities_of(table)))}"
    sentences = [f"{table.title}: {what}", limit_stamp(table), difference_note(table)]
    lines = [line for text in sentences for line in wrap(text, width)]
    head = "".join(f"{line}\n" for line in lines)
    return head.encode("ascii", "replace").decode() + to_text(grid, width=width)


def _markdown(frame: pd.DataFrame, tables: Sequence[Table]) -> str:
    names = ", ".join(frame["label"].unique())
    return f"# Robustness of {names}\n" + "".join(map(_section, tables))


def _section(table: Table) -> str:
    stamp = limit_stamp(table)
    grid = noise_grid(table) if table.is_noise else corruption_grid(table)
    parts = [f"## {table.title}{' - ' + stamp if stamp else ''}\n"]
    if note := difference_note(table):
        parts.append(f"**{note}**\n")
    parts += [to_markdown(grid), f"{caption(table)}\n"]
    if table.has_curve:
        parts.append(f"![Accuracy against sigma](accuracy_{table.name}.png)\n")
    if table.is_noise and (random := random_group_grid(table)):
        parts.append(
            "Modes with a random group: drawn accuracy in % (its exact expectation over the "
            "groups ± standard deviation).\n"
        )
        parts.append(to_markdown(random))
    return "".join(f"\n{part}" for part in parts)


def _wide_frame(table: Table) -> pd.DataFrame:
    return noise_frame(table) if table.is_noise else corruption_frame(table)


def _figures(table: Table) -> dict[str, bytes]:
    """Return file name -> content."""
    if not table.has_curve:
        return {}
    return {
        f"accuracy_{table.name}{suffix}.{kind}": draw_figure(table, inches=inches, kind=kind)
        for suffix, inches in WIDTHS.items()
        for kind in ("png", "svg")
    }


def _csv(frame: pd.DataFrame) -> bytes:
    text: str = frame.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    return text.encode()


def _write(path: Path, content: bytes) -> Path:
    """Write a file beside its place, then rename it."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise RecordError(
            f"cannot write {path}: {error.strerror or error}; give --out a folder that can be "
            "written"
        ) from error
    return path

"""What a figure shows, read from its SVG."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.tables import Table

_SVG = "{http://www.w3.org/2000/svg}"


class Line(NamedTuple):
    """A drawn line: where its markers stand, and how many unbroken pieces it has."""

    markers: list[tuple[float, float]]
    pieces: int


def only_table(*runs: Path) -> Table:
    """Return the one table of some runs."""
    (table,) = read_tables(runs)
    return table


def texts_of(svg: bytes) -> list[str]:
    """Return all texts; they are drawn as paths, and the writer leaves each as a comment."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
    root = ET.fromstring(svg, parser)
    return [(node.text or "").strip() for node in root.iter(ET.Comment)]


def lines_of(svg: bytes) -> list[Line]:
    """Return the lines in the axes that have several markers, in the order they were drawn."""
    (axes,) = (g for g in ET.fromstring(svg).iter(f"{_SVG}g") if g.get("id") == "axes_1")
    lines = []
    for group in axes:
        uses = list(group.iter(f"{_SVG}use"))
        if re.match(r"line2d_", group.get("id", "")) and len(uses) > 1:
            path = group.find(f"{_SVG}path")
            assert path is not None
            markers = [(float(use.get("x", "")), float(use.get("y", ""))) for use in uses]
            lines.append(Line(markers, path.get("d", "").count("M ")))
    return lines

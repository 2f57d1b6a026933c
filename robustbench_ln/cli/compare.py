"""`ln-bench compare`: is one mode, or one network, better than another on the same images?"""

from __future__ import annotations

from pathlib import Path
from shutil import get_terminal_size
from typing import Annotated

import typer

from robustbench_ln.cli.options import AsJson, Names
from robustbench_ln.cli.spelling import spell
from robustbench_ln.texts.console import say, say_aside, tell

__all__ = ["compare"]

Side = Annotated[
    str,
    typer.Argument(
        metavar="RUN[:MODE]",
        help="Run directory of ln-bench evaluate, or folder of its shards, and a mode: "
        "runs/r20:dbn-batch. Without one, every mode of the run.",
        show_default=False,
    ),
]


def compare(
    first: Side,
    second: Side,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write comparison.html, one page to share, and comparison.md, .csv, "
            "_summary.csv and _images.csv there too",
            show_default=False,
        ),
    ] = None,
    names: Names = "papers",
    as_json: AsJson = False,
) -> None:
    """Compare two modes or networks on the same images: paired, with intervals and tests.

    Differences have Student's t intervals on whole statistics sets; fewer than 3 sets give none,
    and fewer than 6 decide nothing. McNemar's test is for modes that see each image alone, sign
    flips of whole sets for all others; Holm's correction is over the cells of one comparison.
    """
    from robustbench_ln.reports.compare import compare_modes, pair_modes
    from robustbench_ln.reports.compare_images import images_frame
    from robustbench_ln.reports.compare_page import compare_page
    from robustbench_ln.reports.compare_text import (
        cells_frame,
        pair_text,
        pairs_blocks,
        summary_frame,
    )
    from robustbench_ln.reports.html_page import html_page
    from robustbench_ln.reports.json_results import compare_json, json_text
    from robustbench_ln.reports.markdown import markdown_page
    from robustbench_ln.reports.report_files import csv_bytes, write_files
    from robustbench_ln.runs.columns import Columns
    from robustbench_ln.runs.merging import missing_shards
    from robustbench_ln.runs.results import find_modes, split_run
    from robustbench_ln.runs.variants import check_naming

    naming = check_naming(names)
    sides = [find_modes(*split_run(text), naming) for text in (first, second)]
    for line in missing_shards(mode.run for side in sides for mode in side.values()):
        say_aside(spell(line))
    pairs = [compare_modes(*pair) for pair in pair_modes(*sides)]
    if as_json:
        say(json_text("compare", compare_json(pairs)))
    else:
        width = max(80, get_terminal_size().columns)
        say("\n\n".join(pair_text(pair, width=width) for pair in pairs))
    if out is None:
        return
    files = {
        "comparison.csv": csv_bytes(Columns.of_frame(cells_frame(pairs))),
        "comparison_summary.csv": csv_bytes(Columns.of_frame(summary_frame(pairs))),
        "comparison_images.csv": csv_bytes(Columns.of_frame(images_frame(pairs))),
        "comparison.html": html_page(compare_page(pairs)),
        "comparison.md": markdown_page(pairs_blocks(pairs)).encode(),
    }
    for file in write_files(out, files):
        tell(str(file))

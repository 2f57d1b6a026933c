"""Put generated tables into the pages, between `<!-- begin NAME -->` and `<!-- end NAME -->`.

    python -m tools.render            rewrites the pages and robustbench_ln/cli/lists.json
    python -m tools.render --check    exits with 1 if a page is out of date

Numbers come from the raw records in reproduction/records/ and benchmarks/results/, and from tables
of the package; nothing is typed by hand.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from reproduction.check_tables import CHECK_BLOCKS
from reproduction.claims import CLAIM_BLOCKS
from reproduction.coverage_tables import COVERAGE_BLOCKS
from reproduction.hostile_tables import HOSTILE_BLOCKS
from reproduction.result_blocks import RESULT_BLOCKS, commands_of, forward_passes
from reproduction.training_tables import TRAINING_BLOCKS
from robustbench_ln.cli.stored_lists import LISTS
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.modes import MODES
from robustbench_ln.norms import NORMS
from robustbench_ln.reports.captions import caption
from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.reports.table_grids import accuracy_grid
from robustbench_ln.training import RECIPES
from tools.benchmark_tables import BENCHMARK_BLOCKS
from tools.command_pages import commands_page
from tools.field_tables import fields_table
from tools.stored_lists import lists_text

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "reproduction" / "records"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
"""Every page a reader sees; docs/ has them in folders too."""


def modes_table(_: str) -> str:
    """Every evaluation mode: what it takes its statistics from."""
    rows = tuple(
        (f"`{m.name}`", m.paper, m.statistics, forward_passes(m.name, "G")) for m in MODES.values()
    )
    header = ("mode", "in the papers", "statistics from", "forward passes an image")
    return to_markdown(Grid(header, rows), has_markup=True)


def noises_table(_: str) -> str:
    """Every noise in every convention."""
    rows = tuple(
        (f"`{name}`", f"`{convention}`", (noise.apply.__doc__ or "").splitlines()[0].rstrip("."))
        for (name, convention), noise in NOISES.items()
    )
    return to_markdown(Grid(("noise", "convention", "definition"), rows), has_markup=True)


def corruptions_table(severity_table: str) -> str:
    """Parameters of every common corruption in one severity table."""
    rows = tuple(
        (f"`{entry.name}`", entry.family, *map(_parameters, entry.parameters[severity_table]))
        for entry in CORRUPTIONS.values()
    )
    return to_markdown(
        Grid(("corruption", "family", "1", "2", "3", "4", "5"), rows), has_markup=True
    )


def _parameters(row: tuple[float, ...]) -> str:
    return " ".join(f"{value:g}" for value in row)


def departures_list(_: str) -> str:
    """Every corruption: what apply does, and how it departs from the source."""
    return "\n".join(
        f"* `{entry.name}`{'' if entry.is_benchmark else ' (extra)'}: "
        f"{(entry.apply.__doc__ or '').splitlines()[0].rstrip('.')}."
        + (f" Departs: {entry.departs}." if entry.departs else "")
        for entry in CORRUPTIONS.values()
    )


def accuracy_table(names: str) -> str:
    """The accuracy-vs-sigma tables of some runs in reproduction/records/."""
    runs = [RESULTS / name for name in names.split()]
    parts = []
    for table in read_tables(runs):
        grid = to_markdown(accuracy_grid(table, has_meanings=True))
        parts.append(f"**{table.family.headline}**\n\n{grid}\n{caption(table)}\n")
    commands = "".join(f"    {command}\n" for run in runs for command in commands_of(run))
    return f"{commands}\n" + "\n".join(parts)


def norms_table(_: str) -> str:
    """Every choice of --norm."""
    rows = tuple(
        (f"`{norm.id}`", f"`{norm.layer.__name__}`", norm.description, norm.source)
        for norm in NORMS.values()
    )
    return to_markdown(Grid(("norm", "layer", "takes", "source"), rows), has_markup=True)


def models_table(_: str) -> str:
    """The library networks that reproduction/try_models.py tried."""
    record = json.loads((RESULTS / "models.json").read_text())
    rows = tuple(
        (
            f"`{entry['network']}`",
            f"{entry['parameters']:,}",
            ", ".join(f"{number} {name}" for name, number in entry["layers"].items()),
            ", ".join(f"{eps:g}" for eps in entry["eps"]),
            ", ".join(entry["modes"]),
        )
        for entry in record["tried"]
    )
    header = ("network", "parameters", "norm layers", "eps", "modes that ran")
    return to_markdown(Grid(header, rows), has_markup=True) + f"\ntorch {record['torch']}\n"


def recipes_table(_: str) -> str:
    """Every training recipe."""
    rows = tuple((f"`{r.name}`", r.purpose, r.describe()) for r in RECIPES.values())
    return to_markdown(Grid(("recipe", "for", "numbers"), rows), has_markup=True)


def demo_output(_: str) -> str:
    """What `ln-bench demo` printed; tests/demo/test_run.py makes it again."""
    lines = (RESULTS / "demo.txt").read_text().splitlines()
    return "\n".join(f"    {line}".rstrip() for line in lines)


BLOCKS: dict[str, Callable[[str], str]] = {
    "commands": commands_page,
    "modes": modes_table,
    "noises": noises_table,
    "corruptions": corruptions_table,
    "departures": departures_list,
    "accuracy": accuracy_table,
    "norms": norms_table,
    "models": models_table,
    "recipes": recipes_table,
    "demo": demo_output,
    "fields": fields_table,
    **BENCHMARK_BLOCKS,
    **RESULT_BLOCKS,
    **CLAIM_BLOCKS,
    **TRAINING_BLOCKS,
    **COVERAGE_BLOCKS,
    **CHECK_BLOCKS,
    **HOSTILE_BLOCKS,
}
_BLOCK = re.compile(r"(<!-- begin (\w+) ?(.*?) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def render(text: str) -> str:
    """Return a page with every block made anew."""
    return _BLOCK.sub(lambda m: f"{m[1]}{BLOCKS[m[2]](m[3]).rstrip()}\n{m[4]}", text)


def main() -> int:
    """Rewrite or check the pages, and what `ln-bench list` reads."""
    made = {page: render(page.read_text()) for page in PAGES} | {LISTS: lists_text()}
    stale = []
    for path, text in made.items():
        if not path.is_file() or path.read_text() != text:
            stale.append(str(path.relative_to(ROOT)))
            if "--check" not in sys.argv:
                path.write_text(text)
    if "--check" in sys.argv and stale:
        print(f"out of date: {', '.join(stale)}; run python -m tools.render")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Put generated tables into the pages, between `<!-- begin NAME -->` and `<!-- end NAME -->`.

    python -m tools.render            rewrites the pages and robustbench_ln/cli/lists.json
    python -m tools.render --check    exits with 1 if a page is out of date

Numbers come from the raw records in reproduction/records/ and benchmarks/results/, and from tables
of the package; nothing is typed by hand.
"""

from __future__ import annotations

import json
import re
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

from reproduction.check_tables import CHECK_BLOCKS
from reproduction.claims import CLAIM_BLOCKS
from reproduction.coverage_tables import COVERAGE_BLOCKS
from reproduction.hostile_tables import HOSTILE_BLOCKS
from reproduction.result_blocks import RESULT_BLOCKS, commands_of, forward_passes
from robustbench_ln.cli.stored_lists import LISTS
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.modes import MODES
from robustbench_ln.norms import NORMS
from robustbench_ln.reports.captions import caption
from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.reports.table_grids import full_grid
from robustbench_ln.speed.norm_costs import NetworkSpeed
from robustbench_ln.speed.norm_table import speed_caption, speed_grid, speed_note
from robustbench_ln.training import RECIPES
from tools.command_pages import commands_page
from tools.field_tables import fields_table
from tools.performance_tables import PERFORMANCE_BLOCKS
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
    parts = [
        f"**{table.family.headline}**\n\n{to_markdown(full_grid(table))}\n{caption(table)}\n"
        for table in read_tables(runs)
    ]
    commands = "".join(f"    {command}\n" for run in runs for command in commands_of(run))
    return f"{commands}\n" + "\n".join(parts)


def speed_table(name: str) -> str:
    """Medians and ratios of one raw record in benchmarks/results/."""
    record = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    parts = [f"`{record['command']}`, torch {record['versions']['torch']}\n"]
    for table in record["seconds"].values():
        medians = {job: statistics.median(values) for job, values in table.items()}
        bare = min(value for job, value in medians.items() if "bare" in job)
        rows = tuple((job, f"{m:.3f}", f"{m / bare:.2f}") for job, m in medians.items())
        parts.append(to_markdown(Grid(("", "median seconds", "x bare"), rows), has_markup=True))
    return "\n".join(parts)


def start_table(name: str) -> str:
    """Medians of CPU seconds and peak memory of commands: a raw record of benchmarks/start.py."""
    record = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    rows = tuple(
        (
            job,
            f"{statistics.median(seconds):.2f}",
            f"{statistics.median(record['seconds'][job]):.2f}",
            f"{statistics.median(record['peak_mb'][job]):.0f}",
        )
        for job, seconds in record["cpu_seconds"].items()
    )
    grid = Grid(("", "median CPU seconds", "seconds", "peak MB"), rows)
    about = f"`{record['command']}`, torch {record['torch']}, load average {record['load']:.1f}"
    return f"{about}\n\n{to_markdown(grid)}"


def turns_table(name: str) -> str:
    """Medians, ratios of the same turn and goals of one raw record of benchmarks/recording.py."""
    file = ROOT / "benchmarks" / "results" / f"{name}.json"
    if not file.is_file():
        return "Not measured yet.\n"
    record = json.loads(file.read_text())
    seconds = record["seconds"]
    rows: list[tuple[str, ...]] = []
    for goal in record["goals"]:
        job, against = seconds[goal["job"]], seconds[goal["against"]]
        ratio = statistics.median(b / a for a, b in zip(job, against, strict=True))
        least = "-" if goal["least"] is None else f"{goal['least']:g}"
        if not rows:
            rows.append((goal["against"], f"{statistics.median(against):.1f}", "1", "-"))
        rows.append((goal["job"], f"{statistics.median(job):.1f}", f"{ratio:.2f}", least))
    about = f"{record['images']:,} images, {record['conditions']} conditions, turns: {len(job)}, "
    about += (
        f"{record['cores']} cores, load {record['load']:.1f}, torch {record['versions']['torch']}"
    )
    header = ("", "median seconds", "times as fast", "goal")
    table = to_markdown(Grid(header, tuple(rows)), has_markup=True)
    return f"`{record['command']}`: {about}\n\n{table}"


def peaks_table(name: str) -> str:
    """Peak memory by images and workers: a raw record of benchmarks/memory.py."""
    file = ROOT / "benchmarks" / "results" / f"{name}.json"
    if not file.is_file():
        return "Not measured yet.\n"
    record = json.loads(file.read_text())
    rows = tuple(
        (
            f"{p['images']:,}",
            str(p["count"]),
            f"{p['own'] / 1024:.0f}",
            f"{p['workers'] / 1024:.0f}",
        )
        for p in record["peaks"]
    )
    header = ("images", "workers", "MiB of the command", "MiB of the largest worker")
    return f"`{record['command']}`\n\n{to_markdown(Grid(header, rows), has_markup=True)}"


def simulation_table(name: str) -> str:
    """Hours by machines: what benchmarks/cluster_simulation.py made of measured unit times."""
    record = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    first = record["rows"][0]
    rows = []
    for row in record["rows"]:
        cells = [f"{row['nodes']:,}", f"{row['cores']:,}"]
        for way in ("units", "shards"):
            seconds = row[way]
            share = first["units"] / (row["nodes"] * seconds) if seconds else None
            cells += [f"{seconds / 3600:.2f}", f"{share:.2f}"] if share else ["-", "-"]
        rows.append(tuple(cells))
    header = (
        "machines",
        "cores",
        "hours, --engine ray",
        "of linear",
        "hours, --shard",
        "of linear",
    )
    about = (
        f"`{record['command']}`: {record['conditions']} conditions x {record['images']:,} images x "
        f"{record['passes']} passes, {record['core_seconds'] / 86400:.0f} days of one core in "
        f"{record['units']:,} units of {record['fastest_unit']:.0f} to "
        f"{record['slowest_unit']:.0f} s ({record['slowest_condition']}); the one writer works for "
        f"{record['writer_seconds']:.0f} s in all, a unit's result has "
        f"{record['result_bytes'] / 1000:.0f} kB"
    )
    return f"{about}\n\n{to_markdown(Grid(header, tuple(rows)), has_markup=True)}"


def norms_speed_table(name: str) -> str:
    """Speed and parameters under every norm: a raw record of `ln-bench speed`."""
    about = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    networks = [NetworkSpeed.from_json(entry) for entry in about["networks"]]
    parts = [f"{speed_caption(n)}:\n\n{to_markdown(speed_grid(n))}" for n in networks]
    ratios = [n.step_ratio(norm) for n in networks for norm in n.norms if norm.norm == "local"]
    local = f"LocalNorm's step: {min(ratios):.2f} to {max(ratios):.2f} times BatchNorm's.\n"
    return "\n".join([f"`{about['command']}`\n", *parts, local, speed_note(networks, about)])


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


def memory_table(name: str) -> str:
    """Seconds and peak memory of one raw record in benchmarks/results/."""
    record = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    bare = record["results"]["bare"]["seconds"]
    rows = tuple(
        (
            job,
            f"{result['seconds']:.0f}",
            f"{result['seconds'] / bare / record['units'][job]:.2f}",
            f"{result['peak_mib']:.0f}",
        )
        for job, result in record["results"].items()
    )
    header = ("", "CPU seconds", "x bare, per forward", "peak MiB")
    settings = f"{record['images']} images, sets and device batches of {record['stat_batch']}, "
    settings += f"{record['threads']} thread, torch {record['versions']['torch']}"
    return (
        f"`{record['command']}`: {settings}\n\n{to_markdown(Grid(header, rows), has_markup=True)}"
    )


def corruption_speed_table(name: str) -> str:
    """Images a second of one raw record of benchmarks/corruptions.py."""
    record = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    seconds = record["seconds_per_image"]
    whole = {who: _whole_set(table) for who, table in seconds.items() if _is_whole(table)}
    rows = [
        (corruption, *(_rate(table.get(corruption, {})) for table in seconds.values()))
        for corruption in seconds["robustbench_ln"]
    ]
    versions = ", ".join(f"{who} {record['versions'][who]}" for who in ("torch", *seconds))
    parts = [
        f"`{record['command']}`: {record['severity_table']}, frost {record['frost']}, {versions}\n",
        to_markdown(Grid(("images/s", *seconds), tuple(rows)), has_markup=True),
    ]
    parts.append(
        "The 19 at all five severities, 10,000 images (peers: five times their mean severity): "
        + ", ".join(f"{who} {total * 1e4:,.0f} s" for who, total in whole.items())
        + f". One mean severity: {whole['robustbench_ln'] / 5 * 1e3:.1f} ms an image.\n"
    )
    return "\n".join(parts)


def _rate(severities: dict[str, list[float]]) -> str:
    """Images a second at the mean time of severities 1, 3 and 5."""
    times = [statistics.median(severities[s]) for s in ("1", "3", "5") if severities.get(s)]
    return f"{len(times) / sum(times):,.0f}" if len(times) == 3 else "fails"


def _whole_set(table: dict[str, dict[str, list[float]]]) -> float:
    """Seconds an image for all corruptions at five severities, of which some may be unmeasured."""
    times = [[statistics.median(values) for values in rows.values()] for rows in table.values()]
    return sum(5 * sum(row) / len(row) for row in times)


def _is_whole(table: dict[str, dict[str, list[float]]]) -> bool:
    return len(table) == 19 and all(table.values())


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
    "speed": speed_table,
    "norms": norms_table,
    "norms_speed": norms_speed_table,
    "start": start_table,
    "models": models_table,
    "recipes": recipes_table,
    "memory": memory_table,
    "turns": turns_table,
    "simulation": simulation_table,
    "peaks": peaks_table,
    "demo": demo_output,
    "fields": fields_table,
    "corruption_speed": corruption_speed_table,
    **RESULT_BLOCKS,
    **CLAIM_BLOCKS,
    **COVERAGE_BLOCKS,
    **CHECK_BLOCKS,
    **HOSTILE_BLOCKS,
    **PERFORMANCE_BLOCKS,
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

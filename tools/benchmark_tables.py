"""Tables of speed and memory from the raw records in benchmarks/results/."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.speed.norm_costs import NetworkSpeed
from robustbench_ln.speed.norm_table import speed_caption, speed_grid, speed_note

RECORDS = Path(__file__).parents[1] / "benchmarks" / "results"


def _read(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((RECORDS / f"{name}.json").read_text())
    return record


def speed_table(name: str) -> str:
    """Medians and ratios of one raw record in benchmarks/results/."""
    record = _read(name)
    parts = [f"`{record['command']}`, torch {record['versions']['torch']}\n"]
    for table in record["seconds"].values():
        medians = {job: statistics.median(values) for job, values in table.items()}
        bare = min(value for job, value in medians.items() if "bare" in job)
        rows = tuple((job, f"{m:.3f}", f"{m / bare:.2f}") for job, m in medians.items())
        parts.append(to_markdown(Grid(("", "median seconds", "x bare"), rows), has_markup=True))
    return "\n".join(parts)


def start_table(name: str) -> str:
    """Medians of CPU seconds and peak memory of commands: a raw record of benchmarks/start.py."""
    record = _read(name)
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
    record = _read(name)
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
    record = _read(name)
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
    record = _read(name)
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
    about = _read(name)
    networks = [NetworkSpeed.from_json(entry) for entry in about["networks"]]
    parts = [f"{speed_caption(n)}:\n\n{to_markdown(speed_grid(n))}" for n in networks]
    ratios = [n.step_ratio(norm) for n in networks for norm in n.norms if norm.norm == "local"]
    local = f"LocalNorm's step: {min(ratios):.2f} to {max(ratios):.2f} times BatchNorm's.\n"
    return "\n".join([f"`{about['command']}`\n", *parts, local, speed_note(networks, about)])


def memory_table(name: str) -> str:
    """Seconds and peak memory of one raw record in benchmarks/results/."""
    record = _read(name)
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
    record = _read(name)
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


def estimates_table(name: str) -> str:
    """Return what --dry-run estimated, and what the runs took."""
    record = _read(name)
    rows = tuple(
        (
            f"{run['case']}: {run['images']:,} images, {run['conditions']} conditions",
            f"{run['workers']}",
            *_pair(run, "seconds", 1, 1),
            *_pair(run, "memory", 1e6, 0),
            *_pair(run, "disk", 1e3, 0),
        )
        for run in record["runs"]
    )
    header = ("", "workers", "s estimated", "s", "MB estimated", "MB", "kB estimated", "kB")
    about = f"`{record['command']}`: {_circumstances(record)}"
    return f"{about}\n\n{to_markdown(Grid(header, rows))}"


def _pair(run: Mapping[str, Any], field: str, unit: float, digits: int) -> tuple[str, str]:
    values = (run[side][field] / unit for side in ("estimated", "real"))
    estimated, real = (f"{value:,.{digits}f}" for value in values)
    return estimated, real


def shares_table(name: str) -> str:
    """Return the share that each part of an evaluation has of its CPU seconds."""
    record = _read(name)
    runs = record["runs"]
    alone = {case: run["cores_1"] for case, run in runs.items()}
    parts = dict.fromkeys(part for run in alone.values() for part in run["parts"])
    rows = [
        (part, *(f"{100 * run['parts'].get(part, 0) / run['cpu']:.1f} %" for run in alone.values()))
        for part in sorted(parts, key=lambda part: part == "other Python")
    ]
    more = {
        "CPU seconds": lambda run: f"{run['cores_1']['cpu']:.1f}",
        "before it, CPU seconds": lambda run: f"{run['cores_1']['start']:.1f}",
        "in the kernel, page faults too": lambda run: (
            f"{100 * run['cores_1']['system'] / _total(run['cores_1']):.1f} %"
        ),
        "page faults, thousand": lambda run: f"{run['cores_1']['page_faults'] / 1e3:.0f}",
    }
    rows += [(name, *map(show, runs.values())) for name, show in more.items()]
    about = f"`{record['command']}`: {_circumstances(record)}"
    return f"{about}\n\n{to_markdown(Grid(('', *runs), tuple(rows)))}"


def _total(run: Mapping[str, Any]) -> float:
    return float(run["cpu"] + run["start"])


def _circumstances(record: Mapping[str, Any]) -> str:
    cores, load, torch = record["cores"], record["load"], record["versions"]["torch"]
    return f"{cores} cores, load {load:.1f}, torch {torch}"


BENCHMARK_BLOCKS: dict[str, Callable[[str], str]] = {
    "speed": speed_table,
    "norms_speed": norms_speed_table,
    "start": start_table,
    "memory": memory_table,
    "turns": turns_table,
    "simulation": simulation_table,
    "peaks": peaks_table,
    "corruption_speed": corruption_speed_table,
    "estimates": estimates_table,
    "shares": shares_table,
}

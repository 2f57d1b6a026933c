"""How the runs of a report were measured: a paragraph from run.json, and what it cites."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from robustbench_ln.modes import MODES, describe_order
from robustbench_ln.reports.blocks import Block, Heading, Paragraph, Section
from robustbench_ln.reports.numbers import general, number_range
from robustbench_ln.reports.references import DATA_SETS, LOCALNORM_PAPERS, bibtex, cite
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.reading import MISSING, Run
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.variants import Naming, mode_title

__all__ = ["REFERENCES_FILE", "measured_section"]

REFERENCES_FILE = "references.bib"

_MODE_KEYS = {
    "bn": ("ioffe2015batch",),
    "dbn-batch": (*LOCALNORM_PAPERS, "nado2020evaluating"),
    "bn-adapt": ("schneider2020improving",),
}
"""Modes with references of their own; all others but "plain" are the LocalNorm papers'."""


class _Said(NamedTuple):
    """A piece of the paragraph: text, the keys of what is cited behind it, and text after that."""

    text: str
    keys: tuple[str, ...] = ()
    after: str = ""


def measured_section(
    tables: Sequence[Table], runs: Sequence[Run], names: Naming = "papers"
) -> Section:
    """Return a paragraph for each run, ready for a paper, and the file of references."""
    blocks: list[Block] = [Heading(2, "How this was measured")]
    keys: list[str] = []
    for run in runs:
        pieces = _pieces(tables, run, names)
        keys += [key for piece in pieces for key in piece.keys]
        said = _join(pieces)
        blocks.append(Paragraph(f"{run.label}: {said}" if len(runs) > 1 else said))
    words = f"{REFERENCES_FILE} has BibTeX entries of what is cited here."
    unknown = sorted({run.data for run in runs if _kind(run) not in DATA_SETS})
    if unknown:
        words += f" It has none of {' and '.join(unknown)}: the records do not say what they are."
    return Section({REFERENCES_FILE: bibtex(keys).encode()}, [*blocks, Paragraph(words)])


def _join(pieces: Sequence[_Said]) -> str:
    """Return the paragraph; a publication is cited where it is first needed."""
    cited: set[str] = set()
    texts = []
    for piece in pieces:
        new = [key for key in piece.keys if key not in cited]
        cited |= set(new)
        texts.append(f"{piece.text}{cite(*new)}{piece.after}")
    return " ".join(texts)


def _pieces(tables: Sequence[Table], run: Run, names: Naming) -> list[_Said]:
    return [
        _network(run),
        _images(run),
        *(said for table in tables if (said := _degradation(table, run))),
        _Said("Modes and their statistics:"),
        *_modes(run, names),
        *_repeats(run),
        *_intervals(tables, run),
    ]


def _network(run: Run) -> _Said:
    versions = run.records[0].versions
    used = ", ".join(f"{name} {v}" for name, v in versions.items() if name != "robustbench_ln")
    file = "made in Python" if run.checkpoint == MISSING else f"from {run.checkpoint}"
    arithmetic = ", ".join(sorted({record.arithmetic for record in run.records}))
    return _Said(
        f"{run.arch}, {run.identity['checkpoint num_parameters']:,} parameters, {file}, was "
        f"evaluated with robustbench_ln {versions.get('robustbench_ln', MISSING)} ({used}) on "
        f"{run.device} in {arithmetic}."
    )


def _kind(run: Run) -> str:
    return run.data.partition(":")[0]


def _images(run: Run) -> _Said:
    about, data = run.identity, DATA_SETS.get(_kind(run))
    total = number_range(record.total for record in run.records)
    some = total if run.records[0].limit is None else f"{total} of the {run.num_images}"
    height, width, channels = about["data shape"]
    mean, std = (", ".join(map(general, about[f"normalize {name}"])) for name in ("mean", "std"))
    return _Said(
        f"It saw {some} images of {data.name if data else run.data}",
        (data.key,) if data else (),
        f", {height} x {width} pixels in {channels} channel{'s' * (channels > 1)}, "
        f"{describe_order(run.records[0].order)}, with seed {run.seed}; its input was normalised "
        f"with mean {mean} and standard deviation {std}.",
    )


def _degradation(table: Table, run: Run) -> _Said | None:
    """Return what was done to the images of a run in one table; None where it is in none."""
    rows = [r for m in table.modes if m.run is run for r in table.records_of(m)]
    found = [record for record in rows if not record.condition.is_clean]
    if not found:
        return None
    family = table.family
    return _Said(family.headline, family.references, family.levels_words(found))


def _modes(run: Run, names: Naming) -> list[_Said]:
    """Return each mode of a run, and where its statistics come from."""
    found: dict[str, list[Record]] = {}
    for record in run.records:
        found.setdefault(record.mode, []).append(record)
    said = [_mode(name, records, names) for name, records in found.items()]
    return [*(piece._replace(after=f"{piece.after};") for piece in said[:-1]),
            said[-1]._replace(after=f"{said[-1].after}.")]  # fmt: skip


def _mode(name: str, records: Sequence[Record], names: Naming) -> _Said:
    mode = MODES[name]
    sizes = number_range(record.set_size for record in records if record.set_size)
    statistics = mode.statistics.replace("B test", f"{sizes} test")
    parts = [statistics.replace("M test", f"{sizes} test")]
    if mode.needs == "local":
        parts.append(f"{number_range(record.num_groups for record in records)} groups")
    if rules := sorted({record.tie_rule for record in records if record.tie_rule}):
        parts.append(f"ties by rule {', '.join(rules)}")
    if priors := sorted({record.prior for record in records if record.prior}):
        parts.append(f"N0 = {', '.join(priors)}")
    keys = _MODE_KEYS.get(name, () if name == "plain" else LOCALNORM_PAPERS)
    return _Said(mode_title(name, names), keys, f": {', '.join(parts).replace(';', ',')}")


def _repeats(run: Run) -> list[_Said]:
    seeds = len({record.seed for record in run.records})
    words = f"Everything was measured with {seeds} seeds; tables show the first."
    return [_Said(words)] if seeds > 1 else []


def _intervals(tables: Sequence[Table], run: Run) -> list[_Said]:
    has_outcomes = any(m.has_outcomes for table in tables for m in table.modes if m.run is run)
    means = ", those of means are Student's t on independent statistics sets" * has_outcomes
    words = "The 95 % intervals of single accuracies are Wilson's"
    return [_Said(words, ("wilson1927probable",), f"{means}.")]

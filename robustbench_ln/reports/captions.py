"""What a table's numbers rest on, in sentences that go wherever the table goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from robustbench_ln.reports.numbers import number_range
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.records import Record

__all__ = ["caption", "difference_note", "limit_stamp"]

Read = Callable[[Record], object]
"""A value of a row; None or "" where the row has none."""


def limit_stamp(table: Table) -> str:
    """Return "LIMITED n=128", or "" where all images were evaluated."""
    limits = [record.total for record in table.records if record.limit is not None]
    return f"LIMITED n={number_range(limits)}" if limits else ""


def caption(table: Table) -> str:
    """Return what is shown, and on which images, statistics and rules it rests."""
    fields: dict[str, Read] = {
        "Images": lambda row: row.total,
        "Order": lambda row: row.order,
        "Seed": lambda row: row.seed,
        "Images that share statistics": lambda row: row.set_size if _shares(row) else None,
        "Prior weight of the running statistics, in images": lambda row: row.prior,
        "Tied votes are broken by rule": lambda row: row.tie_rule,
        "Images with a tied vote": lambda row: row.ties if row.tie_rule else None,
        "Images shown twice to fill a set": lambda row: row.refills or None,
        "Layers that kept running statistics": lambda row: ";".join(row.running_layers),
    }
    stamp = limit_stamp(table)
    sentences = [stamp and f"{stamp}.", *table.family.describe(table)]
    sentences += [_by_mode(table, head, read) for head, read in fields.items()]
    return " ".join(filter(None, sentences))


def _shares(row: Record) -> bool:
    return row.set_size is not None and row.set_size > 1


def difference_note(table: Table) -> str:
    """Return how the runs of a table were measured differently, or ""."""
    fields: dict[str, Read] = {
        "data_sha256": lambda row: row.data_sha256[:8],
        "total": lambda row: row.total,
        "order": lambda row: row.order,
        "limit": lambda row: "none" if row.limit is None else row.limit,
        "seed": lambda row: row.seed,
        "tie_rule": lambda row: row.tie_rule,
        "versions": lambda row: ", ".join(f"{name} {v}" for name, v in row.versions.items()),
    }
    parts = []
    for field, read in fields.items():
        used = {
            label: {str(v) for mode in modes for v in _values(table.records_of(mode), read)}
            for label, modes in table.by_run.items()
        }
        shown = {label: ", ".join(sorted(texts)) for label, texts in used.items() if texts}
        if len(set(shown.values())) > 1:
            values = "; ".join(f"{label}: {text}" for label, text in shown.items())
            parts.append(f"{field} ({values})")
    if others := _other_files(table):
        parts.append(f"the corrupted images of {', '.join(others)} (corrupted_sha256)")
    if not parts:
        return ""
    return f"These runs were not measured alike. They differ in {', '.join(parts)}."


def _other_files(table: Table) -> list[str]:
    """Return the corruptions that runs have read from different files."""
    digests: dict[str, set[str | None]] = {}
    for record in table.records:
        digests.setdefault(record.corruption, set()).add(record.corrupted_sha256)
    return [name for name, found in digests.items() if len(found) > 1]


def _values(records: Iterable[Record], read: Read) -> list[object]:
    """Return the different values of some rows that have one, in the rows' order."""
    return [value for value in dict.fromkeys(map(read, records)) if value not in (None, "")]


def _by_mode(table: Table, head: str, read: Read) -> str:
    """Return "Head: 1017." or "Head: 7 (dbn-batch); 3..9 (ln-batch).", "" for no value."""
    texts: dict[str, list[str]] = {}
    for mode, name in table.names.items():
        if values := _values(table.records_of(mode), read):
            texts.setdefault(_show(values), []).append(name)
    if not texts:
        return ""
    if len(texts) == 1 and len(next(iter(texts.values()))) == len(table.modes):
        return f"{head}: {next(iter(texts))}."
    parts = [f"{text} ({', '.join(names)})" for text, names in texts.items()]
    return f"{head}: {'; '.join(parts)}."


def _show(values: Iterable[object]) -> str:
    """Return the span of numbers, or all texts."""
    numbers = [value for value in values if isinstance(value, int)]
    return number_range(numbers) if numbers else "/".join(map(str, values))

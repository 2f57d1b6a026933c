"""What a table's numbers rest on, in sentences that go wherever the table goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.reports.corruption_table import accuracy_words, missing_corruptions
from robustbench_ln.reports.numbers import number_range
from robustbench_ln.reports.tables import Table

__all__ = ["caption", "difference_note", "limit_stamp"]

INTERVALS = "95 % Wilson intervals: test-set sampling only"


def limit_stamp(table: Table) -> str:
    """Return "LIMITED n=128", or "" where all images were evaluated."""
    return f"LIMITED n={number_range(table.limits)}" if table.limits else ""


def caption(table: Table) -> str:
    """Return what is shown, and on which images, statistics and rules it rests."""
    sentences = [*_contents(table), _counts(table, "total", "Images")]
    sentences += [_words(table, "order", "Order"), _counts(table, "seed", "Seed")]
    is_set = table.cells["set_size"].fillna(1) > 1
    sentences.append(_counts(table, "set_size", "Images that share statistics", is_set))
    sentences.append(_words(table, "prior", "Prior weight of the running statistics, in images"))
    sentences.append(_words(table, "tie_rule", "Tied votes are broken by rule"))
    has_votes = table.cells["tie_rule"] != ""
    sentences.append(_counts(table, "ties", "Images with a tied vote", has_votes))
    is_refilled = table.cells["refills"] > 0
    sentences.append(_counts(table, "refills", "Images shown twice to fill a set", is_refilled))
    sentences.append(_words(table, "running_layers", "Layers that kept running statistics"))
    stamp = limit_stamp(table)
    return " ".join(sentence for sentence in (stamp and f"{stamp}.", *sentences) if sentence)


def difference_note(table: Table) -> str:
    """Return how the runs of a table were measured differently, or ""."""
    fields: dict[str, Callable[[object], str]] = {
        "data_sha256": lambda value: str(value)[:8],
        "total": str,
        "order": str,
        "limit": lambda value: "none" if value is pd.NA else str(value),
        "seed": str,
        "tie_rule": str,
        "versions": str,
    }
    parts = []
    for field, show in fields.items():
        used = {
            str(label): ", ".join(sorted({show(v) for v in rows[field].unique()} - {""}))
            for label, rows in table.cells.groupby("label", sort=False)
        }
        used = {label: text for label, text in used.items() if text}
        if len(set(used.values())) > 1:
            values = "; ".join(f"{label}: {text}" for label, text in used.items())
            parts.append(f"{field} ({values})")
    if others := _other_files(table):
        parts.append(f"the corrupted images of {', '.join(others)} (corrupted_sha256)")
    if not parts:
        return ""
    return f"These runs were not measured alike. They differ in {', '.join(parts)}."


def _other_files(table: Table) -> list[str]:
    """Return the corruptions that runs have read from different files."""
    digests = table.cells.groupby("corruption", sort=False)["corrupted_sha256"].nunique()
    return [str(name) for name, count in digests.items() if count > 1]


def _contents(table: Table) -> list[str]:
    if table.is_noise:
        return [
            f"Accuracy in % [{INTERVALS}].",
            "Bold: the best of its row, where its interval lies above the second best's.",
        ]
    missing = missing_corruptions(table)
    has_mean = len(missing) < len(table.columns)
    extras = "; the mean of the 15 leaves the extra corruptions out" if has_mean else ""
    sentences = [f"A{accuracy_words(table)[1:]}{extras}."]
    for text in dict.fromkeys(map(_lack, missing.values())):
        names = [table.names[column] for column, lack in missing.items() if _lack(lack) == text]
        whose = "" if len(names) == len(table.columns) else f" for {', '.join(names)}"
        sentences.append(f"No mean of the 15{whose}: {text}.")
    return sentences


def _lack(names: Sequence[str]) -> str:
    """Return why there is no mean of the 15."""
    known = len(BENCHMARK_CORRUPTIONS) - len(names)
    if known < len(names):
        return f"{known} of them were measured at every severity"
    return f"{', '.join(names)} not measured at every severity"


def _counts(table: Table, field: str, head: str, is_shown: pd.Series | None = None) -> str:
    """Return "Head: 1017." or "Head: dbn-batch 7, ln-batch 3..9.", "" for no row."""
    return _by_column(table, field, head, lambda values: number_range(map(float, values)), is_shown)


def _words(table: Table, field: str, head: str) -> str:
    """Return "Head: random.", or the value of each column; "" where every value is empty."""
    is_shown = table.cells[field] != ""
    return _by_column(table, field, head, lambda values: "/".join(map(str, values)), is_shown)


def _by_column(
    table: Table,
    field: str,
    head: str,
    show: Callable[[pd.Series], str],
    is_shown: pd.Series | None,
) -> str:
    texts: dict[str, list[str]] = {}
    for column, name in table.names.items():
        mine = table.column_cells(column)
        if is_shown is not None:
            mine = mine[is_shown[mine.index]]
        if len(mine):
            texts.setdefault(show(mine[field].drop_duplicates()), []).append(name)
    if not texts:
        return ""
    if len(texts) == 1 and len(next(iter(texts.values()))) == len(table.columns):
        return f"{head}: {next(iter(texts))}."
    parts = [f"{text} ({', '.join(names)})" for text, names in texts.items()]
    return f"{head}: {'; '.join(parts)}."

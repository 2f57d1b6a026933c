"""What a table's numbers rest on, in sentences that go wherever the table goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from robustbench_ln.metrics.units import MIN_UNITS, Units
from robustbench_ln.metrics.verdicts import lack_sentence, units_sentence
from robustbench_ln.reports.numbers import number_range
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.results import ModeResults

__all__ = [
    "CLASS_ORDER",
    "caption",
    "difference_note",
    "interval_sentences",
    "interval_words",
    "limit_stamp",
    "mean_sentences",
    "names_by_text",
    "short_caption",
]

CLASS_ORDER = (
    "The images came class by class: statistics sets are neither independent nor alike, and no "
    "interval says what another order would give."
)
_BOLD = "Bold: the best of its row, where its interval lies above the second best's."
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
        "Images that share statistics": lambda row: row.set_size if row.set_size != 1 else None,
        "Prior weight of the running statistics, in images": lambda row: row.prior,
        "Tied votes are broken by rule": lambda row: row.tie_rule,
        "Images with a tied vote": lambda row: row.ties if row.tie_rule else None,
        "Images shown twice to fill a set": lambda row: row.refills or None,
        "Layers that kept running statistics": lambda row: ";".join(row.running_layers),
    }
    sentences = [
        *_first_sentences(table),
        *table.family.describe(table),
        *_bold_sentences(table),
        *interval_sentences(table),
    ]
    sentences += [_by_mode(table, head, read) for head, read in fields.items()]
    return " ".join(filter(None, sentences))


def short_caption(table: Table) -> str:
    """Return the caption for a page of paper: what nobody may leave out of it."""
    sentences = [
        f"{table.heading}.",
        difference_note(table),
        *_first_sentences(table),
        _BOLD,
        *_class_order(table),
        _by_mode(table, "Images", lambda row: row.total),
    ]
    return " ".join(filter(None, sentences))


def _first_sentences(table: Table) -> list[str]:
    stamp, words = limit_stamp(table), table.family.words(table)
    return [
        stamp and f"{stamp}.",
        f"{words[0].upper()}{words[1:]} [{interval_words(table)}: test-set sampling only].",
    ]


def interval_words(table: Table) -> str:
    """Return which intervals stand in a table."""
    if not table.has_means:
        return "95 % Wilson intervals"
    if not any(m.has_outcomes and m.units.num_units >= MIN_UNITS for m in table.modes):
        return "95 % Wilson intervals beside single cells"
    return "95 % intervals, Wilson's beside single cells and Student's t beside means"


def interval_sentences(table: Table) -> list[str]:
    """Return what the intervals of means rest on, and where intervals of cells do not hold."""
    rests = {
        name: (mode, mode.units if mode.has_outcomes else None)
        for mode, name in table.names.items()
    }
    return [*(mean_sentences(rests) if table.has_means else []), *_class_order(table)]


def _class_order(table: Table) -> list[str]:
    ordered = [name for mode, name in table.names.items() if mode.is_class_ordered]
    words = f"{CLASS_ORDER[0].lower()}{CLASS_ORDER[1:]}"
    return [f"* {', '.join(ordered)}: {words}"] if ordered else []


def _bold_sentences(table: Table) -> list[str]:
    """Return what is bold, and what would help where units are too few for it."""
    lacks = {
        name: [lack_sentence(mode.units, mode.run.num_images, is_of_cells=True)]
        for mode, name in table.names.items()
        if not table.has_means
    }
    return [_BOLD, *_by_name(lacks)]


def mean_sentences(rests: Mapping[str, tuple[ModeResults, Units | None]]) -> list[str]:
    """Return what the intervals of means rest on, and what would help where there are none.

    Args:
        rests: Name of a mode -> the mode and its units; None where what was right image by image is
            not known.
    """
    return _by_name(
        {name: _sentences(units, mode.run.num_images) for name, (mode, units) in rests.items()}
    )


def _sentences(units: Units | None, num_available: int) -> list[str]:
    if units is None:
        return ["No interval over several cells: predictions were not kept."]
    lack = lack_sentence(units, num_available)
    return [units_sentence(units), lack] if units.num_units >= MIN_UNITS else [lack]


def _by_name(sentences: Mapping[str, Iterable[str]]) -> list[str]:
    """Return each sentence once, with the names that it is of unless it is of all."""
    return [
        sentence if len(of) == len(sentences) else f"{sentence[:-1]} ({', '.join(of)})."
        for sentence, of in names_by_text(sentences).items()
    ]


def names_by_text(texts: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return each text that is not empty, once, with the names that it is of."""
    names: dict[str, list[str]] = {}
    for name, of_name in texts.items():
        for text in filter(None, of_name):
            names.setdefault(text, []).append(name)
    return names


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
    shown = {
        name: [_show(_values(table.records_of(mode), read))] for mode, name in table.names.items()
    }
    parts = [
        text if len(of) == len(shown) else f"{text} ({', '.join(of)})"
        for text, of in names_by_text(shown).items()
    ]
    return f"{head}: {'; '.join(parts)}." if parts else ""


def _show(values: Iterable[object]) -> str:
    """Return the span of numbers, or all texts."""
    numbers = [value for value in values if isinstance(value, int)]
    return number_range(numbers) if numbers else "/".join(map(str, values))

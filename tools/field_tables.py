"""The tables of docs/records.md: every field of a file, from the dataclass that reads it."""

from __future__ import annotations

import inspect
import re

from robustbench_ln.files.rules import Part, Several
from robustbench_ln.files.schema import FieldRule, rules_of
from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.runs.check_results import CheckResult
from robustbench_ln.runs.description import (
    CheckpointDescription,
    DataDescription,
    NormalizationDescription,
    RunDescription,
)
from robustbench_ln.runs.predictions import Predictions
from robustbench_ln.runs.records import Record
from robustbench_ln.runs.seen_images import SeenImages
from robustbench_ln.runs.stability import Stability, StabilityDescription

__all__ = ["fields_table"]

_CLASSES = {
    of.__name__: of
    for of in (
        Record,
        RunDescription,
        CheckpointDescription,
        DataDescription,
        NormalizationDescription,
        CheckResult,
        Predictions,
        SeenImages,
        Stability,
        StabilityDescription,
    )
}
_RUN_RULES = rules_of(RunDescription)
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def fields_table(name: str) -> str:
    """Every field of a dataclass: what it holds, its unit, since which schema, and what it says."""
    of = _CLASSES[name]
    meanings = _meanings(of)
    rows = tuple(
        (f"`{field}`", _type(rule), rule.rule.unit, _since(of, rule), meanings[field])
        for field, rule in rules_of(of).items()
    )
    return to_markdown(Grid(("field", "holds", "unit", "since", "meaning"), rows), has_markup=True)


def _since(of: type, field: FieldRule) -> str:
    """Return the schema of a field: a part of run.json is as old as the field that holds it."""
    parts = [rule for rule in _RUN_RULES.values() if _part_of(rule) is of]
    return str(max(rule.rule.since for rule in (field, *parts)))


def _part_of(field: FieldRule) -> type | None:
    rule = field.rule.of if isinstance(field.rule, Several) else field.rule
    return rule.of if isinstance(rule, Part) else None


def _type(field: FieldRule) -> str:
    if isinstance(field.rule, Part):
        return "an object, below"
    return field.rule.words + (", or null" if field.is_optional else "")


def _meanings(of: type) -> dict[str, str]:
    """Return what the docstring of a dataclass says of each field."""
    _, _, attributes = (inspect.getdoc(of) or "").partition("Attributes:\n")
    return {
        name: " ".join(text.split()).replace("|", r"\|")
        for name, text in _ATTRIBUTE.findall(attributes)
    }

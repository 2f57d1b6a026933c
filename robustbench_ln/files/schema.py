"""Fields of what runs and sets keep: one mechanism reads and checks them, in whichever file.

A dataclass states each field once: `total: Annotated[int, Whole(least=1, unit="images")]`.
Reading, checking and docs/records.md follow from that.

A file says its schema. A newer one is refused. An older one is read: a field that came later has a
default that means "as before", and its rule says since when every file has it.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast, get_args, get_type_hints

from robustbench_ln.errors import RecordError
from robustbench_ln.files.rules import Part, Rule, Several

__all__ = [
    "SCHEMA", "FieldRule", "check_fields", "parse_fields", "parse_json", "rules_of", "shown",
]  # fmt: skip

SCHEMA = 5
"""Version of the fields of cells.jsonl and run.json.

1: the first. Rows that were written early in it lack some fields.
2: every file has every field, but those that say 3: files that were written early in it lack them.
3: every file has every field, but those that say 4: files that were written early in it lack them.
4: every file has every field, but those that say 5: files that were written early in it lack them.
5: every file has every field.
"""

T = TypeVar("T")

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = 60
_REPR.maxlevel, _REPR.maxlist, _REPR.maxtuple, _REPR.maxdict = 2, 3, 3, 3


class FieldRule(NamedTuple):
    """What one field of a dataclass may hold; None, null in JSON, where it is optional."""

    rule: Rule
    is_optional: bool


@cache
def rules_of(of: type) -> Mapping[str, FieldRule]:
    """Return what each field of a dataclass may hold, by its name, in their order."""
    hints = get_type_hints(of, include_extras=True)
    return {field.name: _field_rule(hints[field.name]) for field in fields(of)}


def _field_rule(hint: Any) -> FieldRule:
    if is_dataclass(hint):
        assert isinstance(hint, type)
        return FieldRule(Part(of=hint), is_optional=False)
    plain, rule = get_args(hint)
    return FieldRule(rule, is_optional=type(None) in get_args(plain))


def check_fields(value: Any) -> None:
    """Demand that every field of a dataclass holds what its rule accepts.

    Raises:
        RecordError: One does not; the message names it.
    """
    for name, (rule, is_optional) in rules_of(value.__class__).items():
        found = getattr(value, name)
        if not (rule.accepts(found) or (is_optional and found is None)):
            null = " or null" if is_optional else ""
            raise RecordError(f"'{name}' is {shown(found)}; expected {rule.words}{null}")


def parse_json(content: bytes, where: str) -> object:
    """Return the value that JSON in UTF-8 holds.

    Raises:
        RecordError: It is not JSON, nested too deeply, has a number of thousands of digits, or an
            object that has a name twice.
    """
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except _RepeatedNameError as error:
        raise RecordError(
            f"{where}: {shown(str(error))} stands there twice; expected once"
        ) from error
    except json.JSONDecodeError as error:
        raise RecordError(f"{where}: not JSON ({error.msg})") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{where}: not JSON (not text in UTF-8)") from error
    except RecursionError as error:
        raise RecordError(f"{where}: not JSON of ln-bench (nested too deeply)") from error
    except ValueError as error:
        raise RecordError(f"{where}: not JSON of ln-bench (a number is too long)") from error


class _RepeatedNameError(Exception):
    """An object has a name twice: readers would disagree on which value counts."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _RepeatedNameError(name)
        found[name] = value
    return found


def parse_fields(of: type[T], content: object, where: str, schema: int | None = None) -> T:
    """Return the dataclass that a JSON object holds.

    Args:
        of: The dataclass; its `__post_init__` calls `check_fields`.
        content: The object.
        where: File and row, for messages.
        schema: Schema of the file; None looks for it in the object.

    Raises:
        RecordError: Another schema, missing or unknown fields, or a value that its rule refuses.
    """
    if not isinstance(content, dict):
        raise RecordError(f"{where}: {shown(content)}; expected an object with named fields")
    schema = _check_schema(content, where) if schema is None else schema
    rules = rules_of(cast(Any, of))
    if unknown := [name for name in content if name not in rules]:
        raise RecordError(f"{where}: unknown fields {_listed(unknown)}")
    required = (name for name, (rule, _) in rules.items() if rule.since <= schema)
    if missing := [name for name in required if name not in content]:
        raise RecordError(f"{where}: missing fields {_listed(missing)}")
    values = {
        name: _from_json(rules[name].rule, value, f"{where}, '{name}'", schema)
        for name, value in content.items()
    }
    try:
        return of(**values)
    except RecordError as error:
        raise RecordError(f"{where}: {error}") from error


def _from_json(rule: Rule, value: Any, where: str, schema: int) -> Any:
    if isinstance(rule, Part):
        return parse_fields(rule.of, value, where, schema)
    if isinstance(rule, Several) and isinstance(value, list):
        return tuple(_from_json(rule.of, item, where, schema) for item in value)
    return value


def _check_schema(content: Mapping[str, Any], where: str) -> int:
    if "schema" not in content:
        raise RecordError(f"{where}: not of ln-bench (no 'schema')")
    schema = content["schema"]
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise RecordError(f"{where}: 'schema' is {shown(schema)}; expected 1 to {SCHEMA}")
    if schema > SCHEMA:
        raise RecordError(
            f"{where}: 'schema' is {shown(schema)}, newer than {SCHEMA}; update robustbench_ln"
        )
    return schema


def _listed(names: list[str]) -> str:
    plain = [name if name.isascii() and name.isidentifier() else repr(name) for name in names[:5]]
    short = ", ".join(name if len(name) <= 60 else f"{name[:57]}..." for name in plain)
    return short + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def shown(value: object) -> str:
    """Return a value for a message: short, on one line, without control characters."""
    return _REPR.repr(value)

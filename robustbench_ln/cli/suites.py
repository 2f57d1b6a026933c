"""Suites: TOML files that name several evaluations, each as `ln-bench evaluate` takes them.

A value goes through the very parser of the command line, so that a suite has its types, defaults
and errors.
"""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import tomli_w
import typer
from typer.exceptions import TyperException

from robustbench_ln.cli.evaluate import evaluate
from robustbench_ln.data.class_list import CLASS_LISTS
from robustbench_ln.errors import RecordError, SpecError, listing, setting
from robustbench_ln.files.paths import expand_home
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.files.schema import shown
from robustbench_ln.files.shipped import SHIPPED_SUITES, is_shipped_name
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.lookup import unknown_name

__all__ = ["Suite", "SuiteRun", "check_files", "read_suite", "write_suite"]

_PATHS = ("checkpoint", "model", "class_map", "classes", "frost_dir")
_SOURCES = ("data", "clean")
"""KIND:PATH."""
_FETCHED = ("checkpoint", "arch", *_SOURCES)
"""Keys whose files `download` fetches where they are missing."""
_HF = "hf:"
"""What begins a folder of transformers in `checkpoint` and `arch`."""
_CODE = ("model", "trust_checkpoint")
"""Keys that make a file's code run."""

_MOST_BYTES = 100_000
"""Of a suite; Python's reader takes minutes for a key of 400,000 dots."""

_NOT_KEYS = ("help", "save_config", "baseline", "dry_run")

Table = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteRun:
    """One evaluation of a suite.

    Attributes:
        where: File and table, as errors name it.
        folder: Its run directory within the suite's.
        texts: Its keys whose values are texts; paths as they are from here.
        words: What follows `ln-bench evaluate`, all but `--out`.
        options: Every parameter of that command, by name.
    """

    where: str
    folder: str
    texts: Mapping[str, str]
    words: tuple[str, ...]
    options: Mapping[str, Any]

    def command(self, out: Path) -> str:
        """Return the command that is the same."""
        return shlex.join(["ln-bench", "evaluate", *self.words, "--out", str(out / self.folder)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """What a suite asks for.

    Attributes:
        runs: In the order of the file, 1 or more.
        baseline: Baseline of the report, as `ln-bench report --baseline` takes it.
    """

    runs: tuple[SuiteRun, ...]
    baseline: str


def read_suite(name: str, *, allow_code: bool) -> Suite:
    """Read a suite.

    Args:
        name: A file, or the name of a suite that comes with the package.
        allow_code: Whether `model` and `trust_checkpoint`, which run code of a file, may stand
            in it.

    Raises:
        SpecError: No such file, no TOML, an unknown key, a value of the wrong type or out of
            range, or two runs of one folder. The message names file, table and key.
        DataError: The file cannot be read.
    """
    shipped = SHIPPED_SUITES.get(name)
    path = Path(name) if shipped is None else shipped.path
    base = path.parent if shipped is None else Path()
    document = _parse(path)
    for key in document:
        if key not in ("run", "defaults", "report"):
            raise _at(str(path), unknown_name(key, ("run", "defaults", "report"), kind="table"))
    runs = document.get("run", [])
    if not isinstance(runs, list) or not runs or not all(isinstance(run, dict) for run in runs):
        raise SpecError(f"{path}: no [[run]] table; a suite has one for each evaluation")
    defaults = _table(document, "defaults", path)
    _check_keys(defaults, f"{path}, [defaults]")
    read = []
    for number, table in enumerate(runs, start=1):
        where = f"{path}, [[run]] {number}"
        _check_keys(table, where)
        read.append(_read_run({**defaults, **table}, where, number, base, allow_code))
    _check_folders(read)
    return Suite(runs=tuple(read), baseline=_baseline(_table(document, "report", path), path, base))


def check_files(suite: Suite) -> None:
    """Demand that all files and folders are there that no run will fetch.

    Raises:
        SpecError: One is not; the message names file, table and key.
    """
    for run in suite.runs:
        for key, text in run.texts.items():
            path = _path_in(key, text)
            if path is None or (key in _FETCHED and run.options["download"]):
                continue
            if key == "model":
                path = path.rpartition(":")[0] or path
            if not expand_home(path).exists():
                raise SpecError(f"{run.where}: {key}: {path}: no such file or folder")


def write_suite(path: Path, words: Sequence[str]) -> None:
    """Write a command as a suite of one run, with paths relative to the file.

    Args:
        path: A new file, or one that holds just this.
        words: What followed `ln-bench evaluate`.

    Raises:
        RecordError: It exists and holds something else, or cannot be written.
    """
    context = _command().make_context("evaluate", list(words))
    table = {
        _key(p): context.params[p.name]
        for p in _command().params
        if context.get_parameter_source(p.name).name == "COMMANDLINE"
    }
    folder = path.parent.absolute()
    run = {
        key: _plain(_moved(key, value, lambda text: os.path.relpath(text, folder)))
        for key, value in table.items()
        if key in _parameters() and key != "out"
    }
    text = f"[[run]]\n{tomli_w.dumps(run)}"
    if "baseline" in table:
        text += f"\n[report]\n{tomli_w.dumps({'baseline': table['baseline']})}"
    content = _encoded(text)
    if path.exists() and read_regular(path) != content:
        raise RecordError(f"{path} holds a different suite; give another {setting('save_config')}")
    write_whole(path, content)


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        wrong = text[error.start : error.end]
        raise SpecError(
            f"{setting('save_config')}: a name or label has {wrong!a}, which no text file can "
            "hold; give another"
        ) from error


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _parse(path: Path) -> Table:
    try:
        content = read_regular(path, most=_MOST_BYTES)
        return tomllib.loads(content.decode())
    except FileNotFoundError as error:
        hint = listing("suites")
        raise SpecError(f"{path}: no such suite; give a .toml file, or a name{hint}") from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, UnicodeDecodeError
        raise SpecError(f"{path}: no TOML: {error}") from error


def _table(document: Table, name: str, path: Path) -> Table:
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise SpecError(f"{path}: {name} is not a table; write [{name}]")
    return table


def _check_keys(table: Table, where: str) -> None:
    for key in table:
        if key == "baseline":
            raise SpecError(f"{where}: baseline belongs to the report; write it below [report]")
        if key not in _parameters():
            raise _at(where, unknown_name(key, [*_parameters()], kind="key"))


def _baseline(table: Table, path: Path, base: Path) -> str:
    for key in table:
        if key != "baseline":
            raise _at(f"{path}, [report]", unknown_name(key, ("baseline",), kind="key"))
    value = table.get("baseline", "none")
    if not isinstance(value, str):
        raise SpecError(f"{path}, [report]: baseline = {_shown(value)}: expected a text")
    near = base / value.partition(":")[0]
    return str(base / value) if value != "none" and near.exists() else value


def _read_run(table: Table, where: str, number: int, base: Path, allow_code: bool) -> SuiteRun:
    if "checkpoint" not in table:
        raise SpecError(f'{where}: no checkpoint; write checkpoint = "FILE"')
    for key in (*_PATHS, *_SOURCES):
        if key in table and not (isinstance(table[key], str) and table[key]):
            raise SpecError(f"{where}: {key} = {_shown(table[key])}: expected a text")
    for key in _CODE:
        if table.get(key) and not allow_code:
            raise SpecError(f"{where}: {key} runs code of a file; allow it with --allow-code")
    named = "out" if "out" in table else "label"
    folder = table.pop("out", table.get("label", f"run-{number}"))
    if not isinstance(folder, str):
        raise SpecError(f"{where}: {named} = {_shown(folder)}: expected a text")
    moved = {key: _moved(key, value, partial(_below, base)) for key, value in table.items()}
    first_checkpoint = sorted(moved, key=lambda key: key != "checkpoint")
    words = [word for key in first_checkpoint for word in _words(key, moved[key], where)]
    return SuiteRun(
        where=where,
        folder=_safe(folder, where),
        texts={key: value for key, value in moved.items() if isinstance(value, str)},
        words=tuple(words),
        options=_options(words, where, table),
    )


def _below(base: Path, path: str) -> str:
    return path if path.startswith("~") else str(base / path)


def _words(key: str, value: object, where: str) -> list[str]:
    """Return what a command line would have for a key."""
    option = _parameters()[key]
    if key in _flags():
        if not isinstance(value, bool):
            raise SpecError(f"{where}: {key} = {_shown(value)}: expected true or false")
        return [option] if value else []
    if isinstance(value, list) and all(map(_is_plain, value)):
        text = ",".join(map(str, value))
    elif _is_plain(value):
        text = str(value)
    else:
        raise SpecError(
            f"{where}: {key} = {_shown(value)}: expected a text, a number or a list of them"
        )
    if not option:
        return [text]
    return [f"{option}={text}"] if text.startswith("-") else [option, text]


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _shown(value: object) -> str:
    """Return a value as TOML writes the simple ones."""
    return str(value).lower() if isinstance(value, bool) else shown(value)


def _options(words: list[str], where: str, table: Table) -> Table:
    """Return every parameter of `evaluate`, as its command line would parse these words."""
    try:
        context = _command().make_context("evaluate", [*words, "--out", "run"])
    except TyperException as error:
        key = "" if (parameter := getattr(error, "param", None)) is None else _key(parameter)
        given = f"{key} = {_shown(table[key])}" if key in table else key
        message = getattr(error, "message", error)
        raise SpecError(f"{where}: {given}{': ' if given else ''}{message}") from error
    return dict(context.params)


def _moved(key: str, value: object, move: Callable[[str], str]) -> object:
    """Return a value of a key; a path in it is moved."""
    if not isinstance(value, str | Path):
        return value
    text = str(value)
    path = _path_in(key, text)
    return text if path is None else text.removesuffix(path) + move(path)


def _path_in(key: str, text: str) -> str | None:
    """Return the path at the end of a value; None where it has none."""
    if key in ("checkpoint", "arch") and text.startswith(_HF):
        return text.partition(":")[2]
    if key == "checkpoint" and is_shipped_name(text):
        return None
    if key in _PATHS and not (key == "classes" and text in CLASS_LISTS):
        return text
    if key in _SOURCES and not is_shipped_name(text):
        return text.partition(":")[2]
    return None


def _check_folders(runs: list[SuiteRun]) -> None:
    """Demand a folder and a label for each run; the report could not tell them apart."""
    seen: dict[str, str] = {}
    labels: dict[str, str] = {}
    for run in runs:
        label = run.texts.get("label", run.where)
        if label in labels:
            raise SpecError(
                f"{run.where}: label = {shown(label)} is that of {labels[label]}; give another"
            )
        labels[label] = run.where
        if run.folder in seen:
            raise SpecError(
                f"{run.where}: the folder {run.folder} is that of {seen[run.folder]}; give another "
                "label, or set out"
            )
        seen[run.folder] = run.where


def _safe(name: str, where: str) -> str:
    """Return a name as a folder within the suite's."""
    safe = re.sub(r"[^\w.+-]+", "-", name).strip("-.")
    if not safe or safe == "report":
        raise SpecError(f"{where}: {name!r} cannot name a folder; set out to another name")
    return safe[:100]


def _at(where: str, error: SpecError) -> SpecError:
    return SpecError(f"{where}: {error.message.marked}")


@cache
def _command() -> Any:
    app = typer.Typer(add_completion=False)
    app.command()(evaluate)
    return typer.main.get_command(app)


@cache
def _flags() -> frozenset[str]:
    """Return the keys that are true or false."""
    return frozenset(_key(p) for p in _command().params if getattr(p, "is_flag", False))


@cache
def _parameters() -> dict[str, str]:
    """Return the option of each key; "" for the checkpoint, which has none."""
    options = {
        _key(p): p.opts[0] if p.param_type_name == "option" else "" for p in _command().params
    }
    return {key: option for key, option in options.items() if key not in _NOT_KEYS}


def _key(parameter: Any) -> str:
    return str(parameter.opts[0]).removeprefix("--").replace("-", "_")

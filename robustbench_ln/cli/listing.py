"""`ln-bench list`: what can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from robustbench_ln.cli.options import AsJson
from robustbench_ln.cli.stored_lists import Rows, stored_rows
from robustbench_ln.lookup import find_entry
from robustbench_ln.texts.console import say

__all__ = ["list_entries"]


def list_entries(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT",
            help="modes, norms, noises, corruptions, archs, recipes, normalizations, baselines, "
            "suites or demo. Default: show what can be listed",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what can be asked for by name: modes, noises, corruptions, networks and more."""
    if what is None:
        rows = [(name, text) for name, (text, _) in _TABLES.items()]
    else:
        rows = find_entry(_TABLES, what, kind="list")[1]()
    if as_json:
        from robustbench_ln.reports.json_results import json_text

        say(json_text("list", {"what": what, "entries": _entries(rows)}))
        return
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        say(f"{name:<{width}}  {text}".rstrip())


def _entries(rows: Rows) -> list[dict[str, object]]:
    """Return each entry; lines without a name are details of the entry above them."""
    entries: list[dict[str, object]] = []
    details: list[str] = []
    for name, text in rows:
        if name:
            details = []
            entries.append({"name": name, "text": text, "details": details})
        else:
            details.append(text)
    return entries


def _modes() -> Rows:
    from robustbench_ln.modes import MODES

    return [
        (m.name, f"{m.statistics}" + (f" ({m.paper})" if m.paper != "-" else ""))
        for m in MODES.values()
    ]


def _normalizations() -> Rows:
    from robustbench_ln.spec import NORMALIZATIONS

    return [
        (name, f"mean {', '.join(map(str, mean))}; std {', '.join(map(str, std))}")
        for name, (mean, std) in NORMALIZATIONS.items()
    ]


def _baselines() -> Rows:
    from robustbench_ln.metrics.error_files import BASELINES

    return [(name, f"{entry.benchmark}: {entry.source}") for name, entry in BASELINES.items()]


def _demo() -> Rows:
    from robustbench_ln.files.shipped import SHIPPED_CHECKPOINTS, SHIPPED_IMAGES

    shipped = {**SHIPPED_CHECKPOINTS, **SHIPPED_IMAGES}
    return [(name, file.description) for name, file in shipped.items()]


def _suites() -> Rows:
    from robustbench_ln.files.shipped import SHIPPED_SUITES

    return [(name, file.description) for name, file in SHIPPED_SUITES.items()]


_TABLES: dict[str, tuple[str, Callable[[], Rows]]] = {
    "modes": ("ways to compute normalisation statistics (--modes)", _modes),
    "noises": ("noises of the LocalNorm papers (--noise)", partial(stored_rows, "noises")),
    "corruptions": (
        "common corruptions, with their parameters (--corruptions)",
        partial(stored_rows, "corruptions"),
    ),
    "archs": ("networks (--arch)", partial(stored_rows, "archs")),
    "normalizations": ("input normalisations (--normalize)", _normalizations),
    "baselines": ("networks that mCE can be relative to (--baseline)", _baselines),
    "norms": ("norm layers for train and convert (--norm)", partial(stored_rows, "norms")),
    "recipes": ("hyperparameters for train (--recipe)", partial(stored_rows, "recipes")),
    "suites": ("evaluations of the papers, for ln-bench run", _suites),
    "demo": ("checkpoints and images that come with the package", _demo),
}

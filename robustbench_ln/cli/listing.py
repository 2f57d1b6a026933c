"""`ln-bench list`: what can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from robustbench_ln.cli.options import AsJson
from robustbench_ln.lookup import find_entry
from robustbench_ln.texts.console import say

__all__ = ["list_entries"]

Rows = list[tuple[str, str]]


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


def _norms() -> Rows:
    from robustbench_ln.norms import NORMS

    return [(norm.id, f"{norm.description} ({norm.source})") for norm in NORMS.values()]


def _noises() -> Rows:
    from robustbench_ln.corruptions.localnorm_noise import NOISES

    return [
        (name, f"{convention:<8}  {(noise.apply.__doc__ or '').splitlines()[0]}")
        for (name, convention), noise in NOISES.items()
    ]


def _corruptions() -> Rows:
    from robustbench_ln.corruptions.registry import CORRUPTIONS

    rows = []
    for entry in CORRUPTIONS.values():
        standing = entry.family if entry.is_benchmark else f"{entry.family}, extra"
        rows.append((entry.name, standing))
        for table, parameters in entry.parameters.items():
            row = "; ".join(" ".join(f"{value:g}" for value in each) for each in parameters)
            rows.append(("", f"{table}: {row}"))
        rows.append(("", f"source: {entry.source}"))
        if entry.departs:
            rows.append(("", f"departs: {entry.departs}"))
    return rows


def _archs() -> Rows:
    from robustbench_ln.models.registry import ARCHITECTURES

    rows = [(a.id, a.source) for a in ARCHITECTURES.values()]
    return [
        *rows,
        ("torchvision:NAME", "any classifier of torchvision.models"),
        ("timm:NAME", "any classifier of timm (pip install timm)"),
        ("hf:DIR", "a folder of transformers' (pip install transformers)"),
    ]


def _recipes() -> Rows:
    from robustbench_ln.training import RECIPES

    rows = []
    for recipe in RECIPES.values():
        rows += [(recipe.name, recipe.purpose), ("", recipe.describe())]
    return rows


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
    "noises": ("noises of the LocalNorm papers (--noise)", _noises),
    "corruptions": ("common corruptions, with their parameters (--corruptions)", _corruptions),
    "archs": ("networks (--arch)", _archs),
    "normalizations": ("input normalisations (--normalize)", _normalizations),
    "baselines": ("networks that mCE can be relative to (--baseline)", _baselines),
    "norms": ("norm layers for train and convert (--norm)", _norms),
    "recipes": ("hyperparameters for train (--recipe)", _recipes),
    "suites": ("evaluations of the papers, for ln-bench run", _suites),
    "demo": ("checkpoints and images that come with the package", _demo),
}

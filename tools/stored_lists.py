"""What `ln-bench list` says of the registries that import torch."""

from __future__ import annotations

import json

from robustbench_ln.cli.stored_lists import Rows
from robustbench_ln.corruptions.localnorm_noise import NOISES
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.models.registry import ARCHITECTURES
from robustbench_ln.norms import NORMS
from robustbench_ln.training import RECIPES

__all__ = ["lists_text"]


def lists_text() -> str:
    """Return the content of robustbench_ln/cli/lists.json."""
    lists = {
        "norms": _norms(),
        "noises": _noises(),
        "corruptions": _corruptions(),
        "archs": _archs(),
        "recipes": _recipes(),
    }
    return json.dumps(lists, indent=1, ensure_ascii=False) + "\n"


def _norms() -> Rows:
    return [(norm.id, f"{norm.description} ({norm.source})") for norm in NORMS.values()]


def _noises() -> Rows:
    return [
        (name, f"{convention:<8}  {(noise.apply.__doc__ or '').splitlines()[0]}")
        for (name, convention), noise in NOISES.items()
    ]


def _corruptions() -> Rows:
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
    return [
        *((network.id, network.source) for network in ARCHITECTURES.values()),
        ("torchvision:NAME", "any classifier of torchvision.models"),
        ("timm:NAME", "any classifier of timm (pip install timm)"),
        ("hf:DIR", "a folder of transformers' (pip install transformers)"),
    ]


def _recipes() -> Rows:
    rows = []
    for recipe in RECIPES.values():
        rows += [(recipe.name, recipe.purpose), ("", recipe.describe())]
    return rows

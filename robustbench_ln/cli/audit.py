"""`ln-bench audit`: what deployment does to statistics of the test images."""

from __future__ import annotations

import inspect
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustbench_ln.cli.early import check_early
from robustbench_ln.cli.evaluate import evaluate
from robustbench_ln.cli.name_checks import split_names
from robustbench_ln.cli.options import Names
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.errors import SpecError, setting
from robustbench_ln.modes import MIXTURES, check_order
from robustbench_ln.spec import ALL_SET_SIZES
from robustbench_ln.texts.console import say

if TYPE_CHECKING:
    from robustbench_ln.runs.variants import Naming

__all__ = ["audit"]

_OWN: Mapping[str, Any] = {
    "set_sizes": Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Numbers of images that share statistics. Default: 1,2,4,...,512, as far as the "
            "images go",
            show_default=False,
        ),
    ],
    "streams": Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Orders of the images to compare with shuffled ones: by-class, dirichlet-A; mixed "
            "or growing, where each image has one of several conditions. Default: by-class,"
            "dirichlet-0.1,dirichlet-1,dirichlet-10, with several conditions also mixed,growing",
            show_default=False,
        ),
    ],
    "sliding": Annotated[
        bool,
        typer.Option(
            help="Also measure statistics that slide: of each image and those before it, as in a "
            "video",
        ),
    ],
    "names": Names,
}
_DEFAULTS = {
    "set_sizes": ",".join(map(str, ALL_SET_SIZES)),
    "streams": None,
    "sliding": True,
    "names": "papers",
}
_STREAMS = ("by-class", "dirichlet-0.1", "dirichlet-1", "dirichlet-10")
_REPLACED = ("order", "stat_batch", "group_size", "sliding", "shard", "baseline", "save_config")
"""Options of evaluate that an audit has no use for."""


def audit(**options: Any) -> None:
    """Measure how many images dynamic statistics need, and what a stream that is not shuffled does.

    Accuracy against the number of images that share statistics, and in streams whose classes come
    together. Without a noise or corruption the images are clean. Takes the options of evaluate.
    """
    command = shlex.join(["ln-bench", *sys.argv[1:]])
    sizes = _parse_sizes(options.pop("set_sizes"))
    asked, is_sliding = options.pop("streams"), options.pop("sliding")
    names = options.pop("names")
    streams = _STREAMS if asked is None else _check_streams(split_names(asked))
    out: Path = options["out"]
    filled = {**_evaluate_defaults(), **options}
    for stream in ("shuffled", *streams):
        check_early({**filled, "order": stream})
    from robustbench_ln.cli.asked import request_of
    from robustbench_ln.evaluation.audit import audit_runs
    from robustbench_ln.runs.variants import check_naming

    naming = check_naming(names)
    request = request_of(filled, command=command)
    request = replace(request, spec=replace(request.spec, set_sizes=sizes))
    if asked is None and request.has_several_conditions:
        streams = (*streams, *MIXTURES)
    with open_display(spell) as display:
        runs = audit_runs(request, streams, is_sliding=is_sliding, out=out, progress=display)
        _report(runs, out, naming, display)


def _report(runs: Mapping[str, Path], out: Path, names: Naming, display: Any) -> None:
    from robustbench_ln.reports.audit_report import write_audit

    written = write_audit(runs, out / "report", names=names, progress=display)
    say("\n".join([*written.sentences, *map(str, written.paths)]))


def _parse_sizes(text: str) -> tuple[int, ...]:
    words = split_names(text)
    if not words or not all(word.isascii() and word.isdigit() for word in words):
        raise SpecError(f"{setting('set_sizes', text)}: expected numbers of images, as in 1,16,128")
    return tuple(sorted({int(word[:18]) for word in words}))


def _check_streams(streams: Sequence[str]) -> Sequence[str]:
    """Return the streams beside the shuffled one, each once."""
    if "shuffled" in streams:
        raise SpecError(f"{setting('streams')}: shuffled images are always measured; leave it out")
    if twice := [stream for stream in streams if streams.count(stream) > 1]:
        raise SpecError(f"{setting('streams')}: {twice[0]} is listed twice")
    for stream in streams:
        check_order(stream, name="streams")
    return streams


def _evaluate_defaults() -> dict[str, Any]:
    return {
        name: parameter.default
        for name, parameter in inspect.signature(evaluate).parameters.items()
        if parameter.default is not parameter.empty
    }


def _signature() -> inspect.Signature:
    """Return the options of evaluate that an audit takes, and its own."""
    taken = [
        parameter
        for name, parameter in inspect.signature(evaluate, eval_str=True).parameters.items()
        if name not in _REPLACED
    ]
    own: Sequence[inspect.Parameter] = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[name], annotation=annotation
        )
        for name, annotation in _OWN.items()
    ]
    keyword = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in taken]
    return inspect.Signature([*keyword, *own])


audit.__signature__ = _signature()  # type: ignore[attr-defined]
audit.__annotations__ = {
    name: parameter.annotation for name, parameter in _signature().parameters.items()
}

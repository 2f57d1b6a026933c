"""`ln-bench speed`: what each norm costs, without a checkpoint."""

from __future__ import annotations

import json
import shlex
import sys
import textwrap
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any

import typer

from robustbench_ln.cli.completion import complete
from robustbench_ln.cli.name_checks import check_listed, split_names
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.texts.console import say, tell

if TYPE_CHECKING:
    from robustbench_ln.speed.norm_costs import NetworkSpeed

__all__ = ["speed"]


def speed(
    arch: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=complete("archs"),
            help="Network (see ln-bench list archs). Default: mnist-dnn, vgg-localnorm, "
            "resnet32-preact and resnet20",
            show_default=False,
        ),
    ] = None,
    norm: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            autocompletion=complete("norms"),
            callback=check_listed("norms", "norm"),
            help="Norms beside batch, as local,switch (ln-bench list norms); default: all",
            show_default=False,
        ),
    ] = None,
    repetitions: Annotated[
        int, typer.Option(metavar="N", help="Timed repetitions, after one that is not timed")
    ] = 5,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="JSON file for all times", show_default=False),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.json")] = False,
) -> None:
    """Time the training steps and forward passes of a network under each norm.

    The table has the seconds of an epoch, the parameters (the papers' columns) and the images/s of
    evaluation. Weights are fresh and images are noise: no checkpoint and no data are needed.
    """
    from robustbench_ln.norms import NORMS
    from robustbench_ln.speed.measure_norms import SPEED_ARCHS, describe_timing, time_norms
    from robustbench_ln.speed.norm_table import speed_note

    norms = tuple(NORMS) if norm is None else split_names(norm)
    if not norms:
        raise SpecError(f"--norm {norm}: no names given; write norms as local,switch")
    if out is not None:
        _check_out(out, overwrite=overwrite)
    about = describe_timing(shlex.join(["ln-bench", *sys.argv[1:]]), repetitions)
    networks = []
    for name in SPEED_ARCHS if arch is None else (arch,):
        with open_display(spell) as display:
            networks.append(time_norms(name, norms, repetitions=repetitions, progress=display))
        say(_table(networks[-1]))
    say(_fill(speed_note(networks, about)))
    if out is not None:
        _write(out, about, networks)


def _check_out(out: Path, *, overwrite: bool) -> None:
    """Find out before the minutes of timing that the record has no place."""
    from robustbench_ln.corrupted_sets.preview import check_new
    from robustbench_ln.files.regular_files import create_regular
    from robustbench_ln.files.write_errors import explain_write_errors

    check_new(out, name="out", overwrite=overwrite)
    if out.is_dir():
        raise RecordError(f"--out {out} is a folder; name a file in it")
    part = out.with_name(f"{out.name}.part")
    with explain_write_errors(part):
        create_regular(part).close()
        part.unlink()


def _table(network: NetworkSpeed) -> str:
    from robustbench_ln.reports.grids import to_text
    from robustbench_ln.speed.norm_table import speed_caption, speed_grid

    return f"{_fill(speed_caption(network))}\n\n{to_text(speed_grid(network), width=_width())}"


def _fill(text: str) -> str:
    return textwrap.fill(text, _width(), break_on_hyphens=False)


def _width() -> int:
    return max(80, get_terminal_size().columns)


def _write(out: Path, about: dict[str, Any], networks: list[NetworkSpeed]) -> None:
    from robustbench_ln.files.whole_files import write_whole

    record = about | {"networks": [network.to_json() for network in networks]}
    write_whole(out, (json.dumps(record, indent=1) + "\n").encode())
    tell(str(out))

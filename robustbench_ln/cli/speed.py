"""`ln-bench inspect --speed`: what each norm costs, without a checkpoint."""

from __future__ import annotations

import json
import shlex
import sys
import textwrap
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import typer

from robustbench_ln.cli.options import split_names
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.errors import RecordError, SpecError

if TYPE_CHECKING:
    from robustbench_ln.speed.norm_costs import NetworkSpeed

__all__ = ["inspect_speed"]


def inspect_speed(
    arch: str | None, norm: str | None, *, repetitions: int, out: Path | None, overwrite: bool
) -> None:
    """Time one network, or those of the papers, and print a table of each as soon as it is there.

    Args:
        arch: A network by name; None is SPEED_ARCHS.
        norm: Names of norms with commas; None is all.
        repetitions: Timed turns.
        out: Raw record; None for none.
        overwrite: Whether `out` may be there.
    """
    from robustbench_ln.norms import NORMS
    from robustbench_ln.speed.measure_norms import SPEED_ARCHS, describe_timing, time_norms
    from robustbench_ln.speed.norm_table import speed_note

    norms = tuple(NORMS) if norm is None else split_names(norm)
    if not norms:
        raise SpecError(f"--norm {norm}: names no norm; write it as local,switch")
    if out is not None:
        _check_out(out, overwrite=overwrite)
    about = describe_timing(shlex.join(["ln-bench", *sys.argv[1:]]), repetitions)
    networks = []
    for name in SPEED_ARCHS if arch is None else (arch,):
        with open_display(spell) as display:
            networks.append(time_norms(name, norms, repetitions=repetitions, progress=display))
        typer.echo(_table(networks[-1]))
    typer.echo(_fill(speed_note(networks, about)))
    if out is not None:
        _write(out, about, networks)


def _check_out(out: Path, *, overwrite: bool) -> None:
    """Find out before the minutes of timing that the record has no place."""
    from robustbench_ln.corrupted_sets.preview import check_new
    from robustbench_ln.files.write_errors import explain_write_errors

    check_new(out, name="out", overwrite=overwrite)
    if out.is_dir():
        raise RecordError(f"--out {out} is a folder; name a file in it")
    part = out.with_name(f"{out.name}.part")
    with explain_write_errors(part):
        part.touch()
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
    typer.echo(str(out), err=True)

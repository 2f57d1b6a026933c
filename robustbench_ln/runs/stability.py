"""Flips on disk: what was asked in flips.json, and a row for each perturbation and mode.

Rows are appended when a forward pass over a perturbation is finished, so that the same command goes
on with the next one. They hold counts of every sequence, from which means and intervals follow.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError, setting
from robustbench_ln.files.appended_files import append_whole, read_whole_lines
from robustbench_ln.files.described_files import encode_described, read_described
from robustbench_ln.files.resumable_folders import (
    FolderKind,
    ResumableFolder,
    add_new,
    find_changes,
)
from robustbench_ln.files.rules import Real, Several, Text, Texts, Whole
from robustbench_ln.files.schema import SCHEMA, check_fields, parse_fields, parse_json
from robustbench_ln.metrics.flips import MOST_DISTANCE, Sharing
from robustbench_ln.modes import MODES
from robustbench_ln.runs.description import CheckpointDescription, NormalizationDescription
from robustbench_ln.runs.records import DIGEST, SEED

__all__ = ["Stability", "StabilityCell", "StabilityDescription", "StabilityFolder"]

_FILE, _ROWS, _TABLE = "flips.json", "flips.jsonl", "flips.csv"
_MOST_SEQUENCES = 10**6
_COUNTS = Several(of=Whole(), least=1, most=_MOST_SEQUENCES)


class StabilityCell(NamedTuple):
    """What tells a row from every other one of its folder; see `Stability`."""

    perturbation: str
    mode: str
    set_size: int | None
    sharing: str = "sets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """One mode on the sequences of one perturbation, a line of flips.jsonl.

    Attributes:
        perturbation: Name of the perturbation.
        frames_sha256: SHA-256 digest of its frames; of videos, of their names and sizes.
        mode: Name of the mode.
        set_size: Number of frames that share statistics; null where the network's own are used.
        sharing: Who shares statistics where a mode has sets: consecutive frames ("sets"), or each
            frame and those before it ("sliding").
        num_frames: Number of frames of each sequence.
        comparisons: Number of comparisons in each sequence.
        flips: Number of comparisons of each sequence in which the class changes.
        distances: Sum of the top-5 distances of each sequence's comparisons; null where the network
            has fewer than five classes.
    """

    perturbation: Annotated[str, Text()]
    frames_sha256: Annotated[str, DIGEST]
    mode: Annotated[str, Text(choices=tuple(MODES))]
    set_size: Annotated[int | None, Whole(least=1, unit="frames")]
    sharing: Annotated[str, Text(choices=("sets", "sliding"))] = "sets"
    num_frames: Annotated[int, Whole(least=2, unit="frames")]
    comparisons: Annotated[int, Whole(least=1)]
    flips: Annotated[tuple[int, ...], _COUNTS]
    distances: Annotated[tuple[int, ...] | None, _COUNTS]

    def __post_init__(self) -> None:
        """Refuse what cannot have been measured."""
        check_fields(self)
        if self.comparisons >= self.num_frames or max(self.flips) > self.comparisons:
            raise RecordError(
                f"{self.perturbation}, {self.mode}: {max(self.flips)} flips in {self.comparisons} "
                f"comparisons of {self.num_frames} frames"
            )
        distances = self.distances or (0,) * len(self.flips)
        most = MOST_DISTANCE * self.comparisons
        if len(distances) != len(self.flips) or max(distances) > most:
            raise RecordError(
                f"{self.perturbation}, {self.mode}: 'distances' do not fit {len(self.flips)} "
                f"sequences of {self.comparisons} comparisons"
            )

    @property
    def cell(self) -> StabilityCell:
        """What tells the row from every other one of its folder."""
        return StabilityCell(self.perturbation, self.mode, self.set_size, self.sharing)

    @property
    def flip_shares(self) -> NDArray[np.float64]:
        """[N] of each sequence, the share of comparisons in which the class changes."""
        return np.array(self.flips) / self.comparisons

    @property
    def mean_distances(self) -> NDArray[np.float64] | None:
        """[N] of each sequence, the mean top-5 distance; None below five classes."""
        return None if self.distances is None else np.array(self.distances) / self.comparisons

    @property
    def frame_sharing(self) -> Sharing:
        """Which sequences depend on each other."""
        return Sharing(self.num_frames, self.set_size)


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilityDescription:
    """The content of flips.json.

    Attributes:
        schema: Version of these fields.
        commands: Command lines that added rows, in their order.
        source: The sequences as the user named them.
        checkpoint: The network under test.
        normalize: Input normalisation of the network.
        difficulty: Frames from one to the next that it is compared with; of a noise, the set.
        limit: Number of sequences that were asked for; null is all.
        stat_batch: Number of frames that share statistics in dbn-batch and bn-adapt.
        group_size: Number of frames that share statistics in ln-batch and ln-voting.
        prior: Weight of the running statistics in bn-adapt, in images.
        seed: Seed for group choice and tie-breaking.
        tie_rule: Rule that breaks tied votes.
        device: Kind of device that the network ran on: "cpu", "cuda".
        versions: Versions of the packages that results may depend on.
    """

    schema: Annotated[int, Whole(least=1, most=SCHEMA)] = SCHEMA
    commands: Annotated[tuple[str, ...], Several(of=Text(longest=100_000))]
    source: Annotated[str, Text(longest=10_000)]
    checkpoint: CheckpointDescription
    normalize: NormalizationDescription
    difficulty: Annotated[int, Whole(least=1, most=3)]
    limit: Annotated[int | None, Whole(least=1, unit="sequences")]
    stat_batch: Annotated[int, Whole(least=1, unit="frames")]
    group_size: Annotated[int, Whole(least=1, unit="frames")]
    prior: Annotated[float, Real(least=0, unit="images")]
    seed: Annotated[int, SEED]
    tie_rule: Annotated[str, Text()]
    device: Annotated[str, Text(longest=60)]
    versions: Annotated[dict[str, str], Texts()]

    def __post_init__(self) -> None:
        """Check every field."""
        check_fields(self)


class StabilityFolder(ResumableFolder[StabilityDescription]):
    """An open folder of flips, held by this process alone until it is closed.

    Attributes:
        path: Path of the folder.
        rows: Rows, in the order they were measured.

    Args:
        path: Made if it does not exist.
        description: What is asked for now.

    Raises:
        RecordError: It holds something else or was asked for something else, another process holds
            it, its files are damaged, or it cannot be written.
    """

    def __init__(self, path: Path, description: StabilityDescription) -> None:
        super().__init__(path, _KIND)
        with self.opening():
            self.begin(description)
            self.rows = _read_rows(path / _ROWS)

    @property
    def has_results(self) -> bool:
        """Whether it has a row."""
        return bool(self.rows)

    def append(self, rows: Sequence[Stability]) -> None:
        """Append rows, all or none, and sync them."""
        lines = (json.dumps(asdict(row), separators=(",", ":")) + "\n" for row in rows)
        append_whole(self.path / _ROWS, "".join(lines).encode())
        self.rows += rows

    def find(self, perturbation: str, frames_sha256: str) -> list[Stability]:
        """Return the rows of a perturbation.

        Raises:
            RecordError: They are of other frames.
        """
        found = [row for row in self.rows if row.perturbation == perturbation]
        if any(row.frames_sha256 != frames_sha256 for row in found):
            raise RecordError(
                f"{self.path / _ROWS}: {perturbation} was measured on other frames; give "
                f"{setting('out')} a new folder"
            )
        return found


def _resume(
    folder: Path, earlier: StabilityDescription, asked: StabilityDescription
) -> StabilityDescription:
    for change in find_changes(_identity(earlier), _identity(asked)):
        raise RecordError(
            f"{folder} holds flips whose {change.name} is {change}; give {setting('out')} a new "
            "folder"
        )
    return replace(asked, commands=tuple(add_new(earlier.commands, asked.commands)))


def _identity(description: StabilityDescription) -> dict[str, Any]:
    """Return what may not change within a folder."""
    content = asdict(description)
    for name in ("schema", "commands", "source", "versions"):
        del content[name]
    checkpoint = content.pop("checkpoint")
    del checkpoint["path"]
    return content | {f"checkpoint {name}": value for name, value in checkpoint.items()}


def _read_rows(path: Path) -> list[Stability]:
    if not path.is_file():
        return []
    rows: dict[StabilityCell, Stability] = {}
    for number, line in enumerate(read_whole_lines(path), start=1):
        where = f"{path}, line {number}"
        row = parse_fields(Stability, parse_json(line, where), where, SCHEMA)
        if rows.setdefault(row.cell, row) != row:
            raise RecordError(
                f"{where}: {row.perturbation}, {row.mode} was measured before, with other counts; "
                f"give {setting('out')} a new folder"
            )
    return [*rows.values()]


_KIND = FolderKind(
    of="flips",
    file=_FILE,
    names=frozenset({_FILE, _ROWS, _TABLE, "lock"}),
    logs=(_ROWS,),
    read=lambda folder: read_described(StabilityDescription, folder / _FILE),
    encode=encode_described,
    resume=_resume,
)

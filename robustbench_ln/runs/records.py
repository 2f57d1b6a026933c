"""One measured row, and how it lies on disk: JSON Lines, counts and not rates."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from robustbench_ln.errors import RecordError
from robustbench_ln.spec import Condition

__all__ = ["SCHEMA", "Record", "parse_record", "read_records"]

SCHEMA = 1
"""Version of the row's fields. A newer one is refused, an older one migrated."""


_TYPES: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "float": (int, float),
    "str": str,
    "tuple[str, ...]": tuple,
    "dict[str, str]": dict,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One (condition, mode) of one run: a line of cells.jsonl.

    Everything down to `total` says what was measured and is the row's key: rows that differ in it
    are never merged or compared silently. Only `seconds` may differ when a run is repeated.

    Attributes:
        schema: Version of these fields.
        checkpoint_sha256: Digest of the checkpoint's file.
        data_sha256: Digest of the images and labels.
        seed: Decides draws, order, group picks and ties.
        order: "shuffled" or "as-is".
        limit: --limit, or None.
        mode: "bn", "ln-voting", ...
        set_size: Images that share statistics; None where the statistics are the network's own.
        prior: bn-adapt's weight of the running statistics, in images, as text ("inf" is one); else
            None.
        tie_rule: How votes were broken; None where nothing is voted on.
        corruption: Name of the noise or corruption, or "clean".
        severity: Sigma, or 1-5, or 0 for clean.
        convention: "paper" or "released" for a LocalNorm noise, else None.
        range: "clip", "rescale" or "none" for a LocalNorm noise, else None.
        severity_table: "cifar10-c" or "imagenet-c" for a common corruption, else None.
        frost: "photographs" or "procedural" for frost, else None.
        origin: "generated" by this package, or "official": a set that others made.
        corrupted_sha256: Digest of the stored images (of a folder: names and sizes); None where
            they were made on the fly.
        num_groups: Groups of LocalNorm parameters; 1 without LocalNorm.
        arithmetic: Of the network: "float32", or the options that changed it: "bf16+compiled".
        outputs: Of the network: "logits", or "probabilities", of which the logarithm is taken.
        total: Images scored, each exactly once.
        correct: Images whose prediction is the label.
        expected_correct: Exact expectation of `correct` over the random group; None where no group
            is random.
        expected_sd: Standard deviation of the same.
        ties: Images whose vote was tied.
        refills: Images that were shown again to fill the last set; never scored twice.
        running_layers: Norm layers that kept their running statistics under a dynamic layout.
        gain: Mean of the noisy pixels / mean of the clean ones, before the range step. None where
            the condition is no LocalNorm noise.
        relative_noise_std: RMS(noisy - gain x clean) / RMS(gain x clean), before the range step.
        clipped_share: Share of values that the range step clipped, 0..1.
        psnr: Of what the network sees against the clean images, dB.
        nll: Mean negative log-likelihood of the labels (voting: of the mean probability).
        ece: Expected calibration error, 15 equal bins, 0..1.
        seconds: Wall time of the forward passes that fed this row.
        versions: Of the package, torch and numpy.
    """

    schema: int = SCHEMA
    checkpoint_sha256: str
    data_sha256: str
    seed: int
    order: str
    limit: int | None
    mode: str
    set_size: int | None
    prior: str | None
    tie_rule: str | None
    corruption: str
    severity: float
    convention: str | None
    range: str | None
    severity_table: str | None
    frost: str | None
    origin: str
    corrupted_sha256: str | None = None
    num_groups: int
    arithmetic: str = "float32"
    outputs: str = "logits"
    total: int
    correct: int
    expected_correct: float | None
    expected_sd: float | None
    ties: int
    refills: int
    running_layers: tuple[str, ...] = ()
    gain: float | None = None
    relative_noise_std: float | None = None
    clipped_share: float | None = None
    psnr: float | None = None
    nll: float | None = None
    ece: float | None = None
    seconds: float
    versions: dict[str, str]

    def __post_init__(self) -> None:
        """Refuse what cannot have been measured."""
        for field in fields(self):
            kind, _, is_optional = str(field.type).partition(" | ")
            value = getattr(self, field.name)
            if not (isinstance(value, _TYPES[kind]) or (is_optional and value is None)):
                raise RecordError(f"'{field.name}' is {value!r}; expected {field.type}")
            if isinstance(value, float) and not math.isfinite(value):
                raise RecordError(f"{self.name}: '{field.name}' is {value}")
        if not 0 <= self.correct <= self.total or self.total < 1:
            raise RecordError(f"{self.name}: {self.correct} correct of {self.total} images")

    @property
    def name(self) -> str:
        """The row in words, for messages."""
        return f"{self.mode} under {self.corruption} {self.severity:g}"

    @property
    def key(self) -> tuple[Any, ...]:
        """What was measured. Two rows with the same key are the same measurement."""
        return tuple(getattr(self, name) for name in KEY_FIELDS)

    @property
    def condition(self) -> Condition:
        """What was done to the images."""
        return Condition(**{name: getattr(self, name) for name in Condition.__slots__})

    @property
    def accuracy(self) -> float:
        """Share of correct predictions, 0..1."""
        return self.correct / self.total

    def to_line(self) -> str:
        """Return the JSON line, with its line end."""
        return json.dumps(asdict(self), allow_nan=False) + "\n"


KEY_FIELDS = tuple(
    field.name for field in fields(Record)[: [f.name for f in fields(Record)].index("correct")]
)


def parse_record(line: str, where: str) -> Record:
    """Return the row that a line of cells.jsonl holds.

    Raises:
        RecordError: Not JSON, a newer schema, missing or unknown fields; the message says `where`.
    """
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise RecordError(f"{where}: not a line of JSON ({error.msg})") from error
    if not isinstance(row, dict) or not isinstance(row.get("schema"), int):
        raise RecordError(f"{where}: not a row of ln-bench (no 'schema')")
    if row["schema"] > SCHEMA:
        raise RecordError(
            f"{where}: schema {row['schema']} is newer than {SCHEMA}; update robustbench_ln"
        )
    known = {field.name for field in fields(Record)}
    required = {f.name for f in fields(Record) if f.name not in _OPTIONAL}
    if unknown := sorted(set(row) - known):
        raise RecordError(f"{where}: unknown fields {', '.join(unknown)}")
    if missing := sorted(required - set(row)):
        raise RecordError(f"{where}: missing fields {', '.join(missing)}")
    if isinstance(row.get("running_layers"), list):
        row["running_layers"] = tuple(row["running_layers"])
    try:
        return Record(**row)
    except RecordError as error:
        raise RecordError(f"{where}: {error}") from error


_OPTIONAL = {
    "schema", "corrupted_sha256", "arithmetic", "outputs", "running_layers", "gain",
    "relative_noise_std", "clipped_share", "psnr", "nll", "ece",
}  # fmt: skip


def read_records(run: Path) -> list[Record]:
    """Return the rows of a run directory, in the order they were measured.

    A last line without its line end was being written when the run was killed; it is left out,
    as if it had never been begun.

    Raises:
        RecordError: No such file, or a line that is no row.
    """
    path = run / "cells.jsonl"
    if not path.is_file():
        raise RecordError(f"{run}: no cells.jsonl; expected a run directory of ln-bench evaluate")
    lines = path.read_bytes().split(b"\n")[:-1]
    return [
        parse_record(line.decode("utf-8", "replace"), f"{path}, line {number}")
        for number, line in enumerate(lines, start=1)
    ]

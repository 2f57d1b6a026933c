"""One measured row, and how it lies on disk: JSON Lines, counts and not rates."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, NamedTuple, get_args

from robustbench_ln.errors import RecordError
from robustbench_ln.files.appended_files import read_whole_lines
from robustbench_ln.files.rules import Real, Several, Text, Texts, Whole
from robustbench_ln.files.schema import SCHEMA, check_fields, parse_fields, parse_json
from robustbench_ln.modes import MODES
from robustbench_ln.runs.cells import CellKey, ModeOptions
from robustbench_ln.spec import Condition, TieRule

__all__ = [
    "DIGEST", "ORDER", "SEED", "Record", "RowKey", "parse_record", "read_records",
    "refuse_other_counts",
]  # fmt: skip

DIGEST = Text(pattern=r"[\w-]{1,128}", like="a digest")
SEED = Whole(most=2**63 - 1)
ORDER = Text(
    pattern=r"shuffled|as-is|by-class|mixed|growing|dirichlet-[0-9.e+-]{1,12}",
    like="shuffled, as-is, by-class, mixed, growing or dirichlet-A",
)

_PRIOR = Text(
    pattern=r"inf|[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?",
    like="a number of at least 0 as text",
    longest=30,
)
_CORRUPTION = Text(pattern=r"[^/\\\x00-\x1f\x7f-\x9f]{1,100}", like="a name without slashes")
_NAME = Text(pattern=r"[\w-]{1,60}", like="a name of letters, digits and hyphens")
_ARITHMETIC = Text(pattern=r"[a-z0-9+]{1,60}", like="float32 or options joined by +", since=2)
_OUTPUTS = Text(choices=("logits", "probabilities"), since=3)
_PARTS = Text(
    pattern=r"[1-9][0-9]{0,6}-[0-9a-f]{12}",
    like="a number and a digest, as 6-0123456789ab",
    since=5,
)
_SHARING = Text(choices=("sets", "sliding"), since=5)
_CLASSES = Text(
    pattern=r"[1-9][0-9]{0,6}-[0-9a-f]{12}",
    like="a number and a digest, as 200-0123456789ab",
    since=4,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One (condition, mode) of one run: a line of cells.jsonl.

    Everything down to `total` says what was measured and is the row's key: rows that differ in it
    are never merged or compared silently. Only `seconds` may differ when a run is repeated.

    Attributes:
        schema: Version of these fields.
        checkpoint_sha256: SHA-256 digest of the checkpoint's file.
        data_sha256: SHA-256 digest of the images and labels.
        seed: Seed for noise, image order, group choice and tie-breaking.
        order: Order in which the images were evaluated.
        limit: Number of images that the run was limited to; null without a limit.
        mode: Evaluation mode.
        set_size: Number of images that share statistics; null where the network's own are used.
        prior: Weight of the running statistics in bn-adapt, in images, as text because it may be
            infinite; null in other modes.
        tie_rule: Rule that breaks tied votes; null where nothing is voted on.
        corruption: Name of the noise or corruption, or "clean".
        severity: Sigma of a noise, severity 1-5 of a common corruption, 0 of the clean images.
        convention: Convention of a LocalNorm noise; null for anything else.
        range: How a LocalNorm noise returns to the pixel range; null for anything else.
        severity_table: Severity table of a common corruption, "cifar10-c" or "imagenet-c"; null for
            anything else.
        frost: Textures of the corruption frost; null for anything else.
        origin: Who made the corrupted images: this package, or the publisher of the set.
        corrupted_sha256: SHA-256 digest of the stored corrupted images, for a folder of names and
            sizes; null where the images were made during the evaluation.
        parts: Conditions of a stream in which each image has one of its own: their number, and the
            first 12 digits of the SHA-256 digest of what they are; null for a single condition.
        num_groups: Number of groups of LocalNorm parameters; 1 without LocalNorm.
        arithmetic: Arithmetic of the network: "float32", or the options that changed it, as
            "bf16+compiled".
        outputs: What the network returns: logits, or probabilities, whose logarithm is taken.
        classes: Classes that are scored, where logits of others are left out: their number, and the
            first 12 digits of the SHA-256 digest of their indices, "3,5"; null where all are.
        sharing: Images that share statistics in a mode with sets: "sets" of consecutive images, or
            "sliding", each image and the `set_size` - 1 before it.
        total: Number of images scored, each exactly once.
        correct: Number of images whose prediction is the label.
        expected_correct: Exact expectation of `correct` over the random group; null where no group
            is random.
        expected_sd: Standard deviation of `correct` over the random group; null where no group is
            random.
        ties: Number of images whose vote was tied.
        refills: Number of images that were shown again to fill the last set; none is scored twice.
        running_layers: Names of the norm layers that kept their running statistics under a layout
            that computes them from the test images.
        gain: Mean of the noisy pixels divided by the mean of the clean ones, before the range step;
            null for anything but a LocalNorm noise.
        relative_noise_std: RMS(noisy - gain x clean) / RMS(gain x clean), before the range step;
            null for anything but a LocalNorm noise.
        clipped_share: Share of the values that the range step clipped; null for anything but a
            LocalNorm noise.
        psnr: Peak signal-to-noise ratio of what the network sees against the clean images; null for
            anything but a LocalNorm noise.
        nll: Mean negative log-likelihood of the labels; of the mean probability under voting.
        ece: Expected calibration error over 15 equal bins.
        images_sha256: SHA-256 digest of the histogram and the samples in the file of predictions;
            null where they were not kept.
        seconds: Wall time of the forward passes that fed this row.
        versions: Versions of the packages that results may depend on.
    """

    schema: Annotated[int, Whole(least=1, most=SCHEMA)] = SCHEMA
    checkpoint_sha256: Annotated[str, DIGEST]
    data_sha256: Annotated[str, DIGEST]
    seed: Annotated[int, SEED]
    order: Annotated[str, ORDER]
    limit: Annotated[int | None, Whole(least=1, unit="images")]
    mode: Annotated[str, Text(choices=tuple(MODES))]
    set_size: Annotated[int | None, Whole(least=1, unit="images")]
    prior: Annotated[str | None, _PRIOR]
    tie_rule: Annotated[str | None, Text(choices=get_args(TieRule))]
    corruption: Annotated[str, _CORRUPTION]
    severity: Annotated[float, Real(least=0)]
    convention: Annotated[str | None, Text(choices=("paper", "released"))]
    range: Annotated[str | None, Text(choices=("clip", "rescale", "none"))]
    severity_table: Annotated[str | None, _NAME]
    frost: Annotated[str | None, Text(choices=("photographs", "procedural"))]
    origin: Annotated[str, Text(choices=("generated", "official"))]
    corrupted_sha256: Annotated[
        str | None, Text(pattern=DIGEST.pattern, like=DIGEST.like, since=2)
    ] = None
    parts: Annotated[str | None, _PARTS] = None
    num_groups: Annotated[int, Whole(least=1, most=10**6, unit="groups")]
    arithmetic: Annotated[str, _ARITHMETIC] = "float32"
    outputs: Annotated[str, _OUTPUTS] = "logits"
    classes: Annotated[str | None, _CLASSES] = None
    sharing: Annotated[str, _SHARING] = "sets"
    total: Annotated[int, Whole(least=1, unit="images")]
    correct: Annotated[int, Whole(unit="images")]
    expected_correct: Annotated[float | None, Real(least=0, unit="images")]
    expected_sd: Annotated[float | None, Real(least=0, unit="images")]
    ties: Annotated[int, Whole(unit="images")]
    refills: Annotated[int, Whole(unit="images")]
    running_layers: Annotated[tuple[str, ...], Several(of=Text(), since=2)] = ()
    gain: Annotated[float | None, Real(since=2)] = None
    relative_noise_std: Annotated[float | None, Real(least=0, since=2)] = None
    clipped_share: Annotated[float | None, Real(least=0, most=1, since=2)] = None
    psnr: Annotated[float | None, Real(unit="dB", since=2)] = None
    nll: Annotated[float | None, Real(unit="nats", since=2)] = None
    ece: Annotated[float | None, Real(least=0, most=1, since=2)] = None
    images_sha256: Annotated[
        str | None, Text(pattern=DIGEST.pattern, like=DIGEST.like, since=3)
    ] = None
    seconds: Annotated[float, Real(least=0, unit="seconds")]
    versions: Annotated[dict[str, str], Texts()]

    def __post_init__(self) -> None:
        """Refuse what cannot have been measured."""
        check_fields(self)
        for name in ("correct", "ties"):
            if getattr(self, name) > self.total:
                raise RecordError(
                    f"'{name}' is {getattr(self, name)} in {self.name}; expected at most 'total', "
                    f"{self.total} images"
                )

    @property
    def name(self) -> str:
        """The row in words, for messages."""
        return f"{self.mode} under {self.corruption} {self.severity:g}"

    @property
    def key(self) -> RowKey:
        """What was measured. Two rows with the same key are the same measurement."""
        return RowKey(
            self.checkpoint_sha256,
            self.data_sha256,
            self.order,
            self.limit,
            self.cell,
            self.num_groups,
            self.total,
        )

    @property
    def cell(self) -> CellKey:
        """What tells the row from every other one of its run."""
        return CellKey(condition=self.condition, options=self.options, seed=self.seed)

    @property
    def images_together(self) -> int:
        """Images of one draw of a random group: a whole set, or one image where sets slide."""
        return 1 if self.sharing == "sliding" else self.set_size or 1

    @property
    def options(self) -> ModeOptions:
        """The mode and its options."""
        return ModeOptions(**{name: getattr(self, name) for name in ModeOptions._fields})

    @property
    def condition(self) -> Condition:
        """What was done to the images."""
        return Condition(**{name: getattr(self, name) for name in Condition.__slots__})

    @property
    def num_scored_classes(self) -> int | None:
        """Number of classes that are scored; None where all of the network's are."""
        return None if self.classes is None else int(self.classes.partition("-")[0])

    @property
    def accuracy(self) -> float:
        """Share of correct predictions, 0..1."""
        return self.correct / self.total

    def to_line(self) -> str:
        """Return the JSON line, with its line end."""
        return json.dumps(asdict(self), allow_nan=False) + "\n"


class RowKey(NamedTuple):
    """The identity of a row among the rows of all runs; see `Record`."""

    checkpoint_sha256: str
    data_sha256: str
    order: str
    limit: int | None
    cell: CellKey
    num_groups: int
    total: int


_COUNTED = (
    "total", "correct", "num_groups", "ties", "refills", "expected_correct", "expected_sd",
)  # fmt: skip
"""Fields in which two rows of one cell are equal."""
_ROUNDED = ("nll", "ece")
"""Fields in which they are alike: machines round logits differently, by up to 1e-4."""


def parse_record(line: bytes, where: str) -> Record:
    """Return the row that a line of cells.jsonl holds.

    Raises:
        RecordError: It is no row that this version can read; the message says `where`.
    """
    return parse_fields(Record, parse_json(line, where), where)


def read_records(run: Path) -> list[Record]:
    """Return the rows of a run directory, in the order they were measured.

    A last line without its line end was being written when the run was killed; it is left out,
    as if it had never been begun.

    Raises:
        RecordError: No such file, a line that is no row, or one cell with two results.
    """
    path = run / "cells.jsonl"
    if not path.is_file():
        raise RecordError(f"{run}: no cells.jsonl; expected a run directory of ln-bench evaluate")
    records: list[Record] = []
    first: dict[CellKey, int] = {}
    for number, line in enumerate(read_whole_lines(path), start=1):
        record = parse_record(line, f"{path}, line {number}")
        records.append(record)
        earlier = first.setdefault(record.cell, number)
        refuse_other_counts(records[earlier - 1], record, f"{path}, lines {earlier} and {number}")
    return records


def refuse_other_counts(
    earlier: Record,
    record: Record,
    where: str,
    *,
    cure: str = "measure it again in a new run directory",
) -> None:
    """Demand that two rows of one cell say the same.

    Args:
        earlier: The one.
        record: The other.
        where: They stand.
        cure: What to do if not.

    Raises:
        RecordError: They do not.
    """
    for name in (*_COUNTED, *_ROUNDED):
        values = getattr(earlier, name), getattr(record, name)
        is_close = name in _ROUNDED and None not in values and math.isclose(*values, abs_tol=1e-3)
        if values[0] != values[1] and not is_close:
            raise RecordError(
                f"{where}: {record.name} was measured twice, with '{name}' {values[0]} and "
                f"{values[1]}; {cure}"
            )

"""run.json: what a run was asked for, and whatever may not change within one run directory."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from robustbench_ln.errors import RecordError, setting
from robustbench_ln.files.described_files import encode_described, read_described
from robustbench_ln.files.resumable_folders import add_new, find_changes
from robustbench_ln.files.rules import Numbers, Part, Real, Several, Text, Texts, Whole
from robustbench_ln.files.schema import SCHEMA, check_fields
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.runs.check_results import CheckResult
from robustbench_ln.runs.records import DIGEST, ORDER, SEED
from robustbench_ln.runs.shards import SHARD_PATTERN

__all__ = [
    "FILE_NAME",
    "CheckpointDescription",
    "DataDescription",
    "NormalizationDescription",
    "RunDescription",
    "read_description",
    "resume_description",
    "writable",
    "write_description",
]

FILE_NAME = "run.json"

_PATH = Text(longest=10_000)
_CODE = Text(pattern=DIGEST.pattern, like=DIGEST.like, since=4)
_SHARD = Text(pattern=SHARD_PATTERN, like="a shard of a run, as 2/4", since=5)
_SIDE = Whole(least=1, most=10**6)
_CHANNELS = Several(of=Real(), least=1, most=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointDescription:
    """The network under test.

    Attributes:
        path: Path of the checkpoint's file, as it was given; null where Python evaluated a network.
        sha256: SHA-256 digest of the file; of a network in Python, of its modules and weights.
        arch: Name of the network.
        num_parameters: Number of parameters.
        num_groups: Number of groups of LocalNorm parameters; 1 without LocalNorm.
        norm_classes: Names of the user's own classes of norm layers.
        code_sha256: SHA-256 digest of the user's file that makes the network, and of what it
            imports beside it, or of the config.json of hf:DIR; null for other networks, and for
            runs that did not keep it yet.
    """

    path: Annotated[str | None, Text(longest=10_000, since=2)] = None
    sha256: Annotated[str, DIGEST]
    arch: Annotated[str, _PATH]
    num_parameters: Annotated[int, Whole(most=10**15)]
    num_groups: Annotated[int, Whole(least=1, most=10**6, unit="groups")]
    norm_classes: Annotated[tuple[str, ...], Several(of=Text(), since=2)] = ()
    code_sha256: Annotated[str | None, _CODE] = None

    def __post_init__(self) -> None:
        """Check every field."""
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDescription:
    """The clean test images.

    Attributes:
        source: The images as the user named them.
        sha256: SHA-256 digest of the images and labels.
        num_images: Number of images, before a limit.
        shape: Height and width in pixels, and number of channels.
        num_classes: Number of classes of the network.
    """

    source: Annotated[str, _PATH]
    sha256: Annotated[str, DIGEST]
    num_images: Annotated[int, Whole(least=1, unit="images")]
    shape: Annotated[tuple[int, ...], Several(of=_SIDE, least=3, most=3)]
    num_classes: Annotated[int, Whole(least=1, most=10**6)]

    def __post_init__(self) -> None:
        """Check every field."""
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizationDescription:
    """Input normalisation of the network, (x - mean) / std of pixels from 0 to 1.

    Attributes:
        name: The normalisation as the user named it.
        mean: Mean of each channel.
        std: Standard deviation of each channel.
    """

    name: Annotated[str, Text()]
    mean: Annotated[tuple[float, ...], _CHANNELS]
    std: Annotated[tuple[float, ...], _CHANNELS]

    def __post_init__(self) -> None:
        """Check every field."""
        check_fields(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDescription:
    """The content of run.json.

    Attributes:
        schema: Version of these fields.
        label: Name of the run in tables.
        commands: Command lines that added to the run, in their order; none where Python did.
        checkpoint: The network under test.
        data: The clean test images.
        normalize: Input normalisation of the network.
        seed: First seed; rows with another seed are repeats.
        order: Order in which the images were evaluated.
        limit: Number of images that the run was limited to; null without a limit.
        device: Kind of device that the network ran on: "cpu", "cuda".
        dtype: Type of the network's weights.
        versions: Versions of the packages that results may depend on.
        checks: What the checks of the latest start said.
        device_batches: Number of images that went through the network at once, rotations counted,
            by layout.
        shard: Which shard of a run this is, "2/4" for the second of four; null for a whole run.
        shard_of: SHA-256 digest of the cells of the whole run that it is a shard of; null for a
            whole run.
    """

    schema: Annotated[int, Whole(least=1, most=SCHEMA)] = SCHEMA
    label: Annotated[str, Text()]
    commands: Annotated[tuple[str, ...], Several(of=Text(longest=100_000))]
    checkpoint: CheckpointDescription
    data: DataDescription
    normalize: NormalizationDescription
    seed: Annotated[int, SEED]
    order: Annotated[str, ORDER]
    limit: Annotated[int | None, Whole(least=1, unit="images")]
    device: Annotated[str, Text(longest=60)]
    dtype: Annotated[str, Text(choices=("float32",))]
    versions: Annotated[dict[str, str], Texts()]
    checks: Annotated[tuple[CheckResult, ...], Several(of=Part(of=CheckResult), since=3)] = ()
    device_batches: Annotated[dict[str, int], Numbers(since=4)] = field(default_factory=dict)
    shard: Annotated[str | None, _SHARD] = None
    shard_of: Annotated[str | None, Text(pattern=DIGEST.pattern, like=DIGEST.like, since=5)] = None

    def __post_init__(self) -> None:
        """Check every field."""
        check_fields(self)
        numbers = [int(part) for part in (self.shard or "1/1").split("/")]
        if numbers[0] > numbers[1] or (self.shard is None) != (self.shard_of is None):
            raise RecordError(
                f"'shard' is {self.shard} and 'shard_of' is {self.shard_of}; expected a shard of a "
                "run, as 2/4, and a digest, or null and null"
            )

    @property
    def identity(self) -> dict[str, Any]:
        """What runs have in common that are parts of one, wherever their files lay."""
        return _identity(self)


_IDENTITY = ("checkpoint", "data", "normalize", "seed", "order", "limit", "device", "dtype")
"""Fields that may not change within one run directory."""

_CODE_NAME = "checkpoint code_sha256"

_PLACES = ("path", "source")
"""Fields of them that say where something lies, which may."""


def read_description(run: Path) -> RunDescription:
    """Return what run.json of a run directory says.

    Raises:
        RecordError: No such file, or it is not of a run that this version can read.
    """
    file = run / FILE_NAME
    if not file.is_file():
        raise RecordError(f"{file}: no such file; expected a run directory of ln-bench evaluate")
    return read_described(RunDescription, file)


def write_description(run: Path, description: RunDescription) -> None:
    """Write run.json of a run directory."""
    write_whole(run / FILE_NAME, encode_described(description))


def resume_description(
    folder: Path, earlier: RunDescription, asked: RunDescription
) -> RunDescription:
    """Return the description of a run that goes on: the one of now, the earlier commands first.

    Raises:
        RecordError: `earlier` is of another run.
    """
    for change in find_changes(_identity(earlier), _identity(asked)):
        if change.name == _CODE_NAME and change.earlier is None:
            continue  # an earlier version did not keep it
        if change.name == _CODE_NAME:
            raise RecordError(
                f"{folder} holds a run of other code of {setting('model')}: "
                f"{asked.checkpoint.arch}, or what it imports, was changed since. Put it back, or "
                f"give {setting('out')} a new folder"
            )
        raise RecordError(
            f"{folder} holds a run whose {change.name} is {change}; give {setting('out')} a new "
            "folder"
        )
    _refuse_other_shards(folder, earlier, asked)
    return replace(
        asked,
        commands=tuple(add_new(earlier.commands, asked.commands)),
        device_batches=earlier.device_batches | asked.device_batches,
    )


def _refuse_other_shards(folder: Path, earlier: RunDescription, asked: RunDescription) -> None:
    """Demand the same shard of the same run, or the whole of one."""
    names = [
        "a whole run" if about.shard is None else f"shard {about.shard}"
        for about in (earlier, asked)
    ]
    cure = f"give {setting('out')} a new folder"
    if names[0] != names[1]:
        raise RecordError(f"{folder} holds {names[0]}, not {names[1]}; {cure}")
    if earlier.shard_of != asked.shard_of:
        raise RecordError(
            f"{folder} holds {names[0]} of a run with other conditions, modes, statistics or "
            f"repeats, and those of a shard cannot change; {cure}"
        )


def _identity(description: RunDescription) -> dict[str, Any]:
    identity = {}
    for name in _IDENTITY:
        value = getattr(description, name)
        parts = [field.name for field in fields(value)] if is_dataclass(value) else [""]
        for part in parts:
            if part not in _PLACES:
                identity[f"{name} {part}".rstrip()] = getattr(value, part) if part else value
    return identity


def writable(text: str) -> str:
    """Return a text without lone surrogates, which stand for bytes of a path that are no UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")

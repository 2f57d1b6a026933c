"""What was asked for, as frozen values that are checked once and passed whole."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from robustbench_ln.errors import SpecError, by_skin, setting
from robustbench_ln.lookup import unknown_name
from robustbench_ln.modes import check_mode_names, check_order

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "CLEAN",
    "NORMALIZATIONS",
    "Condition",
    "EvaluationSpec",
    "FrostTextures",
    "Normalization",
    "TieRule",
    "check_normalization",
    "check_seed",
    "check_tie_rule",
    "check_whole_numbers",
    "check_workers",
    "missing_normalization",
    "parse_normalization",
]

MOST_REPEATS = 1_000
"""Seeds of one run. A standard deviation over 1,000 is known to 2 %."""

ALL_SET_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

MOST_WORKERS = 1_000
"""More than any machine has use for."""

MOST_SAMPLES = 100
"""Images of a condition that a run keeps to be looked at."""

TieRule = Literal["random", "lowest", "logit-sum"]
Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One way to degrade the images: a row of every table.

    Attributes:
        corruption: Name in the registry of corruptions, or "clean".
        severity: 1-5 for a common corruption, sigma for a noise, 0 for clean.
        convention: "paper" or "released" for the LocalNorm noises, else None.
        range: How a noise returns to the pixel range: "clip", "rescale" or "none"; else None.
        severity_table: "cifar10-c" or "imagenet-c" for a common corruption, else None.
        frost: "photographs" or "procedural" for frost, else None.
        origin: "generated" by this package, or "official": made by others.
        corrupted_sha256: Digest of stored images, of a folder that of names and sizes; else None.
        parts: Number and digest of the conditions of which each image has one; None for one alone.
    """

    corruption: str
    severity: float
    convention: str | None = None
    range: str | None = None
    severity_table: str | None = None
    frost: str | None = None
    origin: str = "generated"
    corrupted_sha256: str | None = None
    parts: str | None = None

    def __post_init__(self) -> None:
        """Refuse severities that no corruption has."""
        if not math.isfinite(self.severity) or self.severity < 0:
            raise SpecError(
                f"{self.corruption} has severity {self.severity}; sigma and severity start at 0"
            )

    @property
    def is_clean(self) -> bool:
        """Whether these are the clean images."""
        return self.corruption == "clean"

    @property
    def is_stored(self) -> bool:
        """Whether the corrupted images lie on disk, and are not made here."""
        return self.corrupted_sha256 is not None

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values, in their order; `parts` only where there are some."""
        return {name: v for name, v in asdict(self).items() if name != "parts" or v is not None}


def check_tie_rule(name: str) -> TieRule:
    """Return the tie rule of that name."""
    if name not in get_args(TieRule):
        raise unknown_name(
            name,
            get_args(TieRule),
            kind=f"{by_skin(command_line=setting('ties'), python='tie')} rule",
        )
    return cast(TieRule, name)


def check_whole_numbers(spec: object, *names: str) -> None:
    """Make fields of a frozen spec plain ints, whichever integers they are; None stays.

    NumPy's integers would end in a record as JSON cannot hold them.

    Raises:
        SpecError: A field is no whole number.
    """
    for name in names:
        value = getattr(spec, name)
        if value is not None:
            whole = _whole_number(value, name)
            object.__setattr__(spec, name, whole)


def check_seed(seed: int) -> int:
    """Return the seed as a plain int.

    Raises:
        SpecError: No whole number, or out of range.
    """
    whole = _whole_number(seed, "seed")
    if not 0 <= whole < 2**63:
        raise SpecError(f"{setting('seed')} is {whole}; expected 0 to {2**63 - 1:,}")
    return whole


def check_workers(workers: int | None) -> int | None:
    """Return the number of workers as a plain int; None is as many as are worth their start.

    Raises:
        SpecError: No whole number, or out of range.
    """
    whole = None if workers is None else _whole_number(workers, "workers")
    if whole is not None and not 1 <= whole <= MOST_WORKERS:
        raise SpecError(f"{setting('workers')} is {whole}; expected 1 to {MOST_WORKERS:,}")
    return whole


def _whole_number(value: Any, name: str) -> int:
    try:
        return int(operator.index(value))
    except TypeError as error:
        raise SpecError(f"{setting(name)} is {value}; expected a whole number") from error


CLEAN = Condition(corruption="clean", severity=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalization:
    """The network's input normalisation, (x - mean) / std on the 0..1 scale.

    Attributes:
        name: What was given: "imagenet", "none", or the six numbers.
        mean: One value a channel.
        std: One value a channel, above 0.
    """

    name: str
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse numbers that no data set has."""
        if len(self.mean) != len(self.std) or len(self.mean) not in (1, 3):
            raise SpecError(
                f"{setting('normalize', self.name)}: {len(self.mean)} means and {len(self.std)} "
                "standard deviations; expected MEAN/STD with one or three comma-separated "
                "values each"
            )
        if not all(map(math.isfinite, self.mean + self.std)) or min(self.std) <= 0:
            raise SpecError(
                f"{setting('normalize', self.name)}: every mean and standard deviation must be "
                "finite, every standard deviation above 0"
            )
        if max(map(abs, self.mean + self.std)) > 10:
            raise SpecError(
                f"{setting('normalize', self.name)}: values are on the 0..1 pixel scale; divide "
                f"by 255 (a network that wants 0..255: {setting('normalize', 'raw')}, or means and "
                "standard deviations divided by 255)"
            )


@dataclass(frozen=True, eq=False)
class FrostTextures:
    """The pictures that the corruption frost is cut from.

    Attributes:
        kind: "photographs", or "procedural" where there are none.
        textures: Five of uint8 [height, width, 3], RGB. The published generator has a sixth file
            and never draws it.
    """

    kind: Literal["photographs", "procedural"]
    textures: Sequence[NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSpec:
    """What `evaluate` is asked for, besides the network and the images.

    Attributes:
        modes: Names of modes, or ("all",).
        conditions: What to do to the images; the clean images come first.
        order: Order of the images: "shuffled", "as-is", "by-class" or "dirichlet-A", see
            `evaluation.orders`; "mixed" or "growing", see `evaluation.mixtures`.
        stat_batch: B, images that share statistics in dbn-batch and bn-adapt.
        group_size: M, images that share statistics in ln-batch and ln-voting; None is as many as
            in training.
        set_sizes: Images that share statistics in every mode with sets, in place of `stat_batch`
            and `group_size`; () is those two. Of `ALL_SET_SIZES` those that the images fill.
        is_sliding: Whether each image shares statistics with those before it, in place of sets.
        device_batch: Images that go through the network at once: memory and cache, not who shares
            statistics. None is a rule from shapes.
        workers: Processes that do the work; None is as many as are worth their start. They change
            no row.
        tie_rule: How tied votes are broken; see `TieRule`.
        prior: Weight of the running statistics in bn-adapt, counted in images.
        seed: Seed for noise, image order, group choice and tie-breaking.
        repeats: Number of seeds: seed, seed + 1, ...; at most `MOST_REPEATS`.
        limit: Number of images to evaluate, the first in their order; None is all.
        device: Where the network runs, as torch names it: "cpu", "cuda:1", "cuda:0,cuda:1".
        frost: Pictures that frost is cut from; None makes procedural ones.
        amp: "bf16": autocast to bfloat16, statistics in float32. None is float32.
        uses_tf32: Let CUDA's matrix products and convolutions round to TF32.
        is_compiled: Run the network through torch.compile.
        outputs: "probabilities" where the network returns them, not logits; `evaluate` decides.
        classes: Indices of the classes that are scored, in order; None is all.
        is_strict: Whether warnings of the checks are errors.
        samples: Degraded images to keep of each condition, at most `MOST_SAMPLES`.
        shard: (i, n): every n-th condition from the i-th on, and the clean images.

    Raises:
        SpecError: An unknown mode, order or tie rule, a number out of its range, or a fraction
            where images or seeds are counted.
    """

    modes: tuple[str, ...] = ("all",)
    conditions: tuple[Condition, ...] = (CLEAN,)
    order: str = "shuffled"
    stat_batch: int = 128
    group_size: int | None = None
    set_sizes: tuple[int, ...] = ()
    is_sliding: bool = False
    device_batch: int | None = None
    workers: int | None = None
    tie_rule: str = "random"
    prior: float = 16.0
    seed: int = 0
    repeats: int = 1
    limit: int | None = None
    device: str = "cpu"
    frost: FrostTextures | None = None
    amp: str | None = None
    uses_tf32: bool = False
    is_compiled: bool = False
    outputs: str = "logits"
    classes: tuple[int, ...] | None = None
    is_strict: bool = False
    samples: int = 4
    shard: tuple[int, int] = (1, 1)

    @property
    def arithmetic(self) -> str:
        """Name in records: "float32", or the options that change it, as "bf16+compiled"."""
        chosen = {"tf32": self.uses_tf32, "compiled": self.is_compiled}
        names = [*filter(None, [self.amp]), *(name for name, is_on in chosen.items() if is_on)]
        return "+".join(names) or "float32"

    def __post_init__(self) -> None:
        """Check the numbers."""
        whole = "stat_batch", "group_size", "device_batch", "repeats", "limit", "samples"
        check_whole_numbers(self, *whole)
        object.__setattr__(self, "workers", check_workers(self.workers))
        object.__setattr__(self, "seed", check_seed(self.seed))
        check_mode_names(self.modes)
        check_order(self.order)
        check_tie_rule(self.tie_rule)
        counts = {name: getattr(self, name) for name in whole if name not in ("repeats", "samples")}
        counts["set_sizes"] = min(self.set_sizes, default=1)
        for name, value in counts.items():
            if value is not None and value < 1:
                raise SpecError(f"{setting(name)} is {value}; expected 1 or more images")
        if self.amp not in (None, "bf16"):
            raise SpecError(f"{setting('amp', self.amp)}: expected bf16")
        if math.isnan(self.prior) or self.prior < 0:
            raise SpecError(
                f"{setting('prior')} is {self.prior}; expected a number of images, 0 or more"
            )
        if not 1 <= self.repeats <= MOST_REPEATS:
            raise SpecError(
                f"{setting('repeats')} is {self.repeats}; expected 1 to {MOST_REPEATS:,} seeds"
            )
        if not 0 <= (kept := self.samples) <= MOST_SAMPLES:
            raise SpecError(f"{setting('samples')} is {kept}; expected 0 to {MOST_SAMPLES} images")
        if not (self.modes and self.conditions):
            raise SpecError("nothing to do: no mode or no condition was given")


NORMALIZATIONS: Mapping[str, tuple[Numbers, Numbers]] = MappingProxyType(
    {
        "none": ((0.0,), (1.0,)),
        "symmetric": ((0.5,), (0.5,)),
        "raw": ((0.0,), (1 / 255,)),
        "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
        "cifar100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
        "mnist": ((0.1307,), (0.3081,)),
    }
)
"""Name -> (mean, std) on the 0..1 scale; "none" is 0..1, "symmetric" -1..1, "raw" 0..255."""

_RANGES: Mapping[str, str] = MappingProxyType(
    {
        "0..1": "none",
        "0-1": "none",
        "-1..1": "symmetric",
        "0..255": "raw",
        "0-255": "raw",
        "255": "raw",
        "uint8": "raw",
    }
)
"""What the network's input reaches from and to, which is how people know it -> the name."""


def parse_normalization(text: str, num_channels: int) -> Normalization:
    """Return what --normalize says, for images with `num_channels` channels.

    Args:
        text: A name, a range as "0..255", or MEAN/STD with one or three comma-separated values
            each.
        num_channels: C; one value is used for every channel.

    >>> parse_normalization("0.5/0.25", 3).std
    (0.25, 0.25, 0.25)

    Raises:
        SpecError: An unknown name, no numbers, or another number of channels.
    """
    text = _RANGES.get(text, text)
    if text in NORMALIZATIONS:
        mean, std = NORMALIZATIONS[text]
    elif "/" in text:
        mean, std = _parse_numbers(text)
    else:
        unknown = unknown_name(text, [*NORMALIZATIONS, "MEAN/STD"], kind="normalisation")
        ranges = "none is an input of 0..1, symmetric of -1..1, raw of 0..255"
        raise SpecError(f"{unknown.message.marked} ({ranges})")
    if len(mean) == len(std) == 1:
        mean, std = mean * num_channels, std * num_channels
    normalization = Normalization(name=text, mean=mean, std=std)
    if len(mean) != num_channels:
        raise SpecError(
            f"{setting('normalize', text)} has {len(mean)} channels, the images have "
            f"{num_channels}; give as many values as channels, or one for all"
        )
    return normalization


def check_normalization(text: str | None) -> None:
    """Demand numbers or a name that exists, where something is said: nothing is read yet.

    Raises:
        SpecError: As `parse_normalization`; the number of channels is not known yet.
    """
    if text is not None:
        mean, _ = NORMALIZATIONS.get(_RANGES.get(text, text), ((0.0,) * 3, ()))
        parse_normalization(text, len(mean))


def _parse_numbers(text: str) -> tuple[Numbers, Numbers]:
    try:
        mean, std = (tuple(float(v) for v in part.split(",")) for part in text.split("/"))
    except ValueError as error:
        raise SpecError(
            f"{setting('normalize', text)}: expected MEAN/STD, as in 0.5,0.5,0.5/0.25,0.25,0.25"
        ) from error
    return mean, std


def missing_normalization() -> SpecError:
    """Return the error that nobody says how the input is normalised."""
    return SpecError(
        f"{setting('normalize')} is missing: give what the network was trained with "
        f"({', '.join(NORMALIZATIONS)}, or MEAN/STD). A wrong one costs tens of points"
    )

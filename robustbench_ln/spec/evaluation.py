"""What `evaluate` is asked for, besides the network and the images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast, get_args

from robustbench_ln.errors import SpecError, by_skin, setting
from robustbench_ln.lookup import unknown_name
from robustbench_ln.modes import check_mode_names, check_order
from robustbench_ln.spec.condition import CLEAN, Condition, FrostTextures
from robustbench_ln.spec.whole_numbers import check_seed, check_whole_numbers, check_workers

__all__ = ["ALL_SET_SIZES", "EvaluationSpec", "TieRule", "check_tie_rule"]

MOST_REPEATS = 1_000
"""Seeds of one run. A standard deviation over 1,000 is known to 2 %."""

ALL_SET_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)

MOST_SAMPLES = 100
"""Images of a condition that a run keeps to be looked at."""

TieRule = Literal["random", "lowest", "logit-sum"]


def check_tie_rule(name: str) -> TieRule:
    """Return the tie rule of that name."""
    if name not in get_args(TieRule):
        raise unknown_name(
            name,
            get_args(TieRule),
            kind=f"{by_skin(command_line=setting('ties'), python='tie')} rule",
        )
    return cast(TieRule, name)


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

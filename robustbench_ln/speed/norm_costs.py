"""What norms cost: measured times and parameters of one network under several of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

__all__ = ["NetworkSpeed", "NormSpeed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NormSpeed:
    """A network with one norm.

    Attributes:
        norm: An id of NORMS.
        trainable: Its parameters.
        with_running: Its parameters and running statistics, as the LocalNorm papers count.
        step_seconds: Seconds of every timed training step.
        mode_seconds: Mode -> of every timed forward pass of one batch; without the modes that the
            norm does not have.
    """

    norm: str
    trainable: int
    with_running: int
    step_seconds: tuple[float, ...]
    mode_seconds: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSpeed:
    """A network under several norms, timed in turns.

    Attributes:
        arch: What `--arch` takes.
        data: The images that its sizes are of.
        epoch_images: Images of an epoch, all training images.
        batch_size: N, images of a step and of a forward pass.
        num_groups: G of LocalNorm.
        norms: BatchNorm first.
    """

    arch: str
    data: str
    epoch_images: int
    batch_size: int
    num_groups: int
    norms: tuple[NormSpeed, ...]

    @property
    def epoch_steps(self) -> int:
        """Whole batches of an epoch."""
        return self.epoch_images // self.batch_size

    def epoch_seconds(self, norm: NormSpeed) -> float:
        """Return the time of an epoch of median steps, without reading images or validation."""
        return median(norm.step_seconds) * self.epoch_steps

    def step_ratio(self, norm: NormSpeed) -> float:
        """Return the step in units of BatchNorm's of the same turn, the median over turns.

        What else the machine does slows neighbours alike: this varies less than a ratio of medians.
        """
        pairs = zip(norm.step_seconds, self.norms[0].step_seconds, strict=True)
        return median(own / batch for own, batch in pairs)

    def images_per_second(self, norm: NormSpeed, mode: str) -> float | None:
        """Return the rate of the median forward pass; None where the norm has no such mode."""
        seconds = norm.mode_seconds.get(mode)
        return None if seconds is None else self.batch_size / median(seconds)

    def to_json(self) -> dict[str, Any]:
        """Return everything, for a record."""
        return asdict(self)

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> NetworkSpeed:
        """Return what `to_json` wrote."""
        return cls(**{**entry, "norms": tuple(NormSpeed(**norm) for norm in entry["norms"])})

"""Which images share normalisation statistics: a value, not a mode of the network."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from robustbench_ln.errors import LayoutError, setting
from robustbench_ln.modes import LayoutName

__all__ = ["StatisticsLayout"]

ROTATIONS = 4
"""0, 90, 180 and 270 degrees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsLayout:
    """Who shares mean and variance in every norm layer of one forward pass.

    Attributes:
        name: "running": the network's own eval forward. "batch" and "set": `set_size` test images.
            "image": each image alone. "rot90": each image with its three rotations.
        set_size: Test images that share statistics; None under "running".
        prior: Weight of the running statistics in the mix, counted in images (bn-adapt); None
            where the statistics are those of the set alone. May be inf.
        is_sliding: Whether each image shares statistics with the `set_size` - 1 before it, and not
            the images of a set with each other; see `norms.sliding`.
        layers: Names of the layers that it acts on; the others keep their running statistics.
            None is all.

    Raises:
        LayoutError: No images in a set, or a negative prior.
    """

    name: LayoutName
    set_size: int | None
    prior: float | None = None
    is_sliding: bool = False
    layers: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Check the numbers."""
        if self.set_size is not None and self.set_size < 1:
            raise LayoutError(f"a statistics set has {self.set_size} images; expected 1 or more")
        if self.prior is not None and (math.isnan(self.prior) or self.prior < 0):
            raise LayoutError(
                f"{setting('prior')} is {self.prior}; expected a number of images, 0 or more"
            )

    @classmethod
    def running(cls) -> StatisticsLayout:
        """Return the layout of the network's own eval forward, with its running statistics."""
        return cls(name="running", set_size=None)

    @classmethod
    def image(cls) -> StatisticsLayout:
        """Return the layout in which each image has its own statistics."""
        return cls(name="image", set_size=1)

    @classmethod
    def rot90(cls) -> StatisticsLayout:
        """Return the layout in which each image shares statistics with its three rotations."""
        return cls(name="rot90", set_size=1)

    @classmethod
    def batch(cls, set_size: int, *, prior: float | None = None) -> StatisticsLayout:
        """Return the layout of `set_size` test images that share statistics, one gamma and beta."""
        return cls(name="batch", set_size=set_size, prior=prior)

    @classmethod
    def set(cls, set_size: int) -> StatisticsLayout:
        """Return the layout of `set_size` test images that share statistics in each group."""
        return cls(name="set", set_size=set_size)

    @property
    def label(self) -> str:
        """A short name for files: "set16", "image"."""
        size = self.set_size if self.name in ("batch", "set") else None
        prior = "" if self.prior is None else f"-prior{self.prior:g}"
        return f"{self.name}{size or ''}{prior}{'-sliding' if self.is_sliding else ''}"

    @property
    def images_together(self) -> int:
        """Test images that must go through the network at once: a whole set, or a single image."""
        return 1 if self.is_sliding else self.set_size or 1

    @property
    def rows_per_set(self) -> int:
        """Images that go through the network together for one set; rotations count."""
        return ROTATIONS if self.name == "rot90" else self.images_together

    @property
    def is_single(self) -> bool:
        """Whether one test image, with or without rotations, makes the statistics."""
        return self.name in ("image", "rot90")

    def running_weight(self, num_images: Tensor | int) -> Tensor | float:
        """Return the share of the running statistics in the mix with n images: N0 / (N0 + n)."""
        if self.prior is None:
            return 0.0
        return 1.0 if math.isinf(self.prior) else self.prior / (self.prior + num_images)

"""What `train` is asked for, besides the network and the images."""

from __future__ import annotations

from dataclasses import dataclass

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.errors import LayoutError, SpecError, setting
from robustbench_ln.lookup import find_entry
from robustbench_ln.norms.choices import NORMS
from robustbench_ln.spec import Condition, check_seed, check_whole_numbers
from robustbench_ln.training.processes import Place
from robustbench_ln.training.recipes import Recipe

__all__ = ["TrainingSpec", "parse_augment_noise"]

_DIVISIBLE = ("local", "batch", "group", "layer", "instance")
"""Norms whose statistics several processes can have of one batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSpec:
    """What is trained, and how.

    Attributes:
        recipe: All numbers of the training.
        norm: An id of NORMS.
        num_groups: G, groups of LocalNorm parameters; 1 for other norms.
        seed: Decides weights, split, order, augmentation, noise and dropout.
        noise: Noise on a share of the training images; None is none.
        noise_share: That share, above 0 and up to 1.
        limit: Number of training images to use; None is all.
        device: Torch's name of the device; of several processes on GPUs all names, with commas.
        processes: Number of processes that share a batch, as many as GPUs.

    Raises:
        SpecError: A number out of its range.
        LayoutError: The groups do not divide the batch.
    """

    recipe: Recipe
    norm: str = "batch"
    num_groups: int = 1
    seed: int = 0
    noise: Condition | None = None
    noise_share: float = 0.5
    limit: int | None = None
    device: str = "cpu"
    processes: int = 1

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_whole_numbers(self, "num_groups", "limit", "processes")
        object.__setattr__(self, "seed", check_seed(self.seed))
        find_entry(NORMS, self.norm, kind="norm", listed="norms")
        if self.norm != "local" and self.num_groups != 1:
            raise SpecError(
                f"{setting('num_groups', self.num_groups)} is for {setting('norm', 'local')}, not "
                f"{self.norm}"
            )
        if self.num_groups < 1:
            raise SpecError(f"{setting('num_groups')} is {self.num_groups}; expected 1 or more")
        if self.recipe.batch_size % self.num_groups:
            raise LayoutError(
                f"{setting('num_groups', self.num_groups)} does not divide the batch of "
                f"{self.recipe.batch_size} images of recipe {self.recipe.name}; groups are of "
                f"one size, as with {setting('num_groups', _nearest_divisor(self))}"
            )
        if not 0 < self.noise_share <= 1:
            raise SpecError(
                f"{setting('noise_share')} is {self.noise_share:g}; expected above 0 and up to 1"
            )
        if self.limit is not None and self.limit < 1:
            raise SpecError(f"{setting('limit')} is {self.limit}; expected 1 or more images")
        self._check_processes()

    def _check_processes(self) -> None:
        """Demand as many groups, or images, in every process."""
        if self.processes < 1:
            raise SpecError(f"{setting('processes')} is {self.processes}; expected 1 or more")
        if self.processes == 1:
            return
        if self.norm not in _DIVISIBLE:
            raise SpecError(
                f"{setting('norm', self.norm)} trains in one process; several can share "
                f"{', '.join(_DIVISIBLE)}"
            )
        if len(self.devices) != self.processes:
            raise SpecError(
                f"{setting('device', self.device)} with {setting('processes', self.processes)}: "
                "each process has a GPU of its own; name as many, as in "
                f"{setting('device', 'cuda:0,cuda:1')}"
            )
        number, what = self.num_groups, "groups"
        if self.norm != "local":
            number, what = self.recipe.batch_size, "images of a batch"
        if number % self.processes:
            few = "fewer than" if number < self.processes else "which do not divide into"
            raise LayoutError(
                f"{number} {what}, {few} {setting('processes', self.processes)}; each process has "
                f"as many, as with {setting('processes', _largest_divisor(number, self.processes))}"
            )

    @property
    def devices(self) -> tuple[str, ...]:
        """The device of each process."""
        names = tuple(self.device.split(","))
        return names * self.processes if names == ("cpu",) else names

    def check_place(self, place: Place) -> Place:
        """Return a process's place, if there are as many processes as were asked for.

        Raises:
            SpecError: There are more or fewer.
        """
        if place.processes != self.processes:
            raise SpecError(
                f"{setting('processes', self.processes)}, but torch.distributed has "
                f"{place.processes}; start as many with torchrun"
            )
        return place

    @property
    def group_size(self) -> int:
        """M, images that share statistics in training; the whole batch without LocalNorm."""
        return self.recipe.batch_size // self.num_groups


def _nearest_divisor(spec: TrainingSpec) -> int:
    size = spec.recipe.batch_size
    divisors = [number for number in range(1, size + 1) if size % number == 0]
    return min(divisors, key=lambda number: abs(number - spec.num_groups))


def _largest_divisor(number: int, most: int) -> int:
    return max(divisor for divisor in range(1, most + 1) if number % divisor == 0)


def parse_augment_noise(
    text: str, *, convention: str = "paper", pixel_range: str | None = None
) -> Condition:
    """Return the noise of "NAME:SIGMA", as in "agn:1.0".

    Raises:
        SpecError: No such noise, no sigma above 0, or a range that needs all images at once.
    """
    name, _, number = text.partition(":")
    try:
        sigma = float(number)
    except ValueError as error:
        raise SpecError(f"{setting('noise', text)}: expected NAME:SIGMA, as in agn:1.0") from error
    if pixel_range is None and convention == "released":
        pixel_range = "none"
    conditions = noise_conditions(
        [name], convention=convention, pixel_range=pixel_range, sigmas=[sigma]
    )
    if len(conditions) == 1:
        raise SpecError(f"{setting('noise', text)}: sigma is 0; leave the option out")
    if conditions[1].range == "rescale":
        raise SpecError(
            f"{setting('pixel_range', 'rescale')} depends on all noisy images at once, which "
            "training never has; give clip or none"
        )
    return conditions[1]

"""Perturbation sequences as CIFAR-10-P and ImageNet-P are published, a set of frames for each.

CIFAR-10-P: NAME.npy, uint8 [N, T, 32, 32, 3], T frames of each image, one after the other.
ImageNet-P: NAME/CLASS/VIDEO.mp4, one video an image; OpenCV decodes them. A noise of a higher
difficulty is a set of its own, NAME_2 or NAME_3.

The benchmarks are means over ten perturbations. They differ in one: in ImageNet-P snow is one of
the ten and spatter is for validation, in CIFAR-10-P it is the other way round.

Source: hendrycks/robustness, ImageNet-P (create_p, video_loader.py, cifar-p-eval.py), and its
    README on spatter; Hendrycks and Dietterich 2019, section 4.2 and table 3, on snow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from robustbench_ln.corrupted_sets.arrays_reader import MappedImages, load_array
from robustbench_ln.corrupted_sets.videos import VideoFrames, open_videos
from robustbench_ln.data.image_set import ImageSet, Tick, check_pixels
from robustbench_ln.errors import DataError, SpecError, setting
from robustbench_ln.files.paths import expand_home
from robustbench_ln.lookup import find_entry

__all__ = ["BENCHMARKS", "FrameSet", "benchmark_of", "is_noise", "open_sequences"]

_FIRST = ("gaussian_noise", "shot_noise", "motion_blur", "zoom_blur")
_LAST = ("brightness", "translate", "rotate", "tilt", "scale")
_CIFAR = (*_FIRST, "spatter", *_LAST)
_VIDEOS = "imagenet-p"
BENCHMARKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "cifar10-p": _CIFAR,
        "cifar100-p": _CIFAR,
        _VIDEOS: (*_FIRST, "snow", *_LAST),
    }
)
"""Kind of data -> its perturbations in their order; the reported number is a mean over them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameSet:
    """The sequences of one perturbation.

    Attributes:
        name: Of the perturbation.
        images: All frames, sequence after sequence. Their labels mean nothing.
        num_frames: T of every sequence.
    """

    name: str
    images: ImageSet
    num_frames: int

    @property
    def num_sequences(self) -> int:
        """N."""
        return len(self.images) // self.num_frames

    def check(self, tick: Tick) -> None:
        """Demand sequences of equal length, where the files do not say it by their shape.

        Raises:
            DataError: They are not, or a file is damaged.
        """
        if isinstance(self.images, VideoFrames):
            self.images.check(tick)


def is_noise(name: str) -> bool:
    """Whether frames of a perturbation are compared with the first one of their sequence."""
    return "noise" in name


def benchmark_of(source: str) -> tuple[str, ...]:
    """Return the perturbations that the reported number of KIND:DIR is a mean over.

    Raises:
        LnBenchError: An unknown kind.
    """
    return find_entry(BENCHMARKS, source.partition(":")[0], kind="kind of sequences")


def open_sequences(
    source: str, *, perturbations: Sequence[str] = (), difficulty: int = 1, limit: int | None = None
) -> tuple[FrameSet, ...]:
    """Open the perturbations that KIND:DIR has, those of the benchmark in its order.

    Args:
        source: As the user wrote it.
        perturbations: Names of those to take; () is those of the benchmark that are there.
        difficulty: 1, 2 or 3. Of a noise that is a set of its own.
        limit: Number of sequences of each, the first; None is all.

    Raises:
        SpecError: An unknown kind or difficulty, or a perturbation that is listed twice.
        DataError: Nothing of the kind is there, or a file is damaged.
    """
    benchmark = benchmark_of(source)
    kind, _, place = source.partition(":")
    if difficulty not in (1, 2, 3):
        raise SpecError(f"{setting('difficulty')} is {difficulty}; expected 1, 2 or 3")
    if twice := [name for name in perturbations if perturbations.count(name) > 1]:
        raise SpecError(f"{setting('perturbations')}: {twice[0]} is listed twice")
    folder, has_videos = expand_home(place), kind == _VIDEOS
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected the folder of {kind}")
    found = []
    for name in perturbations or benchmark:
        stored = f"{name}_{difficulty}" if is_noise(name) and difficulty > 1 else name
        path = folder / (stored if has_videos else f"{stored}.npy")
        if path.exists():
            found.append((_open_videos if has_videos else _open_array)(path, name, limit))
        elif perturbations:
            raise DataError(f"{path}: no such {'folder' if has_videos else 'file'}")
    if not found:
        form = "NAME/CLASS/VIDEO.mp4" if has_videos else "NAME.npy"
        raise DataError(f"{folder}: no sequences; expected {form}, as of {benchmark[0]}")
    return tuple(found)


def _open_array(path: Path, name: str, limit: int | None) -> FrameSet:
    frames = load_array(path)
    if frames.ndim != 5 or 0 in frames.shape:
        raise DataError(
            f"{path}: has shape {list(frames.shape)}; expected [sequences, frames, H, W, C]"
        )
    num_frames = frames.shape[1]
    pixels = frames[:limit].reshape(-1, *frames.shape[2:])
    check_pixels(pixels, str(path))
    _demand_frames(num_frames, path)
    images = MappedImages(
        source=path.name,
        kind="arrays",
        path=path,
        first=0,
        pixels=pixels,
        labels=np.zeros(len(pixels), dtype=np.int64),
        class_names=(),
    )
    return FrameSet(name=name, images=images, num_frames=num_frames)


def _open_videos(path: Path, name: str, limit: int | None) -> FrameSet:
    frames = open_videos(path, limit=limit)
    _demand_frames(frames.num_frames, path)
    return FrameSet(name=name, images=frames, num_frames=frames.num_frames)


def _demand_frames(num_frames: int, path: Path) -> None:
    if num_frames < 2:
        raise DataError(f"{path}: sequences of {num_frames} frame; expected two or more")

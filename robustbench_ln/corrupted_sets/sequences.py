"""Perturbation sequences as CIFAR-10-P and ImageNet-P are published, a set of frames for each.

CIFAR-10-P: NAME.npy, uint8 [N, T, 32, 32, 3], T frames of each image, one after the other.
ImageNet-P: NAME/CLASS/VIDEO.mp4, one video an image; OpenCV decodes them. A noise of a higher
difficulty is a set of its own, NAME_2 or NAME_3.

Source: hendrycks/robustness, ImageNet-P (create_p, video_loader.py, cifar-p-eval.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from robustbench_ln.corrupted_sets.arrays_reader import MappedImages, load_array
from robustbench_ln.corrupted_sets.videos import open_videos
from robustbench_ln.data.image_set import ImageSet, check_pixels
from robustbench_ln.errors import DataError, SpecError, setting
from robustbench_ln.files.paths import expand_home
from robustbench_ln.lookup import unknown_name

__all__ = ["PERTURBATIONS", "SEQUENCE_KINDS", "FrameSet", "is_noise", "open_sequences"]

PERTURBATIONS = (
    "gaussian_noise", "shot_noise", "motion_blur", "zoom_blur", "spatter", "brightness",
    "translate", "rotate", "tilt", "scale",
)  # fmt: skip
"""Those of the benchmark, in its order; their mean is the mean flip probability."""

SEQUENCE_KINDS: Mapping[str, bool] = MappingProxyType(
    {"cifar10-p": False, "cifar100-p": False, "imagenet-p": True}
)
"""Kinds of --data, and whether their sequences are videos."""


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


def is_noise(name: str) -> bool:
    """Whether frames of a perturbation are compared with the first one of their sequence."""
    return "noise" in name


def open_sequences(
    source: str, *, names: Sequence[str] = (), difficulty: int = 1
) -> tuple[FrameSet, ...]:
    """Open the perturbations that KIND:DIR has, those of the benchmark in its order.

    Args:
        source: As the user wrote it.
        names: Perturbations to take; () is those of the benchmark that are there.
        difficulty: 1, 2 or 3. Of a noise that is a set of its own.

    Raises:
        SpecError: An unknown kind or difficulty.
        DataError: Nothing of the kind is there, a file is damaged, or sequences are of unequal
            length.
    """
    kind, _, place = source.partition(":")
    if kind not in SEQUENCE_KINDS:
        raise unknown_name(kind, [*SEQUENCE_KINDS], kind="kind of sequences")
    if difficulty not in (1, 2, 3):
        raise SpecError(f"{setting('difficulty')} is {difficulty}; expected 1, 2 or 3")
    folder, has_videos = expand_home(place), SEQUENCE_KINDS[kind]
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected the folder of {kind}")
    found = []
    for name in names or PERTURBATIONS:
        stored = f"{name}_{difficulty}" if is_noise(name) and difficulty > 1 else name
        path = folder / (stored if has_videos else f"{stored}.npy")
        if path.exists():
            found.append(_open_videos(path, name) if has_videos else _open_array(path, name))
        elif names:
            raise DataError(f"{path}: no such {'folder' if has_videos else 'file'}")
    if not found:
        form = "NAME/CLASS/VIDEO.mp4" if has_videos else "NAME.npy"
        raise DataError(f"{folder}: no sequences; expected {form}, as of {PERTURBATIONS[0]}")
    return tuple(found)


def _open_array(path: Path, name: str) -> FrameSet:
    frames = load_array(path)
    if frames.ndim != 5 or 0 in frames.shape:
        raise DataError(
            f"{path}: has shape {list(frames.shape)}; expected [sequences, frames, H, W, C]"
        )
    num_frames = frames.shape[1]
    pixels = frames.reshape(-1, *frames.shape[2:])
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


def _open_videos(path: Path, name: str) -> FrameSet:
    frames = open_videos(path)
    _demand_frames(frames.num_frames, path)
    return FrameSet(name=name, images=frames, num_frames=frames.num_frames)


def _demand_frames(num_frames: int, path: Path) -> None:
    if num_frames < 2:
        raise DataError(f"{path}: sequences of {num_frames} frame; expected two or more")

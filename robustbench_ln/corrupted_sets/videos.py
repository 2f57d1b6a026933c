"""Frames of many short videos of one length and size, decoded by OpenCV when they are asked for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.image_set import ImageShape, Labels, Numbering, Pixels, Tick
from robustbench_ln.errors import DataError
from robustbench_ln.files.regular_files import open_regular

__all__ = ["VideoFrames", "open_videos"]

_MOST_FRAMES = 10_000
_MOST_VALUES = 2**30
"""Pixel values of a video: more is not one of ImageNet-P, and would fill the memory."""


@dataclass(frozen=True, kw_only=True, eq=False)
class VideoFrames:
    """The frames of videos, video after video. See `ImageSet` for the fields.

    Attributes:
        paths: Of the videos, sorted.
        num_frames: T of each.
    """

    source: str
    kind: str
    paths: tuple[Path, ...]
    num_frames: int
    shape: ImageShape
    class_names: tuple[str, ...] = ()
    numbering: Numbering = "given"
    notes: tuple[str, ...] = ()

    @property
    def labels(self) -> Labels:
        """[N] zeros: flips need no labels."""
        return np.zeros(len(self), dtype=np.int64)

    def __len__(self) -> int:
        """Return the number of frames of all videos."""
        return len(self.paths) * self.num_frames

    def read(self, indices: Sequence[int] | NDArray[np.integer]) -> Pixels:
        """Return the chosen frames; each video is decoded once in a call."""
        chosen = np.asarray(indices, dtype=np.int64)
        pixels = np.empty((len(chosen), *self.shape), dtype=np.uint8)
        videos, frames = np.divmod(chosen, self.num_frames)
        for video in np.unique(videos).tolist():
            decoded = self._decode(self.paths[video])
            rows = videos == video
            pixels[rows] = decoded[frames[rows]]
        return pixels

    def image_id(self, index: int) -> str:
        """Return video and frame."""
        video, frame = divmod(index, self.num_frames)
        return f"{self.paths[video]}, frame {frame}"

    def sha256(self, tick: Tick | None = None) -> str:
        """Return the digest of the videos' names and sizes: to read them would take minutes."""
        del tick
        lines = (f"{p.parent.name}/{p.name} {p.stat().st_size}" for p in self.paths)
        return hashlib.sha256("\n".join(lines).encode(errors="replace")).hexdigest()

    def check(self, tick: Tick) -> None:
        """Demand that all videos are as long and as large as the first, by what their heads say.

        Args:
            tick: Called with the number of videos that were looked at, and of all.

        Raises:
            DataError: One is not, or is no video; the message names it.
        """
        for number, path in enumerate(self.paths):
            with _opened(path) as capture:
                self._demand_like_first(path, *_head(capture))
            tick(number + 1, len(self.paths))

    def _decode(self, path: Path) -> Pixels:
        decoded = _decode(path)
        self._demand_like_first(path, len(decoded), ImageShape.of(decoded).size)
        return decoded

    def _demand_like_first(self, path: Path, num_frames: int, size: str) -> None:
        if num_frames != self.num_frames:
            raise DataError(
                f"{path}: {num_frames} frames, {self.paths[0]} has {self.num_frames}; the "
                "sequences of a perturbation must be of equal length"
            )
        if size != self.shape.size:
            raise DataError(
                f"{path}: frames are {size}, those of {self.paths[0]} {self.shape.size}"
            )


def open_videos(folder: Path, *, limit: int | None = None) -> VideoFrames:
    """Open the videos of FOLDER/CLASS/VIDEO.mp4; the first says how long they are, and how large.

    Args:
        folder: Folder of the classes.
        limit: Number of videos, the first; None is all.

    Raises:
        DataError: There is none, or the first cannot be decoded.
    """
    paths = tuple(sorted(folder.glob("*/*.mp4")))[:limit]
    if not paths:
        raise DataError(f"{folder}: no videos; expected CLASS/VIDEO.mp4 as ImageNet-P has them")
    first = _decode(paths[0])
    return VideoFrames(
        source=folder.name,
        kind="folder",
        paths=paths,
        num_frames=len(first),
        shape=ImageShape.of(first),
    )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a video with OpenCV.

    FFmpeg goes by what is in a file, not by its name: it would open the other files, or addresses,
    of a playlist that is called .mp4. OpenCV is given the open file, not its name, because it ends
    the process over a name that is not UTF-8.
    """
    # Of a damaged file FFmpeg would write megabytes to the terminal. It asks for this once.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    import cv2

    try:
        file = open_regular(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    with file:
        if file.read(8)[4:] != b"ftyp":  # as MP4 files begin
            raise _no_video(path)
        logging: Any = cv2.utils.logging
        level = logging.setLogLevel(logging.LOG_LEVEL_SILENT)
        capture: Any = cv2.VideoCapture(f"/dev/fd/{file.fileno()}", cv2.CAP_FFMPEG)
        logging.setLogLevel(level)
        try:
            if not capture.isOpened():
                raise _no_video(path)
            yield capture
        finally:
            capture.release()


def _head(capture: Any) -> tuple[int, str]:
    """Return the number of frames and their size, as the file says."""
    import cv2

    height, width = capture.get(cv2.CAP_PROP_FRAME_HEIGHT), capture.get(cv2.CAP_PROP_FRAME_WIDTH)
    return int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), ImageShape(int(height), int(width), 3).size


def _decode(path: Path) -> Pixels:
    """Return the frames of a video, [T, H, W, 3] RGB."""
    import cv2

    frames: list[Pixels] = []
    with _opened(path) as capture:
        while True:
            is_there, frame = capture.read()
            if not is_there:
                break
            frames.append(np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), dtype=np.uint8))
            if len(frames) > _MOST_FRAMES or len(frames) * frames[0].size > _MOST_VALUES:
                raise DataError(f"{path}: too long for a sequence of ImageNet-P")
    if not frames:
        raise _no_video(path)
    return np.stack(frames)


def _no_video(path: Path) -> DataError:
    return DataError(f"{path}: cannot be decoded as a video; fetch it again")

"""What the network was shown under a condition: histograms of all images, and a few of them.

They lie in the predictions' files, and the rows have their digest. Figures need no data set.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.files.rules import Array
from robustbench_ln.files.schema import rules_of
from robustbench_ln.runs.archives import read_archive, refuse_archive

__all__ = [
    "ABOVE", "BELOW", "LONGEST_SIDE", "NUM_BINS", "SeenImages", "join_seen", "read_seen",
]  # fmt: skip

BELOW, ABOVE, NUM_BINS = 0, 257, 258
"""Bins of values below 0 and above 1; the 256 grey levels are between them."""

LONGEST_SIDE = 96
"""Pixels of a sample's longer side, at most."""

_MOST_SAMPLES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenImages:
    """The images of a condition, as the network was shown them, before its input normalisation.

    Attributes:
        histogram: Number of values by channel and bin, over all images. Bin 0 counts values below
            0, bin 1 + v the grey level v from 0 to 255 (values in between go to the nearest), bin
            257 values above 1.
        samples: The first S images in the order of evaluation, in grey levels, scaled down so that
            no side is longer than 96 pixels; no image where none was asked for.
    """

    histogram: Annotated[
        NDArray[np.int64], Array(axes=("C", "258"), dtype="int64", least=0, since=3)
    ]
    samples: Annotated[
        NDArray[np.uint8],
        Array(
            axes=("S", "height", "width", "C"),
            dtype="uint8",
            least=0,
            most=255,
            may_be_empty=True,
            since=3,
        ),
    ]

    @property
    def digest(self) -> str:
        """SHA-256 of shapes and values."""
        digest = hashlib.sha256()
        for array, dtype in ((self.histogram, "<i8"), (self.samples, "u1")):
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array, dtype=dtype).tobytes())
        return digest.hexdigest()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what a predictions' file holds of it."""
        return asdict(self)


def join_seen(parts: Sequence[SeenImages], *, num_samples: int) -> SeenImages:
    """Return consecutive parts of the images as one; parts without samples have no size of them."""
    samples = [part.samples for part in parts if len(part.samples)]
    return SeenImages(
        histogram=np.sum([part.histogram for part in parts], axis=0, dtype=np.int64),
        samples=np.concatenate(samples or [parts[0].samples])[:num_samples],
    )


def read_seen(path: Path, digests: Iterable[str]) -> SeenImages:
    """Return what a predictions' file holds of the images.

    Args:
        path: The file.
        digests: Those of its rows. A pass that is run again for a new mode writes the file again,
            and may keep another number of samples.

    Raises:
        RecordError: No such file, or not what the rows' digests are of.
    """
    found = read_archive(path, rules_of(SeenImages))
    for name, (rule, _) in rules_of(SeenImages).items():
        if not rule.accepts(found[name]):
            raise refuse_archive(path, f"'{name}' is not {rule.words}")
    histogram, samples = found["histogram"].astype(np.int64), found["samples"]
    channels = histogram.shape[0]
    if (
        histogram.shape[1] != NUM_BINS
        or channels not in (1, 3)
        or samples.shape[-1] != channels
        or len(samples) > _MOST_SAMPLES
        or 0 in samples.shape[1:3]
        or max(samples.shape[1:3]) > LONGEST_SIDE
    ):
        raise refuse_archive(path, "its histogram or samples have an impossible shape")
    seen = SeenImages(histogram=histogram, samples=samples)
    if seen.digest not in digests:
        raise refuse_archive(path, "its images are not those that the rows in cells.jsonl name")
    return seen

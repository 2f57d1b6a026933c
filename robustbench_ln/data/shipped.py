"""`demo:digits`: the test images that come with the package."""

from __future__ import annotations

from dataclasses import replace

from robustbench_ln.data.arrays import load_arrays
from robustbench_ln.data.image_set import ArrayImages
from robustbench_ln.data.options import Part
from robustbench_ln.errors import DataError, setting
from robustbench_ln.files.shipped import find_shipped_images

__all__ = ["load_shipped"]


def load_shipped(source: str, part: Part) -> ArrayImages:
    """Return the images that "demo:NAME" names.

    Raises:
        SpecError: No such name.
        DataError: The training part is asked for: these images are for tests alone.
    """
    path = find_shipped_images(source).path
    if part == "train":
        raise DataError(
            f"{source} has no training part: the demo's checkpoints are tested on these images. "
            f"Train on mnist:DIR ({setting('download', True)} fetches it) or on arrays:FILE.npz"
        )
    return replace(load_arrays(path, source), kind="demo")

"""`arrays:FILE.npz`: images and labels in one NumPy archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.image_set import ArrayImages, check_labels, check_pixels
from robustbench_ln.errors import DataError
from robustbench_ln.files.array_errors import ARRAY_ERRORS
from robustbench_ln.files.damage import explain_bad_file
from robustbench_ln.files.inflation import check_inflation
from robustbench_ln.files.regular_files import open_regular

__all__ = ["load_arrays"]

_NAMES = ("images", "labels")


def load_arrays(path: Path, source: str) -> ArrayImages:
    """Read `images` (uint8 [N, H, W, C] or [N, H, W]) and `labels` ([N] integers).

    Pickled objects in the archive are refused, not run.

    Raises:
        DataError: No such file, not an archive, missing arrays, or a wrong shape or dtype.
    """
    if path.is_dir():
        raise DataError(f"{path} is a folder; expected an .npz with 'images' and 'labels'")
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected an .npz with 'images' and 'labels'")
    found = _read_archive(path)
    for name in _NAMES:
        if name not in found:
            raise DataError(
                f"{path}: no array '{name}' (it has {', '.join(map(repr, found)) or 'none'}); "
                "save it with numpy.savez(FILE, images=..., labels=...)"
            )
    pixels, labels = found["images"], found["labels"]
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    check_pixels(pixels, source)
    check_labels(labels, len(pixels), source)
    return ArrayImages(source=source, kind="arrays", pixels=pixels, labels=labels.astype(np.int64))


def _read_archive(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an archive; those that are not asked for are named but empty."""
    expected = "an .npz archive of plain arrays"
    try:
        with open_regular(path) as file:
            check_inflation(file)
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.lib.npyio.NpzFile):
                return {n: archive[n] if n in _NAMES else np.empty(0) for n in archive.files}
    except ARRAY_ERRORS as error:
        raise explain_bad_file(path, expected, error) from error
    raise explain_bad_file(path, expected)

"""`arrays:FILE.npz`: images and labels in one NumPy archive."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from robustbench_ln.data.files import explain_bad_file
from robustbench_ln.data.image_set import ArrayImages, check_labels
from robustbench_ln.errors import DataError

__all__ = ["load_arrays"]


def load_arrays(path: Path, source: str) -> ArrayImages:
    """Read `images` (uint8 [N, H, W, C] or [N, H, W]) and `labels` ([N] integers).

    Pickled objects in the archive are refused, not run.

    Raises:
        DataError: No such file, not an archive, missing arrays, or a wrong shape or dtype.
    """
    if not path.is_file():
        raise DataError(f"{path}: no such file; expected an .npz with 'images' and 'labels'")
    expected = "an .npz archive of plain arrays"
    try:
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise explain_bad_file(path, expected)
            missing = [name for name in ("images", "labels") if name not in archive.files]
            if missing:
                found = ", ".join(archive.files) or "none"
                raise DataError(
                    f"{path}: no array '{missing[0]}' (it has {found}); "
                    "save it with numpy.savez(FILE, images=..., labels=...)"
                )
            pixels, labels = archive["images"], archive["labels"]
    except DataError:
        raise
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise explain_bad_file(path, expected, error) from error
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    check_labels(labels, len(pixels), source)
    return ArrayImages(source=source, kind="arrays", pixels=pixels, labels=labels.astype(np.int64))

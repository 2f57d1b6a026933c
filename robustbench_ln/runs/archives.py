"""Files of predictions: archives of arrays that are read without running or inflating anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.errors import RecordError
from robustbench_ln.files.array_errors import ARRAY_ERRORS
from robustbench_ln.files.regular_files import open_regular
from robustbench_ln.files.schema import shown

__all__ = ["read_archive", "refuse_archive"]


def read_archive(
    path: Path, names: Collection[str], others: Collection[str] | None = None
) -> dict[str, NDArray[Any]]:
    """Return the named arrays of a predictions' file.

    What is compressed could be of any size; `evaluate` does not compress.

    Args:
        path: The file.
        names: Of the arrays.
        others: All that it may hold besides; None does not look.

    Raises:
        RecordError: No such file, or one that `evaluate` cannot have written.
    """
    if not path.is_file():
        raise RecordError(
            f"{path}: no such file; measure the run again, its predictions were not kept"
        )
    try:
        with open_regular(path) as file:
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile) or arrays.zip is None:
                raise refuse_archive(path, "a single array")
            if any(member.compress_type for member in arrays.zip.infolist()):
                raise refuse_archive(path, "compressed")
            _check_names(path, arrays.files, names, others)
            return {name: arrays[name] for name in names}
    except RecordError:
        raise  # a ValueError too
    except ARRAY_ERRORS as error:
        reason = " ".join(str(error).split())
        raise refuse_archive(path, f"damaged ({shown(reason)})") from error


def _check_names(
    path: Path, found: Sequence[str], names: Collection[str], others: Collection[str] | None
) -> None:
    times = Counter(found)
    if absent := [name for name in names if name not in times]:
        raise refuse_archive(path, f"no array '{absent[0]}' in it")
    if twice := [name for name, number in times.items() if number > 1]:
        raise refuse_archive(path, f"it has {shown(twice[0])} twice")
    if others is not None and (unknown := [n for n in found if n not in {*names, *others}]):
        raise refuse_archive(path, f"unknown array {shown(unknown[0])}")


def refuse_archive(path: Path, what: str) -> RecordError:
    """Return the error that a file is not one of predictions."""
    return RecordError(
        f"{path}: not a file of predictions: {what}; measure again in a new run directory"
    )

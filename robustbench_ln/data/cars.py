"""`cars:DIR`: Stanford Cars, laid out as torchvision's StanfordCars has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_ln.data.file_images import FileImages, open_files
from robustbench_ln.data.options import DataOptions, Part
from robustbench_ln.errors import DataError
from robustbench_ln.files.damage import explain_bad_file

__all__ = ["load_cars"]

_ANNOTATIONS: Mapping[Part, str] = MappingProxyType(
    {"test": "cars_test_annos_withlabels.mat", "train": "devkit/cars_train_annos.mat"}
)


def load_cars(folder: Path, source: str, options: DataOptions) -> FileImages:
    """Open cars_test/<image>, labelled by cars_test_annos_withlabels.mat (classes from 1 there).

    The training part is cars_train/<image>, labelled by devkit/cars_train_annos.mat.

    DIR is the folder that holds both, or the one with `stanford_cars` in it. The names of the
    classes are taken from devkit/cars_meta.mat.

    Raises:
        DataError: Missing or damaged files, or no images.
    """
    inner = folder / "stanford_cars"
    base = inner if inner.is_dir() else folder
    path = base / _ANNOTATIONS[options.part]
    annotations = np.atleast_1d(_read_mat(path, "annotations"))
    if annotations.dtype.names is None or not {"fname", "class"} <= {*annotations.dtype.names}:
        raise DataError(f"{path}: its annotations have no 'fname' and 'class'; fetch it again")
    names = [
        str(name) for name in np.atleast_1d(_read_mat(base / "devkit/cars_meta.mat", "class_names"))
    ]
    labelled = [_read_row(row, path) for row in annotations]
    wrong = [(file, label) for file, label in labelled if not 0 <= label < len(names)]
    if wrong:
        raise DataError(
            f"{path}: {wrong[0][0]!r} has class {wrong[0][1] + 1}; expected 1..{len(names)}, the "
            "classes of devkit/cars_meta.mat"
        )
    if not labelled:
        raise DataError(f"{path}: no images")
    root = base / f"cars_{options.part}"
    images = open_files(root, labelled, source=source, class_names=names, framing=options.framing)
    return replace(images, numbering="list")


def _read_row(row: Any, path: Path) -> tuple[str, int]:
    """Return the file and the class, from 0, of one annotation."""
    file, number = row["fname"], np.asarray(row["class"])
    is_number = number.ndim == 0 and number.dtype.kind in "iuf"
    if not isinstance(file, str) or not is_number or not float(number).is_integer():
        raise DataError(
            f"{path}: an annotation has no file name as 'fname' or no whole number as 'class'; "
            "fetch it again"
        )
    return str(file), int(number) - 1


def _read_mat(path: Path, name: str) -> NDArray[Any]:
    """Return one variable of a MATLAB file."""
    from scipy.io import loadmat  # 0.1 s, which other sources need not wait for

    if not path.is_file():
        raise DataError(
            f"{path}: no such file; expected torchvision's StanfordCars layout: cars_test/, "
            f"{_ANNOTATIONS['test']}, cars_train/, devkit/"
        )
    try:
        content = loadmat(path, squeeze_me=True)
    except Exception as error:  # a damaged file can raise anything
        raise explain_bad_file(path, "a MATLAB file (version 7 or older)", error) from error
    if name not in content:
        raise DataError(f"{path}: no variable '{name}'; fetch it again")
    variable: NDArray[Any] = content[name]
    return variable

"""Which files of code somebody installed, and which are the user's own."""

from __future__ import annotations

import sysconfig
from pathlib import Path

__all__ = ["is_installed"]

_STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()
_PACKAGE = Path(__file__).resolve().parents[1]
_FOLDERS = {"site-packages", "dist-packages"}


def is_installed(file: Path) -> bool:
    """Return whether a file is Python's, of an installed package, or of this one.

    >>> is_installed(Path(__file__)), is_installed(Path("net.py").resolve())
    (True, False)
    """
    roots = (_STANDARD_LIBRARY, _PACKAGE)
    return bool(_FOLDERS & set(file.parts)) or any(file.is_relative_to(root) for root in roots)

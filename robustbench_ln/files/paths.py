"""Paths as they are given: with "~", with links, or through links that lead round in a circle."""

from __future__ import annotations

from pathlib import Path

from robustbench_ln.errors import SpecError

__all__ = ["expand_home", "full_path"]


def expand_home(path: str) -> Path:
    """Return a path, with the home folder in place of "~" or "~NAME".

    Raises:
        SpecError: There is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise SpecError(f"{path}: no home folder is known for it; write the path out") from error


def full_path(path: Path) -> Path:
    """Return a path from the root, without links.

    Raises:
        SpecError: Its links lead round in a circle, or the working directory was deleted.
    """
    try:
        return path.resolve()
    except (RuntimeError, OSError) as error:
        reason = getattr(error, "strerror", None) or "its links lead round in a circle"
        raise SpecError(f"{path}: {reason}; check the path and the working directory") from error

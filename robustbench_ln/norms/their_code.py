"""An exception in a user's network is theirs: one line, and their traceback as a note."""

from __future__ import annotations

import importlib.util
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from torch import Tensor

from robustbench_ln.errors import LayoutError, LnBenchError, is_out_of_memory

__all__ = ["first_line", "forward_failed", "their_code", "their_traceback"]

_HERE, _OURS = Path(__file__).parent, Path(__file__).parents[1]
_LAYERS = (
    "deviation.py",
    "ghost.py",
    "group_kernel.py",
    "local.py",
    "noisy.py",
    "renorm.py",
    "running_norm.py",
    "switch.py",
)
"""Layers of ours, which a network may call with anything."""
_LIBRARIES = tuple(
    Path(spec.origin).parent
    for name in ("torch", "torchvision", "timm", "transformers")
    if (spec := importlib.util.find_spec(name)) is not None and spec.origin is not None
)


@contextmanager
def their_code(what: str) -> Iterator[None]:
    """Turn what a network's forward raises into an error of one line.

    The error has the user's traceback as a note (PEP 678), from their first line on, where there
    is a line of theirs. What our own statistics raise in it is a bug of ours and stays;
    so does too little memory, which `explain_memory` explains.

    Args:
        what: What failed, for the message.

    Raises:
        LayoutError: The network failed.
    """
    try:
        yield
    except LnBenchError:
        raise
    except (Exception, SystemExit) as error:
        if is_out_of_memory(error) or _is_ours(error):
            raise
        frames = _their_frames(error)
        file = Path(frames[0].filename).name if frames else ""
        fault = f"; the error is in {file}; fix it and rerun the same command" if frames else ""
        failure = LayoutError(f"{what} ({first_line(error)}){fault}")
        if frames:
            failure.add_note(f"Traceback in your {file}:\n{their_traceback(error)}")
        raise failure from error


def forward_failed(images: Tensor) -> str:
    """Say that a network failed on images [N, C, H, W]."""
    count, *shape = images.shape
    return f"the network failed on {count} images of {'x'.join(map(str, shape))}"


def their_traceback(error: BaseException) -> str:
    """Return a traceback from the first frame that is neither ours nor a library's."""
    lines = traceback.format_list(_their_frames(error)) + traceback.format_exception_only(error)
    return "".join(lines).rstrip()


def first_line(error: BaseException) -> str:
    """Return an exception's class and the first line of what it says."""
    reason = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {reason}".removesuffix(": ")


def _their_frames(error: BaseException) -> list[traceback.FrameSummary]:
    frames = traceback.extract_tb(error.__traceback__)
    own = [i for i, frame in enumerate(frames) if not _is_known(frame)]
    return frames[own[0] :] if own else []


def _is_known(frame: traceback.FrameSummary) -> bool:
    """Whether a frame is of a library, of Python's own or of ours."""
    path = Path(frame.filename)
    is_python = frame.filename.startswith("<frozen ") or path.name in ("contextlib.py",)
    return is_python or path.is_relative_to(_OURS) or any(map(path.is_relative_to, _LIBRARIES))


def _is_ours(error: BaseException) -> bool:
    """Whether the innermost line outside torch computes a layout's statistics."""
    paths = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    while paths and paths[0].is_relative_to(_OURS):  # who called the network
        del paths[0]
    below = [path for path in paths if not path.is_relative_to(_LIBRARIES[0])]
    return bool(below) and below[-1].parent == _HERE and below[-1].name not in _LAYERS

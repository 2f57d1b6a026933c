"""How a source of images is read, beside its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from robustbench_ln.data.picture import Framing

__all__ = ["DataOptions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """How a source is read.

    Attributes:
        framing: Sources of picture files: how each is scaled and cropped.
        class_map: folder: a JSON file of class indices by folder name.
        download: Fetch the data set first.
    """

    framing: Framing = field(default_factory=Framing)
    class_map: Path | None = None
    download: bool = False

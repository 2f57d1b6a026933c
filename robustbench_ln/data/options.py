"""How a source of images is read, beside its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from robustbench_ln.files.pictures import Framing

__all__ = ["DataOptions", "Part"]

Part = Literal["test", "train"]
"""Of a published data set: what networks are tested on, or trained on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOptions:
    """How a source is read.

    Attributes:
        framing: Sources of picture files: how each is scaled and cropped.
        class_map: folder: a file of class indices by folder name (JSON), or of the names in the
            network's order (JSON or text).
        download: Fetch the data set first.
        part: Which part, where the source has two; arrays and plain class folders are one.
    """

    framing: Framing = field(default_factory=Framing)
    class_map: Path | None = None
    download: bool = False
    part: Part = "test"

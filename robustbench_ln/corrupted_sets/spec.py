"""What a generated set is: conditions, format, seed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from robustbench_ln.errors import SpecError, by_skin, setting
from robustbench_ln.lookup import find_entry
from robustbench_ln.spec import Condition, check_seed, check_whole_numbers

__all__ = ["FORMATS", "GenerationSpec", "keeps_floats"]

FORMATS = ("npy", "folder", "npz")


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationSpec:
    """What decides every byte of a generated set, besides the images.

    Attributes:
        conditions: Without the clean one: the source itself is the clean set.
        format: "npy": the format of CIFAR-10-C. "folder": that of ImageNet-C. "npz": one archive
            of images and labels for each condition.
        uses_jpeg: Format "folder": JPEG of quality 85, as published, in place of PNG.
        seed: Decides the draws.
        limit: Number of images to use, the first of the source; None is all.

    Raises:
        SpecError: Nothing to do, two conditions for one place, or a format that cannot hold them.
    """

    conditions: tuple[Condition, ...]
    format: str
    uses_jpeg: bool = False
    seed: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        """Check that the parts fit together."""
        check_whole_numbers(self, "limit")
        object.__setattr__(self, "seed", check_seed(self.seed))
        find_entry(
            dict.fromkeys(FORMATS),
            self.format,
            kind=by_skin(command_line=setting("format"), python="format"),
        )
        if not self.conditions:
            raise SpecError("nothing to generate: only sigma 0 was given, the clean images")
        if self.uses_jpeg and self.format != "folder":
            raise SpecError(
                f"{setting('uses_jpeg')} is for {setting('format', 'folder')}; {self.format} holds "
                "plain arrays"
            )
        if self.limit is not None and self.limit < 1:
            raise SpecError(f"{setting('limit')} is {self.limit}; expected 1 or more images")
        places = Counter((c.corruption, c.severity) for c in self.conditions)
        (name, severity), count = places.most_common(1)[0]
        if count > 1:
            raise SpecError(
                f"{name} at severity {severity:g} is asked for by two severity tables; give each "
                f"its own {setting('out')}"
            )
        for condition in self.conditions:
            _check_format(condition, self.format)

    def to_json(self) -> dict[str, Any]:
        """Return the fields as plain values; every condition is made here."""
        made = [condition.to_json() for condition in self.conditions]
        plain = [{k: fields[k] for k in fields if k not in _STORED_FIELDS} for fields in made]
        return asdict(self) | {"conditions": plain}


_STORED_FIELDS = ("origin", "corrupted_sha256")
"""What a condition says of sets that are read, not made."""


def keeps_floats(condition: Condition) -> bool:
    """Return whether the convention leaves floats that are not rounded to uint8."""
    return condition.range in ("rescale", "none")


def _check_format(condition: Condition, name: str) -> None:
    if name == "npy" and condition.has_sigma:
        raise SpecError(
            f"{setting('format', 'npy')} stacks severities 1-5; {condition.corruption} has "
            f"sigmas: use {setting('format', 'npz')}"
        )
    if name == "folder" and keeps_floats(condition):
        raise SpecError(
            f"{setting('format', 'folder')} holds 8 bits a value; {condition.corruption} "
            f"with {setting('pixel_range', condition.range)} keeps floats: use "
            f"{setting('format', 'npz')}"
        )

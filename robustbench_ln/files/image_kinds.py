"""KIND:PATH: kinds of sources of images, by the word before the colon."""

from __future__ import annotations

from collections.abc import Collection

from robustbench_ln.errors import SpecError, by_skin, setting
from robustbench_ln.lookup import unknown_name

__all__ = ["ARRAY_KINDS", "IMAGE_KINDS", "PICTURE_KINDS", "STORED_KINDS", "find_kind"]

ARRAY_KINDS = ("arrays", "cifar10", "cifar100", "mnist", "fashion-mnist", "demo")
"""Clean images of one size, in memory."""
PICTURE_KINDS = ("folder", "imagenet", "cars")
"""Clean images as picture files of any size."""
IMAGE_KINDS = (*ARRAY_KINDS, *PICTURE_KINDS)
STORED_KINDS = ("cifar10-c", "cifar100-c", "imagenet-c", "corrupted")
"""Sets that are corrupted already."""


def find_kind(source: str, kinds: Collection[str] = IMAGE_KINDS, *, name: str = "images") -> str:
    """Return the kind that KIND:PATH says.

    Raises:
        SpecError: No KIND:PATH, or none of `kinds`; the message says that it is setting `name`.
    """
    kind, _, path = source.partition(":")
    if not path:
        given = by_skin(command_line=f"{setting(name)} '{source}'", python=setting(name, source))
        raise SpecError(f"{given}: expected KIND:PATH, as in cifar10:data ({', '.join(kinds)})")
    if kind not in kinds:
        raise unknown_name(
            kind, kinds, kind=by_skin(command_line=f"{setting(name)} kind", python="kind of images")
        )
    return kind

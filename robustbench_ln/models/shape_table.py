"""The shapes of our networks and torchvision's in a file: building them all takes half a minute.

`python -m tools.make_shape_table` makes known_shapes.json. It has a CRC-32 for each tensor of
a network, of its name and shape; the axis of the classes counts as any number.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import numpy as np

from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.models.heads import TRAINING_HEADS

__all__ = ["encode_sums", "nearest_in_table", "read_table", "shape_sums"]

TABLE = Path(__file__).with_name("known_shapes.json")

Sums = frozenset[int]
Shapes = Mapping[str, Collection[int]]


def read_table() -> dict[str, Sums]:
    """Return the sums of every network in the table, by what `--arch` takes."""
    table: dict[str, str] = json.loads(read_regular(TABLE))
    return {name: _decode_sums(text) for name, text in table.items()}


def encode_sums(sums: Sums) -> str:
    """Return sums as the table has them."""
    return base64.b64encode(np.sort(np.array([*sums], "<u4")).tobytes()).decode()


def _decode_sums(text: str) -> Sums:
    return frozenset(np.frombuffer(base64.b64decode(text), "<u4").tolist())


def shape_sums(shapes: Shapes, head: Collection[str]) -> Sums:
    """Return a sum for each tensor of a network.

    Args:
        shapes: Name -> shape. Running statistics and heads of training alone do not count.
        head: Names of the tensors whose first axis is that of the classes.
    """
    return frozenset(
        _sum_of(name, shape, any_classes=name in head) for name, shape in _counted(shapes)
    )


def nearest_in_table(shapes: Shapes, names: Collection[str]) -> tuple[float, list[str]]:
    """Return the largest share of tensors in common, of both together, and the networks with it.

    Args:
        shapes: Shapes of a checkpoint: name -> shape.
        names: The networks of the table to compare with.
    """
    plain = {_sum_of(name, shape, any_classes=False) for name, shape in _counted(shapes)}
    as_head = {_sum_of(name, shape, any_classes=True) for name, shape in _counted(shapes)}
    shares = {}
    for network, sums in read_table().items():
        common = len(sums & (plain | as_head)) if network in names else 0
        shares[network] = common / max(1, len(sums) + len(plain) - common)
    largest = max(shares.values(), default=0.0)
    return largest, [network for network, share in shares.items() if 0 < share == largest]


def _counted(shapes: Shapes) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield what a network has under every norm; [G, C] of LocalNorm is [C] of BatchNorm."""
    for name, shape in shapes.items():
        module, _, last = name.rpartition(".")
        if last.startswith(("running_", "num_")) or name.startswith(TRAINING_HEADS):
            continue
        is_local = last in ("weight", "bias") and len(shapes.get(f"{module}.bias", ())) == 2
        yield name, tuple(shape)[-1:] if is_local else tuple(shape)


def _sum_of(name: str, shape: tuple[int, ...], *, any_classes: bool) -> int:
    shown = ("*", *shape[1:]) if any_classes else shape
    return zlib.crc32(f"{name} {' '.join(map(str, shown))}".encode())

"""Make the table of the shapes of known networks: python -m tools.make_shape_table.

It builds every network of `ln-bench list archs` and every classification network of the installed
torchvision, in two minutes. Networks that are not in the table are built when they are needed.
"""

from __future__ import annotations

import json

from robustbench_ln.models.networks.torchvision_models import torchvision_names
from robustbench_ln.models.registry import ARCHITECTURES, find_architecture
from robustbench_ln.models.shape_table import TABLE, Sums, encode_sums, shape_sums
from robustbench_ln.models.sizes import find_shapes


def known_names() -> list[str]:
    """Return what `--arch` takes, timm's networks left out."""
    return [*ARCHITECTURES, *(f"torchvision:{name}" for name in torchvision_names())]


def sums_of(name: str) -> Sums:
    """Return the sums of one network."""
    shapes = find_shapes(find_architecture(name))
    return shape_sums(shapes.plain, shapes.head)


def table_text() -> str:
    """Return the content of the table's file."""
    table = {name: encode_sums(sums_of(name)) for name in sorted(known_names())}
    return json.dumps(table, indent=0) + "\n"


def main() -> None:
    """Write the table."""
    TABLE.write_text(table_text())


if __name__ == "__main__":
    main()

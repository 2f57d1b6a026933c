"""Print the lowest versions that pyproject.toml allows, one requirement per line.

`make lowest` installs them in an environment of their own and runs the tests there.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest_versions(pyproject: str) -> list[str]:
    """Return the package's requirements with each lower bound as the exact version.

    >>> lowest_versions('project.dependencies = ["numpy>=2.0", "torch>=2.6"]')
    ['numpy==2.0', 'torch==2.6']
    """
    requirements: list[str] = tomllib.loads(pyproject)["project"]["dependencies"]
    return [one.replace(">=", "==") for one in requirements]


if __name__ == "__main__":
    print("\n".join(lowest_versions(PYPROJECT.read_text())))

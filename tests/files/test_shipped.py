"""The shipped files are there, and get into a wheel."""

from __future__ import annotations

import tomllib
from pathlib import Path

from robustbench_ln.files.shipped import SHIPPED_CHECKPOINTS, SHIPPED_IMAGES

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "robustbench_ln"


def test_every_shipped_file_is_named_and_packaged():
    named = {file.path.resolve() for file in (SHIPPED_CHECKPOINTS | SHIPPED_IMAGES).values()}
    lying = {path.resolve() for path in (PACKAGE / "shipped").iterdir()}
    assert lying == named | {(PACKAGE / "shipped" / "NOTICE.md").resolve()}
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["robustbench_ln"]
    packaged = {path.resolve() for pattern in patterns for path in PACKAGE.glob(pattern)}
    assert lying <= packaged
    for notice in settings["project"]["license-files"]:
        assert (ROOT / notice).is_file()

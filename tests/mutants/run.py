"""Plant wrong formulas, one at a time, and demand that the suite turns red.

    python tests/mutants/run.py [NAME ...]

Each [[mutant]] of the .toml files beside this file names a text in a source file, what to put in
its place, and the tests that must fail then. It lives in a copy; the checkout is not touched.
Exits with 1 if a mutant survives.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


class Mutant(NamedTuple):
    name: str
    file: str
    find: str
    replace: str
    tests: list[str]


def read_mutants() -> list[Mutant]:
    return [
        Mutant(**entry)
        for file in sorted(HERE.glob("*.toml"))
        for entry in tomllib.loads(file.read_text())["mutant"]
    ]


def is_caught(mutant: Mutant, copy: Path) -> bool:
    """Run the tests against the mutant in `copy`; put the source back afterwards."""
    source = copy / mutant.file
    original = source.read_text()
    if original.count(mutant.find) != 1:
        raise SystemExit(f"{mutant.name}: its text is {original.count(mutant.find)} x in {source}")
    source.write_text(original.replace(mutant.find, mutant.replace))
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.tests]
    try:
        run = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    finally:
        source.write_text(original)
    if run.returncode not in (0, 1):  # 1: tests failed; others: the tests could not run
        raise SystemExit(f"{mutant.name}: pytest exits with {run.returncode}\n{run.stdout[-2000:]}")
    return run.returncode == 1


def main() -> int:
    chosen = [m for m in read_mutants() if not sys.argv[1:] or m.name in sys.argv[1:]]
    survivors = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        ignore = shutil.ignore_patterns(".git", ".venv", "__pycache__", "runs")
        shutil.copytree(ROOT, copy, ignore=ignore)
        for mutant in chosen:
            caught = is_caught(mutant, copy)
            survivors += [] if caught else [mutant.name]
            print(f"{'caught' if caught else 'SURVIVED':9s} {mutant.name}", flush=True)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

"""Plant wrong formulas, one at a time, and demand that the suite turns red.

    python tests/mutants/run.py [NAME ...]

Each [[mutant]] of the .toml files beside this file names a text in a source file, what to put in
its place, and the tests that must fail then. Mutants live in copies of the checkout, one copy for
each core; the checkout is not touched. Exits with 1 if a mutant survives.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
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


def plant(mutant: Mutant, root: Path) -> str:
    """Return the mutant's source file with its text replaced.

    Raises:
        SystemExit: The text does not stand in the file exactly once.
    """
    original = (root / mutant.file).read_text()
    if original.count(mutant.find) != 1:
        raise SystemExit(
            f"{mutant.name}: its text stands {original.count(mutant.find)} times in {mutant.file}"
        )
    return original.replace(mutant.find, mutant.replace)


def is_caught(mutant: Mutant, copy: Path) -> bool:
    """Run the tests against the mutant in `copy`; put the source back afterwards."""
    source = copy / mutant.file
    original, planted = source.read_text(), plant(mutant, copy)
    source.write_text(planted)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *mutant.tests]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(copy)}
    try:
        run = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
    finally:
        source.write_text(original)
    if run.returncode not in (0, 1):  # 1: tests failed; others: the tests could not run
        raise SystemExit(f"{mutant.name}: pytest exits with {run.returncode}\n{run.stdout[-2000:]}")
    return run.returncode == 1


def _ignore(folder: str, names: list[str]) -> set[str]:
    own = {".git", ".venv", "runs"} if Path(folder) == ROOT else set()
    return own | {"__pycache__"} & set(names)


def main() -> int:
    chosen = [m for m in read_mutants() if not sys.argv[1:] or m.name in sys.argv[1:]]
    survivors = []
    num_copies = max(1, min(os.cpu_count() or 1, len(chosen)))
    with tempfile.TemporaryDirectory() as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(num_copies):
            copy = Path(folder) / str(number) / "copy"
            shutil.copytree(ROOT, copy, ignore=_ignore)
            if (ROOT.parent / "shared").is_dir():  # real images, which some tests need
                (copy.parent / "shared").symlink_to(ROOT.parent / "shared")
            copies.put(copy)

        def check(mutant: Mutant) -> bool:
            copy = copies.get()
            try:
                return is_caught(mutant, copy)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(num_copies) as pool:
            for mutant, caught in zip(chosen, pool.map(check, chosen), strict=True):
                survivors += [] if caught else [mutant.name]
                print(f"{'caught' if caught else 'SURVIVED':9s} {mutant.name}", flush=True)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())

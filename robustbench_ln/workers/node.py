"""One unit of work on a machine of a cluster: the machine is checked, the task opened once."""

from __future__ import annotations

import hashlib
import pickle
import platform
import warnings
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import robustbench_ln
from robustbench_ln.errors import LnBenchError
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.workers.allocator import keep_freed_memory
from robustbench_ln.workers.portable import Parcel, unpack
from robustbench_ln.workers.server import explain
from robustbench_ln.workers.sources import Source

__all__ = ["do_unit", "installation"]

_PACKAGES = ("torch", "torchvision", "numpy", "opencv-python-headless", "pillow", "scipy")

_OPEN: dict[str, Any] = {}
"""The open task of this process, by its key: there is one."""


@cache
def installation() -> dict[str, str]:
    """Return what rows may depend on, by name: it must be the same on all machines."""
    package = Path(robustbench_ln.__file__).parent
    digest = hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(f"{file.relative_to(package)}\0".encode() + read_regular(file))
    found = {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "robustbench_ln": f"{robustbench_ln.__version__} ({digest.hexdigest()[:12]})",
    }
    return found | {name: _version(name) for name in _PACKAGES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def do_unit(
    shared: tuple[Any, Any, Any], key: str, unit: bytes, expected: dict[str, str]
) -> tuple[str, Any]:
    """Return what a unit gives: ("done", its pickled result and progress), or why there is none.

    Args:
        shared: The parcel of the task as plain tuples, which any machine can read; it is unpacked
            when this process first sees its key.
        key: Tells tasks apart.
        unit: Pickled.
        expected: `installation()` of the machine that asks.
    """
    found = installation()
    differing = [name for name, value in expected.items() if found.get(name) != value]
    if differing:
        name = differing[0]
        return "unfit", f"has {name} {found.get(name)}, this machine {expected[name]}"
    told: list[int] = []
    try:
        run = _open(shared, key)
        result = run(pickle.loads(unit), told.append)
    except ModuleNotFoundError as error:
        return "unfit", f"lacks the module {error.name}"
    except LnBenchError as error:
        return "failed", error
    except Exception as error:  # noqa: BLE001  (whatever it is, our process raises it)
        return "failed", explain(error)
    return "done", (pickle.dumps(result), sum(told))


def _open(shared: tuple[Any, Any, Any], key: str) -> Any:
    if key not in _OPEN:
        keep_freed_memory()
        warnings.simplefilter("ignore")  # our process has given them already
        _OPEN.clear()
        structure, buffers, plain = shared
        sources = {name: Source(*source) for name, source in plain.items()}
        _OPEN[key] = unpack(Parcel(structure, buffers, sources)).open(0)
    return _OPEN[key]

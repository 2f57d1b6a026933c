"""`ln-bench env`: what a bug report should say about this machine."""

from __future__ import annotations

import os
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.texts.console import say

__all__ = ["env"]

_PACKAGES = (
    "torch",
    "torchvision",
    "timm",
    "transformers",
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "pillow",
)
_GIB = 1 << 30


def env() -> None:
    """Show versions, processor, threads, GPUs, frost photographs and free disk, for bug reports."""
    rows = {**_versions(), **_machine(), **_devices(), "frost": _frost(), "free disk": _free_disk()}
    width = max(map(len, rows))
    for name, text in rows.items():
        say(f"{name:<{width}}  {text}")


def _versions() -> dict[str, str]:
    import robustbench_ln

    return {
        "robustbench_ln": robustbench_ln.__version__,
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        **{name: _version(name) for name in _PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _machine() -> dict[str, str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIB
    return {
        "system": _system(),
        "processor": _processor(),
        "cores": f"{len(os.sched_getaffinity(0))} for this process, {os.cpu_count()} in all",
        "memory": f"{memory:.1f} GiB",
    }


def _system() -> str:
    """Return system, release and C library; platform.platform() would start `uname`."""
    parts = (platform.system(), platform.release(), platform.machine(), *platform.libc_ver())
    return " ".join(filter(None, parts))


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = read_regular(cpuinfo).decode().splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _devices() -> dict[str, str]:
    import torch

    gpus = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    found = ", ".join(
        f"cuda:{i} {g.name}, {g.total_memory / _GIB:.0f} GiB" for i, g in enumerate(gpus)
    )
    return {"torch threads": str(torch.get_num_threads()), "GPUs": found or "none"}


def _frost() -> str:
    from robustbench_ln.corruptions.frost import find_frost_folder

    folder = find_frost_folder()
    return "procedural (no photographs installed)" if folder is None else f"photographs in {folder}"


def _free_disk() -> str:
    return f"{shutil.disk_usage(Path.cwd()).free / _GIB:.1f} GiB in {Path.cwd()}"

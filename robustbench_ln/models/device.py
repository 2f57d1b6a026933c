"""Where the network runs."""

from __future__ import annotations

import torch

from robustbench_ln.errors import SpecError, setting

__all__ = ["check_device", "choose_devices"]


def choose_devices(text: str) -> tuple[str, ...]:
    """Return the devices that a text names: one, several GPUs, or "auto".

    Args:
        text: Torch's name of a device; "cuda:0,cuda:1"; or "auto", a GPU where there is one.

    Raises:
        SpecError: This machine has no such device, or several are not GPUs, or not different ones.
    """
    if text == "auto":
        return ("cuda",) if torch.cuda.is_available() else ("cpu",)
    names = tuple(name.strip() for name in text.split(","))
    devices = [torch.device(check_device(name)) for name in names]
    if len(names) > 1 and any(d.type == "cpu" or d.index is None for d in devices):
        raise SpecError(
            f"{setting('device', text)}: several devices are GPUs with their numbers, as in "
            f"{setting('device', 'cuda:0,cuda:1')}; the cores of a CPU are {setting('workers')}, "
            f"in training {setting('processes')}"
        )
    if len(set(devices)) < len(devices):
        raise SpecError(f"{setting('device', text)} names a device twice; give each once")
    return names


def check_device(name: str) -> str:
    """Return the name, if this machine has such a device.

    Raises:
        SpecError: torch does not know it, or cannot use it here.
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:  # torch names two dozen kinds, most of them never built in
        raise SpecError(
            f"{setting('device', name)}: no such device; expected cpu, cuda, cuda:N or auto; "
            f"use {setting('device', 'cpu')}"
        ) from error
    try:
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise SpecError(
            f"{setting('device', name)}: {reason}; use {setting('device', 'cpu')}"
        ) from error
    return name

"""Where the network runs."""

from __future__ import annotations

import torch

from robustbench_ln.errors import SpecError, setting

__all__ = ["check_device"]


def check_device(name: str) -> str:
    """Return the name, if this machine has such a device.

    Raises:
        SpecError: torch does not know it, or cannot use it here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise SpecError(
            f"{setting('device', name)}: {reason}; use {setting('device', 'cpu')}"
        ) from error
    return name

"""Who distributes units of work: processes of this machine, or Ray. It changes no row."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from importlib.util import find_spec

from robustbench_ln.errors import SpecError, by_skin, setting
from robustbench_ln.lookup import unknown_name

__all__ = ["Engine"]

_NAMES = ("processes", "ray")
_ADDRESS = r"[A-Za-z0-9_.-]{1,253}:[0-9]{1,5}|\[[0-9a-fA-F:.]{2,45}\]:[0-9]{1,5}"
_MOST_GPUS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What does the units of a task.

    Attributes:
        name: "processes" of this machine, or "ray".
        address: "HOST:PORT" of a Ray cluster, or "auto" for the one that this machine is part of;
            None starts Ray on this machine alone.
        gpus: GPUs that a unit takes, where the network runs on one: 0.25 lets four units share one.

    Raises:
        SpecError: An unknown engine, an address that is none, or something that would be ignored.
    """

    name: str = "processes"
    address: str | None = None
    gpus: float | None = None

    def __post_init__(self) -> None:
        """Check the values; whether Ray is installed is found without importing it."""
        if self.name not in _NAMES:
            raise unknown_name(
                self.name, _NAMES, kind=by_skin(command_line=setting("engine"), python="engine")
            )
        if self.name != "ray":
            for name in ("address", "gpus"):
                if getattr(self, name) is not None:
                    raise SpecError(f"{setting(f'ray_{name}')} is for {setting('engine', 'ray')}")
            return
        if self.address is not None and self.address != "auto":
            self._check_address(self.address)
        self._check_gpus()
        if find_spec("ray") is None:
            raise SpecError(
                f"{setting('engine', 'ray')} needs the package ray: pip install 'ray>=2.40'"
            )

    @staticmethod
    def _check_address(address: str) -> None:
        if not re.fullmatch(_ADDRESS, address) or int(address.rpartition(":")[2]) > 65_535:
            raise SpecError(
                f"{setting('ray_address', address)}: expected HOST:PORT of a cluster that this "
                "machine is part of, as in 10.0.0.1:6379, or auto"
            )

    def _check_gpus(self) -> None:
        if self.gpus is None:
            return
        is_share = math.isfinite(self.gpus) and 0 < self.gpus <= _MOST_GPUS
        if not is_share or (self.gpus > 1 and self.gpus != int(self.gpus)):
            raise SpecError(
                f"{setting('ray_gpus', self.gpus)}: expected GPUs of one unit, a share of one as "
                f"0.25, or 1, 2, ... to {_MOST_GPUS}"
            )

    @property
    def is_ray(self) -> bool:
        """Whether Ray distributes the units."""
        return self.name == "ray"

    def check_device(self, device: str) -> None:
        """Demand a device that Ray can choose by itself.

        Raises:
            SpecError: A GPU is named by its number.
        """
        if self.is_ray and device not in ("cpu", "cuda"):
            raise SpecError(
                f"{setting('device', device)}: {setting('engine', 'ray')} chooses the GPUs; give "
                f"{setting('device', 'cuda')}"
            )

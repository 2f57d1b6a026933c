"""A network that normalises its input itself, beside the one that is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from robustbench_ln.errors import setting
from robustbench_ln.evaluation.checks.probe import Probe, changed_tensors
from robustbench_ln.evaluation.checks.repeatability import LARGEST_DIFFERENCE
from robustbench_ln.evaluation.checks.result import CheckResult, not_applicable, passed, warning

__all__ = ["check_stored_normalization"]

NAME = "stored_normalization"

_NAMES = re.compile(r"(^|.*_)(means?|stds?|stdev|mu|sigma)_?$", re.IGNORECASE)

SMALLEST_MOVE = 1e-3
"""Of logits while the values are changed; values that are kept and not used move nothing."""


class _Stored(NamedTuple):
    """One place where a module keeps such values: a buffer, a parameter, a tensor or a list."""

    module: nn.Module
    path: str
    name: str
    values: Tensor | Sequence[float]

    @property
    def changes_nothing(self) -> bool:
        """Whether the values are all 0, or all 1."""
        values = torch.as_tensor(self.values)
        return bool((values == 0).all() or (values == 1).all())


def check_stored_normalization(probe: Probe) -> CheckResult:
    """Warn where values named mean, std, mu or sigma are used in the network and here again."""
    normalization = probe.subject.normalization
    if set(normalization.mean) == {0.0} and set(normalization.std) == {1.0}:
        return passed(NAME, "the input is not normalised outside the network")
    found = list(_find(probe.view.network, len(normalization.mean)))
    if all(stored.changes_nothing for stored in found):
        return passed(NAME, "the network stores no normalisation of its input")
    if not probe.is_finite or probe.difference(probe.again, probe.logits) > LARGEST_DIFFERENCE:
        return not_applicable(NAME, "logits are not finite and repeatable")
    if probe.difference_while(_changed(found)) <= SMALLEST_MOVE:
        return passed(NAME, "stored values are not used", stored=len(found))
    names = " and ".join(f"'{stored.path}'" for stored in found[:2])
    return warning(
        NAME,
        f"the network normalises its input itself ({names}), and "
        f"{setting('normalize', normalization.name)} does so before it: the input is normalised "
        f"twice. Use {setting('normalize', 'none')}",
        stored=len(found),
    )


def _find(network: nn.Module, channels: int) -> Iterator[_Stored]:
    """Yield values for C channels under such a name, or a mean and a deviation for all channels.

    Running statistics of a norm layer are its own affair; one value alone may be anything.
    """
    for path, module in network.named_modules():
        if hasattr(module, "running_mean"):
            continue
        own = {**vars(module), **module._parameters, **module._buffers}
        found = {n: v for n, v in own.items() if _NAMES.match(n) and _is_for(v, channels)}
        has_all = channels > 1 and any(_size(v) == channels for v in found.values())
        if has_all or len({_is_deviation(name) for name in found}) == 2:
            for name, values in found.items():
                yield _Stored(module, f"{path}.{name}".lstrip("."), name, values)


def _is_deviation(name: str) -> bool:
    return re.search(r"(std|sigma)", name, re.IGNORECASE) is not None


def _size(values: Tensor | Sequence[float]) -> int:
    return values.numel() if isinstance(values, Tensor) else len(values)


def _is_for(values: object, channels: int) -> bool:
    if isinstance(values, Tensor):
        sizes = {values.numel(), max(values.shape, default=1)}
        return values.is_floating_point() and sizes <= {1, channels}
    is_list = isinstance(values, list | tuple) and len(values) in (1, channels)
    return is_list and all(isinstance(value, float | int) for value in values)  # type: ignore[attr-defined]


@contextmanager
def _changed(found: Sequence[_Stored]) -> Iterator[None]:
    tensors = [stored.values for stored in found if isinstance(stored.values, Tensor)]
    with ExitStack() as stack:
        stack.enter_context(changed_tensors(tensors, lambda values: values * 2 + 0.5))
        for stored in found:
            if not isinstance(stored.values, Tensor):
                setattr(stored.module, stored.name, [value * 2 + 0.5 for value in stored.values])
                stack.callback(setattr, stored.module, stored.name, stored.values)
        yield

"""A network from the user's own file: `--model FILE.py:FUNCTION`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.files.paths import full_path
from robustbench_ln.lookup import unknown_name
from robustbench_ln.norms.their_code import first_line, their_traceback

__all__ = ["build_user_model"]


def build_user_model(text: str) -> nn.Module:
    """Run the user's file and return what the user's function returns.

    The file's folder is on sys.path meanwhile, as with `python FILE.py`, and what their code prints
    goes to stderr, since stdout is for results. Where their code raises,
    the error has their traceback as a note (PEP 678), from their first line on and marked as
    theirs.

    Args:
        text: "FILE.py:FUNCTION"; the function is called without arguments.

    Raises:
        SpecError: No such file or function, their code raised, or it returned no nn.Module, one
            with lazy layers that saw no image, or one whose state is not of tensors alone.
    """
    file, colon, name = text.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise SpecError(f"{setting('model', text)}: expected FILE.py:FUNCTION")
    path = full_path(Path(file))
    if not path.is_file():
        raise SpecError(f"{setting('model', text)}: no such file")
    with _folder_on_path(path.parent), redirect_stdout(sys.stderr):
        module = _call(
            lambda: _import(path), path, f"{setting('model', text)}: {path.name} cannot be imported"
        )
        function = getattr(module, name, None)
        if not callable(function):
            choices = [key for key, value in vars(module).items() if callable(value)]
            kind = f"function of {path.name}"
            raise unknown_name(name, choices, kind=kind)
        if isinstance(function, nn.Module):
            raise SpecError(
                f"{setting('model', text)}: {name} is a network; name a function that returns it"
            )
        network = _call(function, path, f"{setting('model', text)}: {name}() failed")
    if not isinstance(network, nn.Module):
        raise SpecError(
            f"{setting('model', text)}: {name}() returned {_article(type(network).__name__)}; "
            "expected a torch.nn.Module"
        )
    lazy = [parameter for parameter, value in network.named_parameters() if is_lazy(value)]
    if lazy:
        raise SpecError(
            f"{setting('model', text)}: '{lazy[0]}' has no size yet; run a batch of "
            f"images through the network in {name}() before returning it"
        )
    _check_state(network, f"{setting('model', text)}")
    return network


def _check_state(network: nn.Module, where: str) -> None:
    """Demand a state that a checkpoint can hold."""
    for name, value in network.state_dict().items():
        if not isinstance(value, Tensor):
            raise SpecError(
                f"{where}: '{name}' in the network's state is {_article(type(value).__name__)}; "
                "checkpoints hold only tensors: register it as a buffer, or remove get_extra_state"
            )


def _import(path: Path) -> ModuleType:
    name = f"ln_bench_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickle look a class's module up there
    spec.loader.exec_module(module)
    return module


@contextmanager
def _folder_on_path(folder: Path) -> Iterator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:  # their code may change the path too
            sys.path.remove(str(folder))


def _call(function: Callable[[], Any], path: Path, what: str) -> Any:
    """Return function(); user code may raise anything, and call sys.exit()."""
    try:
        return function()
    except (Exception, SystemExit) as error:
        failure = SpecError(f"{what} ({first_line(error)}); the error is in that file")
        failure.add_note(f"Traceback in your {path.name}:\n{their_traceback(error)}")
        raise failure from error


def _article(name: str) -> str:
    return name if name == "NoneType" else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"

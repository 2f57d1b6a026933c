"""Modules of the user's own, which travel as text to machines that do not have their files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from robustbench_ln.files.installed import is_installed
from robustbench_ln.files.regular_files import read_regular

__all__ = ["Source", "install_sources", "own_sources"]


class Source(NamedTuple):
    """A module.

    Attributes:
        file: Where it lies on the machine of the user, for tracebacks.
        text: Its content.
    """

    file: str
    text: bytes


def own_sources(needed: Iterable[str]) -> dict[str, Source]:
    """Return the user's modules by name, where one of the needed modules is the user's.

    All that were imported are taken: the needed one may import any of them.

    Args:
        needed: Names of modules.

    Raises:
        OSError: A file cannot be read.
    """
    own = {name: file for name in list(sys.modules) if (file := _own_file(name)) is not None}
    if not any(name in own for name in needed):
        return {}
    return {name: Source(str(file), read_regular(file)) for name, file in sorted(own.items())}


def _own_file(name: str) -> Path | None:
    """Return the file of a module that nobody installed."""
    text = getattr(sys.modules.get(name), "__file__", None)
    if name == "__main__" or not isinstance(text, str) or not text.endswith(".py"):
        return None
    file = Path(text).resolve()
    return None if is_installed(file) or not file.is_file() else file


def install_sources(sources: Mapping[str, Source]) -> None:
    """Have modules imported from these texts, in place of others of their name.

    A module that was imported from the same text stays.
    """
    finder = next((each for each in sys.meta_path if isinstance(each, _Finder)), None)
    if finder is None:
        finder = _Finder()
        sys.meta_path.insert(0, finder)
    for name, source in sources.items():
        if name in sys.modules and _text_of(name, finder) != source.text:
            del sys.modules[name]
    finder.sources |= sources


def _text_of(name: str, finder: _Finder) -> bytes | None:
    """Return the text that a loaded module is of; None where it is of none."""
    if name in finder.sources:
        return finder.sources[name].text
    file = _own_file(name)
    return None if file is None else read_regular(file)


class _Finder(MetaPathFinder, Loader):
    """Finds modules among texts, by name."""

    def __init__(self) -> None:
        self.sources: dict[str, Source] = {}

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Return where a module is."""
        del path, target
        source = self.sources.get(fullname)
        if source is None:
            return None
        is_package = Path(source.file).name == "__init__.py"
        return spec_from_loader(fullname, self, origin=source.file, is_package=is_package)

    def exec_module(self, module: ModuleType) -> None:
        """Run the text of a module."""
        source = self.sources[module.__name__]
        module.__file__ = source.file
        exec(compile(source.text, source.file, "exec"), module.__dict__)

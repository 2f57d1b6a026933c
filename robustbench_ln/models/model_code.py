"""What a network of `--model FILE.py:FUNCTION` is made of beside its weights: the code that ran."""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from robustbench_ln.errors import SpecError, setting
from robustbench_ln.files.digests import file_sha256
from robustbench_ln.files.installed import is_installed
from robustbench_ln.files.regular_files import read_regular

__all__ = ["model_code_sha256"]


def model_code_sha256(text: str) -> str:
    """Return the digest of the user's file and of all that it imports and nobody installed.

    Imports are followed from file to file, those in functions too, and whole packages with every
    part of them that was imported. A file that imports nothing of the user's has its own digest.
    Names that are put together while the code runs are not seen outside of such packages.

    Args:
        text: "FILE.py:FUNCTION", as `build_user_model` ran it before.

    Raises:
        SpecError: A file cannot be read.
    """
    path = Path(text.rpartition(":")[0]).resolve()
    try:
        imported = _imported_files(path)
        digests = {name: file_sha256(file) for name, file in imported.items()}
        own = file_sha256(path)
    except OSError as error:
        raise SpecError(
            f"{setting('model', text)}: {error.filename} cannot be read ({error.strerror})"
        ) from error
    if not digests:
        return own
    lines = [f"{name} {digest}\n" for name, digest in sorted(digests.items())]
    return hashlib.sha256("".join([f"{own}\n", *lines]).encode()).hexdigest()


def _imported_files(path: Path) -> dict[str, Path]:
    """Return module -> file of everything that a file imports, directly or not."""
    found: dict[str, Path] = {}
    waiting = [(path, "")]
    while waiting:
        file, package = waiting.pop()
        for name in _imported_names(file, package):
            for module, its_file in _files_of(name, path.parent):
                if module not in found and its_file != path:
                    found[module] = its_file
                    is_package = its_file.name == "__init__.py"
                    waiting.append((its_file, module if is_package else module.rpartition(".")[0]))
    return found


def _imported_names(file: Path, package: str) -> Iterator[str]:
    """Yield the modules that a file may import; some of the names are of what is in a module."""
    if file.suffix != ".py":
        return
    try:
        tree = ast.parse(read_regular(file))
    except (SyntaxError, ValueError):
        return  # it was not imported, or changed while we looked
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield base
            yield from (f"{base}.{alias.name}".lstrip(".") for alias in node.names)
        elif isinstance(node, ast.Call):
            yield from _called_by_name(node)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parents = parts[: len(parts) - node.level + 1]
    return ".".join(filter(None, [*parents, node.module or ""]))


def _called_by_name(node: ast.Call) -> Iterator[str]:
    """Yield the name in import_module("name") and __import__("name")."""
    function = node.func
    called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if called in ("import_module", "__import__") and node.args:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def _files_of(name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield a module with its file, and the packages that it is in; installed ones have none.

    Of a package of the user's all modules are yielded that were imported, by whichever name.
    """
    parts = name.split(".")
    root = _file_of(parts[0], folder)
    if parts[0] == "__main__" or (root is not None and is_installed(root)):
        return
    names = [".".join(parts[: end + 1]) for end in range(len(parts))]
    names += [module for module in list(sys.modules) if module.startswith(f"{parts[0]}.")]
    for module in dict.fromkeys(names):
        file = _file_of(module, folder)
        if file is not None and not is_installed(file):
            yield module, file


def _file_of(module: str, folder: Path) -> Path | None:
    """Return the file that a module came from, or the one beside the user's file."""
    loaded = getattr(sys.modules.get(module), "__file__", None)
    if isinstance(loaded, str) and Path(loaded).is_file():
        return Path(loaded).resolve()
    place = folder.joinpath(*module.split("."))
    beside = (place.with_name(f"{place.name}.py"), place / "__init__.py") if module else ()
    return next((file.resolve() for file in beside if file.is_file()), None)

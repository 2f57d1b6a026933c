from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from robustbench_ln.workers.portable import pack, unpack
from robustbench_ln.workers.sources import Source, install_sources, own_sources


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A package of the user's that imports a module beside it; both are forgotten afterwards."""
    (tmp_path / "ln_own").mkdir()
    (tmp_path / "ln_own/__init__.py").write_text("from ln_own.part import size\n")
    (tmp_path / "ln_own/part.py").write_text(
        "import ln_beside\nsize = ln_beside.size\nclass Net:\n    size = ln_beside.size\n"
    )
    (tmp_path / "ln_beside.py").write_text("size = 3\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    found = list(sys.meta_path)
    yield importlib.import_module("ln_own.part")
    sys.meta_path[:] = found
    forget()


def forget() -> None:
    for name in ("ln_own", "ln_own.part", "ln_beside"):
        sys.modules.pop(name, None)


def test_a_class_of_the_user_travels_with_all_that_it_imports(own, tmp_path, monkeypatch) -> None:
    parcel = pack(own.Net())
    assert {"ln_own", "ln_own.part", "ln_beside"} <= parcel.sources.keys()
    assert not [name for name in parcel.sources if name.startswith(("numpy", "robustbench_ln"))]
    forget()
    for file in tmp_path.rglob("*.py"):
        file.unlink()
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p != str(tmp_path)])
    value = unpack(parcel)
    assert value.size == 3
    assert type(value).__module__ == "ln_own.part"
    assert sys.modules["ln_own.part"].__file__ == str(tmp_path / "ln_own/part.py")


def test_nothing_travels_where_nothing_is_the_users(own) -> None:
    assert pack({"a": 1}).sources == {}
    assert own_sources(["numpy", "robustbench_ln", "__main__", "nobody"]) == {}


def test_another_text_takes_the_place_of_a_module_and_the_same_one_stays(own) -> None:
    forget()
    install_sources({"ln_beside": Source("/a/ln_beside.py", b"size = 4\n")})
    first = importlib.import_module("ln_beside")
    install_sources({"ln_beside": Source("/a/ln_beside.py", b"size = 4\n")})
    assert importlib.import_module("ln_beside") is first
    install_sources({"ln_beside": Source("/a/ln_beside.py", b"size = 5\n")})
    assert importlib.import_module("ln_beside").size == 5

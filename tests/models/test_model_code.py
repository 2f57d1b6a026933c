from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from robustbench_ln.models.model_code import model_code_sha256
from robustbench_ln.models.user_model import build_user_model

NETWORK = (
    "from torch import nn\n{imports}\ndef build():\n    {inside}\n    return nn.Linear(2, 2)\n"
)


@pytest.fixture(autouse=True)
def _forget_modules():
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def digest(folder: Path) -> str:
    text = f"{folder}/net.py:build"
    build_user_model(text)
    return model_code_sha256(text)


def write(folder: Path, files: dict[str, str], imports: str = "", inside: str = "pass") -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "net.py").write_text(NETWORK.format(imports=imports, inside=inside))
    return folder


def test_a_file_alone_has_its_own_digest(tmp_path):
    write(tmp_path, {"unused.py": "x = 1\n"}, "import os, numpy, torch.nn.functional as F\n")
    content = (tmp_path / "net.py").read_bytes()
    assert digest(tmp_path) == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("files", "imports", "inside"),
    [
        ({"parts.py": ""}, "import parts", "pass"),
        ({"parts.py": "x = 1\n"}, "from parts import x", "pass"),
        ({"parts.py": ""}, "", "import parts"),
        ({"other.py": "import parts\n", "parts.py": ""}, "import other", "pass"),
        ({"kit/__init__.py": "", "kit/parts.py": ""}, "from kit import parts", "pass"),
        ({"kit/__init__.py": "from . import parts\n", "kit/parts.py": ""}, "import kit", "pass"),
        (
            {"kit/__init__.py": "", "kit/a/__init__.py": "from ..parts import x\n",
             "kit/parts.py": "x = 1\n"},
            "import kit.a as a", "pass",
        ),
        ({"kit/parts.py": ""}, "import kit.parts", "pass"),  # a folder without __init__.py
        ({"parts.py": ""}, "import importlib", "importlib.import_module('parts')"),
        ({"parts.py": ""}, "", "__import__('parts')"),
        (
            {"kit/__init__.py": "import importlib\nimportlib.import_module('kit.' + 'par' + 'ts')",
             "kit/parts.py": ""},
            "import kit", "pass",
        ),
        ({"more/parts.py": ""}, "import sys\nsys.path.insert(0, __file__[:-6] + 'more')\n"
         "import parts", "pass"),
    ],
)  # fmt: skip
def test_what_a_file_imports_is_part_of_its_code(tmp_path, files, imports, inside):
    path = list(sys.path)
    write(tmp_path, files, imports, inside)
    before = digest(tmp_path)
    assert digest(tmp_path) == before
    changed = next(tmp_path / name for name in files if name.endswith("parts.py"))
    changed.write_text(changed.read_text() + "# changed\n")
    assert model_code_sha256(f"{tmp_path}/net.py:build") != before
    sys.path[:] = path


def test_the_digest_does_not_depend_on_the_folder(tmp_path):
    for name in ("a", "b"):
        write(tmp_path / name, {f"{name}/parts.py": ""})
        write(tmp_path / name, {"twins.py": "y = 2\n"}, "import twins")
    first = digest(tmp_path / "a")
    sys.modules.pop("twins")
    assert digest(tmp_path / "b") == first


def test_files_that_import_each_other_end(tmp_path):
    files = {"ring_a.py": "import ring_b\n", "ring_b.py": "import ring_a\nimport net\n"}
    write(tmp_path, files, "import ring_a")
    assert len(digest(tmp_path)) == 64


def test_broken_neighbours_that_are_not_needed_are_left(tmp_path):
    files = {"broken.py": "def (\n", "bytes.py": "\0"}
    imports = "try:\n    import broken\nexcept SyntaxError:\n    pass\n"
    write(tmp_path, files, imports)
    before = digest(tmp_path)
    (tmp_path / "broken.py").write_text("def ((\n")
    assert model_code_sha256(f"{tmp_path}/net.py:build") != before
